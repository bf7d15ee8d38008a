//! From records to the bytes of pictures and pages; a file per format. Everything here is pure, what is
//! written follows from the arguments alone, but for the log that [`tensorboard::EventFile`] adds to.

mod chart;
mod html;
mod png;
pub mod tensorboard;

pub use chart::{Chart, Mark, Series};
pub use html::{Cell, Figure, Image, Report, Section, Table};
pub use png::{PictureRow, picture_grid, picture_rows};
