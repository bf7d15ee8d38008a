//! The time of the parts of a step.
//!
//! Each thread has its own watch, in its scratch memory, and reads the clock when one part of a step ends and the next
//! begins. No thread waits for another, and nothing is allocated. A watch that is off costs one comparison per part.
//!
//! The calling thread has a second watch for the time around the phases. It counts a whole phase as waiting; then the
//! time of the threads in the phase is subtracted.

use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// A part of a step, under which an operation's time is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Rows are copied from the data, and scaled.
    Gather,
    /// Noise is drawn and applied.
    Noise,
    /// Factors of folded linear layers are formed.
    Folding,
    /// Forward, in matrix products and convolutions.
    ForwardProducts,
    /// Forward, value by value or row by row.
    ForwardElementwise,
    /// The reconstruction loss and its gradient.
    Loss,
    /// Penalties and their computations.
    Penalties,
    /// Statistics over the rows of a batch.
    Statistics,
    /// Backward, in matrix products and convolutions.
    BackwardProducts,
    /// Backward, value by value or row by row.
    BackwardElementwise,
    /// The gradients of the parameters.
    Gradients,
    /// The optimizer.
    Optimizer,
    /// A thread waits for others.
    Waiting,
    /// Everything else.
    Rest,
}

/// All parts, in the order of the table, with their names.
const PARTS: [(Part, &str); 14] = [
    (Part::Gather, "gather and scaling"),
    (Part::Noise, "noise"),
    (Part::Folding, "linear layers folded"),
    (Part::ForwardProducts, "forward: products"),
    (Part::ForwardElementwise, "forward: elementwise"),
    (Part::Loss, "loss"),
    (Part::Penalties, "penalties"),
    (Part::Statistics, "statistics of the batch"),
    (Part::BackwardProducts, "backward: products"),
    (Part::BackwardElementwise, "backward: elementwise"),
    (Part::Gradients, "gradients by parameters"),
    (Part::Optimizer, "optimizer"),
    (Part::Waiting, "waiting for threads"),
    (Part::Rest, "rest"),
];

/// The times of one thread; it is off until it is started.
// On its own cache lines, because other threads write their watches at the same time.
#[derive(Clone, Debug, Default)]
#[repr(align(128))]
pub(crate) struct Stopwatch(Option<Running>);

#[derive(Clone, Debug)]
struct Running {
    last: Instant,
    spent: [Duration; PARTS.len()],
}

impl Stopwatch {
    fn running() -> Stopwatch {
        Stopwatch(Some(Running {
            last: Instant::now(),
            spent: [Duration::ZERO; PARTS.len()],
        }))
    }

    /// Starts measuring.
    pub(crate) fn start(&mut self) {
        if let Some(running) = &mut self.0 {
            running.last = Instant::now();
        }
    }

    /// Counts the time since the last reading for a part.
    pub(crate) fn lap(&mut self, part: Part) {
        if let Some(running) = &mut self.0 {
            let now = Instant::now();
            running.spent[part as usize] += now - running.last;
            running.last = now;
        }
    }

    fn spent(&self, part: Part) -> Duration {
        let running = self.0.as_ref();
        running.map_or(Duration::ZERO, |running| running.spent[part as usize])
    }
}

/// The times of the calling thread.
#[derive(Clone, Debug, Default)]
pub(crate) struct Record {
    pub(crate) watch: Stopwatch,
    steps: u64,
    rows: u64,
    /// The start of the first step, and the end of the last.
    span: Option<(Instant, Instant)>,
}

impl Record {
    /// A running record, and a watch for a thread.
    pub(crate) fn running() -> (Record, Stopwatch) {
        let record = Record {
            watch: Stopwatch::running(),
            ..Record::default()
        };
        (record, Stopwatch::running())
    }

    /// A step on so many rows begins.
    pub(crate) fn begin(&mut self, rows: usize) {
        self.watch.start();
        if let Some(running) = &self.watch.0 {
            self.span.get_or_insert((running.last, running.last));
            self.steps += 1;
            self.rows += rows as u64;
        }
    }

    /// The step ends.
    pub(crate) fn end(&mut self) {
        self.watch.lap(Part::Rest);
        if let (Some(running), Some((_, end))) = (&self.watch.0, &mut self.span) {
            *end = running.last;
        }
    }

    /// The total of all threads; `None` before the first step. `work` returns the multiply-adds of a row in the
    /// products of a part.
    pub(crate) fn profile<'a>(
        &self,
        watches: impl Iterator<Item = &'a Stopwatch> + Clone,
        work: impl Fn(Part) -> usize,
    ) -> Option<Profile> {
        let (begin, end) = self.span?;
        let threads = watches.clone().count();
        let steps = self.steps as f64;
        let of_threads = |part| -> f64 {
            let spent = watches.clone().map(|watch| watch.spent(part));
            spent.sum::<Duration>().as_secs_f64() / threads as f64
        };
        let busy: f64 = PARTS.iter().map(|&(part, _)| of_threads(part)).sum();
        let parts = PARTS.iter().map(|&(part, name)| {
            let own = self.watch.spent(part).as_secs_f64();
            let all = match part {
                Part::Waiting => (own - busy).max(0.0),
                _ => own + of_threads(part),
            };
            let operations = 2.0 * work(part) as f64 * self.rows as f64;
            PartOfStep {
                name,
                seconds: all / steps,
                operations_per_second: (operations > 0.0 && all > 0.0).then(|| operations / all),
            }
        });
        let parts: Vec<PartOfStep> = parts.filter(|part| part.seconds > 0.0).collect();
        let step = PARTS.iter().map(|&(part, _)| self.watch.spent(part));
        let seconds = step.sum::<Duration>().as_secs_f64() / steps;
        Some(Profile {
            steps: self.steps,
            threads,
            seconds,
            between: ((end - begin).as_secs_f64() / steps - seconds).max(0.0),
            parts,
        })
    }
}

/// The time of the parts of a step, averaged over all steps.
///
/// ```
/// # fn main() -> narrows::Result<()> {
/// use narrows::{Recipe, data::Source, train::Training};
///
/// let data = Source::open("mnist")?.train.head(640)?;
/// let mut training = Training::new(&Recipe::named("simple-linear")?, &data, 2)?;
/// training.start_profile();
/// training.epoch(|_| ())?;
/// for part in training.profile().into_iter().flat_map(|profile| profile.parts) {
///     println!("{:<24} {:6.1} µs", part.name, 1e6 * part.seconds);
/// }
/// # Ok(()) }
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Profile {
    /// The number of steps of the average.
    pub steps: u64,
    /// The number of threads.
    pub threads: usize,
    /// The time of a step from its beginning to its end, in seconds; its parts add up to it.
    pub seconds: f64,
    /// The time between two steps, in seconds: the order of the rows, reading, progress, validation, saving.
    pub between: f64,
    /// The parts with a time above 0, each averaged over the threads.
    pub parts: Vec<PartOfStep>,
}

/// A part of a step in a [`Profile`].
#[derive(Clone, Debug, PartialEq)]
pub struct PartOfStep {
    /// Its name.
    pub name: &'static str,
    /// Its time in a step, in seconds, averaged over the threads.
    pub seconds: f64,
    /// The floating-point operations per second of all threads together during this part, if it is matrix products; a
    /// multiply-add counts as two. Products of penalties are not counted.
    pub operations_per_second: Option<f64>,
}

impl Profile {
    /// The profile as a JSON object; times in microseconds.
    pub fn to_json(&self) -> Value {
        let parts = self.parts.iter().map(|part| {
            json!({
                "name": part.name,
                "share": part.seconds / self.seconds,
                "microseconds": 1e6 * part.seconds,
                "gflops": part.operations_per_second.map(|rate| rate / 1e9),
            })
        });
        json!({
            "steps": self.steps,
            "threads": self.threads,
            "microseconds": 1e6 * self.seconds,
            "microseconds_between": 1e6 * self.between,
            "parts": parts.collect::<Vec<_>>(),
        })
    }
}
