//! Printing: lines that survive a closed pipe, and numbers for people.

pub use narrows::text::{count_of, figures, thousands};
use std::borrow::Cow;
use std::io::{ErrorKind, Write};

/// Prints to standard output. When the reader has gone, there is nobody to tell; when the text is lost for
/// another reason, as on a full disk, this ends the command.
pub fn print(text: &str) {
    let mut output = std::io::stdout().lock();
    let text = printable(text);
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

/// Prints to standard error.
pub fn note(text: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{}", printable(text));
}

/// The text without characters that a terminal obeys, which names and cells of a file may hold: `\u{1b}` becomes
/// `\\x1b`.
fn printable(text: &str) -> Cow<'_, str> {
    let obeyed = |c: char| c.is_control() && !matches!(c, '\n' | '\t');
    if !text.contains(obeyed) {
        return text.into();
    }
    let mut printed = String::with_capacity(text.len());
    for c in text.chars() {
        match obeyed(c) {
            true => printed.push_str(&format!("\\x{:02x}", u32::from(c))),
            false => printed.push(c),
        }
    }
    printed.into()
}

/// A time: `0.84 s`, `12.3 s`, `3 min 20 s`, `2 h 05 min`.
pub fn duration(seconds: f64) -> String {
    let whole = seconds.round() as u64;
    match seconds {
        // What rounds to the next unit is written in it.
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

/// A table of two columns, aligned.
pub fn table(rows: &[(&str, String)]) -> String {
    let width = rows
        .iter()
        .map(|(name, _)| name.chars().count())
        .max()
        .unwrap_or(0);
    let lines: Vec<String> = rows
        .iter()
        .map(|(name, value)| format!("  {name:<width$}   {value}"))
        .collect();
    lines.join("\n")
}

/// A table whose first row names the columns, aligned: texts to the left, all that stands under a
/// column of numbers to the right.
pub fn columns<R: AsRef<[String]>>(rows: &[R]) -> String {
    let rows: Vec<&[String]> = rows.iter().map(AsRef::as_ref).collect();
    let count = rows.iter().map(|row| row.len()).max().unwrap_or(0);
    let cells = |column: usize| rows.iter().filter_map(move |row| row.get(column));
    let layout: Vec<(usize, bool)> = (0..count)
        .map(|column| {
            let width = cells(column).map(|cell| cell.chars().count()).max();
            let is_number =
                |cell: &String| cell.starts_with(|c: char| c.is_ascii_digit() || c == '-');
            (width.unwrap_or(0), cells(column).skip(1).all(is_number))
        })
        .collect();
    let line = |row: &&[String]| {
        let cells = row
            .iter()
            .zip(&layout)
            .map(|(cell, &(width, is_number))| match is_number {
                true => format!("{cell:>width$}"),
                false => format!("{cell:<width$}"),
            });
        let cells: Vec<String> = cells.collect();
        format!("  {}", cells.join("   ")).trim_end().to_string()
    };
    rows.iter().map(line).collect::<Vec<_>>().join("\n")
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
