//! Many files as one table: columns are matched by name, and the files are read one after the other.

mod join;
mod keys;

use super::column::{As, Block, BlockPlace, FileColumns, TableReader, Verdict};
use super::fault::{Fault, Mend, OnFault};
use super::options::{ReadOptions, TextOptions};
use crate::text::{counted, first_of, list_shortly};
use crate::{Error, ErrorKind, Result};
use keys::cells_of;
use std::sync::Arc;

/// One of the files.
pub(super) struct MemberFile {
    /// Its name in messages.
    pub(super) name: Arc<str>,
    /// The keys from its folders (`year=2024`), which become columns with one value in all of its rows.
    pub(super) keys: Vec<(String, String)>,
    pub(super) reader: Box<dyn TableReader>,
}

/// Many files as one table.
pub(super) struct Several {
    name: String,
    parts: Vec<MemberFile>,
    columns: FileColumns,
    /// For each part the place of each column in it, if it has the column; the columns of keys come after the
    /// columns of the file. `None` for a part that is left out.
    places: Vec<Option<Vec<Option<usize>>>>,
    /// Notes on the search for the files.
    found: Vec<String>,
    notes: Vec<String>,
    faults: Vec<Fault>,
    options: ReadOptions,
    on_fault: OnFault,
}

impl Several {
    /// The table has the columns that all files have, in any order; the notes `found` come first. A column of numbers
    /// that only some files have is refused, unless an option leaves it out.
    pub(super) fn new(
        name: String,
        parts: Vec<MemberFile>,
        found: Vec<String>,
        options: &ReadOptions,
        on_fault: OnFault,
    ) -> Result<Self> {
        let mut several = Several {
            name,
            parts,
            columns: FileColumns::default(),
            places: Vec::new(),
            found,
            notes: Vec::new(),
            faults: Vec::new(),
            options: options.clone(),
            on_fault,
        };
        several.join()?;
        Ok(several)
    }
}

impl TableReader for Several {
    fn name(&self) -> &str {
        &self.name
    }

    fn columns(&self) -> &FileColumns {
        &self.columns
    }

    fn how(&self) -> Option<String> {
        // The files, grouped by how they are read.
        let mut groups: Vec<(String, Vec<&str>)> = Vec::new();
        for part in &self.parts {
            let how = part.reader.how()?;
            match groups.iter_mut().find(|(known, _)| *known == how) {
                Some((_, files)) => files.push(&part.name),
                None => groups.push((how, vec![&part.name])),
            }
        }
        let count = |files: usize| counted(files, "file", "files");
        let all = format!("{} as one table", count(self.parts.len()));
        if let [(how, files)] = &groups[..] {
            let each = if files.len() > 1 { ", each" } else { "" };
            return Some(format!("{all}{each}: {how}"));
        }
        groups.sort_by_key(|(_, files)| std::cmp::Reverse(files.len()));
        let groups = groups.iter().enumerate().map(|(index, (how, files))| {
            // The rest belongs to the first group.
            let named = match index {
                0 => String::new(),
                _ => format!(" ({})", first_of(files)),
            };
            format!("{}: {how}{named}", count(files.len()))
        });
        let groups: Vec<String> = groups.collect();
        Some(format!("{all}: {}", groups.join("; ")))
    }

    fn resolved(&self) -> Option<TextOptions> {
        // The first file decides for the others, and for the later rows of a model.
        let first = self.parts.first()?.reader.resolved()?;
        Some(self.options.text.clone().like(&first))
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
        // A note about every file is printed only once.
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
        let own = self.found.iter().chain(&self.notes).cloned();
        own.chain(of_parts).collect()
    }

    fn faults(&self) -> Vec<Fault> {
        let all: Vec<Vec<Fault>> = self.parts.iter().map(|part| part.reader.faults()).collect();
        let mends = |faults: &[Fault]| -> Vec<Option<Mend>> {
            faults.iter().map(|fault| fault.mend.clone()).collect()
        };
        let first = all.first().map(|faults| mends(faults));
        // Options apply to every file: a change that is right for one file could be wrong for another.
        let is_common = all.iter().all(|faults| Some(mends(faults)) == first);
        let of_parts = self.parts.iter().zip(all).flat_map(|(part, faults)| {
            faults.into_iter().map(|fault| {
                let Fault { sentence, mend } = fault;
                let but = match &mend {
                    Some(_) if !is_common => "; but options are for all files: correct this file",
                    _ => "",
                };
                Fault {
                    sentence: format!("{}: {sentence}{but}", part.name),
                    mend: mend.filter(|_| is_common),
                }
            })
        });
        self.faults.iter().cloned().chain(of_parts).collect()
    }

    fn read(
        &mut self,
        wanted: &[(usize, As)],
        each: &mut dyn FnMut(Block) -> Result<()>,
    ) -> Result<Verdict> {
        let mut verdict = Verdict::Done;
        for (part, places) in self.parts.iter_mut().zip(&self.places) {
            let Some(places) = places else { continue };
            let in_file = part.reader.columns().len();
            let place = |column: usize| places.get(column).copied().flatten();
            let own: Vec<(usize, As)> = wanted
                .iter()
                .filter_map(|&(column, how)| Some((place(column)?, how)))
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
        let before = self.columns.clone();
        self.join()?;
        Ok(match verdict {
            // The last rows of a file may decide the type of a column of all files.
            Verdict::Done if self.columns != before => Verdict::Again,
            verdict => verdict,
        })
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
    place: &dyn Fn(usize) -> Option<usize>,
    keys: &[(String, String)],
    name: &Arc<str>,
) -> Block {
    let Block {
        rows,
        columns,
        mut bad,
        odd,
        place: within,
    } = block;
    let mut own = columns.into_iter();
    // The index of each of the file's own columns among the requested columns.
    let mut of_own = Vec::new();
    let mut all = Vec::with_capacity(wanted.len());
    for (index, &(column, how)) in wanted.iter().enumerate() {
        let place = place(column);
        if place.is_some_and(|place| place < in_file) {
            of_own.push(index);
            all.extend(own.next());
            continue;
        }
        let key = place.and_then(|place| keys.get(place - in_file));
        let value = key.map_or("", |(_, value)| value);
        all.push(cells_of(value, how, rows));
    }
    for cell in &mut bad {
        cell.column = of_own.get(cell.column).copied().unwrap_or(cell.column);
    }
    Block {
        rows,
        columns: all,
        bad,
        odd,
        place: BlockPlace::In(Arc::clone(name), Box::new(within)),
    }
}
