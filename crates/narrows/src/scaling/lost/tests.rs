use super::*;
use crate::data::Number;
use crate::scaling::ScalingSpec;
use ndarray::Array2;

fn table<T: Number>(rows: usize, value: impl Fn(usize) -> T) -> Dataset {
    let values = Array2::from_shape_fn((rows, 1), |(row, _)| value(row));
    Dataset::from_array(values.view()).unwrap()
}

const STANDARDIZE: ScalingSpec = ScalingSpec::Standardize {
    mean: None,
    std: None,
};

/// The number of distinct values, and how many remain if a message says so, with two scalings: none and `standardize`.
fn counts(data: &Dataset) -> [Option<(usize, usize)>; 2] {
    [ScalingSpec::None, STANDARDIZE].map(|spec| {
        let scaling = Scaling::fit(&spec, data).unwrap();
        let lost = lost(data, &scaling).columns.into_iter().next()?;
        assert_eq!(lost.column, "column 0 (counted from 0)");
        Some((lost.distinct, lost.left))
    })
}

fn is_double(data: &Dataset) -> bool {
    data.summaries()[0].needs_double
}

#[test]
fn seconds_within_a_minute_are_lost_without_an_offset() {
    let seconds = table(60, |row| 1_700_000_000 + row as i64);
    // 128 apart, the nearest are 1,700,000,000 and 1,700,000,128, with the middle at 64.
    let singles: std::collections::HashSet<u32> = (0..60)
        .map(|row| ((1_700_000_000 + row) as f32).to_bits())
        .collect();
    assert_eq!(singles.len(), 1);
    assert_eq!(counts(&seconds), [Some((60, 1)), None]);
    assert!(is_double(&seconds));
}

#[test]
fn dates_and_places_need_double_in_their_own_units() {
    for data in [
        table(48, |row| 2_460_000.5 + row as f64 / 24.0),
        table(500, |row| 20_240_101 + row as i32),
        table(1000, |row| 4_500_000.0 + row as f64 * 0.01),
    ] {
        assert!(is_double(&data));
        let [none, standardize] = counts(&data);
        assert!(none.is_some() && standardize.is_none(), "{none:?}");
    }
}

#[test]
fn numbers_that_single_precision_holds_are_left_alone() {
    for data in [
        table(1000, |row| row as i32 * 1000),
        table(300, |row| row as u16),
        table(300, |row| row as f64 / 4.0),
        // Hundredths have no exact float32 value, but none of them merge.
        table(1000, |row| row as f64 * 0.01),
        table(300, |row| 1.0 + row as f32 * 1e-6),
    ] {
        assert_eq!((counts(&data), is_double(&data)), ([None, None], false));
    }
}

#[test]
fn random_numbers_are_not_said_to_lose_what_all_lose() {
    let mut state = 1_u64;
    let mut random = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (state >> 11) as f64 / 2.0_f64.powi(53)
    };
    let values: Vec<f64> = (0..100_000).map(|_| random()).collect();
    let data = table(values.len(), |row| values[row]);
    let singles: std::collections::HashSet<u32> = values
        .iter()
        .map(|&value| (value as f32).to_bits())
        .collect();
    // Some values merge with every scaling.
    assert!(singles.len() < 99_900, "{}", singles.len());
    assert_eq!((counts(&data), is_double(&data)), ([None, None], false));
}

#[test]
fn integers_beyond_float64_are_counted_exactly() {
    let start = (1_i64 << 53) + 1;
    let data = table(40, |row| start + row as i64);
    // float64 represents every second value; the mean is subtracted first.
    assert_eq!(counts(&data), [Some((40, 1)), None]);
    assert!(is_double(&data));
}

#[test]
fn images_are_not_looked_at() {
    let values = Array2::from_shape_fn((60, 4), |(row, _)| 1_700_000_000.0 + row as f64);
    let data = Dataset::new("images", Number::values(values), vec![1, 2, 2], None).unwrap();
    assert_eq!(lost(&data, &Scaling::none()), AllLost::default());
}
