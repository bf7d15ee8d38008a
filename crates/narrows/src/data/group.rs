//! Groups of rows, named by a column, such as the rows of one patient; and the selection of whole groups.

use super::dataset::Dataset;
use super::records::AT_ONCE;
use crate::declaration::suggest;
use crate::rng::{Draws, Purpose};
use crate::{Error, ErrorKind, Result};
use std::collections::HashMap;
use std::hash::Hash;

impl Dataset {
    /// Whether a column can name groups of these rows: an id, the label or an input.
    pub(crate) fn has_groups(&self, column: &str) -> bool {
        let is_label = self.labels().is_some() && self.label_column() == column;
        let mut columns = self.columns().unwrap_or_default().iter();
        self.ids().iter().any(|ids| ids.name == column)
            || is_label
            || columns.any(|name| name == column)
    }
}

/// Groups that occur in two sets of rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SharedGroups {
    /// The number of groups of the rows that occur in the other rows too.
    pub(crate) groups: usize,
    /// The number of all groups of the rows.
    pub(crate) of_groups: usize,
    /// The number of rows in the common groups.
    pub(crate) rows: usize,
}

impl Dataset {
    /// The groups of these rows, by the values of a column, that occur in `other` too. Rows without a value belong to
    /// no group.
    ///
    /// # Errors
    ///
    /// If one of the two has no such column, or if rows cannot be read.
    pub(crate) fn groups_shared_with(&self, other: &Dataset, column: &str) -> Result<SharedGroups> {
        let known = rows_of_groups(other, column)?;
        let own = rows_of_groups(self, column)?;
        let shared = own.iter().filter(|(name, _)| known.contains_key(*name));
        let shared: Vec<usize> = shared.map(|(_, &rows)| rows).collect();
        Ok(SharedGroups {
            groups: shared.len(),
            of_groups: own.len(),
            rows: shared.iter().sum(),
        })
    }
}

/// The number of rows of each group, by a name that is the same in other data.
fn rows_of_groups(data: &Dataset, column: &str) -> Result<HashMap<String, usize>> {
    let groups = Groups::of(data, column)?;
    let ids = data.ids().iter().find(|ids| ids.name == column);
    let labels = data.labels().filter(|_| data.label_column() == column);
    let inputs = data.columns().unwrap_or_default();
    let input = inputs.iter().position(|name| name == column);
    let mut buffer = [0.0; AT_ONCE];
    let mut rows = HashMap::new();
    let mut is_named = vec![false; groups.count()];
    for (row, &group) in groups.of_row.iter().enumerate() {
        let group = group as usize;
        // The first row of a group names it.
        if std::mem::replace(&mut is_named[group], true) {
            continue;
        }
        let name = match (ids, labels, input) {
            (Some(ids), _, _) => ids.values[row].clone(),
            (None, Some(labels), _) => data.label_text(labels[row]),
            (None, None, Some(input)) => value_at(data, row, input, &mut buffer).to_string(),
            (None, None, None) => continue,
        };
        if !name.is_empty() {
            rows.insert(name, groups.sizes[group]);
        }
    }
    Ok(rows)
}

/// The group of each row.
#[derive(Clone, Debug)]
pub(super) struct Groups {
    /// The number of the group of each row; groups are numbered in the order of their first rows.
    of_row: Vec<u32>,
    /// The number of rows of each group.
    sizes: Vec<usize>,
    /// The number of rows without a value in the column; they form one group.
    pub(super) unnamed: usize,
}

impl Groups {
    /// The groups of rows with the same value in a column: an id, the label or an input.
    ///
    /// # Errors
    ///
    /// If there is no such column.
    pub(super) fn of(data: &Dataset, column: &str) -> Result<Groups> {
        let ids = data.ids().iter().find(|ids| ids.name == column);
        if let Some(ids) = ids {
            let mut groups = Groups::by(ids.values.iter().map(String::as_str));
            groups.unnamed = ids.values.iter().filter(|value| value.is_empty()).count();
            return Ok(groups);
        }
        let labels = data.labels().filter(|_| data.label_column() == column);
        if let Some(labels) = labels {
            return Ok(Groups::by(labels.iter()));
        }
        let inputs = data.columns().unwrap_or_default();
        if let Some(input) = inputs.iter().position(|name| name == column) {
            let mut buffer = [0.0; AT_ONCE];
            let of_input = |row| value_at(data, row, input, &mut buffer).to_bits();
            let values: Vec<u64> = (0..data.rows()).map(of_input).collect();
            data.check_readable()?;
            return Ok(Groups::by(values.into_iter()));
        }
        Err(no_such_group(data, column))
    }

    fn by<T: Hash + Eq>(values: impl Iterator<Item = T>) -> Groups {
        let mut numbers: HashMap<T, u32> = HashMap::new();
        let mut groups = Groups {
            of_row: Vec::new(),
            sizes: Vec::new(),
            unnamed: 0,
        };
        for value in values {
            let next = groups.sizes.len() as u32;
            let number = *numbers.entry(value).or_insert(next);
            if number == next {
                groups.sizes.push(0);
            }
            groups.sizes[number as usize] += 1;
            groups.of_row.push(number);
        }
        groups
    }

    pub(super) fn count(&self) -> usize {
        self.sizes.len()
    }

    /// Whole groups with about `wanted` rows in total, drawn with `seed`: their rows, and the number of groups. At
    /// least one group is taken and one is left.
    ///
    /// A group is taken if this brings the number of rows closer to `wanted`, so a large group may be left out.
    pub(super) fn draw(&self, wanted: usize, seed: u64, purpose: Purpose) -> (Vec<u32>, usize) {
        let mut is_taken = vec![false; self.count()];
        let (mut rows, mut groups) = (0, 0);
        for group in Draws::new(seed, purpose).permutation(0, self.count()) {
            let group = group as usize;
            let with = rows + self.sizes[group];
            if with.abs_diff(wanted) < rows.abs_diff(wanted) && groups + 1 < self.count() {
                is_taken[group] = true;
                (rows, groups) = (with, groups + 1);
            }
        }
        if groups == 0 {
            let smallest = (0..self.count()).min_by_key(|&group| self.sizes[group]);
            if let Some(group) = smallest {
                is_taken[group] = true;
                groups = 1;
            }
        }
        let taken = self.of_row.iter().enumerate();
        let taken = taken.filter(|(_, group)| is_taken[**group as usize]);
        (taken.map(|(row, _)| row as u32).collect(), groups)
    }
}

/// The value of an input in a row; -0 becomes 0, because they are the same value.
fn value_at(data: &Dataset, row: usize, input: usize, buffer: &mut [f64; AT_ONCE]) -> f64 {
    let mut found = 0.0;
    data.each_value(row, buffer, |place, values| {
        if let Some(value) = values.get(input.wrapping_sub(place)) {
            found = value + 0.0;
        }
    });
    found
}

/// The error if there is no such column for groups.
pub(super) fn no_such_group(data: &Dataset, column: &str) -> Error {
    let mut known: Vec<&str> = data.ids().iter().map(|ids| ids.name.as_str()).collect();
    known.extend(data.labels().map(|_| data.label_column()));
    known.extend(
        data.columns()
            .unwrap_or_default()
            .iter()
            .map(String::as_str),
    );
    let what = format!("there is no column `{column}` to group the rows by");
    suggest(Error::new(ErrorKind::Data, what), column, &known).at(data.name())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_groups_are_drawn_near_to_what_is_wanted() {
        let groups = Groups::by((0..1000).map(|row| row % 37));
        assert_eq!(groups.count(), 37);
        let (rows, count) = groups.draw(100, 5, Purpose::HoldOut);
        assert!((87..=113).contains(&rows.len()), "{}", rows.len());
        let of: std::collections::HashSet<u32> = rows.iter().map(|row| row % 37).collect();
        assert_eq!(of.len(), count);
        let all_of = (0..1000).filter(|row| of.contains(&(row % 37))).count();
        assert_eq!(rows.len(), all_of);
        assert_ne!(rows, groups.draw(100, 6, Purpose::HoldOut).0);
    }

    #[test]
    fn groups_in_common_are_counted_by_their_values() {
        let of = |values: &[f64]| {
            let rows = ndarray::Array2::from_shape_vec((values.len(), 1), values.to_vec()).unwrap();
            let data = Dataset::from_array(rows.view()).unwrap();
            data.with_columns(vec!["a".into()]).unwrap()
        };
        let (train, test) = (of(&[1.0, 2.0, 2.0, 0.0]), of(&[2.0, 3.0, 2.0, -0.0, 5.0]));
        let shared = test.groups_shared_with(&train, "a").unwrap();
        let expected = SharedGroups {
            groups: 2,
            of_groups: 4,
            rows: 3,
        };
        assert_eq!(shared, expected);
        assert!(test.groups_shared_with(&train, "b").is_err());
    }

    #[test]
    fn a_group_that_is_most_of_the_rows_is_not_held_out() {
        let groups = Groups::by((0..100).map(|row| row.max(89)));
        for seed in 0..20 {
            let (rows, count) = groups.draw(10, seed, Purpose::HoldOut);
            assert_eq!((rows.len(), count), (10, 10));
        }
        // Of two large ones the smaller.
        let two = Groups::by((0..100).map(|row| row < 60));
        assert_eq!(
            two.draw(10, 0, Purpose::HoldOut).0,
            (60..100).collect::<Vec<u32>>()
        );
    }
}
