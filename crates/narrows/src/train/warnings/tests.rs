//! The conditions and the texts of the warnings.

use super::*;
use crate::bottleneck::Bottleneck;
use crate::corruption::Corruption;
use crate::layer::{self, Activation, LayerSpec, activation};
use crate::scaling::ScalingSpec;
use ndarray::{Array2, ArrayView2, array};

fn of(recipe: &Recipe, rows: ArrayView2<'_, f32>) -> Vec<Warning> {
    let data = Dataset::from_array(rows).unwrap();
    let scaling = Scaling::fit(&ScalingSpec::None, &data).unwrap();
    let network = recipe.network(data.shape()).unwrap();
    warnings(recipe, &network, &data, &scaling)
}

/// A dense encoder with a code of one value.
fn recipe() -> Recipe {
    let text = "name = \"small\"\n\
                encoder = [{ layer = \"dense\", outputs = 1 }]\n\
                decoder = [{ layer = \"dense\" }]\n\
                training = { epochs = 1000 }";
    Recipe::parse(text, "a test").unwrap()
}

fn all(decoder: &[LayerSpec], rows: ArrayView2<'_, f32>) -> Vec<Warning> {
    let decoder = decoder.to_vec();
    let recipe = Recipe {
        decoder,
        ..recipe()
    };
    of(&recipe, rows)
}

#[test]
fn a_wide_code_is_dubious_without_noise() {
    let rows = array![[0.5], [0.25]];
    let found = |change: &dyn Fn(&mut Recipe)| {
        let mut recipe = recipe();
        change(&mut recipe);
        of(&recipe, rows.view())
    };
    let wide = [Warning::WideCode { code: 1, inputs: 1 }];
    let noise = |std| Some(Corruption::gaussian(std));
    assert_eq!(found(&|_| ()), wide);
    assert_eq!(found(&|recipe| recipe.corruption = noise(0.5)), []);
    assert_eq!(found(&|recipe| recipe.corruption = noise(0.0)), wide);
}

#[test]
fn a_wide_code_of_which_few_values_are_left_is_not_dubious() {
    let rows = array![[0.5, 0.25, 0.75], [0.25, 0.75, 0.5]];
    let found = |bottleneck: Bottleneck| {
        let recipe = Recipe {
            encoder: vec![layer::dense(4)],
            bottleneck,
            ..recipe()
        };
        of(&recipe, rows.view())
    };
    let wide = [Warning::WideCode { code: 4, inputs: 3 }];
    assert_eq!(found(Bottleneck::top_k(2)), []);
    assert_eq!(found(Bottleneck::top_k(3)), wide);
    assert_eq!(found(Bottleneck::plain()), wide);
}

#[test]
fn columns_that_lose_values_are_named_with_both_counts() {
    let seconds = Array2::from_shape_fn((60, 5), |(row, column)| match column {
        4 => row as i64,
        _ => 1_700_000_000 + (row / (column + 1)) as i64,
    });
    let names = ["stamp", "b", "c", "d", "small"].map(String::from).to_vec();
    let data = Dataset::from_array(seconds.view()).unwrap();
    let data = data.with_columns(names).unwrap();
    let with = |spec: ScalingSpec| {
        let recipe = Recipe {
            scaling: Some(spec),
            ..recipe()
        };
        let scaling = Scaling::fit(&spec, &data).unwrap();
        let network = recipe.network(data.shape()).unwrap();
        warnings(&recipe, &network, &data, &scaling)
    };
    let found = with(ScalingSpec::None);
    let [warning @ Warning::LostValues { columns, .. }] = &found[..] else {
        panic!("{found:?}");
    };
    assert_eq!((columns.len(), columns[0].1, columns[0].2), (4, 60, 1));
    let text = warning.to_string();
    let expected = "column `stamp`: 60 distinct values become 1 in float32 after the scaling `none`; column `b`: 30 \
                    distinct values become 1; column `c`: 20 distinct values become 1; and 1 more column: use \
                    `scaling.kind = standardize`, which subtracts";
    assert!(text.starts_with(expected), "{text}");
    let standardize = ScalingSpec::Standardize {
        mean: None,
        std: None,
    };
    assert_eq!(with(standardize), []);
    // Seconds, and one value that moves the mean far away from them.
    let mut far = seconds.column(0).to_owned().insert_axis(ndarray::Axis(1));
    far[[0, 0]] = 1_000_000_000_000_000_000;
    let data = Dataset::from_array(far.view()).unwrap();
    let scaling = Scaling::fit(&standardize, &data).unwrap();
    let recipe = Recipe {
        scaling: Some(standardize),
        ..recipe()
    };
    let lost = lost_values(&recipe, &data, &scaling).unwrap().to_string();
    assert!(lost.contains("60 distinct values become 2 in"), "{lost}");
    assert!(lost.contains("split the column"), "{lost}");
}

#[test]
fn a_huge_floor_is_short() {
    let warning = Warning::OutOfRange {
        layer: "sigmoid",
        output: (0.0, 1.0),
        data: (-1e38, 3.0),
        floor: 1e76,
    };
    let text = warning.to_string();
    assert!(text.contains("[-1.000e38, 3.000]"), "{text}");
    assert!(text.contains("below 1.000e76;"), "{text}");
}

#[test]
fn constant_columns_are_counted_and_named_once() {
    let rows = array![[1.0, 7.0, 2.0], [2.0, 7.0, 2.0], [4.0, 7.0, 2.0]];
    let names = ["a", "b", "c"].map(String::from).to_vec();
    let table = Dataset::from_array(rows.view()).unwrap();
    let of = |data: &Dataset, spec: ScalingSpec| {
        let recipe = Recipe {
            scaling: Some(spec),
            ..recipe()
        };
        let scaling = Scaling::fit(&spec, data).unwrap();
        let network = recipe.network(data.shape()).unwrap();
        let all = warnings(&recipe, &network, data, &scaling);
        all.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    let standardize = ScalingSpec::usual(&table);
    assert_eq!(
        of(
            &table,
            ScalingSpec::MinMax {
                min: None,
                max: None
            }
        ),
        [
            "2 columns have the same value in every training row: 1, 2 (counted from 0); they have no \
             information"
        ]
    );
    let table = table.with_columns(names).unwrap();
    assert_eq!(
        of(&table, standardize),
        [
            "2 columns have the same value in every training row: `b`, `c`; they have no information \
             (`drop` leaves them out)"
        ]
    );
    assert_eq!(of(&table, ScalingSpec::None), [""; 0]);
    let given = ScalingSpec::Standardize {
        mean: None,
        std: Some(2.0),
    };
    assert_eq!(of(&table, given), [""; 0]);
    let mut wide = ndarray::Array2::<f32>::ones((2, 21));
    let alike = Dataset::from_array(wide.view()).unwrap();
    wide[[0, 20]] = 2.0;
    let wide = Dataset::from_array(wide.view()).unwrap();
    let said = of(&wide, standardize).concat();
    assert!(
        said.starts_with("20 columns have") && said.contains(" and 8 more"),
        "{said}"
    );
    let values = crate::data::Values::F32(ndarray::Array2::ones((2, 4)));
    let images = Dataset::new("gray", values, vec![1, 2, 2], None).unwrap();
    for data in [images, alike] {
        let said = of(&data, standardize).concat();
        assert!(
            said.starts_with("the training rows are all the same"),
            "{said}"
        );
    }
}

#[test]
fn layers_that_keep_the_values_hide_no_range() {
    let dense = || layer::dense(None);
    let sigmoid = || activation(Activation::Sigmoid);
    let identity = || activation(Activation::Identity);
    let rows = array![[-1.0, 0.5], [0.0, 2.0]];
    for after in [
        vec![],
        vec![identity()],
        vec![layer::flatten(), identity()],
        vec![layer::reshape([1, 1, 2]), layer::flatten()],
    ] {
        let decoder = [vec![dense(), sigmoid()], after].concat();
        let found = all(&decoder, rows.view());
        let is_expected = matches!(
            found[..],
            [Warning::OutOfRange { layer: "sigmoid", floor, .. }] if (floor - 0.5).abs() < 1e-6
        );
        assert!(is_expected, "{decoder:?}: {found:?}");
        assert_eq!(all(&decoder, array![[0.0, 1.0], [0.5, 0.5]].view()), []);
    }
    // The next layer changes the values.
    assert_eq!(all(&[sigmoid(), dense()], rows.view()), []);
}

#[test]
fn training_of_few_steps_is_dubious() {
    let rows = Array2::from_shape_fn((65, 2), |(i, j)| (i + j) as f32);
    let found = |epochs, batch_size, accumulation| {
        let recipe = Recipe {
            epochs,
            batch_size,
            accumulation,
            ..recipe()
        };
        of(&recipe, rows.view())
    };
    assert_eq!(found(50, 64, 1), []);
    let few = found(49, 64, 1);
    let [Warning::FewSteps { steps: 98, .. }] = few[..] else {
        panic!("{few:?}");
    };
    let said = few[0].to_string();
    assert!(
        said.contains("98 steps (49 epochs of 65 rows in batches of 64)"),
        "{said}"
    );
    assert_eq!(found(50, 32, 2).len(), 0);
    assert_eq!(found(49, 32, 2).len(), 1);
}

#[test]
fn a_learning_rate_that_only_rises_is_dubious() {
    let rows = Array2::from_shape_fn((500, 2), |(i, j)| (i + j) as f32);
    let found = |epochs| {
        let schedule = ScheduleSpec::Cosine {
            warmup: 200.0,
            final_factor: 0.0,
        };
        let recipe = Recipe {
            epochs,
            schedule,
            ..recipe()
        };
        of(&recipe, rows.view())
    };
    assert_eq!(found(201), []);
    let [warning @ Warning::OnlyRises { .. }] = &found(200)[..] else {
        panic!("no warning");
    };
    assert!(
        warning.to_string().contains("200 epochs (schedule.warmup)"),
        "{warning}"
    );
}

#[test]
fn robust_tells_of_columns_without_an_interquartile_range() {
    let rows = Array2::from_shape_fn((40, 2), |(row, column)| match column {
        0 => row as f32,
        _ => f32::from(u8::from(row == 3)),
    });
    let data = Dataset::from_array(rows.view()).unwrap();
    let recipe = Recipe {
        scaling: Some(ScalingSpec::Robust),
        ..recipe()
    };
    let scaling = Scaling::fit(&ScalingSpec::Robust, &data).unwrap();
    let network = recipe.network(data.shape()).unwrap();
    let found = warnings(&recipe, &network, &data, &scaling);
    let columns = vec!["column 1 (counted from 0)".to_string()];
    assert!(found.contains(&Warning::NoIqr { columns }), "{found:?}");
    let texts: Vec<String> = found.iter().map(ToString::to_string).collect();
    assert!(
        texts
            .iter()
            .any(|text| text.starts_with("1 column has an interquartile range of 0:")),
        "{texts:?}"
    );
}
