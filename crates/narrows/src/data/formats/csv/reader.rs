//! A delimited text as a table.

use super::chunks::Chunks;
use super::decimal::{Decimal, Usual};
use super::detect::ascii;
use super::encoding;
use super::header::bare_unit;
use super::parallel::{ChunkWork, ChunksOutcome, MANY_COLUMNS};
use super::plan::{ColumnPlan, WantedColumn};
use super::refusal::{Refusable, Refusal, unreadable};
use super::syntax::Syntax;
use super::table::CsvTable;
use super::tally::ClassTally;
use super::words;
use crate::advice::{Setting, set};
use crate::data::TextOptions;
use crate::data::column::{As, Block, CellCounts, FileColumn, FileColumns, TableReader, Verdict};
use crate::data::fault::{Fault, Mend};
use crate::data::schema::ColumnKind;
use crate::data::texts::{Name, Texts};
use crate::text::count_of;
use crate::threads::available_threads;
use crate::{Error, ErrorKind, Result};
use std::io::{self, Read};
use std::sync::Arc;

/// The bytes of a chunk for each of many columns: every column of a block takes memory besides its cells, so a block
/// has some rows.
const COLUMN_BYTES: usize = 16;

impl CsvTable {
    /// Decides the types of the columns by the counts; returns whether a type has changed.
    pub(super) fn decide(&mut self, outcome: &ChunksOutcome, is_whole: bool) -> Refusable<bool> {
        if let Some(not_text) = &outcome.seen.not_text {
            return Err(not_text.refusal());
        }
        let text = &self.options.text;
        let tallies = &outcome.tallies;
        let said = match ascii(text.decimal, "decimal sign")? {
            None | Some(b'.' | b',') => text.decimal.and_then(|sign| u8::try_from(sign).ok()),
            Some(_) => {
                return Err(
                    Error::new(ErrorKind::Data, "this cannot be the decimal sign")
                        .expected("a point or a comma")
                        .found(format!("\"{}\"", text.decimal.unwrap_or_default()))
                        .into(),
                );
            }
        };
        let byte = |sign: char| u8::try_from(sign).ok();
        let usual = text.usual_decimal.and_then(byte).map(|sign| Usual {
            sign,
            separator: text.usual_separator.and_then(byte),
        });
        // A file with one column has no separator that would decide.
        let separator = match self.dialect.width {
            1 => self.plan.syntax.end,
            _ => self.plan.syntax.separator,
        };
        let decimal = Decimal::decide(tallies, separator, said, usual);
        if let (Decimal::Doubtful(column, mark), true) = (decimal, is_whole) {
            return Err(self.doubtful(column, mark));
        }
        let thousands = text.thousands;
        let others = ClassTally::shown_group(tallies, decimal.sign());
        let mut columns: Vec<ColumnPlan> = tallies
            .iter()
            .map(|tally| {
                let style = decimal.style(tally, thousands, others, text.usual_thousands);
                let kind = tally.kind(&style);
                ColumnPlan { style, kind }
            })
            .collect();
        self.take_truths(tallies, &mut columns);
        let is_named = |column: usize| match &self.dialect.names {
            Some(names) => !names.get(column).is_empty(),
            None => false,
        };
        let is_hidden =
            |(column, tally): (usize, &ClassTally)| tally.present() == 0 && !is_named(column);
        let hidden = match outcome.seen.rows {
            0 => 0,
            _ => tallies
                .iter()
                .enumerate()
                .rev()
                .take_while(|&pair| is_hidden(pair))
                .count(),
        };
        // It is better to show an empty table than to leave it out.
        let hidden = if hidden == tallies.len() { 0 } else { hidden };
        let is_new = columns != self.plan.columns || hidden != self.hidden;
        self.plan.columns = columns;
        let padded = tallies.iter().map(ClassTally::padded).enumerate();
        self.padded = padded
            .filter_map(|(column, padded)| Some((column, padded?.to_string())))
            .collect();
        if !self.is_alone {
            self.counts = tallies.iter().map(ClassTally::counts).collect();
        }
        self.decimal = decimal;
        self.hidden = hidden;
        self.seen = outcome.seen.clone();
        self.is_settled = is_whole;
        self.columns = self.file_columns();
        if is_whole {
            let skip_end = self.options.text.skip_end.unwrap_or_default();
            let (width, quote) = (self.plan.width, self.plan.syntax.quote);
            let odd = self.seen.odd.refusal(width, quote, skip_end);
            let odd = match odd {
                Some(refusal) if refusal.mend.is_some() => return Err(refusal),
                odd => odd,
            };
            self.refuse_totals()?;
            self.refuse_empty_end()?;
            self.faults.extend(odd.map(|refusal| Fault {
                sentence: refusal.error.to_string(),
                mend: None,
            }));
        }
        Ok(is_new)
    }

    /// Makes columns of yes and no of those of the options that have only such words, or letters for them.
    fn take_truths(&self, tallies: &[ClassTally], plans: &mut [ColumnPlan]) {
        let truths = &self.options.truths;
        if truths.is_empty() {
            return;
        }
        for (column, (tally, plan)) in tallies.iter().zip(plans).enumerate() {
            let counts = tally.counts();
            let are_truths = counts.present > 0 && counts.truths == counts.present;
            if are_truths && truths.contains(&self.name_of(column)) {
                plan.kind.kind = ColumnKind::Boolean;
            }
        }
    }

    /// The name of a column, or its place in a text without a header.
    pub(super) fn name_of(&self, column: usize) -> String {
        match &self.dialect.names {
            Some(names) => names.get(column).to_string(),
            None => column.to_string(),
        }
    }

    fn file_columns(&self) -> FileColumns {
        let units = self.dialect.units.as_ref();
        let shown = self.plan.columns.len() - self.hidden;
        let names = self.dialect.names.clone().unwrap_or_else(|| {
            let mut numbers = Texts::default();
            (0..shown).for_each(|column| numbers.push(&column.to_string()));
            numbers.shrink_to_fit();
            Arc::new(numbers)
        });
        let columns = self.plan.columns.iter().enumerate().take(shown);
        let columns = columns.map(|(column, plan)| FileColumn {
            name: Name::at(&names, column),
            kind: plan.kind.kind,
            unit: plan.style.unit.clone().or_else(|| {
                bare_unit(units?.get(column))
                    .map(String::from)
                    .map(Arc::new)
            }),
        });
        Arc::new(columns.collect())
    }

    fn doubtful(&self, column: usize, mark: u8) -> Refusal {
        let name = self.name_of(column);
        let mark = char::from(mark);
        let other = if mark == '.' { ',' } else { '.' };
        let error = Error::new(ErrorKind::Data, "the decimal sign is in doubt")
            .at(format!("column `{name}`"))
            .expected("a value that shows it, such as 0.5 or 3,5")
            .found(format!(
                "only values like 124{mark}355, which can mean 124.355 or 124355"
            ))
            .hint(format!(
                "use {} if it means 124.355, {} if it means 124355",
                set(Setting::Decimal, mark),
                set(Setting::Decimal, other).with(Setting::Thousands, mark)
            ));
        let mend = Mend::Decimal {
            decimal: other,
            thousands: mark,
        };
        Refusal::mended_by(error, mend)
    }

    /// Refuses lines at the end that have only separators; spreadsheets leave them.
    fn refuse_empty_end(&self) -> Refusable<()> {
        let (lines, rows) = (self.seen.empty_end, self.seen.rows);
        let is_said = self.options.text.skip_end.is_some() || self.options.model_columns.is_some();
        if lines == 0 || lines == rows || is_said || self.plan.width < 2 {
            return Ok(());
        }
        let skip = usize::try_from(lines).unwrap_or(usize::MAX);
        let what = match lines {
            1 => "the last line has no values".to_string(),
            lines => format!("the last {} have no values", count_of(lines, "line")),
        };
        let error = Error::new(ErrorKind::Data, what).hint(format!(
            "leave them out with {}, or keep them with {}",
            set(Setting::SkipEnd, skip),
            set(Setting::SkipEnd, 0)
        ));
        Err(Refusal::mended_by(error, Mend::SkipEnd(skip)))
    }

    /// Refuses a line of totals at the end.
    fn refuse_totals(&self) -> Refusable<()> {
        let Some((line, cells)) = &self.seen.last else {
            return Ok(());
        };
        // A line of means may be above a line of totals that was already left out.
        let is_mend = |fault: &Fault| matches!(fault.mend, Some(Mend::SkipEnd(_)));
        let is_said = self.options.text.skip_end.is_some() && !self.faults.iter().any(is_mend);
        if is_said || self.seen.rows < 2 {
            return Ok(());
        }
        let found = cells
            .iter()
            .enumerate()
            .find(|(_, cell)| !cell.trim().is_empty());
        let is_total = found.is_some_and(|(column, cell)| {
            let kind = self.plan.columns.get(column).map(|column| column.kind.kind);
            words::is_total(cell, column > 0 && kind == Some(ColumnKind::Text))
        });
        match found {
            Some((_, cell)) if is_total => {
                // Lines without values after it are left out with it.
                let behind = usize::try_from(self.seen.empty_end).unwrap_or(usize::MAX - 1);
                let skip = self.options.text.skip_end.unwrap_or_default() + behind + 1;
                let what = format!("the line looks like a line of totals (\"{}\")", cell.trim());
                let error = Error::new(ErrorKind::Data, what)
                    .at(format!("line {line}"))
                    .hint(format!(
                        "leave it out with {}, or keep it with {}",
                        set(Setting::SkipEnd, skip),
                        set(Setting::SkipEnd, skip - 1)
                    ));
                Err(Refusal::mended_by(error, Mend::SkipEnd(skip)))
            }
            _ => Ok(()),
        }
    }

    fn rows(&self) -> Result<Chunks<Box<dyn Read>>> {
        let mut text = encoding::open(&self.path, self.options.text.encoding.as_deref())?.text;
        let start = self.dialect.start as u64;
        io::copy(&mut text.by_ref().take(start), &mut io::sink()).map_err(unreadable)?;
        let skip_end = self.options.text.skip_end.unwrap_or_default();
        let (syntax, comments) = (self.plan.syntax, self.plan.comments.clone());
        let chunk = match self.plan.width {
            width if width > MANY_COLUMNS => self.sizes.chunk.max(width * COLUMN_BYTES),
            _ => self.sizes.chunk,
        };
        Ok(Chunks::new(text, syntax, comments, self.dialect.line).with(chunk, skip_end))
    }
}

impl TableReader for CsvTable {
    fn name(&self) -> &str {
        &self.name
    }

    fn columns(&self) -> &FileColumns {
        &self.columns
    }

    fn how(&self) -> Option<String> {
        Some(words::how(self, &self.options.text))
    }

    fn resolved(&self) -> Option<TextOptions> {
        let Syntax {
            separator, quote, ..
        } = self.plan.syntax;
        let is_guess = |fault: &Fault| matches!(fault.mend, Some(Mend::Decimal { .. }));
        let decimal = match self.decimal {
            Decimal::None | Decimal::Doubtful(..) => None,
            // Other files may show what is only a guess in this one.
            _ if self.faults.iter().any(is_guess) => None,
            known => Some(char::from(known.sign())),
        };
        Some(TextOptions {
            separator: Some(char::from(separator)),
            decimal,
            quote: Some(char::from(quote)),
            encoding: self.encoding.map(str::to_lowercase),
            usual_header: Some(self.dialect.header_line.is_some()),
            usual_thousands: self.group(),
            ..self.options.text.clone()
        })
    }

    fn counts(&self, column: usize) -> Option<CellCounts> {
        self.counts.get(column).copied()
    }

    fn take_as_truths(&mut self, column: usize) {
        self.options.truths.push(self.name_of(column));
        if let (Some(plan), Some(shown)) = (
            self.plan.columns.get_mut(column),
            Arc::make_mut(&mut self.columns).get_mut(column),
        ) {
            plan.kind.kind = ColumnKind::Boolean;
            shown.kind = ColumnKind::Boolean;
        }
    }

    fn notes(&self) -> Vec<String> {
        words::notes(self, &self.options.text)
    }

    fn faults(&self) -> Vec<Fault> {
        self.faults.clone()
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
            targets.push(WantedColumn::new(column, place, as_));
        }
        targets.sort_unstable_by_key(|target| (target.column(), target.place()));
        let work = ChunkWork {
            plan: &self.plan,
            targets: &targets,
            is_counted: !self.is_settled,
        };
        let threads = self.sizes.threads.unwrap_or_else(available_threads);
        let mut is_ended = false;
        let run = work.run(self.rows()?, threads, &mut |block| {
            each(block).inspect_err(|_| is_ended = true)
        });
        let outcome = match run {
            Ok(outcome) => outcome,
            // Only a text with a fault is searched for further faults, because this takes time.
            Err(_) if !is_ended && self.on_fault != self.plan.on_fault => {
                self.plan.on_fault = self.on_fault;
                return Ok(Verdict::Again);
            }
            Err(error) => return Err(error),
        };
        if self.is_settled {
            return Ok(Verdict::Done);
        }
        match self.decide(&outcome, true) {
            Ok(true) => Ok(Verdict::Again),
            Ok(false) => Ok(Verdict::Done),
            Err(refusal) => self.mend(refusal).map(|()| Verdict::Again),
        }
    }
}
