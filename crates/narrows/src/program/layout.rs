//! The places of buffers in memory.
//!
//! If only one stage uses a buffer of rows, the buffer is in the memory of the thread that works on a block, and
//! operations that never meet share a place. All other buffers are in the arena for the stages in which they are alive,
//! and share it too.

use super::buffer::Extent;
use super::lower::{Lowered, Placed};
use super::schedule::{Schedule, StageKind};
use super::value::Mode;
use narrows_kernels::memory::Place;

/// The number of values of a cache line; buffers begin at its multiples.
const LINE: usize = 16;

/// The place of each buffer.
#[derive(Clone, Debug)]
pub(crate) struct Layout {
    pub(crate) places: Vec<Place>,
    /// The size of the arena.
    pub(crate) arena: usize,
    /// The size of a thread's memory for each row of a block.
    pub(crate) local: usize,
    /// The first and the last stage in which each buffer is alive; the stage after the last is the stage of the tiles.
    pub(crate) alive: Vec<Option<(usize, usize)>>,
}

/// A buffer without a place yet.
struct Item {
    buffer: usize,
    /// The interval in which it is alive, both ends included.
    alive: (usize, usize),
    numbers: usize,
}

/// Finds a place for each buffer that is used.
pub(crate) fn layout(lowered: &Lowered, schedule: &Schedule) -> Layout {
    let tiles = schedule.stages.len();
    let count = lowered.buffers.len();
    let mut alive: Vec<Option<(usize, usize)>> = vec![None; count];
    let mut widen = |buffer: usize, stage: usize| {
        let (from, to) = alive[buffer].unwrap_or((stage, stage));
        alive[buffer] = Some((from.min(stage), to.max(stage)));
    };
    for (stage, found) in schedule.stages.iter().enumerate() {
        for &operation in &found.operations {
            let uses = &lowered.operations[operation].uses;
            uses.all().for_each(|buffer| widen(buffer, stage));
        }
    }
    for contribution in lowered.tiles.iter().flatten() {
        let uses = contribution.operation.uses();
        uses.all().for_each(|buffer| widen(buffer, tiles));
    }
    let losses = lowered.losses.iter().map(|loss| loss.buffer);
    for buffer in losses.chain(lowered.kept.iter().copied()) {
        widen(buffer, tiles);
    }
    for (buffer, info) in lowered.buffers.iter().enumerate() {
        let is_of_prologue = alive[buffer].is_some_and(|(from, _)| from < schedule.prologue);
        let stays = info.constant.is_some() || (is_of_prologue && lowered.mode != Mode::Training);
        if stays {
            widen_to_all(&mut alive[buffer], tiles);
        }
    }
    let mut places = vec![Place::Absent; count];
    let (mut in_arena, mut in_blocks) = (Vec::new(), vec![Vec::new(); tiles]);
    for (buffer, alive) in alive.iter().enumerate() {
        let Some(alive) = *alive else { continue };
        let is_of_rows =
            |stage: usize| stage < tiles && schedule.stages[stage].kind == StageKind::Rows;
        match lowered.buffers[buffer].extent {
            Extent::Rows { .. } if alive.0 == alive.1 && is_of_rows(alive.0) => {
                in_blocks[alive.0].push(buffer);
            }
            extent => in_arena.push(Item {
                buffer,
                alive,
                numbers: numbers(extent, lowered.batch),
            }),
        }
    }
    let (arena, starts) = pack(in_arena);
    for (buffer, start) in starts {
        places[buffer] = match lowered.buffers[buffer].extent {
            Extent::Rows { words } => Place::Batch {
                start,
                width: words,
            },
            Extent::Whole { rows, words } => Place::Whole {
                start,
                rows,
                width: words,
            },
        };
    }
    let mut local = 0;
    for (stage, buffers) in in_blocks.into_iter().enumerate() {
        let operations = &schedule.stages[stage].operations;
        let items = buffers.into_iter().map(|buffer| Item {
            buffer,
            alive: if lowered.outputs.contains(&buffer) {
                // They are read after all of them have run.
                (0, usize::MAX)
            } else {
                within(&lowered.operations, operations, buffer)
            },
            numbers: numbers(lowered.buffers[buffer].extent, 1),
        });
        let (size, starts) = pack(items.collect());
        local = local.max(size);
        for (buffer, start) in starts {
            if let Extent::Rows { words } = lowered.buffers[buffer].extent {
                places[buffer] = Place::Block {
                    start,
                    width: words,
                };
            }
        }
    }
    Layout {
        places,
        arena,
        local,
        alive,
    }
}

fn widen_to_all(alive: &mut Option<(usize, usize)>, last: usize) {
    if alive.is_some() {
        *alive = Some((0, last));
    }
}

fn numbers(extent: Extent, rows: usize) -> usize {
    let numbers = match extent {
        Extent::Rows { words } => words.saturating_mul(rows),
        Extent::Whole { rows, words } => words.saturating_mul(rows),
    };
    numbers.saturating_add(LINE - 1) / LINE * LINE
}

/// The first and the last operation of a stage that use a buffer.
fn within(all: &[Placed], operations: &[usize], buffer: usize) -> (usize, usize) {
    let uses = |&&operation: &&usize| all[operation].uses.all().any(|used| used == buffer);
    let first = operations.iter().find(uses).copied().unwrap_or(0);
    let last = operations.iter().rev().find(uses).copied().unwrap_or(first);
    (first, last)
}

/// Finds places for items so that items alive at the same time do not overlap: the largest first, each as far to the
/// front as it fits. Returns the total size, and the start of each item.
fn pack(mut items: Vec<Item>) -> (usize, Vec<(usize, usize)>) {
    items.sort_by_key(|item| (std::cmp::Reverse(item.numbers), item.buffer));
    let mut placed: Vec<(usize, Item)> = Vec::new();
    let mut size = 0usize;
    for item in items {
        let mut taken: Vec<(usize, usize)> = placed
            .iter()
            .filter(|(_, other)| other.alive.0 <= item.alive.1 && item.alive.0 <= other.alive.1)
            .map(|(start, other)| (*start, start.saturating_add(other.numbers)))
            .collect();
        taken.sort_unstable();
        let mut start = 0usize;
        for (from, to) in taken {
            if start.saturating_add(item.numbers) <= from {
                break;
            }
            start = start.max(to);
        }
        size = size.max(start.saturating_add(item.numbers));
        placed.push((start, item));
    }
    let starts = placed.into_iter().map(|(start, item)| (item.buffer, start));
    (size, starts.collect())
}
