//! The progress of training: a bar on a terminal, plain lines elsewhere.

mod study;

pub use study::StudyDisplay;

use crate::destination::called;
use crate::output::{
    bar_width, bars, count_of, duration, figures, fitting, note, padded, stderr_width, thousands,
};
use indicatif::{ProgressBar, ProgressStyle};
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

/// A bar of this length with a message beside it.
struct Bar {
    bar: ProgressBar,
    length: usize,
}

impl Bar {
    /// Below the other bars, if standard error can show bars.
    fn new(length: usize) -> Option<Bar> {
        can_redraw().then(|| {
            let template = format!("[{{bar:{length}}}] {{wide_msg}}");
            let style = ProgressStyle::with_template(&template)
                .unwrap_or_else(|_| ProgressStyle::default_bar());
            let bar = bars().add(ProgressBar::no_length());
            bar.set_style(style.progress_chars("=> "));
            Bar { bar, length }
        })
    }

    /// The columns beside the bar.
    fn room(&self) -> usize {
        bar_width().saturating_sub(self.length + "[] ".len())
    }

    /// Shows what fits beside the bar: the first parts.
    fn say(&self, parts: &[&str]) {
        self.bar.set_message(fitting(parts, self.room()));
    }

    fn place(&self, done: usize, total: usize) {
        self.bar.set_length(total as u64);
        self.bar.set_position(done as u64);
    }

    fn finish(&self) {
        self.bar.finish_and_clear();
        bars().remove(&self.bar);
    }
}

/// A time to come, which is known to the second at best: `12 s`, `3 min 20 s`.
fn remaining(seconds: f64) -> String {
    match seconds {
        ..59.5 => format!("{:.0} s", seconds.max(1.0)),
        _ => duration(seconds.round()),
    }
}

/// Shows how far training is, on standard error.
pub struct Display {
    bar: Option<Bar>,
    start: Instant,
    /// When training told its first step, and how many rows of all epochs were done then.
    first: Option<(Instant, usize)>,
    last: Instant,
    /// Which run of a study this is.
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
        Display::with(Bar::new(12), String::new())
    }

    /// With a bar, if there is one.
    fn with(bar: Option<Bar>, run: String) -> Display {
        Display {
            bar,
            start: Instant::now(),
            first: None,
            last: Instant::now(),
            run,
            unit: "rows",
        }
    }

    /// Shows parts of a line behind the name of the run, if there is one.
    fn say(&self, bar: &Bar, parts: &[&str]) {
        match &self.run[..] {
            "" => bar.say(parts),
            run => bar.say(&[&[run], parts].concat()),
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
        let loss = format!("loss {}", figures(progress.loss));
        let left = format!("{} left", remaining(left));
        let rate = format!("{} {}/s", thousands(rate), self.unit);
        let epoch = format!("epoch {}/{}", progress.epoch, progress.epochs);
        match &self.bar {
            Some(bar) => {
                bar.place(done, total);
                self.say(bar, &[&epoch, &left, &loss, &rate]);
            }
            None => {
                let share = 100 * progress.rows / progress.rows_in_epoch.max(1);
                let run = match &self.run[..] {
                    "" => String::new(),
                    run => format!("{run}   "),
                };
                note(&format!(
                    "{run}{epoch}, {share} %   {loss}   {left}   {rate}"
                ));
            }
        }
    }

    pub fn epoch(&mut self, record: &EpochRecord, epochs: usize) {
        // Numbers take as many columns in each line as the longest usually has.
        let loss = |loss: f64| padded(&figures(loss), "0.01234".len());
        let width = epochs.to_string().len();
        let epoch = format!("epoch {:>width$}/{epochs}", record.epoch);
        let train = format!("train loss {}", loss(record.train_loss));
        let validation = record.validation_loss;
        let validation = validation.map(|value| format!("validation loss {}", loss(value)));
        let time = padded(&duration(record.seconds), "12.3 s".len());
        let rate = format!("{} {}/s", thousands(record.rows_per_second), self.unit);
        let parts = [
            &epoch,
            &train,
            validation.as_deref().unwrap_or(""),
            &time,
            &rate,
        ];
        let line = fitting(&parts, stderr_width().unwrap_or(usize::MAX));
        note(line.trim_end());
        self.last = Instant::now();
    }

    /// Says what goes on after training.
    pub fn stage(&self, name: &'static str) {
        if let Some(bar) = &self.bar {
            self.say(bar, &[name]);
        }
    }

    /// How far a part of something longer is: a bar for each part, or a line when it begins.
    pub fn part(&mut self, name: &'static str, done: usize, total: usize) {
        match &self.bar {
            Some(bar) => {
                bar.place(done, total);
                bar.say(&[name]);
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
        let rate_in_words = format!("{} rows/s", thousands(rate));
        let left = format!("{} left", remaining((total - done) as f64 / rate));
        match &self.bar {
            Some(bar) => {
                bar.place(done, total);
                bar.say(&[name, &left, &rate_in_words]);
            }
            None => note(&format!(
                "{name}, {} %   {left}   {rate_in_words}",
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
            bar.finish();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_to_come_is_in_whole_seconds() {
        assert_eq!(remaining(0.2), "1 s");
        assert_eq!(remaining(9.6), "10 s");
        assert_eq!(remaining(59.7), "1 min 00 s");
    }

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
