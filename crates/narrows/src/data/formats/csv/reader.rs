//! A delimited text as a table.

use super::chunks::{CHUNK, Chunks, refuse_long, too_many_columns};
use super::convert::{ColumnPlan, Plan, Seen, Target, nul};
use super::dialect::{Dialect, ascii, counted};
use super::encoding::{self, not_text, unreadable};
use super::header::bare_unit;
use super::parallel::{Outcome, Work};
use super::syntax::{Syntax, last_record_end};
use super::tally::{Decimal, Tally};
use super::words;
use crate::data::column::{As, Block, FileColumn, TableReader, Verdict};
use crate::data::schema::ColumnKind;
use crate::data::{ReadOptions, TextOptions, limits};
use crate::threads::available_threads;
use crate::{Error, ErrorKind, Result};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// The bytes that a text's dialect is told from; more where a record is longer.
const SAMPLE: usize = 1 << 20;

/// A table of delimited text.
pub(in crate::data) struct CsvTable {
    path: PathBuf,
    name: String,
    options: ReadOptions,
    pub(super) encoding: Option<&'static str>,
    pub(super) dialect: Dialect,
    pub(super) plan: Plan,
    pub(super) decimal: Decimal,
    columns: Vec<FileColumn>,
    /// The columns at the end without name and values, which are left out.
    pub(super) hidden: usize,
    /// Whether all rows were counted, so that what they decide is known.
    is_settled: bool,
    pub(super) seen: Seen,
    chunk: usize,
    threads: Option<usize>,
}

/// The start of a text.
struct Sample {
    text: Vec<u8>,
    is_whole: bool,
}

impl CsvTable {
    /// Opens a text, and tells from its start how it is written. `name` is what messages call it.
    pub(in crate::data) fn open(path: &Path, name: &str, options: &ReadOptions) -> Result<Self> {
        Self::open_in_chunks(path, name, options, (SAMPLE, CHUNK), None)
    }

    /// The same with a start and chunks of other sizes, on so many threads.
    pub(super) fn open_in_chunks(
        path: &Path,
        name: &str,
        options: &ReadOptions,
        (start, chunk): (usize, usize),
        threads: Option<usize>,
    ) -> Result<Self> {
        let opened = encoding::open(path, options.text.encoding.as_deref())?;
        let mut sample = Sample::read(opened.text, start)?;
        let end = sample.cut();
        let text = match std::str::from_utf8(sample.text.get(..end).unwrap_or_default()) {
            Ok(text) => text,
            Err(error) => return Err(not_text(&sample.text, error.valid_up_to(), 1, b'\n')),
        };
        let dialect = Dialect::tell(text, name, options)?;
        let width = dialect.width;
        if width > limits::COLUMNS {
            return Err(too_many_columns().at(format!("line {}", dialect.line)));
        }
        let style = Decimal::None.style(&Tally::default(), None);
        let kind = Tally::default().kind(&style);
        let mut table = CsvTable {
            path: path.to_path_buf(),
            name: name.to_string(),
            options: options.clone(),
            encoding: opened.encoding,
            plan: Plan {
                syntax: dialect.syntax,
                comments: dialect.comments.clone(),
                columns: vec![ColumnPlan { style, kind }; width],
            },
            dialect,
            decimal: Decimal::None,
            columns: Vec::new(),
            hidden: 0,
            is_settled: false,
            seen: Seen::default(),
            chunk,
            threads,
        };
        table.look_at(&mut sample)?;
        Ok(table)
    }

    /// Counts the cells of the start of the text, and decides by them.
    fn look_at(&mut self, sample: &mut Sample) -> Result<()> {
        let from = self.dialect.start.min(sample.text.len());
        let rest = sample.text.split_off(from);
        let is_whole = sample.is_whole;
        let skip_end = self.options.text.skip_end.unwrap_or_default();
        let (rest, is_cut) = match is_whole {
            true => (rest, false),
            false => {
                let (end, open) = last_record_end(&rest, self.plan.syntax, &self.plan.comments);
                if end == 0 {
                    refuse_long(&rest, end, open, self.plan.syntax, self.dialect.line)?;
                }
                let mut rest = rest;
                rest.truncate(end);
                (rest, true)
            }
        };
        let chunks = Chunks::new(
            rest.as_slice(),
            self.plan.syntax,
            self.plan.comments.clone(),
            self.dialect.line,
        )
        .with(self.chunk, if is_cut { 0 } else { skip_end });
        let work = Work {
            plan: &self.plan,
            targets: &[],
            is_counted: true,
        };
        let outcome = work.run(chunks, 1, &mut |_| Ok(()))?;
        self.decide(&outcome, is_whole)?;
        Ok(())
    }

    /// Decides by the counts what the columns hold; whether that is something else than before.
    fn decide(&mut self, outcome: &Outcome, is_whole: bool) -> Result<bool> {
        let text = &self.options.text;
        let tallies = &outcome.tallies;
        let said = match ascii(text.decimal, "decimal sign")? {
            None | Some(b'.' | b',') => text.decimal.and_then(|sign| u8::try_from(sign).ok()),
            Some(_) => {
                return Err(
                    Error::new(ErrorKind::Data, "this cannot be the decimal sign")
                        .expected("a point or a comma")
                        .found(format!("\"{}\"", text.decimal.unwrap_or_default())),
                );
            }
        };
        let usual = text.usual_decimal.and_then(|sign| u8::try_from(sign).ok());
        let decimal = Decimal::decide(tallies, self.plan.syntax.separator, said, usual);
        if let (Decimal::Doubtful(column), true) = (decimal, is_whole) {
            return Err(self.doubtful(column));
        }
        let thousands = text.thousands;
        let columns: Vec<ColumnPlan> = tallies
            .iter()
            .map(|tally| {
                let style = decimal.style(tally, thousands);
                let kind = tally.kind(&style);
                ColumnPlan { style, kind }
            })
            .collect();
        let is_named = |column: usize| match &self.dialect.names {
            Some(names) => names.get(column).is_some_and(|name| !name.is_empty()),
            None => false,
        };
        let is_hidden =
            |(column, tally): (usize, &Tally)| tally.present() == 0 && !is_named(column);
        let hidden = match outcome.seen.rows {
            0 => 0,
            _ => tallies
                .iter()
                .enumerate()
                .rev()
                .take_while(|&pair| is_hidden(pair))
                .count(),
        };
        // A table of nothing is better shown than left out.
        let hidden = if hidden == tallies.len() { 0 } else { hidden };
        let is_new = columns != self.plan.columns || hidden != self.hidden;
        self.plan.columns = columns;
        self.decimal = decimal;
        self.hidden = hidden;
        self.seen = outcome.seen.clone();
        self.is_settled = is_whole;
        self.columns = self.file_columns();
        if is_whole {
            self.refuse_totals()?;
        }
        Ok(is_new)
    }

    fn file_columns(&self) -> Vec<FileColumn> {
        let names = self.dialect.names.as_ref();
        let units = self.dialect.units.as_ref();
        let shown = self.plan.columns.len() - self.hidden;
        let columns = self.plan.columns.iter().enumerate().take(shown);
        columns
            .map(|(column, plan)| FileColumn {
                name: match names {
                    Some(names) => names.get(column).cloned().unwrap_or_default(),
                    None => column.to_string(),
                },
                kind: plan.kind.kind,
                unit: plan
                    .style
                    .unit
                    .clone()
                    .or_else(|| bare_unit(units?.get(column)?)),
            })
            .collect()
    }

    fn doubtful(&self, column: usize) -> Error {
        let name = match &self.dialect.names {
            Some(names) => names.get(column).cloned().unwrap_or_default(),
            None => column.to_string(),
        };
        Error::new(ErrorKind::Data, "the decimal sign is in doubt")
            .at(format!("column `{name}`"))
            .expected("a value that shows it, such as 0.5 or 3,5")
            .found("none but values like 124.355, which is 124.355 with a decimal point and 124355 with a point between thousands")
            .hint("say `--decimal .`, or `--decimal , --thousands .`")
    }

    /// Refuses a last row that is no row.
    fn refuse_totals(&self) -> Result<()> {
        let Some((line, cells)) = &self.seen.last else {
            return Ok(());
        };
        if self.options.text.skip_end.is_some() || self.seen.rows < 2 {
            return Ok(());
        }
        let found = cells
            .iter()
            .enumerate()
            .find(|(_, cell)| !cell.trim().is_empty());
        let is_total = found.is_some_and(|(column, cell)| {
            let kind = self.plan.columns.get(column).map(|column| column.kind.kind);
            words::is_total(cell, kind == Some(ColumnKind::Text))
        });
        match found {
            Some((_, cell)) if is_total => Err(Error::new(
                ErrorKind::Data,
                format!("the line looks like a line of totals (\"{}\")", cell.trim()),
            )
            .at(format!("line {line}"))
            .hint("leave it out with `--skip-end 1`, or keep it with `--skip-end 0`")),
            _ => Ok(()),
        }
    }

    fn rows(&self) -> Result<Chunks<Box<dyn Read>>> {
        let mut text = encoding::open(&self.path, self.options.text.encoding.as_deref())?.text;
        let start = self.dialect.start as u64;
        io::copy(&mut text.by_ref().take(start), &mut io::sink()).map_err(unreadable)?;
        let skip_end = self.options.text.skip_end.unwrap_or_default();
        let (syntax, comments) = (self.plan.syntax, self.plan.comments.clone());
        Ok(Chunks::new(text, syntax, comments, self.dialect.line).with(self.chunk, skip_end))
    }
}

impl TableReader for CsvTable {
    fn name(&self) -> &str {
        &self.name
    }

    fn columns(&self) -> &[FileColumn] {
        &self.columns
    }

    fn how(&self) -> Option<String> {
        words::how(self, &self.options.text)
    }

    fn resolved(&self) -> Option<TextOptions> {
        let Syntax {
            separator, quote, ..
        } = self.plan.syntax;
        let decimal = match self.decimal {
            Decimal::None | Decimal::Doubtful(_) => None,
            known => Some(char::from(known.sign())),
        };
        Some(TextOptions {
            separator: Some(char::from(separator)),
            decimal,
            quote: Some(char::from(quote)),
            encoding: self.encoding.map(str::to_lowercase),
            ..self.options.text.clone()
        })
    }

    fn notes(&self) -> Vec<String> {
        words::notes(self, &self.options.text)
    }

    fn read(
        &mut self,
        wanted: &[(usize, As)],
        each: &mut dyn FnMut(Block) -> Result<()>,
    ) -> Result<Verdict> {
        let mut targets = Vec::with_capacity(wanted.len());
        for (place, &(column, as_)) in wanted.iter().enumerate() {
            if column >= self.columns.len() {
                return Err(Error::new(ErrorKind::Data, "there is no such column")
                    .expected(format!("a place below {}", self.columns.len()))
                    .found(column));
            }
            targets.push(Target { column, place, as_ });
        }
        targets.sort_by_key(|target| (target.column, target.place));
        let work = Work {
            plan: &self.plan,
            targets: &targets,
            is_counted: !self.is_settled,
        };
        let threads = self.threads.unwrap_or_else(available_threads);
        let outcome = work.run(self.rows()?, threads, each)?;
        if self.is_settled {
            return Ok(Verdict::Done);
        }
        Ok(match self.decide(&outcome, true)? {
            true => Verdict::Again,
            false => Verdict::Done,
        })
    }
}

impl Sample {
    /// Reads the start of a text: at least some whole lines.
    fn read(mut text: Box<dyn Read>, size: usize) -> Result<Self> {
        let mut sample = Sample {
            text: Vec::new(),
            is_whole: false,
        };
        let mut size = size;
        loop {
            let wanted = size - sample.text.len();
            sample.text.reserve_exact(wanted);
            let mut part = text.by_ref().take(wanted as u64);
            let count = part.read_to_end(&mut sample.text).map_err(unreadable)?;
            sample.is_whole = count < wanted;
            if let Some(at) = memchr::memchr(0, &sample.text) {
                return Err(nul(&sample.text, at, 1, b'\n'));
            }
            if sample.is_whole || sample.has_lines() {
                return Ok(sample);
            }
            // Whatever the separator is, a cell or a row without an end is refused before more is read.
            let end = sample.cut();
            for separator in [b',', b';', b'\t', b'|'] {
                let syntax = Syntax {
                    separator,
                    quote: b'"',
                    end: b'\n',
                };
                if memchr::memchr(separator, sample.text.get(end..).unwrap_or_default()).is_some() {
                    refuse_long(&sample.text, end, None, syntax, 1)?;
                }
            }
            let has_separator = sample
                .text
                .iter()
                .skip(end)
                .any(|byte| b",;\t| ".contains(byte));
            if !has_separator {
                let syntax = Syntax {
                    separator: b',',
                    quote: b'"',
                    end: b'\n',
                };
                refuse_long(&sample.text, end, None, syntax, 1)?;
            }
            size = 2 * size;
        }
    }

    /// Whether a header, a line of units and a row can be whole.
    fn has_lines(&self) -> bool {
        let count = |end| memchr::memchr_iter(end, &self.text).take(4).count();
        count(b'\n') >= 4 || (count(b'\n') == 0 && count(b'\r') >= 4)
    }

    /// The end of the last whole line.
    fn cut(&self) -> usize {
        if self.is_whole {
            return self.text.len();
        }
        let last = |end| memchr::memrchr(end, &self.text).map_or(0, |at| at + 1);
        match last(b'\n') {
            0 => last(b'\r'),
            end => end,
        }
    }
}

/// What notes say of columns: how many, and their first names.
pub(super) fn listed(names: &[&str]) -> String {
    let first: Vec<String> = names
        .iter()
        .take(3)
        .map(|name| format!("`{name}`"))
        .collect();
    let more = if names.len() > 3 { " and others" } else { "" };
    format!(
        "{} ({}{more})",
        counted(names.len(), "column"),
        first.join(", ")
    )
}
