//! The code in use: its mean.

use crate::program::{Linear, Point, RowFunction, Tile};

/// The first half of the values: the means.
#[derive(Clone, Copy, Debug)]
pub(super) struct Means {
    /// The values of a code.
    pub(super) width: usize,
}

impl Means {
    fn take(&self, x: &[f32], y: &mut [f32]) {
        let rows = x.chunks_exact(2 * self.width);
        for (x, y) in rows.zip(y.chunks_exact_mut(self.width)) {
            y.copy_from_slice(&x[..self.width]);
        }
    }
}

impl RowFunction for Means {
    fn label(&self) -> String {
        format!("means, {} of {} values", self.width, 2 * self.width)
    }

    fn inputs(&self) -> usize {
        2 * self.width
    }

    fn outputs(&self) -> usize {
        self.width
    }

    fn forward(&self, at: Point<'_>, y: &mut [f32], _: &mut [f32]) {
        self.take(at.x, y);
    }

    fn backward(&self, _: Point<'_>, dy: &[f32], dx: &mut [f32], _: &mut [f32]) {
        dx.fill(0.0);
        let rows = dx.chunks_exact_mut(2 * self.width);
        for (dx, dy) in rows.zip(dy.chunks_exact(self.width)) {
            dx[..self.width].copy_from_slice(dy);
        }
    }

    fn gradient(&self, _: &Tile, _: &[f32], _: &[f32], _: &mut [f32], _: &mut [f32]) {}

    fn derivative(&self) -> Option<&dyn crate::program::Derivative> {
        Some(self)
    }
}

impl Linear for Means {
    fn push(&self, _: Point<'_>, dx: &[f32], dy: &mut [f32], _: &mut [f32]) {
        self.take(dx, dy);
    }
}
