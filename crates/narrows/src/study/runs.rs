//! The runs of a study, several at a time.
//!
//! A step of a small autoencoder has work for a few cores only, and what follows training for hardly more than one. The
//! runs of a study do not depend on each other, so that cores are better used by several of them, on a few threads each:
//! no run's results depend on its threads, nor on what goes on beside it.

use super::{Done, StudyEvent};
use crate::data::Source;
use crate::error::{ErrorKind, Result};
use crate::evaluate::Baselines;
use crate::network::Network;
use crate::recipe::Recipe;
use crate::run::{Event, Options, evaluate_run, run, threads_or_all};
use std::panic::resume_unwind;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;

/// The parameters that all runs at a time may have together; with their gradients and moments they take 2 GiB.
const PARAMETERS: usize = 1 << 27;

/// A run that a study wants.
pub(super) struct Planned<'a> {
    /// What it is called while it goes on.
    pub(super) title: String,
    /// What it is called in what the study found.
    pub(super) label: String,
    pub(super) work: Work<'a>,
    /// Whether its pictures are wanted.
    pub(super) has_pictures: bool,
}

/// What there is to do for a run.
pub(super) enum Work<'a> {
    /// To train a recipe in this folder.
    Train(Box<Recipe>, PathBuf),
    /// To measure what is there.
    Evaluate(&'a Path),
}

/// Makes all runs, in the order of the plan but several at a time, and gives what came of each. Events come from one
/// run at a time.
///
/// # Errors
///
/// As [`run`]; the others then end too.
pub(super) fn make(
    planned: &[Planned<'_>],
    source: &Source,
    threads: usize,
    observe: &mut (dyn FnMut(StudyEvent<'_>) + Send),
) -> Result<Vec<Done>> {
    let threads = threads_or_all(threads);
    let lanes = lanes(planned, source, threads)?;
    let observe = Mutex::new(observe);
    let shared = Shared {
        planned,
        titles: planned.iter().map(|run| &*run.title).collect(),
        source,
        baselines: Baselines::default(),
        next: AtomicUsize::new(0),
        stop: AtomicBool::new(false),
        tell: &|event: StudyEvent<'_>| locked(&observe)(event),
    };
    let mut made: Vec<(usize, Result<Done>)> = thread::scope(|scope| {
        let others: Vec<_> = (1..lanes)
            .map(|lane| {
                let (shared, threads) = (&shared, share(threads, lane, lanes));
                scope.spawn(move || shared.lane(threads))
            })
            .collect();
        let mut made = shared.lane(share(threads, 0, lanes));
        for other in others {
            made.extend(other.join().unwrap_or_else(|panic| resume_unwind(panic)));
        }
        made
    });
    made.sort_unstable_by_key(|(index, _)| *index);
    // Those that were stopped because of another's error say nothing of it.
    let is_cause = |outcome: &Result<Done>| {
        let error = outcome.as_ref().err();
        error.is_some_and(|error| error.kind() != ErrorKind::Interrupted)
    };
    if let Some(cause) = made.iter().position(|(_, outcome)| is_cause(outcome)) {
        made.swap(0, cause);
    }
    made.into_iter().map(|(_, outcome)| outcome).collect()
}

/// How many runs go on at a time.
fn lanes(planned: &[Planned<'_>], source: &Source, threads: usize) -> Result<usize> {
    let mut most = PARAMETERS;
    for wanted in planned {
        if let Work::Train(recipe, _) = &wanted.work {
            let (shape, recipe) = (source.train.shape(), Recipe::clone(recipe));
            let recipe = recipe.with_widths_of(shape);
            let network = Network::new(&recipe.encoder, &recipe.decoder, shape)?;
            most = most.min(PARAMETERS / network.parameter_count().max(1));
        }
    }
    Ok(most.min(threads).min(planned.len()).max(1))
}

/// The threads of a lane; what does not divide goes to the first.
fn share(threads: usize, lane: usize, lanes: usize) -> usize {
    threads / lanes + usize::from(lane < threads % lanes)
}

fn locked<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What all lanes share.
struct Shared<'a> {
    planned: &'a [Planned<'a>],
    titles: Vec<&'a str>,
    source: &'a Source,
    baselines: Baselines,
    /// The run that is begun next.
    next: AtomicUsize,
    /// Set when one has failed.
    stop: AtomicBool,
    tell: &'a (dyn Fn(StudyEvent<'_>) + Sync),
}

impl Shared<'_> {
    /// Makes one run after the other, and gives what came of each, by its place in the plan.
    fn lane(&self, threads: usize) -> Vec<(usize, Result<Done>)> {
        let mut made = Vec::new();
        while !self.stop.load(Ordering::Relaxed) {
            let index = self.next.fetch_add(1, Ordering::Relaxed);
            let Some(wanted) = self.planned.get(index) else {
                break;
            };
            let outcome = self.make(wanted, index + 1, threads);
            if outcome.is_err() {
                self.stop.store(true, Ordering::Relaxed);
            }
            made.push((index, outcome));
        }
        made
    }

    fn make(&self, wanted: &Planned<'_>, which: usize, threads: usize) -> Result<Done> {
        (self.tell)(StudyEvent::Begin(which, &self.titles));
        let (recipe, mut outcome) = match &wanted.work {
            Work::Train(recipe, folder) => {
                let options = Options {
                    out: Some(folder),
                    threads,
                    stop: Some(&self.stop),
                    baselines: Some(&self.baselines),
                    ..Options::default()
                };
                let mut observe = |event: Event<'_>| {
                    (self.tell)(StudyEvent::Run(which, recipe.epochs, event));
                };
                let outcome = run(recipe, self.source, &options, &mut observe)?;
                (Recipe::clone(recipe), outcome)
            }
            Work::Evaluate(path) => evaluate_run(path, self.source, threads, &self.baselines)?,
        };
        if !wanted.has_pictures {
            outcome.portrait.figures = Vec::new();
        }
        (self.tell)(StudyEvent::End(which));
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
            lanes(&planned, &source, threads).unwrap()
        };
        assert_eq!(lanes_of(64, 16, 2), 2);
        assert_eq!(lanes_of(64, 3, 64), 3);
        // Some 31 million parameters each, half of them in the decoder.
        assert_eq!(lanes_of(15_000, 16, 64), 4);
        // More than may be there at a time: one goes on all the same.
        assert_eq!(lanes_of(200_000, 16, 64), 1);
        assert_eq!([0, 1, 2].map(|lane| share(8, lane, 3)), [3, 3, 2]);
    }
}
