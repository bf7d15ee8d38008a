//! What a run has to say that no recipe or data are to blame for.

use std::fmt;
use std::path::PathBuf;

/// Something about a run's folder that its user should know.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Notice {
    /// The newer of two checkpoints cannot be read, for this reason, and the run goes on from the older.
    OlderCheckpoint(String),
    /// The model of a run that is done cannot be read, for this reason, and is written again.
    ModelAgain(String),
    /// The record of some epochs cannot be read, so that they are missing in the chart of losses.
    Metrics {
        /// The record.
        path: PathBuf,
        /// How many epochs are missing.
        missing: usize,
        /// Why, where the system refused to read it.
        why: Option<String>,
    },
    /// The file system has no locks, so that nothing keeps another training out of the folder.
    NotLocked {
        /// The folder.
        folder: PathBuf,
        /// What the system says.
        why: String,
    },
    /// The run goes on with another instruction set than the one that it was on last.
    OtherIsa {
        /// The instruction set so far.
        before: String,
        /// The instruction set from here on.
        now: &'static str,
    },
    /// The run goes on, and the prior that was fitted to the codes of its model is not one of the codes to come.
    PriorLost,
    /// A part of what follows training was left out for lack of memory; the sentence says which part, what it needs and
    /// what there is.
    LeftOut(String),
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Notice::OlderCheckpoint(why) => write!(
                f,
                "{why}; the run goes on from the checkpoint before it, and does the steps since then again"
            ),
            Notice::ModelAgain(why) => write!(
                f,
                "{why}; the model is written again from the checkpoint, without a threshold or a prior: \
                 `narrows calibrate` and `narrows fit-prior` make these again"
            ),
            Notice::Metrics { path, missing, why } => {
                let count = crate::text::count_of(*missing, "epoch");
                write!(
                    f,
                    "{}: {count} of this run cannot be read, and the report's curves are without them",
                    path.display()
                )?;
                match why {
                    Some(why) => write!(f, ": {why}"),
                    None => Ok(()),
                }
            }
            Notice::NotLocked { folder, why } => write!(
                f,
                "{}: the folder cannot be locked ({why}): let no other training use it",
                folder.display()
            ),
            Notice::PriorLost => write!(
                f,
                "the prior of the codes is left out, as training goes on and changes the codes: `narrows fit-prior` fits \
                 one again"
            ),
            Notice::LeftOut(why) => write!(f, "left out: {why}"),
            Notice::OtherIsa { before, now } => write!(
                f,
                "the run goes on with {now}, and was on {before} so far: the last digits of its results will not be those of \
                 a run on {before} alone (`--isa {before}` stays with that, where the CPU has it)"
            ),
        }
    }
}
