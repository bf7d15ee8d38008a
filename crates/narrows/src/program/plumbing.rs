//! Row operations between the operations of the nodes: rows come in, and gradients of one value are added.

use super::buffer::{Buffer, Uses};
use super::context::RowContext;
use super::operation::{Cost, RowOperation};
use super::profile::Part;
use narrows_kernels::reduce::add;

/// Copies rows from the source of a batch.
#[derive(Debug)]
pub(super) struct Gather {
    pub(super) to: Buffer,
    pub(super) width: usize,
}

impl RowOperation for Gather {
    fn label(&self) -> String {
        "gather and scale".into()
    }

    fn part(&self) -> Part {
        Part::Gather
    }

    fn uses(&self) -> Uses {
        Uses::new().writes([self.to])
    }

    fn cost(&self) -> Cost {
        Cost {
            inputs: self.width,
            ..Cost::default()
        }
    }

    fn run(&self, context: &mut RowContext<'_>) {
        let rows = context.buffers.rows();
        let to = context.buffers.get_mut(self.to);
        context.batch.input.write(rows, to);
    }
}

/// Adds one gradient of a value to another.
#[derive(Debug)]
pub(super) struct AddGradient {
    pub(super) from: Buffer,
    pub(super) to: Buffer,
}

impl RowOperation for AddGradient {
    fn label(&self) -> String {
        "add gradients".into()
    }

    fn part(&self) -> Part {
        Part::BackwardElementwise
    }

    fn uses(&self) -> Uses {
        Uses::new().reads([self.from]).adds([self.to])
    }

    fn run(&self, context: &mut RowContext<'_>) {
        let ([from], to) = context.buffers.read_write([self.from], self.to);
        add(context.isa, to, from);
    }
}

/// Clears a gradient to which others only add.
#[derive(Debug)]
pub(super) struct ClearGradient(pub(super) Buffer);

impl RowOperation for ClearGradient {
    fn label(&self) -> String {
        "clear a gradient".into()
    }

    fn part(&self) -> Part {
        Part::BackwardElementwise
    }

    fn uses(&self) -> Uses {
        Uses::new().writes([self.0])
    }

    fn run(&self, context: &mut RowContext<'_>) {
        context.buffers.get_mut(self.0).fill(0.0);
    }
}
