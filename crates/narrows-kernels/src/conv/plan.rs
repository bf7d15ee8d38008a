//! The plan of a convolution: the layout of taps and positions in the planes.

use super::geometry::{Geometry, TILE};
use super::rows::Taps;
use std::ops::Range;

/// One of the two axes. A place of the padded input is `quotient · stride + phase`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Axis {
    pub(super) input: usize,
    pub(super) output: usize,
    pub(super) kernel: usize,
    pub(super) stride: usize,
    pub(super) padding: usize,
}

impl Axis {
    /// The number of phases that any tap falls on.
    pub(super) fn phases(self) -> usize {
        self.kernel.min(self.stride)
    }

    /// The number of further positions that the kernel reaches over.
    pub(super) fn reach(self) -> usize {
        (self.kernel - 1) / self.stride
    }

    /// The quotients that, with `phase`, are places inside the input.
    pub(super) fn inside(self, phase: usize) -> Range<usize> {
        let quotient = |place: usize| place.saturating_sub(phase).div_ceil(self.stride);
        quotient(self.padding)..quotient(self.input + self.padding)
    }

    /// The place in the input of a quotient inside it.
    pub(super) fn place(self, quotient: usize, phase: usize) -> usize {
        quotient * self.stride + phase - self.padding
    }
}

/// Planes of one size.
#[derive(Clone, Copy, Debug)]
pub(super) struct Planes {
    pub(super) count: usize,
    pub(super) height: usize,
    pub(super) width: usize,
}

impl Planes {
    pub(super) fn area(self) -> usize {
        self.height * self.width
    }

    /// The total size, including values after the last plane that a tile may read.
    pub(super) fn len(self) -> usize {
        self.count * self.area() + TILE
    }
}

/// A product of the transposed convolution: the input channels (and phases) that share their taps.
#[derive(Debug)]
pub(super) struct Group {
    pub(super) taps: Taps,
    /// The place of the weight of each tap for the first row.
    pub(super) weights: Vec<usize>,
    /// The distance to the weight for the next row.
    pub(super) step: usize,
    pub(super) rows: usize,
    /// The first position.
    pub(super) start: usize,
    pub(super) positions: usize,
    /// The first row's place among the parts, in parts, and the distance to the next row's.
    pub(super) part: (usize, usize),
}

/// A part of the input, one phase of each axis, as it leaves the product.
#[derive(Clone, Debug)]
pub(super) struct PhasePart {
    pub(super) rows: Range<usize>,
    pub(super) columns: Range<usize>,
    /// Where the first of them lies among what the product gave.
    pub(super) at: usize,
}

/// The products of the transposed convolution, and the parts that they give.
pub(super) fn transposed(
    geometry: &Geometry,
    [y, x]: [Axis; 2],
    output: Planes,
) -> (Vec<Group>, Vec<PhasePart>) {
    let phases = y.phases() * x.phases();
    let channels = 0..geometry.output[0];
    let kernel = y.kernel * x.kernel;
    let mut parts = Vec::with_capacity(phases);
    // Without overlap, every tap reads the same position, and one product computes all phases.
    let is_together = y.reach() == 0 && x.reach() == 0;
    let mut groups = Vec::new();
    if is_together {
        groups.push(Group {
            taps: Taps::new(channels.clone().map(|o| o * output.area()).collect()),
            weights: channels.clone().map(|o| o * geometry.taps()).collect(),
            step: 1,
            rows: geometry.taps(),
            start: 0,
            positions: output.area(),
            part: (0, 1),
        });
    }
    for i in 0..y.phases() {
        for j in 0..x.phases() {
            let (rows, columns) = (y.inside(i), x.inside(j));
            let part = parts.len();
            let is_empty = rows.is_empty() || columns.is_empty();
            // A separate product starts at the part's first place.
            let at = if is_together {
                rows.start * output.width + columns.start
            } else {
                0
            };
            parts.push(PhasePart {
                rows: rows.clone(),
                columns: columns.clone(),
                at,
            });
            if is_together || is_empty {
                continue;
            }
            let (mut offsets, mut weights) = (Vec::new(), Vec::new());
            for o in channels.clone() {
                for (back, k) in (i..y.kernel).step_by(y.stride).enumerate() {
                    for (left, l) in (j..x.kernel).step_by(x.stride).enumerate() {
                        let shift = (y.reach() - back) * output.width + x.reach() - left;
                        offsets.push(o * output.area() + shift);
                        weights.push(o * geometry.taps() + k * x.kernel + l);
                    }
                }
            }
            groups.push(Group {
                taps: Taps::new(offsets),
                weights,
                step: kernel,
                rows: geometry.input[0],
                start: rows.start * output.width + columns.start,
                positions: (rows.len() - 1) * output.width + columns.len(),
                part: (part, phases),
            });
        }
    }
    (groups, parts)
}
