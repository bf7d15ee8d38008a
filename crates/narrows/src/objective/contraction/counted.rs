//! The exact penalty of an encoder of two dense layers behind ReLU, by counting.
//!
//! With W and A the weights of the two layers and D_b, E_b diagonal matrices of which units let row b pass, the
//! Jacobian is `E_b A D_b W`. All that differs between rows are gates that are open or closed, so that the sum over the
//! batch can be drawn into the weights: with `G = W Wᵀ`, and c_ijk how many rows pass the units i and j of the first
//! layer and k of the second,
//!
//! ```text
//! Σ_b ‖J_b‖² = Σ_ij G_ij S_ij,  S_ij = Σ_k A_ki A_kj c_ijk
//! gradient by A: 2 H,           H_ki = Σ_j A_kj G_ij c_ijk,  and  Σ_b ‖J_b‖² = Σ_ki A_ki H_ki
//! gradient by W: 2 S W
//! ```
//!
//! A word holds the gates of 64 rows, so that a count of 64 rows is that of the bits of an intersection. A step with
//! this penalty takes two thirds of what it takes going back and forth through the layers for every row.

use super::{Memory, Squared, TILE};
use crate::network::Network;
use narrows_kernels::counts::{Gates, gated_sums};
use narrows_kernels::reduce::dot;
use narrows_kernels::split::{Bounds, Parts, Slabs};
use narrows_kernels::team::Team;
use narrows_kernels::{Aligned, Isa};
use std::ops::Range;

/// Batches of fewer rows leave too much of a word empty.
const LEAST_ROWS: usize = 24;

/// The place of the second dense layer in such an encoder.
pub(super) const SECOND: usize = 2;

#[derive(Debug)]
pub(super) struct Counted {
    units: usize,
    code_size: usize,
    /// Whether a ReLU stands behind the second layer too.
    is_code_rectified: bool,
    /// The gates of both layers.
    inner: Gates,
    outer: Gates,
    /// `Aᵀ` and `Hᵀ`, `[units, room]`.
    weights: Aligned,
    sums: Aligned,
    /// The share in the value of each unit of the first layer.
    values: Vec<f32>,
    /// Tiles of these.
    rows: Bounds,
    places: Bounds,
}

impl Counted {
    /// For steps of `batch` rows, if the encoder is one of that kind.
    pub(super) fn plan(network: &Network, batch: usize) -> Option<Counted> {
        let layers = network.encoder();
        let is_rectifier = |index| network.layer(index).is_rectifier();
        let is_of_kind = match layers.len() {
            3 => is_rectifier(1),
            4 => is_rectifier(1) && is_rectifier(3),
            _ => false,
        };
        if !is_of_kind || batch < LEAST_ROWS {
            return None;
        }
        network.layer(0).as_dense()?;
        let second = network.layer(SECOND).as_dense()?;
        let (units, code_size) = (second.inputs, second.outputs);
        let outer = Gates::new(code_size, batch);
        let room = outer.room();
        let tiles = |width: usize| {
            let ends = (0..=units.div_ceil(TILE)).map(|tile| (tile * TILE).min(units) * width);
            Bounds::new(ends.collect())
        };
        Some(Counted {
            units,
            code_size,
            is_code_rectified: layers.len() == 4,
            inner: Gates::new(units, batch),
            weights: Aligned::zeros(units * room),
            sums: Aligned::zeros(units * room),
            values: vec![0.0; units],
            rows: tiles(room),
            places: tiles(1),
            outer,
        })
    }

    /// The multiply-adds that counting takes as long as, for a row.
    pub(super) fn work(&self) -> usize {
        self.units * self.units * self.code_size / 4
    }

    /// Forms S, H and the values after the rows of a batch, with G in `squared`; `second` are the parameters of the
    /// second layer.
    pub(super) fn finish<S: Send>(
        &mut self,
        (team, scratch, memory): (&mut Team, &mut [S], Memory<S>),
        isa: Isa,
        second: &[f32],
        squared: &mut Squared,
        (slabs, rows): (&Slabs, usize),
    ) {
        let room = self.outer.room();
        self.inner.set(slabs.rows(1, rows));
        match self.is_code_rectified {
            true => self.outer.set(slabs.rows(3, rows)),
            false => self.outer.open(rows),
        }
        let second = &second[..self.code_size * self.units];
        for (k, weights) in second.chunks_exact(self.units).enumerate() {
            let column = self.weights[k..].iter_mut().step_by(room);
            column.zip(weights).for_each(|(to, from)| *to = *from);
        }
        let (weights, gates) = (&*self.weights, (&self.inner, &self.outer));
        let (units, g) = (self.units, &*squared.weights);
        team.run(
            scratch,
            (
                Parts::new(&mut squared.gradients, &squared.square),
                Parts::new(&mut self.sums, &self.rows),
                Parts::new(&mut self.values, &self.places),
            ),
            |scratch, tile, (s, h, values)| {
                let row = &mut memory(scratch)[..units];
                let pairs = s.chunks_exact_mut(units).zip(h.chunks_exact_mut(room));
                for (at, ((s, h), value)) in pairs.zip(values).enumerate() {
                    let i = tile * TILE + at;
                    // Of each tile of G only what lies right of its first column is there.
                    let (left, right) = row.split_at_mut(tile * TILE);
                    let column = g[i..].iter().step_by(units);
                    left.iter_mut()
                        .zip(column)
                        .for_each(|(to, from)| *to = *from);
                    right.copy_from_slice(&g[i * units + tile * TILE..(i + 1) * units]);
                    gated_sums(isa, gates, i, (weights, row), (s, h));
                    *value = dot(isa, &weights[i * room..(i + 1) * room], h);
                }
            },
        );
    }

    /// The value over the batch.
    pub(super) fn value(&self) -> f64 {
        self.values.iter().map(|&value| f64::from(value)).sum()
    }

    /// Adds the gradient by some of the second layer's parameters, times `factor`.
    pub(super) fn add_gradient(&self, place: Range<usize>, factor: f32, gradient: &mut [f32]) {
        let room = self.outer.room();
        let first = place.start / self.units;
        // Behind the weights lies the bias, which J does not depend on.
        let outputs = first..(place.end / self.units).min(self.code_size);
        for (k, gradient) in outputs.zip(gradient.chunks_exact_mut(self.units)) {
            let column = self.sums[k..].iter().step_by(room);
            gradient
                .iter_mut()
                .zip(column)
                .for_each(|(to, from)| *to += factor * from);
        }
    }
}
