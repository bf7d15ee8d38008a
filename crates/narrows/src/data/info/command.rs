//! The settings that train on data as they are: of a command, a line that is ready to be pasted.

use super::super::fault::{Fault, Mend};
use super::super::options::{Missing, OnBad, READING_KEYS, ReadOptions};
use super::super::schema::{ColumnKind, Role};
use super::remarks::{is_like_an_id, repeated, twice};
use super::told::{ColumnInfo, TableInfo};
use crate::advice::{Action, Keys, Setting, Settings, set, setting};
use crate::text::list_shortly;
use std::cell::LazyCell;
use std::collections::HashSet;

/// Usual names of a column of classes.
const LABELS: [&str; 9] = [
    "class", "classes", "label", "labels", "target", "targets", "y", "species", "category",
];

/// The most classes for which a label is guessed: of words, and of whole numbers without such a name.
const CLASSES: (usize, usize) = (50, 10);

/// Adds to what is known of a table the settings that train on it, with what that takes.
pub(super) fn suggest(info: &mut TableInfo, specs: &[String], options: &ReadOptions) {
    let mut wanted = options.clone();
    let mut said = Vec::new();
    let unusable = unusable(info, options);
    if wanted.columns.is_empty() {
        let mut known = HashSet::new();
        let mut names = unusable;
        names.retain(|name| known.insert(name.clone()));
        let twice: HashSet<&str> = twice(info, Role::Input).into_iter().collect();
        let (same, bad): (Vec<&String>, Vec<&String>) =
            names.iter().partition(|name| twice.contains(name.as_str()));
        if !same.is_empty() {
            said.push(format!(
                "this drops all columns called {}; it is better to rename them",
                list_shortly(&same)
            ));
        }
        if !bad.is_empty() {
            said.push(format!(
                "this drops {}; correcting {} cells is better",
                list_shortly(&bad),
                if bad.len() == 1 { "its" } else { "their" }
            ));
        }
        wanted.drop.extend(names);
    } else {
        let unusable: HashSet<String> = unusable.into_iter().collect();
        wanted.columns.retain(|name| !unusable.contains(name));
    }
    let label = info.of_role(Role::Label).next();
    if let Some(column) = label.filter(|column| column.missing() > 0) {
        // It must not become an input.
        wanted.label = None;
        wanted.ids.push(column.name().to_string());
        said.push(format!(
            "this keeps {} as an id: as a label it needs a value in every row",
            column.quoted()
        ));
    }
    let guess = options
        .label
        .is_none()
        .then(|| label_of(info, &wanted))
        .flatten();
    if let Some(label) = guess {
        said.push(format!(
            "guess: `{label}` is the label, because it has few distinct values; a label is not an input"
        ));
        wanted.label = Some(label);
    }
    let ids = ids_of(info, &wanted);
    if !ids.is_empty() {
        said.push(format!(
            "{} copies {} to outputs; {}",
            setting(Setting::Ids),
            list_shortly(&ids),
            match ids.len() {
                1 => "it is not an input",
                _ => "they are not inputs",
            }
        ));
        wanted.ids.extend(ids);
    }
    let left = LeftNames::of(&wanted);
    let inputs = || {
        let all = info.of_role(Role::Input);
        all.filter(|column| left.has(*column))
    };
    let is_any_left = inputs().next().is_some();
    let has_gaps = inputs().any(|column| column.missing() > 0);
    let is_refused =
        wanted.missing_or_refuse() == Missing::Refuse && wanted.on_bad == OnBad::Refuse;
    if is_refused && has_gaps {
        wanted.missing = Some(Missing::Mean);
        said.push(format!(
            "{} fills missing cells with column means of the training rows",
            set(Setting::Missing, "mean")
        ));
    }
    if !is_any_left || info.rows == 0 {
        let has_inputs = info.of_role(Role::Input).next().is_some();
        if has_inputs && info.rows > 0 {
            let noun = "correct the lines above first: no settings can train on this file as it is";
            info.refusals.push(noun.to_string());
        }
        return;
    }
    info.training = Some(training("table", Keys::default(), specs, &wanted));
    info.suggestions = said;
}

/// Adds what these settings have for the faults of the table, and what it cannot mend.
pub(super) fn tell_of_mends(info: &mut TableInfo, faults: &[Fault]) {
    if info.training.is_none() {
        return;
    }
    let mends: Vec<Option<Mend>> = faults.iter().map(|fault| fault.mend.clone()).collect();
    let mut said = Vec::new();
    if mends.contains(&None) {
        said.push("correct the lines above first: no option helps".to_string());
    }
    let doubts = mends.into_iter().flatten().filter_map(Mend::doubt);
    for doubt in doubts {
        if !said.contains(&doubt) {
            said.push(doubt);
        }
    }
    info.suggestions.splice(..0, said);
}

/// The names of inputs that remain with the options.
struct LeftNames<'a> {
    /// All names, or only these.
    chosen: Option<HashSet<&'a str>>,
    taken: HashSet<&'a str>,
}

impl<'a> LeftNames<'a> {
    fn of(options: &'a ReadOptions) -> Self {
        let names = |list: &'a [String]| list.iter().map(String::as_str);
        let taken = names(&options.drop).chain(names(&options.ids));
        LeftNames {
            chosen: (!options.columns.is_empty()).then(|| names(&options.columns).collect()),
            taken: taken.chain(options.label.as_deref()).collect(),
        }
    }

    /// Whether a column is still an input.
    fn has(&self, column: ColumnInfo<'_>) -> bool {
        let name = column.name();
        let is_chosen = |chosen: &HashSet<&str>| chosen.contains(name);
        self.chosen.as_ref().is_none_or(is_chosen) && !self.taken.contains(name)
    }
}

/// The inputs that training would refuse, for any handling of missing cells.
fn unusable(info: &TableInfo, options: &ReadOptions) -> Vec<String> {
    let twice: HashSet<&str> = twice(info, Role::Input).into_iter().collect();
    let is_unusable = |column: &ColumnInfo<'_>| {
        let has_none = !column.has_numbers() || !column.are_scalable();
        let is_refused = column.unreadable() > 0 && options.on_bad == OnBad::Refuse;
        is_refused || has_none || twice.contains(column.name())
    };
    let these = info.of_role(Role::Input).filter(is_unusable);
    these.map(|column| column.name().to_string()).collect()
}

/// The column that is probably the label, if there is one.
fn label_of(info: &TableInfo, wanted: &ReadOptions) -> Option<String> {
    let repeated = LazyCell::new(|| repeated(info.columns()));
    let left = LeftNames::of(wanted);
    let is_free = |column: ColumnInfo<'_>| match column.role() {
        Role::Input => left.has(column) && wanted.columns.is_empty(),
        Role::Ignored => !wanted.drop.iter().any(|name| name == column.name()),
        Role::Label | Role::Id => false,
    };
    let is_possible = |column: ColumnInfo<'_>, most: usize| {
        let few = column.distinct().filter(|_| !column.has_more());
        let is_few = few.is_some_and(|few| few >= 2 && few <= most && few as u64 * 2 <= info.rows);
        is_few
            && column.missing() == 0
            && column.unreadable() == 0
            && !repeated.contains(column.name())
            && is_free(column)
    };
    let is_class = |column: ColumnInfo<'_>| {
        use ColumnKind::{Boolean, Integer, Text};
        matches!(column.kind(), Text | Boolean | Integer)
    };
    let is_called_so = |column: ColumnInfo<'_>| {
        let name = column.name().trim();
        let is_label = LABELS.iter().any(|label| name.eq_ignore_ascii_case(label));
        is_label && is_class(column) && is_possible(column, CLASSES.0)
    };
    if let Some(column) = info.columns().find(|column| is_called_so(*column)) {
        return Some(column.name().to_string());
    }
    let mut others = info.columns();
    let last = others.next_back()?;
    // Of several similar columns, the last one is not special.
    let is_alike = |column: ColumnInfo<'_>| {
        let is_few = column.distinct().is_some_and(|few| few <= CLASSES.1);
        column.kind() == last.kind() && is_few
    };
    let has_measures = others.clone().any(|column| column.kind().is_numeric());
    let stands_alone = has_measures && !others.any(is_alike);
    let is_likely = match last.kind() {
        ColumnKind::Text => is_possible(last, CLASSES.0),
        ColumnKind::Integer | ColumnKind::Boolean => stands_alone && is_possible(last, CLASSES.1),
        _ => false,
    };
    is_likely.then(|| last.name().to_string())
}

/// The columns that identify rows: columns that count up, and columns of words that are all different.
fn ids_of(info: &TableInfo, wanted: &ReadOptions) -> Vec<String> {
    let left = LeftNames::of(wanted);
    let is_counting =
        |column: &ColumnInfo<'_>| column.counts_up() && left.has(*column) && !column.is_unnamed();
    let counting = info.of_role(Role::Input).filter(is_counting);
    let mut names: Vec<String> = if wanted.columns.is_empty() {
        counting.map(|column| column.name().to_string()).collect()
    } else {
        // The user requested it by name.
        Vec::new()
    };
    let inputs = info.of_role(Role::Input);
    let inputs = inputs.filter(|column| left.has(*column));
    // A table that has only a counter is used for training on the counter.
    if inputs.count() == names.len() {
        names.clear();
    }
    let repeated = LazyCell::new(|| repeated(info.columns()));
    let words = info.columns().filter(|column| {
        is_like_an_id(*column, info.rows)
            && !column.name().is_empty()
            && !repeated.contains(column.name())
    });
    names.extend(words.map(|column| column.name().to_string()));
    names
}

/// What trains a recipe on sources.
pub(super) fn training(
    recipe: &str,
    keys: Keys,
    specs: &[String],
    options: &ReadOptions,
) -> Action {
    let data = specs.iter().map(|spec| (Setting::Data, Some(spec.clone())));
    let options = settings(options).into_iter();
    let options = options.map(|(setting, value)| (setting, Some(value)));
    Action::Train {
        recipe: recipe.to_string(),
        keys,
        settings: Settings(data.chain(options).collect()),
    }
}

/// The options that are not as they are without being set, in the order of their declarations.
fn settings(options: &ReadOptions) -> Vec<(Setting, String)> {
    let all = READING_KEYS.iter();
    let all = all.filter_map(|key| Some((key.setting, key.text(options)?)));
    let group = options.group.iter();
    all.chain(group.map(|group| (Setting::Group, group.clone())))
        .collect()
}
