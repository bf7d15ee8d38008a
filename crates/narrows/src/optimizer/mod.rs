//! Optimisers, as operations on flat slices of parameters.

mod spec;

pub use spec::OptimizerSpec;
pub(crate) use spec::{KIND, LEARNING_RATE, OPTIMIZERS};

use crate::network::Network;
use narrows_kernels::optimizer::{Adam, Sgd};
use narrows_kernels::split::{Bounds, Parts};
use narrows_kernels::{Aligned, Isa};

/// An optimiser with its state: up to two numbers a parameter, and the count of steps.
pub struct Optimizer {
    spec: OptimizerSpec,
    steps: u64,
    first: State,
    second: State,
}

/// One number a parameter, cut as the parameters are; or none at all, cut as often.
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

/// One step of an optimiser, the same for all parameters.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Update {
    Sgd(Sgd),
    Adam(Adam),
}

impl Optimizer {
    /// An optimiser that has done no step, for the parameters of a network.
    pub fn new(spec: OptimizerSpec, network: &Network) -> Optimizer {
        let bounds = network.parameter_bounds();
        let has_two = !matches!(spec, OptimizerSpec::Sgd { .. });
        Optimizer {
            spec,
            steps: 0,
            first: State::new(bounds, true),
            second: State::new(bounds, has_two),
        }
    }

    /// Counts a step, and gives what it does to each parameter.
    ///
    /// Shares and corrections are formed in double precision, as `1 - 0.999` in single is 5e-5 off.
    pub(crate) fn next_update(&mut self) -> Update {
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
        match self.spec {
            OptimizerSpec::Sgd {
                learning_rate,
                momentum,
                weight_decay,
            } => Update::Sgd(Sgd {
                learning_rate: learning_rate as f32,
                momentum: momentum as f32,
                weight_decay: weight_decay as f32,
            }),
            OptimizerSpec::Adam {
                learning_rate,
                beta1,
                beta2,
                epsilon,
                weight_decay,
            } => adam(learning_rate, (beta1, beta2), epsilon, weight_decay, 1.0),
            OptimizerSpec::AdamW {
                learning_rate,
                beta1,
                beta2,
                epsilon,
                weight_decay,
            } => {
                let shrink = 1.0 - learning_rate * weight_decay;
                adam(learning_rate, (beta1, beta2), epsilon, 0.0, shrink)
            }
        }
    }

    pub(crate) fn state_mut(&mut self) -> (&mut State, &mut State) {
        (&mut self.first, &mut self.second)
    }
}

impl Update {
    /// Applies the step to a tile; `second` is empty where the optimiser has one state only.
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
