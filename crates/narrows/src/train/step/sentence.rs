//! The sentence, compiled for its three programs.

use crate::corruption::Corruption;
use crate::error::Result;
use crate::network::Network;
use crate::objective::{Objective, Term};
use crate::program::{Builder, Mode, Var};
use crate::rng::{Draws, Purpose};

/// The name of the loss that is no penalty.
pub(super) const RECONSTRUCTION: &str = "reconstruction";

/// What a step trains, part by part.
pub(super) struct Sentence {
    pub(super) network: Network,
    pub(super) corruption: Option<Corruption>,
    pub(super) objective: Objective,
    pub(super) terms: Vec<Term>,
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
    /// Builds one of its programs, with these terms.
    ///
    /// # Errors
    ///
    /// When parts do not fit together.
    pub(super) fn graph(&self, mode: Mode, terms: &[Term]) -> Result<Graph> {
        let mut builder = Builder::new(mode);
        let target = builder.input("data", self.network.shape(0));
        let input = match self.corruption {
            None => target,
            Some(corruption) => {
                let draws = Draws::new(self.seed, Purpose::Corruption);
                corruption.build(&mut builder, target, draws)
            }
        };
        let mut values = vec![input];
        let network = &self.network;
        network.apply(&mut builder, network.encoder(), &mut values)?;
        let code = values[network.encoder().end];
        builder.keep(code);
        for term in terms {
            let draws = Draws::new(self.seed, Purpose::Probes);
            term.build(&mut builder, input, code, draws)?;
        }
        network.apply(&mut builder, network.decoder(), &mut values)?;
        self.objective.build(&mut builder, &values, target);
        Ok(Graph {
            builder,
            target,
            values,
        })
    }
}
