//! How to run.

use super::checkpoint::Every;
use super::sources::Sources;
use crate::advice::{Action, Settings};
use crate::data::{Dataset, OtherRows, SplitPlan, Watch};
use crate::error::{Error, ErrorKind};
use crate::evaluate::Baselines;
use crate::model::Model;
use crate::parts::Parts;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

/// How to run: where, on how many threads, and what beside training.
#[derive(Clone, Debug, Default)]
pub struct Options<'a> {
    /// The folder; `runs/NAME`, or `runs/NAME-2` and so on where that exists, if none is given.
    pub out: Option<&'a Path>,
    /// Whether a run that is in the folder is overwritten; it stays whole until the new one is first saved, which is after
    /// its first epoch at the earliest.
    pub force: bool,
    /// Without influence on the result; 0 means as many as a step has work for, and all cores for the rest.
    pub threads: usize,
    /// Where the data come from, for a run that may go on later; for one that goes on, where they lie now, if that is
    /// another place.
    pub sources: Option<Sources>,
    /// Which rows are for testing, and which stay together. The fraction for validation is the recipe's.
    pub split: SplitPlan,
    /// The parts that the recipes of a run that goes on, and of a model that is there already, may name; none for those of
    /// the library.
    pub parts: Option<&'a Parts>,
    /// The files of the data, as they were before these were opened: their changes are noticed while the run goes on.
    pub watch: Option<&'a Watch>,
    /// For a run that goes on: how many epochs it is to have in all, if not as many as before.
    pub epochs: Option<usize>,
    /// Rows for validation, from a source of their own.
    pub validation: Option<&'a Dataset>,
    /// Rows for testing, from a source of their own.
    pub test: Option<&'a Dataset>,
    /// A model whose parameters training begins with.
    pub init_from: Option<&'a Model>,
    /// How often the run is saved.
    pub checkpoint: Every,
    /// Whether losses are written for TensorBoard too.
    pub tensorboard: bool,
    /// Whether to count where the time of a step goes, for [`Summary::profile`](super::Summary::profile).
    pub profile: bool,
    /// Set to stop after the current step, or between the stages that follow training, before which the run
    /// is saved: it ends with [`ErrorKind::Interrupted`].
    pub stop: Option<&'a AtomicBool>,
    /// Principal components that several runs share; each fits its own otherwise.
    pub baselines: Option<&'a Baselines>,
}

impl<'a> Options<'a> {
    pub(super) fn other(&self) -> OtherRows<'a> {
        OtherRows {
            validation: self.validation,
            test: self.test,
        }
    }

    pub(super) fn is_stopped(&self) -> bool {
        self.stop.is_some_and(|stop| stop.load(Ordering::Relaxed))
    }
}

/// What is said of a run that was told to stop after training.
pub(super) const FOLLOWS: &str = "training is done, and what follows was stopped";

/// What a run that was told to stop ends with; its folder says how to go on.
pub(super) fn stopped(what: &str, folder: &Path) -> Error {
    Error::new(ErrorKind::Interrupted, what)
        .at(folder.display())
        .hint(format!(
            "go on with: {:#}",
            Action::GoOn {
                run: folder.to_path_buf(),
                settings: Settings::default()
            }
        ))
}
