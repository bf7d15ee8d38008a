//! Bars of progress on standard error, all in one place: so text is printed above them, and a signal that ends the process
//! takes them from the screen.

use super::terminal::{stderr_height, stderr_width};
use indicatif::{MultiProgress, ProgressDrawTarget, TermLike};
use std::io::{self, Write};
use std::sync::{Mutex, OnceLock, PoisonError};
use unicode_width::UnicodeWidthStr;

/// The columns that a bar leaves free at the end of its line. A terminal shows `^C` there on Ctrl-C; on a full line it would
/// begin another line, and a bar would stay on the screen.
const FREE: usize = 5;

/// How often bars are drawn in a second, at most.
const DRAWN: u8 = 20;

static BARS: OnceLock<MultiProgress> = OnceLock::new();

/// The bars of this process.
pub fn bars() -> &'static MultiProgress {
    BARS.get_or_init(|| {
        let screen = Box::new(Screen::default());
        MultiProgress::with_draw_target(ProgressDrawTarget::term_like_with_hz(screen, DRAWN))
    })
}

/// The columns of a line with a bar.
pub fn bar_width() -> usize {
    stderr_width().unwrap_or(80).saturating_sub(FREE).max(1)
}

/// Does something while no bar is on the screen.
pub(super) fn without_bars<T>(act: impl FnOnce() -> T) -> T {
    match BARS.get() {
        Some(bars) => bars.suspend(act),
        None => act(),
    }
}

/// Standard error as a terminal whose lines end before its last columns.
#[derive(Debug, Default)]
struct Screen(Mutex<Pen>);

#[derive(Debug, Default)]
struct Pen {
    /// What is not written yet.
    text: String,
    /// The column that it ends in.
    column: usize,
}

impl Screen {
    fn change(&self, change: impl FnOnce(&mut Pen)) -> io::Result<()> {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
        Ok(())
    }

    /// Moves the cursor by so many places, with the command of a terminal for one.
    fn go(&self, places: usize, command: char) -> io::Result<()> {
        self.change(|pen| {
            if places > 0 {
                pen.text.push_str(&format!("\x1b[{places}{command}"));
            }
        })
    }
}

impl TermLike for Screen {
    fn width(&self) -> u16 {
        u16::try_from(bar_width()).unwrap_or(u16::MAX)
    }

    fn height(&self) -> u16 {
        u16::try_from(stderr_height().unwrap_or(24)).unwrap_or(u16::MAX)
    }

    fn move_cursor_up(&self, n: usize) -> io::Result<()> {
        self.go(n, 'A')
    }

    fn move_cursor_down(&self, n: usize) -> io::Result<()> {
        self.go(n, 'B')
    }

    fn move_cursor_right(&self, n: usize) -> io::Result<()> {
        self.go(n, 'C')
    }

    fn move_cursor_left(&self, n: usize) -> io::Result<()> {
        self.go(n, 'D')
    }

    fn write_line(&self, s: &str) -> io::Result<()> {
        self.write_str(s)?;
        self.change(|pen| {
            pen.text.push_str("\r\n");
            pen.column = 0;
        })
    }

    /// A line that is full goes on in the next one, as on every terminal.
    fn write_str(&self, s: &str) -> io::Result<()> {
        let width = bar_width();
        self.change(|pen| {
            if pen.column >= width && !["", "\r"].contains(&s) {
                pen.text.push_str("\r\n");
                pen.column = 0;
            }
            pen.text.push_str(s);
            pen.column = match s {
                "\r" => 0,
                _ => pen.column + s.width(),
            };
        })
    }

    fn clear_line(&self) -> io::Result<()> {
        self.change(|pen| {
            pen.text.push_str("\r\x1b[2K");
            pen.column = 0;
        })
    }

    fn flush(&self) -> io::Result<()> {
        let mut pen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let text = std::mem::take(&mut pen.text);
        let mut stderr = io::stderr().lock();
        stderr.write_all(text.as_bytes())?;
        stderr.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_line_goes_on_in_the_next_one() {
        let screen = Screen::default();
        let full = "=".repeat(bar_width());
        for text in [&full, "", &full, "\r", "a"] {
            screen.write_str(text).unwrap();
        }
        let pen = screen.0.lock().unwrap();
        assert_eq!(pen.text, format!("{full}\r\n{full}\ra"));
    }
}
