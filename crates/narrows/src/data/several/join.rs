//! Joins the columns of many files to the columns of one table: common columns, their types, and errors.

use super::keys::kind_of;
use super::{MemberFile, Several};
use crate::advice::{Setting, Settings, set};
use crate::data::column::{CellCounts, FileColumn};
use crate::data::fault::{Fault, Mend, OnFault};
use crate::data::options::ReadOptions;
use crate::data::schema::ColumnKind;
use crate::text::{counted, list_shortly};
use crate::{Error, ErrorKind, Result};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

impl Several {
    /// Joins the columns of all files.
    pub(super) fn join(&mut self) -> Result<()> {
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
        let mut joined = Vec::new();
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
            // An option may leave out a column only if its name is unique.
            let is_dropped = self.options.drop.contains(&name);
            if !is_in_all && !is_dropped {
                self.refuse_lack(&name, &places, &is_read)?;
                continue;
            }
            joined.extend(self.join_column(&places, &is_read)?);
        }
        self.columns = Arc::new(joined);
        self.note_left_out(&columns, &is_read);
        Ok(())
    }

    /// The columns of a file with their places, followed by the columns of its keys, except the keys that the file
    /// also has as columns.
    fn columns_of(&self, part: &MemberFile) -> Vec<(usize, FileColumn)> {
        let in_file = part.reader.columns();
        let keys = part.keys.iter().map(|(name, value)| FileColumn {
            name: name.as_str().into(),
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
                if in_file.iter().any(|column| *column.name == **key) && !notes.iter().any(is_said)
                {
                    notes.push(format!(
                        "`{key}` is a column of {} and a key of its folder ({key}={value}): the column is used",
                        part.name
                    ));
                }
            }
        }
        self.notes.extend(notes);
    }

    /// The parts that are read: all parts, if one column of the first occurs in all of them. Otherwise the parts that
    /// have all columns of the most typical part are described, and each other part is a fault.
    fn read_parts(&mut self, columns: &[Vec<(usize, FileColumn)>]) -> Result<Vec<bool>> {
        let names: Vec<Vec<&str>> = columns
            .iter()
            .map(|columns| columns.iter().map(|(_, column)| &*column.name).collect())
            .collect();
        let first = names.first().map_or(&[][..], Vec::as_slice);
        let is_common = |name: &&str| names.iter().all(|names| names.contains(name));
        if first.is_empty() || first.iter().any(is_common) {
            return Ok(vec![true; names.len()]);
        }
        let shares = |a: &[&str], b: &[&str]| a.iter().any(|name| b.contains(name));
        let like = |these: &[&str]| names.iter().filter(|other| shares(these, other)).count();
        // The first one that shares columns with the most others.
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
                .hint(if is_numbered {
                    "it seems to have no header: add the header, or give files of one kind"
                } else {
                    "give files with the same columns, or one file at a time"
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

    /// Refuses a column that some of the files lack, if training would use it.
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

    /// Whether training uses a column with these options.
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

    /// A column that is read from each part that has it.
    fn join_column(
        &mut self,
        places: &[Option<&(usize, FileColumn)>],
        is_read: &[bool],
    ) -> Result<Option<FileColumn>> {
        let mut joined: Option<(FileColumn, Arc<str>)> = None;
        let all = self.parts.iter().zip(places).zip(is_read);
        let of_read: Vec<(Arc<str>, FileColumn)> = all
            .filter(|(_, is_read)| **is_read)
            .filter_map(|((part, place), _)| Some((part.name.clone(), place.as_ref()?.1.clone())))
            .collect();
        let together = self.decide_together(places, is_read);
        for (file, mut other) in of_read {
            // Its cells of another type are unreadable, as in one file.
            if let Some(kind) = together.filter(|_| is_of_words(other.kind)) {
                other.kind = kind;
            }
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
                let mend = Mend::Drop(column.name.to_string());
                if !self
                    .faults
                    .iter()
                    .any(|fault| fault.mend.as_ref() == Some(&mend))
                {
                    self.fault(error, mend)?;
                }
            }
            // The column has the unit of the first file with values.
            if column.kind == ColumnKind::Empty {
                (column.unit, *first) = (other.unit.clone(), file.clone());
            }
            join_kinds(column, &other, &file, &mut self.notes);
        }
        for (of_part, place) in self.places.iter_mut().zip(places) {
            if let Some(of_part) = of_part {
                of_part.push(place.map(|(place, _)| *place));
            }
        }
        Ok(joined.map(|(column, _)| column))
    }

    /// The type of a column that holds words in some file, if the cells of all files show another type: at least half
    /// of them are numbers, or all are yes or no. `None` if the types of the files decide.
    fn decide_together(
        &mut self,
        places: &[Option<&(usize, FileColumn)>],
        is_read: &[bool],
    ) -> Option<ColumnKind> {
        let all = self.parts.iter_mut().zip(places).zip(is_read);
        let mut of_read: Vec<(&mut MemberFile, &(usize, FileColumn))> = all
            .filter(|(_, is_read)| **is_read)
            .filter_map(|((part, place), _)| Some((part, (*place)?)))
            .collect();
        if !of_read
            .iter()
            .any(|(_, (_, column))| is_of_words(column.kind))
        {
            return None;
        }
        let mut counts = CellCounts::default();
        for (part, (place, _)) in &of_read {
            counts.add(&part.reader.counts(*place)?);
        }
        if counts.are_numbers() {
            return Some(ColumnKind::Float);
        }
        if !counts.are_truths() {
            return None;
        }
        for (part, (place, column)) in &mut of_read {
            if is_of_words(column.kind) {
                part.reader.take_as_truths(*place);
            }
        }
        Some(ColumnKind::Boolean)
    }

    /// Reports the columns that are left out because some files lack them.
    fn note_left_out(&mut self, columns: &[Vec<(usize, FileColumn)>], is_read: &[bool]) {
        let is_told = |name: &str| {
            self.faults
                .iter()
                .any(|fault| matches!(&fault.mend, Some(Mend::Drop(told)) if told == name))
        };
        let kept: HashSet<&str> = self.columns.iter().map(|c| &*c.name).collect();
        let mut notes = Vec::new();
        for ((part, columns), is_read) in self.parts.iter().zip(columns).zip(is_read) {
            let more: Vec<&str> = columns
                .iter()
                .map(|(_, column)| &*column.name)
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

/// The columns of a part, by name.
fn by_name(columns: &[(usize, FileColumn)]) -> HashMap<&str, Vec<&(usize, FileColumn)>> {
    let mut known: HashMap<&str, Vec<&(usize, FileColumn)>> = HashMap::new();
    for column in columns {
        known.entry(&column.1.name).or_default().push(column);
    }
    known
}

/// The columns of all parts that are read, by name and by index among columns of the same name.
fn union(columns: &[Vec<(usize, FileColumn)>], is_read: &[bool]) -> Vec<(String, usize)> {
    let mut known: HashMap<&str, usize> = HashMap::new();
    let mut all = Vec::new();
    for (columns, _) in columns.iter().zip(is_read).filter(|(_, is_read)| **is_read) {
        let mut counts: HashMap<&str, usize> = HashMap::new();
        for (_, column) in columns {
            let count = counts.entry(&column.name).or_default();
            let known = known.entry(&column.name).or_default();
            if *count == *known {
                all.push((column.name.to_string(), *count));
                *known += 1;
            }
            *count += 1;
        }
    }
    all
}

/// Whether the cells of a text have this type if they are no numbers.
fn is_of_words(kind: ColumnKind) -> bool {
    use ColumnKind::{Date, Text, Time, Timestamp};
    matches!(kind, Text | Date | Time | Timestamp)
}

/// The option that leaves a column out.
fn drop_of(name: &str) -> Settings {
    set(Setting::Drop, name)
}

/// The common type of a column in all files.
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
