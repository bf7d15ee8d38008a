//! Copies between images and planes.

use super::Convolution;
use super::rows::{collect, deinterleave, interleave, spread};
use crate::lanes::Isa;

impl Convolution {
    /// Splits an input into its planes; the borders of the planes stay unchanged.
    pub(super) fn split(&self, isa: Isa, input: &[f32], planes: &mut [f32]) {
        let [y, x] = self.axes;
        let width = self.input.width;
        let [rows, columns] = &self.seen;
        let channels = input.chunks_exact(y.input * x.input);
        let planes = planes.chunks_exact_mut(self.input.area() * x.phases());
        let phases = rows.iter().enumerate();
        let parts = channels.flat_map(|input| phases.clone().map(move |part| (input, part)));
        for ((input, (i, rows)), planes) in parts.zip(planes) {
            if rows.is_empty() {
                continue;
            }
            let input = &input[y.place(rows.start, i) * x.input..];
            let input_row = y.stride * x.input;
            let at = |j: usize| rows.start * width + columns[j].start;
            if x.stride == 2 && x.phases() == 2 {
                // The first of the places belongs to the phase of the padding.
                let (left, right) = planes.split_at_mut(self.input.area());
                let (left, right) = (&mut left[at(0)..], &mut right[at(1)..]);
                let counts = [columns[0].len(), columns[1].len()];
                let (counts, even, odd) = match x.padding % 2 {
                    0 => (counts, left, right),
                    _ => ([counts[1], counts[0]], right, left),
                };
                let shape = (rows.len(), counts);
                deinterleave(isa, shape, input, input_row, even, odd, width);
                continue;
            }
            for (j, plane) in planes.chunks_exact_mut(self.input.area()).enumerate() {
                if columns[j].is_empty() {
                    continue;
                }
                let shape = (rows.len(), columns[j].len());
                let input = &input[x.place(columns[j].start, j)..];
                let plane = &mut plane[at(j)..];
                collect(isa, shape, input, (input_row, x.stride), plane, width);
            }
        }
    }

    /// Copies an output into its planes; the borders of the planes stay unchanged.
    pub(super) fn place(&self, isa: Isa, output: &[f32], planes: &mut [f32]) {
        let [y, x] = self.axes;
        let width = self.output.width;
        let shape = (y.output.min(y.inside(0).end), x.output.min(x.inside(0).end));
        let planes = planes.chunks_exact_mut(self.output.area());
        let outputs = output.chunks_exact(y.output * x.output);
        for (output, plane) in outputs.zip(planes) {
            let to = y.reach() * width + x.reach();
            collect(isa, shape, output, (x.output, 1), &mut plane[to..], width);
        }
    }

    /// Assembles an input from its parts.
    pub(super) fn interleave(
        &self,
        isa: Isa,
        parts: &[f32],
        bias: Option<&[f32]>,
        input: &mut [f32],
    ) {
        let [y, x] = self.axes;
        let width = self.output.width;
        let is_whole = y.phases() == y.stride && x.phases() == x.stride;
        let channels = parts.chunks_exact(self.parts.len() * self.part);
        let inputs = input.chunks_exact_mut(y.input * x.input);
        for (channel, (input, sums)) in inputs.zip(channels).enumerate() {
            let bias = bias.map_or(0.0, |bias| bias[channel]);
            if !is_whole {
                // Where no tap falls.
                input.fill(bias);
            }
            for (i, parts) in self.parts.chunks_exact(x.phases()).enumerate() {
                let sums = &sums[i * parts.len() * self.part..];
                let Some(first) = parts.first().filter(|part| !part.rows.is_empty()) else {
                    continue;
                };
                let input = &mut input[y.place(first.rows.start, i) * x.input..];
                let input_row = y.stride * x.input;
                let of = |j: usize| &sums[j * self.part + parts[j].at..];
                if x.stride == 2 && parts.len() == 2 && x.input > 1 {
                    let even = x.padding % 2;
                    let shape = (first.rows.len(), x.input);
                    let (even, odd) = (of(even), of(1 - even));
                    interleave(isa, shape, even, odd, width, bias, input, input_row);
                    continue;
                }
                for (j, part) in parts.iter().enumerate() {
                    if part.columns.is_empty() {
                        continue;
                    }
                    let shape = (part.rows.len(), part.columns.len());
                    let input = &mut input[x.place(part.columns.start, j)..];
                    let to = (input_row, x.stride);
                    spread(isa, shape, of(j), width, bias, input, to);
                }
            }
        }
    }
}
