//! The sentence, compiled for its three programs.

use crate::corruption::Corruption;
use crate::error::{Error, ErrorKind, Result};
use crate::network::{Built, Network};
use crate::objective::{Objective, Penalty, PenaltyPlace};
use crate::program::{Builder, Mode, State, Tensor, Var};
use crate::rng::Purpose;

/// What a step trains, part by part.
pub(super) struct Sentence {
    pub(super) network: Network,
    pub(super) corruption: Option<Corruption>,
    pub(super) objective: Objective,
    pub(super) penalties: Vec<Penalty>,
    pub(super) seed: u64,
}

/// The graph of a sentence.
pub(super) struct Graph {
    pub(super) builder: Builder,
    /// The rows as they are in the data.
    pub(super) target: Var,
    /// What the encoder reads, then what each layer gives.
    pub(super) values: Vec<Var>,
}

impl Sentence {
    /// Refuses parameters and states of parts other than layers and the bottleneck: a model would not have them.
    fn check_parameters(&self, builder: &Builder) -> Result<()> {
        let network = &self.network;
        let of_tensors = |tensors: &[Tensor]| -> Vec<String> {
            tensors.iter().map(|tensor| tensor.name.clone()).collect()
        };
        let of_states = |states: &[State]| -> Vec<String> {
            states.iter().map(|state| state.name.clone()).collect()
        };
        let known = [of_tensors(network.tensors()), of_states(network.states())].concat();
        let found = [of_tensors(&builder.tensors), of_states(&builder.states)].concat();
        if known == found {
            return Ok(());
        }
        let other = found.iter().find(|name| !known.contains(name));
        Err(Error::new(
            ErrorKind::Recipe,
            "a part has parameters or states that the model would not keep",
        )
        .expected("parameters and states of layers and the bottleneck alone, the same in training and in use")
        .found(other.map_or("fewer than in use".to_string(), |name| format!("`{name}`"))))
    }

    /// Builds one of its programs.
    ///
    /// # Errors
    ///
    /// When parts do not fit together.
    pub(super) fn graph(&self, mode: Mode) -> Result<Graph> {
        let mut builder = Builder::new(mode).with_seed(self.seed);
        // Validation draws the same numbers every time, and others than any epoch.
        let (noise, probes) = match mode {
            Mode::Training => (Purpose::Corruption, Purpose::Probes),
            Mode::Validation | Mode::Inference => {
                (Purpose::ValidationCorruption, Purpose::ValidationProbes)
            }
        };
        let target = builder.input("data", self.network.shape(0));
        let input = match &self.corruption {
            None => target,
            Some(corruption) => {
                let draws = builder.draws(noise);
                corruption.build(&mut builder, target, draws)
            }
        };
        let Built { values, encoded } = self.network.build(&mut builder, 0, input)?;
        let code = values[self.network.encoder().end];
        builder.keep(code);
        self.objective.build(&mut builder, &values, target)?;
        for penalty in &self.penalties {
            builder.at(format!("penalty.{}", penalty.kind.name()));
            let place = PenaltyPlace {
                name: penalty.kind.name(),
                weight: penalty.weight,
                code,
                code_range: self.network.code_range(),
                input,
                encoded,
                draws: builder.draws(probes),
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
