//! What the command prints. Control characters of terminals in names and cells of files are shown with Rust's escapes:
//! `\x1b`.

mod bars;
mod columns;
mod fit;
mod print;
mod terminal;

pub use bars::{bar_width, bars};
pub use columns::{columns, columns_that_fit};
pub use fit::{
    KEPT, aligned_lines, command_line, described, described_behind, fitting, kept, padded,
    shortened, shown_path, table, wrapped, wrapped_to_terminal,
};
pub use narrows::text::{count_of, duration, figures, fixed, grouped, thousands};
pub use print::{end, leave_standard_output, note, print, print_json};
pub use terminal::{stderr_width, stdout_width};
