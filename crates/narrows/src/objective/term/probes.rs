//! Contractive terms as operations of a program: each is a choice of probes.

use super::{Term, TermKind, hutchinson, jacobian};
use crate::error::Result;
use crate::program::{Builder, JacobianNorm, Mean, Probes, Var};
use crate::rng::Draws;
use narrows_kernels::Isa;
use std::sync::Arc;

impl Term {
    /// Applies the term to the Jacobian of the code by what the encoder reads; `draws` are what random probes follow
    /// from.
    ///
    /// # Errors
    ///
    /// When a layer of the encoder cannot be differentiated twice.
    pub(crate) fn build(
        &self,
        builder: &mut Builder,
        input: Var,
        code: Var,
        draws: Draws,
    ) -> Result<()> {
        builder.at(format!("penalty.{}", self.kind.name()));
        let norm = JacobianNorm {
            name: self.kind.name().into(),
            weight: self.weight,
            probes: Arc::new(TermProbes {
                kind: self.kind,
                draws,
            }),
        };
        norm.apply(builder, input, code).map_err(|error| {
            error
                .hint("put the layer into the decoder; penalties on the code alone remain possible")
        })
    }
}

/// The probes of a term.
#[derive(Clone, Copy, Debug)]
struct TermProbes {
    kind: TermKind,
    draws: Draws,
}

impl Probes for TermProbes {
    fn count(&self, width: usize) -> usize {
        match self.kind {
            TermKind::Jacobian => width,
            TermKind::Hutchinson { probes } => probes,
            TermKind::Summed => 1,
        }
    }

    fn fill(&self, isa: Isa, epoch: u32, sample: u32, width: usize, probes: &mut [f32]) {
        match self.kind {
            TermKind::Jacobian => jacobian::fill(width, probes),
            TermKind::Hutchinson { .. } => {
                hutchinson::fill(isa, self.draws.address(epoch, sample), probes);
            }
            TermKind::Summed => probes.fill(1.0),
        }
    }

    fn is_basis(&self) -> bool {
        self.kind == TermKind::Jacobian
    }

    fn mean(&self) -> Mean {
        match self.kind {
            TermKind::Jacobian => Mean::OverRows(1),
            TermKind::Hutchinson { probes } => Mean::OverRows(probes),
            TermKind::Summed => Mean::Sum,
        }
    }
}
