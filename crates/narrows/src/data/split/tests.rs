use super::*;
use crate::data::Values;
use crate::data::dataset::Ids;
use crate::data::element::{Element, NumberKind};
use crate::data::records::{Records, RowType};
use ndarray::Array2;

fn source(rows: usize) -> Source {
    let values = Array2::from_shape_fn((rows, 1), |(row, _)| row as f32);
    let train = Dataset::new("rows", Values::F32(values), vec![1], None).unwrap();
    Source::new(train, None).unwrap()
}

/// The usual plan without validation.
fn none() -> SplitPlan {
    SplitPlan::with_validation(0.0)
}

fn values(data: &Dataset) -> Vec<usize> {
    data.to_array()
        .iter()
        .map(|&value| value as usize)
        .collect()
}

#[test]
fn one_row_in_ten_is_held_out_and_none_is_lost() {
    let source = source(57);
    let split = source.split(3, &none()).unwrap();
    let (train, test) = (values(&split.train), values(split.test.as_ref().unwrap()));
    assert!(split.is_held_out);
    assert_eq!(test.len(), 5);
    assert!(train.is_sorted() && test.is_sorted());
    let mut all = [train, test.clone()].concat();
    all.sort_unstable();
    assert_eq!(all, (0..57).collect::<Vec<_>>());
    assert_ne!(
        test,
        values(&source.split(4, &none()).unwrap().test.unwrap())
    );
    assert_eq!(
        test,
        values(&source.split(3, &none()).unwrap().test.unwrap())
    );
}

#[test]
fn the_source_s_own_test_rows_are_taken_as_they_are() {
    let (train, test) = (source(3).train, source(1).train);
    let both = Source::new(train.clone(), Some(test.clone())).unwrap();
    let split = both.split(1, &none()).unwrap();
    assert!(!split.is_held_out);
    assert_eq!(
        (&*split.train, &**split.test.as_ref().unwrap()),
        (&train, &test)
    );
}

#[test]
fn a_share_of_the_training_rows_is_set_apart_for_validation() {
    let source = source(57);
    let split = source.split(3, &SplitPlan::with_validation(0.1)).unwrap();
    let validation = values(split.validation.as_ref().unwrap());
    assert_eq!(split.counts(), [47, 5, 5]);
    let mut all = [
        values(&split.train),
        validation,
        values(split.test.as_ref().unwrap()),
    ]
    .concat();
    all.sort_unstable();
    assert_eq!(all, (0..57).collect::<Vec<_>>());
    for share in [-0.1, 1.0, f64::NAN, 0.999] {
        assert!(source.split(3, &SplitPlan::with_validation(share)).is_err());
    }
}

#[test]
fn one_row_is_trained_and_tested_on_and_two_are_parted() {
    let one = source(1);
    let split = one.split(1, &none()).unwrap();
    assert!(split.is_tested_on_training_rows());
    assert_eq!(split.counts(), [1, 0, 1]);
    assert!(one.split(1, &SplitPlan::with_validation(0.5)).is_err());
    let two = source(2);
    let split = two.split(1, &none()).unwrap();
    assert!(!split.is_tested_on_training_rows());
    assert_eq!(split.counts(), [1, 0, 1]);
}

#[test]
fn of_many_rows_a_tenth_is_watched_and_of_few_or_of_mnist_none() {
    for (rows, expected) in [(1200, [972, 108, 120]), (1100, [990, 0, 110])] {
        let source = source(rows);
        let split = source.split(0, &SplitPlan::default()).unwrap();
        assert_eq!(split.counts(), expected);
        let share = if expected[1] > 0 { 0.1 } else { 0.0 };
        assert_eq!(split.plan.validation, Some(share));
        // The resolved plan gives the same rows.
        let again = source.split(0, &split.plan).unwrap();
        assert_eq!(
            (again.train, again.validation),
            (split.train, split.validation)
        );
    }
    let mut built_in = source(1200);
    built_in.train.is_built_in = true;
    let split = built_in.split(0, &SplitPlan::default()).unwrap();
    assert_eq!(split.counts(), [1080, 0, 120]);
    assert_eq!(
        split.counts_in_words(),
        "1,080 for training, none for validation, 120 for testing"
    );
}

#[test]
fn test_rows_are_a_share_or_none_or_the_last() {
    let source = source(100);
    let of = |test| SplitPlan { test, ..none() };
    let split = source.split(0, &of(TestRows::Share(0.25))).unwrap();
    assert_eq!(split.counts(), [75, 0, 25]);
    assert!(split.is_held_out && split.is_test_random);
    let split = source.split(0, &of(TestRows::None)).unwrap();
    assert_eq!(split.counts(), [100, 0, 0]);
    assert!(split.test.is_none() && !split.is_held_out && !split.is_random());
    let last = SplitPlan {
        validation: Some(0.125),
        ..of(TestRows::Last(0.2))
    };
    let split = source.split(0, &last).unwrap();
    assert_eq!(values(&split.train), (0..70).collect::<Vec<_>>());
    let watched = split.validation.as_ref().unwrap();
    assert_eq!(values(watched), (70..80).collect::<Vec<_>>());
    let tested = split.test.as_ref().unwrap();
    assert_eq!(values(tested), (80..100).collect::<Vec<_>>());
    assert!(split.is_held_out && !split.is_random());
    assert!(
        split.notes[0]
            .contains("the last 20 rows of the data are for testing, and the 10 rows before them")
    );
    for share in [0.0, 1.0, -0.1, f64::NAN] {
        assert!(source.split(0, &of(TestRows::Share(share))).is_err());
        assert!(source.split(0, &of(TestRows::Last(share))).is_err());
    }
}

#[test]
fn a_source_with_test_rows_holds_out_no_others() {
    let both = Source::new(source(20).train, Some(source(5).train)).unwrap();
    for test in [TestRows::Share(0.1), TestRows::Last(0.1)] {
        let error = both.split(0, &SplitPlan { test, ..none() }).unwrap_err();
        assert_eq!(error.what_was_found(), Some("5 test rows"));
    }
    let test = TestRows::None;
    let split = both.split(0, &SplitPlan { test, ..none() }).unwrap();
    assert_eq!(split.counts(), [20, 0, 0]);
    assert!(split.notes[0].starts_with("the 5 test rows of the data are not used"));
    let other = source(7).train;
    let rows = OtherRows {
        test: Some(&other),
        ..OtherRows::default()
    };
    let split = both.split_beside(0, &none(), rows).unwrap();
    assert_eq!(split.counts(), [20, 0, 7]);
    assert!(!split.is_held_out && split.notes[0].contains("not used"));
    let wide = Array2::<f32>::zeros((2, 2));
    let wide = Dataset::from_array(wide.view()).unwrap();
    let rows = OtherRows {
        test: Some(&wide),
        ..OtherRows::default()
    };
    let error = both.split_beside(0, &none(), rows).unwrap_err().to_string();
    assert!(error.contains("the test rows differ in shape"), "{error}");
}

#[test]
fn groups_stay_together() {
    let mut source = source(2000);
    let name = |row: usize| format!("patient {}", row * 7 % 90);
    source.train.ids = vec![Ids {
        name: "patient".into(),
        values: (0..2000).map(name).collect(),
    }];
    let plan = SplitPlan {
        group: Some("patient".into()),
        ..SplitPlan::default()
    };
    let split = source.split(5, &plan).unwrap();
    let patients = |data: &Dataset| -> std::collections::HashSet<String> {
        data.ids()[0].values.iter().cloned().collect()
    };
    let parts = [
        patients(&split.train),
        patients(split.validation.as_ref().unwrap()),
        patients(split.test.as_ref().unwrap()),
    ];
    assert_eq!(parts.iter().map(|part| part.len()).sum::<usize>(), 90);
    let [train, validation, test] = split.counts();
    assert_eq!(train + validation + test, 2000);
    assert!(test.abs_diff(200) < 25 && validation.abs_diff(180) < 25);
    assert!(split.notes[0].starts_with("rows with the same `patient` stay together: "));

    let group = Some("doctor".to_string());
    let error = source.split(5, &SplitPlan { group, ..none() }).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("no column `doctor` to group the rows by")
    );
    source.train.ids[0].values = vec!["one".into(); 2000];
    let error = source.split(5, &plan).unwrap_err().to_string();
    assert!(
        error.contains("all rows have the same `patient`"),
        "{error}"
    );
    let last = SplitPlan {
        test: TestRows::Last(0.1),
        ..plan
    };
    assert!(source.split(5, &last).is_err());
}

#[test]
fn means_are_those_of_the_training_rows() {
    let rows = 50_usize;
    let value = |row: usize| {
        if row.is_multiple_of(5) {
            f64::NAN
        } else {
            row as f64
        }
    };
    let bytes = (0..rows).flat_map(|row| value(row).to_le_bytes()).collect();
    let row = RowType::all(Element::little(NumberKind::F64), 1);
    let records = Records::in_memory(bytes, row).filled(Some(vec![-1.0]));
    let mut train = Dataset::new("gaps", Values::Records(records), vec![1], None).unwrap();
    (train.fills_with_means, train.missing) = (true, 10);
    let source = Source::new(train, None).unwrap();
    let split = source.split(1, &SplitPlan::with_validation(0.2)).unwrap();
    let fill = split.train.fill().unwrap()[0];
    let parts = [
        &*split.train,
        split.validation.as_ref().unwrap(),
        split.test.as_ref().unwrap(),
    ];
    for part in parts {
        assert_eq!(part.fill(), Some(&[fill][..]));
    }
    let there: Vec<f64> = split.train.to_array_f64().into_iter().collect();
    let there = there.into_iter().filter(|&value| value != fill);
    let (sum, count) = there.fold((0.0, 0), |(sum, count), v| (sum + v, count + 1));
    assert!((fill - sum / f64::from(count)).abs() < 1e-9);
    let all: f64 = (0..rows).map(value).filter(|v| !v.is_nan()).sum::<f64>() / 40.0;
    assert!((fill - all).abs() > 1e-6, "a mean of all rows would leak");
    assert!(split.notes[0].contains("the means of the 36 training rows"));
}
