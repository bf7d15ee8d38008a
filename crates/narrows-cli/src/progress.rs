//! The progress of training: a bar on a terminal, plain lines elsewhere.

use crate::output::{duration, epochs_of, figures, note, thousands};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use narrows::run::Event;
use narrows::study::StudyEvent;
use narrows::train::{EpochRecord, Progress};
use std::io::IsTerminal;
use std::path::Path;
use std::time::{Duration, Instant};

/// How often a long epoch says how far it is where there is no bar.
const LINE_EVERY: Duration = Duration::from_secs(10);
/// How often the bar is redrawn.
const REDRAW_EVERY: Duration = Duration::from_millis(100);

/// Shows how far training is, on standard error.
pub struct Display {
    bar: Option<ProgressBar>,
    start: Instant,
    /// The epochs, and the rows of the next, that were done before.
    before: (usize, usize),
    last: Instant,
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
        let bar = std::io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
            let style = ProgressStyle::with_template("{prefix} [{bar:28}] {msg}");
            bar.set_style(
                style
                    .unwrap_or_else(|_| ProgressStyle::default_bar())
                    .progress_chars("=> "),
            );
            bar
        });
        Display {
            bar,
            start: Instant::now(),
            before: (0, 0),
            last: Instant::now(),
            unit: "rows",
        }
    }

    /// A line that stays.
    pub fn line(&self, text: &str) {
        match &self.bar {
            Some(bar) => bar.println(text),
            None => note(text),
        }
    }

    /// Training begins, after so many epochs and so many rows of the next.
    pub fn begin(&mut self, epochs: usize, rows: usize) {
        self.start = Instant::now();
        self.before = (epochs, rows);
    }

    /// The rows that were trained on since the beginning.
    fn trained(&self, progress: &Progress) -> usize {
        let (epochs, rows) = self.before;
        let done = (progress.epoch - 1) * progress.rows_in_epoch + progress.rows;
        done.saturating_sub(epochs * progress.rows_in_epoch + rows)
    }

    pub fn progress(&mut self, progress: &Progress) {
        let every = if self.bar.is_some() {
            REDRAW_EVERY
        } else {
            LINE_EVERY
        };
        if self.last.elapsed() < every {
            return;
        }
        self.last = Instant::now();
        let total = progress.epochs * progress.rows_in_epoch;
        let done = (progress.epoch - 1) * progress.rows_in_epoch + progress.rows;
        let trained = self.trained(progress);
        if trained == 0 {
            // A run that goes on with the validation of an epoch.
            return;
        }
        let rate = trained as f64 / self.start.elapsed().as_secs_f64();
        let left = (total - done) as f64 / rate;
        let message = format!(
            "loss {}   {} {}/s   {} left",
            figures(progress.loss),
            thousands(rate),
            self.unit,
            duration(left)
        );
        let epoch = format!("epoch {}/{}", progress.epoch, progress.epochs);
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
            format!("   validation {}", figures(loss))
        });
        self.line(&format!(
            "epoch {:>width$}/{epochs}   loss {}{validation}   {}   {} {}/s",
            record.epoch,
            figures(record.train_loss),
            duration(record.seconds),
            thousands(record.images_per_second),
            self.unit
        ));
        self.last = Instant::now();
    }

    /// What a study of several runs tells: a line for each run that begins, and its training.
    pub fn study(&mut self, event: StudyEvent<'_>) {
        match event {
            StudyEvent::Begin(which, of, label) => {
                self.line(&format!("{which:>2}/{of}   {label}"));
            }
            StudyEvent::Run(_, Event::Start(_)) => self.begin(0, 0),
            StudyEvent::Run(_, Event::Progress(progress)) => self.progress(progress),
            StudyEvent::Run(_, Event::Stage(_, name)) => self.stage(name),
            StudyEvent::Run(epochs, Event::Epoch(record)) if record.epoch == epochs => {
                self.line(&format!(
                    "        loss {} after {}, {} rows/s",
                    figures(record.train_loss),
                    epochs_of(epochs),
                    thousands(record.images_per_second)
                ));
            }
            StudyEvent::Run(..) => {}
        }
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
            duration((total - done) as f64 / rate)
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
            "{}: {} rows in {}, {} rows/s",
            path.display(),
            thousands(rows as f64),
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
    fn the_rate_of_a_run_that_goes_on_counts_its_own_rows() {
        let progress = Progress {
            epoch: 3,
            epochs: 5,
            rows: 40,
            rows_in_epoch: 100,
            loss: 1.0,
        };
        let mut display = Display::new();
        assert_eq!(display.trained(&progress), 240);
        display.begin(2, 30);
        assert_eq!(display.trained(&progress), 10);
    }
}
