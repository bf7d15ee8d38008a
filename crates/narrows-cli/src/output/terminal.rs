//! The width of the terminal.

use terminal_size::{Height, Width, terminal_size_of};

/// The columns of the terminal that standard error is, if it is one.
pub fn stderr_width() -> Option<usize> {
    terminal_size_of(std::io::stderr()).map(|(Width(width), _)| width.into())
}

/// The lines of the terminal that standard error is, if it is one.
pub fn stderr_height() -> Option<usize> {
    terminal_size_of(std::io::stderr()).map(|(_, Height(height))| height.into())
}

/// The columns of the terminal that standard output is, if it is one.
pub fn stdout_width() -> Option<usize> {
    terminal_size_of(std::io::stdout()).map(|(Width(width), _)| width.into())
}
