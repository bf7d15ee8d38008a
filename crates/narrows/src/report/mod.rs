//! Reports: records in, bytes out. Nothing here reads or writes a file.

mod png;

pub use png::{PictureRow, picture_rows};
