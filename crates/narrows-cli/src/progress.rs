//! The progress of training: a bar on a terminal, plain lines elsewhere.

mod study;

pub use study::StudyDisplay;

use crate::destination::called;
use crate::output::{count_of, duration, figures, note, remaining, stderr_width, thousands};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use narrows::train::{EpochRecord, Progress};
use std::io::IsTerminal;
use std::path::Path;
use std::time::{Duration, Instant};

/// How often a long epoch says how far it is where there is no bar.
const LINE_EVERY: Duration = Duration::from_secs(10);
/// How often the bar is redrawn.
const REDRAW_EVERY: Duration = Duration::from_millis(100);

/// Whether standard error is a terminal that moves its cursor. One that says it is dumb, or does not say what it is,
/// would show the commands to do so.
fn can_redraw() -> bool {
    let term = std::env::var_os("TERM").unwrap_or_default();
    !term.is_empty() && term != "dumb" && std::io::stderr().is_terminal()
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template)
        .unwrap_or_else(|_| ProgressStyle::default_bar())
        .progress_chars("=> ")
}

/// Shows how far training is, on standard error.
pub struct Display {
    bar: Option<ProgressBar>,
    start: Instant,
    /// When training told its first step, and how many rows of all epochs were done then.
    first: Option<(Instant, usize)>,
    last: Instant,
    /// Which run of a study this is, as what stands before the epoch.
    run: String,
    /// What rows are.
    unit: &'static str,
}

impl Display {
    /// For training on rows of this shape.
    pub fn of(shape: &[usize]) -> Display {
        let unit = if shape.len() > 1 { "images" } else { "rows" };
        Display {
            unit,
            ..Display::new()
        }
    }

    pub fn new() -> Display {
        let bar = can_redraw().then(|| {
            let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
            // Narrow enough that loss, time and rate fit after it in 80 columns.
            bar.with_style(style("{prefix} [{bar:12}] {wide_msg}"))
        });
        Display::with(bar, String::new())
    }

    /// On a bar, if there is one; `run` stands before the epoch.
    fn with(bar: Option<ProgressBar>, run: String) -> Display {
        Display {
            bar,
            start: Instant::now(),
            first: None,
            last: Instant::now(),
            run,
            unit: "rows",
        }
    }

    /// A line that stays.
    pub fn line(&self, text: &str) {
        match &self.bar {
            // As a line of its own, which ends where its text ends: the bar would fill it with spaces.
            Some(bar) => bar.suspend(|| note(text)),
            None => note(text),
        }
    }

    /// Training begins.
    pub fn begin(&mut self) {
        self.first = None;
        self.last = Instant::now();
    }

    /// The rows that were trained on since the first step that was told, and the time that took; none at that
    /// step itself, before which data are read and a run that goes on has rows that are done.
    fn trained(&mut self, done: usize) -> Option<(usize, Duration)> {
        let (since, before) = *self.first.get_or_insert_with(|| (Instant::now(), done));
        (done > before).then(|| (done - before, since.elapsed()))
    }

    pub fn progress(&mut self, progress: &Progress) {
        let every = if self.bar.is_some() {
            REDRAW_EVERY
        } else {
            LINE_EVERY
        };
        let total = progress.epochs * progress.rows_in_epoch;
        let done = (progress.epoch - 1) * progress.rows_in_epoch + progress.rows;
        let Some((trained, time)) = self.trained(done) else {
            return;
        };
        if self.last.elapsed() < every {
            return;
        }
        self.last = Instant::now();
        let rate = trained as f64 / time.as_secs_f64();
        let left = (total - done) as f64 / rate;
        let message = format!(
            "loss {}   {} left   {} {}/s",
            figures(progress.loss),
            remaining(left),
            thousands(rate),
            self.unit
        );
        let epoch = format!("{}epoch {}/{}", self.run, progress.epoch, progress.epochs);
        match &self.bar {
            Some(bar) => {
                bar.set_length(total as u64);
                bar.set_prefix(epoch);
                bar.set_message(message);
                bar.set_position(done as u64);
            }
            None => {
                let share = 100 * progress.rows / progress.rows_in_epoch.max(1);
                note(&format!("{epoch}, {share} %   {message}"));
            }
        }
    }

    pub fn epoch(&mut self, record: &EpochRecord, epochs: usize) {
        let width = epochs.to_string().len();
        let validation = record.validation_loss.map_or(String::new(), |loss| {
            format!("   validation loss {}", figures(loss))
        });
        let mut line = format!(
            "epoch {:>width$}/{epochs}   train loss {}{validation}   {}",
            record.epoch,
            figures(record.train_loss),
            duration(record.seconds),
        );
        let rate = format!("   {} {}/s", thousands(record.rows_per_second), self.unit);
        // A line that breaks is hard to read: without the rate it is shorter.
        if stderr_width().is_none_or(|width| line.len() + rate.len() <= width) {
            line.push_str(&rate);
        }
        self.line(&line);
        self.last = Instant::now();
    }

    /// Says what goes on after training.
    pub fn stage(&self, name: &'static str) {
        if let Some(bar) = &self.bar {
            bar.set_message(name);
            bar.tick();
        }
    }

    /// How far a part of something longer is: a bar for each part, or a line when it begins.
    pub fn part(&mut self, name: &'static str, done: usize, total: usize) {
        match &self.bar {
            Some(bar) => {
                bar.set_length(total as u64);
                bar.set_message(name);
                bar.set_position(done as u64);
                bar.tick();
            }
            None if done == 0 => note(name),
            None => {}
        }
    }

    /// How many rows are done, with their rate and the time left.
    pub fn rows(&mut self, name: &'static str, done: usize, total: usize) {
        let every = if self.bar.is_some() {
            REDRAW_EVERY
        } else {
            LINE_EVERY
        };
        if self.last.elapsed() < every {
            return;
        }
        self.last = Instant::now();
        let rate = done as f64 / self.start.elapsed().as_secs_f64();
        let message = format!(
            "{} rows/s   {} left",
            thousands(rate),
            remaining((total - done) as f64 / rate)
        );
        match &self.bar {
            Some(bar) => {
                bar.set_length(total as u64);
                bar.set_prefix(name);
                bar.set_message(message);
                bar.set_position(done as u64);
            }
            None => note(&format!(
                "{name}, {} %   {message}",
                100 * done / total.max(1)
            )),
        }
    }

    /// What was written since the beginning.
    pub fn written(&self, path: &Path, rows: usize) -> String {
        let seconds = self.start.elapsed().as_secs_f64();
        format!(
            "{}: {} in {}, {} rows/s",
            called(path),
            count_of(rows, "row"),
            duration(seconds),
            thousands(rows as f64 / seconds)
        )
    }

    pub fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_counts_from_the_first_step_that_is_told() {
        let mut display = Display::new();
        assert!(display.trained(240).is_none());
        assert_eq!(display.trained(250).map(|(rows, _)| rows), Some(10));
        assert_eq!(display.trained(300).map(|(rows, _)| rows), Some(60));
        display.begin();
        assert!(display.trained(20).is_none());
    }
}
