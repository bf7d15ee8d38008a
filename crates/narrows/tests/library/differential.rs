//! Files of many dialects, types and shapes, read through the library: every value has the bits that the file's
//! generator wrote. `scripts/differential.py --write-fixtures` makes them; the same script tries many more.

use narrows::data::{Dataset, Missing, ReadOptions, Source};
use serde_json::Value;
use std::fs::File;
use std::path::Path;

const ARCHIVE: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/tests/fixtures/differential.zip"
);

/// A value as its generator wrote it: its bits, or `None` where it is missing.
fn bits_of(value: &Value) -> Option<u64> {
    match value {
        Value::Null => None,
        Value::String(bits) => Some(u64::from_str_radix(bits, 16).unwrap()),
        whole => Some(whole.as_f64().unwrap().to_bits()),
    }
}

/// What is wrong with the names of the columns, if anything is.
fn wrong_names(names: &Value, data: &Dataset) -> Option<String> {
    // Without names in the file, or of an array, there is nothing to compare.
    let wanted = names.as_array()?;
    let found = data.columns().unwrap_or_default();
    let fits = |(wanted, found): (&Value, &String)| match wanted["is"].as_str() {
        Some(name) => name == found,
        None => found.starts_with(wanted["begins"].as_str().unwrap()),
    };
    let same = wanted.len() == found.len() && wanted.iter().zip(found).all(fits);
    (!same).then(|| format!("the columns {found:?}, not {names}"))
}

/// What is wrong with the values, if anything is.
fn wrong_values(case: &Value, data: &Dataset) -> Option<String> {
    let values = data.to_array_f64();
    let columns = case["columns"].as_array().unwrap();
    let rows = columns[0].as_array().unwrap().len();
    if values.dim() != (rows, columns.len()) {
        let (found, width) = values.dim();
        return Some(format!(
            "{found} rows of {width} values, not {rows} of {}",
            columns.len()
        ));
    }
    let tolerance = case["tolerance"].as_f64().unwrap();
    for (place, column) in columns.iter().enumerate() {
        for (row, cell) in column.as_array().unwrap().iter().enumerate() {
            let found = values[[row, place]];
            let right = match bits_of(cell) {
                None => found == 0.0 || found.is_nan(),
                Some(bits) if tolerance == 0.0 => bits == found.to_bits(),
                Some(bits) => (found - f64::from_bits(bits)).abs() <= tolerance,
            };
            if !right {
                let wanted = bits_of(cell).map(f64::from_bits);
                return Some(format!(
                    "row {row}, column {place}: {found:?}, not {wanted:?}"
                ));
            }
        }
    }
    None
}

/// Why a case is not read as it was written, if it is not.
fn fault(case: &Value, folder: &Path) -> Option<String> {
    let options = ReadOptions {
        missing: case["missing"]
            .as_str()
            .map(|name| Missing::named(name).unwrap()),
        ..ReadOptions::default()
    };
    let path = folder.join(case["data"].as_str().unwrap());
    let source = match Source::open_with(path.to_str().unwrap(), &options) {
        Ok(source) => source,
        Err(error) => return Some(format!("refused: {error}")),
    };
    let data = source.into_rows();
    wrong_names(&case["names"], &data).or_else(|| wrong_values(case, &data))
}

#[test]
fn every_value_is_the_one_that_was_written() {
    let folder = tempfile::tempdir().unwrap();
    let mut archive = zip::ZipArchive::new(File::open(ARCHIVE).unwrap()).unwrap();
    archive.extract(folder.path()).unwrap();
    let truth = File::open(folder.path().join("truth.json")).unwrap();
    let cases: Vec<Value> = serde_json::from_reader(truth).unwrap();
    assert!(cases.len() > 200, "the archive has {} cases", cases.len());
    let faults = cases.iter().filter_map(|case| {
        let fault = fault(case, folder.path())?;
        Some(format!("{}: {fault}", case["name"].as_str().unwrap()))
    });
    let (refused, faults): (Vec<String>, Vec<String>) =
        faults.partition(|fault| fault.contains(": refused: "));
    // A file may leave open what it means; what is read is what was written.
    assert!(
        refused.len() * 33 <= cases.len(),
        "{} of {} cases are refused:\n{}",
        refused.len(),
        cases.len(),
        refused.join("\n")
    );
    assert!(
        faults.is_empty(),
        "{} of {} cases are read otherwise:\n{}",
        faults.len(),
        cases.len(),
        faults.join("\n")
    );
}
