//! The sizes of a convolution.

use crate::product::PANEL;

/// The columns of a gathered tile: as many as the product's register tile has.
pub(super) const TILE: usize = 2 * PANEL;

/// The sizes of a convolution; for a transposed convolution, input and output are exchanged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Geometry {
    /// `[channels, height, width]` of the convolution's input.
    pub input: [usize; 3],
    /// `[channels, height, width]` of its output.
    pub output: [usize; 3],
    /// `[height, width]` of the kernel.
    pub kernel: [usize; 2],
    /// The distance between two positions of the kernel, along height and width.
    pub stride: [usize; 2],
    /// The zeros on each side, along height and width.
    pub padding: [usize; 2],
}

impl Geometry {
    /// The weights of one output channel, in the order `[input channel, height, width]`.
    pub(super) fn taps(&self) -> usize {
        self.input[0] * self.kernel[0] * self.kernel[1]
    }
}
