//! Descriptions of data, by their kind, and of sources.

use super::table;
use super::told::TableInfo;
use super::values::ValuesInfo;
use crate::Result;
use crate::data::column::TableReader;
use crate::data::dataset::Dataset;
use crate::data::fault::OnFault;
use crate::data::options::{Missing, ReadOptions};
use crate::data::source::{Source, at_source};
use crate::data::spool::Spooled;
use serde_json::Value;

/// A description of data.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Info {
    /// Of a table in a file.
    Table(TableInfo),
    /// Of other data: arrays, images, rows in memory.
    Values(ValuesInfo),
}

impl Info {
    /// Looks at all rows of a dataset once.
    ///
    /// # Errors
    ///
    /// When rows that stay in a file cannot be read.
    pub fn of(data: &Dataset) -> Result<Info> {
        ValuesInfo::of(data).map(Info::Values)
    }

    /// Reads all cells of a table once; `specs` name the table in the command line that trains on it.
    pub(crate) fn of_table(
        reader: &mut dyn TableReader,
        specs: &[String],
        options: &ReadOptions,
    ) -> Result<Info> {
        table::describe(reader, specs, options).map(Info::Table)
    }

    /// The same, with the original names in place of the temporary copies of streams.
    fn called(mut self, spooled: &Spooled) -> Info {
        let (name, lists) = match &mut self {
            Info::Table(info) => (
                &mut info.name,
                [&mut info.notes, &mut info.refusals, &mut info.remarks],
            ),
            Info::Values(info) => (
                &mut info.name,
                [&mut info.notes, &mut info.refusals, &mut info.constant],
            ),
        };
        *name = spooled.text(name);
        for text in lists.into_iter().flatten() {
            *text = spooled.text(text);
        }
        self
    }

    /// As a JSON object.
    pub fn to_json(&self) -> Value {
        match self {
            Info::Table(info) => info.to_json(),
            Info::Values(info) => info.to_json(),
        }
    }
}

/// Describes the data that `specs` name, as in [`Source::open_with`]: one description for each part. A table is
/// described even if training would refuse it.
///
/// # Errors
///
/// If nothing can be read, or if an option needs something that does not exist.
///
/// ```
/// use narrows::data::{Info, ReadOptions, describe};
/// let infos = describe(&["mnist"], &ReadOptions::default())?;
/// let [Info::Values(train), Info::Values(test)] = &infos[..] else {
///     panic!("MNIST has two parts of images");
/// };
/// assert_eq!((train.rows, test.rows), (60_000, 10_000));
/// let training = train.training.as_ref().map(ToString::to_string);
/// assert_eq!(training.as_deref(), Some("`run::run(\"basic\", data = mnist)`"));
/// # Ok::<(), narrows::Error>(())
/// ```
pub fn describe<S: AsRef<str>>(specs: &[S], options: &ReadOptions) -> Result<Vec<Info>> {
    let specs: Vec<String> = specs.iter().map(|spec| spec.as_ref().to_string()).collect();
    let words: Vec<&str> = specs.iter().map(String::as_str).collect();
    let Some(spooled) = Spooled::of(&words)? else {
        return described(&specs, &specs, options);
    };
    match described(&spooled.specs, &specs, options) {
        Ok(infos) => Ok(infos
            .into_iter()
            .map(|info| info.called(&spooled))
            .collect()),
        Err(error) => Err(spooled.error(error)),
    }
}

/// Describes the data that `specs` name; the command line that trains on them calls them `called`.
fn described(specs: &[String], called: &[String], options: &ReadOptions) -> Result<Vec<Info>> {
    let words: Vec<&str> = specs.iter().map(String::as_str).collect();
    if let Some(mut reader) = Source::table(&words, options, OnFault::Tell)? {
        let info = Info::of_table(&mut *reader, called, options);
        return Ok(vec![info.map_err(|error| at_source(error, reader.name()))?]);
    }
    let (source, options, refusal) = open_filled(specs, options)?;
    let mut train = ValuesInfo::of(&source.train)?.with_command(&source.train, called, &options);
    train.how = Source::kind_of(&words.join(", ")).map(String::from);
    train.refusals.extend(refusal);
    let test = source.test.as_ref().map(ValuesInfo::of).transpose()?;
    let test = test.map(|test| ValuesInfo {
        how: train.how.clone(),
        constant: Vec::new(),
        ..test
    });
    let all = [Some(train), test].into_iter().flatten();
    Ok(all.map(Info::Values).collect())
}

/// A source, the options with which it was read, and the reason if training refuses it with the given options: an array
/// with missing values is described with the values filled.
fn open_filled(
    specs: &[String],
    options: &ReadOptions,
) -> Result<(Source, ReadOptions, Option<String>)> {
    let error = match Source::open_all(specs, options) {
        Ok(source) => return Ok((source, options.clone(), None)),
        Err(error) => error,
    };
    let has_gaps =
        options.missing_or_refuse() == Missing::Refuse && error.what_was_found() == Some("NaN");
    for missing in [Missing::Mean, Missing::Zero]
        .into_iter()
        .filter(|_| has_gaps)
    {
        let filling = ReadOptions {
            missing: Some(missing),
            ..options.clone()
        };
        if let Ok(source) = Source::open_all(specs, &filling) {
            return Ok((source, filling, Some(error.to_string())));
        }
    }
    Err(error)
}

#[cfg(test)]
mod tests;
