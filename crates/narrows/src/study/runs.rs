//! The runs of a study, several at the same time.
//!
//! A step of a small autoencoder has work for only a few cores, and the stages after training hardly for more than one.
//! The runs of a study are independent, so several runs with a few threads each use the cores better. The results of a
//! run do not depend on its threads, nor on other runs.

use super::{Done, StudyEvent, StudyOptions};
use crate::data::{OtherRows, Source, Watch};
use crate::error::{Error, ErrorKind, Result};
use crate::evaluate::Baselines;
use crate::memory::available;
use crate::parts::Parts;
use crate::recipe::Recipe;
use crate::run::{Event, Options, Sources, evaluate_run, run};
use crate::threads::{available_threads, on_share};
use crate::train::steps_memory;
use std::panic::resume_unwind;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

/// The memory of a run besides its training: for measures and pictures.
const MEASURING: usize = 128 << 20;

/// The memory of all simultaneous runs if the system does not report the free memory.
const MEMORY: usize = 2 << 30;

/// A planned run of a study.
pub(super) struct Planned<'a> {
    /// Its title while it is in progress.
    pub(super) title: String,
    /// Its name in the results of the study.
    pub(super) label: String,
    pub(super) work: Work<'a>,
    /// Whether its pictures are needed.
    pub(super) has_pictures: bool,
}

/// The work for a run.
pub(super) enum Work<'a> {
    /// Train a recipe in this folder.
    Train(Box<Recipe>, PathBuf),
    /// Measure a finished run.
    Evaluate(&'a Path),
}

/// Makes all runs in the order of the plan, several at the same time, and returns the result of each. `observe` is
/// called from several threads, but never by two at once.
///
/// # Errors
///
/// As [`run`], with the title of the run; the other runs then end too.
pub(super) fn make(
    planned: &[Planned<'_>],
    source: &Source,
    options: &StudyOptions<'_>,
    observe: &mut (dyn FnMut(StudyEvent<'_>) + Send),
) -> Result<Vec<Done>> {
    let threads = match options.threads {
        0 => available_threads(),
        threads => threads,
    };
    let memory = available().map_or(MEMORY, |bytes| bytes / 2);
    let lanes = lanes(planned, source, threads, memory)?;
    let observe = Mutex::new(observe);
    let shared = Shared {
        planned,
        titles: planned.iter().map(|run| &*run.title).collect(),
        source,
        baselines: Baselines::default(),
        next: AtomicUsize::new(0),
        sources: options.sources.as_ref(),
        other: options.other,
        watch: options.watch,
        parts: options.parts,
        asked: options.stop,
        stop: AtomicBool::new(false),
        tell: &|event| observe.lock().unwrap_or_else(PoisonError::into_inner)(event),
    };
    let mut made: Vec<(usize, Result<Done>)> = thread::scope(|scope| {
        let spawned = (1..lanes).map_while(|lane| {
            let (shared, threads) = (&shared, share(threads, lane, lanes));
            let lane = move || on_share(threads, || shared.lane());
            // If there are fewer threads than requested, all runs are still made.
            thread::Builder::new().spawn_scoped(scope, lane).ok()
        });
        let others: Vec<_> = spawned.collect();
        let mut made = on_share(share(threads, 0, lanes), || shared.lane());
        for other in others {
            made.extend(other.join().unwrap_or_else(|panic| resume_unwind(panic)));
        }
        made
    });
    made.sort_unstable_by_key(|(index, _)| *index);
    // Runs that were stopped because of another run's error do not report this. If data cannot be read, other runs on
    // them may diverge before they end.
    let rank = |place: &usize| match made[*place].1.as_ref().err().map(Error::kind) {
        None | Some(ErrorKind::Interrupted) => 2,
        Some(ErrorKind::Diverged) => 1,
        Some(_) => 0,
    };
    if let Some(cause) = (0..made.len()).min_by_key(rank) {
        made.swap(0, cause);
    }
    let done: Vec<Done> = made
        .into_iter()
        .map(|(_, outcome)| outcome)
        .collect::<Result<_>>()?;
    if done.len() == planned.len() {
        Ok(done)
    } else {
        // Asked to stop between two runs.
        Err(Error::new(
            ErrorKind::Interrupted,
            "not all runs were begun",
        ))
    }
}

/// The number of simultaneous runs that fit into a number of bytes of memory.
fn lanes(planned: &[Planned<'_>], source: &Source, threads: usize, memory: usize) -> Result<usize> {
    let mut largest = MEASURING;
    for wanted in planned {
        if let Work::Train(recipe, _) = &wanted.work {
            let (rows, recipe) = (&source.train, Recipe::clone(recipe));
            let recipe = recipe.with_widths_of(rows.shape());
            let network = recipe.network(rows.shape())?;
            let batch = recipe.batch_size.min(rows.rows());
            // Saving copies the memory of training.
            let steps = steps_memory(&recipe, network, batch)?
                .total()
                .saturating_mul(2);
            let total = steps.saturating_add(rows.chosen_bytes() + MEASURING);
            largest = largest.max(total);
        }
    }
    Ok((memory / largest).min(threads).min(planned.len()).max(1))
}

/// The threads of a lane; the remainder of the division goes to the first lanes.
fn share(threads: usize, lane: usize, lanes: usize) -> usize {
    threads / lanes + usize::from(lane < threads % lanes)
}

/// The data that all lanes share.
struct Shared<'a> {
    planned: &'a [Planned<'a>],
    titles: Vec<&'a str>,
    source: &'a Source,
    baselines: Baselines,
    /// The run that is begun next.
    next: AtomicUsize,
    sources: Option<&'a Sources>,
    other: OtherRows<'a>,
    watch: Option<&'a Watch>,
    parts: Option<&'a Parts>,
    /// Set by the caller to stop all runs.
    asked: Option<&'a AtomicBool>,
    /// Set if a run has failed, or if the request to stop was noticed.
    stop: AtomicBool,
    tell: &'a (dyn Fn(StudyEvent<'_>) + Sync),
}

impl Shared<'_> {
    /// Makes one run after the other, and returns the result of each, with its place in the plan.
    fn lane(&self) -> Vec<(usize, Result<Done>)> {
        /// Stops the other lanes if this one panics.
        struct Stops<'a>(&'a AtomicBool);
        impl Drop for Stops<'_> {
            fn drop(&mut self) {
                self.0.fetch_or(thread::panicking(), Ordering::Relaxed);
            }
        }
        let _stops = Stops(&self.stop);
        let mut made = Vec::new();
        while !self.is_stopped() {
            let index = self.next.fetch_add(1, Ordering::Relaxed);
            let Some(wanted) = self.planned.get(index) else {
                break;
            };
            let outcome = self.make(wanted, index + 1);
            self.stop.fetch_or(outcome.is_err(), Ordering::Relaxed);
            made.push((index, outcome.map_err(|error| error.at(&wanted.title))));
        }
        made
    }

    /// Whether to stop; a request of the caller is passed on to all runs.
    fn is_stopped(&self) -> bool {
        if self
            .asked
            .is_some_and(|asked| asked.load(Ordering::Relaxed))
        {
            self.stop.store(true, Ordering::Relaxed);
        }
        self.stop.load(Ordering::Relaxed)
    }

    fn make(&self, wanted: &Planned<'_>, which: usize) -> Result<Done> {
        let titles = &self.titles[..];
        (self.tell)(StudyEvent::Begin { which, titles });
        let mut options = Options {
            sources: self.sources.cloned(),
            split: self
                .sources
                .map(|sources| sources.split.clone())
                .unwrap_or_default(),
            validation: self.other.validation,
            test: self.other.test,
            watch: self.watch,
            parts: self.parts,
            stop: Some(&self.stop),
            baselines: Some(&self.baselines),
            ..Options::default()
        };
        let epochs = match &wanted.work {
            Work::Train(recipe, _) => recipe.epochs,
            Work::Evaluate(_) => 0,
        };
        // A run tells something before it looks whether to stop.
        let mut observe = |event: Event<'_>| {
            self.is_stopped();
            (self.tell)(StudyEvent::Run {
                which,
                epochs,
                event,
            });
        };
        let (recipe, mut outcome) = match &wanted.work {
            Work::Train(recipe, folder) => {
                options.out = Some(folder);
                let outcome = run(recipe, self.source, &options, &mut observe)?;
                (Recipe::clone(recipe), outcome)
            }
            Work::Evaluate(path) => evaluate_run(path, self.source, &options, &mut observe)?,
        };
        if !wanted.has_pictures {
            outcome.figures = Vec::new();
        }
        (self.tell)(StudyEvent::End { which });
        Ok(Done {
            label: wanted.label.clone(),
            recipe,
            outcome,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Dataset;
    use ndarray::Array2;

    #[test]
    fn so_many_go_on_at_a_time_as_there_are_threads_and_memory_for() {
        let rows = Array2::from_shape_fn((4, 1000), |(row, column)| (row + column) as f32);
        let source = Source {
            train: Dataset::from_array(rows.view()).unwrap(),
            test: None,
        };
        let lanes_of = |outputs: usize, runs: usize, threads: usize| {
            let text = Recipe::text("table").unwrap();
            let text = text.replace("outputs = 64", &format!("outputs = {outputs}"));
            let recipe = Recipe::parse(&text, "table").unwrap();
            let planned = |run: usize| Planned {
                title: run.to_string(),
                label: run.to_string(),
                work: Work::Train(Box::new(recipe.clone()), PathBuf::new()),
                has_pictures: false,
            };
            let planned: Vec<_> = (0..runs).map(planned).collect();
            lanes(&planned, &source, threads, 2 << 30).unwrap()
        };
        assert_eq!(lanes_of(64, 16, 2), 2);
        assert_eq!(lanes_of(64, 3, 64), 3);
        // Some 31 million parameters, with two numbers of Adam's each; as much again for saving them.
        assert_eq!(lanes_of(15_000, 16, 64), 2);
        // More than may be there at a time; still, one run is made.
        assert_eq!(lanes_of(200_000, 16, 64), 1);
        assert_eq!([0, 1, 2].map(|lane| share(8, lane, 3)), [3, 3, 2]);
    }
}
