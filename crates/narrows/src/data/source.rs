//! Sources: training rows and, optionally, test rows; and the words that name a source.

use super::bad::BadRow;
use super::dataset::Dataset;
use crate::advice::{Setting, setting};
use crate::declaration::suggest;
use crate::text::counted;
use crate::{Error, ErrorKind, Result};
use std::collections::HashSet;
use std::path::{Path, PathBuf};

/// The built-in source.
pub(super) const MNIST: &str = "mnist";

/// A source of data: rows to train on and, if the source has them, rows to test on.
#[derive(Clone, Debug)]
pub struct Source {
    /// The training rows.
    pub train: Dataset,
    /// The test rows.
    pub test: Option<Dataset>,
}

/// The names of the parts of a source, after its last colon.
pub(super) const PARTS: [&str; 2] = ["train", "test"];

impl Source {
    /// A source with training rows and, optionally, test rows.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Data`] if the two differ in the shape of a row or in the type of the values.
    pub fn new(train: Dataset, test: Option<Dataset>) -> Result<Self> {
        if let Some(test) = &test {
            let differs = |what| {
                Error::new(ErrorKind::Data, what)
                    .at(test.name())
                    .hint("training and test rows must be alike")
            };
            if test.shape() != train.shape() {
                return Err(
                    differs("the test rows differ in shape from the training rows")
                        .expected(format!("{:?}", train.shape()))
                        .found(format!("{:?}", test.shape())),
                );
            }
            if test.is_8_bit() != train.is_8_bit() {
                return Err(
                    differs("the test rows differ in type from the training rows")
                        .expected(train.type_name())
                        .found(test.type_name()),
                );
            }
            if test.columns() != train.columns() {
                return Err(
                    differs("the test rows have other columns than the training rows")
                        .expected(format!("{:?}", train.columns().unwrap_or_default()))
                        .found(format!("{:?}", test.columns().unwrap_or_default())),
                );
            }
        }
        Ok(Source { train, test })
    }

    /// The source that `spec` names, and the text after its last colon if `spec` itself is not a path: a part
    /// (`:train`, `:test`), an array of a file or a set of a folder.
    pub(crate) fn parts_of(spec: &str) -> (&str, &str) {
        if Path::new(spec).exists() {
            return (spec, "");
        }
        let mut colons = spec
            .match_indices(':')
            .map(|(place, _)| spec.split_at(place));
        if let Some(found) = colons.find(|(path, _)| Path::new(path).exists()) {
            return found;
        }
        let part = PARTS.into_iter().find_map(|part| {
            let rest = spec.strip_suffix(part)?.strip_suffix(':')?;
            Some(spec.split_at(rest.len()))
        });
        part.unwrap_or((spec, ""))
    }

    /// The file or folder that `spec` names; `None` for built-in data.
    pub fn path_of(spec: &str) -> Option<PathBuf> {
        let (name, _) = Source::parts_of(spec);
        (!Source::is_built_in(name)).then(|| name.into())
    }

    /// Whether a name is a name of built-in data.
    pub(crate) fn is_built_in(name: &str) -> bool {
        name == MNIST
    }

    pub(super) fn part(self, spec: &str, part: &str) -> Result<Self> {
        match (self.test, part) {
            (Some(_), "train") => Source::new(self.train, None),
            (Some(test), _) => Source::new(test, None),
            (None, _) => Err(Error::new(
                ErrorKind::Data,
                format!("there is no part `{part}`, as the data come in one piece"),
            )
            .at(spec)
            .hint(format!("give {spec} alone"))),
        }
    }

    /// The rows to apply a model to: the test rows if there are any, otherwise all rows.
    pub fn into_rows(self) -> Dataset {
        self.test.unwrap_or(self.train)
    }

    /// Only the rows with these labels, given as numbers, ranges (`0-8`) or names; all rows if the list is empty.
    pub(super) fn of_classes(self, classes: &[String]) -> Result<Self> {
        if classes.is_empty() {
            return Ok(self);
        }
        let train = of_classes(&self.train, classes)?;
        let test = self
            .test
            .map(|test| of_classes(&test, classes))
            .transpose()?;
        Source::new(train, test)
    }
}

fn of_classes(data: &Dataset, classes: &[String]) -> Result<Dataset> {
    let is = data.is_of_classes(classes)?;
    let rows = (0..data.rows() as u32).zip(&is).filter(|(_, is)| **is);
    let mut chosen = data.choose(rows.map(|(row, _)| row).collect())?;
    // A bad row belongs to a class if its label is the label of one of the rows of this class.
    let labels = data.labels().unwrap_or_default().iter().zip(&is);
    let wanted: HashSet<String> = labels
        .filter(|(_, is)| **is)
        .map(|(&label, _)| data.label_text(label))
        .collect();
    let label = data.ids().len();
    let has_label = |row: &BadRow| row.texts.get(label).is_some_and(|text| !text.is_empty());
    let unknown = chosen
        .bad
        .rows()
        .iter()
        .filter(|row| !has_label(row))
        .count();
    chosen.bad.retain(|row| {
        row.texts
            .get(label)
            .is_some_and(|text| wanted.contains(text))
    });
    if unknown > 0 {
        chosen.notes.push(format!(
            "{} without a label that could be read left out, as {} chooses by labels",
            counted(unknown, "bad row", "bad rows"),
            setting(Setting::Classes)
        ));
    }
    Ok(chosen)
}

impl Dataset {
    /// For each row whether its label is among `classes`: numbers, ranges (`0-8`) or names.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Data`] if there are no labels, or if no row has one of these.
    pub fn is_of_classes(&self, classes: &[String]) -> Result<Vec<bool>> {
        let Some(labels) = self.labels() else {
            return Err(Error::new(
                ErrorKind::Data,
                "rows cannot be chosen by their labels: the data have none",
            )
            .at(self.name())
            .hint(format!(
                "name the column of the labels with {}",
                setting(Setting::Label)
            )));
        };
        let mut known: Vec<i64> = labels.to_vec();
        known.sort_unstable();
        known.dedup();
        let names: Vec<String> = known.iter().map(|&label| self.label_text(label)).collect();
        let mut wanted = Vec::new();
        for class in classes {
            let found: Vec<i64> = match names.iter().position(|name| name == class) {
                Some(place) => known.get(place).copied().into_iter().collect(),
                None => match class.split_once('-').map(|(a, b)| (a.parse(), b.parse())) {
                    Some((Ok(low), Ok(high))) if self.label_names().is_empty() => {
                        let within = |label: &&i64| (low..=high).contains(*label);
                        known.iter().filter(within).copied().collect()
                    }
                    _ => Vec::new(),
                },
            };
            if found.is_empty() {
                let error = Error::new(ErrorKind::Data, format!("no row has the label `{class}`"));
                let names: Vec<&str> = names.iter().take(20).map(String::as_str).collect();
                return Err(suggest(error, class, &names).at(self.name()));
            }
            wanted.extend(found);
        }
        Ok(labels.iter().map(|label| wanted.contains(label)).collect())
    }
}

/// An error about the source `spec`, which names it once.
pub(super) fn at_source(error: Error, spec: &str) -> Error {
    match error.place() {
        Some(place) if place.starts_with(spec) => error,
        _ => error.at(spec),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Values;
    use ndarray::Array2;

    #[test]
    fn test_rows_must_be_like_training_rows() {
        let pixels = |shape: Vec<usize>| {
            Dataset::new("pixels", Values::U8(Array2::zeros((2, 4))), shape, None).unwrap()
        };
        let floats = Dataset::new("floats", Values::F32(Array2::zeros((2, 4))), vec![4], None);

        let error = Source::new(pixels(vec![4]), Some(pixels(vec![1, 2, 2]))).unwrap_err();
        assert_eq!(error.what_was_expected(), Some("[4]"));
        assert_eq!(error.what_was_found(), Some("[1, 2, 2]"));

        let error = Source::new(pixels(vec![4]), Some(floats.unwrap())).unwrap_err();
        assert_eq!(error.what_was_expected(), Some("8-bit values"));
        assert_eq!(error.what_was_found(), Some("32-bit floating-point values"));
    }
}
