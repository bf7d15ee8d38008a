//! Where the rows of a run come from: `run.json`.

use super::RUN_FILE;
use crate::data::{ReadOptions, Source};
use crate::error::{Error, ErrorKind, Result};
use crate::files::write_whole;
use serde::{Deserialize, Deserializer, Serialize};
use std::fs;
use std::path::Path;

/// Where the rows of a run come from, so that it can go on: `run.json`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Sources {
    /// The source of the data; several files of one table.
    #[serde(deserialize_with = "one_or_several")]
    pub data: Vec<String>,
    /// How it is read.
    pub reading: ReadOptions,
    /// A second source, for validation.
    pub validation: Option<String>,
}

/// A list of words, or one word, as a run of an earlier version has it.
fn one_or_several<'de, D: Deserializer<'de>>(
    from: D,
) -> std::result::Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Words {
        One(String),
        Several(Vec<String>),
    }
    Ok(match Words::deserialize(from)? {
        Words::One(word) => vec![word],
        Words::Several(words) => words,
    })
}

impl Sources {
    /// With paths that hold wherever the run is gone on with.
    #[must_use]
    pub fn anywhere(mut self) -> Self {
        for spec in self.data.iter_mut().chain(&mut self.validation) {
            let (name, part) = Source::parts_of(spec);
            if Source::is_built_in(name) || Source::is_standard_input(name) {
                continue;
            }
            // A pattern, or an array of an archive, is no path that is there.
            if let Ok(path) = fs::canonicalize(name).or_else(|_| std::path::absolute(name)) {
                *spec = format!("{}{part}", path.display());
            }
        }
        self
    }

    pub(super) fn write(&self, folder: &Path) -> Result<()> {
        let text = serde_json::to_string_pretty(self).map_err(|error| {
            Error::new(ErrorKind::Format, "cannot write the run's sources").caused_by(error)
        })?;
        write_whole(&folder.join(RUN_FILE), text.as_bytes())
    }

    /// What a run's folder says.
    ///
    /// # Errors
    ///
    /// When there is no run in the folder, its file is damaged, or its data are gone.
    pub fn read(folder: &Path) -> Result<Sources> {
        let path = folder.join(RUN_FILE);
        let text = fs::read_to_string(&path).map_err(|error| {
            Error::io("this is no folder of a run that can go on", &path, error)
                .hint("give the folder that `narrows train` named")
        })?;
        let sources: Sources = serde_json::from_str(&text).map_err(|error| {
            Error::new(ErrorKind::Format, "the run's sources are damaged")
                .at(path.display())
                .caused_by(error)
        })?;
        for spec in sources.data.iter().chain(&sources.validation) {
            let (name, _) = Source::parts_of(spec);
            let of_several = name.rsplit_once(':').map(|(file, _)| file);
            let is_there = Source::is_built_in(name)
                || Source::is_standard_input(name)
                || Source::is_pattern(name)
                || Path::new(name).exists()
                || of_several.is_some_and(|file| Path::new(file).exists());
            if !is_there {
                return Err(Error::new(
                    ErrorKind::Data,
                    "the data of the run are not there any more",
                )
                .at(name)
                .hint(format!(
                    "put them back, or write into {} where they are now",
                    path.display()
                )));
            }
        }
        Ok(sources)
    }
}
