//! A run's own data: found, read and split as in its training, for commands without other data.

use super::load::{is_run, load_model_of};
use super::names::{MODEL_FILE, RUN_FILE};
use super::rows::KnownRows;
use super::sources::{Opened, RunFile, Sources};
use crate::advice::{Setting, set, setting};
use crate::data::{ReadOptions, Source, Split, SplitPlan};
use crate::error::{Error, ErrorKind, Result};
use crate::model::Model;
use crate::parts::Parts;
use crate::recipe::Recipe;
use crate::text::list_shortly;
use std::path::{Path, PathBuf};

/// How the options of a command change the options of a run's data.
pub type Change<'a> = &'a dyn Fn(&ReadOptions) -> ReadOptions;

/// A part of a run's data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The rows that are split.
    Data,
    /// The rows for validation.
    Validation,
    /// The rows for testing.
    Test,
}

/// The data that a run was trained on; they are known to be the same rows.
pub struct OwnData {
    /// The data that were read.
    pub opened: Opened,
    /// The sources from which they were read.
    pub sources: Sources,
    /// The sources that have moved since the run was trained.
    pub moved: Vec<String>,
    division: Division,
}

/// The split of rows into training, validation and test rows.
struct Division {
    seed: u64,
    plan: SplitPlan,
}

impl Division {
    fn of_recipe(recipe: &Recipe, sources: &Sources) -> Division {
        Division {
            seed: recipe.seed,
            plan: SplitPlan {
                validation: recipe.validation,
                ..sources.split.clone()
            },
        }
    }

    fn of_model(model: &Model, sources: &Sources) -> Division {
        match &model.origin().split {
            Some(split) => Division {
                seed: split.seed,
                plan: split.plan.clone(),
            },
            None => {
                let mut division = Division::of_recipe(model.recipe(), sources);
                // A model of an earlier version, which held out no rows unless it was told to.
                division.plan.validation = Some(model.recipe().validation.unwrap_or(0.0));
                division
            }
        }
    }

    /// The rows, split as in training.
    fn split<'a>(&self, opened: &'a Opened) -> Result<Split<'a>> {
        let source = &opened.source;
        source.split_beside(self.seed, &self.plan, opened.other())
    }
}

/// The folder of the run that a model's path belongs to: the path itself, or the folder of the model's file.
pub fn folder_of(path: &Path) -> Option<PathBuf> {
    let folder = if path.is_dir() {
        path.to_path_buf()
    } else if path.file_name()? == MODEL_FILE {
        match path.parent() {
            Some(folder) if folder.as_os_str().is_empty() => PathBuf::from("."),
            folder => folder?.to_path_buf(),
        }
    } else {
        return None;
    };
    folder.join(RUN_FILE).is_file().then_some(folder)
}

/// The error of a command that needs `--data`, because data are never guessed.
pub fn needs_data(path: &Path, model: &Model) -> Error {
    let what = if path.is_dir() {
        "this folder does not say where the data of its model are"
    } else {
        "a model file does not say where its data are"
    };
    let error = Error::new(ErrorKind::Data, what)
        .at(path.display())
        .expected(format!(
            "{}, or the folder of the run that trained the model",
            set(Setting::Data, "SOURCE")
        ));
    match &model.origin().data {
        Some(data) => error.hint(format!("the model was trained on `{data}`")),
        None => error,
    }
}

impl OwnData {
    /// The data of the run that a model's path belongs to.
    ///
    /// `change` may change how the data are read, but not which rows they have.
    ///
    /// # Errors
    ///
    /// If the model is not in a run's folder, if its data are missing, or if they are other rows than those of the
    /// training.
    pub fn of_model(path: &Path, model: &Model, change: Change<'_>) -> Result<OwnData> {
        let folder = folder_of(path).ok_or_else(|| needs_data(path, model))?;
        let file = RunFile::read(&folder)?;
        file.sources.refuse_streams(&folder)?;
        let before = file.sources.clone();
        let known = KnownRows::of_model(model);
        let open = |sources: Sources| {
            let reading = changed(&sources.reading, model, change);
            let division = Division::of_model(model, &sources);
            let opened = Sources {
                reading,
                ..sources.clone()
            }
            .open()?;
            let own = OwnData {
                moved: sources.moved_from(&before),
                opened,
                sources,
                division,
            };
            own.check(known.as_ref(), model)?;
            Ok(own)
        };
        first_that_fits(file.places(&folder, false)?, open)
    }

    /// The data of all runs among the arguments of a comparison, split as for the first of them; `None` if there is no
    /// run among them. Their recipes use these parts, or the library's if `parts` is `None`.
    ///
    /// # Errors
    ///
    /// As [`OwnData::of_model`] for each run; also if two of them were trained on different data.
    pub fn of_comparison(
        names: &[String],
        parts: Option<&Parts>,
        change: Change<'_>,
    ) -> Result<Option<OwnData>> {
        let parts = Parts::or_standard(parts);
        let mut first: Option<(&String, OwnData)> = None;
        for name in names.iter().filter(|name| is_run(Path::new(name))) {
            let path = Path::new(name);
            let model = load_model_of(path, &parts)?;
            let Some((other, own)) = &first else {
                first = Some((name, OwnData::of_model(path, &model, change)?));
                continue;
            };
            let folder = folder_of(path).ok_or_else(|| needs_data(path, &model))?;
            let file = RunFile::read(&folder)?;
            file.sources.refuse_streams(&folder)?;
            let places = file.places(&folder, false)?;
            let alike = |place: &Sources| {
                place.data == own.sources.data && place.reading == own.sources.reading
            };
            if !places.iter().any(alike) {
                let data = |sources: &Sources| list_shortly(&sources.data);
                let theirs = places.first().map(data).unwrap_or_default();
                let what = "the runs were not trained on the same data, or did not read them in the same way";
                return Err(Error::new(ErrorKind::Data, what)
                    .at(name)
                    .expected(format!("the data of `{other}`: {}", data(&own.sources)))
                    .found(theirs)
                    .hint(format!(
                        "give the data to compare them on with {}",
                        setting(Setting::Data)
                    )));
            }
            let known = KnownRows::of_model(&model);
            let division = Division::of_model(&model, &own.sources);
            if let Some(known) = known {
                let split = division.split(&own.opened)?;
                let found = KnownRows::of_split(&split)?;
                // Validation rows may come from a source of their own, which is not compared.
                known.check_all_but_validation(&found).map_err(refused)?;
            }
        }
        Ok(first.map(|(_, own)| own))
    }

    /// The rows, split as in training.
    ///
    /// # Errors
    ///
    /// As [`Source::split`](crate::data::Source::split).
    pub fn split(&self) -> Result<Split<'_>> {
        self.division.split(&self.opened)
    }

    /// The name of the rows, without folders; rows with a source of their own have its name.
    pub fn name(&self, part: Part) -> String {
        let short = |spec: &String| {
            let name = Path::new(spec).file_name();
            name.map_or(spec.clone(), |name| name.to_string_lossy().into_owned())
        };
        let beside = match part {
            Part::Data => &[],
            Part::Validation => self.sources.validation.as_slice(),
            Part::Test => self.sources.test.as_slice(),
        };
        let specs = match beside {
            [] => &self.sources.data,
            beside => beside,
        };
        let names: Vec<String> = specs.iter().map(short).collect();
        list_shortly(&names)
    }

    fn check(&self, known: Option<&KnownRows>, model: &Model) -> Result<()> {
        let split = self.split()?;
        if let Some(known) = known {
            let found = KnownRows::of_split(&split)?;
            return known.check(&found).map_err(refused);
        }
        // A model of an earlier version knows only the numbers.
        let Some(record) = &model.origin().split else {
            return Ok(());
        };
        let [train, _, test] = split.counts();
        if record.rows[0] == train && record.rows[2] == test {
            return Ok(());
        }
        Err(refused(
            Error::new(ErrorKind::Data, "these are not the rows of the run")
                .at(split.train.name())
                .expected(format!(
                    "{} training and {} test rows",
                    record.rows[0], record.rows[2]
                ))
                .found(format!("{train} and {test}")),
        ))
    }
}

/// Adds the hint for other rows.
fn refused(error: Error) -> Error {
    error.hint(format!(
        "without {}, a run needs its own rows unchanged; {} reads the rows as they are now",
        setting(Setting::Data),
        set(Setting::Data, "SOURCE")
    ))
}

/// The options of a run's data, changed by the options of a command. The columns to learn from stay the same.
fn changed(reading: &ReadOptions, model: &Model, change: Change<'_>) -> ReadOptions {
    let changed = change(reading);
    if changed == *reading {
        changed
    } else {
        ReadOptions {
            model_columns: model.origin().columns.clone(),
            truths: model.origin().truths(),
            ..changed
        }
    }
}

/// The result for the first place that holds the rows; if there is none, the error of the first place.
fn first_that_fits<T>(places: Vec<Sources>, open: impl Fn(Sources) -> Result<T>) -> Result<T> {
    let mut refused = None;
    for sources in places {
        match open(sources) {
            Ok(opened) => return Ok(opened),
            Err(error) => refused = refused.or(Some(error)),
        }
    }
    Err(refused.unwrap_or_else(|| Error::new(ErrorKind::Data, "the run has no data")))
}

impl Sources {
    /// The sources of a run to resume: at their place in training, or moved together with the run's folder. `data`,
    /// `validation` and `test` override the places.
    ///
    /// # Errors
    ///
    /// If there is no run in the folder, if its file is damaged, or if its data are missing.
    pub fn of_run(
        folder: &Path,
        recipe: &Recipe,
        data: &[String],
        validation: Option<&String>,
        test: Option<&String>,
    ) -> Result<Sources> {
        let file = RunFile::read(folder)?.at(folder, data, validation, test)?;
        Sources::of_file(file, folder, recipe, true)
    }

    /// The sources of a run whose model a new run begins with: at their place in training, or moved together with the
    /// run's folder.
    ///
    /// # Errors
    ///
    /// As [`Sources::of_run`].
    pub fn to_begin_with(folder: &Path, recipe: &Recipe) -> Result<Sources> {
        Sources::of_file(RunFile::read(folder)?, folder, recipe, false)
    }

    fn of_file(file: RunFile, folder: &Path, recipe: &Recipe, goes_on: bool) -> Result<Sources> {
        let known = file.rows.clone();
        let places = file.places(folder, goes_on)?;
        let (Some(known), true) = (known, places.len() > 1) else {
            // A resumed run checks the rows itself.
            return places
                .into_iter()
                .next()
                .ok_or_else(|| Error::new(ErrorKind::Data, "the run has no data"));
        };
        first_that_fits(places, |sources| {
            let opened = sources.open()?;
            let split = Division::of_recipe(recipe, &sources).split(&opened)?;
            known.check(&KnownRows::of_split(&split)?)?;
            Ok(sources)
        })
    }

    /// Refuses rows that came from standard input or a pipe. They no longer exist, and the present content of standard
    /// input is meant for something else.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Data`] if there are such rows.
    pub fn refuse_streams(&self, folder: &Path) -> Result<()> {
        let Some(spec) = self.specs().find(|spec| Source::is_stream(spec)) else {
            return Ok(());
        };
        let from = if Source::is_standard_input(spec) {
            "standard input".to_string()
        } else {
            format!("a pipe, {spec}")
        };
        Err(Error::new(
            ErrorKind::Data,
            format!("the rows of this run came from {from}"),
        )
        .at(folder.display())
        .hint(format!(
            "give them with {}, or with {} on standard input",
            set(Setting::Data, "FILE"),
            set(Setting::Data, '-')
        )))
    }

    /// The sources that a run's folder names, at their present place.
    ///
    /// # Errors
    ///
    /// If there is no run in the folder, or if its file is damaged.
    pub fn read(folder: &Path) -> Result<Sources> {
        Ok(RunFile::read(folder)?.sources)
    }
}
