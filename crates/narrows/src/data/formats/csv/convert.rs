//! From the records of a chunk to the cells of columns.

use super::cell::{Class, Plain, find, is_missing, scientific, truth};
use super::chunks::{Chunk, open_quote};
use super::encoding::not_text;
use super::number::{Style, Value, exact_float};
use super::syntax::{After, Comments, Cursor, Raw, Syntax};
use super::tally::{Kind, Tally, Whole};
use crate::data::column::{As, Bad, Block, Cells, Place, Texts};
use crate::data::limits;
use crate::data::schema::ColumnKind;
use crate::{Error, ErrorKind, Result};
use std::borrow::Cow;

/// The most rows of a block.
const ROWS: usize = 1 << 16;

/// The characters of a cell that a message shows.
const SHOWN: usize = 40;

/// How the rows of a text become cells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Plan {
    pub(super) syntax: Syntax,
    pub(super) comments: Comments,
    pub(super) columns: Vec<ColumnPlan>,
}

/// How a column is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ColumnPlan {
    pub(super) style: Style,
    pub(super) kind: Kind,
}

/// A column that is wanted.
#[derive(Clone, Copy, Debug)]
pub(super) struct Target {
    pub(super) column: usize,
    /// Its place among those that are wanted.
    pub(super) place: usize,
    pub(super) as_: As,
}

/// What a chunk came to.
#[derive(Debug, Default)]
pub(super) struct Piece {
    pub(super) blocks: Vec<Block>,
    pub(super) seen: Seen,
}

/// What was met beside rows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) rows: u64,
    pub(super) blank_lines: u64,
    pub(super) comments: u64,
    /// The rows with empty cells behind those of the columns.
    pub(super) surplus: u64,
    /// The last row, and its line.
    pub(super) last: Option<(u64, Vec<String>)>,
}

impl Seen {
    pub(super) fn merge(&mut self, later: Seen) {
        self.rows += later.rows;
        self.blank_lines += later.blank_lines;
        self.comments += later.comments;
        self.surplus += later.surplus;
        self.last = later.last.or(self.last.take());
    }
}

/// Converts a chunk. `targets` are in the order of columns; each cell is counted in `tallies`, if there are any.
pub(super) fn convert(
    chunk: &Chunk,
    plan: &Plan,
    targets: &[Target],
    tallies: Option<&mut [Tally]>,
) -> Result<Piece> {
    let end = plan.syntax.end;
    if let Err(error) = std::str::from_utf8(&chunk.text) {
        return Err(not_text(&chunk.text, error.valid_up_to(), chunk.line, end));
    }
    if let Some(at) = memchr::memchr(0, &chunk.text) {
        return Err(nul(&chunk.text, at, chunk.line, end));
    }
    let mut rows = Rows {
        chunk,
        plan,
        targets,
        tallies,
        outputs: Output::all(plan, targets),
        lines: Vec::new(),
        bad: Vec::new(),
        piece: Piece::default(),
    };
    let mut cursor = Cursor::new(&chunk.text, plan.syntax);
    let mut line = chunk.line;
    let mut last = None;
    while !cursor.rest().is_empty() {
        if cursor.is_at_blank_line() {
            cursor.skip_line();
            line += 1;
            rows.piece.seen.blank_lines += 1;
            continue;
        }
        if plan.comments.is_at(cursor.rest(), plan.syntax) {
            cursor.skip_line();
            line += 1;
            rows.piece.seen.comments += 1;
            continue;
        }
        last = Some((line, cursor.at()));
        line = rows.row(&mut cursor, line)?;
    }
    rows.finish();
    let mut piece = rows.piece;
    piece.seen.last = last.map(|(line, at)| (line, cells_at(&chunk.text, at, plan.syntax)));
    Ok(piece)
}

/// An error for a NUL, which no text has.
pub(super) fn nul(text: &[u8], at: usize, line: u64, end: u8) -> Error {
    let before = text.get(..at).unwrap_or_default();
    let line = line + memchr::memchr_iter(end, before).count() as u64;
    Error::new(ErrorKind::Format, "the file is no text")
        .at(format!("line {line}"))
        .expected("characters")
        .found("a zero byte")
        .hint("if it is UTF-16 without a mark, say `--encoding utf-16le`")
}

fn cells_at(text: &[u8], at: usize, syntax: Syntax) -> Vec<String> {
    let mut cursor = Cursor::new(text.get(at..).unwrap_or_default(), syntax);
    let mut cells = Vec::new();
    // A line of totals shows in its first cells.
    while cells.len() < 64 {
        let (raw, after) = cursor.cell();
        cells.push(String::from_utf8_lossy(&raw.content()).into_owned());
        if after != After::Cell {
            break;
        }
    }
    cells
}

struct Rows<'a> {
    chunk: &'a Chunk,
    plan: &'a Plan,
    targets: &'a [Target],
    tallies: Option<&'a mut [Tally]>,
    outputs: Vec<Output>,
    lines: Vec<u64>,
    bad: Vec<Bad>,
    piece: Piece,
}

impl Rows<'_> {
    /// Takes the record at the cursor, and gives the line behind it.
    fn row(&mut self, cursor: &mut Cursor<'_>, first_line: u64) -> Result<u64> {
        let width = self.plan.columns.len();
        let mut line = first_line;
        let mut column = 0;
        let mut target = 0;
        let mut surplus = 0;
        loop {
            let (raw, after) = cursor.cell();
            if raw.bytes.len() > limits::CELL {
                return Err(
                    Error::new(ErrorKind::Data, "a cell of the text is too long")
                        .at(format!("line {line}"))
                        .expected(format!("at most {} bytes", limits::CELL))
                        .found(raw.bytes.len()),
                );
            }
            if after == After::OpenQuote {
                return Err(open_quote(line, self.plan.syntax.quote));
            }
            line += raw.line_ends;
            if column < width {
                target = self.cell(&raw, column, target);
            } else if raw.bytes.is_empty() {
                surplus += 1;
            } else {
                let found = column + 1 + rest_of_record(cursor, after);
                return Err(self.other_width(cursor, first_line, found));
            }
            column += 1;
            if after == After::Record {
                break;
            }
        }
        if column < width {
            return Err(self.other_width(cursor, first_line, column));
        }
        self.piece.seen.surplus += u64::from(surplus > 0);
        self.piece.seen.rows += 1;
        self.lines.push(first_line);
        if self.lines.len() == ROWS {
            self.finish();
        }
        Ok(line + 1)
    }

    fn other_width(&self, cursor: &Cursor<'_>, line: u64, found: usize) -> Error {
        let error = Error::new(ErrorKind::Format, "the lines differ in length")
            .at(format!("line {line}"))
            .expected(format!(
                "{} cells, as in most lines",
                self.plan.columns.len()
            ))
            .found(found);
        let rest = cursor.rest().split(|byte| *byte == self.plan.syntax.end);
        let behind = rest
            .filter(|line| !line.trim_ascii().is_empty())
            .take(9)
            .count();
        if self.chunk.is_last && behind < 9 {
            let lines = behind + 1;
            return error.hint(format!(
                "if the table ends before it, leave the rest out with `--skip-end {lines}`"
            ));
        }
        error
    }

    /// Takes a cell of a column, and gives the place of the next target.
    #[inline]
    fn cell(&mut self, raw: &Raw<'_>, column: usize, target: usize) -> usize {
        let is_wanted = self
            .targets
            .get(target)
            .is_some_and(|target| target.column == column);
        if self.tallies.is_none() && !is_wanted {
            return target;
        }
        let content: Cow<'_, [u8]> = raw.content();
        let Some(column_plan) = self.plan.columns.get(column) else {
            return target;
        };
        let is_valued = is_wanted && self.is_valued(target);
        let tally = self
            .tallies
            .as_mut()
            .and_then(|tallies| tallies.get_mut(column));
        let value = value_of(&content, &column_plan.style, tally, is_valued);
        let mut target = target;
        while let Some(wanted) = self
            .targets
            .get(target)
            .filter(|target| target.column == column)
        {
            let row = self.lines.len();
            let is_good = match self.outputs.get_mut(target) {
                Some(output) => output.push(value, &content, row),
                None => true,
            };
            if !is_good {
                self.bad.push(Bad {
                    row,
                    column: wanted.place,
                    text: shown(&content),
                });
            }
            target += 1;
        }
        target
    }

    /// Whether the column of a target is wanted as numbers, as a text or not.
    fn is_valued(&self, target: usize) -> bool {
        let targets = self.targets.get(target..).unwrap_or_default();
        let column = targets.first().map(|target| target.column);
        let mut same = targets
            .iter()
            .take_while(|target| Some(target.column) == column);
        same.any(|target| target.as_ == As::Numbers)
    }

    /// Makes a block of the rows so far.
    fn finish(&mut self) {
        if self.lines.is_empty() {
            return;
        }
        let rows = self.lines.len();
        let outputs = std::mem::replace(&mut self.outputs, Output::all(self.plan, self.targets));
        let mut placed: Vec<(usize, Cells)> = self
            .targets
            .iter()
            .zip(outputs)
            .map(|(target, output)| (target.place, output.cells()))
            .collect();
        placed.sort_by_key(|(place, _)| *place);
        let mut bad = std::mem::take(&mut self.bad);
        bad.sort_by_key(|bad| (bad.row, bad.column));
        self.piece.blocks.push(Block {
            rows,
            columns: placed.into_iter().map(|(_, cells)| cells).collect(),
            bad,
            place: Place::Lines(std::mem::take(&mut self.lines)),
        });
    }
}

/// The value of a cell, if it is asked for; the cell is counted, if there is a tally.
#[inline]
fn value_of(content: &[u8], style: &Style, tally: Option<&mut Tally>, is_valued: bool) -> Value {
    if let Some(plain) = Plain::of(content) {
        let class = plain.class();
        if let Some(tally) = tally {
            tally.add(class);
        }
        return match is_valued {
            true => style.plain(&plain, class, content),
            false => Value::Missing,
        };
    }
    if content.is_empty() {
        if let Some(tally) = tally {
            tally.add(Class::Missing);
        }
        return Value::Missing;
    }
    if tally.is_none() && !is_valued {
        return Value::Missing;
    }
    if let Some(class) = scientific(content) {
        if let Some(tally) = tally {
            tally.add(class);
        }
        return match is_valued {
            true => style.scientific(class, content),
            false => Value::Missing,
        };
    }
    let found = find(std::str::from_utf8(content).unwrap_or_default());
    if let Some(tally) = tally {
        tally.add_found(&found);
    }
    match is_valued {
        true => style.found(&found),
        false => Value::Missing,
    }
}

/// How many cells follow in the record.
fn rest_of_record(cursor: &mut Cursor<'_>, after: After) -> usize {
    let mut after = after;
    let mut count = 0;
    while after == After::Cell {
        after = cursor.cell().1;
        count += 1;
    }
    count
}

/// A cell for a message.
fn shown(cell: &[u8]) -> String {
    let text = String::from_utf8_lossy(cell);
    match text.char_indices().nth(SHOWN) {
        None => text.into_owned(),
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
    }
}

/// The cells of a wanted column so far.
enum Output {
    Signed(Vec<i64>, Missing),
    Unsigned(Vec<u64>, Missing),
    Floats(Vec<f64>),
    Truths(Vec<i64>, Missing),
    Texts(Texts),
}

/// Which cells are missing, from the first such on.
#[derive(Default)]
struct Missing(Vec<bool>);

impl Missing {
    fn push(&mut self, row: usize) {
        self.0.resize(row, false);
        self.0.push(true);
    }

    fn gaps(mut self, rows: usize) -> Option<Vec<bool>> {
        if self.0.is_empty() {
            return None;
        }
        self.0.resize(rows, false);
        Some(self.0)
    }
}

impl Output {
    fn all(plan: &Plan, targets: &[Target]) -> Vec<Self> {
        let new = |target: &Target| {
            let kind = plan.columns.get(target.column).map(|column| column.kind);
            match (target.as_, kind) {
                (As::Texts, _) | (As::Numbers, None) => Output::Texts(Texts::default()),
                (As::Numbers, Some(kind)) if kind.kind == ColumnKind::Boolean => {
                    Output::Truths(Vec::new(), Missing::default())
                }
                (As::Numbers, Some(kind)) => match kind.whole {
                    Whole::Signed => Output::Signed(Vec::new(), Missing::default()),
                    Whole::Unsigned => Output::Unsigned(Vec::new(), Missing::default()),
                    Whole::Float => Output::Floats(Vec::new()),
                },
            }
        };
        targets.iter().map(new).collect()
    }

    /// Adds a cell; whether it is what the column holds, or missing.
    #[inline]
    fn push(&mut self, value: Value, cell: &[u8], row: usize) -> bool {
        match self {
            Output::Texts(texts) => {
                let text = std::str::from_utf8(cell).unwrap_or_default();
                texts.push(if is_missing(text) { "" } else { text });
                true
            }
            Output::Floats(values) => {
                let float = match value {
                    Value::Float(value) => Some(value),
                    Value::Whole(whole) => exact_float(whole),
                    Value::Missing | Value::Bad => None,
                };
                values.push(float.unwrap_or(f64::NAN));
                float.is_some() || value == Value::Missing
            }
            Output::Signed(values, missing) => {
                let whole = match value {
                    Value::Whole(whole) => i64::try_from(whole).ok(),
                    _ => None,
                };
                put(values, missing, whole, row) || value == Value::Missing
            }
            Output::Unsigned(values, missing) => {
                let whole = match value {
                    Value::Whole(whole) => u64::try_from(whole).ok(),
                    _ => None,
                };
                put(values, missing, whole, row) || value == Value::Missing
            }
            Output::Truths(values, missing) => {
                let known = match value {
                    Value::Whole(whole @ (0 | 1)) => Some(whole == 1),
                    _ => truth(std::str::from_utf8(cell).unwrap_or_default()),
                };
                put(values, missing, known.map(i64::from), row) || value == Value::Missing
            }
        }
    }

    fn cells(self) -> Cells {
        match self {
            Output::Texts(texts) => Cells::Texts(texts),
            Output::Floats(values) => Cells::Floats(values),
            Output::Unsigned(values, missing) => {
                let gaps = missing.gaps(values.len());
                Cells::Unsigned(values, gaps)
            }
            Output::Signed(values, missing) | Output::Truths(values, missing) => {
                let gaps = missing.gaps(values.len());
                Cells::Integers(values, gaps)
            }
        }
    }
}

/// Adds a value, or a gap; whether it is a value.
#[inline]
fn put<T: Default>(
    values: &mut Vec<T>,
    missing: &mut Missing,
    value: Option<T>,
    row: usize,
) -> bool {
    let is_there = value.is_some();
    if !is_there {
        missing.push(row);
    }
    values.push(value.unwrap_or_default());
    is_there
}
