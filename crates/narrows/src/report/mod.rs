//! From records to the bytes of pictures and pages; a file per format. Everything here is pure, what is
//! written follows from the arguments alone, but for the log that [`tensorboard::EventFile`] adds to.

mod chart;
mod count;
mod html;
mod png;
pub mod tensorboard;
mod text;

pub use chart::{Chart, Mark, Series};
pub use count::{count_of, thousands};
pub use html::{Cell, Figure, Image, Report, Section, Table};
pub use png::{PictureRow, picture_rows};
pub use text::figures;
pub(crate) use text::{mean_and_deviation, sentence};
