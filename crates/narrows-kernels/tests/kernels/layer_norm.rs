//! Compares layer normalization with its definition in float64, and the definition with finite differences.

use crate::{bits, differences, numbers, wide};
use narrows_kernels::Isa;
use narrows_kernels::layer_norm::{Affine, KEPT, backward, forward, weight_gradient};
use narrows_kernels::reduce::column_sums;
use narrows_kernels::reference;

const EPS: f64 = 1e-5;

#[test]
fn the_closed_form_of_the_gradient_is_that_of_finite_differences() {
    for len in [1, 2, 3, 17, 40] {
        for (spread, offset) in [(1.0, 0.0), (0.01, 3.0)] {
            let value = |x: f32| spread * f64::from(x) + offset;
            let x: Vec<f64> = numbers(len, 1).into_iter().map(value).collect();
            let g = wide(&numbers(len, 2));
            // Where the variance is as small as eps, both matter.
            let eps = 1e-3;
            let value = |x: &[f64]| -> f64 {
                let y = reference::normalize(x, eps);
                y.iter().zip(&g).map(|(y, g)| y * g).sum()
            };
            let found = reference::normalize_gradient(&x, &g, eps);
            for (found, expected) in found.iter().zip(differences(value, &x)) {
                let tolerance = 1e-7 * expected.abs().max(1.0);
                assert!((found - expected).abs() < tolerance, "{found}, {expected}");
            }
        }
    }
}

/// A layer over some rows, `x` being `spread · numbers + offset`.
struct Case {
    rows: usize,
    width: usize,
    x: Vec<f32>,
    dy: Vec<f32>,
    weight: Vec<f32>,
    bias: Vec<f32>,
}

/// What comes out of all the functions.
struct Results {
    y: Vec<f32>,
    kept: Vec<f32>,
    dx: Vec<f32>,
    weight: Vec<f32>,
    bias: Vec<f32>,
}

impl Case {
    fn new(rows: usize, width: usize, spread: f32, offset: f32) -> Case {
        let value = |x: f32| spread * x + offset;
        Case {
            rows,
            width,
            x: numbers(rows * width, 1).into_iter().map(value).collect(),
            dy: numbers(rows * width, 2),
            weight: numbers(width, 3),
            bias: numbers(width, 4),
        }
    }

    fn run(&self, isa: Isa) -> Results {
        // What lies in memory before is overwritten.
        let garbage = |len: usize| vec![f32::NAN; len];
        let mut results = Results {
            y: garbage(self.x.len()),
            kept: garbage(self.rows * KEPT),
            dx: garbage(self.x.len()),
            weight: garbage(self.width),
            bias: garbage(self.width),
        };
        let affine = Affine {
            weight: &self.weight,
            bias: &self.bias,
        };
        let (x, dy) = (&self.x, &self.dy);
        forward(isa, EPS, affine, x, &mut results.y, &mut results.kept);
        let kept = &results.kept;
        backward(isa, &self.weight, x, kept, dy, &mut results.dx);
        weight_gradient(isa, x, kept, dy, &mut results.weight);
        column_sums(isa, dy, &mut results.bias);
        results
    }

    /// The same in float64: `y`, `dx` and the gradients.
    fn expected(&self) -> [Vec<f64>; 4] {
        let (weight, bias) = (wide(&self.weight), wide(&self.bias));
        let (mut y, mut dx) = (Vec::new(), Vec::new());
        let mut gradients = [vec![0.0; self.width], vec![0.0; self.width]];
        let (x, dy) = (wide(&self.x), wide(&self.dy));
        for (x, dy) in x.chunks(self.width).zip(dy.chunks(self.width)) {
            let normalized = reference::normalize(x, EPS);
            for (j, xhat) in normalized.iter().enumerate() {
                y.push(xhat * weight[j] + bias[j]);
                gradients[0][j] += dy[j] * xhat;
                gradients[1][j] += dy[j];
            }
            let g: Vec<f64> = dy.iter().zip(&weight).map(|(dy, w)| dy * w).collect();
            dx.extend(reference::normalize_gradient(x, &g, EPS));
        }
        let [weight, bias] = gradients;
        [y, dx, weight, bias]
    }
}

fn assert_close(found: &[f32], expected: &[f64], tolerance: f64, what: &str) {
    assert_eq!(found.len(), expected.len());
    for (i, (&found, &expected)) in found.iter().zip(expected).enumerate() {
        let error = (f64::from(found) - expected).abs();
        assert!(
            error <= tolerance * expected.abs().max(1.0),
            "{what}, number {i}: {found}, expected {expected}"
        );
    }
}

#[test]
fn forward_and_gradients_are_those_of_the_definition() {
    let widths = (1..=40).chain([127, 784, 5000]);
    for (rows, width) in widths.flat_map(|width| [(1, width), (3, width), (37, width)]) {
        let case = Case::new(rows, width, 1.0, 0.2);
        let [y, dx, weight, bias] = case.expected();
        // A row of two close values has a large rstd, which the rounding of x - mean and dx share.
        let steepest = case.run(Isa::best()).kept;
        let steepest = steepest.chunks(KEPT).map(|kept| f64::from(kept[1]));
        let steepest = steepest.fold(1.0, f64::max);
        for isa in Isa::available() {
            let found = case.run(isa);
            let what = |name| format!("{name} of {rows} x {width} on {}", isa.name());
            let tolerance = 1e-6 * steepest;
            assert_close(&found.y, &y, tolerance, &what("y"));
            assert_close(&found.dx, &dx, 2.0 * tolerance * steepest, &what("dx"));
            let sum = rows as f64 * tolerance;
            assert_close(&found.weight, &weight, sum, &what("dweight"));
            assert_close(&found.bias, &bias, sum, &what("dbias"));
        }
    }
}

#[test]
fn every_instruction_set_gives_the_same_bits() {
    for (rows, width) in [(1, 1), (5, 17), (9, 784), (64, 33)] {
        let case = Case::new(rows, width, 1.0, 0.2);
        let bits_on = |isa| {
            let r = case.run(isa);
            // The sums of columns are those of another test.
            [r.y, r.kept, r.dx, r.weight].map(|numbers| bits(&numbers))
        };
        let best = bits_on(Isa::best());
        for isa in Isa::available() {
            assert!(bits_on(isa) == best, "{rows} x {width} on {}", isa.name());
        }
    }
}

/// A row's results depend on this row alone, so that rows can be cut among threads.
#[test]
fn rows_are_apart() {
    let case = Case::new(9, 50, 1.0, 0.2);
    let all = case.run(Isa::best());
    for row in 0..case.rows {
        let at = row * case.width..(row + 1) * case.width;
        let one = Case {
            rows: 1,
            x: case.x[at.clone()].to_vec(),
            dy: case.dy[at.clone()].to_vec(),
            weight: case.weight.clone(),
            bias: case.bias.clone(),
            ..case
        };
        let one = one.run(Isa::best());
        assert_eq!(bits(&one.y), bits(&all.y[at.clone()]));
        assert_eq!(bits(&one.dx), bits(&all.dx[at]));
    }
}

/// Mean 10,000 and std 1: the numbers themselves are 0.001 apart, and the mean is rounded to that. Beyond this
/// nothing may be lost; sums in single precision would be off by more than the std.
#[test]
fn values_far_from_zero_are_normalized() {
    for isa in Isa::available() {
        let case = Case::new(4, 1001, 1.732, 1e4);
        let [y, dx, ..] = case.expected();
        let found = case.run(isa);
        assert_close(&found.y, &y, 5.2e-4, "y");
        assert_close(&found.dx, &dx, 1e-3, "dx");
        for (kept, x) in found.kept.chunks(KEPT).zip(case.x.chunks(case.width)) {
            let (mean, variance) = reference::mean_and_variance(&wide(x));
            assert_eq!(kept[0], mean as f32);
            let rstd = 1.0 / (variance + EPS).sqrt();
            assert!((f64::from(kept[1]) / rstd - 1.0).abs() < 1e-6);
        }
    }
}

#[test]
fn equal_values_have_no_variance_and_nan_stays() {
    let ones = [1.0; 5];
    let affine = Affine {
        weight: &ones,
        bias: &[0.25; 5],
    };
    for isa in Isa::available() {
        let (mut y, mut kept) = ([f32::NAN; 10], [f32::NAN; 4]);
        let mut x = [12345.678; 10];
        x[7] = f32::NAN;
        forward(isa, EPS, affine, &x, &mut y, &mut kept);
        assert_eq!(y[..5], [0.25; 5]);
        assert_eq!(kept[..2], [12345.678, (1.0 / EPS.sqrt()) as f32]);
        assert!(y[5..].iter().all(|y| y.is_nan()));
    }
}

#[test]
#[should_panic(expected = "matrices of 2 rows of 3 numbers")]
fn other_lengths_are_refused() {
    let (mut y, mut kept) = ([0.0; 7], [0.0; 4]);
    let affine = Affine {
        weight: &[1.0; 3],
        bias: &[0.0; 3],
    };
    forward(Isa::best(), EPS, affine, &[0.0; 6], &mut y, &mut kept);
}
