//! The events of a run in progress.

use super::notice::Notice;
use crate::train::{EpochRecord, Progress, Warning};
use std::path::Path;

/// An event of a run in progress.
#[derive(Debug)]
pub enum Event<'a> {
    /// Training begins in this folder. Warnings come before this event.
    Start(&'a Path),
    /// Training resumes in this folder, after this number of epochs and this number of rows of the next epoch.
    Resume(&'a Path, usize, usize),
    /// The run in this folder gets another number of epochs, and its schedule is computed again.
    Replanned(&'a Replanned),
    /// Training in this folder has ended.
    Finished(&'a Path, Finished),
    /// A warning about something suspicious.
    Warning(&'a Warning),
    /// A notice about the run's folder.
    Notice(&'a Notice),
    /// A note about the rows, in a sentence.
    Note(&'a str),
    /// A step has ended.
    Progress(&'a Progress),
    /// An epoch has ended.
    Epoch(&'a EpochRecord),
    /// Training is finished and saved in this folder, and the named stage comes next.
    Stage(&'a Path, &'static str),
}

/// A run whose training has ended.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Finished {
    /// The number of finished epochs.
    pub epochs: usize,
    /// Whether the stages after training, with tests and report, are finished too.
    pub is_at_end: bool,
    /// Whether early stopping ended the run. Then no more epochs are possible.
    pub has_stopped_early: bool,
}

/// A run that gets another number of epochs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Replanned {
    /// The number of epochs planned before.
    pub before: usize,
    /// The total number of epochs planned now.
    pub epochs: usize,
    /// The name of its schedule.
    pub schedule: &'static str,
    /// The learning rate of the next step.
    pub learning_rate: f64,
}
