//! Tables of several columns. Where a table is wider than the terminal, it becomes narrower: the titles of its columns
//! break into lines, the gaps between them shrink, and then cells break into lines too. Where that is not enough, each row
//! is a block of lines.

use super::fit::{KEPT, padded, plain_spaces, wrapped};
use super::terminal::stdout_width;
use narrows::plain;
use unicode_width::UnicodeWidthStr;

/// The spaces between two columns: usually, and where the table is narrow.
const GAPS: [usize; 2] = [3, 2];

/// The spaces before the first column.
const INDENT: usize = 2;

/// A table whose first row has the titles of the columns. A column of numbers is aligned to the right. A row of one cell is
/// a heading above the rows that follow, which are indented.
pub fn columns<R: AsRef<[String]>>(rows: &[R]) -> String {
    columns_within(rows, stdout_width().unwrap_or(usize::MAX))
}

fn columns_within<R: AsRef<[String]>>(rows: &[R], most: usize) -> String {
    let rows = shown(rows);
    let [whole, gap] = [GAPS[0], GAPS[1]];
    let ways = [
        (whole, &[][..]),
        (gap, &[]),
        (gap, &[Cells::Texts]),
        (gap, &[Cells::Numbers]),
        (gap, &[Cells::Numbers, Cells::Texts]),
        (gap, &[Cells::Numbers, Cells::Texts, Cells::Names]),
    ];
    let mut tables = ways
        .iter()
        .filter_map(|(gap, broken)| table(&rows, most, *gap, broken));
    plain_spaces(&tables.next().unwrap_or_else(|| stacked(&rows, most))).into_owned()
}

/// The table if its rows fit into lines of at most `most` columns without a cell that breaks.
pub fn columns_that_fit<R: AsRef<[String]>>(rows: &[R], most: usize) -> Option<String> {
    let rows = shown(rows);
    let mut tables = GAPS.iter().filter_map(|gap| table(&rows, most, *gap, &[]));
    tables.next().map(|table| plain_spaces(&table).into_owned())
}

/// The kinds of columns, of which each is made narrower by itself.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Cells {
    Numbers,
    Texts,
    /// Texts whose words break behind a colon too, as in `recipe:variant`.
    Names,
}

/// A mark of the place behind a colon, with a space at which a line may break; both are not printed.
const BREAK: &str = "\u{fdd1} ";

/// The table with this gap, if it fits when the cells of these columns break, in this order.
fn table(rows: &[Vec<String>], most: usize, gap: usize, broken: &[Cells]) -> Option<String> {
    let (titles, body) = rows.split_first()?;
    let rows: Vec<&Vec<String>> = body
        .iter()
        .filter(|row| !is_heading(row, titles.len()))
        .collect();
    let columns: Vec<Column> = (0..titles.len())
        .map(|place| Column::of(&titles[place], &rows, place))
        .collect();
    let widths = widths(&columns, gap, most, broken)?;
    let has_breaks = broken.contains(&Cells::Names);
    let line = |cells: &[String]| {
        let cells = cells.iter().zip(&columns).zip(&widths);
        let cells = cells.map(|((cell, column), &width)| match column.cells {
            Cells::Numbers => format!("{}{cell}", " ".repeat(width.saturating_sub(cell.width()))),
            Cells::Texts | Cells::Names => padded(cell, width),
        });
        let cells: Vec<String> = cells.collect();
        let line = format!("{}{}", " ".repeat(INDENT), cells.join(&" ".repeat(gap)));
        line.trim_end().to_string()
    };
    let mut lines: Vec<String> = Vec::new();
    let titles = in_lines(titles, &widths);
    // Titles stand at the bottom of their lines, cells at the top.
    let height = titles.iter().map(Vec::len).max().unwrap_or(0);
    for place in 0..height {
        lines.push(line(&row_of(&titles, |of| {
            (place + of).checked_sub(height)
        })));
    }
    for row in body {
        if is_heading(row, titles.len()) {
            lines.push(wrapped(&row[0], "  ", "    ", most));
            continue;
        }
        let row: Vec<String> = row.iter().map(|cell| breakable(cell, has_breaks)).collect();
        let cells = in_lines(&row, &widths);
        let height = cells.iter().map(Vec::len).max().unwrap_or(0);
        lines.extend((0..height).map(|place| line(&row_of(&cells, |_| Some(place)))));
    }
    Some(lines.join("\n"))
}

/// The cells with escapes for control characters, as they are measured and printed. A deviation stays beside its sign, and
/// a number beside its unit.
fn shown<R: AsRef<[String]>>(rows: &[R]) -> Vec<Vec<String>> {
    let tied = |cell: &String| {
        let cell = plain::line(cell).replace("± ", &format!("±{KEPT}"));
        cell.replace(" %", &format!("{KEPT}%"))
    };
    let columns = rows.first().map_or(0, |titles| titles.as_ref().len());
    let has_headings = rows.iter().any(|row| is_heading(row.as_ref(), columns));
    let cells = |row: &R| {
        let mut cells: Vec<String> = row.as_ref().iter().map(tied).collect();
        if has_headings && !is_heading(&cells, columns) {
            let indent = KEPT.to_string().repeat(INDENT);
            cells[0].insert_str(0, &indent);
        }
        cells
    };
    rows.iter().map(cells).collect()
}

/// Whether a row of a table of so many columns is a heading, which is in no column.
fn is_heading(row: &[String], columns: usize) -> bool {
    row.len() == 1 && columns > 1
}

/// What the layout needs to know of a column.
struct Column {
    /// With its title on one line.
    widest: usize,
    /// With its title broken between all words.
    narrowest: usize,
    /// With its cells broken too.
    least: usize,
    /// With names broken behind a colon.
    least_of_names: usize,
    cells: Cells,
}

impl Column {
    fn of(title: &str, rows: &[&Vec<String>], place: usize) -> Column {
        let cells = || rows.iter().filter_map(|row| row.get(place));
        let width = cells().map(|cell| cell.width()).max().unwrap_or(0);
        let word = |text: &str| text.split(' ').map(|word| word.width()).max().unwrap_or(0);
        let longest = |has_breaks: bool| {
            let words = cells().map(|cell| word(&breakable(cell, has_breaks)));
            words.max().unwrap_or(0).max(word(title))
        };
        let is_number = |cell: &String| {
            cell.starts_with(|c: char| c.is_ascii_digit() || ['-', '>'].contains(&c))
        };
        Column {
            widest: width.max(title.width()),
            narrowest: width.max(word(title)),
            least: longest(false),
            least_of_names: longest(true),
            cells: if cells().all(is_number) {
                Cells::Numbers
            } else {
                Cells::Texts
            },
        }
    }
}

/// The width of each column, if the table fits. Columns give way as far as their titles can break, and then as far as the
/// cells of these kinds can; the widest give way first.
fn widths(columns: &[Column], gap: usize, most: usize, broken: &[Cells]) -> Option<Vec<usize>> {
    let gaps = gap * columns.len().saturating_sub(1);
    let most = most.checked_sub(INDENT + gaps)?;
    let mut widths: Vec<usize> = columns.iter().map(|column| column.widest).collect();
    let mut limits: Vec<usize> = columns.iter().map(|column| column.narrowest).collect();
    let mut broken = broken.iter();
    while widths.iter().sum::<usize>() > most {
        let places = (0..columns.len()).filter(|&place| widths[place] > limits[place]);
        match places.max_by_key(|&place| widths[place] - limits[place]) {
            Some(place) => widths[place] -= 1,
            None => {
                let kind = broken.next()?;
                for (limit, column) in limits.iter_mut().zip(columns) {
                    match (kind, column.cells) {
                        (Cells::Names, Cells::Texts) => *limit = column.least_of_names,
                        (kind, of) if *kind == of => *limit = column.least,
                        _ => {}
                    }
                }
            }
        }
    }
    Some(widths)
}

/// The lines of each cell of a row in columns of these widths.
fn in_lines(cells: &[String], widths: &[usize]) -> Vec<Vec<String>> {
    let cells = cells.iter().zip(widths);
    cells
        .map(|(cell, &width)| {
            let lines = wrapped(cell, "", "", width);
            let plain = |line: &str| line.replace(BREAK, "").replace(BREAK.trim_end(), "");
            lines.lines().map(plain).collect()
        })
        .collect()
}

/// The cell with the marks of places where a name may break.
fn breakable(cell: &str, has_breaks: bool) -> String {
    if has_breaks {
        cell.replace(':', &format!(":{BREAK}"))
    } else {
        cell.to_string()
    }
}

/// A line of a row: of each cell the line at a place that depends on the number of its lines.
fn row_of(cells: &[Vec<String>], place: impl Fn(usize) -> Option<usize>) -> Vec<String> {
    let line = |lines: &Vec<String>| lines.get(place(lines.len())?).cloned();
    cells
        .iter()
        .map(|lines| line(lines).unwrap_or_default())
        .collect()
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
        let cells_break = [
            "        error",
            "         with",
            "  run   noise  code",
            "  a       0.5    32",
            "  long",
            "  name",
        ];
        assert_eq!(columns_within(&rows, 19), cells_break.join("\n"));
        let stacked = "  a long name\n    error with noise   0.5\n    code               32";
        assert_eq!(columns_within(&rows, 18), stacked);
        assert!(columns_that_fit(&rows, 25).is_none());
    }

    #[test]
    fn a_name_breaks_behind_its_colon_at_last() {
        let rows = [
            row(["name", "MSE"]),
            row(["table:short", "0.5"]),
            row(["a:b", "0.5"]),
        ];
        let narrow = [
            "  name     MSE",
            "  table:   0.5",
            "  short",
            "  a:b      0.5",
        ];
        assert_eq!(columns_within(&rows, 14), narrow.join("\n"));
    }

    #[test]
    fn a_deviation_moves_below_its_mean() {
        let rows = [
            row(["model", "MSE", "noise 1.5"]),
            row(["a name", "0.5 ± 0.1", "0.7 (+40 %)"]),
        ];
        let narrow = [
            "  model       MSE  noise 1.5",
            "  a name      0.5        0.7",
            "            ± 0.1    (+40 %)",
        ];
        assert_eq!(columns_within(&rows, 28), narrow.join("\n"));
    }

    #[test]
    fn a_row_of_one_cell_is_a_heading() {
        let rows = [
            row(["", "MSE"]).to_vec(),
            vec!["a long heading".to_string()],
            row(["a", "0.5"]).to_vec(),
        ];
        assert_eq!(columns(&rows), "        MSE\n  a long heading\n    a   0.5");
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
