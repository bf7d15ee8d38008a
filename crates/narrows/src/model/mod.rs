//! A trained autoencoder: encode, decode, reconstruct and score; save and load.

mod again;
mod bound;
pub(crate) mod checksums;
mod columns;
mod drawing;
mod file;
mod foreign;
mod header;
mod import;
mod in_use;
mod likelihood;
mod origin;
mod passes;
pub(crate) mod prior;
mod rows;
mod states;
mod stds;
mod trained;

pub use again::SplitAgain;
pub use bound::SCORE_DRAWS;
pub(crate) use bound::{Bound, Encoded};
pub use columns::{InputColumn, ModelColumn};
pub(crate) use drawing::Drawing;
pub use file::MODEL_FILE;
pub use import::{ImportOptions, Imported};
pub use in_use::InUse;
pub use origin::{Origin, Rule, SplitRecord, Threshold, ThresholdRows};
pub use prior::{Component, FittedPrior, Gaussian, MOST_ITERATIONS, Prior, PriorKind, PriorSpec};
pub use trained::Model;
