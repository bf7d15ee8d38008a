//! Compiles the sentence to its three programs.

use crate::corruption::{Corruption, binarize};
use crate::error::{Error, ErrorKind, Result};
use crate::network::{Built, Network};
use crate::objective::{Objective, Penalty, PenaltyPlace};
use crate::program::{Builder, Mode, State, Tensor, Var};
use crate::rng::Purpose;

/// The parts of a training step.
pub(super) struct Sentence {
    pub(super) network: Network,
    pub(super) binarize: bool,
    pub(super) corruption: Option<Corruption>,
    pub(super) objective: Objective,
    pub(super) penalties: Vec<Penalty>,
    pub(super) seed: u64,
}

/// The graph of a sentence.
pub(super) struct Graph {
    pub(super) builder: Builder,
    /// The clean rows, which are the target.
    pub(super) target: Var,
    /// The encoder's input, then the output of each layer.
    pub(super) values: Vec<Var>,
}

impl Sentence {
    /// Whether training couples rows, so that a batch needs at least two.
    pub(super) fn couples_rows(&self) -> bool {
        let mut penalties = self.penalties.iter();
        self.network.couples_rows() || penalties.any(|penalty| penalty.kind.couples_rows())
    }

    /// Refuses batches of one row where a penalty compares the rows of a batch.
    pub(super) fn check_batch(&self, batch: usize) -> Result<()> {
        let mut penalties = self.penalties.iter();
        match penalties.find(|penalty| penalty.kind.couples_rows()) {
            Some(penalty) if batch < 2 => Err(Error::new(
                ErrorKind::Recipe,
                format!(
                    "the penalty `{}` compares the rows of a batch",
                    penalty.kind.name()
                ),
            )
            .at("training.batch_size")
            .expected("batches of 2 rows or more")
            .found(batch)),
            _ => Ok(()),
        }
    }

    /// Refuses parameters and states that parts ask for while a step is built, and which the model does not keep.
    fn check_parameters(&self, builder: &Builder) -> Result<()> {
        let sizes = |name: &str, shape: &[usize]| format!("`{name}` of shape {shape:?}");
        let all = |tensors: &[Tensor], states: &[State]| -> Vec<String> {
            let tensors = tensors
                .iter()
                .map(|tensor| sizes(&tensor.name, &tensor.shape));
            let states = states.iter().map(|state| sizes(&state.name, &state.shape));
            tensors.chain(states).collect()
        };
        let known = all(self.network.tensors(), self.network.states());
        let found = all(&builder.tensors, &builder.states);
        if known == found {
            return Ok(());
        }
        let same = known
            .iter()
            .zip(&found)
            .take_while(|(known, found)| known == found);
        let first = same.count();
        let of = |list: &[String]| list.get(first).cloned().unwrap_or_else(|| "nothing".into());
        Err(Error::new(
            ErrorKind::Recipe,
            "a part has other parameters or states in training than the model keeps",
        )
        .expected(of(&known))
        .found(of(&found))
        .hint(
            "layers and the bottleneck may have parameters and states, the same in every program; a reconstruction loss \
             lists its parameters in `tensors`",
        ))
    }

    /// Builds one of its programs.
    ///
    /// # Errors
    ///
    /// If parts do not fit together.
    pub(super) fn graph(&self, mode: Mode) -> Result<Graph> {
        let mut builder = Builder::new(mode).with_seed(self.seed);
        // Validation draws the same numbers every time, and numbers that no epoch uses.
        let [noise, probes, binarization] = match mode {
            Mode::Training => [Purpose::Corruption, Purpose::Probes, Purpose::Binarization],
            Mode::Validation | Mode::Inference => [
                Purpose::ValidationCorruption,
                Purpose::ValidationProbes,
                Purpose::ValidationBinarization,
            ],
        };
        if self.objective.is_in_nats() {
            builder.divide_objective(self.network.inputs());
        }
        let target = builder.input("data", self.network.shape(0));
        let target = if self.binarize {
            let draws = builder.draws(binarization);
            binarize(&mut builder, target, draws)
        } else {
            target
        };
        let input = match &self.corruption {
            None => target,
            Some(corruption) => {
                let draws = builder.draws(noise);
                corruption.build(&mut builder, target, draws)
            }
        };
        let built = self.network.build(&mut builder, 0, input)?;
        self.objective.build(&mut builder, &built, target)?;
        let Built {
            values, encoded, ..
        } = built;
        let code = values[self.network.encoder().end];
        builder.keep(code);
        let encoded = if self.penalties.is_empty() {
            encoded
        } else {
            builder.at("bottleneck");
            self.network.bottleneck().in_use(&mut builder, encoded)
        };
        for penalty in &self.penalties {
            builder.at(format!("penalty.{}", penalty.kind.name()));
            let place = PenaltyPlace {
                name: penalty.kind.name(),
                weight: penalty.weight / builder.objective_divisor() as f32,
                code,
                code_range: self.network.code_range(),
                input,
                encoded,
                decoded: *values.last().unwrap_or(&code),
                purpose: probes,
            };
            penalty.kind.build(&mut builder, &place)?;
        }
        self.check_parameters(&builder)?;
        Ok(Graph {
            builder,
            target,
            values,
        })
    }
}
