//! State: numbers of a network that are no parameters, by name. They are kept between steps and change in training, but
//! no optimizer touches them.

use super::buffer::{Element, Extent};
use std::ops::Range;

/// A handle to a state of a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StateId(pub(super) usize);

impl StateId {
    /// Its place among the states.
    pub fn index(self) -> usize {
        self.0
    }
}

/// What the numbers of a state are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StateKind {
    /// Any finite numbers.
    Number,
    /// Finite numbers from 0 on.
    NotNegative,
    /// Whole numbers from 0 to 2³² - 1: the bits of a `u32` in the place of each number. In files they are 64-bit
    /// integers, as in PyTorch.
    Count,
}

/// A state that a part asks for.
#[derive(Clone, Debug, PartialEq)]
pub struct StateSpec {
    /// As PyTorch names it within its module: `running_mean`.
    pub name: &'static str,
    /// As PyTorch has it; no sizes for a single number.
    pub shape: Vec<usize>,
    /// What its numbers are.
    pub kind: StateKind,
    /// What each of its numbers is before training; of a count, 0.
    pub initial: f32,
}

/// A named state of a network.
#[derive(Clone, Debug, PartialEq)]
pub struct State {
    /// As PyTorch's `state_dict` names it: `encoder.1.running_mean`.
    pub name: String,
    /// As PyTorch has it; no sizes for a single number.
    pub shape: Vec<usize>,
    /// What its numbers are.
    pub kind: StateKind,
    /// What each of its numbers is before training.
    pub initial: f32,
    /// Where its numbers lie among those of all states.
    pub range: Range<usize>,
}

impl State {
    /// Its numbers, as one column.
    pub(super) fn extent(&self) -> Extent {
        Extent::Whole {
            rows: self.range.len(),
            words: 1,
        }
    }

    /// The name of what its buffer holds.
    pub(super) fn element(&self) -> &'static str {
        match self.kind {
            StateKind::Number | StateKind::NotNegative => f32::NAME,
            StateKind::Count => u32::NAME,
        }
    }

    /// The first of its numbers that is none of its kind, with its place.
    pub(crate) fn first_unsound(&self, numbers: &[f32]) -> Option<(usize, f32)> {
        let is_sound = |number: f32| match self.kind {
            StateKind::Number => number.is_finite(),
            StateKind::NotNegative => number.is_finite() && number >= 0.0,
            StateKind::Count => true,
        };
        let mut all = numbers.iter().copied().enumerate();
        all.find(|&(_, number)| !is_sound(number))
    }
}

/// The numbers of all states.
#[derive(Clone, Copy)]
pub struct States<'a> {
    pub(super) numbers: &'a [f32],
    pub(super) all: &'a [State],
}

impl<'a> States<'a> {
    /// The numbers of a state.
    pub fn get(&self, state: StateId) -> &'a [f32] {
        &self.numbers[self.all[state.0].range.clone()]
    }
}

/// The numbers of all states before training.
pub(crate) fn initial(states: &[State]) -> Vec<f32> {
    let of = |state: &State| std::iter::repeat_n(state.initial, state.range.len());
    states.iter().flat_map(of).collect()
}
