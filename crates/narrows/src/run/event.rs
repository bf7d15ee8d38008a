//! What a run tells while it goes on.

use super::notice::Notice;
use crate::train::{EpochRecord, Progress, Warning};
use std::path::Path;

/// What a run tells while it goes on.
#[derive(Debug)]
pub enum Event<'a> {
    /// Training is about to begin, in this folder; warnings come before.
    Start(&'a Path),
    /// Training goes on in this folder, after so many epochs and so many rows of the next.
    Resume(&'a Path, usize, usize),
    /// The run in this folder is to have another number of epochs, and its schedule is formed anew.
    Replanned(&'a Replanned),
    /// Training is over in this folder.
    Finished(&'a Path, Finished),
    /// Something is dubious.
    Warning(&'a Warning),
    /// Something about the run's folder should be known.
    Notice(&'a Notice),
    /// Something about the rows, in a sentence.
    Note(&'a str),
    /// A step is done.
    Progress(&'a Progress),
    /// An epoch is done.
    Epoch(&'a EpochRecord),
    /// Training is done and saved in this folder, and this comes next.
    Stage(&'a Path, &'static str),
}

/// A run that is trained already.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Finished {
    /// The epochs that are done.
    pub epochs: usize,
    /// Whether all is done that follows training, with tests and report.
    pub is_at_end: bool,
    /// Whether the loss did not fall for as long as the recipe waits: then there can be no more epochs.
    pub has_stopped_early: bool,
}

/// A run that is to have another number of epochs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Replanned {
    /// The epochs that it was to have.
    pub before: usize,
    /// The epochs that it is to have in all.
    pub epochs: usize,
    /// The name of its schedule.
    pub schedule: &'static str,
    /// The learning rate of the next step.
    pub learning_rate: f64,
}
