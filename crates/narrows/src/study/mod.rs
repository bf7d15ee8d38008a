//! Studies: several autoencoders compared in a table, in words and in one report.

mod classic;
mod compare;
mod compared;
mod comparison;
mod measure;
mod runs;
mod shared;
mod vary;

pub use classic::{Classic, ClassicRow, NOISY_NOTE, Setting, classic};
pub use compare::{ToCompare, compare};
pub use compared::Compared;
pub use comparison::Comparison;
pub use measure::Measure;
use shared::{Done, check_empty, first_pictures, make_folder, points, robustness_figures, stopped};
pub use shared::{StudyEvent, StudyOptions};
pub use vary::{Variation, variations};
