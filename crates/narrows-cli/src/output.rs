//! Printing: lines that survive a closed pipe, and numbers in a readable form. Control characters of terminals in names
//! and cells of files are shown with Rust's escapes: `\x1b`.

use narrows::plain;
pub use narrows::text::{count_of, figures, thousands};
use serde_json::Value;
use std::borrow::Cow;
use std::io::{ErrorKind, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use terminal_size::{Width, terminal_size_of};
use unicode_width::UnicodeWidthStr;

/// Whether rows or a file go to standard output, so that text for people goes to standard error.
static IS_TAKEN: AtomicBool = AtomicBool::new(false);

/// Leaves standard output to what a command writes: text for people goes to standard error from now on.
pub fn leave_standard_output() {
    IS_TAKEN.store(true, Ordering::SeqCst);
}

/// Prints to standard output, or to standard error where standard output has rows or a file. When the reader has gone,
/// there is nobody to tell; when the text is lost for another reason, as on a full disk, this ends the command.
pub fn print(text: &str) {
    if IS_TAKEN.load(Ordering::SeqCst) {
        return note(text);
    }
    let mut output = std::io::stdout().lock();
    let text = plain::lines(text);
    match writeln!(output, "{text}").and_then(|()| output.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            note(&format!(
                "narrows: error: cannot write to standard output: {error}"
            ));
            std::process::exit(1);
        }
        _ => {}
    }
}

/// Prints a result, which is an object, with the instruction set that it was computed with.
pub fn print_json(mut result: Value) {
    result["isa"] = narrows::isa::name().into();
    print(&result.to_string());
}

/// Prints to standard error.
pub fn note(text: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{}", for_stderr(text));
}

/// The text as standard error shows it; on a terminal, lines are broken between words.
pub fn for_stderr(text: &str) -> Cow<'_, str> {
    let text = plain::lines(text);
    match terminal_size_of(std::io::stderr()) {
        Some((Width(width), _)) => fitted(&text, width.into()).into(),
        None => text,
    }
}

/// The columns of the terminal that standard error is, if it is one.
pub fn stderr_width() -> Option<usize> {
    terminal_size_of(std::io::stderr()).map(|(Width(width), _)| width.into())
}

/// The columns of the terminal that standard output is, if it is one.
fn terminal_width() -> Option<usize> {
    terminal_size_of(std::io::stdout()).map(|(Width(width), _)| width.into())
}

/// The text in lines of at most `width`; what a line continues in is indented.
fn fitted(text: &str, width: usize) -> String {
    let line = |line: &str| {
        let rest = line.trim_start_matches(' ');
        let indent = &line[..line.len() - rest.len()];
        wrapped(rest, indent, &format!("{indent}  "), width)
    };
    text.split('\n').map(line).collect::<Vec<_>>().join("\n")
}

/// A text in lines of at most `width`, the first and the others with what they begin with; words are not broken.
pub fn wrapped(text: &str, first: &str, others: &str, width: usize) -> String {
    let mut lines = Vec::new();
    let mut line = first.to_string();
    let mut is_begun = false;
    for word in text.split(' ') {
        let length = line.width() + word.width() + usize::from(is_begun);
        if is_begun && length > width {
            lines.push(std::mem::replace(&mut line, others.to_string()));
            is_begun = false;
        }
        if is_begun {
            line.push(' ');
        }
        line.push_str(word);
        is_begun = true;
    }
    lines.push(line);
    lines.join("\n")
}

/// A text in lines of the terminal's width, if there is one; see [`wrapped`].
pub fn wrapped_to_terminal(text: &str, first: &str, others: &str) -> String {
    wrapped(text, first, others, terminal_width().unwrap_or(usize::MAX))
}

/// The text and spaces up to a width on the terminal, where wide letters take two columns.
pub fn padded(text: &str, width: usize) -> String {
    format!("{text}{}", " ".repeat(width.saturating_sub(text.width())))
}

/// A list of names with what they are, in lines of the terminal's width if there is one.
pub fn described(rows: &[(&str, &str)]) -> String {
    let width = rows.iter().map(|(name, _)| name.width()).max().unwrap_or(0);
    let indent = " ".repeat(width + 5);
    let line = |(name, text): &(&str, &str)| {
        let first = format!("  {}   ", padded(name, width));
        wrapped_to_terminal(text, &first, &indent)
    };
    rows.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// A time: `0.84 s`, `12.3 s`, `3 min 20 s`, `2 h 05 min`.
pub fn duration(seconds: f64) -> String {
    let whole = seconds.round() as u64;
    match seconds {
        // A value that rounds to 1 of the next unit is written in that unit.
        ..9.995 => format!("{seconds:.2} s"),
        ..59.95 => format!("{seconds:.1} s"),
        ..3599.5 => format!("{} min {:02} s", whole / 60, whole % 60),
        _ => format!("{} h {:02} min", whole / 3600, whole % 3600 / 60),
    }
}

/// A time to come, which is known to the second at best: `12 s`, `3 min 20 s`.
pub fn remaining(seconds: f64) -> String {
    match seconds {
        ..59.5 => format!("{:.0} s", seconds.max(1.0)),
        _ => duration(seconds.round()),
    }
}

/// A table of two columns, aligned, in lines of the terminal's width if there is one.
pub fn table(rows: &[(&str, String)]) -> String {
    let rows: Vec<(&str, Cow<'_, str>)> = rows
        .iter()
        .map(|(name, value)| (*name, plain::line(value)))
        .collect();
    let rows: Vec<(&str, &str)> = rows.iter().map(|(name, value)| (*name, &**value)).collect();
    described(&rows)
}

/// A table whose first row names the columns, aligned: texts to the left, all that stands under a
/// column of numbers to the right. Where a line would be wider than the terminal, each row is a block of lines.
pub fn columns<R: AsRef<[String]>>(rows: &[R]) -> String {
    columns_within(rows, terminal_width().unwrap_or(usize::MAX))
}

fn columns_within<R: AsRef<[String]>>(rows: &[R], most: usize) -> String {
    // Names are escaped before they are measured, so that columns stay aligned.
    let shown = |row: &R| {
        let cells = row.as_ref().iter();
        cells.map(|cell| plain::line(cell).into_owned()).collect()
    };
    let rows: Vec<Vec<String>> = rows.iter().map(shown).collect();
    let count = rows.iter().map(|row| row.len()).max().unwrap_or(0);
    let cells = |column: usize| rows.iter().filter_map(move |row| row.get(column));
    let widest = |column| cells(column).map(|cell| cell.width()).max().unwrap_or(0);
    if (0..count).map(|column| widest(column) + 3).sum::<usize>() > most.saturating_add(1) {
        return stacked(&rows, most);
    }
    let layout: Vec<(usize, bool)> = (0..count)
        .map(|column| {
            let is_number =
                |cell: &String| cell.starts_with(|c: char| c.is_ascii_digit() || c == '-');
            (widest(column), cells(column).skip(1).all(is_number))
        })
        .collect();
    let line = |row: &Vec<String>| {
        let cells = row.iter().zip(&layout).map(|(cell, &(width, is_number))| {
            if is_number {
                format!("{cell:>width$}")
            } else {
                padded(cell, width)
            }
        });
        let cells: Vec<String> = cells.collect();
        format!("  {}", cells.join("   ")).trim_end().to_string()
    };
    rows.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// A table as a block of lines for each row: its first cell, and below it the others with the names of their columns.
fn stacked(rows: &[Vec<String>], most: usize) -> String {
    let Some((names, rows)) = rows.split_first() else {
        return String::new();
    };
    let width = names.iter().skip(1).map(|name| name.width()).max();
    let width = width.unwrap_or(0);
    let block = |row: &Vec<String>| {
        let first = row.first().map_or("", |cell| cell.as_str());
        let mut lines = vec![wrapped(first, "  ", "    ", most)];
        let cells = names.iter().zip(row).skip(1);
        lines.extend(
            cells
                .filter(|(_, cell)| !cell.is_empty())
                .map(|(name, cell)| {
                    let first = format!("    {}   ", padded(name, width));
                    wrapped(cell, &first, &" ".repeat(width + 7), most)
                }),
        );
        lines.join("\n")
    };
    rows.iter().map(block).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_short_and_readable() {
        assert_eq!(duration(0.842), "0.84 s");
        assert_eq!(duration(200.4), "3 min 20 s");
        assert_eq!(duration(7500.0), "2 h 05 min");
        assert_eq!(duration(9.996), "10.0 s");
        assert_eq!(duration(59.96), "1 min 00 s");
        assert_eq!(duration(3599.7), "1 h 00 min");
        assert_eq!(remaining(0.2), "1 s");
        assert_eq!(remaining(9.6), "10 s");
        assert_eq!(remaining(59.7), "1 min 00 s");
    }

    #[test]
    fn wide_letters_take_two_columns() {
        let row = |cells: [&str; 2]| cells.map(String::from);
        let table = columns(&[row(["名前", "x"]), row(["a", "b"])]);
        assert_eq!(table, "  名前   x\n  a      b");
        assert_eq!(wrapped("名前 名前", "", "", 8), "名前\n名前");
    }

    #[test]
    fn what_a_terminal_obeys_is_escaped_before_columns_are_aligned() {
        let row = |cells: [&str; 2]| cells.map(String::from);
        let table = columns(&[row(["\u{1b}[2J", "x"]), row(["a\nb", "y"])]);
        assert_eq!(table, "  \\x1b[2J   x\n  a\\nb      y");
        let lines = super::table(&[("name", "a\u{202e}\nb".to_string())]);
        assert_eq!(lines, "  name   a\\u202e\\nb");
    }

    #[test]
    fn a_long_line_continues_behind_its_indent() {
        assert_eq!(
            fitted("  one two three\nfour", 10),
            "  one two\n    three\nfour"
        );
    }

    #[test]
    fn lines_are_broken_between_words() {
        let text = "word ".repeat(40);
        let lines = wrapped(text.trim(), "  - ", "    ", 80);
        assert!(lines.lines().count() == 3 && lines.lines().all(|line| line.len() <= 80));
        assert_eq!(wrapped("", "  a ", "    ", 80), "  a ");
        let long = "x".repeat(100);
        assert_eq!(
            wrapped(&format!("a {long}"), "", "  ", 80),
            format!("a\n  {long}")
        );
    }

    #[test]
    fn a_table_wider_than_the_terminal_is_stacked() {
        let row = |cells: [&str; 3]| cells.map(String::from);
        let rows = [
            row(["run", "error", "code"]),
            row(["a long name", "0.5", ""]),
        ];
        assert_eq!(columns_within(&rows, 28), columns(&rows));
        assert_eq!(columns_within(&rows, 27), "  a long name\n    error   0.5");
    }

    #[test]
    fn columns_of_numbers_end_together() {
        let row = |cells: [&str; 3]| cells.map(String::from);
        let table = columns(&[
            row(["", "model", "PCA"]),
            row(["MSE", "0.5", "-"]),
            row(["classes", "12.5 %", "7 %"]),
        ]);
        assert_eq!(
            table,
            "             model   PCA\n  MSE          0.5     -\n  classes   12.5 %   7 %"
        );
        assert_eq!(columns::<Vec<String>>(&[]), "");
    }
}
