//! Steps that need the whole gradient first; see [`Whole`](super::whole::Whole).

use super::stepper::{Gathered, Stepper};
use crate::program::{Mode, Part, Piece};
use narrows_kernels::reduce::{add, dot, scale};
use narrows_kernels::split::Parts;

impl Stepper {
    /// A step that first computes the whole gradient, over one batch after the other, and clips it to the largest norm.
    pub(super) fn step_whole(&mut self, rows: &Gathered<'_>, epoch: u32, factor: f64) {
        let batches = self.pieces(rows.rows.len(), self.batch()).count();
        self.over_batches(Mode::Training, rows, epoch, |stepper, batch, number| {
            let weight = batch as f32 / rows.rows.len() as f32;
            stepper.add_gradient(batch, weight, (number, batches));
        });
        if self.losses.total.is_finite() {
            self.apply_whole(factor);
        }
    }

    /// Adds the weighted gradient of a batch; `number` is the number of the batch and the number of batches.
    fn add_gradient(&mut self, rows: usize, weight: f32, (number, batches): (usize, usize)) {
        let isa = self.cpu.isa();
        let Some(whole) = &mut self.whole else { return };
        let levels = whole.levels;
        // Full levels below the first free one are added to the new gradient.
        let free = number.trailing_ones() as usize;
        let is_last = number + 1 == batches;
        self.cpu.tiles(
            &self.training,
            rows,
            (
                Parts::new(&mut whole.gradient, &whole.bounds),
                Parts::new(&mut whole.squares, &whole.places),
            ),
            |(sums, _), Piece { place, gradient }| {
                if weight < 1.0 {
                    scale(isa, gradient, weight);
                }
                let len = sums.len() / levels;
                let of_level = |level: usize| level * len + place.start..level * len + place.end;
                for level in 0..free {
                    add(isa, gradient, &sums[of_level(level)]);
                }
                let mut to = free;
                if is_last {
                    // The gradients of other levels are added from the smallest up; the optimizer gets the first level.
                    for level in free + 1..levels {
                        if (number >> level) & 1 == 1 {
                            add(isa, gradient, &sums[of_level(level)]);
                        }
                    }
                    to = 0;
                }
                sums[of_level(to)].copy_from_slice(gradient);
            },
            |(sums, square)| {
                let len = sums.len() / levels;
                square.fill(dot(isa, &sums[..len], &sums[..len]));
            },
        );
    }

    /// Applies the accumulated gradient.
    fn apply_whole(&mut self, factor: f64) {
        let isa = self.cpu.isa();
        let Some(whole) = &mut self.whole else { return };
        let update = self.optimizer.next_update(factor);
        // Tile by tile, so that the sum does not depend on the threads.
        let norm = whole
            .squares
            .iter()
            .map(|&s| f64::from(s))
            .sum::<f64>()
            .sqrt();
        let factor = match whole.clip_norm {
            0.0 => 1.0,
            // As PyTorch does.
            most => (most / (norm + 1e-6)).min(1.0),
        } as f32;
        self.cpu.record.watch.lap(Part::Rest);
        let (first, second) = self.optimizer.state_mut();
        let parts = (
            Parts::new(self.parameters.flat_mut(), &self.training.tile_bounds),
            Parts::new(&mut whole.gradient, &whole.bounds),
            (first.parts(), second.parts()),
        );
        self.cpu
            .optimize(parts, |(parameters, gradient, (first, second))| {
                let gradient = &mut gradient[..parameters.len()];
                if factor < 1.0 {
                    scale(isa, gradient, factor);
                }
                update.apply(isa, parameters, first, second, gradient);
            });
    }
}
