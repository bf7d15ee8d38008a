//! The columns of a file, and how each is stored.

use super::arrow;
use super::chunk::ColumnChunk;
use super::decimal;
use super::leaf::{Leaf, Unit};
use super::pages::{Budget, SharedFile};
use super::refusal::DAMAGED;
use super::stored::{StoredColumn, StoredShape};
use crate::data::ColumnKind;
use crate::data::column::{FileColumn, FileColumns};
use crate::text::{count_of, list_shortly};
use crate::{Error, ErrorKind, Result};
use parquet::file::metadata::{ParquetMetaData, RowGroupMetaData};
use parquet::schema::types::{SchemaDescriptor, Type};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// The most columns that are made from lists.
const ELEMENTS: usize = 1 << 18;

/// The number of rows from which the lengths of a column's lists are found.
const ROWS: usize = 1024;

/// Fixed-length values above this are read a few at a time.
const WIDE: i32 = 4096;

/// A column as returned: a stored column, or a place in its lists.
#[derive(Clone, Copy, Debug)]
pub(super) struct Given {
    pub(super) stored: usize,
    pub(super) element: usize,
}

/// The columns of a file.
#[derive(Default)]
pub(super) struct Columns {
    pub(super) stored: Vec<StoredColumn>,
    pub(super) given: Vec<Given>,
    pub(super) files: FileColumns,
    pub(super) notes: Vec<String>,
}

impl Columns {
    /// Reads the schema, and for lists also the first rows.
    pub(super) fn of(input: &SharedFile, metadata: &ParquetMetaData) -> Result<Columns> {
        let schema = metadata.file_metadata().schema_descr();
        let entries = metadata.file_metadata().key_value_metadata();
        let arrow = entries
            .and_then(|entries| entries.iter().find(|entry| entry.key == arrow::KEY))
            .and_then(|entry| entry.value.as_deref());
        let mut found = FoundColumns {
            schema,
            durations: match arrow.map(arrow::durations) {
                None => HashMap::new(),
                Some(Some(durations)) => durations,
                Some(None) => {
                    return Err(Error::new(ErrorKind::Format, DAMAGED)
                        .expected(
                            "the types of the columns, as Arrow writes them into the metadata",
                        )
                        .found("metadata that make no sense"));
                }
            },
            next: 0,
            stored: Vec::new(),
        };
        for field in schema.root_schema().get_fields() {
            found.walk(field, String::new(), 0);
        }
        let mut columns = Columns::default();
        let (mut whole, mut rounded, mut texts) = (Vec::new(), Vec::new(), Vec::new());
        for mut stored in found.stored {
            if stored.leaf == Leaf::Decimal(0) {
                stored.leaf = decimal::of_whole(input, metadata, &stored);
            }
            match stored.leaf {
                Leaf::Text if are_numbers(metadata, &stored) => texts.push(stored.name.clone()),
                Leaf::Decimal(0) => whole.push(stored.name.clone()),
                Leaf::Decimal(_) if decimal::is_rounded(metadata, &stored) => {
                    rounded.push(stored.name.clone());
                }
                _ => {}
            }
            columns.push(stored, input, metadata)?;
        }
        let list =
            |names: &[String]| list_shortly(&names.iter().map(String::as_str).collect::<Vec<_>>());
        if !whole.is_empty() {
            columns.notes.push(format!(
                "whole numbers beyond 64 bits are rounded to float64: {}",
                list(&whole)
            ));
        }
        if !rounded.is_empty() {
            columns.notes.push(format!(
                "decimals of more than 15 digits are rounded to float64: {}",
                list(&rounded)
            ));
        }
        if !texts.is_empty() {
            columns.notes.push(format!(
                "numbers as text, which are read as text: {}; in pandas, `.astype(\"float64\")` makes numbers of them",
                list(&texts)
            ));
        }
        Ok(columns)
    }

    fn push(
        &mut self,
        mut stored: StoredColumn,
        input: &SharedFile,
        metadata: &ParquetMetaData,
    ) -> Result<()> {
        let place = self.stored.len();
        let mut kind = stored.leaf.kind();
        let level = match stored.shape {
            StoredShape::One => None,
            StoredShape::List { level, .. } => Some((level, kind.is_numeric())),
            StoredShape::Other { level } => Some((level, false)),
        };
        if let Some((level, is_numeric)) = level {
            stored.shape = StoredShape::Other { level };
            let lengths = if is_numeric {
                lengths_of(input, metadata, &stored, level, ROWS)?
            } else {
                Lengths::Unknown
            };
            kind = match lengths {
                Lengths::Same(length) => {
                    if self.files.len() + length <= ELEMENTS {
                        stored.shape = StoredShape::List { length, level };
                        self.push_elements(place, &stored.name, kind, length);
                        self.stored.push(stored);
                        return Ok(());
                    }
                    self.notes.push(format!("column `{}` holds lists of {}, too many for columns of their own: it is not read", stored.name, count_of(length, "value")));
                    ColumnKind::Other
                }
                Lengths::Differ(one, other) => {
                    self.notes.push(format!(
                        "column `{}` holds lists of different lengths ({one} and {other}): it is not read",
                        stored.name
                    ));
                    ColumnKind::Other
                }
                Lengths::Missing => ColumnKind::Empty,
                Lengths::Unknown => ColumnKind::Other,
            };
        }
        self.push_one(place, &stored.name, kind, 0);
        self.stored.push(stored);
        Ok(())
    }

    /// Reads the lists of all rows if the first rows were not enough: a column with lists of different lengths is no
    /// longer read. Returns whether there is such a column.
    pub(super) fn leave_uneven_lists(
        &mut self,
        input: &SharedFile,
        metadata: &ParquetMetaData,
    ) -> Result<bool> {
        let mut uneven = HashSet::new();
        for (place, stored) in self.stored.iter_mut().enumerate() {
            let StoredShape::List { level, .. } = stored.shape else {
                continue;
            };
            let lengths = lengths_of(input, metadata, stored, level, usize::MAX)?;
            if let Lengths::Differ(one, other) = lengths {
                stored.shape = StoredShape::Other { level };
                uneven.insert(place);
                let said = format!("column `{}` holds lists of ", stored.name);
                self.notes.retain(|note| !note.starts_with(&said));
                self.notes.push(format!(
                    "{said}different lengths ({one} and {other}): it is not read"
                ));
            }
        }
        let given = std::mem::take(&mut self.given).into_iter();
        let files = std::mem::take(&mut self.files);
        for (given, file) in given.zip(files.iter()) {
            let stored = self.stored.get(given.stored);
            match stored.filter(|_| uneven.contains(&given.stored)) {
                None => {
                    self.given.push(given);
                    Arc::make_mut(&mut self.files).push(file.clone());
                }
                Some(stored) if given.element == 0 => {
                    let name = stored.name.clone();
                    self.push_one(given.stored, &name, ColumnKind::Other, 0);
                }
                Some(_) => {}
            }
        }
        Ok(!uneven.is_empty())
    }

    /// The columns that were made from lists, by the name of their column.
    pub(super) fn lists(&self) -> Vec<(String, Vec<String>)> {
        let of = |(place, stored): (usize, &StoredColumn)| {
            let given = self.given.iter().zip(self.files.iter());
            let names = given.filter(|(given, _)| given.stored == place);
            let names = names.map(|(_, file)| file.name.to_string()).collect();
            matches!(stored.shape, StoredShape::List { .. }).then(|| (stored.name.clone(), names))
        };
        self.stored.iter().enumerate().filter_map(of).collect()
    }

    fn push_one(&mut self, stored: usize, name: &str, kind: ColumnKind, element: usize) {
        self.given.push(Given { stored, element });
        Arc::make_mut(&mut self.files).push(FileColumn {
            name: name.into(),
            kind,
            unit: None,
        });
    }

    fn push_elements(&mut self, stored: usize, name: &str, kind: ColumnKind, length: usize) {
        for element in 0..length {
            self.push_one(stored, &format!("{name}_{element}"), kind, element);
        }
        let names = match length {
            1 => format!("the column {name}_0"),
            _ => format!("the columns {name}_0 to {name}_{}", length - 1),
        };
        self.notes.push(format!(
            "column `{name}` holds lists of {}: read as {names}",
            count_of(length, "number")
        ));
    }
}

/// The columns of a schema, while they are found.
struct FoundColumns<'a> {
    schema: &'a SchemaDescriptor,
    durations: HashMap<String, Unit>,
    /// The index of the next stored column.
    next: usize,
    stored: Vec<StoredColumn>,
}

impl FoundColumns<'_> {
    /// Goes through a field in groups of a definition level. The depth of the footer was checked before.
    fn walk(&mut self, field: &Type, within: String, level: i16) {
        let info = field.get_basic_info();
        let name = format!("{within}{}", field.name());
        let is_repeated = info.has_repetition() && is_repeated(field);
        let own = level + i16::from(info.has_repetition() && !is_required(field));
        if field.is_primitive() {
            let shape = if is_repeated {
                StoredShape::List {
                    length: 0,
                    level: own,
                }
            } else {
                StoredShape::One
            };
            self.push(name, 1, shape);
            return;
        }
        if is_repeated {
            self.push(name, leaves(field), StoredShape::Other { level: own });
            return;
        }
        // A list or a map is a group that contains a repeated group.
        if let [child] = field.get_fields()
            && is_repeated_of(child)
        {
            let count = leaves(field);
            let level = own + 1;
            let is_plain = match &**child {
                child if child.is_primitive() => true,
                child => {
                    matches!(child.get_fields(), [value] if value.is_primitive() && !is_repeated_of(value))
                }
            };
            let shape = if count == 1 && is_plain {
                StoredShape::List { length: 0, level }
            } else {
                StoredShape::Other { level }
            };
            self.push(name, count, shape);
            return;
        }
        for child in field.get_fields() {
            self.walk(child, format!("{name}."), own);
        }
    }

    /// Adds a column that is stored as several columns; the first represents all of them.
    fn push(&mut self, name: String, leaves: usize, shape: StoredShape) {
        let leaf_index = self.next;
        self.next += leaves;
        if leaf_index >= self.schema.num_columns() {
            return;
        }
        let column = self.schema.column(leaf_index);
        let duration = match shape {
            StoredShape::One => self.durations.get(&name).copied(),
            _ => None,
        };
        self.stored.push(StoredColumn {
            leaf_index,
            name,
            leaf: Leaf::of(&column, duration),
            shape,
            level: column.max_def_level(),
            is_wide: column.type_length() > WIDE,
        });
    }
}

fn is_repeated(field: &Type) -> bool {
    field.get_basic_info().repetition() == parquet::basic::Repetition::REPEATED
}

fn is_required(field: &Type) -> bool {
    field.get_basic_info().repetition() == parquet::basic::Repetition::REQUIRED
}

fn is_repeated_of(field: &Type) -> bool {
    field.get_basic_info().has_repetition() && is_repeated(field)
}

/// The number of stored columns of a field.
fn leaves(field: &Type) -> usize {
    if field.is_primitive() {
        1
    } else {
        field.get_fields().iter().map(|field| leaves(field)).sum()
    }
}

/// Whether the texts of a column are probably numbers, by the statistics: its smallest and its largest text.
fn are_numbers(metadata: &ParquetMetaData, stored: &StoredColumn) -> bool {
    let of_group = |group: &RowGroupMetaData| -> Option<bool> {
        let column = group.columns().get(stored.leaf_index)?;
        let statistics = column.statistics()?;
        let is_number = |bytes: &[u8]| {
            let text = std::str::from_utf8(bytes).ok().map(str::trim);
            let begins = text.is_some_and(|text| !text.starts_with(char::is_alphabetic));
            begins && text.is_some_and(|text| text.parse::<f64>().is_ok())
        };
        Some(is_number(statistics.min_bytes_opt()?) && is_number(statistics.max_bytes_opt()?))
    };
    let mut groups = metadata.row_groups().iter().map(of_group);
    stored.shape == StoredShape::One
        && metadata.num_row_groups() > 0
        && groups.all(|are| are == Some(true))
}

/// The lengths of a column's lists.
enum Lengths {
    Same(usize),
    Differ(usize, usize),
    /// All are missing.
    Missing,
    /// They are not lists of numbers, or they are empty.
    Unknown,
}

/// From the first `most` rows, or more until one has a list.
fn lengths_of(
    input: &SharedFile,
    metadata: &ParquetMetaData,
    stored: &StoredColumn,
    level: i16,
    most: usize,
) -> Result<Lengths> {
    let mut known = None;
    for group in metadata.row_groups() {
        let budget = Budget::new(input.length());
        let mut chunk = ColumnChunk::open(input, group, stored, &budget)?;
        let rows = usize::try_from(group.num_rows()).unwrap_or(0);
        let mut done = 0;
        while done < rows {
            // Few at first, because their length is not known yet.
            let count = (rows - done).min(if done == 0 { 16 } else { 256 });
            let lengths = chunk.lengths(count, level);
            let lengths = lengths.map_err(|error| error.at(format!("column `{}`", stored.name)))?;
            for length in lengths.into_iter().flatten() {
                match known {
                    Some(known) if known != length => return Ok(Lengths::Differ(known, length)),
                    _ => known = Some(length),
                }
            }
            done += count;
            if known.is_some() && done >= most {
                break;
            }
        }
        if known.is_some() && most == ROWS {
            break;
        }
    }
    Ok(match known {
        Some(0) => Lengths::Unknown,
        Some(length) => Lengths::Same(length),
        None => Lengths::Missing,
    })
}
