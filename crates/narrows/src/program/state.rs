//! State: named numbers of a network that are not parameters. They are kept between steps and change in training, but
//! not by the optimizer.

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

/// The kind of a state's numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StateKind {
    /// Any finite numbers.
    Number,
    /// Finite numbers from 0 on.
    NotNegative,
    /// Whole numbers from 0 to 2³² - 1: each number is stored as the bits of a `u32`. In files they are 64-bit
    /// integers, as in PyTorch.
    Count,
}

/// A state that a part requests.
#[derive(Clone, Debug, PartialEq)]
pub struct StateSpec {
    /// Its name in the module in PyTorch: `running_mean`.
    pub name: &'static str,
    /// Its shape in PyTorch; no sizes for a single number.
    pub shape: Vec<usize>,
    /// The kind of its numbers.
    pub kind: StateKind,
    /// The initial value of its numbers; 0 for a count.
    pub initial: f32,
}

/// A named state of a network.
#[derive(Clone, Debug, PartialEq)]
pub struct State {
    /// Its name in PyTorch's `state_dict`: `encoder.1.running_mean`.
    pub name: String,
    /// Its shape in PyTorch; no sizes for a single number.
    pub shape: Vec<usize>,
    /// The kind of its numbers.
    pub kind: StateKind,
    /// The initial value of its numbers.
    pub initial: f32,
    /// The range of its numbers among the numbers of all states.
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

    /// The name of its buffer's element type.
    pub(super) fn element(&self) -> &'static str {
        match self.kind {
            StateKind::Number | StateKind::NotNegative => f32::NAME,
            StateKind::Count => u32::NAME,
        }
    }

    /// The first of its numbers that is not valid for its kind, with its place.
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
