//! A program as text: its stages with their operations, its tiles, and its buffers.

use super::buffer::{BufferInfo, Extent, Uses};
use super::lower::Body;
use super::plan::Plan;
use super::schedule::StageKind;
use super::value::Mode;
use narrows_kernels::memory::Place;
use std::fmt::Write;

/// A line of the text, in columns.
struct Line {
    name: String,
    what: String,
    uses: String,
}

impl Plan {
    /// The program as text, in lines of any length.
    pub(crate) fn describe(&self) -> String {
        let mut text = String::new();
        let name = match self.lowered.mode {
            Mode::Training => "training",
            Mode::Validation => "validation",
            Mode::Inference => "inference",
        };
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "{name}, batch {}, threads {}",
            self.lowered.batch, self.threads
        );
        for (number, stage) in self.schedule.stages.iter().enumerate() {
            let lines: Vec<Line> = stage
                .operations
                .iter()
                .map(|&operation| self.line(operation))
                .collect();
            let kind = match stage.kind {
                StageKind::Rows => "rows".to_string(),
                StageKind::Columns => format!("columns, {}", parts(self.parts(&stage.operations))),
            };
            let prologue = if number < self.schedule.prologue {
                ", of parameters alone"
            } else {
                ""
            };
            let _ = writeln!(text, "\nstage {number}: {kind}{prologue}");
            push_lines(&mut text, &lines);
        }
        if self.lowered.mode == Mode::Training {
            self.push_tiles(&mut text);
        }
        self.push_losses(&mut text);
        self.push_buffers(&mut text);
        text
    }

    fn line(&self, operation: usize) -> Line {
        let placed = &self.lowered.operations[operation];
        let (label, cost) = match &placed.body {
            Body::Rows(operation) => (operation.label(), operation.cost().multiply_adds()),
            Body::Columns(operation) => (operation.label(), 0),
        };
        let what = match cost {
            0 => label,
            _ => format!("{label} [{}]", short(cost)),
        };
        Line {
            name: placed.name.clone(),
            what,
            uses: self.uses(&placed.uses),
        }
    }

    fn uses(&self, uses: &Uses) -> String {
        let names = |buffers: &[usize]| -> Vec<String> {
            let names = buffers
                .iter()
                .map(|&b| self.lowered.buffers[b].name.clone());
            names.collect()
        };
        let mut text = names(&uses.reads).join(", ");
        for (sign, buffers) in [("->", &uses.writes), ("+>", &uses.adds)] {
            if !buffers.is_empty() {
                let space = if text.is_empty() { "" } else { " " };
                let _ = write!(text, "{space}{sign} {}", names(buffers).join(", "));
            }
        }
        text
    }

    fn parts(&self, operations: &[usize]) -> usize {
        let bodies = operations.iter().map(|&o| &self.lowered.operations[o].body);
        bodies
            .map(|body| match body {
                Body::Columns(operation) => operation.parts().len(),
                Body::Rows(_) => 0,
            })
            .sum()
    }

    fn push_tiles(&self, text: &mut String) {
        let count: usize = self
            .tensors
            .iter()
            .map(|tensor| tensor.range.len().div_ceil(tensor.tile.max(1)))
            .sum();
        let stage = self.schedule.stages.len();
        let _ = writeln!(text, "\nstage {stage}: tiles, {}", parts(count));
        let lines: Vec<Line> = self
            .tensors
            .iter()
            .zip(&self.lowered.tiles)
            .flat_map(|(tensor, contributions)| {
                contributions.iter().map(move |contribution| Line {
                    name: tensor.name.clone(),
                    what: format!("{}: {}", contribution.name, contribution.operation.label()),
                    uses: self.uses(&contribution.operation.uses()),
                })
            })
            .collect();
        push_lines(text, &lines);
    }

    fn push_losses(&self, text: &mut String) {
        for loss in &self.lowered.losses {
            let buffer = &self.lowered.buffers[loss.buffer].name;
            let _ = writeln!(
                text,
                "\nloss {} (weight {}): {} of {buffer}",
                loss.name,
                loss.weight,
                loss.value.describe()
            );
        }
        if self.lowered.objective_divisor > 1 {
            let divisor = self.lowered.objective_divisor;
            let _ = writeln!(text, "\nthe objective is divided by {divisor} values");
        }
    }

    fn push_buffers(&self, text: &mut String) {
        let _ = writeln!(text, "\nbuffers");
        let buffers = self.lowered.buffers.iter().zip(&self.layout.places);
        let lines: Vec<Line> = buffers
            .enumerate()
            .filter(|(_, (_, place))| **place != Place::Absent)
            .map(|(index, (info, place))| Line {
                name: info.name.clone(),
                what: size(info),
                uses: self.place(index, *place),
            })
            .collect();
        push_lines(text, &lines);
        let _ = writeln!(
            text,
            "  shared: {} numbers; each thread: {} a row",
            self.layout.arena, self.layout.local
        );
    }

    fn place(&self, buffer: usize, place: Place) -> String {
        let alive = match self.layout.alive[buffer] {
            Some((from, to)) if from < to => format!("stages {from} to {to}"),
            Some((from, _)) => format!("stage {from}"),
            None => String::new(),
        };
        match place {
            Place::Batch { start, .. } | Place::Whole { start, .. } => {
                format!("{alive}, at {start}")
            }
            Place::Block { start, .. } => format!("{alive}, each thread, at {start} a row"),
            Place::Absent => String::new(),
        }
    }
}

/// The type and size of a buffer.
fn size(info: &BufferInfo) -> String {
    match info.extent {
        Extent::Rows { words } => format!("{} [batch, {words}]", info.element),
        Extent::Whole { rows, words } => format!("{} [{rows}, {words}]", info.element),
    }
}

fn parts(count: usize) -> String {
    match count {
        1 => "1 part".into(),
        _ => format!("{count} parts"),
    }
}

/// A number of multiply-adds per row, with few digits.
fn short(number: usize) -> String {
    match number {
        0..10_000 => number.to_string(),
        10_000..10_000_000 => format!("{}k", number / 1000),
        _ => format!("{}M", number / 1_000_000),
    }
}

fn push_lines(text: &mut String, lines: &[Line]) {
    let width = |of: &dyn Fn(&Line) -> usize| lines.iter().map(of).max().unwrap_or(0);
    let names = width(&|line| line.name.chars().count());
    let whats = width(&|line| line.what.chars().count());
    for Line { name, what, uses } in lines {
        let line = format!("  {name:<names$}  {what:<whats$}  {uses}");
        let _ = writeln!(text, "{}", line.trim_end());
    }
}
