//! The two-phase training step.
//!
//! ```text
//! rows phase       each thread takes rows of the batch through gather, scaling, corruption, forward,
//!                  loss, terms and the gradients by the activations
//! parameter phase  each thread takes tiles of the parameters, forms the gradient of a tile over the
//!                  whole batch, and lets the optimiser apply it while it is in the cache
//! ```
//!
//! The end of each phase is the only synchronisation. No sum is formed by two threads, so a step has
//! the same bits for any number of them; and everything is planned beforehand, so a step allocates
//! nothing.

use super::available_threads;
use super::profile::{Part, Profile, Record, Watch};
use super::workers::{Blocks, Work};
use crate::corruption::Corruption;
use crate::data::Dataset;
use crate::data::scaling::Scaling;
use crate::error::{Error, ErrorKind, Result};
use crate::network::{Network, Parameters};
use crate::objective::{Batch, Contraction, Objective, Term};
use crate::optimizer::Optimizer;
use crate::recipe::Recipe;
use crate::rng::{Draws, Purpose};
use narrows_kernels::product;
use narrows_kernels::reduce::{add, dot, scale};
use narrows_kernels::split::{Bounds, Parts, Slabs};
use narrows_kernels::team::Team;
use narrows_kernels::{Aligned, Isa};

/// Everything that a training step works on, planned before the first.
pub struct Stepper {
    network: Network,
    parameters: Parameters,
    corruption: Option<Corruption>,
    noise: Draws,
    objective: Objective,
    terms: Vec<Contraction>,
    optimizer: Optimizer,
    team: Team,
    scratch: Vec<Scratch>,
    slabs: Slabs,
    plan: Plan,
    losses: Losses,
    /// For losses over several batches.
    sums: Losses,
    /// The gradient by all parameters, where it is needed whole before a step.
    whole: Option<Whole>,
    /// What a profile is made of, if one is asked for.
    record: Record,
    /// How many numbers products keep for each thread.
    kept: usize,
    isa: Isa,
}

/// The gradient by all parameters, and what is done to it before a step.
struct Whole {
    gradient: Aligned,
    /// The sum of squares of each tile.
    squares: Vec<f32>,
    /// Tile by tile one sum of squares.
    places: Bounds,
    /// The largest norm; 0 for any.
    clip_norm: f64,
}

/// What a [`Stepper`] trains, and how.
pub struct Setting {
    /// The network.
    pub network: Network,
    /// The parameters to start from.
    pub parameters: Parameters,
    /// What happens to the rows that the encoder reads.
    pub corruption: Option<Corruption>,
    /// The reconstruction loss.
    pub objective: Objective,
    /// The terms beside it; those of weight 0 are left out.
    pub terms: Vec<Term>,
    /// The optimiser.
    pub optimizer: Optimizer,
    /// What noise and probes follow from.
    pub seed: u64,
    /// The largest norm of the gradient over all parameters; 0 for any.
    pub clip_norm: f64,
    /// Whether a step may be given more rows than a batch, whose gradients are then added up.
    pub accumulates: bool,
}

/// The losses of a step, each the mean over its batch, before the step.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Losses {
    /// The whole objective.
    pub total: f64,
    /// The reconstruction loss.
    pub reconstruction: f64,
    /// The value of each term without its weight, in the recipe's order.
    pub terms: Vec<f64>,
}

impl Losses {
    fn reset(&mut self) {
        self.total = 0.0;
        self.reconstruction = 0.0;
        self.terms.fill(0.0);
    }

    fn add(&mut self, other: &Losses, weight: f64) {
        self.total += weight * other.total;
        self.reconstruction += weight * other.reconstruction;
        for (sum, term) in self.terms.iter_mut().zip(&other.terms) {
            *sum += weight * term;
        }
    }
}

/// The memory that a step is planned with, in bytes, beside that of the data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Memory {
    /// The parameters.
    pub parameters: usize,
    /// What the optimiser remembers of each.
    pub optimizer: usize,
    /// Activations and gradients of the rows of a batch, those of terms included.
    pub activations: usize,
    /// What the threads have for themselves, and the whole gradient where there is one.
    pub scratch: usize,
}

impl Memory {
    /// The least that steps of up to `batch` rows will take: without the terms' and the threads' own.
    pub(super) fn least(recipe: &Recipe, network: &Network, batch: usize) -> Memory {
        let bytes = |numbers: usize| numbers.saturating_mul(size_of::<f32>());
        let parameters = bytes(network.parameter_count());
        let values: usize = network.widths(network.layers()).iter().sum();
        let has_whole = recipe.clip_norm > 0.0 || recipe.accumulation > 1;
        Memory {
            parameters,
            optimizer: parameters * recipe.optimizer.numbers_remembered(),
            // Each with its gradient.
            activations: bytes(values.saturating_mul(2 * batch)),
            scratch: if has_whole { parameters } else { 0 },
        }
    }

    /// All of it.
    pub fn total(&self) -> usize {
        let parts = [
            self.parameters,
            self.optimizer,
            self.activations,
            self.scratch,
        ];
        parts.into_iter().fold(0, usize::saturating_add)
    }
}

/// What belongs to one thread.
struct Scratch {
    gradient: Aligned,
    /// For the noise of a row.
    noise: Aligned,
    /// For the layers.
    layers: Aligned,
    watch: Watch,
}

impl Scratch {
    fn layers(&mut self) -> &mut [f32] {
        &mut self.layers
    }
}

/// Which slab is what, and how rows are cut up.
///
/// Slab `i` is the input of layer `i`, and slab `layers` the output of the last.
struct Plan {
    layers: usize,
    /// Slab `gradients + i` is the gradient by slab `i`.
    gradients: usize,
    /// The rows as they are in the data: slab 0, unless that is corrupted.
    target: usize,
    /// The loss of each row.
    losses: usize,
    /// What the loss compares with the data: the output, or the logits before a last sigmoid.
    compared: usize,
    batch: usize,
    blocks: Blocks,
    /// The cuts of the batch sizes: the usual one, and that of an epoch's last batch.
    cuts: Vec<(usize, Bounds)>,
}

impl Stepper {
    /// Plans steps of up to `batch` rows on `threads` threads; 0 means as many as such a step has work for, and no
    /// more than there are cores.
    pub fn new(setting: Setting, batch: usize, threads: usize) -> Stepper {
        let Setting {
            network,
            parameters,
            corruption,
            objective,
            terms,
            optimizer,
            seed,
            clip_norm,
            accumulates,
        } = setting;
        let layers = network.layers().len();
        let mut widths = network.widths(network.layers());
        let gradients = widths.len();
        widths.extend_from_within(..);
        // The gradient by the data is never formed.
        widths[gradients] = 0;
        let losses = widths.len();
        widths.push(1);
        let mut target = 0;
        if corruption.is_some() {
            target = widths.len();
            widths.push(network.inputs());
        }
        let terms: Vec<Contraction> = terms
            .into_iter()
            .filter(|term| term.weight > 0.0)
            .map(|term| Contraction::plan(term, &network, seed, &mut widths))
            .collect();
        let bounds = network.parameter_bounds();
        let largest = (0..bounds.count())
            .map(|tile| bounds.range(tile).len())
            .max();
        let losses_of = Losses {
            terms: vec![0.0; terms.len()],
            ..Losses::default()
        };
        let whole = (clip_norm > 0.0 || accumulates).then(|| Whole {
            gradient: Aligned::zeros(network.parameter_count()),
            squares: vec![0.0; bounds.count()],
            places: Bounds::new((0..=bounds.count()).collect()),
            clip_norm,
        });
        let mut team = Team::new(match threads {
            0 => {
                let work = Work::of(&network, &terms, corruption.as_ref(), batch);
                work.workers(available_threads())
            }
            _ => threads,
        });
        let of_terms = terms.iter().map(|term| term.scratch(&network));
        let layers_scratch = of_terms.fold(network.scratch(), usize::max);
        let isa = Isa::best();
        let kept = product::prepare(isa);
        team.on_each(|| {
            product::prepare(isa);
        });
        let scratch = || Scratch {
            gradient: Aligned::zeros(largest.unwrap_or(0)),
            noise: Aligned::zeros(if corruption.is_some() {
                network.inputs()
            } else {
                0
            }),
            layers: Aligned::zeros(layers_scratch),
            watch: Watch::default(),
        };
        Stepper {
            scratch: (0..team.threads()).map(|_| scratch()).collect(),
            slabs: Slabs::new(&widths, batch),
            plan: Plan {
                layers,
                gradients,
                target,
                losses,
                compared: layers - objective.left_out(),
                batch,
                blocks: Blocks::of(&network, &terms),
                cuts: Vec::new(),
            },
            network,
            parameters,
            corruption,
            noise: Draws::new(seed, Purpose::Corruption),
            objective,
            losses: losses_of.clone(),
            sums: losses_of,
            terms,
            optimizer,
            team,
            whole,
            record: Record::default(),
            kept,
            isa,
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

    /// The most rows of a batch.
    pub fn batch(&self) -> usize {
        self.plan.batch
    }

    /// The terms at work, in the order of [`Losses::terms`].
    pub fn terms(&self) -> impl Iterator<Item = &Term> {
        self.terms.iter().map(Contraction::term)
    }

    /// Plans for the batches that so many rows are cut into, so that no step on them has to.
    pub fn plan_rows(&mut self, rows: usize) {
        for size in [rows.min(self.plan.batch), rows % self.plan.batch] {
            if size > 0 {
                self.plan.cut(size, self.team.threads());
            }
        }
    }

    /// The memory that was planned.
    pub fn memory(&self) -> Memory {
        let bytes = |numbers: usize| numbers * size_of::<f32>();
        let (_, first, second) = self.optimizer.state();
        let scratch = self
            .scratch
            .iter()
            .map(|scratch| scratch.gradient.len() + scratch.noise.len() + scratch.layers.len());
        let whole = self.whole.as_ref().map_or(0, |whole| whole.gradient.len());
        Memory {
            parameters: bytes(self.parameters.flat().len()),
            optimizer: bytes(first.len() + second.len()),
            activations: bytes(self.slabs.numbers()),
            scratch: bytes(scratch.sum::<usize>() + self.threads() * self.kept + whole),
        }
    }

    /// Counts from now on where the time of a step goes, for [`Stepper::profile`]. It changes nothing but that.
    pub fn start_profile(&mut self) {
        let (record, watch) = Record::running();
        self.record = record;
        for scratch in &mut self.scratch {
            scratch.watch = watch.clone();
        }
    }

    /// Where the time of the steps went since [`Stepper::start_profile`]; none before the first.
    pub fn profile(&self) -> Option<Profile> {
        let work = |layers: std::ops::Range<usize>| -> usize {
            layers.map(|layer| self.network.layer(layer).work()).sum()
        };
        let watches = self.scratch.iter().map(|scratch| &scratch.watch);
        self.record.profile(watches, |part| match part {
            Part::ForwardProducts | Part::Gradients => work(0..self.plan.layers),
            Part::BackwardProducts => work(1..self.plan.layers),
            _ => 0,
        })
    }

    /// One step on the given rows of the data, in an epoch counted from 0, at a share of the learning
    /// rate; gives the losses on them, before the step. Where gradients are added up the rows may be those
    /// of several batches.
    ///
    /// # Panics
    ///
    /// When there are no rows, more than planned for, or one that the data do not have.
    pub fn step(
        &mut self,
        data: &Dataset,
        scaling: &Scaling,
        epoch: u32,
        rows: &[u32],
        share: f64,
    ) -> &Losses {
        self.record.begin(rows.len());
        if self.whole.is_some() {
            self.step_whole(data, scaling, epoch, rows, share);
            self.record.end();
            return &self.losses;
        }
        self.rows_phase(data, scaling, epoch, rows);
        let update = self.optimizer.next_update(share);
        let (network, slabs, plan, isa) = (&self.network, &self.slabs, &self.plan, self.isa);
        let terms = &self.terms;
        let (first, second) = self.optimizer.state_mut();
        let bounds = network.parameter_bounds();
        self.team.run(
            &mut self.scratch,
            (
                Parts::new(self.parameters.flat_mut(), bounds),
                first.parts(),
                second.parts(),
            ),
            |scratch, tile, (parameters, first, second)| {
                scratch.watch.start();
                let gradient = &mut scratch.gradient[..parameters.len()];
                let from = (slabs, plan, rows.len());
                let own = (&mut scratch.layers[..], &mut scratch.watch);
                tile_gradient(network, terms, isa, tile, from, own, gradient);
                update.apply(isa, parameters, first, second, gradient);
                scratch.watch.lap(Part::Optimizer);
            },
        );
        self.record.watch.lap(Part::Waiting);
        self.record.end();
        &self.losses
    }

    /// A step whose gradient is formed whole first, over one batch after the other, and cut down to the
    /// largest norm.
    fn step_whole(
        &mut self,
        data: &Dataset,
        scaling: &Scaling,
        epoch: u32,
        rows: &[u32],
        share: f64,
    ) {
        let Some(mut whole) = self.whole.take() else {
            return;
        };
        let isa = self.isa;
        self.over_batches(data, scaling, epoch, rows, |stepper, batch, is_first| {
            let weight = batch as f32 / rows.len() as f32;
            let (network, slabs) = (&stepper.network, &stepper.slabs);
            let (plan, terms) = (&stepper.plan, &stepper.terms);
            stepper.team.run(
                &mut stepper.scratch,
                (
                    Parts::new(&mut whole.gradient, network.parameter_bounds()),
                    Parts::new(&mut whole.squares, &whole.places),
                ),
                |scratch, tile, (sum, square)| {
                    scratch.watch.start();
                    let gradient = &mut scratch.gradient[..sum.len()];
                    let from = (slabs, plan, batch);
                    let own = (&mut scratch.layers[..], &mut scratch.watch);
                    tile_gradient(network, terms, isa, tile, from, own, gradient);
                    if weight < 1.0 {
                        scale(isa, gradient, weight);
                    }
                    if is_first {
                        sum.copy_from_slice(gradient);
                    } else {
                        add(isa, sum, gradient);
                    }
                    square.fill(dot(isa, sum, sum));
                    scratch.watch.lap(Part::Optimizer);
                },
            );
            stepper.record.watch.lap(Part::Waiting);
        });
        let update = self.optimizer.next_update(share);
        // Tile by tile, so that the sum does not depend on the threads.
        let norm = whole
            .squares
            .iter()
            .map(|&s| f64::from(s))
            .sum::<f64>()
            .sqrt();
        let factor = match whole.clip_norm {
            0.0 => 1.0,
            // As PyTorch does.
            most => (most / (norm + 1e-6)).min(1.0),
        } as f32;
        self.record.watch.lap(Part::Rest);
        let (first, second) = self.optimizer.state_mut();
        let bounds = self.network.parameter_bounds();
        self.team.run(
            &mut self.scratch,
            (
                Parts::new(self.parameters.flat_mut(), bounds),
                Parts::new(&mut whole.gradient, bounds),
                (first.parts(), second.parts()),
            ),
            |scratch, _, (parameters, gradient, (first, second))| {
                scratch.watch.start();
                if factor < 1.0 {
                    scale(isa, gradient, factor);
                }
                update.apply(isa, parameters, first, second, gradient);
                scratch.watch.lap(Part::Optimizer);
            },
        );
        self.record.watch.lap(Part::Waiting);
        self.whole = Some(whole);
    }

    /// Runs the rows phase on one batch after the other, `each` after every one, with its rows and whether
    /// it is the first; the losses become those over all.
    fn over_batches(
        &mut self,
        data: &Dataset,
        scaling: &Scaling,
        epoch: u32,
        rows: &[u32],
        mut each: impl FnMut(&mut Stepper, usize, bool),
    ) {
        let mut sums = std::mem::take(&mut self.sums);
        sums.reset();
        for (index, batch) in rows.chunks(self.plan.batch).enumerate() {
            self.rows_phase(data, scaling, epoch, batch);
            sums.add(&self.losses, batch.len() as f64 / rows.len() as f64);
            each(self, batch.len(), index == 0);
        }
        std::mem::swap(&mut self.losses, &mut sums);
        self.sums = sums;
    }

    /// The losses on rows of any number, as in training, but with noise and probes that are the same every
    /// time; nothing is learnt.
    ///
    /// # Panics
    ///
    /// When there are no rows, or one that the data do not have.
    pub fn losses(&mut self, data: &Dataset, scaling: &Scaling, rows: &[u32]) -> &Losses {
        // What is no step is not counted as part of one.
        let record = std::mem::take(&mut self.record);
        let watch = |scratch: &mut Scratch| std::mem::take(&mut scratch.watch);
        let watches: Vec<Watch> = self.scratch.iter_mut().map(watch).collect();
        self.over_batches(data, scaling, u32::MAX, rows, |_, _, _| ());
        self.record = record;
        for (scratch, watch) in self.scratch.iter_mut().zip(watches) {
            scratch.watch = watch;
        }
        &self.losses
    }

    /// Exchanges the parameters for others, and the optimiser's state for another.
    ///
    /// # Errors
    ///
    /// When there are more or fewer numbers than there should be.
    pub fn restore(
        &mut self,
        parameters: &[f32],
        (steps, first, second): (u64, &[f32], &[f32]),
    ) -> Result<()> {
        self.set_parameters(parameters)?;
        self.optimizer.restore(steps, first, second)
    }

    /// Exchanges the parameters for others.
    ///
    /// # Errors
    ///
    /// When there are more or fewer than the network has.
    pub fn set_parameters(&mut self, parameters: &[f32]) -> Result<()> {
        let all = self.parameters.flat_mut();
        if all.len() != parameters.len() {
            return Err(
                Error::new(ErrorKind::Format, "the parameters do not fit the network")
                    .expected(format!("{} numbers", all.len()))
                    .found(parameters.len()),
            );
        }
        all.copy_from_slice(parameters);
        Ok(())
    }

    /// The optimiser and its state.
    pub fn optimizer(&self) -> &Optimizer {
        &self.optimizer
    }

    /// The losses on the given rows and the gradient of the objective by all parameters, in the arena's
    /// order; the parameters stay as they are.
    ///
    /// # Panics
    ///
    /// As [`Stepper::step`].
    pub fn loss_and_gradient(
        &mut self,
        data: &Dataset,
        scaling: &Scaling,
        epoch: u32,
        rows: &[u32],
    ) -> (Losses, Vec<f32>) {
        self.rows_phase(data, scaling, epoch, rows);
        let (network, slabs, plan, isa) = (&self.network, &self.slabs, &self.plan, self.isa);
        let terms = &self.terms;
        let mut gradient = vec![0.0; network.parameter_count()];
        self.team.run(
            &mut self.scratch,
            Parts::new(&mut gradient, network.parameter_bounds()),
            |scratch, tile, gradient| {
                let from = (slabs, plan, rows.len());
                let own = (&mut scratch.layers[..], &mut scratch.watch);
                tile_gradient(network, terms, isa, tile, from, own, gradient);
            },
        );
        (self.losses.clone(), gradient)
    }

    /// Fills the slabs with all that the gradients need, and works the losses out.
    fn rows_phase(&mut self, data: &Dataset, scaling: &Scaling, epoch: u32, rows: &[u32]) {
        assert!(
            !rows.is_empty() && rows.len() <= self.plan.batch,
            "rows as planned"
        );
        let cut = self.plan.cut(rows.len(), self.team.threads());
        let (network, parameters, plan) = (&self.network, &self.parameters, &self.plan);
        let (objective, isa) = (&self.objective, self.isa);
        let (corruption, noise) = (&self.corruption, &self.noise);
        for term in &mut self.terms {
            term.prepare(
                (&mut self.team, &mut self.scratch),
                isa,
                network,
                parameters,
            );
            self.record.watch.lap(Part::Terms);
        }
        let terms = &self.terms;
        let inputs = network.inputs();
        // The mean over the batch and the inputs.
        let scale = 1.0 / (rows.len() * inputs) as f32;
        self.team.run(
            &mut self.scratch,
            self.slabs.split(&plan.cuts[cut].1),
            |scratch, _, mut block| {
                let watch = &mut scratch.watch;
                watch.start();
                let these = &rows[block.rows()];
                let target = block.get_mut(plan.target).chunks_exact_mut(inputs);
                for (&row, into) in these.iter().zip(target) {
                    scaling.gather(data, row as usize, into);
                }
                watch.lap(Part::Gather);
                if let Some(corruption) = corruption {
                    let ([target], input) = block.read_write([plan.target], 0);
                    input.copy_from_slice(target);
                    for (&row, input) in these.iter().zip(input.chunks_exact_mut(inputs)) {
                        corruption.apply(isa, noise, (epoch, row), input, &mut scratch.noise);
                    }
                    watch.lap(Part::Noise);
                }
                network.forward_block(
                    isa,
                    parameters,
                    0..plan.layers,
                    &mut block,
                    &mut scratch.layers,
                    |layer| {
                        watch.lap(match network.layer(layer).work() {
                            0 => Part::ForwardElementwise,
                            _ => Part::ForwardProducts,
                        })
                    },
                );
                for row in 0..these.len() {
                    let pair = (plan.target, plan.compared);
                    let loss = objective.row(isa, &mut block, row, pair, plan.gradients, scale);
                    block.get_mut(plan.losses)[row] = loss;
                }
                watch.lap(Part::Loss);
                let batch = Batch {
                    samples: these,
                    epoch,
                    size: rows.len(),
                };
                for term in terms {
                    term.rows(
                        isa,
                        network,
                        parameters,
                        &mut block,
                        batch,
                        &mut scratch.layers,
                    );
                    watch.lap(Part::Terms);
                }
                network.backward_block(
                    isa,
                    parameters,
                    plan.compared - 1,
                    plan.gradients,
                    &mut block,
                    &mut scratch.layers,
                    |layer, block| {
                        watch.lap(match network.layer(layer).work() {
                            0 => Part::BackwardElementwise,
                            _ => Part::BackwardProducts,
                        });
                        for term in terms {
                            term.add_curvature(isa, network, layer, plan.gradients, block);
                            watch.lap(Part::Terms);
                        }
                    },
                );
            },
        );
        self.record.watch.lap(Part::Waiting);
        for term in &mut self.terms {
            let team = (
                &mut self.team,
                &mut self.scratch[..],
                Scratch::layers as fn(&mut _) -> &mut _,
            );
            let rows = (&self.slabs, &plan.cuts[cut].1);
            term.finish(team, isa, network, parameters, rows);
            self.record.watch.lap(Part::Terms);
        }
        // Row by row, so that the sum does not depend on the cut.
        let losses = self.slabs.rows(plan.losses, rows.len());
        let sum: f64 = losses.iter().map(|&loss| f64::from(loss)).sum();
        self.losses.reconstruction = sum / (rows.len() * inputs) as f64;
        self.losses.total = self.losses.reconstruction;
        for (term, value) in self.terms.iter().zip(&mut self.losses.terms) {
            *value = term.value(&self.slabs, rows.len());
            self.losses.total += f64::from(term.term().weight) * *value;
        }
        self.record.watch.lap(Part::Rest);
    }
}

/// The gradient of the objective by the parameters of a tile, over the first rows of the slabs.
fn tile_gradient(
    network: &Network,
    terms: &[Contraction],
    isa: Isa,
    tile: usize,
    (slabs, plan, rows): (&Slabs, &Plan, usize),
    (scratch, watch): (&mut [f32], &mut Watch),
    gradient: &mut [f32],
) {
    network.tile_gradient(isa, tile, slabs, plan.gradients, rows, gradient, scratch);
    watch.lap(Part::Gradients);
    let Some((_, cut)) = plan.cuts.iter().find(|(size, _)| *size == rows) else {
        return;
    };
    for term in terms {
        let place = network.tile(tile);
        term.add_gradient(isa, network, place, (slabs, cut), gradient, scratch);
        watch.lap(Part::Terms);
    }
}

impl Plan {
    /// Which of the cuts is that of `rows` rows; one that was not foreseen is planned now.
    fn cut(&mut self, rows: usize, threads: usize) -> usize {
        if let Some(known) = self.cuts.iter().position(|(size, _)| *size == rows) {
            return known;
        }
        self.cuts.push((rows, self.blocks.cut(rows, threads)));
        self.cuts.len() - 1
    }
}
