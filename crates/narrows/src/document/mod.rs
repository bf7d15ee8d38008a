//! TOML documents in which every value knows its place: a line of a file, or the `--set` that it came from.
//!
//! A [`Document`] is a tree; [`Section`] reads one section of it. The declarations of the parts define the keys of a
//! section.

mod exchange;
mod notes;
mod print;
mod section;
mod tree;
mod whole;

pub use notes::Level;
pub(crate) use notes::{is_now, refuse, twice};
pub use section::Section;
pub(crate) use tree::{Node, Tree};
pub use whole::Document;
