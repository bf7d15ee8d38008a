//! Problems of the columns of a table: reasons why training would refuse it, and remarks.

use super::super::options::{Missing, OnBad, ReadOptions};
use super::super::roles::unnamed_input;
use super::super::schema::{ColumnKind, Role};
use super::super::table::counts_up;
use super::fate::{Fate, Reason};
use super::numbers::short;
use super::told::{ColumnInfo, TableInfo};
use crate::advice::{Setting, set, set_column};
use crate::text::{counted, list_shortly, thousands};
use std::collections::HashSet;

/// With at least this many rows, it is remarkable that all words are different.
const MANY: u64 = 20;

/// The reasons why training would refuse the table, in sentences.
pub(super) fn refusals(info: &TableInfo, options: &ReadOptions) -> Vec<String> {
    let inputs = || info.of_role(Role::Input);
    let mut all = Vec::new();
    if options.on_bad == OnBad::Refuse {
        let bad = inputs().filter(|column| column.unreadable() > 0);
        all.extend(bad.map(|column| format!("{}: {}", column.quoted(), column.problems())));
    }
    let missing = || inputs().filter(|column| column.missing() > 0);
    let are_refused =
        options.missing_or_refuse() == Missing::Refuse && options.on_bad == OnBad::Refuse;
    if are_refused && missing().next().is_some() {
        let names: Vec<&str> = missing().map(ColumnInfo::name).collect();
        let cells: u64 = missing().map(ColumnInfo::missing).sum();
        all.push(format!(
            "{} missing, in {} ({} fills them)",
            counted(cells as usize, "cell is", "cells are"),
            list_shortly(&names),
            set(Setting::Missing, "mean")
        ));
    }
    for column in inputs() {
        match column.has_numbers() {
            false if column.unreadable() == 0 => {
                all.push(format!("{} has no numbers", column.quoted()));
            }
            true if !column.are_scalable() => all.push(format!(
                "{}: its values are too large, or too close to each other, for a mean and a spread in float64; write \
                 them in another unit",
                column.quoted()
            )),
            _ => {}
        }
    }
    for name in twice(info, Role::Input) {
        all.push(match name {
            "" => "several columns have no name".to_string(),
            name => format!("several columns are called `{name}`"),
        });
    }
    for column in info
        .of_role(Role::Label)
        .filter(|column| column.missing() > 0)
    {
        all.push(format!(
            "{} no label: {} is missing",
            counted(column.missing() as usize, "row has", "rows have"),
            column.quoted()
        ));
    }
    if inputs().next().is_none() {
        all.push("no column of numbers is left to train on".to_string());
    }
    if info.rows == 0 {
        all.push("there are no rows".to_string());
    }
    all
}

/// The names that several columns of a role have, each once, at its first place.
pub(super) fn twice(info: &TableInfo, role: Role) -> Vec<&str> {
    let mut repeated = repeated(info.of_role(role));
    if repeated.is_empty() {
        return Vec::new();
    }
    let names = info.of_role(role).map(ColumnInfo::name);
    names.filter(|name| repeated.remove(name)).collect()
}

/// The names that several of some columns have.
pub(super) fn repeated<'a>(columns: impl Iterator<Item = ColumnInfo<'a>>) -> HashSet<&'a str> {
    let mut known = HashSet::with_capacity(columns.size_hint().1.unwrap_or_default());
    let names = columns.map(ColumnInfo::name);
    names.filter(|name| !known.insert(*name)).collect()
}

/// The remarks, in sentences.
pub(super) fn remarks(info: &TableInfo, options: &ReadOptions) -> Vec<String> {
    let mut all = Vec::new();
    let inputs = |is: &dyn Fn(&ColumnInfo<'_>) -> bool| -> Vec<&str> {
        let these = info.of_role(Role::Input).filter(|column| is(column));
        these.map(ColumnInfo::name).collect()
    };
    if info.rows == 1 {
        all.push(
            "there is only one row: the model would be tested on the row that it is trained on"
                .to_string(),
        );
    }
    // With a single row, every column is constant.
    let constant = inputs(&|column| column.is_constant() && info.rows > 1);
    if !constant.is_empty() {
        all.push(format!(
            "{}: {}; {}",
            counted(constant.len(), "column is constant", "columns are constant"),
            list_shortly(&constant),
            match constant.len() {
                1 => "it has no information",
                _ => "they have no information",
            }
        ));
    }
    let counting = inputs(&|column| column.counts_up() && !column.is_unnamed());
    // A table that has only a counter is used for training on the counter.
    if !counting.is_empty() && counting.len() < info.of_role(Role::Input).count() {
        all.push(counts_up(&counting));
    }
    for (place, column) in info.columns().enumerate() {
        let is_input = column.role() == Role::Input && options.columns.is_empty();
        if is_input && column.is_unnamed() {
            all.push(unnamed_input(column.name(), place));
        }
    }
    for column in info
        .columns()
        .filter(|column| is_like_an_id(*column, info.rows))
    {
        all.push(format!(
            "every value of {} is different: {} copies it to outputs",
            column.quoted(),
            set_column(Setting::Ids, column.name())
        ));
    }
    let inputs = || info.of_role(Role::Input);
    all.extend(first_few(
        inputs().filter(|column| is_nearly_constant(*column)),
        nearly_constant,
        ["is nearly constant too", "are nearly constant too"],
    ));
    all.extend(first_few(
        inputs().filter(|column| column.has_outlier()),
        far_away,
        ["has such a value too", "have such a value too"],
    ));
    all.extend(first_few(
        inputs().filter(|column| column.is_merged()),
        merged,
        ["is like that too", "are like that too"],
    ));
    all
}

/// The sentences on the first few of many columns, and the number of further columns.
fn first_few<'a>(
    mut columns: impl Iterator<Item = ColumnInfo<'a>>,
    sentence: fn(ColumnInfo<'a>) -> Option<String>,
    [of_one, of_many]: [&str; 2],
) -> Vec<String> {
    const FEW: usize = 3;
    let first = columns.by_ref().take(FEW);
    let mut sentences: Vec<String> = first.filter_map(sentence).collect();
    let more = columns.count();
    if more > 0 {
        let what = if more == 1 { of_one } else { of_many };
        let columns = counted(more, "more column", "more columns");
        sentences.push(format!("{columns} {what}"));
    }
    sentences
}

/// Whether every row has a different word.
pub(super) fn is_like_an_id(column: ColumnInfo<'_>, rows: u64) -> bool {
    let is_free = matches!(column.fate(), Fate::LeftOut(reason) if reason != Reason::Dropped);
    let is_each = column.distinct() == Some(rows as usize) && !column.has_more();
    is_free && column.kind() == ColumnKind::Text && is_each && rows >= MANY
}

/// Whether almost all cells of a column are the same.
fn is_nearly_constant(column: ColumnInfo<'_>) -> bool {
    let present = column.present();
    let others = |most: u64| present.saturating_sub(most);
    let is_nearly = |most: u64| others(most) > 0 && others(most) * 100 <= present;
    present >= 100 && column.counted().most().is_some_and(is_nearly)
}

/// A remark on a column in which almost all cells are the same.
fn nearly_constant(column: ColumnInfo<'_>) -> Option<String> {
    let frequent = column.frequent();
    let (value, count) = frequent.first()?;
    let others = column.present().saturating_sub(*count);
    Some(format!(
        "{} is {value} in all but {} of its {} cells",
        column.quoted(),
        thousands(others as f64),
        thousands(column.present() as f64)
    ))
}

/// A remark on a column with one value far from all others.
fn far_away(column: ColumnInfo<'_>) -> Option<String> {
    let (value, count, (low, high)) = column.counted().numbers.outlier()?;
    Some(format!(
        "{}: {} ({}) is far from all other values, {} to {}; is it a code for a missing value?",
        column.quoted(),
        short(value),
        match count {
            1 => "once".to_string(),
            2 => "twice".to_string(),
            count => format!("{} times", thousands(count as f64)),
        },
        short(low),
        short(high)
    ))
}

/// A remark on a column whose distinct values float32 merges, before or after scaling.
fn merged(column: ColumnInfo<'_>) -> Option<String> {
    let distinct = column.distinct()?;
    let counted = column.counted();
    let numbers = &counted.numbers;
    let as_they_are = numbers.distinct_in_float32(0.0, 1.0)?;
    let left = numbers.distinct_in_float32(numbers.mean(), 1.0 / numbers.std())?;
    let (all, as_they_are) = (thousands(distinct as f64), thousands(as_they_are as f64));
    let doubles = numbers.distinct_in_float64()?;
    Some(if left != distinct {
        format!(
            "{}: scaled to float32, its {all} distinct values become {}",
            column.quoted(),
            thousands(left as f64)
        )
    } else if doubles < distinct {
        format!(
            "{}: float64 keeps only {} of its {all} distinct values. Scores and reconstructions are computed in \
             float64: subtract a constant from the column in the file",
            column.quoted(),
            thousands(doubles as f64)
        )
    } else {
        format!(
            "{}: float32 would merge its {all} distinct values into {as_they_are}; Narrows scales in float64, so all \
             {all} stay distinct",
            column.quoted()
        )
    })
}
