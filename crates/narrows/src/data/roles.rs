//! Which columns of a table are inputs, labels and ids, and which are left out.

mod names;

use super::column::FileColumn;
use super::options::ReadOptions;
use super::schema::{ColumnKind, Role};
use crate::advice::{Setting, set, set_column, setting};
use crate::text::{counted, list_shortly};
use crate::{Error, ErrorKind, Result};
use names::{Names, is_readable};
use std::collections::HashSet;

/// The beginning of the name that pandas gives to a column without a name in a text. Its place follows, and numbers
/// after points if such a table was written and read again: `Unnamed: 0.1`.
const UNNAMED: &str = "Unnamed: ";

/// A column that a tool added as an index of the rows. It is left out unless the user asks for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Index {
    pub(super) place: usize,
    pub(super) kind: IndexKind,
}

/// How an index is recognized.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum IndexKind {
    /// By the name that pandas gives it in Parquet.
    Stored,
    /// It has no name of its own, and increases by 1 from row to row.
    Counts,
    /// It has no name of its own, and increases from row to row, as the index of filtered rows does.
    Rises,
}

impl IndexKind {
    /// The kind of index if the first numbers of a column without a name are one.
    /// If the column is not the first, it must count the rows.
    pub(super) fn of(values: &[i64], is_first: bool) -> Option<Self> {
        let rises_by = |is: fn(i64, i64) -> bool| values.windows(2).all(|two| is(two[0], two[1]));
        match values.first() {
            None | Some(..0) => None,
            Some(2..) if !is_first => None,
            _ if !is_first && values.len() < 3 => None,
            _ if rises_by(|a, b| a.checked_add(1) == Some(b)) => Some(IndexKind::Counts),
            _ if is_first && rises_by(|a, b| a < b) => Some(IndexKind::Rises),
            _ => None,
        }
    }

    /// The kind in words.
    pub(super) fn words(self) -> &'static str {
        match self {
            IndexKind::Stored => "the index that pandas stores",
            IndexKind::Counts => "a row index, which increases by 1 in each row",
            IndexKind::Rises => "a row index: whole numbers that rise from row to row",
        }
    }
}

/// The roles of the columns of a file, by their places.
#[derive(Clone, Debug)]
pub(super) struct Roles {
    pub(super) inputs: Vec<usize>,
    pub(super) label: Option<usize>,
    pub(super) ids: Vec<usize>,
    /// The columns that were left out, with the reasons, in sentences.
    pub(super) notes: Vec<String>,
}

/// Whether a column has no name of its own.
pub(super) fn is_unnamed(name: &str) -> bool {
    name.is_empty() || is_numbered(name) || is_stored_index(name)
}

/// Whether pandas gave a column its name because it has none.
fn is_numbered(name: &str) -> bool {
    let numbers = name.strip_prefix(UNNAMED).map(|rest| rest.split('.'));
    numbers.is_some_and(|mut numbers| numbers.all(|number| number.parse::<u32>().is_ok()))
}

/// Whether a column has a name that pandas gives to a stored index, or to one of several.
pub(super) fn is_stored_index(name: &str) -> bool {
    let level = name.strip_prefix("__index_level_");
    let level = level.and_then(|rest| rest.strip_suffix("__"));
    level.is_some_and(|level| level.parse::<u8>().is_ok())
}

/// Whether a column with this name is an index if its numbers count the rows, or rise in the first column.
pub(super) fn may_be_index(name: &str) -> bool {
    name.is_empty() || is_numbered(name)
}

/// Whether a column is the first, or was the first before a tool added others.
pub(super) fn is_first(name: &str, place: usize) -> bool {
    place == 0 || name.split('.').next() == Some("Unnamed: 0")
}

/// The note on an input without a name of its own.
pub(super) fn unnamed_input(name: &str, place: usize) -> String {
    format!(
        "{} (place {place}, counted from 0) is an input, because it is no row index: its whole numbers do not count \
         the rows ({} leaves it out)",
        quoted(name),
        set(Setting::Drop, name)
    )
}

/// Refuses names that no column has.
pub(super) fn check_names(columns: &[FileColumn], options: &ReadOptions) -> Result<()> {
    let names = Names::of(columns, options);
    let label = options.label.iter().map(|name| (Setting::Label, name));
    let ids = options.ids.iter().map(|name| (Setting::Ids, name));
    let drop = options.drop.iter().map(|name| (Setting::Drop, name));
    let inputs = options.columns.iter().map(|name| (Setting::Columns, name));
    for (of, name) in label.chain(ids).chain(drop).chain(inputs) {
        if !names.has(name) {
            names.find(of, name)?;
        }
    }
    Ok(())
}

impl Roles {
    /// Chooses the roles of the columns of a file by the options; indexes are left out.
    pub(super) fn choose(
        columns: &[FileColumn],
        indexes: &[Index],
        options: &ReadOptions,
    ) -> Result<Self> {
        let names = Names::of(columns, options);
        let label = options.label.as_ref();
        let label = label
            .map(|name| names.find(Setting::Label, name))
            .transpose()?;
        let ids = names.find_all(Setting::Ids, &options.ids)?;
        // Several columns with the same name can be left out, but not chosen.
        for name in &options.drop {
            if !names.has(name) {
                names.find(Setting::Drop, name)?;
            }
        }
        let mut roles = Roles {
            inputs: Vec::new(),
            label,
            ids,
            notes: Vec::new(),
        };
        // A table without a header has no names to match with the names in a model.
        let has_names = !(options.unnamed_as_they_stand && are_numbers(columns));
        // Rows for a model are grouped only to repeat the split of its training.
        let is_needed = options.model_columns.is_none();
        let is_there = |group: &&String| names.has(group);
        if let Some(group) = options.group.as_ref().filter(|g| is_needed || is_there(g)) {
            let place = names.find(Setting::Group, group)?;
            let is_input = match (&options.model_columns, options.columns.is_empty()) {
                (Some(wanted), true) if has_names => wanted.contains(group),
                (_, false) => options.columns.contains(group),
                (_, true) => {
                    let is_index = indexes.iter().any(|index| index.place == place);
                    let is_left = is_index || options.drop.contains(group);
                    columns[place].kind.is_numeric() && !is_left
                }
            };
            roles.keep_group(group, place, is_input);
        }
        match (&options.model_columns, options.columns.is_empty()) {
            (Some(wanted), true) if has_names => roles.inputs = names.of_model(wanted)?,
            (_, false) => roles.inputs = roles.chosen(&names, options)?,
            (_, true) => roles.inputs = roles.all_numbers(columns, indexes, options)?,
        }
        Ok(roles)
    }

    /// Keeps the column of the groups beside the rows, if it has no other role.
    fn keep_group(&mut self, name: &str, place: usize, is_input: bool) {
        if self.label == Some(place) || self.ids.contains(&place) {
            return;
        }
        let shown = quoted(name);
        if is_input {
            self.notes.push(format!(
                "{shown} names the groups and is an input too ({} keeps it beside the rows, the model does not \
                 learn from it)",
                set(Setting::Ids, name)
            ));
        } else {
            self.ids.push(place);
            self.notes.push(format!(
                "{shown} names the groups and is kept beside the rows as an id"
            ));
        }
    }

    /// The columns that the user names.
    fn chosen(&self, names: &Names<'_>, options: &ReadOptions) -> Result<Vec<usize>> {
        let inputs = names.find_all(Setting::Columns, &options.columns)?;
        for &place in &inputs {
            let FileColumn { name, kind, .. } = &names.columns[place];
            let refuse = |what| Error::new(ErrorKind::Data, what).at(format!("column `{name}`"));
            if self.label == Some(place) {
                return Err(refuse("a column cannot be both a label and an input"));
            }
            if !is_readable(*kind) {
                return Err(refuse("a model learns from numbers")
                    .expected("a column of numbers")
                    .found(kind.words())
                    .hint(format!(
                        "leave it out, or keep it beside the rows with {} or {}",
                        setting(Setting::Ids),
                        setting(Setting::Label)
                    )));
            }
        }
        Ok(inputs)
    }

    /// All columns of numbers, except those with another role and those to leave out.
    fn all_numbers(
        &mut self,
        columns: &[FileColumn],
        indexes: &[Index],
        options: &ReadOptions,
    ) -> Result<Vec<usize>> {
        let ids: HashSet<usize> = self.ids.iter().copied().collect();
        let dropped: HashSet<&str> = options.drop.iter().map(String::as_str).collect();
        let label = self.label;
        let is_free = |place: &usize| {
            let is_dropped = dropped.contains(&*columns[*place].name);
            label != Some(*place) && !ids.contains(place) && !is_dropped
        };
        let free: Vec<usize> = (0..columns.len()).filter(is_free).collect();
        let (numeric, other): (Vec<usize>, Vec<usize>) = free
            .into_iter()
            .partition(|&place| columns[place].kind.is_numeric());
        let of_indexes: HashSet<usize> = indexes.iter().map(|index| index.place).collect();
        let is_index = |place: &usize| of_indexes.contains(place);
        let inputs: Vec<usize> = numeric.into_iter().filter(|p| !is_index(p)).collect();
        for index in indexes.iter().filter(|index| is_free(&index.place)) {
            self.notes.push(format!(
                "left out {}: it is {} ({} includes it, {} keeps it beside the rows)",
                quoted(&columns[index.place].name),
                index.kind.words(),
                setting(Setting::Columns),
                setting(Setting::Ids)
            ));
        }
        self.notes.extend(left_out(columns, &other));
        if inputs.is_empty() {
            let is_empty = |&place: &usize| columns[place].kind == ColumnKind::Empty;
            let what = if !other.is_empty() && other.iter().all(is_empty) {
                "no column has a value to train on"
            } else {
                "no column of numbers is left to train on"
            };
            let error = Error::new(ErrorKind::Data, what);
            return Err(match columns.len() {
                0 => error.found("no columns"),
                _ => error.found(kinds_of(columns, &other, columns.len())),
            });
        }
        for &place in &inputs {
            if is_unnamed(&columns[place].name) {
                let name = &columns[place].name;
                self.notes.push(unnamed_input(name, place));
            }
        }
        Ok(inputs)
    }

    /// The role of each column.
    pub(super) fn all(&self, columns: usize) -> Vec<Role> {
        let mut roles = vec![Role::Ignored; columns];
        let ids = self.ids.iter().map(|&place| (place, Role::Id));
        let label = self.label.iter().map(|&place| (place, Role::Label));
        let inputs = self.inputs.iter().map(|&place| (place, Role::Input));
        for (place, role) in ids.chain(label).chain(inputs) {
            roles[place] = role;
        }
        roles
    }
}

/// Whether the names of the columns are their places, as in a table without a header.
fn are_numbers(columns: &[FileColumn]) -> bool {
    let mut all = columns.iter().enumerate();
    all.all(|(place, column)| *column.name == *place.to_string())
}

/// A name in quotes, or words for a missing name.
fn quoted(name: &str) -> String {
    match name {
        "" => "the unnamed column".to_string(),
        name => format!("`{name}`"),
    }
}

/// Sentences on the columns that are not numeric: columns that can be kept beside the rows, and others.
fn left_out(columns: &[FileColumn], places: &[usize]) -> Vec<String> {
    let is_of = |kinds: &[ColumnKind], place: &&usize| kinds.contains(&columns[**place].kind);
    let with = |kind: ColumnKind| -> Vec<&str> {
        let these = places.iter().filter(|place| is_of(&[kind], place));
        these.map(|&place| &*columns[place].name).collect()
    };
    let mut sentences = Vec::new();
    let is_kept = |place: &&usize| !is_of(&[ColumnKind::Empty, ColumnKind::Other], place);
    let kept = || places.iter().filter(is_kept).map(|&place| &columns[place]);
    if let Some(first) = kept().next() {
        let mut kinds: Vec<ColumnKind> = Vec::new();
        for kind in kept().map(|column| column.kind) {
            if !kinds.contains(&kind) {
                kinds.push(kind);
            }
        }
        let of_kind =
            |&kind: &ColumnKind| format!("{} ({})", list_shortly(&with(kind)), kind.words());
        let lists: Vec<String> = kinds.iter().map(of_kind).collect();
        let count = kept().count();
        let (them, which) = match count {
            1 => ("it", &*first.name),
            _ => ("them", ""),
        };
        sentences.push(format!(
            "left out {} not numeric: {}. To keep {them} in outputs, use {} or {}",
            counted(count, "column that is", "columns that are"),
            lists.join("; "),
            set_column(Setting::Ids, which),
            set_column(Setting::Label, which),
        ));
    }
    let empty = with(ColumnKind::Empty);
    if !empty.is_empty() {
        let number = counted(empty.len(), "empty column", "empty columns");
        sentences.push(format!("left out {number}: {}", list_shortly(&empty)));
    }
    let other = with(ColumnKind::Other);
    if !other.is_empty() {
        let number = counted(other.len(), "column", "columns");
        let words = ColumnKind::Other.words();
        sentences.push(format!(
            "left out {number} of {words}: {}",
            list_shortly(&other)
        ));
    }
    sentences
}

fn kinds_of(columns: &[FileColumn], other: &[usize], all: usize) -> String {
    match other {
        [] => counted(
            all,
            "column, which has another role",
            "columns, which have other roles",
        ),
        _ => {
            let each = other.iter().take(12).map(|&place| {
                let column = &columns[place];
                format!("`{}`: {}", column.name, column.kind.words())
            });
            each.collect::<Vec<_>>().join(", ")
        }
    }
}
