//! Notices of a run that are not caused by its recipe or data.

use crate::advice::{Action, Setting, key, set, setting};
use crate::evaluate::Forecast;
use crate::text::{count_of, figures, first_of};
use std::fmt;
use std::path::PathBuf;

/// Something about a run's folder that its user should know.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Notice {
    /// The newer of two checkpoints cannot be read, for this reason, and the run resumes from the older one.
    OlderCheckpoint(String),
    /// The model of a finished run cannot be read, for this reason, and is written again.
    ModelAgain(String),
    /// The records of some epochs cannot be read, so they are missing in the chart of losses.
    Metrics {
        /// The file of the records.
        path: PathBuf,
        /// How many epochs are missing.
        missing: usize,
        /// The reason, if the system could not read it.
        why: Option<String>,
    },
    /// The file system has no locks, so another training can use the folder at the same time.
    NotLocked {
        /// The folder.
        folder: PathBuf,
        /// The message of the system.
        why: String,
    },
    /// The run is resumed with another instruction set than before.
    OtherIsa {
        /// The instruction set so far.
        before: String,
        /// The instruction set from now on.
        now: &'static str,
    },
    /// The run goes on, and the prior that was fitted to the codes of its model is not one of the codes to come.
    PriorLost,
    /// Fewer values of a variational code can stay active than the code has.
    Collapse(Forecast),
    /// Learned stds of columns are close to their minimum, so that the nats of these columns depend on it.
    StdAtMinimum {
        /// The names of the columns; empty if one std is that of all.
        columns: Vec<String>,
        /// The minimum, in scaled units.
        minimum: f64,
    },
    /// A part after training was left out for lack of memory. The sentence names the part, the needed memory and the
    /// memory that there is.
    LeftOut(String),
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Notice::OlderCheckpoint(why) => write!(
                f,
                "{why}; the run is resumed from the checkpoint before it, and repeats the steps since then"
            ),
            Notice::ModelAgain(why) => write!(
                f,
                "{why}; the model is written again from the checkpoint, without a threshold and without a prior: {} \
                 and {} add them again",
                Action::Calibrate,
                Action::FitPrior
            ),
            Notice::PriorLost => write!(
                f,
                "the prior of the codes is removed, because more training changes the codes: {} fits a new one",
                Action::FitPrior
            ),
            Notice::Metrics { path, missing, why } => {
                let count = crate::text::count_of(*missing, "epoch");
                write!(
                    f,
                    "{}: {count} of this run cannot be read and are missing in the report's curves",
                    path.display()
                )?;
                match why {
                    Some(why) => write!(f, ": {why}"),
                    None => Ok(()),
                }
            }
            Notice::NotLocked { folder, why } => write!(
                f,
                "{}: the folder cannot be locked ({why}): make sure that no other training uses it",
                folder.display()
            ),
            Notice::Collapse(forecast) => {
                let Forecast {
                    active,
                    code,
                    variance,
                    is_linear,
                } = forecast;
                let which = if *is_linear {
                    "the decoder is linear, so the other values will collapse onto the prior"
                } else {
                    "this is an estimate from a linear decoder: the other values will probably collapse onto the \
                     prior"
                };
                write!(
                    f,
                    "{active} of {code} values of the code can stay active: {active} principal components have a variance \
                     above {} (beta · std²); {which}. Give the likelihood a smaller std or leave `objective.std` out, \
                     so that it is learned; a smaller `bottleneck.beta` helps too",
                    figures(*variance)
                )
            }
            Notice::StdAtMinimum { columns, minimum } => {
                let minimum = figures(*minimum);
                match &columns[..] {
                    [] => write!(f, "the learned std has reached its minimum of {minimum}")?,
                    columns => {
                        let names: Vec<&str> = columns.iter().map(String::as_str).collect();
                        write!(
                            f,
                            "the learned std of {} has reached its minimum of {minimum}: {}",
                            count_of(columns.len(), "column"),
                            first_of(&names)
                        )?;
                    }
                }
                write!(
                    f,
                    ": the nats depend on this minimum ({}). The std of a column falls without end if the column is \
                     constant or follows exactly from others: leave it out with {}",
                    key("objective.minimum_std", &minimum),
                    setting(Setting::Drop)
                )
            }
            Notice::LeftOut(why) => write!(f, "left out: {why}"),
            Notice::OtherIsa { before, now } => write!(
                f,
                "the run was trained with {before} so far and now uses {now}: the last digits of its results will \
                 differ from a run with {before} alone ({} keeps {before}, if the CPU has it)",
                set(Setting::Isa, before)
            ),
        }
    }
}
