//! Gated sums against their definition in float64.

use narrows_kernels::Isa;
use narrows_kernels::counts::{Gated, open, room, set, size};

/// A number in [-1, 1) for an index.
fn value(index: usize) -> f32 {
    let hash = (index as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let hash = (hash ^ (hash >> 29)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    (hash >> 40) as f32 / (1 << 23) as f32 - 1.0
}

#[test]
fn sums_are_those_of_the_definition() {
    for (rows, inner, outer) in [
        (1, 1, 1),
        (5, 3, 9),
        (64, 17, 8),
        (65, 6, 20),
        (200, 9, 5),
        (1100, 4, 3),
    ] {
        let x: Vec<f32> = (0..rows * inner).map(value).collect();
        let y: Vec<f32> = (0..rows * outer).map(|i| value(i + 7919)).collect();
        let g: Vec<f32> = (0..inner).map(|i| value(i + 104_729)).collect();
        for is_open in [false, true] {
            // Nothing of a batch before is left.
            let words = (rows + 3usize).div_ceil(64);
            let mut of_inner = vec![u32::MAX; words * size(inner)];
            let mut of_outer = vec![u32::MAX; words * size(outer)];
            let at = |x: &[f32], units: usize, word: usize| {
                let place = |row: usize| row.min(rows) * units;
                x[place(64 * word)..place(64 * word + 64)].to_vec()
            };
            let inners = of_inner.chunks_exact_mut(size(inner)).enumerate();
            inners.for_each(|(word, gates)| set(inner, &at(&x, inner, word), gates));
            for (word, gates) in of_outer.chunks_exact_mut(size(outer)).enumerate() {
                if is_open {
                    open(outer, rows.saturating_sub(64 * word).min(64), gates)
                } else {
                    set(outer, &at(&y, outer, word), gates)
                }
            }
            let room = room(outer);
            let mut a = vec![0.0; inner * room];
            for (i, a) in a.chunks_exact_mut(room).enumerate() {
                (0..outer).for_each(|k| a[k] = value(i * outer + k + 1_299_709));
            }
            let opens = |row: usize, i: usize, j: usize, k: usize| {
                let open = |x: &[f32], unit: usize, width: usize| x[row * width + unit] > 0.0;
                open(&x, i, inner) && open(&x, j, inner) && (is_open || open(&y, k, outer))
            };
            let count = |i, j, k| (0..rows).filter(|&row| opens(row, i, j, k)).count() as f64;
            let gated = Gated::new([&of_inner, &of_outer], [inner, outer], &a);
            for isa in Isa::available() {
                for i in 0..inner {
                    let (mut s, mut h) = (vec![f32::NAN; inner], vec![f32::NAN; room]);
                    gated.sums(isa, i, &g, &mut s, &mut h);
                    let a = |i: usize, k: usize| f64::from(a[i * room + k]);
                    let (mut least, mut all) = (0.0, 0.0);
                    for (j, &s) in s.iter().enumerate() {
                        let parts = (0..outer).map(|k| a(i, k) * a(j, k) * count(i, j, k));
                        let (sum, size) = parts.fold((0.0, 0.0), |(s, n), p| (s + p, n + p.abs()));
                        let error = (f64::from(s) - sum).abs();
                        assert!(
                            error <= 1e-6 * size,
                            "{}: s {i} {j}: {s}, {sum}",
                            isa.name()
                        );
                        (least, all) = (f64::max(least, sum.abs()), all + size);
                    }
                    for (k, &h) in h[..outer].iter().enumerate() {
                        let parts = (0..inner).map(|j| a(j, k) * f64::from(g[j]) * count(i, j, k));
                        let (sum, size) = parts.fold((0.0, 0.0), |(s, n), p| (s + p, n + p.abs()));
                        let error = (f64::from(h) - sum).abs();
                        assert!(
                            error <= 1e-6 * size,
                            "{}: h {i} {k}: {h}, {sum}",
                            isa.name()
                        );
                    }
                    assert!(h[outer..].iter().all(|&h| h == 0.0));
                    assert!(
                        rows < 60 || (least > 0.0 && all > 0.0),
                        "something to compare"
                    );
                }
            }
        }
    }
}

#[test]
#[should_panic(expected = "rows as planned")]
fn more_rows_than_there_are_gates_for() {
    set(2, &[1.0; 130], &mut [0; 16]);
}
