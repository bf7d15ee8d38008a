//! A dense layer with the transposed weights of another layer (tied weights), with the three products.
//!
//! The encoder's `W` is `[codes, inputs]`. Its own layer is `y = x Wᵀ`; the tied decoder reads codes and gives
//! `y = x W + b`.

use crate::{bits, numbers, wide};
use narrows_kernels::Isa;
use narrows_kernels::product::{Left, Right, Start, product};
use narrows_kernels::reference;

struct Tied {
    rows: usize,
    codes: usize,
    inputs: usize,
    weights: Vec<f32>,
    /// What the decoder reads and the gradient by what it gives.
    x: Vec<f32>,
    dy: Vec<f32>,
    /// What the encoder reads and the gradient by what it gives.
    encoder_x: Vec<f32>,
    encoder_dy: Vec<f32>,
}

impl Tied {
    fn new(rows: usize, codes: usize, inputs: usize) -> Tied {
        Tied {
            rows,
            codes,
            inputs,
            weights: numbers(codes * inputs, 1),
            x: numbers(rows * codes, 2),
            dy: numbers(rows * inputs, 3),
            encoder_x: numbers(rows * inputs, 4),
            encoder_dy: numbers(rows * codes, 5),
        }
    }

    fn by_rows(data: &[f32], width: usize) -> Left<'_> {
        Left {
            data,
            row: width,
            column: 1,
        }
    }

    /// `y = x W + b`
    fn forward(&self, isa: Isa, start: Start<'_>) -> Vec<f32> {
        let mut y = vec![f32::NAN; self.rows * self.inputs];
        product(
            isa,
            (self.rows, self.inputs, self.codes),
            Self::by_rows(&self.x, self.codes),
            Right::row_major(&self.weights, self.inputs),
            start,
            &mut y,
            self.inputs,
        );
        y
    }

    /// `dx = dy Wᵀ`
    fn backward(&self, isa: Isa) -> Vec<f32> {
        let mut dx = vec![f32::NAN; self.rows * self.codes];
        product(
            isa,
            (self.rows, self.codes, self.inputs),
            Self::by_rows(&self.dy, self.inputs),
            Right::transpose_of(&self.weights, self.inputs),
            Start::Zero,
            &mut dx,
            self.codes,
        );
        dx
    }

    /// The gradient of rows of W, both uses in order, `tile` rows at a time: `dW = encoder_dyᵀ encoder_x`, then
    /// `dW += xᵀ dy`.
    fn gradient(&self, isa: Isa, tile: usize) -> Vec<f32> {
        let mut gradient = vec![f32::NAN; self.codes * self.inputs];
        for (i, gradient) in gradient.chunks_mut(tile * self.inputs).enumerate() {
            let codes = gradient.len() / self.inputs;
            let uses = [
                (&self.encoder_dy, &self.encoder_x, Start::Zero),
                (&self.x, &self.dy, Start::Accumulate),
            ];
            for (left, right, start) in uses {
                product(
                    isa,
                    (codes, self.inputs, self.rows),
                    Left {
                        data: &left[i * tile..],
                        row: 1,
                        column: self.codes,
                    },
                    Right::row_major(right, self.inputs),
                    start,
                    gradient,
                    self.inputs,
                );
            }
        }
        gradient
    }
}

#[test]
fn forward_backward_and_gradients_are_those_of_the_transpose() {
    for (rows, codes, inputs) in [
        (1, 1, 1),
        (1, 8, 784),
        (3, 5, 7),
        (64, 8, 16),
        (17, 33, 65),
        (64, 97, 784),
    ] {
        let t = Tied::new(rows, codes, inputs);
        let [w, x, dy] = [&t.weights, &t.x, &t.dy].map(|numbers| wide(numbers));
        let [encoder_x, encoder_dy] = [&t.encoder_x, &t.encoder_dy].map(|numbers| wide(numbers));
        let bias = numbers(inputs, 6);
        let forward = reference::product(
            (rows, inputs, codes),
            |r, c| x[r * codes + c],
            |c, i| w[c * inputs + i],
            |_, i| f64::from(bias[i]),
        );
        let backward = reference::product(
            (rows, codes, inputs),
            |r, i| dy[r * inputs + i],
            |i, c| w[c * inputs + i],
            |_, _| 0.0,
        );
        let of_encoder = reference::product(
            (codes, inputs, rows),
            |c, r| encoder_dy[r * codes + c],
            |r, i| encoder_x[r * inputs + i],
            |_, _| 0.0,
        );
        let gradient = reference::product(
            (codes, inputs, rows),
            |c, r| x[r * codes + c],
            |r, i| dy[r * inputs + i],
            |c, i| of_encoder[c * inputs + i],
        );
        let close = |found: &[f32], expected: &[f64], terms: usize| {
            // Each of the multiply-adds, of numbers up to 1, rounds twice at most.
            let tolerance = (terms * terms) as f64 * f64::from(f32::EPSILON);
            assert_eq!(found.len(), expected.len());
            for (&found, &expected) in found.iter().zip(expected) {
                assert!((f64::from(found) - expected).abs() <= tolerance.min(1e-4));
            }
        };
        for isa in Isa::available() {
            close(&t.forward(isa, Start::Bias(&bias)), &forward, codes + 1);
            close(&t.backward(isa), &backward, inputs);
            close(&t.gradient(isa, codes), &gradient, 2 * rows);
        }
    }
}

/// A gradient of some rows of W has the bits that it has in the whole.
#[test]
fn tiles_do_not_change_a_bit() {
    let t = Tied::new(64, 97, 130);
    for isa in Isa::available() {
        let whole = bits(&t.gradient(isa, 97));
        for tile in [1, 7, 16, 48, 96] {
            assert!(bits(&t.gradient(isa, tile)) == whole, "{tile}");
        }
    }
}
