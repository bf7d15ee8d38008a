//! Many files as one table: columns are matched by name, and the files are read one after the other.

use super::column::{As, Block, Cells, FileColumn, Place, TableReader, Texts, Verdict};
use super::fault::{Fault, Mend, OnFault};
use super::options::ReadOptions;
use super::schema::ColumnKind;
use crate::text::{counted, first_of, list_shortly};
use crate::{Error, ErrorKind, Result};
use std::collections::{HashMap, HashSet};
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
    /// For each part the place of each column in it, if it has the column; the columns of keys lie behind those of the
    /// file. None for a part that is left out.
    places: Vec<Option<Vec<Option<usize>>>>,
    /// What was found when the files were looked for.
    found: Vec<String>,
    notes: Vec<String>,
    faults: Vec<Fault>,
    options: ReadOptions,
    on_fault: OnFault,
}

impl Several {
    /// The columns are those that all files have, in any order; `found` is said of the files before all else. A column
    /// of numbers that only some have is refused, unless an option leaves it out.
    pub(super) fn new(
        name: String,
        parts: Vec<Part>,
        found: Vec<String>,
        options: &ReadOptions,
        on_fault: OnFault,
    ) -> Result<Self> {
        let mut several = Several {
            name,
            parts,
            columns: Vec::new(),
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

    /// Puts the columns of all files together.
    fn join(&mut self) -> Result<()> {
        self.notes.clear();
        self.faults.clear();
        if self.parts.is_empty() {
            return Err(Error::new(ErrorKind::Data, "there are no files").at(&self.name));
        }
        let columns: Vec<Vec<(usize, FileColumn)>> = self
            .parts
            .iter()
            .map(|part| self.columns_of(part))
            .collect();
        self.note_keys_in_files();
        let is_read = self.read_parts(&columns)?;
        let all = union(&columns, &is_read);
        let by_name: Vec<HashMap<&str, Vec<&(usize, FileColumn)>>> =
            columns.iter().map(|columns| by_name(columns)).collect();
        self.columns.clear();
        self.places = is_read
            .iter()
            .map(|is_read| is_read.then(Vec::new))
            .collect();
        for (name, nth) in all {
            let of_part = by_name.iter().map(|known| known.get(&*name));
            let places: Vec<Option<&(usize, FileColumn)>> =
                of_part.map(|same| same?.get(nth).copied()).collect();
            let of_read = || places.iter().zip(&is_read).filter(|(_, is_read)| **is_read);
            let is_in_all = of_read().all(|(place, _)| place.is_some());
            // An option may leave out a column only where there is one of its name.
            let is_dropped = self.options.drop.contains(&name);
            if !is_in_all && !is_dropped {
                self.refuse_lack(&name, &places, &is_read)?;
                continue;
            }
            self.join_column(&places, &is_read)?;
        }
        self.note_left_out(&columns, &is_read);
        Ok(())
    }

    /// The columns of a file with their places, and behind them those of its keys, but those that the file has too.
    fn columns_of(&self, part: &Part) -> Vec<(usize, FileColumn)> {
        let in_file = part.reader.columns();
        let keys = part.keys.iter().map(|(name, value)| FileColumn {
            name: name.clone(),
            kind: kind_of(value),
            unit: None,
        });
        let is_new = |key: &FileColumn| in_file.iter().all(|column| column.name != key.name);
        let all = in_file.iter().cloned().chain(keys).enumerate();
        all.filter(|(place, column)| *place < in_file.len() || is_new(column))
            .collect()
    }

    fn note_keys_in_files(&mut self) {
        let mut notes = Vec::new();
        for part in &self.parts {
            for (key, value) in &part.keys {
                let in_file = part.reader.columns();
                let is_said = |note: &String| note.starts_with(&format!("`{key}` "));
                if in_file.iter().any(|column| column.name == *key) && !notes.iter().any(is_said) {
                    notes.push(format!(
                        "`{key}` is a column of {} and a key of its folder ({key}={value}): the column is taken",
                        part.name
                    ));
                }
            }
        }
        self.notes.extend(notes);
    }

    /// Which parts are read: all that have a column that all others have. Where there is no such column, most files
    /// are described and the rest is told as a fault.
    fn read_parts(&mut self, columns: &[Vec<(usize, FileColumn)>]) -> Result<Vec<bool>> {
        let names: Vec<Vec<&str>> = columns
            .iter()
            .map(|columns| {
                columns
                    .iter()
                    .map(|(_, column)| column.name.as_str())
                    .collect()
            })
            .collect();
        let first = names.first().map_or(&[][..], Vec::as_slice);
        let is_common = |name: &&str| names.iter().all(|names| names.contains(name));
        if first.is_empty() || first.iter().any(is_common) {
            return Ok(vec![true; names.len()]);
        }
        let shares = |a: &[&str], b: &[&str]| a.iter().any(|name| b.contains(name));
        let like = |these: &[&str]| names.iter().filter(|other| shares(these, other)).count();
        // The first that is like most others.
        let mut usual = 0;
        for (index, these) in names.iter().enumerate() {
            if like(these) > names.get(usual).map_or(0, |usual| like(usual)) {
                usual = index;
            }
        }
        let Some(usual_names) = names.get(usual) else {
            return Ok(Vec::new());
        };
        let is_read: Vec<bool> = names
            .iter()
            .map(|names| usual_names.iter().all(|name| names.contains(name)))
            .collect();
        for ((part, names), is_read) in self.parts.iter().zip(&names).zip(&is_read) {
            if *is_read {
                continue;
            }
            let lacked = usual_names.iter().find(|name| !names.contains(name));
            let is_numbered = names.iter().all(|name| name.parse::<f64>().is_ok());
            let error = Error::new(ErrorKind::Data, "the files differ in their columns")
                .at(&*part.name)
                .expected(format!(
                    "the column `{}`, as in {}",
                    lacked.unwrap_or(&""),
                    self.parts.get(usual).map_or("", |part| &part.name)
                ))
                .found(list_shortly(names))
                .hint(match is_numbered {
                    true => "it seems to have no header: give it one, or give files of one kind",
                    false => "give files with the same columns, or one file at a time",
                });
            match self.on_fault {
                OnFault::Refuse => return Err(error),
                OnFault::Tell => self.faults.push(Fault {
                    sentence: format!("{error}; it is left out of this description"),
                    mend: None,
                }),
            }
        }
        Ok(is_read)
    }

    /// Refuses a column that some of the files lack, if training would take it.
    fn refuse_lack(
        &mut self,
        name: &str,
        places: &[Option<&(usize, FileColumn)>],
        is_read: &[bool],
    ) -> Result<()> {
        let is_numeric = places
            .iter()
            .flatten()
            .any(|(_, column)| column.kind.is_numeric());
        if !self.takes(name, is_numeric) {
            return Ok(());
        }
        let find = |is_there: bool| {
            let mut all = self.parts.iter().zip(places).zip(is_read);
            all.find(|((_, place), is_read)| **is_read && place.is_some() == is_there)
                .map_or("", |((part, _), _)| &*part.name)
        };
        let error = Error::new(ErrorKind::Data, "the files differ in their columns")
            .at(find(false))
            .expected(format!("the column `{name}`, as in {}", find(true)))
            .hint(format!(
                "leave it out with {}, or give files with the same columns",
                drop_of(name)
            ));
        self.fault(error, Mend::Drop(name.to_string()))
    }

    fn fault(&mut self, error: Error, mend: Mend) -> Result<()> {
        match self.on_fault {
            OnFault::Refuse => Err(error),
            OnFault::Tell => {
                self.faults.push(Fault {
                    sentence: error.to_string(),
                    mend: Some(mend),
                });
                Ok(())
            }
        }
    }

    /// Whether training takes a column, as the options say.
    fn takes(&self, name: &str, is_numeric: bool) -> bool {
        let ReadOptions {
            columns,
            drop,
            label,
            ids,
            model_columns,
            ..
        } = &self.options;
        let has = |names: &[String]| names.iter().any(|known| known == name);
        if has(drop) {
            return false;
        }
        if has(ids) || label.as_deref() == Some(name) || has(columns) {
            return true;
        }
        match model_columns {
            _ if !columns.is_empty() => false,
            Some(model) => has(model),
            None => is_numeric,
        }
    }

    /// Adds a column that is read of each part that has it.
    fn join_column(
        &mut self,
        places: &[Option<&(usize, FileColumn)>],
        is_read: &[bool],
    ) -> Result<()> {
        let mut joined: Option<(FileColumn, Arc<str>)> = None;
        let all = self.parts.iter().zip(places).zip(is_read);
        let of_read: Vec<(Arc<str>, FileColumn)> = all
            .filter(|(_, is_read)| **is_read)
            .filter_map(|((part, place), _)| Some((part.name.clone(), place.as_ref()?.1.clone())))
            .collect();
        for (file, other) in of_read {
            let Some((column, first)) = &mut joined else {
                joined = Some((other, file));
                continue;
            };
            if column.unit != other.unit
                && column.kind.is_numeric()
                && other.kind.is_numeric()
                && self.takes(&other.name, true)
            {
                let unit = |column: &FileColumn| match &column.unit {
                    Some(unit) => format!("the unit {unit}"),
                    None => "no unit".to_string(),
                };
                let what = format!(
                    "the files differ in the unit of the column `{}`",
                    column.name
                );
                let error = Error::new(ErrorKind::Data, what)
                    .at(&*file)
                    .expected(format!("{}, as in {first}", unit(column)))
                    .found(unit(&other))
                    .hint(format!(
                        "write it in one unit in all files, or leave it out with {}",
                        drop_of(&column.name)
                    ));
                let mend = Mend::Drop(column.name.clone());
                if !self
                    .faults
                    .iter()
                    .any(|fault| fault.mend.as_ref() == Some(&mend))
                {
                    self.fault(error, mend)?;
                }
            }
            // The unit is that of the first file with values.
            if column.kind == ColumnKind::Empty {
                (column.unit, *first) = (other.unit.clone(), file.clone());
            }
            join_kinds(column, &other, &file, &mut self.notes);
        }
        self.columns.extend(joined.map(|(column, _)| column));
        for (of_part, place) in self.places.iter_mut().zip(places) {
            if let Some(of_part) = of_part {
                of_part.push(place.map(|(place, _)| *place));
            }
        }
        Ok(())
    }

    /// Says which columns are left out as some files lack them.
    fn note_left_out(&mut self, columns: &[Vec<(usize, FileColumn)>], is_read: &[bool]) {
        let is_told = |name: &str| {
            self.faults
                .iter()
                .any(|fault| matches!(&fault.mend, Some(Mend::Drop(told)) if told == name))
        };
        let kept: HashSet<&str> = self.columns.iter().map(|c| c.name.as_str()).collect();
        let mut notes = Vec::new();
        for ((part, columns), is_read) in self.parts.iter().zip(columns).zip(is_read) {
            let more: Vec<&str> = columns
                .iter()
                .map(|(_, column)| column.name.as_str())
                .filter(|name| *is_read && !kept.contains(name) && !is_told(name))
                .collect();
            if !more.is_empty() {
                notes.push(format!(
                    "{} of {} left out, which other files do not have: {}",
                    counted(more.len(), "column", "columns"),
                    part.name,
                    list_shortly(&more)
                ));
            }
        }
        self.notes.extend(notes);
    }
}

/// The columns of a part that have each name.
fn by_name(columns: &[(usize, FileColumn)]) -> HashMap<&str, Vec<&(usize, FileColumn)>> {
    let mut known: HashMap<&str, Vec<&(usize, FileColumn)>> = HashMap::new();
    for column in columns {
        known.entry(&column.1.name).or_default().push(column);
    }
    known
}

/// The columns of all parts that are read, by name, and the place among those of one name.
fn union(columns: &[Vec<(usize, FileColumn)>], is_read: &[bool]) -> Vec<(String, usize)> {
    let mut known: HashMap<&str, usize> = HashMap::new();
    let mut all = Vec::new();
    for (columns, _) in columns.iter().zip(is_read).filter(|(_, is_read)| **is_read) {
        let mut counts: HashMap<&str, usize> = HashMap::new();
        for (_, column) in columns {
            let count = counts.entry(&column.name).or_default();
            let known = known.entry(&column.name).or_default();
            if *count == *known {
                all.push((column.name.clone(), *count));
                *known += 1;
            }
            *count += 1;
        }
    }
    all
}

/// The option that leaves a column out.
fn drop_of(name: &str) -> String {
    format!("`--drop {}`", crate::text::for_shell(name))
}

/// What the value of a key is, as in a file.
fn kind_of(value: &str) -> ColumnKind {
    let is_number = value.parse::<f64>().is_ok_and(f64::is_finite);
    let lower = value.to_ascii_lowercase();
    match lower.as_str() {
        "" => ColumnKind::Empty,
        "true" | "false" | "yes" | "no" => ColumnKind::Boolean,
        _ if value.parse::<i64>().is_ok() => ColumnKind::Integer,
        _ if is_number => ColumnKind::Float,
        _ => ColumnKind::Text,
    }
}

/// The cells of a key's column: the same value in all rows.
fn cells_of(value: &str, how: As, rows: usize) -> Cells {
    if how != As::Numbers {
        let mut texts = Texts::default();
        (0..rows).for_each(|_| texts.push(value));
        return Cells::Texts(texts);
    }
    match (kind_of(value), value.parse::<i64>(), value.parse::<f64>()) {
        (ColumnKind::Boolean, ..) => {
            let is_true = value.to_ascii_lowercase().starts_with(['t', 'y']);
            Cells::Integers(vec![i64::from(is_true); rows], None)
        }
        (_, Ok(number), _) => Cells::Integers(vec![number; rows], None),
        (ColumnKind::Float, _, Ok(number)) => Cells::Floats(vec![number; rows]),
        // Missing, of whole numbers as of others.
        _ => Cells::Integers(vec![0; rows], Some(vec![true; rows])),
    }
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
        // The files by how they are read.
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
            // The rest are those of the first group.
            let named = match index {
                0 => String::new(),
                _ => format!(" ({})", first_of(files)),
            };
            format!("{}: {how}{named}", count(files.len()))
        });
        let groups: Vec<String> = groups.collect();
        Some(format!("{all}: {}", groups.join("; ")))
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
        let own = self.found.iter().chain(&self.notes).cloned();
        own.chain(of_parts).collect()
    }

    fn faults(&self) -> Vec<Fault> {
        let all: Vec<Vec<Fault>> = self.parts.iter().map(|part| part.reader.faults()).collect();
        let mends = |faults: &[Fault]| -> Vec<Option<Mend>> {
            faults.iter().map(|fault| fault.mend.clone()).collect()
        };
        let first = all.first().map(|faults| mends(faults));
        // Options hold for every file: what mends one would do harm to another.
        let is_common = all.iter().all(|faults| Some(mends(faults)) == first);
        let of_parts = self.parts.iter().zip(all).flat_map(|(part, faults)| {
            faults.into_iter().map(|fault| {
                let Fault { sentence, mend } = fault;
                let but = match &mend {
                    Some(_) if !is_common => "; but options hold for all files: mend this one",
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
    // The place of each of the file's own columns among those that are wanted.
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
        place: Place::In(Arc::clone(name), Box::new(within)),
    }
}
