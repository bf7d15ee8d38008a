//! Converts chunks on several threads, and returns the results in order.

use super::chunks::{Chunks, TextChunk};
use super::convert::{ConvertedChunk, SeenBeside, convert};
use super::plan::{TextPlan, WantedColumn};
use super::tally::ClassTally;
use crate::Result;
use crate::data::column::Block;
use std::io::Read;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{self, ScopedJoinHandle};

/// The most threads that convert: one reading thread cannot supply more.
const THREADS: usize = 16;

/// With more columns, counts of each column on each thread would take much memory.
pub(super) const MANY_COLUMNS: usize = 1 << 14;

/// While a text with many columns has fewer bytes for each of them, one thread converts it: the blocks of several
/// threads would take more memory than all cells of the text.
const COLUMN_BYTES: usize = 128;

/// The results of all chunks.
#[derive(Debug, Default)]
pub(super) struct ChunksOutcome {
    pub(super) seen: SeenBeside,
    pub(super) tallies: Vec<ClassTally>,
}

/// The work for each chunk.
pub(super) struct ChunkWork<'a> {
    pub(super) plan: &'a TextPlan,
    pub(super) targets: &'a [WantedColumn],
    /// Whether cells are counted.
    pub(super) is_counted: bool,
}

impl ChunkWork<'_> {
    fn tallies(&self) -> Vec<ClassTally> {
        if self.is_counted {
            vec![ClassTally::default(); self.plan.width]
        } else {
            Vec::new()
        }
    }

    fn convert(&self, chunk: &TextChunk, tallies: &mut [ClassTally]) -> Result<ConvertedChunk> {
        convert(
            chunk,
            self.plan,
            self.targets,
            self.is_counted.then_some(tallies),
        )
    }

    /// Converts all chunks on so many threads, and gives the blocks in order.
    pub(super) fn run<R: Read>(
        &self,
        mut chunks: Chunks<R>,
        threads: usize,
        each: &mut dyn FnMut(Block) -> Result<()>,
    ) -> Result<ChunksOutcome> {
        let mut outcome = ChunksOutcome {
            tallies: self.tallies(),
            ..ChunksOutcome::default()
        };
        let Some(first) = chunks.next()? else {
            return Ok(outcome);
        };
        let most = if self.plan.width > MANY_COLUMNS {
            2
        } else {
            THREADS
        };
        let threads = threads.min(most);
        let alone = match self.plan.width {
            _ if first.is_last || threads < 2 => usize::MAX,
            width if width > MANY_COLUMNS => width * COLUMN_BYTES,
            _ => 0,
        };
        let next = self.run_alone(Some(first), &mut chunks, alone, &mut outcome, each)?;
        let Some(first) = next else {
            return Ok(outcome);
        };
        thread::scope(|scope| {
            let workers: Vec<Worker<'_>> = (0..threads)
                .map_while(|_| {
                    // A worker has one chunk in work and one waiting.
                    let (give, take) = sync_channel::<TextChunk>(1);
                    let (answer, answers) = sync_channel::<Result<ConvertedChunk>>(2);
                    let work = move || self.work(&take, &answer);
                    // If the system refuses further threads, the existing ones do the work.
                    let handle = thread::Builder::new().spawn_scoped(scope, work).ok()?;
                    Some(Worker {
                        give,
                        answers,
                        handle,
                    })
                })
                .collect();
            if workers.is_empty() {
                let all = usize::MAX;
                self.run_alone(Some(first), &mut chunks, all, &mut outcome, each)?;
                return Ok(outcome);
            }
            hand_on(
                &workers,
                first,
                &mut chunks,
                &mut |piece: ConvertedChunk| {
                    outcome.seen.merge(piece.seen);
                    piece.blocks.into_iter().try_for_each(&mut *each)
                },
            )?;
            for worker in workers {
                drop((worker.give, worker.answers));
                let counted = worker.handle.join();
                let counted = counted.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
                for (tally, more) in outcome.tallies.iter_mut().zip(&counted) {
                    tally.merge(more);
                }
            }
            Ok(outcome)
        })
    }

    /// Converts chunks on this thread until there are no more, or until they have so many bytes; then it returns the
    /// next chunk.
    fn run_alone<R: Read>(
        &self,
        mut next: Option<TextChunk>,
        chunks: &mut Chunks<R>,
        bytes: usize,
        outcome: &mut ChunksOutcome,
        each: &mut dyn FnMut(Block) -> Result<()>,
    ) -> Result<Option<TextChunk>> {
        let mut done = 0;
        while let Some(chunk) = next.take_if(|_| done < bytes) {
            done += chunk.text.len();
            let piece = self.convert(&chunk, &mut outcome.tallies)?;
            outcome.seen.merge(piece.seen);
            piece.blocks.into_iter().try_for_each(&mut *each)?;
            next = chunks.next()?;
        }
        Ok(next)
    }

    /// Converts chunks until there are no more, and returns the counts.
    fn work(
        &self,
        take: &Receiver<TextChunk>,
        answer: &SyncSender<Result<ConvertedChunk>>,
    ) -> Vec<ClassTally> {
        let mut tallies = self.tallies();
        while let Ok(chunk) = take.recv() {
            let piece = self.convert(&chunk, &mut tallies);
            if answer.send(piece).is_err() {
                break;
            }
        }
        tallies
    }
}

struct Worker<'scope> {
    give: SyncSender<TextChunk>,
    answers: Receiver<Result<ConvertedChunk>>,
    handle: ScopedJoinHandle<'scope, Vec<ClassTally>>,
}

/// Gives chunks to the workers in turn, and takes their results in the same order.
fn hand_on<R: Read>(
    workers: &[Worker<'_>],
    first: TextChunk,
    chunks: &mut Chunks<R>,
    each: &mut dyn FnMut(ConvertedChunk) -> Result<()>,
) -> Result<()> {
    let worker = |index: usize| workers.get(index % workers.len().max(1));
    let mut next = Some(first);
    // An error of reading is returned after the rows before it, for any timing of the threads.
    let mut failed = None;
    let (mut given, mut taken) = (0, 0);
    while next.is_some() || taken < given {
        if let Some(chunk) = next.take() {
            // A worker that is gone has panicked; the scope below then ends with this panic.
            if worker(given).is_none_or(|worker| worker.give.send(chunk).is_err()) {
                break;
            }
            given += 1;
            next = match chunks.next() {
                Ok(chunk) => chunk,
                Err(error) => {
                    failed = Some(error);
                    None
                }
            };
        }
        if next.is_none() || given - taken > workers.len() {
            match worker(taken).map(|worker| worker.answers.recv()) {
                Some(Ok(piece)) => each(piece?)?,
                _ => break,
            }
            taken += 1;
        }
    }
    failed.map_or(Ok(()), Err)
}
