//! Numbers that float32 would merge: the same rows give the same bits through every function that accepts rows, and
//! different values stay different.

use narrows::apply::{self, options_for};
use narrows::data::{ColumnKind, Dataset, Missing, Number, QUANTILES, ReadOptions, Role, Source};
use narrows::{Model, Recipe, fit};
use ndarray::{Array2, array};
use std::fs;
use std::path::PathBuf;

const RECIPE: &str = "name = \"small\"\n\
                      scaling = { kind = \"standardize\" }\n\
                      encoder = [{ layer = \"dense\", outputs = 2 }]\n\
                      decoder = [{ layer = \"dense\" }]\n\
                      training = { epochs = 3, batch_size = 16 }";

fn recipe() -> Recipe {
    Recipe::parse(RECIPE, "a test").unwrap()
}

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Folder {
        Folder(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn put(&self, name: &str, text: &str) -> String {
        fs::write(self.path(name), text).unwrap();
        self.path(name).to_str().unwrap().to_string()
    }

    /// The model as it comes out of its file.
    fn reloaded(&self, model: &Model) -> Model {
        model.save(self.path("model.safetensors")).unwrap();
        Model::load(self.path("model.safetensors")).unwrap()
    }
}

const NAMES: [&str; 5] = ["stamp", "julian", "easting", "day", "huge"];

/// Seconds within a minute, Julian dates, places in centimeters, days as numbers, and integers near 2^53.
fn rows() -> Array2<f64> {
    Array2::from_shape_fn((60, NAMES.len()), |(row, column)| {
        let step = (row * 7 % 60) as f64;
        match column {
            0 => 1_700_000_000.0 + step,
            1 => 2_460_000.5 + step / 1440.0,
            2 => 4_500_000.25 + step * 0.01,
            3 => 20_240_101.0 + step % 28.0,
            _ => 9_007_199_254_740_900.0 + step,
        }
    })
}

fn csv_of(rows: &Array2<f64>) -> String {
    let mut text = NAMES.join(",");
    for row in rows.rows() {
        let cells: Vec<String> = row.iter().map(f64::to_string).collect();
        text.push('\n');
        text.push_str(&cells.join(","));
    }
    text + "\n"
}

/// The mean of scores as [`Model::mse`] forms it.
fn mean(scores: &ndarray::Array1<f32>) -> f64 {
    scores.iter().map(|&score| f64::from(score)).sum::<f64>() / scores.len() as f64
}

/// What a model gives for rows of this type: codes, scores, contributions and the error over data of them.
fn given<T: Number>(model: &Model, rows: &Array2<T>) -> (Array2<f32>, Vec<f32>, Array2<f32>) {
    let scores = model.score(rows.view()).unwrap();
    let data = Dataset::from_array(rows.view()).unwrap();
    // Training and evaluation gather rows another way.
    assert_eq!(model.mse(&data).unwrap(), mean(&scores));
    (
        model.encode(rows.view()).unwrap(),
        scores.to_vec(),
        model.contributions(rows.view()).unwrap(),
    )
}

#[test]
fn the_same_rows_give_the_same_bits_at_every_door() {
    let folder = Folder::new();
    let rows = rows();
    let path = folder.put("rows.csv", &csv_of(&rows));
    let table = Source::open(&path).unwrap().train;
    assert_eq!(table.to_array_f64(), rows);
    let of_table = folder.reloaded(&fit(&recipe(), &table).unwrap());
    let of_array =
        folder.reloaded(&fit(&recipe(), &Dataset::from_array(rows.view()).unwrap()).unwrap());
    assert!(of_table.scaling().is_double());
    assert_eq!(of_table.scaling(), of_array.scaling());
    assert_eq!(of_table.parameters().flat(), of_array.parameters().flat());

    let expected = given(&of_table, &rows);
    assert_eq!(of_table.mse(&table).unwrap(), of_array.mse(&table).unwrap());
    assert_eq!(given(&of_array, &rows), expected);
    // All rows differ, and so do their codes.
    let mut codes: Vec<_> = expected.0.rows().into_iter().map(|r| r.to_vec()).collect();
    codes.sort_by(|a, b| a.partial_cmp(b).unwrap());
    codes.dedup();
    assert_eq!(codes.len(), 60);

    let out = folder.path("codes.npy");
    apply::encode(&of_table, &table, &out, &mut |_| Ok(())).unwrap();
    let written = Source::open(out.to_str().unwrap()).unwrap().train;
    assert_eq!(written.to_array(), expected.0);
    let scores = apply::score(&of_table, &table, None, false, &mut |_| Ok(())).unwrap();
    assert_eq!(scores, expected.1);
}

#[test]
fn whole_numbers_of_any_type_give_the_same_bits() {
    let rows = Array2::from_shape_fn((50, 3), |(row, column)| match column {
        0 => 20_240_101 + row as i64 % 28,
        1 => 16_777_217 + 3 * row as i64,
        _ => 5 - row as i64,
    });
    let model = fit(&recipe(), &Dataset::from_array(rows.view()).unwrap()).unwrap();
    let expected = given(&model, &rows);
    assert_eq!(given(&model, &rows.mapv(|value| value as i32)), expected);
    assert_eq!(given(&model, &rows.mapv(|value| value as f64)), expected);
    assert!(model.needs_double());
    // As float32 they are other rows.
    assert_ne!(given(&model, &rows.mapv(|value| value as f32)), expected);
    // Where float32 holds them, it gives the same.
    let small = rows.mapv(|value| value % 1000);
    let model = fit(&recipe(), &Dataset::from_array(small.view()).unwrap()).unwrap();
    assert!(!model.needs_double());
    let expected = given(&model, &small);
    assert_eq!(given(&model, &small.mapv(|value| value as f32)), expected);
    assert_eq!(given(&model, &small.mapv(|value| value as i16)), expected);
}

#[test]
fn bytes_give_the_same_bits_in_every_type() {
    let rows = Array2::from_shape_fn((40, 5), |(row, column)| {
        (row * 37 + column * 91 % 256) as u8
    });
    for kind in ["unit", "standardize", "none"] {
        let mut recipe = Recipe::parse(
            &RECIPE.replace("kind = \"standardize\"", &format!("kind = \"{kind}\"")),
            "a test",
        )
        .unwrap();
        recipe.epochs = 2;
        let model = fit(&recipe, &Dataset::from_array(rows.view()).unwrap()).unwrap();
        // Without a scaling there is nothing to work out.
        assert_eq!(model.scaling().is_double(), kind == "none");
        let expected = given(&model, &rows);
        assert_eq!(given(&model, &rows.mapv(f32::from)), expected, "{kind}");
        assert_eq!(given(&model, &rows.mapv(f64::from)), expected, "{kind}");
        assert_eq!(given(&model, &rows.mapv(u64::from)), expected, "{kind}");
    }
}

#[test]
fn what_float32_would_merge_is_written_in_float64() {
    let folder = Folder::new();
    let rows = rows().slice(ndarray::s![.., 0..3]).to_owned();
    let mut few = rows.clone();
    few.column_mut(2)
        .mapv_inplace(|value| (value * 100.0).round() % 50.0);
    let table = Dataset::from_array(few.view()).unwrap();
    let model = folder.reloaded(&fit(&recipe(), &table).unwrap());
    let double: Vec<bool> = model
        .input_columns()
        .iter()
        .map(|c| c.needs_double)
        .collect();
    assert_eq!(double, [true, true, false]);
    let expected = model.reconstruct(few.view()).unwrap();

    let out = folder.path("out.csv");
    apply::reconstruct(&model, &table, None, &out, &mut |_| Ok(())).unwrap();
    let written = fs::read_to_string(&out).unwrap();
    for (line, row) in written.lines().skip(1).zip(expected.rows()) {
        let cells: Vec<&str> = line.split(',').collect();
        let double: Vec<f64> = cells[..2]
            .iter()
            .map(|cell| cell.parse().unwrap())
            .collect();
        assert_eq!((double[0], double[1]), (row[0], row[1]));
        assert_eq!(cells[2].parse::<f32>().unwrap(), row[2] as f32);
    }
    // A format of one type takes the wider.
    let out = folder.path("out.npy");
    apply::reconstruct(&model, &table, None, &out, &mut |_| Ok(())).unwrap();
    let written = Source::open(out.to_str().unwrap()).unwrap().train;
    assert_eq!(written.to_array_f64(), expected);
    let codes = model.encode(few.view()).unwrap();
    apply::decode(
        &model,
        &Dataset::from_array(codes.view()).unwrap(),
        &out,
        &mut |_| Ok(()),
    )
    .unwrap();
    let written = Source::open(out.to_str().unwrap()).unwrap().train;
    assert_eq!(
        written.to_array_f64(),
        model.decode(codes.mapv(f64::from).view()).unwrap()
    );
    let way = apply::Way::between(&model, &table, 3, 8, 5).unwrap();
    let ends = way.rows(0..5).unwrap();
    assert_eq!(
        (ends.row(0), ends.row(4)),
        (expected.row(3), expected.row(8))
    );
}

#[test]
fn a_model_knows_the_columns_of_its_table() {
    let folder = Folder::new();
    let mut text = String::from("id,a,note,b,kind,yes\n");
    for row in 0..40 {
        let gap = if row == 4 {
            String::new()
        } else {
            format!("{}.5", row % 8)
        };
        let kind = ["cat", "dog"][usize::from(row % 4 == 0)];
        let yes = ["no", "yes"][usize::from(row % 5 == 0)];
        text.push_str(&format!(
            "k{row},{},words {row},{gap},{kind},{yes}\n",
            3 * row
        ));
    }
    let path = folder.put("table.csv", &text);
    let options = ReadOptions {
        label: Some("kind".into()),
        ids: vec!["id".into()],
        missing: Some(Missing::Mean),
        ..ReadOptions::default()
    };
    let source = Source::open_with(&path, &options).unwrap();
    let model = fit(&recipe(), &source.train).unwrap();
    let loaded = folder.reloaded(&model);
    assert_eq!(loaded.origin(), model.origin());

    let columns = loaded.columns().unwrap();
    let told: Vec<_> = columns
        .iter()
        .map(|c| (c.name.as_str(), c.role, c.kind))
        .collect();
    let expected = [
        ("id", Role::Id, ColumnKind::Text),
        ("a", Role::Input, ColumnKind::Integer),
        ("note", Role::Ignored, ColumnKind::Text),
        ("b", Role::Input, ColumnKind::Float),
        ("kind", Role::Label, ColumnKind::Text),
        ("yes", Role::Input, ColumnKind::Boolean),
    ];
    assert_eq!(told, expected);
    let levels = |column: usize| columns[column].levels.clone().unwrap();
    let counts =
        |a: (&str, u64), b: (&str, u64)| [a, b].map(|(name, n)| (name.to_string(), n)).to_vec();
    assert_eq!(levels(4), counts(("cat", 30), ("dog", 10)));
    assert_eq!(levels(5), counts(("0", 32), ("1", 8)));
    assert_eq!((columns[1].missing, columns[3].missing), (0.0, 1.0 / 40.0));
    let a = columns[1].input.as_ref().unwrap();
    assert_eq!(
        (a.place, a.mean, a.fill, a.needs_double),
        (0, 58.5, 58.5, false)
    );
    assert_eq!(a.quantiles.len(), QUANTILES.len());
    assert_eq!(
        (a.quantiles[0], a.quantiles[4], a.quantiles[8]),
        (0.0, 58.5, 117.0)
    );
    assert!((a.std - 3.0 * (1599.0_f64 / 12.0).sqrt()).abs() < 1e-12);
    let b = columns[3].input.as_ref().unwrap();
    assert_eq!(loaded.origin().fill.as_ref().unwrap()[1], b.fill);
    let reading = loaded.origin().reading.as_ref().unwrap();
    assert_eq!(
        (reading.label.as_deref(), reading.missing),
        (Some("kind"), Some(Missing::Mean))
    );
}

#[test]
fn every_model_of_a_table_knows_means_for_missing_cells() {
    let folder = Folder::new();
    let train = folder.put("train.csv", "a,b\n1,10\n2,30\n3,20\n6,40\n");
    let model = folder.reloaded(&fit(&recipe(), &Source::open(&train).unwrap().train).unwrap());
    assert_eq!(model.origin().fill, None);
    let gaps = folder.put("gaps.csv", "b,a\n10,1\n,5\n20,\n");
    let read = |model: &Model, missing: Option<Missing>| {
        let options = ReadOptions {
            missing,
            ..ReadOptions::default()
        };
        Source::open_with(&gaps, &options_for(model, &options).unwrap())
    };
    for refused in [None, Some(Missing::Refuse)] {
        assert!(read(&model, refused).is_err());
    }
    let filled = read(&model, Some(Missing::Mean)).unwrap().train;
    assert_eq!(
        filled.to_array_f64(),
        array![[1.0, 10.0], [5.0, 25.0], [3.0, 20.0]]
    );

    // One that was trained with zeros goes on with them, and has the means too.
    let zeros = ReadOptions {
        missing: Some(Missing::Zero),
        ..ReadOptions::default()
    };
    let train = folder.put("zeros.csv", "a,b\n1,10\n2,\n3,20\n6,40\n");
    let model = fit(&recipe(), &Source::open_with(&train, &zeros).unwrap().train).unwrap();
    let model = folder.reloaded(&model);
    let of = |missing| read(&model, missing).unwrap().train.to_array_f64();
    assert_eq!(of(None), array![[1.0, 10.0], [5.0, 0.0], [0.0, 20.0]]);
    assert_eq!(
        of(Some(Missing::Mean)),
        array![[1.0, 10.0], [5.0, 17.5], [3.0, 20.0]]
    );
    assert!(read(&model, Some(Missing::Refuse)).is_err());

    // A model that was trained with means fills later rows with them unless missing cells are refused.
    let means = ReadOptions {
        missing: Some(Missing::Mean),
        ..ReadOptions::default()
    };
    let model = fit(&recipe(), &Source::open_with(&train, &means).unwrap().train).unwrap();
    assert!(read(&model, None).is_ok());
    assert!(read(&model, Some(Missing::Refuse)).is_err());
}
