//! The mean over the batch of the sum of the absolute values of a code.

use super::part::{PenaltyKind, PenaltyPart, PenaltyPlace};
use crate::declaration::{Declaration, Part, Settings};
use crate::error::Result;
use crate::program::{
    Buffer, Builder, Lower, Mean, Node, Operation, Part as StepPart, RowContext, RowOperation, Uses,
};
use narrows_kernels::sparsity::{add_sign, l1};
use std::sync::Arc;

/// `Σ_j |z_j|` of a code z, averaged over rows: the usual penalty of sparse coding (Tibshirani 1996 for the penalty).
#[derive(Debug)]
pub(super) struct L1;

impl Part for L1 {
    fn declaration(&self) -> &Declaration {
        const {
            &Declaration::new(
                "l1",
                "the sum of the absolute values of a code, mean over rows",
            )
        }
    }
}

impl PenaltyPart for L1 {
    fn build(&self, _: &Settings, builder: &mut Builder, place: &PenaltyPlace) -> Result<()> {
        builder.check_one_row(place.code, "the penalty `l1`")?;
        let operation = Absolute {
            name: place.name,
            weight: place.weight,
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

impl PenaltyKind {
    /// The mean over the batch of the sum of the absolute values of a code.
    pub fn l1() -> PenaltyKind {
        PenaltyKind::unchecked(&L1, &[])
    }
}

#[derive(Clone, Copy, Debug)]
struct Absolute {
    name: &'static str,
    weight: f32,
}

impl Operation for Absolute {
    fn label(&self) -> String {
        self.name.into()
    }

    fn forward(&self, node: &Node, lower: &mut Lower<'_>) -> Result<()> {
        let code = lower.buffer_of(node.inputs[0]);
        let values = lower.buffer("sums of absolute values", 1);
        lower.rows(Sums { code, values });
        lower.loss(self.name, self.weight, values, Mean::OverRows(1));
        Ok(())
    }

    fn backward(&self, node: &Node, lower: &mut Lower<'_>) -> Result<()> {
        let (code, weight) = (lower.buffer_of(node.inputs[0]), self.weight);
        lower.add_later(node.inputs[0], move |gradient| AddSigns {
            code,
            gradient,
            weight,
        });
        Ok(())
    }
}

#[derive(Debug)]
struct Sums {
    code: Buffer,
    values: Buffer,
}

impl RowOperation for Sums {
    fn label(&self) -> String {
        "sums of absolute values".into()
    }

    fn part(&self) -> StepPart {
        StepPart::Penalties
    }

    fn uses(&self) -> Uses {
        Uses::new().reads([self.code]).writes([self.values])
    }

    fn run(&self, context: &mut RowContext<'_>) {
        let ([code], values) = context.buffers.read_write([self.code], self.values);
        l1(context.isa, code, values);
    }
}

#[derive(Debug)]
struct AddSigns {
    code: Buffer,
    gradient: Buffer,
    weight: f32,
}

impl RowOperation for AddSigns {
    fn label(&self) -> String {
        "add signs".into()
    }

    fn part(&self) -> StepPart {
        StepPart::Penalties
    }

    fn uses(&self) -> Uses {
        Uses::new().reads([self.code]).adds([self.gradient])
    }

    fn run(&self, context: &mut RowContext<'_>) {
        let factor = self.weight / context.batch.rows() as f32;
        let ([code], gradient) = context.buffers.read_write([self.code], self.gradient);
        add_sign(context.isa, factor, code, gradient);
    }
}
