//! Reads rows: the columns of a row group are divided among threads, which decode them block by block, a little ahead
//! of the consumer of the blocks.

use super::chunk::ColumnChunk;
use super::columns::Columns;
use super::pages::{Budget, SharedFile};
use super::piece::{BlockPiece, WantedPiece};
use super::refusal::{DAMAGED, not_numeric};
use super::shares::ColumnShares;
use super::stored::StoredShape;
use crate::data::column::{As, Block, BlockPlace, Cells};
use crate::data::guard::guarded;
use crate::text::count_of;
use crate::threads::available_threads;
use crate::{Error, ErrorKind, Result};
use parquet::file::metadata::ParquetMetaData;
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Mutex, PoisonError};
use std::thread;

/// The approximate number of values of a block.
const VALUES: usize = 1 << 19;

/// The fewest and the most rows of a block; there are fewer only if the lists of a row are long.
const FEWEST: usize = 64;
const MOST: usize = 1 << 14;

/// The most rows of a block with text, and the approximate number of bytes of its text.
pub(super) const TEXT_ROWS: usize = 1 << 11;
const TEXT_BYTES: usize = 16 << 20;

/// The divisor of the number of rows of a block if its texts are too long.
pub(super) const FEWER_TEXTS: usize = 256;

/// The number of blocks that a thread may be ahead.
const AHEAD: usize = 2;

/// Tables with fewer bytes are decoded by the consuming thread.
const SMALL: i64 = 1 << 18;

/// Some columns of a row group.
struct GroupPart<'a> {
    group: usize,
    wanted: &'a [WantedPiece<'a>],
    budget: Budget,
}

/// The data that are the same for the whole file.
#[derive(Clone, Copy)]
pub(super) struct File<'a> {
    pub(super) input: &'a SharedFile,
    pub(super) metadata: &'a ParquetMetaData,
    pub(super) columns: &'a Columns,
    pub(super) text_rows: usize,
}

/// The rows of a row group.
struct Span {
    first: u64,
    rows: usize,
}

impl File<'_> {
    /// Reads all rows of the requested columns, and passes them on one block at a time.
    pub(super) fn read(
        self,
        wanted: &[(usize, As)],
        each: &mut dyn FnMut(Block) -> Result<()>,
    ) -> Result<()> {
        let sorted = self.sort(wanted)?;
        let rows = self.rows_of_block(&sorted);
        let spans = self.spans()?;
        let size: i64 = self
            .metadata
            .row_groups()
            .iter()
            .map(|group| group.total_byte_size().max(0))
            .fold(0, i64::saturating_add);
        let threads = if size < SMALL { 1 } else { available_threads() };
        let plan = RowsPlan {
            file: self,
            spans,
            rows,
            width: wanted.len(),
        };
        if threads > 1 && !sorted.is_empty() {
            plan.read_with_threads(sorted, threads, each)
        } else {
            plan.read_alone(&sorted, each)
        }
    }

    /// Groups the requests by stored column.
    fn sort(&self, wanted: &[(usize, As)]) -> Result<Vec<WantedPiece<'_>>> {
        let mut sorted: Vec<WantedPiece> = Vec::new();
        let mut places: HashMap<usize, usize> = HashMap::new();
        for (place, &(column, how)) in wanted.iter().enumerate() {
            let found = self
                .columns
                .given
                .get(column)
                .zip(self.columns.files.get(column));
            let (given, described) = found.ok_or_else(|| {
                Error::new(ErrorKind::Data, "there is no such column")
                    .expected(count_of(self.columns.given.len(), "column"))
                    .found(column)
            })?;
            if how == As::Numbers {
                not_numeric(described)?;
            }
            let stored = self
                .columns
                .stored
                .get(given.stored)
                .ok_or_else(|| Error::new(ErrorKind::Format, DAMAGED))?;
            let at = *places.entry(given.stored).or_insert_with(|| {
                sorted.push(WantedPiece {
                    stored,
                    outputs: Vec::new(),
                });
                sorted.len() - 1
            });
            if let Some(wanted) = sorted.get_mut(at) {
                wanted.outputs.push((place, given.element, how));
            }
        }
        Ok(sorted)
    }

    /// The number of rows of a block, by the size of a row.
    fn rows_of_block(&self, sorted: &[WantedPiece]) -> usize {
        let mut values = 1_usize;
        let mut most = MOST;
        for wanted in sorted {
            let length = match wanted.stored.shape {
                StoredShape::List { length, .. } => length,
                _ => 1,
            };
            values = values.saturating_add(length.max(1));
            if wanted.outputs.iter().any(|&(_, _, how)| how != As::Numbers) {
                most = most.min(self.text_rows);
                for group in self.metadata.row_groups() {
                    let rows = usize::try_from(group.num_rows()).unwrap_or(0).max(1);
                    let column = group.columns().get(wanted.stored.leaf_index);
                    let bytes = column.map_or(0, |column| column.uncompressed_size());
                    let of_row = usize::try_from(bytes).unwrap_or(0) / rows;
                    most = most.min(TEXT_BYTES / of_row.max(1));
                }
            }
        }
        let least = if values > VALUES / FEWEST { 1 } else { FEWEST };
        (VALUES / values).clamp(least, MOST).min(most.max(1))
    }

    fn spans(&self) -> Result<Vec<Span>> {
        let mut first = 0_u64;
        let mut spans = Vec::new();
        for group in self.metadata.row_groups() {
            let rows = usize::try_from(group.num_rows());
            let rows = rows.map_err(|_| Error::new(ErrorKind::Format, DAMAGED))?;
            spans.push(Span { first, rows });
            first = first
                .checked_add(rows as u64)
                .ok_or_else(|| Error::new(ErrorKind::Format, DAMAGED))?;
        }
        Ok(spans)
    }
}

/// The plan for reading the rows.
struct RowsPlan<'a> {
    file: File<'a>,
    spans: Vec<Span>,
    /// The rows of a block.
    rows: usize,
    /// The number of requested columns.
    width: usize,
}

impl RowsPlan<'_> {
    fn read_alone(
        &self,
        sorted: &[WantedPiece],
        each: &mut dyn FnMut(Block) -> Result<()>,
    ) -> Result<()> {
        for (group, span) in self.spans.iter().enumerate() {
            let part = GroupPart {
                group,
                wanted: sorted,
                budget: Budget::new(self.file.input.length()),
            };
            self.decode(&part, span, &mut |start, count, piece| {
                each(self.block(span, start, count, vec![piece?])?)
            })?;
        }
        Ok(())
    }

    fn read_with_threads(
        &self,
        mut sorted: Vec<WantedPiece>,
        threads: usize,
        each: &mut dyn FnMut(Block) -> Result<()>,
    ) -> Result<()> {
        let (tasks, queue) =
            std::sync::mpsc::channel::<(GroupPart, SyncSender<Result<BlockPiece>>)>();
        let queue = Mutex::new(queue);
        let queue = &queue;
        let stopped = &AtomicBool::new(false);
        let work = || {
            loop {
                let task = queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
                let Ok((part, sender)) = task else {
                    return;
                };
                let span = self.spans.get(part.group);
                let Some(span) = span.filter(|_| !stopped.load(Ordering::Relaxed)) else {
                    return;
                };
                // It fails if the pieces are no longer taken; then there is nothing to do.
                let _ = self.decode(&part, span, &mut |_, _, piece| {
                    let gone = |_| Error::new(ErrorKind::Interrupted, "the rows are not wanted");
                    sender.send(piece).map_err(gone)
                });
            }
        };
        // The parts of a group are decoded at the same time, so there must not be more of them than threads.
        let shares = ColumnShares::of(&mut sorted, threads, self.file.metadata);
        let shares = &shares;
        let sorted = &sorted;
        let result = thread::scope(|scope| {
            let spawn = |_| thread::Builder::new().spawn_scoped(scope, work).is_ok();
            let started = (0..shares.0.len()).filter(|&share| spawn(share)).count();
            if started < shares.0.len() {
                drop(tasks);
                return None;
            }
            let mut waiting: Vec<Vec<Receiver<Result<BlockPiece>>>> = Vec::new();
            for group in 0..self.spans.len() {
                let budget = Budget::new(self.file.input.length());
                let mut of_group = Vec::new();
                for share in &shares.0 {
                    let (sender, receiver) = sync_channel(AHEAD);
                    let part = GroupPart {
                        group,
                        wanted: sorted.get(share.clone()).unwrap_or_default(),
                        budget: budget.clone(),
                    };
                    let _ = tasks.send((part, sender));
                    of_group.push(receiver);
                }
                waiting.push(of_group);
            }
            drop(tasks);
            let taken = self.take(waiting, each);
            stopped.store(true, Ordering::Relaxed);
            Some(taken)
        });
        match result {
            Some(result) => result,
            // The system refuses threads.
            None => self.read_alone(sorted, each),
        }
    }

    /// Takes the pieces of all parts in order.
    fn take(
        &self,
        waiting: Vec<Vec<Receiver<Result<BlockPiece>>>>,
        each: &mut dyn FnMut(Block) -> Result<()>,
    ) -> Result<()> {
        for (span, of_group) in self.spans.iter().zip(waiting) {
            let mut start = 0;
            while start < span.rows {
                let count = self.rows.min(span.rows - start);
                let mut pieces = Vec::with_capacity(of_group.len());
                for receiver in &of_group {
                    let gone = |_| Error::new(ErrorKind::Format, DAMAGED);
                    pieces.push(receiver.recv().map_err(gone)??);
                }
                each(self.block(span, start, count, pieces)?)?;
                start += count;
            }
        }
        Ok(())
    }

    /// Decodes a part block by block. The end of the columns is checked before the last block is passed on.
    fn decode(
        &self,
        part: &GroupPart,
        span: &Span,
        hand_on: &mut dyn FnMut(usize, usize, Result<BlockPiece>) -> Result<()>,
    ) -> Result<()> {
        let group = self.file.metadata.row_group(part.group);
        let input = self.file.input;
        let mut chunks: Vec<Option<ColumnChunk>> = Vec::new();
        chunks.resize_with(part.wanted.len(), || None);
        let mut start = 0;
        while start < span.rows {
            let count = self.rows.min(span.rows - start);
            let is_last = start + count == span.rows;
            let mut piece = Ok(BlockPiece::default());
            for (opened, wanted) in chunks.iter_mut().zip(part.wanted) {
                let Ok(known) = &mut piece else {
                    break;
                };
                let first = span.first + start as u64;
                let add = guarded(|| {
                    let chunk = match opened {
                        Some(chunk) => chunk,
                        None => {
                            let stored = wanted.stored;
                            opened.insert(ColumnChunk::open(input, group, stored, &part.budget)?)
                        }
                    };
                    known.add(chunk, wanted, first, count)?;
                    if is_last { chunk.check_end() } else { Ok(()) }
                });
                // The decoders of many columns take much memory: if all rows are one block, one is open at a time.
                if is_last {
                    *opened = None;
                }
                if let Err(error) = add {
                    piece = Err(error.at(format!("column `{}`", wanted.stored.name)));
                }
            }
            let failed = piece.is_err();
            hand_on(start, count, piece)?;
            if failed {
                return Ok(());
            }
            start += count;
        }
        Ok(())
    }

    fn block(
        &self,
        span: &Span,
        start: usize,
        rows: usize,
        pieces: Vec<BlockPiece>,
    ) -> Result<Block> {
        let mut columns: Vec<Option<Cells>> = Vec::new();
        columns.resize_with(self.width, || None);
        let mut bad = Vec::new();
        for piece in pieces {
            for (place, cells) in piece.columns {
                if let Some(column) = columns.get_mut(place) {
                    *column = Some(cells);
                }
            }
            bad.extend(piece.bad);
        }
        bad.sort_by_key(|bad| (bad.row, bad.column));
        let is_whole = |cells: &Option<Cells>| cells.as_ref().is_some_and(|c| c.len() == rows);
        if !columns.iter().all(is_whole) {
            return Err(Error::new(ErrorKind::Format, DAMAGED));
        }
        Ok(Block {
            rows,
            columns: columns.into_iter().flatten().collect(),
            bad,
            odd: Vec::new(),
            place: BlockPlace::Rows(span.first + start as u64),
        })
    }
}
