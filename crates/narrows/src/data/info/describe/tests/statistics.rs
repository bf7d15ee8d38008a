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
    use crate::data::info::column::{Counted, DISTINCT, distinct_limit};
    assert_eq!((distinct_limit(1), distinct_limit(0)), (DISTINCT, DISTINCT));
    assert!(distinct_limit(1000) <= 1000 && distinct_limit(1 << 30) >= 100);
    let mut tally = Counted::default();
    tally.add(&Cells::Floats(vec![0.5, 0.5, -0.0, 0.0, f64::NAN]), 3);
    assert_eq!((tally.distinct(), tally.gaps), ((2, true), 1));
    tally.add(&Cells::Unsigned(vec![u64::MAX, 5, 0, u64::MAX], None), 3);
    assert_eq!(tally.distinct(), (3, false));
    assert_eq!(tally.most_frequent(1), [("0".to_string(), 3)]);
    let mut words = Counted::default();
    let mut texts = Texts::default();
    ["a", "b", "", "c", "b"]
        .into_iter()
        .for_each(|text| texts.push(text));
    words.add(&Cells::Texts(Box::new(texts)), 2);
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
fn few_cells_are_described_as_if_they_were_counted() {
    use crate::data::info::column::{ColumnTally, Counted};
    let words = |words: &[&str]| Cells::Texts(Box::new(words.iter().copied().collect()));
    let gaps = |gaps: &[bool]| Some(gaps.to_vec().into());
    for blocks in [
        vec![
            Cells::Integers(vec![4, 5], None),
            Cells::Integers(vec![6], None),
        ],
        vec![Cells::Integers(vec![4, 0, 5], gaps(&[false, true, false]))],
        vec![
            Cells::Unsigned(vec![0, u64::MAX], gaps(&[true, false])),
            Cells::Unsigned(vec![7, u64::MAX, 8], None),
        ],
        vec![
            Cells::Floats(vec![0.1, f64::NAN, -0.0]),
            Cells::Floats32(vec![0.1, 3.0]),
        ],
        // The type of the cells of a later file.
        vec![
            Cells::Integers(vec![0], gaps(&[true])),
            Cells::Floats(vec![0.5; 3]),
        ],
        vec![
            words(&["red", "", "a\nb"]),
            words(&["2001-02-03", "red", "ü"]),
        ],
        vec![words(&["2001-02-03"]), words(&["2001-02-01", "2001-03-01"])],
        vec![Cells::Floats(vec![f64::NAN])],
    ] {
        let (mut few, mut counted) = (ColumnTally::default(), Counted::default());
        for cells in blocks {
            counted.add(&cells, 100);
            few.add(cells, 100);
        }
        let told = |tally: &ColumnTally| {
            let counted = tally.counted();
            let numbers = &counted.numbers;
            format!(
                "{:?}",
                (
                    (
                        tally.present(),
                        tally.gaps(),
                        tally.counts_up(),
                        tally.has_numbers()
                    ),
                    (
                        tally.has_all(),
                        counted.distinct(),
                        counted.most_frequent(9)
                    ),
                    (
                        numbers.range(),
                        numbers.whole_range(),
                        numbers.mean(),
                        numbers.std()
                    ),
                    counted.words.days(),
                )
            )
        };
        assert!(matches!(few, ColumnTally::Few(_)));
        let many = ColumnTally::Many(Box::new(counted.clone()));
        assert_eq!(told(&few), told(&many));
        // With many more cells, they are counted too.
        let more = Cells::Floats((0..200).map(f64::from).collect());
        counted.add(&more, 1000);
        few.add(more, 1000);
        assert!(matches!(few, ColumnTally::Many(_)));
        assert_eq!(told(&few), told(&ColumnTally::Many(Box::new(counted))));
    }
    // There may be a million columns.
    assert!(size_of::<ColumnTally>() <= 40);
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
        let numbers = info.columns().next().unwrap().numbers().unwrap();
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
        assert_eq!(
            info.columns().next().unwrap().distinct(),
            Some(distinct.len())
        );
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
