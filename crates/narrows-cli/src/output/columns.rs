//! Tables of several columns. Where a table is wider than the terminal, it becomes narrower: the titles of its columns
//! break into lines, and the gaps between them shrink. Where that is not enough, each row is a block of lines.

use super::fit::{padded, wrapped};
use super::terminal::stdout_width;
use narrows::plain;
use unicode_width::UnicodeWidthStr;

/// The spaces between two columns: usually, and where the table is narrow.
const GAPS: [usize; 2] = [3, 2];

/// The spaces before the first column.
const INDENT: usize = 2;

/// A table whose first row has the titles of the columns. A column of numbers is aligned to the right.
pub fn columns<R: AsRef<[String]>>(rows: &[R]) -> String {
    columns_within(rows, stdout_width().unwrap_or(usize::MAX))
}

fn columns_within<R: AsRef<[String]>>(rows: &[R], most: usize) -> String {
    columns_that_fit(rows, most).unwrap_or_else(|| stacked(&shown(rows), most))
}

/// The table if its rows fit into lines of at most `most` columns.
pub fn columns_that_fit<R: AsRef<[String]>>(rows: &[R], most: usize) -> Option<String> {
    let rows = shown(rows);
    let (titles, body) = rows.split_first()?;
    let columns: Vec<Column> = (0..titles.len())
        .map(|place| Column::of(&titles[place], body, place))
        .collect();
    let fits = |gap: &usize| widths(&columns, *gap, most).map(|widths| (*gap, widths));
    let (gap, widths) = GAPS.iter().find_map(fits)?;
    let line = |cells: &[String]| {
        let cells = cells.iter().zip(&columns).zip(&widths);
        let cells = cells.map(|((cell, column), &width)| match column.is_of_numbers {
            true => format!("{}{cell}", " ".repeat(width.saturating_sub(cell.width()))),
            false => padded(cell, width),
        });
        let cells: Vec<String> = cells.collect();
        let line = format!("{}{}", " ".repeat(INDENT), cells.join(&" ".repeat(gap)));
        line.trim_end().to_string()
    };
    let mut lines: Vec<String> = title_lines(titles, &widths)
        .iter()
        .map(|row| line(row))
        .collect();
    lines.extend(body.iter().map(|row| line(row)));
    Some(lines.join("\n"))
}

/// The cells with escapes for control characters, as they are measured and printed.
fn shown<R: AsRef<[String]>>(rows: &[R]) -> Vec<Vec<String>> {
    let cells = |row: &R| {
        let cells = row.as_ref().iter();
        cells.map(|cell| plain::line(cell).into_owned()).collect()
    };
    rows.iter().map(cells).collect()
}

/// What the layout needs to know of a column.
struct Column {
    /// With its title on one line.
    widest: usize,
    /// With its title broken between all words.
    narrowest: usize,
    is_of_numbers: bool,
}

impl Column {
    fn of(title: &str, body: &[Vec<String>], place: usize) -> Column {
        let cells = || body.iter().filter_map(|row| row.get(place));
        let width = cells().map(|cell| cell.width()).max().unwrap_or(0);
        let word = title.split(' ').map(|word| word.width()).max();
        let is_number = |cell: &String| {
            cell.starts_with(|c: char| c.is_ascii_digit() || ['-', '>'].contains(&c))
        };
        Column {
            widest: width.max(title.width()),
            narrowest: width.max(word.unwrap_or(0)),
            is_of_numbers: cells().all(is_number),
        }
    }
}

/// The width of each column, if the table fits: the widest columns give way first, as far as their titles can break.
fn widths(columns: &[Column], gap: usize, most: usize) -> Option<Vec<usize>> {
    let gaps = gap * columns.len().saturating_sub(1);
    let most = most.checked_sub(INDENT + gaps)?;
    let mut widths: Vec<usize> = columns.iter().map(|column| column.widest).collect();
    while widths.iter().sum::<usize>() > most {
        let places = (0..columns.len()).filter(|&place| widths[place] > columns[place].narrowest);
        let place = places.max_by_key(|&place| widths[place] - columns[place].narrowest)?;
        widths[place] -= 1;
    }
    Some(widths)
}

/// The titles in lines of these widths; those with fewer lines stand at the bottom.
fn title_lines(titles: &[String], widths: &[usize]) -> Vec<Vec<String>> {
    let broken: Vec<Vec<String>> = titles
        .iter()
        .zip(widths)
        .map(|(title, &width)| {
            wrapped(title, "", "", width)
                .lines()
                .map(String::from)
                .collect()
        })
        .collect();
    let height = broken.iter().map(Vec::len).max().unwrap_or(0);
    let line = |place: usize| {
        let part = |lines: &Vec<String>| {
            let above = height - lines.len();
            place
                .checked_sub(above)
                .and_then(|place| lines.get(place).cloned())
        };
        broken
            .iter()
            .map(|lines| part(lines).unwrap_or_default())
            .collect()
    };
    (0..height).map(line).collect()
}

/// A table as a block of lines for each row: its first cell, and below it the others with the titles of their columns.
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

    fn row<const N: usize>(cells: [&str; N]) -> [String; N] {
        cells.map(String::from)
    }

    #[test]
    fn wide_letters_take_two_columns() {
        let table = columns(&[row(["名前", "x"]), row(["a", "b"])]);
        assert_eq!(table, "  名前   x\n  a      b");
    }

    #[test]
    fn what_a_terminal_obeys_is_escaped_before_columns_are_aligned() {
        let table = columns(&[row(["\u{1b}[2J", "x"]), row(["a\nb", "y"])]);
        assert_eq!(table, "  \\x1b[2J   x\n  a\\nb      y");
    }

    #[test]
    fn a_table_wider_than_the_terminal_narrows_and_then_stacks() {
        let rows = [
            row(["run", "error with noise", "code"]),
            row(["a long name", "0.5", "32"]),
        ];
        assert_eq!(columns_within(&rows, 39), columns(&rows));
        let titles_break = [
            "                error",
            "                 with",
            "  run           noise   code",
            "  a long name     0.5     32",
        ];
        assert_eq!(columns_within(&rows, 28), titles_break.join("\n"));
        let gaps_shrink = [
            "               error",
            "                with",
            "  run          noise  code",
            "  a long name    0.5    32",
        ];
        assert_eq!(columns_within(&rows, 26), gaps_shrink.join("\n"));
        let stacked = "  a long name\n    error with noise   0.5\n    code               32";
        assert_eq!(columns_within(&rows, 25), stacked);
    }

    #[test]
    fn columns_of_numbers_end_together() {
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
