use super::*;
use crate::data::Values;
use ndarray::array;
use serde_json::{Value, json};

const STANDARDIZE: ScalingSpec = ScalingSpec::Standardize {
    mean: None,
    std: None,
};

const MIN_MAX: ScalingSpec = ScalingSpec::MinMax {
    min: None,
    max: None,
};

fn standardize_by(mean: f32, std: f32) -> ScalingSpec {
    ScalingSpec::Standardize {
        mean: Some(mean),
        std: Some(std),
    }
}

fn pixels(values: Array2<u8>, shape: &[usize]) -> Dataset {
    Dataset::new("pixels", Values::U8(values), shape.to_vec(), None).unwrap()
}

fn table(values: Array2<f32>) -> Dataset {
    Dataset::from_array(values.view()).unwrap()
}

fn gathered(scaling: &Scaling, data: &Dataset) -> Vec<f32> {
    let mut out = vec![f32::NAN; data.rows() * data.inputs()];
    for (row, out) in out.chunks_exact_mut(data.inputs()).enumerate() {
        scaling.gather(data, row, out);
    }
    out
}

fn assert_close(found: &[f32], expected: &[f32]) {
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().zip(expected) {
        assert!(
            (found - expected).abs() <= 1e-6 * expected.abs().max(1.0),
            "{found} {expected}"
        );
    }
}

fn refusal(spec: &ScalingSpec, data: &Dataset) -> (ErrorKind, String) {
    let error = Scaling::fit(spec, data).unwrap_err();
    (error.kind(), error.to_string())
}

#[test]
fn unit_puts_8_bit_values_into_0_to_1() {
    let every = Array2::from_shape_fn((1, 256), |(_, column)| column as u8);
    let every = pixels(every, &[1, 16, 16]);
    let scaling = Scaling::fit(&ScalingSpec::Unit, &every).unwrap();
    let scaled = gathered(&scaling, &every);
    let quotients: Vec<f32> = (0..256_u16).map(|value| f32::from(value) / 255.0).collect();
    assert_close(&scaled, &quotients);
    assert_eq!((scaled[0], scaled[255]), (0.0, 1.0));
    assert!(scaled.iter().all(|value| (0.0..=1.0).contains(value)));
}

#[test]
fn unit_refuses_floats() {
    let (kind, text) = refusal(&ScalingSpec::Unit, &table(array![[0.5]]));
    assert_eq!(kind, ErrorKind::Recipe);
    assert_eq!(
        text,
        "array: scaling: the scaling `unit` is for 8-bit data and images of 16 bits: expected 8-bit or 16-bit values without \
         a sign, found 32-bit floating-point values (choose another, as with `scaling.kind = minmax` or `standardize`, or `none` if the data are \
         in [0, 1])"
    );
}

#[test]
fn none_leaves_values_alone() {
    let data = pixels(array![[0, 7, 255]], &[3]);
    let scaling = Scaling::fit(&ScalingSpec::None, &data).unwrap();
    assert_eq!(gathered(&scaling, &data), [0.0, 7.0, 255.0]);
}

#[test]
fn a_given_mean_and_std_are_on_the_scale_from_0_to_1() {
    let data = pixels(array![[0, 51, 255]], &[3]);
    let scaling = Scaling::fit(&standardize_by(0.1307, 0.3081), &data).unwrap();
    let expected = [0.0, 0.2, 1.0].map(|x: f32| (x - 0.1307) / 0.3081);
    assert_close(&gathered(&scaling, &data), &expected);

    let data = table(array![[0.0, 0.2, 1.0]]);
    let scaling = Scaling::fit(&standardize_by(0.1307, 0.3081), &data).unwrap();
    assert_close(&gathered(&scaling, &data), &expected);
}

#[test]
fn images_are_standardized_as_a_whole() {
    // Mean 4 and variance 6.
    let data = pixels(array![[1, 3], [1, 3], [7, 7], [7, 3]], &[1, 1, 2]);
    let scaling = Scaling::fit(&STANDARDIZE, &data).unwrap();
    let expected = [1.0, 3.0, 1.0, 3.0, 7.0, 7.0, 7.0, 3.0].map(|x| (x - 4.0) / 6_f32.sqrt());
    assert_close(&gathered(&scaling, &data), &expected);
}

#[test]
fn tables_are_standardized_column_by_column() {
    // Means 2 and 300, stds 1 and 100; a large offset costs no precision.
    for shift in [0.0, 1e6] {
        let data = table(array![[1.0, 200.0 + shift], [3.0, 400.0 + shift]]);
        let scaling = Scaling::fit(&STANDARDIZE, &data).unwrap();
        assert_close(&gathered(&scaling, &data), &[-1.0, -1.0, 1.0, 1.0]);
    }
    let data = pixels(array![[1, 200], [3, 240]], &[2]);
    let scaling = Scaling::fit(&STANDARDIZE, &data).unwrap();
    assert_close(&gathered(&scaling, &data), &[-1.0, -1.0, 1.0, 1.0]);
}

#[test]
fn what_is_given_is_kept_and_the_rest_fitted() {
    let data = table(array![[1.0, 200.0], [3.0, 400.0]]);
    let mean_alone = ScalingSpec::Standardize {
        mean: Some(3.0),
        std: None,
    };
    let scaling = Scaling::fit(&mean_alone, &data).unwrap();
    assert_close(&gathered(&scaling, &data), &[-2.0, 1.97, 0.0, 3.97]);

    let std_alone = ScalingSpec::Standardize {
        mean: None,
        std: Some(4.0),
    };
    let scaling = Scaling::fit(&std_alone, &data).unwrap();
    assert_close(&gathered(&scaling, &data), &[-0.25, -25.0, 0.25, 25.0]);

    let data = pixels(array![[0, 255], [0, 255]], &[1, 1, 2]);
    let scaling = Scaling::fit(&std_alone, &data).unwrap();
    assert_close(&gathered(&scaling, &data), &[-0.125, 0.125, -0.125, 0.125]);
}

#[test]
fn minmax_is_by_column_for_tables_and_overall_for_images() {
    let rows = array![[10, 0], [20, 100], [30, 50]];
    let data = pixels(rows.clone(), &[2]);
    let scaling = Scaling::fit(&MIN_MAX, &data).unwrap();
    assert_close(&gathered(&scaling, &data), &[0.0, 0.0, 0.5, 1.0, 1.0, 0.5]);

    let data = pixels(rows, &[1, 1, 2]);
    let scaling = Scaling::fit(&MIN_MAX, &data).unwrap();
    assert_close(&gathered(&scaling, &data), &[0.1, 0.0, 0.2, 1.0, 0.3, 0.5]);
}

#[test]
fn what_is_constant_becomes_0_and_its_factor_is_1() {
    let column = table(array![[1.0, 0.1, 5.0], [2.0, 0.1, 6.0], [3.0, 0.1, 7.0]]);
    for spec in [STANDARDIZE, MIN_MAX] {
        let scaling = Scaling::fit(&spec, &column).unwrap();
        assert_eq!(scaling.factor()[1], 1.0);
        let scaled = gathered(&scaling, &column);
        assert_eq!([scaled[1], scaled[4], scaled[7]], [0.0; 3]);
        assert_eq!(spec.constants(&column), ["column 1 (counted from 0)"]);
    }
    let image = pixels(array![[3, 3], [3, 3]], &[1, 1, 2]);
    for spec in [STANDARDIZE, MIN_MAX] {
        let scaling = Scaling::fit(&spec, &image).unwrap();
        assert_eq!(gathered(&scaling, &image), [0.0; 4]);
        assert_eq!(spec.constants(&image), ["all values"]);
    }
    assert!(ScalingSpec::Unit.constants(&image).is_empty());
}

#[test]
fn values_far_from_0_keep_their_differences() {
    // Seconds within a minute, days as numbers, Julian dates, eastings in millimeters.
    let rows = Array2::from_shape_fn((60, 4), |(row, column)| {
        let step = row as f64;
        [
            1_700_000_000.0 + step,
            20_240_101.0 + step,
            2_460_000.5 + step / 86_400.0,
            500_000.0 + step / 1e3,
        ][column]
    });
    let data = Dataset::from_array(rows.view()).unwrap();
    for spec in [STANDARDIZE, MIN_MAX] {
        let scaling = Scaling::fit(&spec, &data).unwrap();
        let scaled = gathered(&scaling, &data);
        for column in 0..4 {
            let mut bits: Vec<u32> = scaled[column..]
                .iter()
                .step_by(4)
                .map(|x| x.to_bits())
                .collect();
            bits.dedup();
            assert_eq!(bits.len(), 60, "column {column}");
        }
        let mut back = vec![0.0_f64; scaled.len()];
        scaling.unscale(&scaled, &mut back);
        let worst = back
            .iter()
            .zip(&rows)
            .map(|(a, b)| (a - b).abs())
            .fold(0.0, f64::max);
        assert!(worst < 1e-5, "{worst}");
    }
}

#[test]
fn all_types_of_rows_are_scaled_alike() {
    let rows = array![[3_i64, 200], [5, 100], [9, 250]];
    let of_table = Dataset::from_array(rows.view()).unwrap();
    let scaling = Scaling::fit(&STANDARDIZE, &of_table).unwrap();
    let expected = gathered(&scaling, &of_table);
    assert_eq!(
        expected,
        gathered(
            &scaling,
            &Dataset::from_array(rows.mapv(|x| x as f32).view()).unwrap()
        )
    );
    assert_eq!(
        expected,
        gathered(
            &scaling,
            &Dataset::from_array(rows.mapv(|x| x as f64).view()).unwrap()
        )
    );
    assert_eq!(
        expected,
        gathered(
            &scaling,
            &Dataset::from_array(rows.mapv(|x| x as u16).view()).unwrap()
        )
    );
    let mut scaled = vec![0.0; 6];
    scaling.scale(rows.as_slice().unwrap(), &mut scaled);
    assert_eq!(scaled, expected);
}

#[test]
fn an_impossible_mean_or_std_is_refused() {
    let data = table(array![[1.0], [2.0]]);
    for std in [0.0, -1.0, f32::NAN, f32::INFINITY] {
        let (kind, text) = refusal(&standardize_by(0.0, std), &data);
        assert_eq!(kind, ErrorKind::Recipe);
        assert_eq!(
            text,
            format!(
                "the std of `standardize` is impossible: expected a finite number \
                 above 0, found {std}"
            )
        );
    }
    for mean in [f32::NAN, f32::NEG_INFINITY] {
        let (kind, text) = refusal(&standardize_by(mean, 1.0), &data);
        assert_eq!(kind, ErrorKind::Recipe);
        assert!(
            text.starts_with("the mean of `standardize` is impossible"),
            "{text}"
        );
    }
}

#[test]
fn what_leaves_32_bit_floats_is_refused() {
    let wide = table(array![[-3e38], [3e38]]);
    let (kind, text) = refusal(&standardize_by(0.0, 1e-3), &wide);
    assert_eq!(kind, ErrorKind::Data);
    assert!(
        text.contains("cannot be scaled within 32-bit floats"),
        "{text}"
    );
    let narrow = table(array![[0.0], [1e-45]]);
    for data in [&wide, &narrow] {
        let scaling = Scaling::fit(&MIN_MAX, data).unwrap();
        assert_eq!(gathered(&scaling, data), [0.0, 1.0]);
    }
}

#[test]
fn scaling_rows_agrees_with_gathering_them_and_undo_returns() {
    let images = pixels(array![[0, 10, 20], [30, 40, 250]], &[1, 1, 3]);
    let bytes = pixels(array![[0, 10, 20], [30, 40, 250]], &[3]);
    let floats = table(array![[0.0, 1e-3, 5e4], [1.0, -1e-3, 7e4]]);
    for data in [&images, &bytes, &floats] {
        let raw = gathered(&Scaling::none(), data);
        for spec in [STANDARDIZE, MIN_MAX, standardize_by(0.3, 0.2)] {
            let scaling = Scaling::fit(&spec, data).unwrap();
            let mut values = vec![0.0; raw.len()];
            scaling.scale(&raw, &mut values);
            assert_eq!(values, gathered(&scaling, data));
            scaling.undo(&mut values);
            assert_close(&values, &raw);
        }
    }
}

#[test]
fn the_range_is_that_of_the_scaled_values() {
    let data = pixels(array![[10, 0], [20, 100], [30, 50]], &[1, 1, 2]);
    let scaling = Scaling::fit(&ScalingSpec::Unit, &data).unwrap();
    let hundred = 100.0 * (1.0 / 255.0);
    assert_eq!(scaling.range(&data), (0.0, hundred));

    let turned = Scaling {
        offset: vec![0.0],
        factor: vec![-1.0],
        precision: Precision::Double,
        curves: Vec::new(),
    };
    assert_eq!(turned.range(&data), (-100.0, 0.0));

    let table = table(array![[1.0, -4.0], [2.0, 8.0]]);
    let columns = Scaling {
        offset: vec![0.0, 4.0],
        factor: vec![1.0, 0.5],
        precision: Precision::Double,
        curves: Vec::new(),
    };
    assert_eq!(columns.range(&table), (-4.0, 2.0));
}

#[test]
fn the_floor_is_the_part_outside_the_bounds() {
    let data = table(array![[-1.0, 0.5], [0.25, 3.0]]);
    let scaling = Scaling::fit(&ScalingSpec::None, &data).unwrap();
    assert_eq!(scaling.clamp_floor(&data, 0.0, 1.0), (1.0 + 4.0) / 4.0);
    assert_eq!(scaling.clamp_floor(&data, -1.0, 3.0), 0.0);
}

#[test]
fn the_floor_of_standardized_mnist_under_a_sigmoid_is_the_known_one() {
    let test = narrows_mnist::test().unwrap();
    let images = Array2::from_shape_vec((10_000, 784), test.images).unwrap();
    let data = pixels(images, &[1, 28, 28]);
    for (mean, std, floor) in [(0.1307, 0.3081, 0.4694), (0.5, 0.5, 0.8311)] {
        let scaling = Scaling::fit(&standardize_by(mean, std), &data).unwrap();
        let found = scaling.clamp_floor(&data, 0.0, 1.0);
        assert!((found - floor).abs() < 5e-5, "{found} {floor}");
    }
}

#[test]
fn a_scaling_survives_json_to_the_bit() {
    let data = table(array![[0.1, 1e-30, 5e30], [0.7, -3e-30, 7e30]]);
    for spec in [STANDARDIZE, MIN_MAX, ScalingSpec::None] {
        let scaling = Scaling::fit(&spec, &data).unwrap();
        let text = scaling.to_json().to_string();
        let back = Scaling::from_json(&serde_json::from_str(&text).unwrap(), 3).unwrap();
        assert_eq!(back, scaling);
    }
}

#[test]
fn json_that_is_no_scaling_is_refused() {
    let said = |value: Value| {
        let error = Scaling::from_json(&value, 3).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Format);
        error.to_string()
    };
    let incomplete = "offset: the scaling is incomplete: expected a list of numbers";
    assert_eq!(said(json!(null)), incomplete);
    assert_eq!(said(json!({ "factor": [1.0] })), incomplete);
    assert_eq!(said(json!({ "offset": 0.0, "factor": [1.0] })), incomplete);
    for (offset, found) in [(json!([]), 0), (json!([0, 0]), 2), (json!([0, 0, 0, 0]), 4)] {
        assert_eq!(
            said(json!({ "offset": offset, "factor": [1.0] })),
            format!(
                "offset: the scaling is of another width: expected 1 number or 3, one for \
                 each value of a row, found {found}"
            )
        );
    }
    assert_eq!(
        said(json!({ "offset": [0.0], "factor": [1, 2, 3] })),
        "factor: the scaling does not fit together: expected as many factors as offsets, 1, \
         found 3"
    );
    for entry in [json!(1e39), json!("1"), json!(null)] {
        assert_eq!(
            said(json!({ "offset": [0, entry, 0], "factor": [1.0] })),
            format!(
                "offset[1]: the scaling is not usable: expected a finite number, \
                 found {entry}"
            )
        );
    }
    for entry in [json!(0), json!(1e-60), json!(1e39)] {
        let text = said(json!({ "offset": [0.0], "factor": [entry] }));
        assert!(
            text.starts_with("factor[0]: the scaling is not usable"),
            "{text}"
        );
    }
}

/// Integers that `f64` cannot distinguish keep their differences, because they are subtracted as integers.
#[test]
fn integers_beyond_double_precision_keep_their_differences() {
    let start = 1_i64 << 60;
    let of = |value: &dyn Fn(i64) -> i64| {
        let rows = Array2::from_shape_fn((40, 2), |(row, column)| match column {
            0 => start + value(row as i64),
            _ => row as i64,
        });
        Dataset::from_array(rows.view()).unwrap()
    };
    let data = of(&|row| 3 * row);
    for spec in [
        ScalingSpec::usual(&data),
        ScalingSpec::MinMax {
            min: None,
            max: None,
        },
    ] {
        assert_eq!(spec.constants(&data), [""; 0]);
        let scaling = Scaling::fit(&spec, &data).unwrap();
        let span = match spec {
            ScalingSpec::MinMax { .. } => 117.0,
            // The std of 0, 3, …, 117.
            _ => 3.0 * ((40.0_f64 * 40.0 - 1.0) / 12.0).sqrt(),
        };
        assert!(
            (1.0 / scaling.factor()[0] - span).abs() < 1e-9,
            "{scaling:?}"
        );
        let mut rows = vec![[0.0; 2]; 40];
        for (row, out) in rows.iter_mut().enumerate() {
            scaling.gather(&data, row, out);
            let mut again = [0.0; 2];
            scaling.scale(&[start + 3 * row as i64, row as i64], &mut again);
            assert_eq!(*out, again);
        }
        for pair in rows.windows(2) {
            assert!((f64::from(pair[1][0] - pair[0][0]) * span - 3.0).abs() < 1e-3);
        }
        let (low, high) = scaling.range(&data);
        assert!(low <= rows[0][0] && rows[39][0] <= high);
        assert_eq!(crate::scaling::lost(&data, &scaling).columns, []);
    }
    let summaries = data.summaries();
    assert!(
        (summaries[0].std - 34.630_19).abs() < 1e-4,
        "{:?}",
        summaries[0]
    );
    let constant = of(&|_| 1);
    assert_eq!(ScalingSpec::usual(&constant).constants(&constant).len(), 1);
}

/// Incomes with a long tail, zeros with few ones, a constant, and seconds of a day.
fn skewed() -> Dataset {
    let rows = Array2::from_shape_fn((2001, 4), |(row, column)| {
        let p = (row as f64 + 0.5) / 2001.0;
        match column {
            0 => (9.0 + 4.0 * p).exp(),
            1 => f64::from(u8::from(row % 10 == 0)),
            2 => 7.0,
            _ => 1_700_000_000.0 + row as f64,
        }
    });
    let names = ["income", "flag", "constant", "time"].map(String::from);
    let data = Dataset::from_array(rows.view()).unwrap();
    data.with_columns(names.to_vec()).unwrap()
}

#[test]
fn robust_is_the_median_and_the_interquartile_range() {
    let data = skewed();
    let scaling = Scaling::fit(&ScalingSpec::Robust, &data).unwrap();
    let at = |p: f64| (9.0 + 4.0 * p).exp();
    assert!((scaling.offset()[0] / at(0.5) - 1.0).abs() < 1e-9);
    let factor = 1.348_979_500_392_163_4 / (at(0.75) - at(0.25));
    // The quartiles of 2,001 values lie a quarter of a step beside those of the distribution.
    assert!((scaling.factor()[0] / factor - 1.0).abs() < 1e-3);
    // The quartiles are equal: the std around the median 0 of values of which a tenth are 1.
    assert_eq!(scaling.offset()[1], 0.0);
    assert!((scaling.factor()[1] - 1.0 / (201.0_f64 / 2001.0).sqrt()).abs() < 1e-12);
    assert_eq!((scaling.offset()[2], scaling.factor()[2]), (7.0, 1.0));
    assert_eq!(without_iqr(&ScalingSpec::Robust, &data), ["column `flag`"]);
    assert!(without_iqr(&ScalingSpec::Quantile, &data).is_empty());
}

#[test]
fn quantile_makes_every_column_normal_and_is_undone() {
    let data = skewed();
    let scaling = Scaling::fit(&ScalingSpec::Quantile, &data).unwrap();
    let rows = gathered(&scaling, &data);
    let column =
        |place: usize| -> Vec<f32> { rows.iter().skip(place).step_by(4).copied().collect() };
    for place in [0, 3] {
        let column = column(place);
        let mean = column.iter().sum::<f32>() / 2001.0;
        let variance = column.iter().map(|x| x * x).sum::<f32>() / 2001.0;
        assert!(
            mean.abs() < 1e-3 && (variance - 1.0).abs() < 0.01,
            "{mean} {variance}"
        );
        assert!(column.is_sorted());
    }
    let flags = column(1);
    assert!(
        flags[0] > 1.5 && (-0.2..0.0).contains(&flags[1]),
        "{flags:?}"
    );
    assert!(column(2).iter().all(|&x| x == 0.0));
    let mut back = vec![0.0_f64; rows.len()];
    scaling.unscale(&rows, &mut back);
    for (found, expected) in back.iter().zip(data.to_array_f64().iter()) {
        assert!(
            (found - expected).abs() <= 2e-6 * expected.abs().clamp(1.0, 1e5),
            "{found} {expected}"
        );
    }
    // From an array and from the data, in one way.
    let mut again = vec![0.0; rows.len()];
    scaling.scale(data.to_array_f64().as_slice().unwrap(), &mut again);
    assert_eq!(again, rows);
    // An outlier stays one.
    let mut outlier = [0.0; 4];
    scaling.scale(&[1e7, 1.0, 7.0, 1_700_000_000.0], &mut outlier);
    assert!(outlier[0] > 10.0, "{outlier:?}");
}

#[test]
fn quantiles_are_kept_in_a_file() {
    let data = skewed();
    let scaling = Scaling::fit(&ScalingSpec::Quantile, &data).unwrap();
    let stored = scaling.to_json();
    assert_eq!(stored["quantiles"][0].as_array().unwrap().len(), 1001);
    assert_eq!(Scaling::from_json(&stored, 4).unwrap(), scaling);
    let damaged = |change: &dyn Fn(&mut Value)| {
        let mut stored = stored.clone();
        change(&mut stored);
        Scaling::from_json(&stored, 4).unwrap_err().to_string()
    };
    let unsorted = damaged(&|stored| stored["quantiles"][3][5] = json!(1e9));
    assert!(unsorted.contains("quantiles[3]"), "{unsorted}");
    let fewer = damaged(&|stored| {
        stored["quantiles"].as_array_mut().unwrap().pop();
    });
    assert!(fewer.contains("4 lists"), "{fewer}");
    let single = damaged(&|stored| stored["precision"] = json!("single"));
    assert!(single.contains("precision"), "{single}");
}

#[test]
fn scalings_of_columns_refuse_images_and_very_wide_tables() {
    let images = pixels(Array2::zeros((3, 4)), &[1, 2, 2]);
    for (spec, name) in [
        (ScalingSpec::Robust, "robust"),
        (ScalingSpec::Quantile, "quantile"),
    ] {
        let (kind, text) = refusal(&spec, &images);
        assert_eq!(kind, ErrorKind::Recipe);
        assert!(text.contains(&format!("`{name}` is for tables")), "{text}");
    }
    let wide = table(Array2::from_shape_fn((3, 1001), |(row, column)| {
        (row * column) as f32
    }));
    let (_, text) = refusal(&ScalingSpec::Quantile, &wide);
    assert!(text.contains("at most 1000 columns"), "{text}");
    assert!(Scaling::fit(&ScalingSpec::Robust, &wide).is_ok());
}
