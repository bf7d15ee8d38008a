//! The norm as an operation of a graph.

use super::norm::{Contraction, Form, Savings, Start};
use super::rows::Scaled;
use crate::error::Result;
use crate::program::lower::Lower;
use crate::program::node::{Node, Operation};

impl Contraction {
    /// The factor of the gradient of a norm.
    pub(super) fn scale(&self) -> Scaled {
        Scaled {
            weight: self.norm.weight,
            mean: self.norm.probes.mean(),
        }
    }
}

impl Operation for Contraction {
    fn label(&self) -> String {
        let form = match self.form {
            Form::Probes(Savings {
                squares,
                rectifies,
                stops,
            }) => [
                (squares, ", first weights squared"),
                (rectifies, ", active units alone"),
                (stops, ", stopped probes left out"),
            ]
            .into_iter()
            .filter_map(|(is_so, words)| is_so.then_some(words))
            .collect(),
            Form::Counted => String::from(", by counting gates"),
        };
        format!("{}{form}", self.norm.name)
    }

    fn forward(&self, _: &Node, lower: &mut Lower<'_>) -> Result<()> {
        match (self.start, self.form) {
            (Start::First, _) => self.lower_forward(lower),
            (Start::Last, Form::Probes(savings)) => self.lower_probes(savings, lower),
            (Start::Last, Form::Counted) => self.lower_counted(lower),
        }
        Ok(())
    }

    fn backward(&self, _: &Node, _: &mut Lower<'_>) -> Result<()> {
        Ok(())
    }
}
