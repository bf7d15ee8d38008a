//! Losses: the sum of a row, and the gradient.

use crate::reference::LOSSES;
use crate::{agrees, bits, numbers};
use narrows_kernels::Isa;
use narrows_kernels::loss::Loss;
use narrows_kernels::reference::{loss, loss_gradient};

/// A row of outputs and one of targets, some of them equal.
fn row(len: usize) -> (Vec<f32>, Vec<f32>) {
    let y: Vec<f32> = numbers(len, 5).iter().map(|y| 4.0 * y).collect();
    let mut t: Vec<f32> = numbers(len, 6).iter().map(|t| 0.5 * t + 0.5).collect();
    for i in (0..len).step_by(7) {
        t[i] = y[i];
    }
    (y, t)
}

#[test]
fn sums_and_gradients_of_rows() {
    let scale = 0.37;
    for isa in Isa::available() {
        for l in LOSSES {
            for len in 1..=70 {
                let (y, t) = row(len);
                let pairs = || {
                    y.iter()
                        .zip(&t)
                        .map(|(&y, &t)| (f64::from(y), f64::from(t)))
                };
                let each: Vec<f64> = pairs().map(|(y, t)| loss(l, y, t)).collect();
                let expected: f64 = each.iter().sum();
                // softplus(y) - t y cancels; everything else here is a sum of positive numbers.
                let size: f64 = pairs().map(|(y, t)| (t * y).abs()).sum::<f64>() + expected;
                let mut dy = vec![9.0; len];
                let sum = l.sum_and_gradient(isa, &y, &t, scale, &mut dy);
                assert!(
                    agrees(sum, expected, 5e-7 * size),
                    "{l:?}, {len} on {}: {sum}, expected {expected}",
                    isa.name()
                );
                assert_eq!(sum.to_bits(), l.sum(isa, &y, &t).to_bits(), "{l:?}");
                for ((y, t), dy) in pairs().zip(dy) {
                    let expected = f64::from(scale) * loss_gradient(l, y, t);
                    assert!(
                        agrees(
                            dy,
                            expected,
                            3e-7 * f64::from(scale) * (y - t).abs().max(1.0)
                        ),
                        "{l:?}' of {y} against {t} on {}: {dy}, expected {expected}",
                        isa.name()
                    );
                }
            }
        }
    }
}

/// One element at a time, over all magnitudes.
#[test]
fn single_elements() {
    for isa in Isa::available() {
        for l in LOSSES {
            for exponent in -60..60 {
                for sign in [1.0, -1.0] {
                    for t in [0.0f32, 0.3, 1.0] {
                        let y = sign * f64::from(exponent).exp2() as f32;
                        let expected = loss(l, f64::from(y), f64::from(t));
                        let sum = l.sum(isa, &[y], &[t]);
                        // The difference of the two is rounded before the loss is taken.
                        let d = f64::from(y - t) - (f64::from(y) - f64::from(t));
                        let slope = loss_gradient(l, f64::from(y), f64::from(t)).abs();
                        // A negative log density passes through 0, where its parts cancel.
                        let size = match l {
                            Loss::ContinuousBernoulliOfLogits => expected.abs().max(1.0),
                            _ => expected,
                        };
                        let tolerance = 5e-7 * size + 2.0 * slope * d.abs() + 1e-37;
                        assert!(
                            agrees(sum, expected, tolerance),
                            "{l:?} of {y:e} against {t} on {}: {sum:e}, expected {expected:e}",
                            isa.name()
                        );
                    }
                }
            }
        }
    }
}

#[test]
fn a_confident_and_correct_logit_keeps_its_small_loss() {
    for isa in Isa::available() {
        for (y, t) in [(20.0, 1.0), (-20.0, 0.0), (60.0, 1.0), (-60.0, 0.0)] {
            let expected = (-60.0f64).max(-f64::from(f32::abs(y))).exp().ln_1p();
            let sum = Loss::CrossEntropyOfLogits.sum(isa, &[y], &[t]);
            assert!(agrees(sum, expected, 1e-6 * expected), "{y}: {sum:e}");
        }
    }
}

/// The closed forms and the series at which they are exchanged, on both sides of it.
#[test]
fn the_continuous_bernoulli_density_of_all_magnitudes() {
    let l = Loss::ContinuousBernoulliOfLogits;
    for isa in Isa::available() {
        for step in -3_000..=3_000 {
            let y = (f64::from(step) / 300.0).sinh() as f32 / 100.0;
            for t in [0.0f32, 0.3, 1.0] {
                let mut dy = [9.0];
                let sum = l.sum_and_gradient(isa, &[y], &[t], 1.0, &mut dy);
                let (y, t) = (f64::from(y), f64::from(t));
                let expected = [loss(l, y, t), loss_gradient(l, y, t)];
                for (found, expected) in [sum, dy[0]].into_iter().zip(expected) {
                    assert!(
                        agrees(found, expected, 1e-6 + 3e-7 * y.abs()),
                        "{y} against {t} on {}: {found}, expected {expected}",
                        isa.name()
                    );
                }
            }
        }
    }
}

/// Its integral over targets is 1, whatever its parameter.
#[test]
fn the_continuous_bernoulli_density_integrates_to_1() {
    for p in [0.01f64, 0.4999, 0.5, 0.5001, 0.99] {
        let y = (p / (1.0 - p)).ln();
        let cells = 10_000;
        let densities = (0..cells).map(|cell| {
            let t = (f64::from(cell) + 0.5) / f64::from(cells);
            (-loss(Loss::ContinuousBernoulliOfLogits, y, t)).exp()
        });
        let integral = densities.sum::<f64>() / f64::from(cells);
        assert!((integral - 1.0).abs() < 1e-6, "{p}: {integral}");
    }
}

#[test]
fn nan_stays_nan_in_every_place() {
    for isa in Isa::available() {
        for l in LOSSES {
            for len in 1..=35 {
                for at in 0..len {
                    let mut with_nan = vec![0.25; len];
                    with_nan[at] = f32::NAN;
                    let plain = vec![0.75; len];
                    for (y, t) in [(&with_nan, &plain), (&plain, &with_nan)] {
                        let mut dy = vec![9.0; len];
                        let sum = l.sum_and_gradient(isa, y, t, 2.0, &mut dy);
                        assert!(sum.is_nan() && l.sum(isa, y, t).is_nan(), "{l:?}, {len}");
                        for (i, dy) in dy.iter().enumerate() {
                            assert_eq!(
                                dy.is_nan(),
                                i == at,
                                "{l:?}', {at} of {len} on {}",
                                isa.name()
                            );
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn the_gradient_of_an_element_does_not_depend_on_its_neighbors() {
    let (y, t) = row(67);
    for isa in Isa::available() {
        for l in LOSSES {
            let gradient = |from: usize, to: usize| {
                let mut dy = vec![9.0; to - from];
                l.sum_and_gradient(isa, &y[from..to], &t[from..to], 0.3, &mut dy);
                dy
            };
            for cut in 0..=67 {
                let pieces = [gradient(0, cut), gradient(cut, 67)].concat();
                assert_eq!(bits(&pieces), bits(&gradient(0, 67)), "{l:?} cut at {cut}");
            }
        }
    }
}

#[test]
fn an_empty_row_loses_nothing() {
    for isa in Isa::available() {
        for l in LOSSES {
            assert_eq!(l.sum_and_gradient(isa, &[], &[], 1.0, &mut []), 0.0);
        }
    }
}

#[test]
#[should_panic]
fn sum_refuses_other_lengths() {
    Loss::Squared.sum(Isa::best(), &[0.0; 3], &[0.0; 2]);
}

#[test]
#[should_panic]
fn gradient_refuses_other_lengths() {
    Loss::Squared.sum_and_gradient(Isa::best(), &[0.0; 3], &[0.0; 3], 1.0, &mut [0.0; 2]);
}
