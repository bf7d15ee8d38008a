//! From records to the bytes of pictures and pages, one file per format. All functions are pure: the output depends
//! only on the arguments. The exception is the log that [`tensorboard::EventFile`] writes.

mod chart;
mod html;
mod png;
pub mod tensorboard;

pub use chart::{Chart, Mark, Ring, Series};
pub use html::{Cell, Figure, Image, Report, Section, Table};
pub use png::{PictureRow, picture_grid, picture_rows};
