//! Compares recipes and runs on the same data with the same seeds.

use super::compared::Compared;
use super::comparison::Comparison;
use super::runs::{Planned, Work, make};
use super::vary::{Variation, called};
use super::{
    Done, StudyEvent, StudyOptions, check_empty, first_pictures, make_folder, robustness_figures,
    stopped,
};
use crate::advice::{Action, Setting, Settings, set};
use crate::data::Source;
use crate::error::{Error, ErrorKind, Result};
use crate::isa;
use crate::parts::Parts;
use crate::recipe::{Override, Recipe};
use crate::report::{Report, Section, Table};
use crate::run::{
    REPORT_FILE, blame_recipe, check_done, check_recipe, is_run, load_for, write_report,
};
use std::path::Path;

/// An entry of a comparison: a recipe with its overrides, or a finished run.
struct Entry<'a> {
    /// The recipe or run as the user named it.
    asked: &'a str,
    /// Its name in tables.
    name: String,
    variation: Variation,
    /// `None` for a run.
    recipe: Option<Recipe>,
}

impl Entry<'_> {
    /// The number of seeds to train it from; a finished run has only its own seed.
    fn seeds(&self, seeds: usize) -> usize {
        if self.recipe.is_some() { seeds } else { 1 }
    }
}

/// What to compare.
#[derive(Clone, Copy, Debug)]
pub struct ToCompare<'a> {
    /// Recipes, by name or file, and the folders of runs.
    pub names: &'a [String],
    /// The overrides that are applied to each recipe first.
    pub overrides: &'a [Override],
    /// The variations of each recipe; if empty, the recipe is used as it is. See [`variations()`](super::variations).
    pub variations: &'a [Variation],
}

impl<'a> ToCompare<'a> {
    /// Recipes and runs without variations.
    pub fn of(names: &'a [String]) -> ToCompare<'a> {
        ToCompare {
            names,
            overrides: &[],
            variations: &[],
        }
    }
}

/// Trains each recipe, in each of its variations, from each seed, and measures each finished run, all on one source.
/// The runs and the report go to a folder of their own.
///
/// Several runs are trained at the same time. `observe` is called from several threads, but never by two at once.
///
/// # Errors
///
/// If a name is neither a recipe nor a finished run, or as [`crate::run::run`] for the first run that fails, which ends
/// the others. [`ErrorKind::Interrupted`](crate::ErrorKind::Interrupted) if it was asked to stop.
pub fn compare(
    what: &ToCompare<'_>,
    source: &Source,
    options: &StudyOptions<'_>,
    observe: &mut (dyn FnMut(StudyEvent<'_>) + Send),
) -> Result<Comparison> {
    check_empty(options.out)?;
    let seeds = options.seeds.max(1);
    let ToCompare {
        names,
        overrides,
        variations,
    } = *what;
    let as_it_is = [Variation::new()];
    let variations = if variations.is_empty() {
        &as_it_is
    } else {
        variations
    };
    refuse_seeds(overrides.iter().chain(variations.iter().flatten()))?;
    // Everything is read and checked against the data before the first recipe is trained.
    let parts = Parts::or_standard(options.parts);
    let mut entries = Vec::new();
    for asked in names {
        if is_run(Path::new(asked)) {
            let run = Path::new(asked);
            check_done(run, &load_for(run, source, options.parts)?)?;
            entries.push(Entry {
                asked,
                name: asked.clone(),
                variation: Vec::new(),
                recipe: None,
            });
            continue;
        }
        for variation in variations {
            let recipe = parts.load(asked, &[overrides, variation].concat())?;
            let as_written = overrides.is_empty() && variation.is_empty();
            check_recipe(&recipe, source)
                .map_err(|error| blame_recipe(error, asked, as_written))?;
            let name = match (names.len(), variation.len()) {
                (_, 0) => asked.clone(),
                (1, _) => called(variation),
                _ => format!("{asked}, {}", called(variation)),
            };
            entries.push(Entry {
                asked,
                name,
                variation: variation.clone(),
                recipe: Some(recipe),
            });
        }
    }
    let is_changed = !overrides.is_empty() || variations.iter().any(|set| !set.is_empty());
    if is_changed && entries.iter().all(|entry| entry.recipe.is_none()) {
        return Err(Error::new(
            ErrorKind::Recipe,
            "settings are for recipes, and only finished runs are compared",
        )
        .expected("a recipe among the names")
        .found(names.join(", ")));
    }
    let (out, _lock) = make_folder(options.out, "compare")?;
    let mut planned = Vec::new();
    for (index, entry) in entries.iter().enumerate() {
        for seed in 0..entry.seeds(seeds) {
            let title = match &entry.recipe {
                Some(_) if seeds > 1 => format!("{}, seed {seed}", entry.name),
                _ => entry.name.clone(),
            };
            let work = match &entry.recipe {
                Some(recipe) => {
                    let mut recipe = Box::new(recipe.clone());
                    recipe.seed = seed as u64;
                    let folder = format!("{}-{}-seed-{seed}", index + 1, recipe.name);
                    Work::Train(recipe, out.join(folder))
                }
                None => Work::Evaluate(Path::new(entry.asked)),
            };
            planned.push(Planned {
                title,
                label: entry.name.clone(),
                work,
                has_pictures: seed == 0,
            });
        }
    }
    let hint = format!(
        "to finish a run, use {}; {} can then compare the finished run",
        Action::GoOn {
            run: out.join("…"),
            settings: Settings::default()
        },
        Action::Compare
    );
    let made = make(&planned, source, options, observe);
    let mut made = made
        .map_err(|error| stopped(error, &out, &hint))?
        .into_iter();
    let (mut rows, mut first) = (Vec::new(), Vec::new());
    for entry in &entries {
        let runs: Vec<Done> = made.by_ref().take(entry.seeds(seeds)).collect();
        let what = (entry.asked, &entry.name[..], &entry.variation);
        rows.push(Compared::of(what, entry.recipe.is_none(), &runs));
        first.extend(runs.into_iter().next());
    }
    let comparison = Comparison {
        rows,
        report: out.join(REPORT_FILE),
    };
    write_report(&out, &report(&comparison, &first)?)?;
    Ok(comparison)
}

/// Refuses an override of the seed, because a comparison chooses the seeds.
fn refuse_seeds<'a>(mut overrides: impl Iterator<Item = &'a Override>) -> Result<()> {
    let is_seed = |set: &&Override| {
        let key = set.assignment.split('=').next().unwrap_or_default();
        key.split('.').map(str::trim).eq(["training", "seed"])
    };
    match overrides.find(is_seed) {
        None => Ok(()),
        Some(seed) => Err(Error::new(
            ErrorKind::Recipe,
            "a comparison chooses the seeds itself: 0, 1, 2 and so on",
        )
        .at(&seed.origin)
        .expected("the number of seeds")
        .hint(format!(
            "{} trains each recipe with the seeds 0, 1 and 2",
            set(Setting::Seeds, 3)
        ))),
    }
}

fn report(comparison: &Comparison, first: &[Done]) -> Result<Report> {
    let best = comparison.best();
    let groups = comparison.groups();
    let several = groups.len() > 1;
    let mut table = Table::of(comparison.table());
    for place in best {
        table.rows[place][1].best = true;
    }
    let mut sections = vec![Section {
        title: "Robustness".into(),
        about: vec!["The first seed of each model, on the first 500 test rows.".into()],
        table: None,
        figures: Vec::new(),
    }];
    for group in &groups {
        let runs: Vec<&Done> = group.iter().filter_map(|&index| first.get(index)).collect();
        let about = if several {
            format!("{} scaling", comparison.rows[group[0]].scaling)
        } else {
            "all models".into()
        };
        sections[0]
            .figures
            .extend(robustness_figures(&runs, &about, false)?);
    }
    sections.extend(first.iter().enumerate().map(|(index, done)| {
        let mut section = done.outcome.section(&done.recipe);
        section.title = format!("{}-{}", index + 1, section.title);
        section
            .figures
            .retain(|figure| !figure.name.starts_with("robustness"));
        section
    }));
    let all: Vec<&Done> = first.iter().collect();
    Ok(Report {
        title: "Autoencoders compared".into(),
        lead: comparison.verdict(),
        table: Some(table),
        notes: vec![
            comparison.notes().join(" "),
            "All models that were trained here have the same data and the same seeds. Errors are in scaled units; the \
             smallest test MSE among models with the same scaling is marked. Runs that were trained at the same time \
             shared the CPU."
                .into(),
            isa::note(),
        ],
        first: comparison
            .sweep()?
            .into_iter()
            .chain(first_pictures(&all, ""))
            .collect(),
        sections,
    })
}
