//! Converts the records of a chunk to the cells of columns.

use super::cell::{PlainNumber, find, scientific};
use super::chunks::TextChunk;
use super::class::Class;
use super::encoding::NotText;
use super::number::{CellValue, Style};
use super::output::ColumnOutput;
use super::plan::{TextPlan, WantedColumn};
use super::refusal::{END_LINES, Odd, RefusalReason, open_quote, other_width, zero_byte};
use super::syntax::{After, Cursor, RawCell, Syntax, cells_of_line};
use super::tally::ClassTally;
use crate::advice::{Setting, set};
use crate::data::column::{As, Bad, Block, BlockPlace, Cells, OddRow};
use crate::data::fault::OnFault;
use crate::data::limits;
use crate::text::count_of;
use crate::{Error, ErrorKind, Result};
use std::borrow::Cow;

/// The most rows of a block.
const ROWS: usize = 1 << 16;

/// The number of characters of a cell in a message.
const SHOWN: usize = 40;

/// The results of a chunk.
#[derive(Debug, Default)]
pub(super) struct ConvertedChunk {
    pub(super) blocks: Vec<Block>,
    pub(super) seen: SeenBeside,
}

/// Counts of things other than rows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct SeenBeside {
    pub(super) rows: u64,
    pub(super) blank_lines: u64,
    pub(super) comments: u64,
    /// The number of lines that repeat the header.
    pub(super) headers: u64,
    /// The number of rows with empty cells after the last column.
    pub(super) surplus: u64,
    /// The number of rows at the end without values.
    pub(super) empty_end: u64,
    /// The last row that has values, and its line.
    pub(super) last: Option<(u64, Vec<String>)>,
    /// Records that are not rows, if faults are reported.
    pub(super) odd: Odd,
    /// The first bytes that are not text; the rows around them are unknown.
    pub(super) not_text: Option<NotText>,
}

impl SeenBeside {
    pub(super) fn merge(&mut self, later: SeenBeside) {
        self.odd.merge(later.odd, later.rows, later.comments);
        self.not_text = self.not_text.take().or(later.not_text);
        self.empty_end = if later.empty_end == later.rows {
            self.empty_end + later.empty_end
        } else {
            later.empty_end
        };
        self.rows += later.rows;
        self.blank_lines += later.blank_lines;
        self.comments += later.comments;
        self.headers += later.headers;
        self.surplus += later.surplus;
        self.last = later.last.or(self.last.take());
    }
}

/// Converts a chunk. `targets` are in the order of columns. Each cell is counted in `tallies`, if there are any.
pub(super) fn convert(
    chunk: &TextChunk,
    plan: &TextPlan,
    targets: &[WantedColumn],
    tallies: Option<&mut [ClassTally]>,
) -> Result<ConvertedChunk> {
    let end = plan.syntax.end;
    let is_lenient = plan.on_fault == OnFault::Tell;
    if let Err(error) = std::str::from_utf8(&chunk.text) {
        let not_text = NotText::at(&chunk.text, error.valid_up_to(), chunk.line, end);
        if !is_lenient {
            return Err(not_text.refusal().error);
        }
        let mut piece = ConvertedChunk::default();
        piece.seen.not_text = Some(not_text);
        return Ok(piece);
    }
    if let (Some(at), false) = (memchr::memchr(0, &chunk.text), is_lenient) {
        let before = chunk.text.get(..at).unwrap_or_default();
        return Err(zero_byte(
            chunk.line + memchr::memchr_iter(end, before).count() as u64,
        ));
    }
    let mut rows = ConvertedRows {
        chunk,
        plan,
        targets,
        tallies,
        outputs: Vec::new(),
        lines: Vec::new(),
        bad: Vec::new(),
        odd: Vec::new(),
        piece: ConvertedChunk::default(),
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
            rows.piece.seen.odd.add_comment();
            continue;
        }
        if plan.is_header(cursor.rest()) {
            cursor.skip_line();
            line += 1;
            rows.piece.seen.headers += 1;
            continue;
        }
        if is_lenient && let Some(behind) = rows.pass_odd(&cursor, line) {
            (cursor, line) = behind;
            continue;
        }
        let row = (line, cursor.at());
        line = rows.row(&mut cursor, line)?;
        if rows.piece.seen.empty_end == 0 {
            last = Some(row);
        }
    }
    rows.finish();
    let mut piece = rows.piece;
    piece.seen.last = last.map(|(line, at)| (line, cells_at(&chunk.text, at, plan.syntax)));
    Ok(piece)
}

fn cells_at(text: &[u8], at: usize, syntax: Syntax) -> Vec<String> {
    let mut cursor = Cursor::new(text.get(at..).unwrap_or_default(), syntax);
    let mut cells = Vec::new();
    // A line of totals is recognized by its first cells.
    while cells.len() < 64 {
        let (raw, after) = cursor.cell();
        cells.push(String::from_utf8_lossy(&raw.content()).into_owned());
        if after != After::Cell {
            break;
        }
    }
    cells
}

struct ConvertedRows<'a> {
    chunk: &'a TextChunk,
    plan: &'a TextPlan,
    targets: &'a [WantedColumn],
    tallies: Option<&'a mut [ClassTally]>,
    outputs: Vec<ColumnOutput>,
    lines: Vec<u64>,
    bad: Vec<Bad>,
    odd: Vec<OddRow>,
    piece: ConvertedChunk,
}

impl ConvertedRows<'_> {
    /// Reads the record at the cursor, and returns the line after it.
    fn row(&mut self, cursor: &mut Cursor<'_>, first_line: u64) -> Result<u64> {
        let width = self.plan.width;
        if self.lines.is_empty() {
            // If all records are as long as this one.
            let rows = cursor.rest().len().div_ceil(cursor.line().len() + 1);
            self.outputs = ColumnOutput::all(self.plan, self.targets, rows.min(ROWS));
        }
        let mut line = first_line;
        let mut column = 0;
        let mut target = 0;
        let mut surplus = 0;
        let mut is_empty = true;
        let mut is_odd = false;
        loop {
            let (raw, after) = cursor.cell();
            is_empty &= raw.bytes.is_empty();
            if raw.bytes.len() > limits::CELL {
                return Err(
                    Error::new(ErrorKind::Data, "a cell of the text is too long")
                        .at(format!("line {line}"))
                        .expected(format!("at most {}", count_of(limits::CELL, "byte")))
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
            } else if self.plan.keeps_odd {
                is_odd = true;
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
            if !self.plan.keeps_odd {
                return Err(self.other_width(cursor, first_line, column));
            }
            is_odd = true;
            let row = self.lines.len();
            // Cells that are not there are missing.
            for output in self.outputs.get_mut(target..).unwrap_or_default() {
                output.push(CellValue::Missing, b"", row);
            }
        }
        if is_odd {
            self.odd.push(OddRow {
                row: self.lines.len(),
                cells: column,
                usual: width,
            });
        }
        self.piece.seen.surplus += u64::from(surplus > 0);
        self.piece.seen.rows += 1;
        self.piece.seen.empty_end = if is_empty {
            self.piece.seen.empty_end + 1
        } else {
            0
        };
        self.piece.seen.odd.add_row();
        self.lines.push(first_line);
        if self.lines.len() == ROWS {
            self.finish();
        }
        Ok(line + 1)
    }

    /// Counts the record at the cursor if it is not a row, and returns the place and the line after it.
    fn pass_odd<'t>(&mut self, at: &Cursor<'t>, first_line: u64) -> Option<(Cursor<'t>, u64)> {
        let mut cursor = at.clone();
        let (mut cells, mut line_ends, mut has_more) = (0, 0, false);
        let mut reason = None;
        loop {
            let (raw, after) = cursor.cell();
            cells += 1;
            line_ends += raw.line_ends;
            has_more |= cells > self.plan.width && !raw.bytes.is_empty();
            // The caller that reads the cells refuses a cell that is too long.
            if raw.bytes.len() > limits::CELL {
                return None;
            }
            if raw.bytes.contains(&0) {
                reason = Some(RefusalReason::Zero);
            }
            if after == After::OpenQuote {
                reason = Some(RefusalReason::OpenQuote);
            }
            if after != After::Cell {
                break;
            }
        }
        if has_more || cells < self.plan.width {
            reason = reason.or(Some(RefusalReason::Cells(cells)));
        }
        let length = cursor.at() - at.at();
        let record = at.rest().get(..length).unwrap_or_default();
        let lines = record.split(|byte| *byte == self.plan.syntax.end);
        let lines = lines.filter(|line| !line.trim_ascii().is_empty()).count();
        let odd = &mut self.piece.seen.odd;
        odd.add(first_line, reason?, lines as u64);
        Some((cursor, first_line + line_ends + 1))
    }

    fn other_width(&self, cursor: &Cursor<'_>, line: u64, found: usize) -> Error {
        let error = other_width(line, self.plan.width, found);
        let rest = cursor.rest().split(|byte| *byte == self.plan.syntax.end);
        let rest = rest.filter(|line| !line.trim_ascii().is_empty());
        let behind: Vec<&[u8]> = rest.take(END_LINES).collect();
        // Rows after it show that the table does not end there.
        let is_row = |line: &&[u8]| cells_of_line(line, self.plan.syntax) == self.plan.width;
        if self.chunk.is_last && behind.len() < END_LINES && !behind.iter().any(is_row) {
            let lines = behind.len() + 1;
            return error.hint(format!(
                "if the table ends before it, leave the rest out with {}",
                set(Setting::SkipEnd, lines)
            ));
        }
        error.hint(format!(
            "correct the line, or leave such lines out with {}",
            set(Setting::OnBad, "drop")
        ))
    }

    /// Reads a cell of a column, and returns the index of the next target.
    #[inline]
    fn cell(&mut self, raw: &RawCell<'_>, column: usize, target: usize) -> usize {
        let is_wanted = self
            .targets
            .get(target)
            .is_some_and(|target| target.column() == column);
        if self.tallies.is_none() && !is_wanted {
            return target;
        }
        let content: Cow<'_, [u8]> = raw.content();
        let is_valued = is_wanted && self.is_valued(target);
        let tally = self
            .tallies
            .as_mut()
            .and_then(|tallies| tallies.get_mut(column));
        let style = self.plan.columns.get(column).map(|plan| &plan.style);
        let value = value_of(&content, style.filter(|_| is_valued), tally);
        let mut target = target;
        while let Some(wanted) = self
            .targets
            .get(target)
            .filter(|target| target.column() == column)
        {
            let row = self.lines.len();
            let is_good = match self.outputs.get_mut(target) {
                Some(output) => output.push(value, &content, row),
                None => true,
            };
            if !is_good {
                self.bad.push(Bad {
                    row,
                    column: wanted.place(),
                    text: shown(&content),
                });
            }
            target += 1;
        }
        target
    }

    /// Whether the column of a target is requested as numbers, as text, or not at all.
    fn is_valued(&self, target: usize) -> bool {
        let targets = self.targets.get(target..).unwrap_or_default();
        let column = targets.first().map(|target| target.column());
        let mut same = targets
            .iter()
            .take_while(|target| Some(target.column()) == column);
        same.any(|target| target.as_ == As::Numbers)
    }

    /// Makes a block from the rows so far.
    fn finish(&mut self) {
        if self.lines.is_empty() {
            return;
        }
        let rows = self.lines.len();
        let outputs = std::mem::take(&mut self.outputs);
        let is_in_order = self
            .targets
            .iter()
            .enumerate()
            .all(|(at, target)| target.place() == at);
        let mut columns: Vec<Cells> = outputs.into_iter().map(ColumnOutput::cells).collect();
        if !is_in_order {
            let places = self.targets.iter().map(|target| target.place());
            let mut placed: Vec<(usize, Cells)> = places.zip(columns).collect();
            placed.sort_by_key(|(place, _)| *place);
            columns = placed.into_iter().map(|(_, cells)| cells).collect();
        }
        let mut bad = std::mem::take(&mut self.bad);
        bad.sort_by_key(|bad| (bad.row, bad.column));
        self.piece.blocks.push(Block {
            rows,
            columns,
            bad,
            odd: std::mem::take(&mut self.odd),
            place: BlockPlace::Lines(std::mem::take(&mut self.lines)),
        });
    }
}

/// The value of a cell in a style, if one is given; the cell is counted if there is a tally.
#[inline]
fn value_of(content: &[u8], style: Option<&Style>, tally: Option<&mut ClassTally>) -> CellValue {
    let add = |tally: Option<&mut ClassTally>, class| {
        if let Some(tally) = tally {
            tally.add(class);
        }
    };
    if let Some(plain) = PlainNumber::of(content) {
        let class = plain.class();
        if let Some(tally) = tally {
            tally.add(class);
            if plain.is_padded() {
                tally.add_padded(content);
            }
        }
        return style.map_or(CellValue::Missing, |style| {
            style.plain(&plain, class, content)
        });
    }
    if content.is_empty() {
        add(tally, Class::Missing);
        return CellValue::Missing;
    }
    if tally.is_none() && style.is_none() {
        return CellValue::Missing;
    }
    if let Some(class) = scientific(content) {
        add(tally, class);
        return style.map_or(CellValue::Missing, |style| style.scientific(class, content));
    }
    let found = find(std::str::from_utf8(content).unwrap_or_default());
    if let Some(tally) = tally {
        tally.add_found(&found);
    }
    style.map_or(CellValue::Missing, |style| style.found(&found))
}

/// The number of cells that follow in the record.
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
