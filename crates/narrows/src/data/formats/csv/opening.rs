//! Opens a text: its dialect is detected from its start, and the cells there are counted.

use super::chunks::{CHUNK, Chunks, refuse_long, too_many_columns};
use super::convert::SeenBeside;
use super::decimal::Decimal;
use super::detect;
use super::encoding::{self, NotText};
use super::first::TextStart;
use super::parallel::{ChunkWork, ChunksOutcome};
use super::plan::TextPlan;
use super::refusal::{Refusable, Refusal, zero_byte};
use super::syntax::last_record_end;
use super::table::{CsvTable, Sizes};
use crate::Result;
use crate::data::column::FileColumns;
use crate::data::fault::{Fault, OnFault};
use crate::data::{OnBad, ReadOptions, limits};
use std::path::Path;

/// The number of bytes from which a text's dialect is detected; more if a record is longer.
const SAMPLE: usize = 1 << 20;

impl CsvTable {
    /// Opens a text, and detects its dialect from its start. `name` is its name in messages. If faults are reported, a
    /// text that would be refused is opened with the options that solve the fault, if there are any.
    pub(in crate::data) fn open(
        path: &Path,
        name: &str,
        options: &ReadOptions,
        on_fault: OnFault,
    ) -> Result<Self> {
        let sizes = Sizes {
            start: SAMPLE,
            chunk: CHUNK,
            threads: None,
        };
        Self::open_in_parts(path, name, options, on_fault, sizes)
    }

    /// The same with other sizes of parts.
    pub(super) fn open_in_parts(
        path: &Path,
        name: &str,
        options: &ReadOptions,
        on_fault: OnFault,
        sizes: Sizes,
    ) -> Result<Self> {
        Self::open_behind(path, name, options, on_fault, sizes, Vec::new())
    }

    /// The same for a text with faults that the options already solve.
    fn open_behind(
        path: &Path,
        name: &str,
        options: &ReadOptions,
        on_fault: OnFault,
        sizes: Sizes,
        mut faults: Vec<Fault>,
    ) -> Result<Self> {
        let mut options = options.clone();
        loop {
            let opened = Self::try_open(path, name, &options, on_fault, sizes, &faults);
            match (opened, on_fault) {
                (Ok(table), _) => return Ok(table),
                (Err(refusal), OnFault::Refuse) => return Err(refusal.error),
                (Err(refusal), OnFault::Tell) => {
                    faults.push(refusal.mend(&mut options, faults.len())?);
                }
            }
        }
    }

    fn try_open(
        path: &Path,
        name: &str,
        options: &ReadOptions,
        on_fault: OnFault,
        sizes: Sizes,
        faults: &[Fault],
    ) -> Refusable<Self> {
        let opened = encoding::open(path, options.text.encoding.as_deref())?;
        let mut sample = TextStart::read(opened.text, sizes.start, on_fault)?;
        let end = sample.cut();
        let text = match std::str::from_utf8(sample.text.get(..end).unwrap_or_default()) {
            Ok(text) => text,
            Err(error) => {
                return Err(NotText::at(&sample.text, error.valid_up_to(), 1, b'\n').refusal());
            }
        };
        let mut dialect = detect::dialect(text, name, options)?;
        let width = dialect.width;
        if width > limits::COLUMNS {
            return Err(too_many_columns()
                .at(format!("line {}", dialect.line))
                .into());
        }
        let mut table = CsvTable {
            path: path.to_path_buf(),
            name: name.to_string(),
            options: options.clone(),
            encoding: opened.encoding,
            plan: TextPlan {
                syntax: dialect.syntax,
                comments: dialect.comments.clone(),
                width,
                header: dialect.header.take(),
                columns: Vec::new(),
                on_fault: OnFault::Refuse,
                keeps_odd: options.on_bad != OnBad::Refuse,
            },
            dialect,
            decimal: Decimal::None,
            columns: FileColumns::default(),
            counts: Vec::new(),
            is_alone: false,
            padded: Vec::new(),
            hidden: 0,
            is_settled: false,
            seen: SeenBeside::default(),
            sizes,
            on_fault,
            note: None,
            faults: faults.to_vec(),
        };
        table.tell_of_zero(&sample);
        table.look_at(&mut sample)?;
        Ok(table)
    }

    /// Reports a zero byte before the rows; a zero byte in a row is reported with the row.
    fn tell_of_zero(&mut self, sample: &TextStart) {
        let before = sample.text.get(..self.dialect.start).unwrap_or_default();
        let Some(at) = memchr::memchr(0, before) else {
            return;
        };
        let lines = memchr::memchr_iter(b'\n', before.get(..at).unwrap_or_default()).count();
        let fault = Fault {
            sentence: zero_byte(1 + lines as u64).to_string(),
            mend: None,
        };
        if !self.faults.contains(&fault) {
            self.faults.push(fault);
        }
    }

    /// Counts the cells of the start of the text, and decides by the counts.
    fn look_at(&mut self, sample: &mut TextStart) -> Refusable<()> {
        let from = self.dialect.start.min(sample.text.len());
        let mut rest = sample.text.split_off(from);
        let is_whole = sample.is_whole;
        if !is_whole {
            let (end, open) = last_record_end(&rest, self.plan.syntax, &self.plan.comments);
            if end == 0 {
                refuse_long(&rest, end, open, self.plan.syntax, self.dialect.line)?;
            }
            rest.truncate(end);
        }
        let skip_end = if is_whole {
            self.options.text.skip_end.unwrap_or_default()
        } else {
            0
        };
        let outcome = match self.count(&rest, skip_end) {
            Err(_) if self.on_fault != self.plan.on_fault => {
                self.plan.on_fault = self.on_fault;
                self.count(&rest, skip_end)?
            }
            counted => counted?,
        };
        self.decide(&outcome, is_whole)?;
        Ok(())
    }

    /// Counts the cells of a part of the text that begins with the first row.
    fn count(&self, rows: &[u8], skip_end: usize) -> Result<ChunksOutcome> {
        let (syntax, comments) = (self.plan.syntax, self.plan.comments.clone());
        let chunks = Chunks::new(rows, syntax, comments, self.dialect.line);
        let work = ChunkWork {
            plan: &self.plan,
            targets: &[],
            is_counted: true,
        };
        work.run(chunks.with(self.sizes.chunk, skip_end), 1, &mut |_| Ok(()))
    }

    /// Opens the text again with the options that solve the fault, if faults are reported.
    pub(super) fn mend(&mut self, refusal: Refusal) -> Result<()> {
        if self.on_fault == OnFault::Refuse {
            return Err(refusal.error);
        }
        let mut options = self.options.clone();
        let mut faults = std::mem::take(&mut self.faults);
        faults.push(refusal.mend(&mut options, faults.len())?);
        let (path, name) = (self.path.clone(), self.name.clone());
        let note = self.note.take();
        let table = Self::open_behind(&path, &name, &options, self.on_fault, self.sizes, faults)?;
        let table = if self.is_alone { table.alone() } else { table };
        *self = table.noting(note);
        Ok(())
    }
}
