//! Problems of the columns of a table: reasons why training would refuse it, and remarks.

use super::super::options::{Missing, OnBad, ReadOptions};
use super::super::roles::unnamed_input;
use super::super::schema::Role;
use super::super::table::counts_up;
use super::column::short;
use super::told::{ColumnInfo, Seen, TableInfo};
use crate::advice::{Setting, set, set_column, setting};
use crate::text::{counted, list_shortly, thousands};
use std::collections::HashMap;

/// With at least this many rows, it is remarkable that all words are different.
const MANY: u64 = 20;

/// The reasons why training would refuse the table, in sentences.
pub(super) fn refusals(info: &TableInfo, seen: &[Seen], options: &ReadOptions) -> Vec<String> {
    let inputs: Vec<&ColumnInfo> = info.of_role(Role::Input).collect();
    let mut all = Vec::new();
    for (column, seen) in info.columns.iter().zip(seen) {
        let is_refused = options.on_bad == OnBad::Refuse;
        if column.role == Role::Input && column.unreadable > 0 && is_refused {
            let sentence = seen.unreadable.sentence();
            all.push(format!("{}: {sentence}", column.quoted()));
        }
    }
    let missing: Vec<&&ColumnInfo> = inputs.iter().filter(|column| column.missing > 0).collect();
    let are_refused =
        options.missing_or_refuse() == Missing::Refuse && options.on_bad == OnBad::Refuse;
    if are_refused && !missing.is_empty() {
        let names: Vec<&str> = missing.iter().map(|column| column.name.as_str()).collect();
        let cells: u64 = missing.iter().map(|column| column.missing).sum();
        all.push(format!(
            "{} missing, in {} ({} fills them)",
            counted(cells as usize, "cell is", "cells are"),
            list_shortly(&names),
            set(Setting::Missing, "mean")
        ));
    }
    for column in &inputs {
        match column.numbers {
            None if column.unreadable == 0 => {
                all.push(format!("{} has no numbers", column.quoted()));
            }
            Some(numbers) if !numbers.are_scalable => all.push(format!(
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
        .filter(|column| column.missing > 0)
    {
        all.push(format!(
            "{} no label: {} is missing",
            counted(column.missing as usize, "row has", "rows have"),
            column.quoted()
        ));
    }
    if inputs.is_empty() {
        all.push("no column of numbers is left to train on".to_string());
    }
    if info.rows == 0 {
        all.push("there are no rows".to_string());
    }
    all
}

/// The names that several columns of a role have.
pub(super) fn twice(info: &TableInfo, role: Role) -> Vec<&str> {
    let mut counts: HashMap<&str, usize> = HashMap::new();
    for column in info.of_role(role) {
        *counts.entry(&column.name).or_default() += 1;
    }
    // Each once, at its first place.
    let names = info.of_role(role).map(|column| column.name.as_str());
    names
        .filter(|name| counts.remove(name).is_some_and(|count| count > 1))
        .collect()
}

/// The remarks, in sentences.
pub(super) fn remarks(info: &TableInfo, seen: &[Seen], options: &ReadOptions) -> Vec<String> {
    let mut all = Vec::new();
    let inputs = |is: &dyn Fn(&ColumnInfo) -> bool| -> Vec<&str> {
        let these = info.of_role(Role::Input).filter(|column| is(column));
        these.map(|column| column.name.as_str()).collect()
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
    let counting = inputs(&|column| column.counts_up && !column.is_unnamed());
    // A table that has only a counter is used for training on the counter.
    if !counting.is_empty() && counting.len() < info.of_role(Role::Input).count() {
        all.push(counts_up(&counting));
    }
    for (place, column) in info.columns.iter().enumerate() {
        if column.role != Role::Input {
            continue;
        }
        if column.is_unnamed() && options.columns.is_empty() {
            all.push(unnamed_input(&column.name, place));
        }
    }
    for column in info
        .columns
        .iter()
        .filter(|column| is_like_an_id(column, info.rows))
    {
        all.push(format!(
            "every value of {} is different: {} copies it to outputs",
            column.quoted(),
            set_column(Setting::Ids, &column.name)
        ));
    }
    let inputs = || {
        let all = info.columns.iter().zip(seen);
        all.filter(|(column, _)| column.role == Role::Input)
    };
    let nearly = inputs().filter_map(|(column, _)| nearly_constant(column));
    all.extend(first_few(
        nearly.collect(),
        ["is", "are"],
        "nearly constant too",
    ));
    let far = inputs().filter_map(|(column, seen)| far_away(column, seen));
    all.extend(first_few(
        far.collect(),
        ["has", "have"],
        "such a value too",
    ));
    let merged = inputs().filter_map(|(column, seen)| merged(column, seen));
    all.extend(first_few(merged.collect(), ["is", "are"], "like that too"));
    all
}

/// The first few of many sentences of one kind, and the number of further columns.
fn first_few(mut sentences: Vec<String>, [of_one, of_many]: [&str; 2], what: &str) -> Vec<String> {
    const FEW: usize = 3;
    let more = sentences.len().saturating_sub(FEW);
    if more > 0 {
        sentences.truncate(FEW);
        let verb = if more == 1 { of_one } else { of_many };
        sentences.push(format!(
            "{} {verb} {what}",
            counted(more, "more column", "more columns")
        ));
    }
    sentences
}

/// Whether every row has a different word.
pub(super) fn is_like_an_id(column: &ColumnInfo, rows: u64) -> bool {
    let is_free =
        column.role == Role::Ignored && column.reason != Some(setting(Setting::Drop).to_string());
    let is_each = column.distinct == Some(rows as usize) && !column.has_more;
    let is_words = column.kind == super::super::schema::ColumnKind::Text;
    is_free && is_words && is_each && rows >= MANY
}

/// A remark on a column in which almost all cells are the same.
fn nearly_constant(column: &ColumnInfo) -> Option<String> {
    let (value, count) = column.frequent.first()?;
    let others = column.present.saturating_sub(*count);
    let is_nearly = others > 0 && column.present >= 100 && others * 100 <= column.present;
    is_nearly.then(|| {
        format!(
            "{} is {value} in all but {} of its {} cells",
            column.quoted(),
            thousands(others as f64),
            thousands(column.present as f64)
        )
    })
}

/// A remark on a column with one value far from all others.
fn far_away(column: &ColumnInfo, seen: &Seen) -> Option<String> {
    let (value, count, (low, high)) = seen.tally.numbers.outlier()?;
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
fn merged(column: &ColumnInfo, seen: &Seen) -> Option<String> {
    let distinct = column.distinct?;
    let numbers = column.numbers?;
    let as_they_are = seen.tally.numbers.distinct_in_float32(0.0, 1.0)?;
    if as_they_are == distinct || numbers.std == 0.0 || !numbers.are_scalable {
        return None;
    }
    let factor = 1.0 / numbers.std;
    let left = seen
        .tally
        .numbers
        .distinct_in_float32(numbers.mean, factor)?;
    let (all, as_they_are) = (thousands(distinct as f64), thousands(as_they_are as f64));
    let doubles = seen.tally.numbers.distinct_in_float64()?;
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
