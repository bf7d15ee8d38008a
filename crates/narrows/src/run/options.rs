//! The options of a run.

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

/// The options of a run: the folder, the number of threads, and settings other than the training itself.
#[derive(Clone, Debug, Default)]
pub struct Options<'a> {
    /// The folder. If `None`: `runs/NAME`, or `runs/NAME-2` and so on if it exists.
    pub out: Option<&'a Path>,
    /// Whether a run in the folder is overwritten. The old run stays complete until the new one is first saved, which
    /// is after its first epoch at the earliest.
    pub force: bool,
    /// The number of threads. It does not change the result. 0 means: as many as a step has work for, and all cores for
    /// the other stages.
    pub threads: usize,
    /// The source of the data, so that the run can be resumed later. For a resumed run, the place where the data are
    /// now, if it has changed.
    pub sources: Option<Sources>,
    /// Which rows are for testing, and which rows stay together. The recipe has the fraction for validation.
    pub split: SplitPlan,
    /// The parts that the recipes of resumed runs and of trained models may name; `None` for the library's parts.
    pub parts: Option<&'a Parts>,
    /// The files of the data, recorded before they were opened: changes during the run are noticed.
    pub watch: Option<&'a Watch>,
    /// For a resumed run, the new total number of epochs, if it changes.
    pub epochs: Option<usize>,
    /// Rows for validation, from a source of their own.
    pub validation: Option<&'a Dataset>,
    /// Rows for testing, from a source of their own.
    pub test: Option<&'a Dataset>,
    /// A model whose parameters training begins with.
    pub init_from: Option<&'a Model>,
    /// The interval between two saves of the run.
    pub checkpoint: Every,
    /// Whether losses are also written for TensorBoard.
    pub tensorboard: bool,
    /// Whether to measure the time of the parts of a step, for [`Summary::profile`](super::Summary::profile).
    pub profile: bool,
    /// Set it to stop the run after the current step, or between the stages after training. The run is saved before,
    /// and ends with [`ErrorKind::Interrupted`].
    pub stop: Option<&'a AtomicBool>,
    /// Principal components that several runs share; if `None`, each run fits its own.
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

/// The message for a run that was asked to stop after training.
pub(super) const FOLLOWS: &str = "training is done; the rest was stopped";

/// The error of a run that was asked to stop; it names the folder with which to resume.
pub(super) fn stopped(what: &str, folder: &Path) -> Error {
    Error::new(ErrorKind::Interrupted, what)
        .at(folder.display())
        .hint(format!(
            "resume with {}",
            Action::GoOn {
                run: folder.to_path_buf(),
                settings: Settings::default()
            }
        ))
}
