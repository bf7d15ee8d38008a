//! The sources of a run's rows: `run.json`.

mod way;

use super::folder;
use super::names::RUN_FILE;
use super::place::check_in_place;
use super::rows::KnownRows;
use crate::advice::{Setting, set, setting};
use crate::data::{Dataset, OtherRows, ReadOptions, Source, SplitPlan};
use crate::error::{Error, ErrorKind, Result};
use serde::{Deserialize, Deserializer, Serialize};
use std::path::Path;
use way::{beside_run, is_there, moved_away, nameless, way_to, whole};

/// The sources of a run's rows, which are needed to resume it: `run.json`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Sources {
    /// The source of the data; several files of one table.
    #[serde(deserialize_with = "one_or_several")]
    pub data: Vec<String>,
    /// The options for reading it.
    pub reading: ReadOptions,
    /// A second source, for validation.
    pub validation: Option<String>,
    /// A source of rows for testing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test: Option<String>,
    /// Which rows of the data are for testing, and which rows stay together. The recipe has the share for validation.
    #[serde(default)]
    pub split: SplitPlan,
}

/// The rows of a run, as they were read.
pub struct Opened {
    /// The data, which are split.
    pub source: Source,
    /// Rows for validation from a source of their own.
    pub validation: Option<Dataset>,
    /// Rows for testing from a source of their own.
    pub test: Option<Dataset>,
}

impl Opened {
    /// The rows from other sources.
    pub fn other(&self) -> OtherRows<'_> {
        OtherRows {
            validation: self.validation.as_ref(),
            test: self.test.as_ref(),
        }
    }
}

/// The content of `run.json`.
#[derive(Serialize, Deserialize)]
pub(super) struct RunFile {
    #[serde(flatten)]
    pub(super) sources: Sources,
    /// For each source its path relative to the run's folder, so that both can be moved together; `None` for built-in
    /// data.
    #[serde(default)]
    beside: Vec<Option<String>>,
    /// Which sources were given again, in place of the recorded ones.
    #[serde(skip)]
    given: Vec<bool>,
    /// The numbers and checksums of the rows; `None` for runs of an earlier version.
    #[serde(default)]
    pub(super) rows: Option<KnownRows>,
    /// The instruction sets that trained the run, in order; empty for runs of an earlier version.
    #[serde(default)]
    pub(super) isa: Vec<String>,
}

/// A list of words, or one word as in a run of an earlier version.
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

impl RunFile {
    /// Reads the file from a run's folder.
    ///
    /// # Errors
    ///
    /// If there is no run in the folder, or if its file is damaged.
    pub(super) fn read(folder: &Path) -> Result<RunFile> {
        let path = folder.join(RUN_FILE);
        check_in_place(folder)?;
        let bytes = folder::read(&path, folder::SMALL).map_err(|error| {
            Error::io(
                "this is not the folder of a run that can be resumed",
                &path,
                error,
            )
            .hint("give the folder that training named")
        })?;
        serde_json::from_slice(&bytes).map_err(|error| {
            Error::new(ErrorKind::Format, "the run's sources are damaged")
                .at(path.display())
                .caused_by(error)
        })
    }

    /// Writes it into a folder.
    pub(super) fn write(&self, files: &Path) -> Result<()> {
        let text = serde_json::to_string_pretty(self).map_err(|error| {
            Error::new(ErrorKind::Format, "cannot write the run's sources").caused_by(error)
        })?;
        folder::write(&files.join(RUN_FILE), text.as_bytes())
    }

    /// The same with sources that replace the recorded ones.
    ///
    /// # Errors
    ///
    /// If a source for validation or testing is given, and the run had none.
    pub(super) fn at(
        mut self,
        folder: &Path,
        data: &[String],
        validation: Option<&String>,
        test: Option<&String>,
    ) -> Result<RunFile> {
        let count = self.sources.data.len().min(self.beside.len());
        let of_validation = self.beside.split_off(count);
        if !data.is_empty() {
            self.sources.data = data.to_vec();
            self.beside = vec![None; data.len()];
        }
        self.beside.resize(self.sources.data.len(), None);
        self.beside.extend(of_validation);
        self.given = vec![!data.is_empty(); self.sources.data.len()];
        let sources = &mut self.sources;
        for (given, spec, of, option) in [
            (
                validation,
                &mut sources.validation,
                "validation",
                Setting::Validation,
            ),
            (test, &mut sources.test, "test", Setting::Test),
        ] {
            match (given, spec) {
                (None, None) => {}
                (None, Some(_)) => self.given.push(false),
                (Some(given), Some(spec)) => {
                    spec.clone_from(given);
                    self.given.push(true);
                }
                (Some(given), None) => {
                    let what = format!(
                        "the {of} rows of this run are a share of its data, or it has none"
                    );
                    return Err(Error::new(ErrorKind::Data, what)
                        .at(folder.display())
                        .found(set(option, given))
                        .hint(format!("leave {} out", setting(option))));
                }
            }
        }
        Ok(self)
    }

    /// The possible places of the sources: the recorded place, and the place relative to the run's folder in case both
    /// were moved. The caller decides by the rows. `goes_on` says whether the command is `narrows train --resume`,
    /// which has options for the place of each source.
    ///
    /// # Errors
    ///
    /// If a source is in neither place.
    pub(super) fn places(self, folder: &Path, goes_on: bool) -> Result<Vec<Sources>> {
        let (mut recorded, mut moved) = (self.sources.clone(), self.sources);
        let (count, has_validation) = (recorded.data.len(), recorded.validation.is_some());
        let both = recorded.specs_mut().zip(moved.specs_mut());
        let (mut beside, mut given) = (self.beside.into_iter(), self.given.into_iter());
        for (place, (recorded, moved)) in both.enumerate() {
            if given.next() == Some(true) {
                // Whether it exists is found when it is opened.
                beside.next();
                continue;
            }
            let way = beside.next().flatten();
            let found = way.as_ref().and_then(|way| beside_run(folder, way));
            match (is_there(recorded), found) {
                (true, Some(found)) => *moved = found,
                (true, None) => {}
                (false, Some(found)) => {
                    recorded.clone_from(&found);
                    *moved = found;
                }
                (false, None) => {
                    let option = match place.checked_sub(count) {
                        None => Setting::Data,
                        Some(0) if has_validation => Setting::Validation,
                        Some(_) => Setting::Test,
                    };
                    let error = nameless(folder, way.as_deref());
                    return Err(
                        error.unwrap_or_else(|| moved_away(recorded, folder, option, goes_on))
                    );
                }
            }
        }
        Ok(if moved == recorded {
            vec![recorded]
        } else {
            vec![recorded, moved]
        })
    }
}

impl Sources {
    /// The named sources, each with the text after its name.
    fn specs_mut(&mut self) -> impl Iterator<Item = &mut String> {
        let data = self.data.iter_mut();
        data.chain(&mut self.validation).chain(&mut self.test)
    }

    /// The named sources.
    pub fn specs(&self) -> impl Iterator<Item = &String> {
        let data = self.data.iter();
        data.chain(&self.validation).chain(&self.test)
    }

    /// The sources whose place differs from `before`.
    pub fn moved_from(&self, before: &Sources) -> Vec<String> {
        let (now, before) = (self.clone().anywhere(), before.clone().anywhere());
        let data = now.data.iter().enumerate();
        let data = data.map(|(place, spec)| Some(spec) != before.data.get(place));
        let beside = [
            (&now.validation, &before.validation),
            (&now.test, &before.test),
        ];
        let beside = beside.into_iter().filter(|(now, _)| now.is_some());
        let is_moved = data.chain(beside.map(|(now, before)| now != before));
        let moved = self.specs().zip(is_moved).filter(|(_, is_moved)| *is_moved);
        moved.map(|(spec, _)| spec.clone()).collect()
    }

    /// The same with absolute paths, so that the run can be resumed from any folder.
    #[must_use]
    pub fn anywhere(mut self) -> Self {
        for spec in self.specs_mut() {
            let (name, part) = Source::parts_of(spec);
            if Source::is_built_in(name) || Source::is_standard_input(name) {
                continue;
            }
            // A path that is not valid text stays as it was given, relative to the former folder.
            if let Some(path) = whole(Path::new(name)).to_str() {
                *spec = format!("{path}{part}");
            }
        }
        self
    }

    /// Writes the sources for the run in `folder`, whose files are in `files`, with the numbers and checksums of the
    /// rows and the instruction sets of the training.
    pub(super) fn write(
        &self,
        folder: &Path,
        files: &Path,
        rows: Option<&KnownRows>,
        isa: &[String],
    ) -> Result<()> {
        let from = whole(folder);
        let way = |spec: &String| {
            let (name, part) = Source::parts_of(spec);
            if Source::is_built_in(name) || Source::is_standard_input(name) {
                return None;
            }
            let way = way_to(&from, &whole(Path::new(name)))?;
            Some(format!("{}{part}", way.to_str()?))
        };
        let file = RunFile {
            beside: self.specs().map(way).collect(),
            given: Vec::new(),
            sources: self.clone().anywhere(),
            rows: rows.cloned(),
            isa: isa.to_vec(),
        };
        file.write(files)
    }

    /// The options for reading a second source: it has the columns of the data, and its missing values are filled in
    /// the same way.
    pub fn options_beside(&self, source: &Source) -> ReadOptions {
        ReadOptions {
            model_columns: source.train.columns().map(<[String]>::to_vec),
            truths: source.train.truths(),
            fill: source.train.fill().map(<[f64]>::to_vec),
            // Data other than tables have no columns, but may have labels.
            group: (self.reading.group.clone()).filter(|_| source.train.columns().is_some()),
            ..self.reading.clone()
        }
    }

    /// Opens the data, and the rows for validation and testing if they have sources of their own.
    ///
    /// # Errors
    ///
    /// As [`Source::open_all`].
    pub fn open(&self) -> Result<Opened> {
        let source = Source::open_all(&self.data, &self.reading)?;
        let options = self.options_beside(&source);
        let open = |spec: &String| Source::open_with(spec, &options).map(Source::into_rows);
        Ok(Opened {
            validation: self.validation.as_ref().map(open).transpose()?,
            test: self.test.as_ref().map(open).transpose()?,
            source,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn data_are_found_where_they_lay_and_beside_the_run() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::create_dir_all(at("old/run")).unwrap();
        fs::write(at("old/rows.csv"), "a\n1\n").unwrap();
        let spec = |name: &str| whole(&at(name)).to_str().unwrap().to_string();
        let sources = Sources {
            data: vec![spec("old/rows.csv")],
            ..Sources::default()
        };
        sources
            .write(&at("old/run"), &at("old/run"), None, &[])
            .unwrap();
        let places = |run: &str| RunFile::read(&at(run)).unwrap().places(&at(run), true);
        assert_eq!(places("old/run").unwrap(), std::slice::from_ref(&sources));
        // Moved together.
        fs::rename(at("old"), at("new")).unwrap();
        let [found] = &places("new/run").unwrap()[..] else {
            panic!("one place");
        };
        assert_eq!(found.data, [spec("new/rows.csv")]);
        // Copied, so that there are both.
        fs::create_dir(at("old")).unwrap();
        fs::write(at("old/rows.csv"), "a\n2\n").unwrap();
        assert_eq!(places("new/run").unwrap().len(), 2);
        // The run alone.
        fs::remove_dir_all(at("old")).unwrap();
        fs::rename(at("new/run"), at("run")).unwrap();
        let error = places("run").unwrap_err().to_string();
        assert!(error.contains("`data = SOURCE`"), "{error}");
    }

    #[test]
    fn only_what_lies_elsewhere_has_moved() {
        let at = |data: &[&str], test: Option<&str>| Sources {
            data: data.iter().map(|spec| (*spec).to_string()).collect(),
            test: test.map(String::from),
            ..Sources::default()
        };
        let before = at(&["/a/x.csv", "/a/y.csv"], Some("/a/t.csv"));
        assert_eq!(before.moved_from(&before), [""; 0]);
        let now = at(&["/a/x.csv", "/b/y.csv"], Some("/b/t.csv"));
        assert_eq!(now.moved_from(&before), ["/b/y.csv", "/b/t.csv"]);
        let here = at(&["x.csv"], None);
        assert_eq!(here.moved_from(&here.clone().anywhere()), [""; 0]);
    }

    #[test]
    fn what_an_earlier_version_wrote_is_read() {
        let text = r#"{"data": "mnist:test", "reading": {"header": true}, "validation": null}"#;
        let file: RunFile = serde_json::from_str(text).unwrap();
        assert_eq!(file.sources.data, ["mnist:test"]);
        assert_eq!(file.sources.reading.header, Some(true));
        assert!(file.rows.is_none() && file.beside.is_empty() && file.isa.is_empty());
    }
}
