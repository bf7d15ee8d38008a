//! The roles that the columns of a table get in training, and the reasons why columns are left out.

use super::super::column::FileColumn;
use super::super::options::ReadOptions;
use super::super::roles::{Index, IndexKind};
use super::super::schema::{ColumnKind, Role};
use crate::advice::{Setting, setting};
use std::collections::{HashMap, HashSet};

/// The role of a column in training, or the reason why it is left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    Input,
    Label,
    Id,
    LeftOut(Reason),
}

/// The reason why a column is left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reason {
    NotChosen,
    Dropped,
    Index(IndexKind),
    /// Its type.
    Kind,
}

impl Fate {
    /// The fate of each column.
    pub(super) fn all(
        columns: &[FileColumn],
        indexes: &[Index],
        options: &ReadOptions,
    ) -> Vec<Fate> {
        let [taken, dropped, ids] = [&options.columns, &options.drop, &options.ids]
            .map(|names| names.iter().map(String::as_str).collect::<HashSet<&str>>());
        let indexes = indexes.iter().map(|index| (index.place, index.kind));
        let indexes: HashMap<usize, IndexKind> = indexes.collect();
        let fate = |(place, column): (usize, &FileColumn)| {
            let name = &*column.name;
            let is_label = options.label.as_deref() == Some(name);
            match indexes.get(&place) {
                _ if is_label => Fate::Label,
                _ if taken.contains(name) => Fate::Input,
                _ if ids.contains(name) => Fate::Id,
                _ if !taken.is_empty() => Fate::LeftOut(Reason::NotChosen),
                _ if dropped.contains(name) => Fate::LeftOut(Reason::Dropped),
                Some(&kind) => Fate::LeftOut(Reason::Index(kind)),
                None if column.kind.is_numeric() => Fate::Input,
                None => Fate::LeftOut(Reason::Kind),
            }
        };
        columns.iter().enumerate().map(fate).collect()
    }

    pub(super) fn role(self) -> Role {
        match self {
            Fate::Input => Role::Input,
            Fate::Label => Role::Label,
            Fate::Id => Role::Id,
            Fate::LeftOut(_) => Role::Ignored,
        }
    }

    /// The reason in words, for a column of a type.
    pub(super) fn reason(self, kind: ColumnKind) -> Option<String> {
        let Fate::LeftOut(reason) = self else {
            return None;
        };
        Some(match reason {
            Reason::NotChosen => format!("not among {}", setting(Setting::Columns)),
            Reason::Dropped => setting(Setting::Drop).to_string(),
            Reason::Index(index) => {
                format!(
                    "{} ({} includes it)",
                    index.words(),
                    setting(Setting::Columns)
                )
            }
            Reason::Kind => match kind {
                ColumnKind::Empty => "empty".to_string(),
                ColumnKind::Other => kind.words().to_string(),
                kind => format!("{}, not numbers", kind.words()),
            },
        })
    }
}
