//! Applies a model to any number of rows: encode, decode, reconstruct, score, interpolate, sample.
//!
//! Rows are read, processed and written in pieces, so memory does not grow with their number. One team of threads works
//! on all pieces. Ids and labels stay beside their rows, and values have the units and shapes of the original data.

mod codes;
mod columns;
mod fit;
mod options;
mod reconstruct;
mod sample;
mod score;
mod stream;
mod way;

pub use codes::{FITTED_ROWS, codes_of, decode, encode, encode_with_stds};
pub use fit::{check, training_rows_warning, warning};
pub use options::{options_for, options_for_codes, options_for_split};
pub use reconstruct::{reconstruct, write_corrupted};
pub use sample::Samples;
pub use score::{Blamed, blame, score};
pub use stream::Progress;
pub use way::Way;

#[cfg(test)]
mod tests;
