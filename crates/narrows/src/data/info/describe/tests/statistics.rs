//! The numbers of a column: its statistics, distinct values, and values far from all others.

use super::*;

#[test]
fn one_value_far_from_all_others_is_told() {
    let with = |odd: f64| {
        of(vec![
            (
                "x",
                ColumnKind::Float,
                texts((0..30).map(|row| {
                    if row % 10 == 3 {
                        odd
                    } else {
                        f64::from(row % 7) / 8.0
                    }
                })),
            ),
            (
                "y",
                ColumnKind::Float,
                texts((0..30).map(|row| f64::from(row % 11) / 8.0)),
            ),
        ])
    };
    for (odd, shown) in [(-999.0, "-999"), (1e30, "1e30")] {
        let remarks = with(odd).remarks;
        let expected = format!(
            "`x`: {shown} (3 times) is far from all other values, 0 to 0.75; is it a code for a missing value?"
        );
        assert_eq!(remarks, [expected]);
    }
    assert_eq!(with(1.5).remarks, [""; 0]);
    // Of two values, neither is an outlier.
    let flags = of(vec![(
        "x",
        ColumnKind::Integer,
        texts((0..30).map(|row| if row % 5 == 0 { 1000 } else { 0 })),
    )]);
    assert_eq!(flags.remarks, [""; 0]);
}

#[test]
fn more_distinct_values_than_are_counted_are_told() {
    use crate::data::info::column::{ColumnTally, DISTINCT, distinct_limit};
    assert_eq!((distinct_limit(1), distinct_limit(0)), (DISTINCT, DISTINCT));
    assert!(distinct_limit(1000) <= 1000 && distinct_limit(1 << 30) >= 100);
    let mut tally = ColumnTally::new(3);
    tally.add(&Cells::Floats(vec![0.5, 0.5, -0.0, 0.0, f64::NAN]));
    assert_eq!((tally.distinct(), tally.gaps), ((2, true), 1));
    tally.add(&Cells::Unsigned(vec![u64::MAX, 5, 0, u64::MAX], None));
    assert_eq!(tally.distinct(), (3, false));
    assert_eq!(tally.most_frequent(1), [("0".to_string(), 3)]);
    let mut words = ColumnTally::new(2);
    let mut texts = Texts::default();
    ["a", "b", "", "c", "b"]
        .into_iter()
        .for_each(|text| texts.push(text));
    words.add(&Cells::Texts(texts));
    assert_eq!(
        (words.distinct(), words.gaps, words.present),
        ((2, false), 1, 4)
    );
    assert_eq!(
        words.most_frequent(9),
        [("b".to_string(), 2), ("a".to_string(), 1)]
    );
}

#[test]
fn statistics_are_those_of_the_values_however_far_from_0() {
    for shift in [0, 1_700_000_000_i64, -(1 << 40)] {
        let values: Vec<i64> = (0..50).map(|row| (row * row * 37) % 101).collect();
        let info = of(vec![(
            "x",
            ColumnKind::Integer,
            texts(values.iter().map(|value| value + shift)),
        )]);
        let numbers = info.columns[0].numbers.unwrap();
        let mean = values.iter().sum::<i64>() as f64 / 50.0;
        let squares = values.iter().map(|&value| (value as f64 - mean).powi(2));
        let std = (squares.sum::<f64>() / 50.0).sqrt();
        assert!(
            (numbers.mean - mean - shift as f64).abs() < 1e-3,
            "{numbers:?}"
        );
        assert!((numbers.std - std).abs() < 1e-3, "{numbers:?} {std}");
        let (low, high) = (values.iter().min().unwrap(), values.iter().max().unwrap());
        assert_eq!(
            numbers.whole,
            Some((i128::from(low + shift), i128::from(high + shift)))
        );
        let mut distinct = values;
        distinct.sort_unstable();
        distinct.dedup();
        assert_eq!(info.columns[0].distinct, Some(distinct.len()));
    }
}

#[test]
fn huge_numbers_are_shown_with_an_exponent() {
    let values = (0..40).map(|row| if row == 7 { 1e300 } else { f64::from(row % 5) });
    let info = of(vec![("x", ColumnKind::Float, texts(values))]);
    assert!(
        info.remarks[0].starts_with("`x`: 1e300 (once) is far from all other values, 0 to 4;"),
        "{:?}",
        info.remarks
    );
}
