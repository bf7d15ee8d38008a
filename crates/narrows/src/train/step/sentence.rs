//! The sentence, compiled for its three programs.

use crate::corruption::Corruption;
use crate::error::Result;
use crate::network::Network;
use crate::objective::{Objective, Penalty};
use crate::program::{Builder, Mode, Var};

/// The name of the loss that is no penalty.
pub(super) const RECONSTRUCTION: &str = "reconstruction";

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
    /// Builds one of its programs.
    ///
    /// # Errors
    ///
    /// When parts do not fit together.
    pub(super) fn graph(&self, mode: Mode) -> Result<Graph> {
        let mut builder = Builder::new(mode).with_seed(self.seed);
        let target = builder.input("data", self.network.shape(0));
        let input = match &self.corruption {
            None => target,
            Some(corruption) => corruption.build(&mut builder, target),
        };
        let values = self.network.build(&mut builder, 0, input)?;
        builder.keep(values[self.network.encoder().end]);
        self.objective.build(&mut builder, &values, target);
        Ok(Graph {
            builder,
            target,
            values,
        })
    }
}
