//! Many files as one table: columns are matched by name, and the files are read one after the other.

use super::column::{As, Block, Cells, FileColumn, Place, TableReader, Texts, Verdict};
use super::fault::Fault;
use super::schema::ColumnKind;
use crate::text::{counted, list_shortly};
use crate::{Error, ErrorKind, Result};
use std::collections::HashMap;
use std::sync::Arc;

/// One of the files.
pub(super) struct Part {
    /// What messages call it.
    pub(super) name: Arc<str>,
    /// What the folders that it lies in say of all of its rows (`year=2024`): a column each.
    pub(super) keys: Vec<(String, String)>,
    pub(super) reader: Box<dyn TableReader>,
}

/// Many files as one table.
pub(super) struct Several {
    name: String,
    parts: Vec<Part>,
    columns: Vec<FileColumn>,
    /// For each part the place of each column in it; the columns of keys lie behind those of the file.
    places: Vec<Vec<usize>>,
    notes: Vec<String>,
}

impl Several {
    /// The columns are those of the first file; every other file must have them too, in any order.
    pub(super) fn new(name: String, parts: Vec<Part>) -> Result<Self> {
        let mut several = Several {
            name,
            parts,
            columns: Vec::new(),
            places: Vec::new(),
            notes: Vec::new(),
        };
        several.join()?;
        Ok(several)
    }

    /// Puts the columns of all files together.
    fn join(&mut self) -> Result<()> {
        let Some(first) = self.parts.first() else {
            return Err(Error::new(ErrorKind::Data, "there are no files").at(&self.name));
        };
        let mut columns = columns_of(first);
        let mut places = Vec::new();
        let mut notes = Vec::new();
        for part in &self.parts {
            let of_part = columns_of(part);
            let mut known: HashMap<&str, Vec<usize>> = HashMap::new();
            for (place, column) in of_part.iter().enumerate().rev() {
                known.entry(&column.name).or_default().push(place);
            }
            let mut of_columns = Vec::with_capacity(columns.len());
            for column in &mut columns {
                let Some(place) = known.get_mut(column.name.as_str()).and_then(Vec::pop) else {
                    let names: Vec<&str> = of_part.iter().map(|c| c.name.as_str()).collect();
                    return Err(
                        Error::new(ErrorKind::Data, "the files differ in their columns")
                            .at(&*part.name)
                            .expected(format!(
                                "the column `{}`, as in {}",
                                column.name, first.name
                            ))
                            .found(list_shortly(&names))
                            .hint("give files with the same columns, or one file at a time"),
                    );
                };
                join_kinds(column, &of_part[place], &part.name, &mut notes);
                of_columns.push(place);
            }
            let more: Vec<&str> = known
                .iter()
                .filter(|(_, left)| !left.is_empty())
                .map(|(name, _)| *name)
                .collect();
            if !more.is_empty() {
                notes.push(format!(
                    "{} of {} left out, which the first file does not have: {}",
                    counted(more.len(), "column is", "columns are"),
                    part.name,
                    list_shortly(&more)
                ));
            }
            places.push(of_columns);
        }
        self.notes = notes;
        self.columns = columns;
        self.places = places;
        Ok(())
    }
}

/// The columns of a file, and behind them those of its keys.
fn columns_of(part: &Part) -> Vec<FileColumn> {
    let keys = part.keys.iter().map(|(name, value)| FileColumn {
        name: name.clone(),
        kind: match value.parse::<i64>() {
            Ok(_) => ColumnKind::Integer,
            Err(_) => ColumnKind::Text,
        },
        unit: None,
    });
    part.reader.columns().iter().cloned().chain(keys).collect()
}

/// What a column holds in all files.
fn join_kinds(column: &mut FileColumn, other: &FileColumn, file: &str, notes: &mut Vec<String>) {
    use ColumnKind::{Boolean, Empty, Float, Float32, Integer, Text};
    let joined = match (column.kind, other.kind) {
        (a, b) if a == b => a,
        (Empty, kind) | (kind, Empty) => kind,
        (Integer | Float | Float32, Integer | Float | Float32) => Float,
        (Boolean, Integer) | (Integer, Boolean) => Integer,
        (Boolean, Float | Float32) | (Float | Float32, Boolean) => Float,
        _ => Text,
    };
    if joined == Text && column.kind != Text {
        notes.push(format!(
            "the column `{}` holds {} in the first files, and {} in {file}: it counts as words",
            column.name,
            column.kind.words(),
            other.kind.words()
        ));
    }
    if column.unit != other.unit && joined.is_numeric() && other.kind != Empty {
        let unit = |unit: &Option<String>| unit.clone().unwrap_or_else(|| "none".into());
        notes.push(format!(
            "the column `{}` has another unit in {file}: {}, not {}",
            column.name,
            unit(&other.unit),
            unit(&column.unit)
        ));
    }
    column.kind = joined;
}

impl TableReader for Several {
    fn name(&self) -> &str {
        &self.name
    }

    fn columns(&self) -> &[FileColumn] {
        &self.columns
    }

    fn how(&self) -> Option<String> {
        let hows: Vec<Option<String>> = self.parts.iter().map(|part| part.reader.how()).collect();
        let files = format!(
            "{} as one table",
            counted(self.parts.len(), "file", "files")
        );
        match &hows[..] {
            [Some(first), rest @ ..] if rest.iter().all(|how| how.as_ref() == Some(first)) => {
                Some(format!("{files}, each: {first}"))
            }
            _ => Some(files),
        }
    }

    fn lists(&self) -> Vec<(String, Vec<String>)> {
        let first = self.parts.first();
        first.map_or(Vec::new(), |part| part.reader.lists())
    }

    fn notes(&self) -> Vec<String> {
        let of_parts = self.parts.iter().flat_map(|part| {
            let notes = part.reader.notes().into_iter();
            notes.map(move |note| (note, &part.name))
        });
        // What is said of every file is said once.
        let mut said: Vec<(String, Vec<&str>)> = Vec::new();
        for (note, file) in of_parts {
            match said.iter_mut().find(|(known, _)| *known == note) {
                Some((_, files)) => files.push(file),
                None => said.push((note, vec![file])),
            }
        }
        let all = self.parts.len();
        let of_parts = said.into_iter().map(|(note, files)| match files.len() {
            count if count == all => format!("in each file: {note}"),
            _ => format!("{}: {note}", list_shortly(&files)),
        });
        self.notes.iter().cloned().chain(of_parts).collect()
    }

    fn faults(&self) -> Vec<Fault> {
        let all: Vec<Vec<Fault>> = self.parts.iter().map(|part| part.reader.faults()).collect();
        let mends = |faults: &[Fault]| faults.iter().map(|fault| fault.mend).collect::<Vec<_>>();
        let first = all.first().map(|faults| mends(faults));
        // Options hold for every file: what mends one would do harm to another.
        let is_common = all.iter().all(|faults| Some(mends(faults)) == first);
        let of_parts = self.parts.iter().zip(all).flat_map(|(part, faults)| {
            faults.into_iter().map(|fault| {
                let Fault { sentence, mend } = fault;
                let but = match mend {
                    Some(_) if !is_common => "; but options hold for all files: mend this one",
                    _ => "",
                };
                Fault {
                    sentence: format!("{}: {sentence}{but}", part.name),
                    mend: mend.filter(|_| is_common),
                }
            })
        });
        of_parts.collect()
    }

    fn read(
        &mut self,
        wanted: &[(usize, As)],
        each: &mut dyn FnMut(Block) -> Result<()>,
    ) -> Result<Verdict> {
        let mut verdict = Verdict::Done;
        for (part, places) in self.parts.iter_mut().zip(&self.places) {
            let in_file = part.reader.columns().len();
            let place = |column: usize| places.get(column).copied().unwrap_or(usize::MAX);
            let own: Vec<(usize, As)> = wanted
                .iter()
                .map(|&(column, how)| (place(column), how))
                .filter(|(place, _)| *place < in_file)
                .collect();
            let (name, keys) = (&part.name, &part.keys);
            let read = part.reader.read(&own, &mut |block| {
                each(completed(block, wanted, in_file, &place, keys, name))
            });
            match read.map_err(|error| at_file(error, name))? {
                Verdict::Done => {}
                Verdict::Again => {
                    verdict = Verdict::Again;
                    break;
                }
            }
        }
        if verdict == Verdict::Again {
            self.join()?;
        }
        Ok(verdict)
    }
}

fn at_file(error: Error, name: &str) -> Error {
    match error.place() {
        Some(place) if place.contains(name) => error,
        _ if error.kind() == ErrorKind::Interrupted => error,
        _ => error.at(name),
    }
}

/// A block of one file with the columns of its keys, and with the file in its place.
fn completed(
    block: Block,
    wanted: &[(usize, As)],
    in_file: usize,
    place: &dyn Fn(usize) -> usize,
    keys: &[(String, String)],
    name: &Arc<str>,
) -> Block {
    let Block {
        rows,
        columns,
        mut bad,
        place: within,
    } = block;
    let mut own = columns.into_iter();
    // The place of each of the file's own columns among those that are wanted.
    let mut of_own = Vec::new();
    let mut all = Vec::with_capacity(wanted.len());
    for (index, &(column, how)) in wanted.iter().enumerate() {
        let place = place(column);
        if place < in_file {
            of_own.push(index);
            all.extend(own.next());
            continue;
        }
        let value = keys.get(place - in_file).map_or("", |(_, value)| value);
        all.push(match (how, value.parse::<i64>()) {
            (As::Numbers, Ok(number)) => Cells::Integers(vec![number; rows], None),
            (As::Numbers, Err(_)) => Cells::Floats(vec![f64::NAN; rows]),
            (As::Texts, _) => {
                let mut texts = Texts::default();
                (0..rows).for_each(|_| texts.push(value));
                Cells::Texts(texts)
            }
        });
    }
    for cell in &mut bad {
        cell.column = of_own.get(cell.column).copied().unwrap_or(cell.column);
    }
    Block {
        rows,
        columns: all,
        bad,
        place: Place::In(Arc::clone(name), Box::new(within)),
    }
}
