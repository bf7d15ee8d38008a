//! The progress of a study. On a terminal it is one bar for the study and one for each run in progress. Elsewhere it is
//! a line when a run ends, and more lines during long runs.

use super::{Bar, Display, REDRAW_EVERY, remaining};
use crate::output::{count_of, figures, fitting, note, padded, shortened, stderr_width, thousands};
use narrows::run::Event;
use narrows::study::StudyEvent;
use narrows::train::Warning;
use std::collections::{BTreeMap, HashSet};
use std::time::Instant;
use unicode_width::UnicodeWidthStr;

/// What of a run is done when it is trained, and the rest is measured.
const TRAINED: f64 = 0.8;

/// The steps of the bar of the whole for one run.
const STEPS: f64 = 100.0;

/// The lengths of the bars: of the whole, and of a run.
const LENGTHS: (usize, usize) = (24, 8);

/// The columns that the title of a run leaves to its number and its epoch.
const BESIDE_TITLE: usize = 24;

/// Shows how far a study is, on standard error.
pub struct StudyDisplay {
    whole: Option<Bar>,
    start: Instant,
    last: Instant,
    runs: usize,
    ended: usize,
    going: BTreeMap<usize, Going>,
    /// That of the longest title.
    width: usize,
    /// The warnings that were shown.
    said: HashSet<String>,
    /// The lines of runs that have ended before an earlier one, which come after its own.
    held: BTreeMap<usize, (String, [String; 2])>,
    /// The run whose line comes next, from 1 on.
    next: usize,
    /// When the study is expected to end, in seconds from its start.
    expected: Option<f64>,
}

/// A run that goes on.
struct Going {
    title: String,
    start: Instant,
    display: Display,
    /// How much of it is done.
    share: f64,
    /// What came of its training: the loss and the rate.
    trained: [String; 2],
}

impl StudyDisplay {
    pub fn new() -> StudyDisplay {
        StudyDisplay {
            whole: Bar::new(LENGTHS.0),
            start: Instant::now(),
            last: Instant::now(),
            runs: 0,
            ended: 0,
            going: BTreeMap::new(),
            width: 0,
            said: HashSet::new(),
            held: BTreeMap::new(),
            next: 1,
            expected: None,
        }
    }

    pub fn tell(&mut self, event: StudyEvent<'_>) {
        match event {
            StudyEvent::Begin { which, titles } => self.begin(which, titles),
            StudyEvent::Run {
                which,
                epochs,
                event,
            } => {
                if let Some(going) = self.going.get_mut(&which) {
                    going.tell(epochs, &event, &mut self.said);
                }
            }
            StudyEvent::End { which } => return self.end(which),
        }
        if self.last.elapsed() >= REDRAW_EVERY {
            self.show_whole();
        }
    }

    fn begin(&mut self, which: usize, titles: &[&str]) {
        let (of, title) = (titles.len(), titles[which - 1]);
        let widths = titles.iter().map(|title| title.width());
        (self.runs, self.width) = (of, widths.max().unwrap_or(0));
        let bar = self.whole.as_ref().and_then(|_| Bar::new(LENGTHS.1));
        let width = match &bar {
            Some(bar) => self.width.min(bar.room().saturating_sub(BESIDE_TITLE)),
            None => self.width,
        };
        let title_here = padded(&shortened(title, width), width);
        let run = format!("{}   {title_here}", self.number(which));
        if let Some(bar) = &bar {
            bar.say(&[&run]);
        }
        let going = Going {
            title: title.into(),
            start: Instant::now(),
            display: Display::with(bar, run),
            share: 0.0,
            trained: ["measured".into(), String::new()],
        };
        self.going.insert(which, going);
        self.show_whole();
    }

    fn end(&mut self, which: usize) {
        self.ended += 1;
        let Some(going) = self.going.remove(&which) else {
            return;
        };
        going.display.finish();
        let title = padded(&going.title, self.width);
        let run = format!("{}   {title}", self.number(which));
        let line = (run, going.trained);
        self.held.insert(which, line);
        while let Some(line) = self.held.remove(&self.next) {
            self.next += 1;
            self.print(line);
        }
        self.show_whole();
    }

    /// The number of a run among all.
    fn number(&self, which: usize) -> String {
        let width = self.runs.to_string().len();
        format!("{which:>width$}/{}", self.runs)
    }

    /// Prints the line of a run that has ended.
    fn print(&mut self, (run, trained): (String, [String; 2])) {
        let left = match &self.whole {
            Some(_) => None,
            None => self.left().filter(|_| self.ended < self.runs),
        };
        let left = left.map_or(String::new(), |left| format!("about {left} left"));
        let parts = [&run, &trained[0], &trained[1], &left];
        let width = stderr_width().unwrap_or(usize::MAX);
        note(&fitting(&parts.map(String::as_str), width));
    }

    /// How many runs are done, parts of them included.
    fn done(&self) -> f64 {
        self.ended as f64 + self.going.values().map(|going| going.share).sum::<f64>()
    }

    /// As if the rest took as long as the part that is done, once that says something; and no less than any of the runs
    /// that go on takes still. The expected end moves slowly, so that the time left is steady.
    fn left(&mut self) -> Option<String> {
        /// The share of a new estimate in the expected end.
        const NEW: f64 = 0.02;
        let done = self.done();
        if done < 1.0 {
            return None;
        }
        let elapsed = self.start.elapsed().as_secs_f64();
        let of_going = self.going.values().map(Going::left);
        let estimate = of_going.fold(elapsed / done * self.runs as f64, |most, left| {
            most.max(elapsed + left)
        });
        // Without bars, the estimate is requested too rarely to be smoothed.
        let before = self.expected.filter(|_| self.whole.is_some());
        let before = before.unwrap_or(estimate);
        let expected = before + NEW * (estimate - before);
        self.expected = Some(expected);
        Some(remaining(expected - elapsed))
    }

    fn show_whole(&mut self) {
        self.last = Instant::now();
        if self.whole.is_none() {
            return;
        }
        let left = self.left();
        let left = left.map_or(String::new(), |left| format!("about {left} left"));
        let ended = format!("{} of {}", self.ended, count_of(self.runs, "run"));
        if let Some(whole) = &self.whole {
            let steps = |runs: f64| (STEPS * runs) as usize;
            whole.place(steps(self.done()), steps(self.runs as f64));
            whole.say(&[&ended, &left]);
        }
    }

    pub fn finish(&mut self) {
        // The runs of a study that ended early.
        for line in std::mem::take(&mut self.held).into_values() {
            self.print(line);
        }
        for going in std::mem::take(&mut self.going).into_values() {
            going.display.finish();
        }
        if let Some(whole) = &self.whole {
            whole.finish();
        }
    }
}

impl Going {
    /// The time that it takes still, if the rest of it is like what is done; 0 while too little is done to know it.
    fn left(&self) -> f64 {
        const KNOWN: f64 = 0.1;
        if self.share > KNOWN {
            self.start.elapsed().as_secs_f64() * (1.0 / self.share - 1.0)
        } else {
            0.0
        }
    }

    fn tell(&mut self, epochs: usize, event: &Event<'_>, said: &mut HashSet<String>) {
        match event {
            Event::Start(_) => self.display.begin(),
            Event::Progress(progress) => {
                let epoch = progress.rows as f64 / progress.rows_in_epoch.max(1) as f64;
                let done = (progress.epoch - 1) as f64 + epoch;
                self.share = TRAINED * done / epochs.max(1) as f64;
                self.display.progress(progress);
            }
            Event::Epoch(record) => {
                self.trained = [
                    format!("train loss {}", figures(record.train_loss)),
                    format!("{} rows/s", thousands(record.rows_per_second)),
                ];
            }
            Event::Stage(_, name) => self.display.stage(name),
            Event::Notice(notice) => note(&format!("narrows: warning: {}: {notice}", self.title)),
            Event::Warning(
                warning @ (Warning::SourceChanged { .. }
                | Warning::DrawnFromSeries { .. }
                | Warning::LastIsEarliest { .. }
                | Warning::KnownRows { .. }
                | Warning::OneRow
                | Warning::LastRowJoins { .. }
                | Warning::FewSteps { .. }
                | Warning::OnlyRises { .. }
                | Warning::OlderName { .. }),
            ) => self.once(format!("narrows: warning: {warning}"), said),
            Event::Warning(warning @ Warning::DividedAnew { .. }) => {
                self.once(format!("narrows: warning: {}: {warning}", self.title), said);
            }
            Event::Resume(..)
            | Event::Replanned(_)
            | Event::Finished(..)
            | Event::Warning(_)
            | Event::Note(_) => {}
        }
    }

    /// Says what several runs may have to say, once.
    fn once(&self, text: String, said: &mut HashSet<String>) {
        if !said.contains(&text) {
            note(&text);
            said.insert(text);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn the_time_left_is_no_less_than_what_goes_on_takes() {
        let minute_ago = || Instant::now() - Duration::from_secs(60);
        let going = |share: f64| Going {
            title: "run".into(),
            start: minute_ago(),
            display: Display::with(None, String::new()),
            share,
            trained: Default::default(),
        };
        let left = |ended: usize, going: Vec<Going>| {
            let mut display = StudyDisplay {
                whole: None,
                start: minute_ago(),
                last: Instant::now(),
                runs: 16,
                ended,
                going: going.into_iter().enumerate().collect(),
                width: 0,
                said: HashSet::new(),
                held: BTreeMap::new(),
                next: 1,
                expected: None,
            };
            display.left()
        };
        assert_eq!(left(0, vec![going(0.5), going(0.4)]), None);
        assert_eq!(left(8, Vec::new()).as_deref(), Some("1 min 00 s"));
        // One run is left, and most of it is not done yet.
        assert_eq!(left(15, vec![going(0.3)]).as_deref(), Some("2 min 20 s"));
    }

    #[test]
    fn lines_come_in_the_order_of_the_runs() {
        let mut display = StudyDisplay::new();
        display.whole = None;
        let titles = ["a", "b", "c"];
        for which in 1..=3 {
            display.begin(which, &titles);
        }
        let held = |display: &StudyDisplay| display.held.keys().copied().collect::<Vec<_>>();
        display.end(3);
        display.end(2);
        assert_eq!((held(&display), display.next), (vec![2, 3], 1));
        display.end(1);
        assert_eq!((held(&display), display.next), (vec![], 4));
    }
}
