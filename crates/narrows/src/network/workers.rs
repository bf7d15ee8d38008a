//! The threads that run passes.

use crate::program::ThreadSizes;
use narrows_kernels::Aligned;
use narrows_kernels::team::Team;

/// A team of threads that runs passes, each thread with its own memory. Both are kept from one piece of rows to the
/// next, and from one pass to another; the threads end with this value.
pub struct Workers {
    team: Team,
    memory: Vec<PassMemory>,
}

/// The memory of one thread.
pub(super) struct PassMemory {
    pub(super) local: Aligned,
    pub(super) scratch: Aligned,
}

impl Workers {
    /// A team of `threads` threads (at least 1), including the calling one.
    pub fn new(threads: usize) -> Workers {
        #[cfg(test)]
        counted::add(|counts| counts.teams += 1);
        let team = Team::new(threads);
        let memory = (0..team.threads()).map(|_| PassMemory {
            local: Aligned::zeros(0),
            scratch: Aligned::zeros(0),
        });
        Workers {
            memory: memory.collect(),
            team,
        }
    }

    /// The number of threads; it is smaller than requested if the system refused some.
    pub fn threads(&self) -> usize {
        self.team.threads()
    }

    /// The threads, for work other than passes.
    pub fn team(&mut self) -> &mut Team {
        &mut self.team
    }

    /// The threads, each with memory of at least these sizes. The memory holds old values.
    pub(super) fn with_memory(&mut self, sizes: &ThreadSizes) -> (&mut Team, &mut [PassMemory]) {
        let grow = |memory: &mut Aligned, numbers: usize| {
            if memory.len() < numbers {
                *memory = Aligned::zeros(numbers);
                #[cfg(test)]
                counted::add(|counts| counts.memories += 1);
            }
        };
        for own in &mut self.memory {
            grow(&mut own.local, sizes.local);
            grow(&mut own.scratch, sizes.scratch);
        }
        (&mut self.team, &mut self.memory)
    }
}

/// Counters for tests; they count only the work of the calling thread.
#[cfg(test)]
pub(crate) mod counted {
    use std::cell::Cell;

    /// The counts since the thread began.
    #[derive(Clone, Copy, Debug, Default, PartialEq)]
    pub(crate) struct Counts {
        /// Teams started.
        pub(crate) teams: usize,
        /// Memories allocated for a thread.
        pub(crate) memories: usize,
        /// Pieces of rows that went through a pass.
        pub(crate) passes: usize,
    }

    thread_local! {
        static COUNTS: Cell<Counts> = const {
            Cell::new(Counts { teams: 0, memories: 0, passes: 0 })
        };
    }

    pub(crate) fn add(count: impl FnOnce(&mut Counts)) {
        let mut counts = COUNTS.get();
        count(&mut counts);
        COUNTS.set(counts);
    }

    /// The counts of some work.
    pub(crate) fn during(work: impl FnOnce()) -> Counts {
        let before = COUNTS.replace(Counts::default());
        work();
        COUNTS.replace(before)
    }
}
