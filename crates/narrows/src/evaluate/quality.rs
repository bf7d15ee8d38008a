//! The errors of reconstructions.

use super::ssim::WINDOW;
use super::{mse, psnr, ssim};
use crate::data::Dataset;
use crate::scaling::Scaling;
use narrows_kernels::split::{Bounds, Parts};
use narrows_kernels::team::Team;

/// The number of rows that a thread compares at a time.
const TILE: usize = 16;

/// Rows as images: their shape and the range of their values, in the data's own units.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Images {
    shape: [usize; 3],
    pub(super) data_range: f64,
}

impl Images {
    /// The rows of a dataset as images; `None` if they are not images, or if all values are the same.
    pub(super) fn of(data: &Dataset) -> Option<Images> {
        let &[channels, height, width] = data.shape() else {
            return None;
        };
        let data_range = if data.is_8_bit() {
            255.0
        } else {
            let (low, high) = data.range();
            high - low
        };
        (data_range > 0.0).then_some(Images {
            shape: [channels, height, width],
            data_range,
        })
    }

    fn hold_windows(&self) -> bool {
        let [_, height, width] = self.shape;
        height >= WINDOW && width >= WINDOW
    }
}

/// The measures of a row.
#[derive(Clone, Copy, Debug, Default)]
struct Row {
    /// The mean squared error in scaled units.
    scaled: f64,
    /// The mean squared error in the data's own units.
    own: f64,
    ssim: f64,
}

/// Compares rows and reconstructions, block by block.
pub(super) struct Comparison<'a> {
    scaling: &'a Scaling,
    images: Option<Images>,
    rows: Vec<Row>,
}

impl<'a> Comparison<'a> {
    pub(super) fn new(scaling: &'a Scaling, images: Option<Images>) -> Comparison<'a> {
        Comparison {
            scaling,
            images,
            rows: Vec::new(),
        }
    }

    /// Adds rows `[rows, inputs]` and their reconstructions, both in scaled units.
    pub(super) fn add(
        &mut self,
        clean: &[f32],
        reconstructed: &[f32],
        inputs: usize,
        team: &mut Team,
    ) {
        let (first, count) = (self.rows.len(), clean.len() / inputs);
        self.rows.resize(first + count, Row::default());
        let places = (0..=count.div_ceil(TILE)).map(|tile| (tile * TILE).min(count));
        let bounds = Bounds::new(places.collect());
        let mut scratch = vec![(Vec::new(), Vec::new()); team.threads()];
        let (scaling, images) = (self.scaling, self.images);
        let rows = &mut self.rows[first..];
        let parts = Parts::new(rows, &bounds);
        team.run(&mut scratch, parts, |(clean_own, other_own), tile, rows| {
            let start = tile * TILE;
            for (row, found) in (start..start + rows.len()).zip(rows) {
                let [clean, other] =
                    [clean, reconstructed].map(|all| &all[row * inputs..(row + 1) * inputs]);
                found.scaled = mse(clean, other);
                let Some(images) = images else { continue };
                for (own, scaled) in [(&mut *clean_own, clean), (&mut *other_own, other)] {
                    own.clear();
                    own.extend_from_slice(scaled);
                    scaling.undo(own);
                }
                found.own = mse(clean_own, other_own);
                if images.hold_windows() {
                    found.ssim = ssim(clean_own, other_own, images.shape, images.data_range);
                }
            }
        });
    }

    /// The mean squared error of each row, in scaled units.
    pub(super) fn errors(&self) -> Vec<f64> {
        self.rows.iter().map(|row| row.scaled).collect()
    }

    fn mean(&self, of: impl Fn(&Row) -> f64) -> f64 {
        self.rows.iter().map(of).sum::<f64>() / self.rows.len() as f64
    }

    /// The mean squared error in scaled units.
    pub(super) fn mse(&self) -> f64 {
        self.mean(|row| row.scaled)
    }

    /// The mean squared error of images in the data's own units.
    pub(super) fn data_mse(&self) -> Option<f64> {
        self.images.map(|_| self.mean(|row| row.own))
    }

    pub(super) fn psnr(&self) -> Option<f64> {
        Some(psnr(self.data_mse()?, self.images?.data_range))
    }

    pub(super) fn ssim(&self) -> Option<f64> {
        self.images
            .is_some_and(|images| images.hold_windows())
            .then(|| self.mean(|row| row.ssim))
    }
}
