//! Which arrays of an NPZ file are rows, and which are labels.

use super::archive::{Archive, refuse_sparse, suggested};
use super::foreign::ForeignArray;
use super::header::MAGIC;
use super::header::{ArrayContent, ArrayHeader};
use super::labels::{self, Labels};
use super::names::{self, ArrayPart, LABELS, Name};
use super::open::{ZIP, beginning, open_npy};
use crate::advice::{Setting, setting};
use crate::data::limits::{NPZ_ARRAYS, excerpt, names as listed_names};
use crate::data::source::at_source;
use crate::data::{Dataset, ReadOptions, Source};
use crate::{Error, ErrorKind, Result};
use std::path::Path;

/// Opens an NPZ file, `FILE.npz` or one of its arrays, `FILE.npz:ARRAY`.
pub(in crate::data) fn open(spec: &str, options: &ReadOptions) -> Result<Option<Source>> {
    let (file, array) = if Path::new(spec).is_file() {
        (spec, None)
    } else {
        match Source::parts_of(spec) {
            (file, part) if Path::new(file).is_file() => (file, part.strip_prefix(':')),
            _ => return Ok(None),
        }
    };
    let path = Path::new(file);
    let is_named = file.to_lowercase().ends_with(".npz");
    let begins = beginning(path)?;
    let mut archive = match (is_named, begins.starts_with(ZIP)) {
        (false, false) => return Ok(None),
        // An array with the name of an archive is read as an array.
        (true, false) if begins == MAGIC => return open_npy(spec, options),
        // Other kinds of files are ZIP archives too.
        (false, true) => match Archive::open(path) {
            Ok(archive) if !archive.names.is_empty() => archive,
            _ => return Ok(None),
        },
        (true, _) => Archive::open(path).map_err(|error| at_source(error, file))?,
    };
    options.refuse_columns(spec, "an NPZ file")?;
    options.refuse_images(spec, "an NPZ file")?;
    let mut reader = ArchiveReader {
        arrays: Vec::new(),
        file,
        spec,
        options,
    };
    let source = match array {
        Some(array) => reader.picked(&mut archive, array),
        None => reader.told(&mut archive),
    };
    source.map_err(|error| at_source(error, file)).map(Some)
}

/// An array by its name.
struct Array {
    name: String,
    means: Name,
    header: ArrayHeader,
}

impl Array {
    fn described(&self) -> String {
        let name = excerpt(&self.name);
        format!("`{name}` of {}", self.header.described())
    }

    fn has(&self, what: impl Fn(&ArrayHeader) -> bool) -> bool {
        what(&self.header)
    }
}

struct ArchiveReader<'a> {
    arrays: Vec<Array>,
    file: &'a str,
    /// The file, optionally with an array.
    spec: &'a str,
    options: &'a ReadOptions,
}

/// The labels of some rows.
struct Label {
    name: String,
    /// Whether the user requested them; if not, they were found by their name.
    is_asked: bool,
    is_integer: bool,
}

impl ArchiveReader<'_> {
    /// Reads the headers of arrays. A damaged header is an error even if its array is not needed: it could be that of
    /// labels or of a part, which would be lost unnoticed.
    fn look_at(&mut self, archive: &mut Archive, names: &[String]) -> Result<()> {
        for name in names {
            self.arrays.push(Array {
                name: name.clone(),
                means: Name::of(name),
                header: archive.header(name)?,
            });
        }
        Ok(())
    }

    /// One array, by its name.
    fn picked(&mut self, archive: &mut Archive, array: &str) -> Result<Source> {
        let name = array.strip_suffix(".npy").unwrap_or(array);
        let part = names::part(name).unwrap_or(ArrayPart::Whole);
        let exact = archive.names.iter().find(|known| *known == name).cloned();
        let found = match (exact, part) {
            (Some(exact), _) => Some(exact),
            (None, ArrayPart::Whole) => None,
            (None, part) => {
                let names: Vec<String> = archive.names.iter().take(NPZ_ARRAYS).cloned().collect();
                self.look_at(archive, &names)?;
                self.rows_of(part)?
            }
        };
        let Some(found) = found else {
            let kind = match part {
                ArrayPart::Whole => "array",
                _ => "part",
            };
            let error = Error::new(
                ErrorKind::Data,
                format!("there is no {kind} `{}`", excerpt(name)),
            );
            return Err(suggested(error, name, &archive.names));
        };
        let means = Name::of(&found);
        let asked = self.options.label.as_ref();
        // Labels in words have the same numbers in both parts.
        let parts = match means.part {
            ArrayPart::Train | ArrayPart::Test => &[ArrayPart::Train, ArrayPart::Test][..],
            _ => &[],
        };
        let belongs = |name: &&String| {
            let other = Name::of(name);
            asked.is_some_and(|asked| asked == *name || Name::of(asked).stem == other.stem)
                || (other.is_labels() && (other.part == means.part || parts.contains(&other.part)))
        };
        let wanted: Vec<String> = archive
            .names
            .iter()
            .filter(belongs)
            .filter(|name| self.array(name).is_none())
            .take(NPZ_ARRAYS)
            .cloned()
            .collect();
        self.look_at(archive, &wanted)?;
        let label = self.label(archive, means.part, &found)?;
        let part = self.read(archive, &found, label, String::new(), self.options)?;
        let mut others = Vec::new();
        if matches!(part.1, Some(Labels::Words(..))) {
            for &other in parts.iter().filter(|&&other| other != means.part) {
                let label = self.label(archive, other, &found).ok().flatten();
                let array = label.and_then(|label| self.array(&label.name));
                if let Some(array) = array {
                    let rows = array.header.shape.first().copied().unwrap_or_default();
                    others.push(archive.labels(&array.name, rows)?);
                }
            }
        }
        self.source(vec![part], &others)
    }

    /// The source by the names of the arrays: rows for training and testing, or the only rows.
    fn told(&mut self, archive: &mut Archive) -> Result<Source> {
        refuse_sparse(archive)?;
        let several = "one array of 2 to 4 dimensions, or x_train and x_test";
        if archive.names.len() > NPZ_ARRAYS {
            let names = listed_names(&archive.names, |name| format!("`{}`", excerpt(name)));
            return Err(Error::new(
                ErrorKind::Data,
                "the file has too many arrays to find the rows",
            )
            .expected(format!("at most {NPZ_ARRAYS} arrays"))
            .found(format!("{}: {names}", archive.names.len()))
            .hint(format!("take one: {}:ARRAY", self.file)));
        }
        let names = archive.names.clone();
        self.look_at(archive, &names)?;
        if let Some(train) = self.rows_of(ArrayPart::Train)? {
            return self.parts(archive, &train);
        }
        // An array with one column may be the rows themselves, for any name.
        let label = self.label(archive, ArrayPart::Whole, "")?;
        let rows = |label: Option<&str>| -> Vec<&Array> {
            let rows = self
                .arrays
                .iter()
                .filter(|array| array.has(ArrayHeader::may_be_rows));
            rows.filter(|array| Some(array.name.as_str()) != label)
                .collect()
        };
        let label = label.filter(|label| !rows(Some(&label.name)).is_empty());
        let found = rows(label.as_ref().map(|label| label.name.as_str()));
        let (only, note) = match &found[..] {
            [only] => (*only, None),
            [] => return Err(self.no_rows(archive)),
            several_found => {
                // Only arrays with names of labels, or one array with a name of rows, are unambiguous.
                let named =
                    |array: &&&Array| array.means.part == ArrayPart::Whole && array.means.is_rows();
                let mut called: Vec<&&Array> = several_found.iter().filter(named).collect();
                if called.is_empty() {
                    called = several_found
                        .iter()
                        .filter(|array| !array.means.is_labels())
                        .collect();
                }
                let [only] = called[..] else {
                    return Err(Error::new(
                        ErrorKind::Data,
                        "it is not clear which array holds the rows",
                    )
                    .expected(several)
                    .found(listed_names(&self.arrays, Array::described))
                    .hint(format!(
                        "take one: {}:{}",
                        self.file,
                        excerpt(&several_found[0].name)
                    )));
                };
                let others: Vec<_> = several_found
                    .iter()
                    .filter(|array| array.name != only.name)
                    .collect();
                let others = listed_names(&others, |array| array.described());
                (
                    *only,
                    Some(format!(
                        "the rows are `{}`; left out: {others}",
                        excerpt(&only.name)
                    )),
                )
            }
        };
        let only = only.name.clone();
        let mut part = self.read(archive, &only, label, String::new(), self.options)?;
        part.0.notes.extend(note);
        self.source(vec![part], &[])
    }

    /// Rows for training, and for testing if there are any. Validation rows are left out, with a note.
    fn parts(&self, archive: &mut Archive, train: &str) -> Result<Source> {
        let label = self.label(archive, ArrayPart::Train, train)?;
        let rows = self.read(archive, train, label, format!(", {train}"), self.options)?;
        // The means of the training rows also fill the test rows.
        let fill = rows.0.fill.clone();
        let options = ReadOptions {
            fill: self.options.fill.clone().or(fill),
            ..self.options.clone()
        };
        let mut parts = vec![rows];
        if let Some(test) = self.rows_of(ArrayPart::Test)? {
            let label = self.label(archive, ArrayPart::Test, &test)?;
            parts.push(self.read(archive, &test, label, format!(", {test}"), &options)?);
        }
        if let (Ok(Some(name)), Some((data, _))) =
            (self.rows_of(ArrayPart::Validation), parts.first_mut())
        {
            let shape = self.array(&name).map(|array| array.header.shape.as_slice());
            let rows = shape
                .and_then(<[usize]>::first)
                .copied()
                .unwrap_or_default();
            data.notes.push(format!(
                "the {rows} rows of `{}` are left out; `{}:{name}` reads them, for example for {}",
                excerpt(&name),
                self.file,
                setting(Setting::Validation)
            ));
        }
        self.source(parts, &[])
    }

    fn array(&self, name: &str) -> Option<&Array> {
        self.arrays.iter().find(|array| array.name == name)
    }

    /// The rows of a part, by their name; the most typical name is preferred.
    fn rows_of(&self, part: ArrayPart) -> Result<Option<String>> {
        let of_part = || self.arrays.iter().filter(|array| array.means.part == part);
        let may_be = |array: &&Array| array.has(ArrayHeader::may_be_rows);
        let mut found: Vec<&Array> = of_part().filter(|array| array.means.is_rows()).collect();
        if found.is_empty() {
            found = of_part()
                .filter(may_be)
                .filter(|array| array.means.stem.is_empty())
                .collect();
        }
        if found.is_empty() {
            found = of_part()
                .filter(may_be)
                .filter(|array| !array.means.is_labels())
                .collect();
        }
        match &found[..] {
            [] => Ok(None),
            [only] => Ok(Some(only.name.clone())),
            [first, ..] => Err(Error::new(
                ErrorKind::Data,
                "it is not clear which array holds the rows",
            )
            .expected("one array of rows for each part, as x_train and x_test")
            .found(listed_names(&found, |array| array.described()))
            .hint(format!("take one: {}:{}", self.file, excerpt(&first.name)))),
        }
    }

    /// The array with the labels of a part: the one that the options name, or one with a typical name.
    fn label(&self, archive: &Archive, part: ArrayPart, rows: &str) -> Result<Option<Label>> {
        let label = |array: &Array, is_asked: bool| Label {
            name: array.name.clone(),
            is_asked,
            is_integer: array.has(|header| match &header.content {
                ArrayContent::Numbers(element) => element.is_integer(),
                _ => false,
            }),
        };
        let Some(asked) = &self.options.label else {
            let of = |stem: &str| {
                let mut arrays = self.arrays.iter();
                arrays.find(|array| {
                    array.means.part == part
                        && array.means.stem == stem
                        && array.name != rows
                        && array.has(ArrayHeader::is_a_value_a_row)
                })
            };
            return Ok(LABELS
                .iter()
                .find_map(|stem| of(stem))
                .map(|array| label(array, false)));
        };
        let stem = Name::of(asked).stem;
        let of_part = |array: &&Array| {
            array.means.part == part && array.means.stem == stem && array.name != rows
        };
        let found = self
            .arrays
            .iter()
            .find(of_part)
            .or_else(|| self.array(asked));
        match found {
            Some(array) if array.header.is_a_value_a_row() => Ok(Some(label(array, true))),
            Some(array) => {
                let load = archive.load(&array.name);
                let place = format!("array `{}`", excerpt(&array.name));
                Err(super::array::no_labels(&array.header, &load).at(place))
            }
            None => {
                let what = format!("there is no array `{}` of labels", excerpt(asked));
                Err(suggested(
                    Error::new(ErrorKind::Data, what),
                    asked,
                    &archive.names,
                ))
            }
        }
    }

    /// Rows with their labels, if these fit.
    fn read(
        &self,
        archive: &mut Archive,
        name: &str,
        label: Option<Label>,
        part: String,
        options: &ReadOptions,
    ) -> Result<(Dataset, Option<Labels>)> {
        let mut data = archive.rows(name, options, &format!("{}{part}", self.spec))?;
        let Some(label) = label else {
            data.notes.extend(self.not_labels(name));
            return Ok((data, None));
        };
        match archive.labels(&label.name, data.rows()) {
            Ok(labels) => Ok((data, Some(labels))),
            // An array that only has a name of labels may be something else.
            Err(error)
                if error.kind() == ErrorKind::Data
                    && !label.is_asked
                    && (!label.is_integer || self.spec != self.file) =>
            {
                data.notes.push(format!(
                    "ignored `{}` as labels: {error}",
                    excerpt(&label.name)
                ));
                Ok((data, None))
            }
            Err(error) => Err(error.hint(format!(
                "these are labels for the rows of `{}`; `{}:ARRAY` takes the rows of another array",
                excerpt(name),
                self.file
            ))),
        }
    }

    /// A note about an array whose name suggests labels of these rows, but which cannot be labels.
    fn not_labels(&self, rows: &str) -> Option<String> {
        let part = Name::of(rows).part;
        let array = self.arrays.iter().find(|array| {
            array.means.part == part && array.means.is_labels() && array.name != rows
        })?;
        let name = excerpt(&array.name);
        Some(match &array.header.content {
            ArrayContent::Foreign(ForeignArray::Objects) => format!(
                "ignored `{name}` as labels: it holds Python objects (in Python: `{name}.astype(str)`)"
            ),
            _ => format!(
                "ignored `{name}` as labels: it holds {}, and labels are one number or word a row",
                array.header.described()
            ),
        })
    }

    /// The parts as a source; `others` are labels of parts that are not read.
    fn source(&self, parts: Vec<(Dataset, Option<Labels>)>, others: &[Labels]) -> Result<Source> {
        let mut parts = labels::give(parts, others)?.into_iter();
        let nothing = || Error::new(ErrorKind::Data, "there is no array of rows");
        let train = parts.next().ok_or_else(nothing)?;
        Source::new(train, parts.next()).map_err(|error| {
            error.hint(format!(
                "training and test rows must be alike; `{}:train` takes the training rows alone",
                self.file
            ))
        })
    }

    /// The error if there are no rows. For a single array it is the reason of this array.
    fn no_rows(&self, archive: &mut Archive) -> Error {
        let called = |array: &&Array| array.means.is_rows();
        let only = match &self.arrays[..] {
            [only] => Some(only),
            arrays => arrays.iter().find(called),
        };
        if let Some(array) = only
            && let Err(error) = archive.rows(&array.name, self.options, self.spec)
        {
            return error;
        }
        let found = match &self.arrays[..] {
            [] => "no arrays".into(),
            arrays => listed_names(arrays, Array::described),
        };
        Error::new(ErrorKind::Data, "there is no array of rows")
            .expected("an array of 2 to 4 dimensions")
            .found(found)
    }
}
