//! Assigns operations to stages.
//!
//! Operations come in an order in which they could run one after the other. Each operation goes into the first stage of
//! its kind after all its dependencies, so independent operations share a barrier. Operations that depend only on
//! parameters and constants form a prologue: its results stay valid while the parameters are unchanged.

use super::lower::{Body, Lowered};
use crate::error::{Error, ErrorKind, Result};

/// The kind of a stage's operations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StageKind {
    /// Each thread takes blocks of rows through all operations.
    Rows,
    /// Each thread takes parts of quantities over the whole batch.
    Columns,
}

/// A stage, followed by a barrier.
#[derive(Clone, Debug)]
pub(crate) struct Stage {
    pub(crate) kind: StageKind,
    /// The operations, by their number, in order.
    pub(crate) operations: Vec<usize>,
}

/// The stages of a program, without the stage of the tiles.
#[derive(Clone, Debug)]
pub(crate) struct Schedule {
    /// The number of first stages that form the prologue.
    pub(crate) prologue: usize,
    pub(crate) stages: Vec<Stage>,
}

/// The stage of an operation: whether in the prologue, and its index there or among the other stages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct At {
    is_main: bool,
    stage: usize,
}

/// The operations that have used a buffer so far.
#[derive(Clone, Default)]
struct History {
    is_written: bool,
    last_change: Option<At>,
    last_read: Option<At>,
}

/// Two lists of stages for operations.
struct Stages {
    prologue: Vec<Stage>,
    main: Vec<Stage>,
}

impl Stages {
    fn list(&mut self, is_main: bool) -> &mut Vec<Stage> {
        if is_main {
            &mut self.main
        } else {
            &mut self.prologue
        }
    }

    /// The first stage for an operation that depends on these.
    fn first_behind(&self, kind: StageKind, before: &[At]) -> usize {
        let behind = before.iter().filter(|at| at.is_main).map(|at| {
            // Operations on rows run one after the other within a stage.
            let shares = kind == StageKind::Rows && self.main[at.stage].kind == StageKind::Rows;
            at.stage + usize::from(!shares)
        });
        behind.max().unwrap_or(0)
    }
}

/// Finds the stages, and checks the rules of buffers: a buffer has one writer, and operations that read it or add to it
/// come later.
///
/// # Errors
///
/// If operations break these rules, which is a mistake in the part that emitted them.
pub(crate) fn schedule(lowered: &Lowered) -> Result<Schedule> {
    let mut histories: Vec<History> = lowered
        .buffers
        .iter()
        .map(|buffer| History {
            is_written: buffer.constant.is_some(),
            ..History::default()
        })
        .collect();
    let mut stages = Stages {
        prologue: Vec::new(),
        main: Vec::new(),
    };
    for (number, placed) in lowered.operations.iter().enumerate() {
        let kind = match placed.body {
            Body::Rows(_) => StageKind::Rows,
            Body::Columns(_) => StageKind::Columns,
        };
        let uses = &placed.uses;
        let defect = |what: &str, buffer: usize| {
            Error::new(ErrorKind::Recipe, "a part of the recipe is built wrongly")
                .at(&placed.name)
                .expected("each buffer written once, and before others read it or add to it")
                .found(format!("{what} `{}`", lowered.buffers[buffer].name))
        };
        for &buffer in uses.reads.iter().chain(&uses.adds) {
            if !histories[buffer].is_written {
                return Err(defect("an operation before any has written", buffer));
            }
        }
        for &buffer in &uses.writes {
            if histories[buffer].is_written {
                return Err(defect("a second writer of", buffer));
            }
        }
        let changes = || uses.writes.iter().chain(&uses.adds);
        let mut before: Vec<At> = Vec::new();
        for &buffer in uses.reads.iter().chain(changes()) {
            before.extend(histories[buffer].last_change);
        }
        for &buffer in changes() {
            before.extend(histories[buffer].last_read);
        }
        let is_main = kind == StageKind::Rows
            || before.iter().any(|at| at.is_main)
            || !uses
                .reads
                .iter()
                .chain(changes())
                .all(|&b| is_whole(lowered, b));
        let least = if is_main {
            stages.first_behind(kind, &before)
        } else {
            before.iter().map(|at| at.stage + 1).max().unwrap_or(0)
        };
        let list = stages.list(is_main);
        let found = (least..list.len()).find(|&stage| list[stage].kind == kind);
        let stage = found.unwrap_or_else(|| {
            list.push(Stage {
                kind,
                operations: Vec::new(),
            });
            list.len() - 1
        });
        list[stage].operations.push(number);
        let at = At { is_main, stage };
        for &buffer in &uses.reads {
            let last = &mut histories[buffer].last_read;
            *last = (*last).max(Some(at));
        }
        for &buffer in changes() {
            let history = &mut histories[buffer];
            history.is_written = true;
            history.last_change = history.last_change.max(Some(at));
        }
    }
    let Stages { prologue, mut main } = stages;
    let count = prologue.len();
    let mut all = prologue;
    all.append(&mut main);
    Ok(Schedule {
        prologue: count,
        stages: all,
    })
}

/// Whether a buffer does not depend on the rows of the batch.
fn is_whole(lowered: &Lowered, buffer: usize) -> bool {
    matches!(
        lowered.buffers[buffer].extent,
        super::buffer::Extent::Whole { .. }
    )
}
