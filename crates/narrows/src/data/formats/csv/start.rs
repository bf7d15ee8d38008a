//! Finds the beginning of the table in a text: lines to skip, the header, and the line of units.

use super::dialect::{Dialect, counted};
use super::header::{self, TextHeader};
use super::refusal::{Refusable, Refusal, other_width};
use super::sample::{TextRecord, TextRow, usual_width};
use super::sort::Sort;
use super::syntax::{Comments, Syntax};
use crate::advice::{Setting, set, setting};
use crate::data::fault::Mend;
use crate::data::texts::Texts;
use crate::data::{OnBad, ReadOptions};
use crate::{Error, ErrorKind, Result};
use std::borrow::Cow;
use std::sync::Arc;

/// The first records of a text, in which the header and the first row are found.
pub(super) struct StartRecords<'a> {
    pub(super) records: Vec<TextRecord<'a>>,
    pub(super) syntax: Syntax,
    pub(super) options: &'a ReadOptions,
    /// The place and line of a record with a quote that is open at the end of the text.
    pub(super) open: Option<(usize, u64)>,
    /// The end of the text, for a text without rows.
    pub(super) end: (usize, u64),
}

impl StartRecords<'_> {
    /// The dialect, and the place of the header's line if the header cannot be a row.
    pub(super) fn dialect(self) -> Refusable<(Dialect, Option<usize>)> {
        let Some((usual, _)) = usual_width(&self.records) else {
            return Err(Error::new(ErrorKind::Data, "there are no rows")
                .expected("lines of values")
                .found(match self.options.text.skip_lines {
                    Some(skip) if skip > 0 => format!(
                        "no lines after the first {skip}, which {} leaves out",
                        setting(Setting::SkipLines)
                    ),
                    _ => "none".to_string(),
                })
                .into());
        };
        let usual = self.width_of_model(usual).unwrap_or(usual);
        let first = self.first_of_table(usual);
        let mut dialect = Dialect {
            syntax: self.syntax,
            comments: match &self.options.text.comment {
                Some(prefix) => Comments::Prefix(prefix.as_bytes().to_vec()),
                None => Comments::Hash { width: usual },
            },
            names: None,
            header_line: None,
            is_as_elsewhere: false,
            header: None,
            units: None,
            units_line: None,
            width: usual,
            usual_width: usual,
            start: self.end.0,
            line: self.end.1,
            notes: Vec::new(),
        };
        let row = if self.is_header(first, &mut dialect)? {
            self.take_header(first, usual, &mut dialect)?
        } else {
            first
        };
        self.refuse_lines_before(first, usual, &mut dialect)?;
        let row = self.take_units(row, &mut dialect);
        let last = self.records.last();
        (dialect.start, dialect.line) = match (self.records.get(row), self.open) {
            (Some(record), _) => (record.start, record.line),
            // The reader of the rows refuses it.
            (None, Some(open)) => open,
            (None, None) => (self.end.0, last.map_or(self.end.1, |last| last.line + 1)),
        };
        let is_header = |record: &&TextRecord<'_>| {
            let told = header::tell(&record.cells, &self.rows_from(first + 1));
            let is_line = dialect.header_line == Some(record.line) && !record.is_comment;
            is_line && record.quoted_over_lines == 0 && told.is_there && told.is_certain
        };
        let header = self.records.get(first).filter(is_header);
        let header_at = header.map(|header| header.start);
        Ok((dialect, header_at))
    }

    /// The number of cells of the header, if it has the columns of a model and most rows have another number of cells.
    /// Then the rows are bad, and the header is correct.
    fn width_of_model(&self, usual: usize) -> Option<usize> {
        if self.options.on_bad == OnBad::Refuse || self.options.header == Some(false) {
            return None;
        }
        let is_header =
            |record: &TextRecord<'_>| !record.is_comment && self.has_model(&record.cells);
        let at = self.records.iter().position(is_header)?;
        let width = self.cells(at).len();
        let is_usual = width == usual
            || self.is_short_by_row_names(at, usual)
            || self.differs_by_empty(at, usual);
        (!is_usual).then_some(width)
    }

    /// Whether some cells are the names of all columns of a model, possibly with other names.
    fn has_model(&self, cells: &TextRow<'_>) -> bool {
        self.options.model_columns.as_ref().is_some_and(|columns| {
            let known: std::collections::HashSet<&str> = cells.iter().map(AsRef::as_ref).collect();
            !columns.is_empty() && columns.iter().all(|column| known.contains(column.as_str()))
        })
    }

    fn cells(&self, at: usize) -> &TextRow<'_> {
        const NONE: &TextRow<'static> = &Vec::new();
        self.records.get(at).map_or(NONE, |record| &record.cells)
    }

    fn rows_from(&self, at: usize) -> Vec<&TextRow<'_>> {
        let rows = self.records.get(at..).unwrap_or_default().iter();
        let rows = rows.filter(|record| !record.is_comment).take(200);
        rows.map(|record| &record.cells).collect()
    }

    /// The header, or the first row if there is no header: the place from which on the number of cells is as in
    /// the rows.
    fn first_of_table(&self, usual: usize) -> usize {
        let is_row = |record: &TextRecord<'_>| !record.is_comment;
        let plain = self
            .records
            .iter()
            .position(is_row)
            .unwrap_or(self.records.len());
        if self.options.text.skip_lines.is_some() {
            return plain;
        }
        let is_usual = |record: &TextRecord<'_>| is_row(record) && record.cells.len() == usual;
        let Some(first) = self.records.iter().position(is_usual) else {
            return plain;
        };
        // A header may have another number of trailing delimiters than the rows.
        match first.checked_sub(1) {
            Some(before)
                if !self.cells(before).is_empty()
                    && (self.differs_by_empty(before, usual)
                        || self.is_short_by_row_names(before, usual)) =>
            {
                before
            }
            _ => first,
        }
    }

    /// Whether a record is a row of names that has more or fewer cells than the rows, all of which are empty.
    fn differs_by_empty(&self, at: usize, usual: usize) -> bool {
        let Some(record) = self.records.get(at).filter(|record| !record.is_comment) else {
            return false;
        };
        let names = record.cells.len();
        if names >= usual {
            return record.cells.iter().skip(usual).all(|cell| cell.is_empty());
        }
        let rows = self.records.get(at + 1..).unwrap_or_default().iter();
        let mut rows = rows.filter(|row| !row.is_comment).peekable();
        rows.peek().is_some()
            && rows.all(|row| row.cells.iter().skip(names).all(|cell| cell.is_empty()))
    }

    /// Whether the first record of the table has the names.
    fn is_header(&self, first: usize, dialect: &mut Dialect) -> Result<bool> {
        if let Some(is_header) = self.options.header {
            return Ok(is_header);
        }
        if self.records.get(first).is_none() {
            return Ok(false);
        }
        if self.is_short_by_row_names(first, dialect.usual_width) {
            return Ok(true);
        }
        let cells = self.cells(first);
        if self.has_model(cells) {
            return Ok(true);
        }
        let TextHeader {
            is_there,
            is_certain,
        } = header::tell(cells, &self.rows_from(first + 1));
        if !is_certain && self.options.text.usual_header == Some(false) {
            dialect.is_as_elsewhere = true;
            return Ok(false);
        }
        if !is_certain && self.comment_header(first).is_none() {
            let line = self.records.get(first).map_or(0, |record| record.line);
            dialect.notes.push(if is_there {
                let no = set(Setting::Header, "no");
                format!("used line {line} as the header; if it is a row, use {no}")
            } else {
                let yes = set(Setting::Header, "yes");
                format!("used line {line} as a row; if it is the header, use {yes}")
            });
        }
        Ok(is_there && (is_certain || self.comment_header(first).is_none()))
    }

    /// The comment directly before the first row, if it has as many cells: NumPy writes names in this form.
    fn comment_header(&self, first: usize) -> Option<&TextRecord<'_>> {
        let comment = self.records.get(first.checked_sub(1)?)?;
        let cells = &comment.cells;
        let is_name = |cell: &Cow<'_, str>| !cell.is_empty() && cell.matches(' ').count() < 3;
        let are_names = match cells.as_slice() {
            [] => false,
            [name] => is_name(name) && !name.contains(' '),
            // If there is no name after the mark, the mark itself is the name.
            [first, rest @ ..] => (first.is_empty() || is_name(first)) && rest.iter().all(is_name),
        };
        let is_header = comment.is_comment && cells.len() == self.cells(first).len() && are_names;
        is_header.then_some(comment)
    }

    /// Reads the names, and returns the record after them.
    fn take_header(&self, first: usize, usual: usize, dialect: &mut Dialect) -> Refusable<usize> {
        let cells = self.cells(first);
        let line = self.records.get(first).map_or(1, |record| record.line);
        let mut names: Vec<&str> = cells.iter().map(|cell| cell.trim()).collect();
        let has_rows = self
            .records
            .iter()
            .skip(first + 1)
            .any(|record| !record.is_comment);
        if has_rows && names.len() > usual && self.differs_by_empty(first, usual) {
            names.truncate(usual);
        }
        if self.is_short_by_row_names(first, usual) {
            names.insert(0, "");
            dialect.notes.push(format!(
                "the header on line {line} has one name less than a row has cells: the first cell of each row is the \
                 name of the row, as in files of R"
            ));
        } else if has_rows && names.len() != usual && !self.differs_by_empty(first, usual) {
            let error = self.other_width(first, usual, line);
            // Without the names, the rows can still be read.
            let behind = self.records.get(first + 1).map_or(line, |row| row.line - 1);
            return Err(Refusal::mended_by(error, skip_lines(behind, Some(false))));
        }
        dialect.width = names.len();
        if !has_rows {
            dialect.usual_width = names.len();
        }
        dialect.names = Some(Arc::new(names.into_iter().collect()));
        dialect.header_line = Some(line);
        Ok(first + 1)
    }

    /// Whether a record is a header with one name less than the rows have cells. Then each row must begin with its own
    /// name: different words, or the numbers of the rows.
    fn is_short_by_row_names(&self, header: usize, usual: usize) -> bool {
        let is_line = |record: &TextRecord<'_>| {
            let names = record.cells.len();
            !record.is_comment && names > 1 && names + 1 == usual
        };
        if !self.records.get(header).is_some_and(is_line) {
            return false;
        }
        let rows = self.rows_from(header + 1);
        let firsts: Vec<&str> = rows
            .iter()
            .filter_map(|row| row.first().map(AsRef::as_ref))
            .collect();
        let mut counted = (0..).zip(&firsts);
        let is_numbered =
            |from: usize, (at, cell): (usize, &&str)| *cell == (from + at).to_string();
        let are_counted = [0, 1]
            .into_iter()
            .any(|from| counted.clone().all(|pair| is_numbered(from, pair)));
        let is_word = |cell: &str| Sort::of(cell) == Sort::Word;
        let distinct: std::collections::HashSet<&str> = firsts.iter().copied().collect();
        let are_words = distinct.len() == firsts.len() && counted.all(|(_, cell)| is_word(cell));
        let are_named = self.cells(header).iter().all(|cell| is_word(cell));
        firsts.len() > 1 && are_named && (are_counted || are_words)
    }

    fn other_width(&self, at: usize, usual: usize, line: u64) -> Error {
        let found = self.cells(at).len();
        let error = other_width(line, usual, found);
        if 2 * found == usual && self.syntax.separator == b',' {
            return error.hint(
                "the rows have twice as many cells as the header: if commas are also decimal signs, as in 1,5, write \
                 the file with another separator, such as semicolons",
            );
        }
        if found + 1 == usual {
            return error.hint(
                "the rows have one cell more than the header: if the first cells are the names of the rows, add a \
                 name for their column",
            );
        }
        error
    }

    /// Leaves out the lines before the header if they clearly do not belong to the table, and reports this.
    fn refuse_lines_before(
        &self,
        first: usize,
        usual: usize,
        dialect: &mut Dialect,
    ) -> Refusable<()> {
        self.take_comments(first, dialect);
        if self.options.text.skip_lines.is_some() {
            return Ok(());
        }
        let is_line = |record: &&TextRecord<'_>| !record.is_comment;
        let before: Vec<&TextRecord<'_>> =
            self.records.iter().take(first).filter(is_line).collect();
        let Some(line_before) = before.first() else {
            return Ok(());
        };
        let line = self.records.get(first).map_or(1, |record| record.line);
        let is_plain = before.iter().all(|record| record.cells.len() < usual)
            && dialect.names.is_some()
            && header::tell(self.cells(first), &self.rows_from(first + 1))
                == TextHeader {
                    is_there: true,
                    is_certain: true,
                };
        if is_plain || (dialect.names.is_some() && self.options.header == Some(true)) {
            dialect.notes.push(format!(
                "left out {} before the header on line {line}",
                counted(before.len(), "line")
            ));
            return Ok(());
        }
        let header = if dialect.names.is_some() {
            None
        } else {
            Some(false)
        };
        let mend = skip_lines(line - 1, header);
        let names = line_before.cells.len();
        let is_half = 2 * names == usual && self.syntax.separator == b',';
        if before.len() == 1 && names > 1 && (names + 1 == usual || is_half) {
            let error = self.other_width(first - 1, usual, line_before.line);
            return Err(if is_half {
                error.into()
            } else {
                Refusal::mended_by(error, mend)
            });
        }
        let lines = set(Setting::SkipLines, line - 1);
        let or_decimals = match (usual, self.syntax.separator, line_before.cells.len()) {
            (2, b',', 1) => {
                let semicolon = set(Setting::Separator, ';');
                format!("; if the commas are decimal signs, {semicolon}")
            }
            _ => String::new(),
        };
        let error = other_width(line_before.line, usual, line_before.cells.len()).hint(
            if dialect.names.is_some() {
                format!("the header seems to stand on line {line}: {lines}")
            } else {
                let lines = lines.with(Setting::Header, "no");
                format!("the rows seem to begin on line {line}: {lines}{or_decimals}")
            },
        );
        Err(Refusal::mended_by(error, mend))
    }

    /// Reads the names from the comment before the first row, if it has them, and counts the other comments.
    fn take_comments(&self, first: usize, dialect: &mut Dialect) {
        if dialect.names.is_none()
            && self.options.header != Some(false)
            && let Some(comment) = self.comment_header(first)
        {
            let name = |(at, cell): (usize, &'_ Cow<'_, str>)| match cell.trim() {
                "" if at == 0 => "#".to_string(),
                name => name.to_string(),
            };
            let names: Vec<String> = comment.cells.iter().enumerate().map(name).collect();
            let names: Texts = names.iter().map(String::as_str).collect();
            dialect.names = Some(Arc::new(names));
            dialect.header_line = Some(comment.line);
            let told = header::tell(self.cells(first), &self.rows_from(first + 1));
            let row = self.records.get(first).map_or(0, |record| record.line);
            let doubt = if told.is_there {
                let yes = set(Setting::Header, "yes");
                format!("; if line {row} has them, use {yes}")
            } else {
                String::new()
            };
            dialect.notes.push(format!(
                "took the names of the columns from the comment on line {}{doubt}",
                comment.line
            ));
        }
        let before = self.records.iter().take(first);
        let is_left_out = |record: &&TextRecord<'_>| {
            record.is_comment && Some(record.line) != dialect.header_line
        };
        let comments = before.filter(is_left_out).count();
        if comments > 0 {
            dialect.notes.push(format!(
                "left out {} before the table",
                counted(comments, "comment line")
            ));
        }
    }

    /// Reads the line of units, if there is one, and returns the record after it.
    fn take_units(&self, row: usize, dialect: &mut Dialect) -> usize {
        let Some(record) = self.records.get(row).filter(|record| !record.is_comment) else {
            return row;
        };
        let is_rule = |cell: &Cow<'_, str>| {
            cell.len() > 1 && cell.bytes().all(|byte| b"-:=+".contains(&byte))
        };
        let are_units = match self.options.text.units {
            Some(are_units) => are_units,
            None if dialect.names.is_none() => false,
            None if record.cells.iter().any(is_rule)
                && record
                    .cells
                    .iter()
                    .all(|cell| cell.is_empty() || is_rule(cell)) =>
            {
                dialect
                    .notes
                    .push(format!("left out the rule on line {}", record.line));
                return row + 1;
            }
            None => header::are_units(&record.cells, &self.rows_from(row + 1)),
        };
        if !are_units {
            return row;
        }
        dialect.units = Some(record.cells.iter().map(AsRef::as_ref).collect());
        dialect.units_line = Some(record.line);
        dialect
            .notes
            .push(format!("line {} has the units of the columns", record.line));
        row + 1
    }
}

fn skip_lines(lines: u64, header: Option<bool>) -> Mend {
    Mend::SkipLines {
        lines: usize::try_from(lines).unwrap_or(usize::MAX),
        header,
    }
}
