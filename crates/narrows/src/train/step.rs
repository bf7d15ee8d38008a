//! The two-phase training step.
//!
//! ```text
//! rows phase       each thread takes rows of the batch through gather, scaling, corruption, forward,
//!                  loss, terms and the gradients by the activations
//! parameter phase  each thread takes tiles of the parameters, forms the gradient of a tile over the
//!                  whole batch, and lets the optimiser apply it while it is in the cache
//! ```
//!
//! Where linear layers are folded ([`Folding`]), chains of small products come before each of the two.
//!
//! The end of each phase, or of a link of a chain, is the only synchronisation. No sum is formed by two threads, so a step has
//! the same bits for any number of them; and everything is planned beforehand, so a step allocates
//! nothing.

mod look;

pub(super) use look::NotFinite;

use super::profile::{Part, Profile, Record, Watch};
use super::workers::{Blocks, Work};
use crate::corruption::Corruption;
use crate::data::Dataset;
use crate::data::scaling::Scaling;
use crate::error::{Error, ErrorKind, Result};
use crate::network::{Folding, Network, Parameters, StepRows, folded_at_steps};
use crate::objective::{Batch, Contraction, Objective, Term};
use crate::optimizer::Optimizer;
use crate::recipe::Recipe;
use crate::rng::Pass;
use crate::threads::available_threads;
use narrows_kernels::product;
use narrows_kernels::reduce::{add, dot, scale};
use narrows_kernels::split::{Bounds, Parts, Slabs};
use narrows_kernels::team::Team;
use narrows_kernels::{Aligned, Isa};
use std::ops::Range;

/// Everything that a training step works on, planned before the first.
pub struct Stepper {
    network: Network,
    parameters: Parameters,
    corruption: Option<Corruption>,
    seed: u64,
    objective: Objective,
    terms: Vec<Contraction>,
    folding: Folding,
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
    /// Activations and gradients of the rows of a batch, those of terms included, and factors of folded layers.
    pub activations: usize,
    /// What the threads have for themselves, and the whole gradient where there is one.
    pub scratch: usize,
}

impl Memory {
    /// The least that steps of up to `batch` rows will take: without the terms' and the threads' own.
    pub(crate) fn least(recipe: &Recipe, network: &Network, batch: usize) -> Memory {
        let bytes = |numbers: usize| numbers.saturating_mul(size_of::<f32>());
        let parameters = bytes(network.parameter_count());
        let has_terms = recipe.terms.iter().any(|term| term.weight > 0.0);
        let mut widths = network.widths(network.layers());
        for run in folded_at_steps(network, first_foldable(network, has_terms), batch) {
            widths[run.start + 1..run.end].fill(0);
        }
        let values: usize = widths.iter().sum();
        let has_whole = recipe.clip_norm > 0.0 || recipe.accumulation > 1;
        Memory {
            parameters,
            optimizer: parameters * recipe.optimizer.numbers_remembered(),
            // Each with its gradient, but for the data.
            activations: bytes((2 * values - network.inputs()).saturating_mul(batch)),
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

/// The first layer that may be folded: terms need what lies between the layers of the encoder.
fn first_foldable(network: &Network, has_terms: bool) -> usize {
    match has_terms {
        true => network.decoder().start,
        false => 0,
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
            .map(|term| Contraction::plan(term, &network, seed, (batch, &mut widths)))
            .collect();
        let first = first_foldable(&network, !terms.is_empty());
        let folding = Folding::for_steps(&network, first, batch, (&mut widths, gradients));
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
                let work = Work::of(&network, (&terms, &folding), corruption.as_ref(), batch);
                work.workers(available_threads())
            }
            _ => threads,
        });
        let of_terms = terms.iter().map(|term| term.scratch(&network));
        let least = network.scratch().max(folding.scratch());
        let layers_scratch = of_terms.fold(least, usize::max);
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
            seed,
            objective,
            losses: losses_of.clone(),
            sums: losses_of,
            terms,
            folding,
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
            activations: bytes(self.slabs.numbers() + self.folding.numbers()),
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
        // Of what is folded only the multiply-adds of rows are proportional to their number.
        let work = |layers: Range<usize>| -> usize {
            let work = |layer| match self.folding.run_of(layer) {
                None => self.network.layer(layer).work(),
                Some(run) if run.start == layer => self.folding.work_of_row(layer).unwrap_or(0),
                Some(_) => 0,
            };
            layers.map(work).sum()
        };
        let watches = self.scratch.iter().map(|scratch| &scratch.watch);
        self.record.profile(watches, |part| match part {
            Part::ForwardProducts => work(0..self.plan.layers),
            Part::BackwardProducts => work(1..self.plan.layers),
            Part::Gradients if self.folding.is_empty() => work(0..self.plan.layers),
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
        self.rows_phase(data, scaling, Pass::Training(epoch), rows);
        self.gather_phase(rows.len());
        let update = self.optimizer.next_update(share);
        let gradients = Gradients {
            network: &self.network,
            terms: &self.terms,
            folding: &self.folding,
            slabs: &self.slabs,
            plan: &self.plan,
            rows: rows.len(),
            isa: self.isa,
        };
        let isa = self.isa;
        let (first, second) = self.optimizer.state_mut();
        let bounds = self.network.parameter_bounds();
        self.team.run(
            &mut self.scratch,
            (
                Parts::new(self.parameters.flat_mut(), bounds),
                first.parts(),
                second.parts(),
            ),
            |scratch, tile, (parameters, first, second)| {
                scratch.watch.start();
                gradients.of_tile(tile, scratch, |part, gradient, watch| {
                    let parameters = &mut parameters[part.clone()];
                    let state = (of_part(first, &part), of_part(second, &part));
                    update.apply(isa, parameters, state.0, state.1, gradient);
                    watch.lap(Part::Optimizer);
                });
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
        let (isa, pass) = (self.isa, Pass::Training(epoch));
        self.over_batches(data, scaling, pass, rows, |stepper, batch, is_first| {
            let weight = batch as f32 / rows.len() as f32;
            stepper.gather_phase(batch);
            let gradients = Gradients {
                network: &stepper.network,
                terms: &stepper.terms,
                folding: &stepper.folding,
                slabs: &stepper.slabs,
                plan: &stepper.plan,
                rows: batch,
                isa,
            };
            stepper.team.run(
                &mut stepper.scratch,
                (
                    Parts::new(&mut whole.gradient, stepper.network.parameter_bounds()),
                    Parts::new(&mut whole.squares, &whole.places),
                ),
                |scratch, tile, (sum, square)| {
                    scratch.watch.start();
                    gradients.of_tile(tile, scratch, |part, gradient, watch| {
                        if weight < 1.0 {
                            scale(isa, gradient, weight);
                        }
                        if is_first {
                            sum[part].copy_from_slice(gradient);
                        } else {
                            add(isa, &mut sum[part], gradient);
                        }
                        watch.lap(Part::Optimizer);
                    });
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
        pass: Pass,
        rows: &[u32],
        mut each: impl FnMut(&mut Stepper, usize, bool),
    ) {
        let mut sums = std::mem::take(&mut self.sums);
        sums.reset();
        for (index, batch) in rows.chunks(self.plan.batch).enumerate() {
            self.rows_phase(data, scaling, pass, batch);
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
        self.over_batches(data, scaling, Pass::Validation, rows, |_, _, _| ());
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
        self.folding.outdate();
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
        self.rows_phase(data, scaling, Pass::Training(epoch), rows);
        self.gather_phase(rows.len());
        let gradients = Gradients {
            network: &self.network,
            terms: &self.terms,
            folding: &self.folding,
            slabs: &self.slabs,
            plan: &self.plan,
            rows: rows.len(),
            isa: self.isa,
        };
        let mut gradient = vec![0.0; self.network.parameter_count()];
        self.team.run(
            &mut self.scratch,
            Parts::new(&mut gradient, self.network.parameter_bounds()),
            |scratch, tile, all| {
                gradients.of_tile(tile, scratch, |part, gradient, _| {
                    all[part].copy_from_slice(gradient);
                });
            },
        );
        (self.losses.clone(), gradient)
    }

    /// Forms what folded layers need for their gradients, after the rows phase.
    fn gather_phase(&mut self, count: usize) {
        if self.folding.is_empty() {
            return;
        }
        let team = (
            &mut self.team,
            &mut self.scratch[..],
            Scratch::layers as fn(&mut _) -> &mut _,
        );
        let rows = StepRows {
            slabs: &mut self.slabs,
            gradients: self.plan.gradients,
            count,
        };
        let of = (&self.network, &self.parameters);
        self.folding.gather(team, self.isa, of, rows);
        self.record.watch.lap(Part::Folding);
    }

    /// Fills the slabs with all that the gradients need, and works the losses out.
    fn rows_phase(&mut self, data: &Dataset, scaling: &Scaling, pass: Pass, rows: &[u32]) {
        assert!(
            !rows.is_empty() && rows.len() <= self.plan.batch,
            "rows as planned"
        );
        let cut = self.plan.cut(rows.len(), self.team.threads());
        let (network, parameters, plan) = (&self.network, &self.parameters, &self.plan);
        let (objective, isa) = (&self.objective, self.isa);
        let (corruption, (noise, epoch)) = (&self.corruption, pass.corruption(self.seed));
        for term in &mut self.terms {
            term.prepare(
                (&mut self.team, &mut self.scratch),
                isa,
                network,
                parameters,
            );
            self.record.watch.lap(Part::Terms);
        }
        if !self.folding.is_empty() {
            let team = (
                &mut self.team,
                &mut self.scratch[..],
                Scratch::layers as fn(&mut _) -> &mut _,
            );
            self.folding.fold(team, isa, network, parameters);
            self.record.watch.lap(Part::Folding);
        }
        let (terms, folding) = (&self.terms, &self.folding);
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
                        let address = (epoch, data.identity(row));
                        corruption.apply(isa, &noise, address, input, &mut scratch.noise);
                    }
                    watch.lap(Part::Noise);
                }
                let mut layer = 0;
                while layer < plan.layers {
                    let next = match folding.run_of(layer) {
                        Some(run) => {
                            let ([x], y) = block.read_write([layer], run.end);
                            folding.forward(isa, layer, x, y);
                            folding.keep(layer, &mut block);
                            run.end
                        }
                        None => {
                            let ([x], y) = block.read_write([layer], layer + 1);
                            let p = network.parameters_of(layer, parameters);
                            network
                                .layer(layer)
                                .forward(isa, p, x, y, &mut scratch.layers);
                            layer + 1
                        }
                    };
                    watch.lap(match network.layer(layer).work() {
                        0 => Part::ForwardElementwise,
                        _ => Part::ForwardProducts,
                    });
                    layer = next;
                }
                for row in 0..these.len() {
                    let pair = (plan.target, plan.compared);
                    let loss = objective.row(isa, &mut block, row, pair, plan.gradients, scale);
                    block.get_mut(plan.losses)[row] = loss;
                }
                watch.lap(Part::Loss);
                let batch = Batch {
                    data,
                    rows: these,
                    pass,
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
                // Nothing needs the gradient by the data.
                let mut layer = plan.compared;
                while layer > 1 {
                    layer -= 1;
                    match folding.run_of(layer) {
                        Some(run) if run.start == 0 => break,
                        Some(run) => {
                            layer = run.start;
                            folding.backward(isa, layer, plan.gradients, &mut block);
                        }
                        None => network.backward_layer(
                            isa,
                            parameters,
                            layer,
                            plan.gradients,
                            &mut block,
                            &mut scratch.layers,
                        ),
                    }
                    watch.lap(match network.layer(layer).work() {
                        0 => Part::BackwardElementwise,
                        _ => Part::BackwardProducts,
                    });
                    for term in terms {
                        term.add_curvature(isa, network, layer, plan.gradients, &mut block);
                        watch.lap(Part::Terms);
                    }
                }
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

/// What the gradient of the objective by the parameters is formed from, after the rows phase.
struct Gradients<'a> {
    network: &'a Network,
    terms: &'a [Contraction],
    folding: &'a Folding,
    slabs: &'a Slabs,
    plan: &'a Plan,
    rows: usize,
    isa: Isa,
}

impl Gradients<'_> {
    /// Forms the gradient by the parameters of a tile, part by part, each of which `each` is given with its place in
    /// the tile.
    fn of_tile(
        &self,
        tile: usize,
        Scratch {
            gradient,
            layers,
            watch,
            ..
        }: &mut Scratch,
        mut each: impl FnMut(Range<usize>, &mut [f32], &mut Watch),
    ) {
        let (network, isa) = (self.network, self.isa);
        let (layer, number, place) = network.tile(tile);
        if let Some(part) = self.folding.part(network, tile) {
            for start in place.clone().step_by(part) {
                let end = (start + part).min(place.end);
                let gradient = &mut gradient[..end - start];
                self.folding
                    .gradient(isa, network, (layer, start), gradient);
                watch.lap(Part::Gradients);
                each(start - place.start..end - place.start, gradient, watch);
            }
            return;
        }
        let gradient = &mut gradient[..place.len()];
        let x = self.slabs.rows(layer, self.rows);
        let dy = self.slabs.rows(self.plan.gradients + layer + 1, self.rows);
        network
            .layer(layer)
            .gradient(isa, number, x, dy, gradient, layers);
        watch.lap(Part::Gradients);
        if let Some((_, cut)) = self.plan.cuts.iter().find(|(size, _)| *size == self.rows) {
            for term in self.terms {
                let place = (layer, number, place.clone());
                term.add_gradient(isa, network, place, (self.slabs, cut), gradient, layers);
                watch.lap(Part::Terms);
            }
        }
        each(0..place.len(), gradient, watch);
    }
}

/// Some of what an optimiser remembers; nothing where it remembers nothing.
fn of_part<'a>(state: &'a mut [f32], part: &Range<usize>) -> &'a mut [f32] {
    let len = state.len();
    &mut state[part.start.min(len)..part.end.min(len)]
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
