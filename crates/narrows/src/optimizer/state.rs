//! An optimizer with its state, and its updates.

use super::spec::OptimizerSpec;
use crate::error::{Error, ErrorKind, Result};
use crate::network::Network;
use crate::text::count_of;
use narrows_kernels::optimizer::{Adam, Sgd};
use narrows_kernels::split::{Bounds, Parts};
use narrows_kernels::{Aligned, Isa};

/// An optimizer with its state: up to two numbers per parameter, and the number of steps.
pub struct Optimizer {
    pub(crate) spec: OptimizerSpec,
    steps: u64,
    first: State,
    second: State,
}

/// One number per parameter, split like the parameters; or empty parts, equally many.
pub(crate) struct State {
    numbers: Aligned,
    bounds: Bounds,
}

impl State {
    fn new(bounds: &Bounds, used: bool) -> State {
        let bounds = if used {
            bounds.clone()
        } else {
            Bounds::new(vec![0; bounds.count() + 1])
        };
        let len = (0..bounds.count())
            .last()
            .map_or(0, |last| bounds.range(last).end);
        State {
            numbers: Aligned::zeros(len),
            bounds,
        }
    }

    pub(crate) fn parts(&mut self) -> Parts<'_, f32> {
        Parts::new(&mut self.numbers, &self.bounds)
    }
}

/// One step of an optimizer, the same for all parameters.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Update {
    Sgd(Sgd),
    Adam(Adam),
}

impl Optimizer {
    /// An optimizer before its first step, for the parameters of a network.
    pub fn new(spec: OptimizerSpec, network: &Network) -> Optimizer {
        let bounds = &network.tile_bounds();
        Optimizer {
            spec,
            steps: 0,
            first: State::new(bounds, true),
            second: State::new(bounds, spec.numbers_remembered() > 1),
        }
    }

    /// Counts a step, and returns its update of a parameter, with the learning rate multiplied by `factor`.
    ///
    /// Shares and corrections are computed in double precision, because `1 - 0.999` in single precision is off by 5e-5.
    pub(crate) fn next_update(&mut self, factor: f64) -> Update {
        self.steps += 1;
        let adam = |learning_rate: f64, (beta1, beta2): (f64, f64), epsilon, l2, shrink| {
            let t = self.steps as f64;
            Update::Adam(Adam {
                first_share: (1.0 - beta1) as f32,
                second_share: (1.0 - beta2) as f32,
                epsilon: epsilon as f32,
                weight_decay: l2 as f32,
                shrink: shrink as f32,
                step_size: (learning_rate / (1.0 - beta1.powf(t))) as f32,
                second_correction: (1.0 / (1.0 - beta2.powf(t)).sqrt()) as f32,
            })
        };
        let rate_of = |learning_rate: f64| learning_rate * factor;
        match self.spec {
            OptimizerSpec::Sgd {
                learning_rate,
                momentum,
                weight_decay,
            } => Update::Sgd(Sgd {
                learning_rate: rate_of(learning_rate) as f32,
                momentum: momentum as f32,
                weight_decay: weight_decay as f32,
            }),
            OptimizerSpec::Adam {
                learning_rate,
                beta1,
                beta2,
                epsilon,
                weight_decay,
            } => {
                let rate = rate_of(learning_rate);
                adam(rate, (beta1, beta2), epsilon, weight_decay, 1.0)
            }
            OptimizerSpec::AdamW {
                learning_rate,
                beta1,
                beta2,
                epsilon,
                weight_decay,
            } => {
                let rate = rate_of(learning_rate);
                let shrink = 1.0 - rate * weight_decay;
                adam(rate, (beta1, beta2), epsilon, 0.0, shrink)
            }
        }
    }

    /// The number of steps, and the state: up to two numbers per parameter.
    pub fn state(&self) -> (u64, &[f32], &[f32]) {
        (self.steps, &self.first.numbers, &self.second.numbers)
    }

    /// Restores the state that [`Optimizer::state`] returned.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Format`] if the number of values differs from the optimizer's state.
    pub fn restore(&mut self, steps: u64, first: &[f32], second: &[f32]) -> Result<()> {
        for (state, numbers) in [(&mut self.first, first), (&mut self.second, second)] {
            if state.numbers.len() != numbers.len() {
                return Err(
                    Error::new(ErrorKind::Format, "the optimizer's state does not fit")
                        .expected(count_of(state.numbers.len(), "number"))
                        .found(numbers.len()),
                );
            }
            state.numbers.copy_from_slice(numbers);
        }
        self.steps = steps;
        Ok(())
    }

    pub(crate) fn state_mut(&mut self) -> (&mut State, &mut State) {
        (&mut self.first, &mut self.second)
    }
}

impl Update {
    /// Applies the step to a tile; `second` is empty if the optimizer has only one state.
    pub(crate) fn apply(
        &self,
        isa: Isa,
        parameters: &mut [f32],
        first: &mut [f32],
        second: &mut [f32],
        gradient: &[f32],
    ) {
        match self {
            Update::Sgd(sgd) => sgd.step(isa, parameters, first, gradient),
            Update::Adam(adam) => adam.step(isa, parameters, first, second, gradient),
        }
    }
}
