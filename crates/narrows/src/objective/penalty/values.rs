//! A sum over the values of a code, averaged over rows.

use super::part::PenaltyPlace;
use crate::error::Result;
use crate::program::{
    Buffer, Builder, Lower, Mean, Node, Operation, Part as StepPart, RowContext, RowOperation, Uses,
};
use narrows_kernels::reduce::add_scaled;
use narrows_kernels::sparsity::{add_sign, l1, squared_norms};
use std::sync::Arc;

/// What is summed over the values of a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Summed {
    /// The absolute values.
    Absolute,
    /// The squares.
    Squares,
}

impl Summed {
    fn label(self) -> &'static str {
        match self {
            Summed::Absolute => "sums of absolute values",
            Summed::Squares => "squared norms of codes",
        }
    }

    fn label_of_gradient(self) -> &'static str {
        match self {
            Summed::Absolute => "add signs",
            Summed::Squares => "add codes",
        }
    }

    /// Applies the penalty to the code.
    ///
    /// # Errors
    ///
    /// If a sample has several codes.
    pub(super) fn apply(self, builder: &mut Builder, place: &PenaltyPlace) -> Result<()> {
        builder.check_one_row(place.code, &format!("the penalty `{}`", place.name))?;
        let operation = OfValues {
            name: place.name,
            weight: place.weight,
            summed: self,
        };
        builder.node(
            Arc::new(operation),
            Vec::new(),
            vec![place.code],
            Vec::new(),
        );
        Ok(())
    }
}

#[derive(Clone, Copy, Debug)]
struct OfValues {
    name: &'static str,
    weight: f32,
    summed: Summed,
}

impl Operation for OfValues {
    fn label(&self) -> String {
        self.name.into()
    }

    fn forward(&self, node: &Node, lower: &mut Lower<'_>) -> Result<()> {
        let code = lower.buffer_of(node.inputs[0]);
        let values = lower.buffer(self.summed.label(), 1);
        lower.rows(Sums {
            summed: self.summed,
            code,
            values,
        });
        lower.loss(self.name, self.weight, values, Mean::OverRows(1));
        Ok(())
    }

    fn backward(&self, node: &Node, lower: &mut Lower<'_>) -> Result<()> {
        let (code, of) = (lower.buffer_of(node.inputs[0]), *self);
        lower.add_later(node.inputs[0], move |gradient| AddGradient {
            of,
            code,
            gradient,
        });
        Ok(())
    }
}

#[derive(Debug)]
struct Sums {
    summed: Summed,
    code: Buffer,
    values: Buffer,
}

impl RowOperation for Sums {
    fn label(&self) -> String {
        self.summed.label().into()
    }

    fn part(&self) -> StepPart {
        StepPart::Penalties
    }

    fn uses(&self) -> Uses {
        Uses::new().reads([self.code]).writes([self.values])
    }

    fn run(&self, context: &mut RowContext<'_>) {
        let ([code], values) = context.buffers.read_write([self.code], self.values);
        match self.summed {
            Summed::Absolute => l1(context.isa, code, values),
            Summed::Squares => squared_norms(context.isa, code, values),
        }
    }
}

#[derive(Debug)]
struct AddGradient {
    of: OfValues,
    code: Buffer,
    gradient: Buffer,
}

impl RowOperation for AddGradient {
    fn label(&self) -> String {
        self.of.summed.label_of_gradient().into()
    }

    fn part(&self) -> StepPart {
        StepPart::Penalties
    }

    fn uses(&self) -> Uses {
        Uses::new().reads([self.code]).adds([self.gradient])
    }

    fn run(&self, context: &mut RowContext<'_>) {
        let factor = self.of.weight / context.batch.rows() as f32;
        let ([code], gradient) = context.buffers.read_write([self.code], self.gradient);
        match self.of.summed {
            Summed::Absolute => add_sign(context.isa, factor, code, gradient),
            Summed::Squares => add_scaled(context.isa, gradient, 2.0 * factor, code),
        }
    }
}
