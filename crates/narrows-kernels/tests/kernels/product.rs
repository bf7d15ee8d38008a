//! Matrix products.

mod short;

use crate::{bits, numbers};
use narrows_kernels::Isa;
use narrows_kernels::product::*;
use narrows_kernels::reference;

/// What lies around C, to be found untouched.
const GUARD: f32 = 1234.5;

/// The three uses of a product in a dense layer.
#[derive(Clone, Copy, Debug)]
enum Use {
    /// `x Wᵀ`: a transposed right side.
    Forward,
    /// `dy W`: both as they lie.
    InputGradient,
    /// `dyᵀ x`: a transposed left side.
    WeightGradient,
}

const USES: [Use; 3] = [Use::Forward, Use::InputGradient, Use::WeightGradient];

/// The matrices of one shape, in the layouts of all uses. Rows lie some numbers apart, which hold
/// NaN: whoever reads them shows it.
struct Matrices {
    shape: (usize, usize, usize),
    gap: usize,
    a: Vec<f32>,
    a_transposed: Vec<f32>,
    b: Vec<f32>,
    b_transposed: Vec<f32>,
    start: Vec<f32>,
    bias: Vec<f32>,
}

/// `rows` × `columns` numbers, `gap` NaN behind each row but the last.
fn strided(rows: usize, columns: usize, gap: usize, f: impl Fn(usize, usize) -> f32) -> Vec<f32> {
    let mut data = Vec::new();
    for i in 0..rows {
        data.extend((0..columns).map(|j| f(i, j)));
        if i + 1 < rows {
            data.resize(data.len() + gap, f32::NAN);
        }
    }
    data
}

impl Matrices {
    fn new((m, n, k): (usize, usize, usize), gap: usize) -> Self {
        let a = numbers(m * k, 1);
        let b = numbers(k * n, 2);
        Matrices {
            shape: (m, n, k),
            gap,
            a_transposed: strided(k, m, gap, |l, i| a[i * k + l]),
            a: strided(m, k, gap, |i, l| a[i * k + l]),
            b: strided(k, n, gap, |l, j| b[l * n + j]),
            b_transposed: strided(n, k, gap, |j, l| b[l * n + j]),
            start: numbers(m * n, 3),
            bias: numbers(n, 4),
        }
    }

    fn left(&self, usage: Use) -> Left<'_> {
        let (m, _, k) = self.shape;
        match usage {
            Use::WeightGradient => Left {
                data: &self.a_transposed,
                row: 1,
                column: m + self.gap,
            },
            _ => Left {
                data: &self.a,
                row: k + self.gap,
                column: 1,
            },
        }
    }

    fn right(&self, usage: Use) -> Right<'_> {
        let (_, n, k) = self.shape;
        match usage {
            Use::Forward => Right::transpose_of(&self.b_transposed, k + self.gap),
            _ => Right::row_major(&self.b, n + self.gap),
        }
    }

    /// `C` in place of `start`, with guards, cut down to itself once they are checked.
    fn product(&self, isa: Isa, usage: Use, start: Start<'_>) -> Vec<f32> {
        let (m, n, _) = self.shape;
        let c_row = n + self.gap;
        let mut c = vec![GUARD; m * c_row + 20];
        for (c, start) in c.chunks_mut(c_row).zip(self.start.chunks(n)) {
            c[..n].copy_from_slice(start);
        }
        let (a, b) = (self.left(usage), self.right(usage));
        product(isa, self.shape, a, b, start, &mut c, c_row);
        let mut inside = Vec::with_capacity(m * n);
        for (i, row) in c.chunks(c_row).enumerate() {
            let (row, guards) = if i < m {
                row.split_at(n)
            } else {
                (&[][..], row)
            };
            inside.extend_from_slice(row);
            assert!(
                guards.iter().all(|&guard| guard == GUARD),
                "{usage:?} {:?} on {} wrote outside row {i} of C",
                self.shape,
                isa.name()
            );
        }
        inside
    }
}

/// All uses and starts of one shape against the reference.
fn check(shape: (usize, usize, usize), gap: usize) {
    let (m, n, k) = shape;
    let (a, b) = (numbers(m * k, 1), numbers(k * n, 2));
    let wide = |x: f32| f64::from(x);
    let zero = |_, _| 0.0;
    let a_at = |i: usize, l: usize| wide(a[i * k + l]);
    let b_at = |l: usize, j: usize| wide(b[l * n + j]);
    let sums = reference::product(shape, a_at, b_at, zero);
    let a_abs = |i: usize, l: usize| a_at(i, l).abs();
    let sizes = reference::product(shape, a_abs, |l, j| b_at(l, j).abs(), zero);
    for isa in Isa::available() {
        let matrices = Matrices::new(shape, gap);
        for start in [Start::Zero, Start::Bias(&matrices.bias), Start::Accumulate] {
            for usage in USES {
                let c = matrices.product(isa, usage, start);
                assert_eq!(c.len(), m * n);
                for (at, &found) in c.iter().enumerate() {
                    let before = match start {
                        Start::Zero => 0.0,
                        Start::Bias(bias) => wide(bias[at % n]),
                        Start::Accumulate => wide(matrices.start[at]),
                    };
                    let expected = before + sums[at];
                    // Each of the `k` multiply-adds rounds twice at most.
                    let size = before.abs() + sizes[at];
                    let tolerance = k as f64 * f64::from(f32::EPSILON) * size;
                    assert!(
                        (wide(found) - expected).abs() <= tolerance,
                        "{usage:?} {shape:?} {start:?} on {}: C[{}, {}] is {found}, expected \
                         {expected}",
                        isa.name(),
                        at / n,
                        at % n
                    );
                }
            }
        }
    }
}

#[test]
fn small_shapes() {
    for m in 1..=30 {
        for n in 1..=40 {
            for k in [0, 1, 2, 17, 255, 256, 257, 600] {
                check((m, n, k), (m + n) % 5);
            }
        }
    }
}

#[test]
fn blocks_of_the_sum() {
    for (m, n) in [
        (1, 1),
        (1, 16),
        (1, 33),
        (2, 7),
        (5, 15),
        (6, 17),
        (7, 31),
        (11, 32),
        (12, 40),
        (13, 16),
        (25, 39),
        (30, 5),
    ] {
        for k in [511, 512, 513, 1000] {
            check((m, n, k), (m + n) % 3);
        }
    }
}

/// Enough rows, far enough apart, for B to be copied side by side first where `k` is large too.
#[test]
fn tall_shapes() {
    for m in [25, 48, 49, 61, 97, 120] {
        for n in [1, 16, 17, 31, 33, 47, 48, 64, 101] {
            check((m, n, 19), 40);
            check((m, n, 97), 40);
            check((m, n, 0), 40);
        }
    }
    check((53, 83, 257), 0);
    check((64, 128, 784), 0);
    check((1, 784, 32), 0);
    check((784, 1, 32), 0);
}

/// Beyond the panels, blocks and chunks that tiles work on.
#[test]
fn large_shapes() {
    for shape in [
        (129, 65, 1057),
        (128, 64, 1024),
        (160, 33, 95),
        (257, 32, 64),
        (33, 97, 2049),
        (31, 64, 63),
    ] {
        check(shape, 0);
        check(shape, 5);
    }
}

/// The root of the mean squared difference from the product in double precision, by that of the product.
fn relative_error(isa: Isa, usage: Use, matrices: &Matrices, exact: &[f64]) -> f64 {
    let found = matrices.product(isa, usage, Start::Zero);
    let squares = |numbers: &mut dyn Iterator<Item = f64>| numbers.map(|x| x * x).sum::<f64>();
    let differences = &mut found.iter().zip(exact).map(|(&f, e)| f64::from(f) - e);
    (squares(differences) / squares(&mut exact.iter().copied())).sqrt()
}

/// Tiles multiply bfloat16 numbers: sums of their products are no less accurate than those of multiply-adds.
#[test]
fn every_instruction_set_is_as_accurate_as_plain_rust() {
    for k in [32, 100, 784, 3000] {
        let shape @ (m, n, _) = (40, 50, k);
        let matrices = Matrices::new(shape, 0);
        let (a, b) = (numbers(m * k, 1), numbers(k * n, 2));
        let a = |i: usize, l: usize| f64::from(a[i * k + l]);
        let b = |l: usize, j: usize| f64::from(b[l * n + j]);
        let exact = reference::product(shape, a, b, |_, _| 0.0);
        let all = Isa::available();
        for usage in USES {
            let plain = relative_error(all[all.len() - 1], usage, &matrices, &exact);
            for &isa in &all {
                let error = relative_error(isa, usage, &matrices, &exact);
                assert!(
                    error <= 1.1 * plain,
                    "{usage:?} over {k} on {}: {error:e}, plain Rust {plain:e}",
                    isa.name()
                );
            }
        }
    }
}

/// Each element of the product of numbers of any size is as close as its own terms allow.
#[test]
fn numbers_of_all_sizes() {
    let (m, n, k) = (20, 40, 70);
    for (from, to) in [(-60, -20), (-20, 20), (20, 60)] {
        let of_size =
            |(i, x): (usize, f32)| x * 2f32.powi(from + (i * 7 % (to - from) as usize) as i32);
        let a: Vec<f32> = numbers(m * k, 1)
            .into_iter()
            .enumerate()
            .map(of_size)
            .collect();
        let b: Vec<f32> = numbers(k * n, 2)
            .into_iter()
            .enumerate()
            .map(of_size)
            .collect();
        for isa in Isa::available() {
            let mut c = vec![GUARD; m * n];
            let left = Left {
                data: &a,
                row: k,
                column: 1,
            };
            let right = Right::row_major(&b, n);
            product(isa, (m, n, k), left, right, Start::Zero, &mut c, n);
            for (at, &c) in c.iter().enumerate() {
                let terms =
                    (0..k).map(|l| f64::from(a[at / n * k + l]) * f64::from(b[l * n + at % n]));
                let (sum, size) = terms.fold((0.0, 0.0), |(sum, size), term| {
                    (sum + term, size + term.abs())
                });
                let tolerance = k as f64 * f64::from(f32::EPSILON) * size;
                assert!(
                    (f64::from(c) - sum).abs() <= tolerance,
                    "{} {c} {sum}",
                    isa.name()
                );
            }
        }
    }
}

#[test]
fn rows_and_columns_may_be_cut_anywhere() {
    let shape @ (m, n, k) = (67, 83, 300);
    for isa in Isa::available() {
        let matrices = Matrices::new(shape, 3);
        let start = Start::Bias(&matrices.bias);
        for usage in USES {
            let whole = bits(&matrices.product(isa, usage, start));
            let (a, b) = (matrices.left(usage), matrices.right(usage));
            for cut in 1..m {
                let mut c = vec![GUARD; m * n];
                let (above, below) = c.split_at_mut(cut * n);
                product(isa, (cut, n, k), a, b, start, above, n);
                let data = &a.data[cut * a.row..];
                let shape = (m - cut, n, k);
                product(isa, shape, Left { data, ..a }, b, start, below, n);
                assert_eq!(bits(&c), whole, "{usage:?}, row {cut} on {}", isa.name());
            }
            for cut in 1..n {
                let right = match usage {
                    Use::Forward => {
                        let row = k + matrices.gap;
                        Right::transpose_of(&matrices.b_transposed[cut * row..], row)
                    }
                    _ => Right::row_major(&matrices.b[cut..], n + matrices.gap),
                };
                let mut c = vec![GUARD; m * n];
                product(isa, (m, cut, k), a, b, start, &mut c, n);
                let start = Start::Bias(&matrices.bias[cut..]);
                product(isa, (m, n - cut, k), a, right, start, &mut c[cut..], n);
                assert_eq!(bits(&c), whole, "{usage:?}, column {cut} on {}", isa.name());
            }
        }
    }
}

#[test]
fn the_sum_may_be_cut_by_accumulating() {
    let shape @ (m, n, k) = (31, 37, 290);
    for isa in Isa::available() {
        let matrices = Matrices::new(shape, 0);
        for usage in [Use::InputGradient, Use::WeightGradient] {
            let whole = bits(&matrices.product(isa, usage, Start::Accumulate));
            let a = matrices.left(usage);
            for cut in [1, 32, 100, 256, 289] {
                let mut c = matrices.start.clone();
                let b = Right::row_major(&matrices.b, n);
                product(isa, (m, n, cut), a, b, Start::Accumulate, &mut c, n);
                let data = &a.data[cut * a.column..];
                let b = Right::row_major(&matrices.b[cut * n..], n);
                let a = Left { data, ..a };
                product(isa, (m, n, k - cut), a, b, Start::Accumulate, &mut c, n);
                assert!(bits(&c) == whole, "{usage:?}, {cut} on {}", isa.name());
            }
        }
    }
}

#[test]
fn nan_and_infinity_reach_their_row_and_column_alone() {
    let (m, n, k) = (13, 37, 20);
    for isa in Isa::available() {
        for (i, j) in [(0, 0), (5, 16), (12, 36)] {
            let (mut a, mut b) = (vec![1.0; m * k], vec![1.0; k * n]);
            a[i * k + 7] = f32::INFINITY;
            b[11 * n + j] = f32::NAN;
            let mut c = vec![0.0; m * n];
            let left = Left {
                data: &a,
                row: k,
                column: 1,
            };
            let right = Right::row_major(&b, n);
            product(isa, (m, n, k), left, right, Start::Zero, &mut c, n);
            for (at, c) in c.into_iter().enumerate() {
                if at % n == j {
                    assert!(c.is_nan());
                } else {
                    assert_eq!(c, if at / n == i { f32::INFINITY } else { 20.0 });
                }
            }
        }
    }
}

#[test]
fn empty_products() {
    for isa in Isa::available() {
        let a = Left {
            data: &[],
            row: 0,
            column: 0,
        };
        let b = Right::row_major(&[], 100);
        product(isa, (0, 5, 5), a, b, Start::Zero, &mut [], 5);
        product(isa, (5, 0, 5), a, b, Start::Zero, &mut [], 0);
        // A sum over nothing, whatever the stride that is not used.
        for b in [b, Right::transpose_of(&[], usize::MAX)] {
            let shape = (100, 40, 0);
            let bias: Vec<f32> = (0..40).map(|j| j as f32).collect();
            let mut c = [GUARD; 4000];
            product(isa, shape, a, b, Start::Accumulate, &mut c, 40);
            assert_eq!(c, [GUARD; 4000]);
            product(isa, shape, a, b, Start::Bias(&bias), &mut c, 40);
            assert!(c.chunks(40).all(|row| row == bias));
            product(isa, shape, a, b, Start::Zero, &mut c, 40);
            assert_eq!(c, [0.0; 4000]);
        }
    }
}
