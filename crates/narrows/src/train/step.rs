//! The two-phase training step.
//!
//! ```text
//! rows phase       each thread takes rows of the batch through gather, scaling, forward, loss and
//!                  the gradients by the activations
//! parameter phase  each thread takes tiles of the parameters, forms the gradient of a tile over the
//!                  whole batch, and lets the optimiser apply it while it is in the cache
//! ```
//!
//! The end of each phase is the only synchronisation. No sum is formed by two threads, so a step has
//! the same bits for any number of them; and everything is planned beforehand, so a step allocates
//! nothing.

use crate::data::Dataset;
use crate::data::scaling::Scaling;
use crate::network::{Network, Parameters};
use crate::objective::Objective;
use crate::optimizer::Optimizer;
use narrows_kernels::split::{Bounds, Parts, Slabs};
use narrows_kernels::team::Team;
use narrows_kernels::{Aligned, Isa};

/// Rows in a block of the rows phase at the most, so that its activations stay in the cache.
const MAX_BLOCK: usize = 256;

/// Everything that a training step works on, planned before the first.
pub struct Stepper {
    network: Network,
    parameters: Parameters,
    objective: Objective,
    optimizer: Optimizer,
    team: Team,
    scratch: Vec<Scratch>,
    slabs: Slabs,
    plan: Plan,
    isa: Isa,
}

/// What belongs to one thread.
struct Scratch {
    gradient: Aligned,
    layers: Aligned,
}

/// Which slab is what, and how rows are cut up.
///
/// Slab `i` is the input of layer `i`, and slab `layers` the output of the last.
struct Plan {
    layers: usize,
    /// Slab `gradients + i` is the gradient by slab `i`.
    gradients: usize,
    /// The loss of each row.
    losses: usize,
    /// What the loss compares with the data: the output, or the logits before a last sigmoid.
    compared: usize,
    batch: usize,
    /// The cuts of the batch sizes met so far: the usual one, and that of an epoch's last batch.
    cuts: Vec<(usize, Bounds)>,
}

impl Stepper {
    /// Plans steps of up to `batch` rows on `threads` threads.
    pub fn new(
        network: Network,
        parameters: Parameters,
        objective: Objective,
        optimizer: Optimizer,
        batch: usize,
        threads: usize,
    ) -> Stepper {
        let layers = network.layers().len();
        let mut widths = network.widths(network.layers());
        let gradients = widths.len();
        widths.extend_from_within(..);
        // The gradient by the data is never formed.
        widths[gradients] = 0;
        let losses = widths.len();
        widths.push(1);
        let bounds = network.parameter_bounds();
        let largest = (0..bounds.count())
            .map(|tile| bounds.range(tile).len())
            .max();
        let team = Team::new(threads);
        let scratch = || Scratch {
            gradient: Aligned::zeros(largest.unwrap_or(0)),
            layers: Aligned::zeros(network.scratch()),
        };
        Stepper {
            scratch: (0..team.threads()).map(|_| scratch()).collect(),
            slabs: Slabs::new(&widths, batch),
            plan: Plan {
                layers,
                gradients,
                losses,
                compared: if objective.compares_logits() {
                    layers - 1
                } else {
                    layers
                },
                batch,
                cuts: Vec::new(),
            },
            network,
            parameters,
            objective,
            optimizer,
            team,
            isa: Isa::best(),
        }
    }

    /// The parameters as they stand.
    pub fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    /// The network.
    pub fn network(&self) -> &Network {
        &self.network
    }

    /// The number of threads.
    pub fn threads(&self) -> usize {
        self.team.threads()
    }

    /// One step on the given rows of the data; gives the mean loss over them, before the step.
    ///
    /// # Panics
    ///
    /// When there are no rows, more than planned for, or one that the data do not have.
    pub fn step(&mut self, data: &Dataset, scaling: &Scaling, rows: &[u32]) -> f64 {
        let loss = self.rows_phase(data, scaling, rows);
        let update = self.optimizer.next_update();
        let (network, slabs, plan, isa) = (&self.network, &self.slabs, &self.plan, self.isa);
        let (first, second) = self.optimizer.state_mut();
        let bounds = network.parameter_bounds();
        self.team.run(
            &mut self.scratch,
            (
                Parts::new(self.parameters.flat_mut(), bounds),
                first.parts(),
                second.parts(),
            ),
            |Scratch { gradient, layers }, tile, (parameters, first, second)| {
                let gradient = &mut gradient[..parameters.len()];
                network.tile_gradient(
                    isa,
                    tile,
                    slabs,
                    plan.gradients,
                    rows.len(),
                    gradient,
                    layers,
                );
                update.apply(isa, parameters, first, second, gradient);
            },
        );
        loss
    }

    /// The mean loss over the given rows and its gradient by all parameters, in the arena's order;
    /// the parameters stay as they are.
    ///
    /// # Panics
    ///
    /// As [`Stepper::step`].
    pub fn loss_and_gradient(
        &mut self,
        data: &Dataset,
        scaling: &Scaling,
        rows: &[u32],
    ) -> (f64, Vec<f32>) {
        let loss = self.rows_phase(data, scaling, rows);
        let (network, slabs, plan, isa) = (&self.network, &self.slabs, &self.plan, self.isa);
        let mut gradient = vec![0.0; network.parameter_count()];
        self.team.run(
            &mut self.scratch,
            Parts::new(&mut gradient, network.parameter_bounds()),
            |Scratch { layers, .. }, tile, gradient| {
                network.tile_gradient(
                    isa,
                    tile,
                    slabs,
                    plan.gradients,
                    rows.len(),
                    gradient,
                    layers,
                );
            },
        );
        (loss, gradient)
    }

    fn rows_phase(&mut self, data: &Dataset, scaling: &Scaling, rows: &[u32]) -> f64 {
        assert!(
            !rows.is_empty() && rows.len() <= self.plan.batch,
            "rows as planned"
        );
        let cut = self.plan.cut(rows.len(), self.team.threads());
        let (network, parameters, plan) = (&self.network, &self.parameters, &self.plan);
        let (objective, isa) = (&self.objective, self.isa);
        let inputs = network.inputs();
        // The mean over the batch and the inputs.
        let scale = 1.0 / (rows.len() * inputs) as f32;
        self.team.run(
            &mut self.scratch,
            self.slabs.split(&plan.cuts[cut].1),
            |Scratch { layers, .. }, _, mut block| {
                let these = &rows[block.rows()];
                for (&row, into) in these.iter().zip(block.get_mut(0).chunks_exact_mut(inputs)) {
                    scaling.gather(data, row as usize, into);
                }
                network.forward_block(isa, parameters, 0..plan.layers, &mut block, layers);
                for row in 0..these.len() {
                    let loss =
                        objective.row(isa, &mut block, row, plan.compared, plan.gradients, scale);
                    block.get_mut(plan.losses)[row] = loss;
                }
                network.backward_block(
                    isa,
                    parameters,
                    plan.compared - 1,
                    plan.gradients,
                    &mut block,
                    layers,
                );
            },
        );
        // Row by row, so that the sum does not depend on the cut.
        let losses = self.slabs.rows(plan.losses, rows.len());
        losses.iter().map(|&loss| f64::from(loss)).sum::<f64>() / (rows.len() * inputs) as f64
    }
}

impl Plan {
    /// Which of the cuts is that of `rows` rows; planned when a size is met for the first time.
    fn cut(&mut self, rows: usize, threads: usize) -> usize {
        if let Some(known) = self.cuts.iter().position(|(size, _)| *size == rows) {
            return known;
        }
        let blocks = threads.min(rows).max(rows.div_ceil(MAX_BLOCK));
        self.cuts.push((rows, Bounds::even(rows, blocks)));
        self.cuts.len() - 1
    }
}
