//! Plans steps from their settings, before any memory is allocated.

use super::losses::Losses;
use super::memory::Memory;
use super::sentence::Sentence;
use super::stepper::Stepper;
use super::whole::Whole;
use crate::corruption::Corruption;
use crate::error::{Error, ErrorKind, Result};
use crate::network::{Network, Parameters};
use crate::objective::{Objective, Penalty};
use crate::optimizer::Optimizer;
use crate::program::{Cpu, Mode, Options, Plan, ThreadSizes};
use crate::recipe::Recipe;
use crate::threads::available_threads;
use crate::train::batches::joins;
use narrows_kernels::Isa;

/// The settings of a [`Stepper`].
pub struct Setting {
    /// The network.
    pub network: Network,
    /// The parameters to start from.
    pub parameters: Parameters,
    /// Whether values are drawn as 0 or 1; see [`Recipe::binarize`].
    pub binarize: bool,
    /// Noise on the encoder's input.
    pub corruption: Option<Corruption>,
    /// The reconstruction loss.
    pub objective: Objective,
    /// The penalties, which are added to it; penalties of weight 0 are left out.
    pub penalties: Vec<Penalty>,
    /// The optimizer.
    pub optimizer: Optimizer,
    /// The seed of noise and probes.
    pub seed: u64,
    /// The largest norm of the gradient over all parameters; 0 for no limit.
    pub clip_norm: f64,
    /// The most batches of a step, whose gradients are added.
    pub accumulation: usize,
}

impl Setting {
    /// The settings of a recipe, with parameters drawn from its seed.
    ///
    /// # Errors
    ///
    /// If the objective does not fit the decoder.
    pub fn of(recipe: &Recipe, network: Network) -> Result<Setting> {
        Ok(Setting {
            parameters: Parameters::initial(&network, recipe.initialization, recipe.seed),
            binarize: recipe.binarize,
            corruption: recipe.corruption.clone(),
            objective: Objective::new(&recipe.reconstruction, &recipe.bottleneck, &recipe.decoder)?,
            penalties: recipe.penalties.clone(),
            optimizer: Optimizer::new(recipe.optimizer, &network),
            seed: recipe.seed,
            clip_norm: recipe.clip_norm,
            accumulation: recipe.accumulation,
            network,
        })
    }
}

/// The two planned programs of steps.
pub(crate) struct Programs {
    sentence: Sentence,
    training: Plan,
    validation: Plan,
}

impl Programs {
    /// The programs of a recipe; the passes that make the graph cheaper run only if it `optimizes`.
    ///
    /// # Errors
    ///
    /// If parts of the recipe do not fit together.
    pub(crate) fn of(
        recipe: &Recipe,
        network: Network,
        batch: usize,
        threads: usize,
        optimizes: bool,
    ) -> Result<Programs> {
        let sentence = Sentence {
            network,
            binarize: recipe.binarize,
            corruption: recipe.corruption.clone(),
            objective: Objective::new(&recipe.reconstruction, &recipe.bottleneck, &recipe.decoder)?,
            penalties: counted(&recipe.penalties),
            seed: recipe.seed,
        };
        Programs::new(sentence, batch, threads, optimizes)
    }

    fn new(sentence: Sentence, batch: usize, threads: usize, optimizes: bool) -> Result<Programs> {
        sentence.check_batch(batch)?;
        let most = batch + usize::from(joins(sentence.couples_rows(), batch));
        let plan = |mode, threads| {
            let mut graph = sentence.graph(mode)?.builder;
            if optimizes {
                crate::program::optimize(&mut graph, batch);
            }
            let cores = available_threads();
            Plan::new(
                &graph,
                Options {
                    batch: most,
                    threads,
                    cores,
                },
            )
        };
        let training = plan(Mode::Training, threads)?;
        let validation = plan(Mode::Validation, training.threads())?;
        check_losses(&training, &validation)?;
        Ok(Programs {
            sentence,
            training,
            validation,
        })
    }

    /// The programs of training and validation as text.
    pub(crate) fn describe(&self) -> [String; 2] {
        [self.training.describe(), self.validation.describe()]
    }

    /// The memory of the programs, for steps that clip to a norm and accumulate a number of batches, and an optimizer
    /// that stores a number of values per parameter.
    pub(crate) fn memory(&self, clip_norm: f64, accumulation: usize, remembered: usize) -> Memory {
        let bytes = |numbers: usize| numbers.saturating_mul(size_of::<f32>());
        let count = self.sentence.network.parameter_count();
        let threads = self.training.threads();
        let whole = Whole::numbers(count, clip_norm, accumulation);
        let own = threads.saturating_mul(self.thread_sizes(threads).numbers());
        let arenas = self
            .training
            .arena()
            .saturating_add(self.validation.arena());
        Memory {
            parameters: bytes(count),
            optimizer: bytes(count.saturating_mul(remembered)),
            activations: bytes(arenas),
            scratch: bytes(own.saturating_add(whole)),
        }
    }

    fn thread_sizes(&self, threads: usize) -> ThreadSizes {
        let training = self.training.thread_sizes(threads);
        training.max(self.validation.thread_sizes(threads))
    }
}

/// Refuses losses that a record could not distinguish: two of one name, or losses in validation that differ from those
/// in training.
fn check_losses(training: &Plan, validation: &Plan) -> Result<()> {
    let names: Vec<&str> = training.losses().collect();
    let twice = names
        .iter()
        .enumerate()
        .find(|(place, name)| names[..*place].contains(name));
    if let Some((_, name)) = twice {
        return Err(
            Error::new(ErrorKind::Recipe, format!("two losses are called `{name}`"))
                .at("objective")
                .expected("a name of its own for each loss that a part reports"),
        );
    }
    if !training.has_reconstruction() {
        return Err(Error::new(
            ErrorKind::Recipe,
            "the reconstruction loss reports under another name",
        )
        .at("objective.reconstruction")
        .expected("`reconstruction`, or parts called `reconstruction.NAME`")
        .found(names.join(", ")));
    }
    let others: Vec<&str> = validation.losses().collect();
    if names == others {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::Recipe,
        "a part reports other losses in validation than in training",
    )
    .at("objective")
    .expected(names.join(", "))
    .found(others.join(", ")))
}

/// The penalties, except penalties of weight 0.
fn counted(penalties: &[Penalty]) -> Vec<Penalty> {
    let counted = penalties.iter().filter(|penalty| penalty.weight > 0.0);
    counted.cloned().collect()
}

/// Fully planned steps. Only the memory of their settings is allocated.
pub struct StepPlan {
    setting: Setting,
    batch: usize,
    programs: Programs,
}

impl StepPlan {
    /// Plans steps of up to `batch` rows on `threads` threads; 0 means as many as such a step has work for, at most one
    /// per core. If training couples rows, a last batch of one row joins the batch before it, so a batch may have one
    /// row more.
    ///
    /// # Errors
    ///
    /// If parts of the setting do not fit together.
    pub fn new(setting: Setting, batch: usize, threads: usize) -> Result<StepPlan> {
        let sentence = Sentence {
            network: setting.network.clone(),
            binarize: setting.binarize,
            corruption: setting.corruption.clone(),
            objective: setting.objective.clone(),
            penalties: counted(&setting.penalties),
            seed: setting.seed,
        };
        let programs = Programs::new(sentence, batch, threads, true)?;
        Ok(StepPlan {
            setting,
            batch,
            programs,
        })
    }

    /// The memory that the steps will need.
    pub fn memory(&self) -> Memory {
        let Setting {
            optimizer,
            clip_norm,
            accumulation,
            ..
        } = &self.setting;
        let remembered = optimizer.spec.numbers_remembered();
        self.programs.memory(*clip_norm, *accumulation, remembered)
    }

    /// Allocates the memory.
    pub fn stepper(self) -> Stepper {
        let programs = self.programs;
        let cpu = Cpu::new(programs.training.threads(), Isa::best());
        let threads = cpu.threads();
        let cpu = cpu.with_memory(programs.thread_sizes(threads));
        let Setting {
            parameters,
            optimizer,
            clip_norm,
            accumulation,
            ..
        } = self.setting;
        let mut training = programs.training.program(threads);
        let columns = training.losses().iter().filter(|loss| loss.has_column());
        let losses = Losses {
            columns: vec![0.0; columns.count()],
            ..Losses::default()
        };
        training.write_states(parameters.states());
        let whole = Whole::new(&training.tile_bounds, clip_norm, accumulation);
        Stepper {
            whole,
            samples: Vec::with_capacity(training.batch()),
            validation: programs.validation.program(threads),
            sums: losses.clone(),
            losses,
            sentence: programs.sentence,
            batch: self.batch,
            parameters,
            optimizer,
            cpu,
            training,
        }
    }
}

impl Stepper {
    /// Plans steps of up to `batch` rows on `threads` threads, as [`StepPlan::new`] does, and allocates their memory.
    ///
    /// # Errors
    ///
    /// As [`StepPlan::new`].
    pub fn new(setting: Setting, batch: usize, threads: usize) -> Result<Stepper> {
        Ok(StepPlan::new(setting, batch, threads)?.stepper())
    }
}
