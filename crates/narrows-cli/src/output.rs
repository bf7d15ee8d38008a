//! Printing: lines that survive a closed pipe, and numbers for people.

use narrows::study::Measure;
use std::io::Write;

/// Prints to standard output. When the reader has gone, there is nobody to tell.
pub fn print(text: &str) {
    let _ = writeln!(std::io::stdout().lock(), "{text}");
}

/// Prints to standard error.
pub fn note(text: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}

/// A whole number with its thousands apart: `1,234,567`.
pub fn thousands(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A positive number with four significant digits, as errors and losses need: `0.03312`, `1.25e-5`.
pub fn figures(number: f64) -> String {
    match number.abs() {
        0.0 => "0".into(),
        size if (1e-4..1e5).contains(&size) => {
            let before = size.log10().floor() as i32;
            format!("{number:.*}", (3 - before).max(0) as usize)
        }
        _ => format!("{number:.3e}"),
    }
}

/// A measure over seeds: its mean and, of several, its deviation.
pub fn measure(measure: Measure) -> String {
    match measure.deviation {
        Some(deviation) => format!("{} ± {}", figures(measure.mean), figures(deviation)),
        None => figures(measure.mean),
    }
}

/// A time: `0.84 s`, `12.3 s`, `3 min 20 s`, `2 h 05 min`.
pub fn duration(seconds: f64) -> String {
    let whole = seconds.round() as u64;
    match seconds {
        ..10.0 => format!("{seconds:.2} s"),
        ..60.0 => format!("{seconds:.1} s"),
        ..3600.0 => format!("{} min {:02} s", whole / 60, whole % 60),
        _ => format!("{} h {:02} min", whole / 3600, whole % 3600 / 60),
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

/// A number of epochs, in words.
pub fn epochs_of(count: usize) -> String {
    match count {
        1 => "1 epoch".into(),
        _ => format!("{count} epochs"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short_and_readable() {
        assert_eq!(thousands(1_234_567.4), "1,234,567");
        assert_eq!(
            (thousands(999.0), thousands(1000.0)),
            ("999".into(), "1,000".into())
        );
        assert_eq!(figures(0.033_123), "0.03312");
        assert_eq!(figures(0.6), "0.6000");
        assert_eq!(figures(12.345_67), "12.35");
        assert_eq!(figures(1.254e-5), "1.254e-5");
        assert_eq!(figures(f64::NAN), "NaN");
        assert_eq!(duration(0.842), "0.84 s");
        assert_eq!(duration(200.4), "3 min 20 s");
        assert_eq!(duration(7500.0), "2 h 05 min");
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
