//! Gradients that a stage before the tiles computes.

use super::buffer::{Buffer, Uses};
use super::context::TileContext;
use super::operation::TileOperation;
use super::profile::Part;
use narrows_kernels::reduce::add;

/// Adds a gradient that an earlier stage has computed.
#[derive(Debug)]
pub struct AddFormed {
    /// The gradient, with as many numbers as the tensor.
    pub formed: Buffer,
    /// The part of a step under which its time is counted.
    pub part: Part,
}

impl TileOperation for AddFormed {
    fn label(&self) -> String {
        "add a formed gradient".into()
    }

    fn uses(&self) -> Uses {
        Uses::new().reads([self.formed])
    }

    fn work(&self) -> usize {
        0
    }

    fn depth(&self) -> Option<usize> {
        Some(1)
    }

    fn part(&self) -> Part {
        self.part
    }

    fn run(&self, context: &mut TileContext<'_>, gradient: &mut [f32]) {
        let formed = &context.get(self.formed)[context.place.clone()];
        if context.adds {
            add(context.isa, gradient, formed)
        } else {
            gradient.copy_from_slice(formed)
        }
    }
}
