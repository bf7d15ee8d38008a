//! The threads that run passes.

use crate::program::ThreadSizes;
use narrows_kernels::Aligned;
use narrows_kernels::team::Team;

/// A team of threads that runs passes, each thread with memory of its own. Both stay from one piece of rows to the next,
/// and from one pass to another; the threads end with the value.
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
    /// So many threads (at least 1), the calling one included.
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

    /// The number of threads, which is smaller than asked for where the system refused some.
    pub fn threads(&self) -> usize {
        self.team.threads()
    }

    /// The threads, for other work than passes.
    pub fn team(&mut self) -> &mut Team {
        &mut self.team
    }

    /// The threads, each with memory of at least these sizes. What is in it is left from before.
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

/// What tests count: only what the calling thread does.
#[cfg(test)]
pub(crate) mod counted {
    use std::cell::Cell;

    /// How often something was done since the thread began.
    #[derive(Clone, Copy, Debug, Default, PartialEq)]
    pub(crate) struct Counts {
        /// Teams begun.
        pub(crate) teams: usize,
        /// Memory taken for a thread.
        pub(crate) memories: usize,
        /// Pieces of rows taken through a pass.
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

    /// What some work did.
    pub(crate) fn during(work: impl FnOnce()) -> Counts {
        let before = COUNTS.replace(Counts::default());
        work();
        COUNTS.replace(before)
    }
}
