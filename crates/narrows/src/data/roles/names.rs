//! Looks up the columns that the options name.

use crate::advice::{Setting, setting};
use crate::data::column::FileColumn;
use crate::data::options::ReadOptions;
use crate::data::schema::ColumnKind;
use crate::declaration::suggest;
use crate::text::list_shortly;
use crate::{Error, ErrorKind, Result};
use std::collections::{HashMap, HashSet};

/// The columns whose names the options have, by their names.
pub(super) struct Names<'a> {
    pub(super) columns: &'a [FileColumn],
    /// The place of each name, and whether several columns have it.
    places: HashMap<&'a str, (usize, bool)>,
}

impl<'a> Names<'a> {
    pub(super) fn of(columns: &'a [FileColumn], options: &ReadOptions) -> Self {
        let lists = [&options.ids, &options.drop, &options.columns];
        let lists = lists.into_iter().chain(&options.model_columns).flatten();
        let wanted = lists.chain(&options.label).chain(&options.group);
        let wanted: HashSet<&str> = wanted.map(String::as_str).collect();
        let mut places: HashMap<&str, (usize, bool)> = HashMap::with_capacity(wanted.len());
        let all = columns.iter().enumerate();
        for (place, column) in all.filter(|(_, column)| wanted.contains(&*column.name)) {
            let known = places.entry(&column.name);
            known
                .and_modify(|known| known.1 = true)
                .or_insert((place, false));
        }
        Names { columns, places }
    }

    fn list(&self) -> Vec<&str> {
        self.columns.iter().map(|column| &*column.name).collect()
    }

    /// Whether a column has the name, which the options have.
    pub(super) fn has(&self, name: &str) -> bool {
        self.places.contains_key(name)
    }

    /// The place of the only column with a name.
    pub(super) fn find(&self, of: Setting, name: &str) -> Result<usize> {
        match self.places.get(name) {
            Some(&(place, false)) => Ok(place),
            Some((_, true)) => Err(Error::new(
                ErrorKind::Data,
                format!("several columns are called `{name}`"),
            )
            .hint("give each column a name of its own")),
            None => {
                let what = format!(
                    "there is no column `{name}`, which {} asks for",
                    setting(of)
                );
                Err(suggest(
                    Error::new(ErrorKind::Data, what),
                    name,
                    &self.list(),
                ))
            }
        }
    }

    pub(super) fn find_all(&self, of: Setting, names: &[String]) -> Result<Vec<usize>> {
        names.iter().map(|name| self.find(of, name)).collect()
    }

    /// The columns that a model was trained on.
    pub(super) fn of_model(&self, wanted: &[String]) -> Result<Vec<usize>> {
        let is_missing = |name: &&String| !self.has(name);
        let missing: Vec<&String> = wanted.iter().filter(is_missing).collect();
        if !missing.is_empty() {
            let (found, missing) = (list_shortly(&self.list()), list_shortly(&missing));
            return Err(Error::new(ErrorKind::Data, "columns are missing")
                .expected(format!("the columns {}", list_shortly(wanted)))
                .found(format!("{found}, without {missing}")));
        }
        let places = self.find_all(Setting::Columns, wanted)?;
        let not_read = |&&place: &&usize| !is_readable(self.columns[place].kind);
        if let Some(&place) = places.iter().find(not_read) {
            let FileColumn { name, kind, .. } = &self.columns[place];
            return Err(Error::new(
                ErrorKind::Data,
                "the model was trained on numbers in this column",
            )
            .at(format!("column `{name}`"))
            .expected("numbers")
            .found(kind.words()));
        }
        Ok(places)
    }
}

/// Whether a column can be read as numbers, even if all of them are missing.
pub(super) fn is_readable(kind: ColumnKind) -> bool {
    kind.is_numeric() || kind == ColumnKind::Empty
}
