//! The code of a variational autoencoder against the float64 reference.

use crate::{agrees, bits, differences, numbers, wide};
use narrows_kernels::Isa;
use narrows_kernels::reference;
use narrows_kernels::variational::{Weighed, divergences, draw, draw_back};

const ROWS: usize = 3;
const FREE: [f32; 3] = [0.0, 0.05, 0.4];

/// What an encoder gives, noise, and the gradient by the codes. Some log variances are clamped.
fn case(q: usize) -> [Vec<f32>; 3] {
    let mut encoded: Vec<f32> = numbers(ROWS * 2 * q, 3).iter().map(|x| 2.0 * x).collect();
    encoded[2 * q - 1] = 23.0;
    encoded[3 * q] = -31.0;
    let noise: Vec<f32> = numbers(ROWS * q, 4).iter().map(|x| 2.0 * x).collect();
    [encoded, noise, numbers(ROWS * q, 5)]
}

#[test]
fn codes_divergences_and_gradients_of_rows() {
    for isa in Isa::available() {
        for q in 1..=40 {
            let [encoded, noise, dz] = case(q);
            for free in FREE {
                let (mut z, mut divergence) = (vec![9.0; ROWS * q], vec![9.0; ROWS]);
                draw(isa, &encoded, &noise, free, &mut z, &mut divergence);
                let weight = 0.3;
                let mut gradient = vec![9.0; ROWS * 2 * q];
                draw_back(isa, q, (&encoded, &noise, &dz), free, weight, &mut gradient);
                for row in 0..ROWS {
                    let encoded = wide(&encoded[row * 2 * q..(row + 1) * 2 * q]);
                    let [noise, dz] = [&noise, &dz].map(|all| wide(&all[row * q..(row + 1) * q]));
                    let (code, expected) =
                        reference::variational(&encoded, &noise, f64::from(free));
                    let found = divergence[row];
                    assert!(
                        agrees(found, expected, 1e-6 * expected + 1e-6),
                        "{q}, {free}: {found} {expected}"
                    );
                    for (&found, expected) in z[row * q..].iter().zip(code) {
                        assert!(agrees(found, expected, 1e-6 * (1.0 + expected.abs())));
                    }
                    let expected = reference::variational_gradient(
                        &encoded,
                        &noise,
                        &dz,
                        f64::from(free),
                        f64::from(weight),
                    );
                    for (&found, expected) in gradient[row * 2 * q..].iter().zip(expected) {
                        assert!(
                            agrees(found, expected, 1e-6 * (1.0 + expected.abs())),
                            "{q}, {free} on {}: {found} {expected}",
                            isa.name()
                        );
                    }
                }
                let mut alone = vec![9.0; ROWS];
                divergences(isa, &encoded, free, &mut alone);
                assert_eq!(bits(&alone), bits(&divergence));
            }
        }
    }
}

#[test]
fn the_reference_is_the_gradient_of_its_value() {
    let q = 5;
    let [encoded, noise, dz] = case(q).map(|all| wide(&all));
    for free in FREE.map(f64::from) {
        let encoded = &encoded[4 * q..6 * q];
        let [noise, dz] = [&noise, &dz].map(|all| &all[2 * q..]);
        let value = |encoded: &[f64]| {
            let (code, divergence) = reference::variational(encoded, noise, free);
            code.iter().zip(dz).map(|(z, dz)| z * dz).sum::<f64>() + 0.3 * divergence
        };
        let found = reference::variational_gradient(encoded, noise, dz, free, 0.3);
        for (found, expected) in found.iter().zip(differences(value, encoded)) {
            assert!((found - expected).abs() < 1e-8, "{found} {expected}");
        }
    }
}

#[test]
fn the_divergence_of_the_prior_from_itself_is_0() {
    for isa in Isa::available() {
        let mut divergence = [9.0];
        divergences(isa, &[0.0; 14], 0.0, &mut divergence);
        assert_eq!(divergence, [0.0]);
    }
}

/// The mean of `ln q(z) - ln p(z)` over draws of z.
#[test]
fn the_closed_form_is_the_mean_over_draws() {
    let (mean, log) = (0.7f64, -0.9f64);
    let mut total = [0.0f64; 2];
    let draws = 1_000_000;
    let words = |i: u32| {
        narrows_kernels::noise::words(
            narrows_kernels::noise::Address {
                key: [3, 4],
                counter: [i, 0, 0],
            },
            0,
        )
    };
    for i in 0..draws {
        let [a, b, ..] = words(i);
        let unit = |word: u32| (f64::from(word) + 0.5) / 4_294_967_296.0;
        let e = (-2.0 * unit(a).ln()).sqrt() * (std::f64::consts::TAU * unit(b)).cos();
        let z = mean + (log / 2.0).exp() * e;
        let ratio = 0.5 * (z * z - e * e - log);
        total[0] += ratio;
        total[1] += ratio * ratio;
    }
    let n = f64::from(draws);
    let [first, second] = total.map(|sum| sum / n);
    let error = ((second - first * first) / n).sqrt();
    let mut divergence = [0.0];
    divergences(
        Isa::best(),
        &[mean as f32, log as f32],
        0.0,
        &mut divergence,
    );
    let difference = (first - f64::from(divergence[0])).abs();
    assert!(difference < 4.0 * error, "{difference}, {error}");
}

/// Ratios and gradients of weighed codes against central differences of their definition.
#[test]
fn codes_that_are_weighed() {
    let samples = 3;
    for isa in Isa::available() {
        for q in [1, 5, 16, 21] {
            let encoded: Vec<f32> = numbers(ROWS * 2 * q, 3).iter().map(|x| 2.0 * x).collect();
            let noise = numbers(ROWS * samples * q, 4);
            let dz = numbers(ROWS * samples * q, 5);
            let weights: Vec<f32> = numbers(ROWS * samples, 6).iter().map(|w| w.abs()).collect();
            let scale = 0.25;
            let by_ratios: Vec<f32> = weights.iter().map(|w| -scale * w).collect();
            let weighed = Weighed {
                samples,
                encoded: &encoded,
                noise: &noise,
            };
            let (mut z, mut ratios) = (vec![9.0; noise.len()], vec![9.0; ROWS * samples]);
            weighed.draw(isa, &mut z, &mut ratios);
            // What `value` is the sum of: codes times dz, and ratios times by_ratios.
            let value = |encoded: &[f64]| {
                let mut sum = 0.0;
                for pair in 0..ROWS * samples {
                    let row = &encoded[pair / samples * 2 * q..][..2 * q];
                    let of_pair = |all: &[f32]| wide(&all[pair * q..(pair + 1) * q]);
                    let (noise, dz) = (of_pair(&noise), of_pair(&dz));
                    let (code, _) = reference::variational(row, &noise, 0.0);
                    let ratio: f64 = (0..q)
                        .map(|j| 0.5 * (noise[j].powi(2) - code[j].powi(2) + row[q + j]))
                        .sum();
                    sum += code.iter().zip(dz).map(|(z, dz)| z * dz).sum::<f64>();
                    sum += ratio * f64::from(by_ratios[pair]);
                }
                sum
            };
            let mut gradient = vec![9.0; encoded.len()];
            weighed.draw_back(isa, (&dz, &by_ratios), scale, false, &mut gradient);
            for (found, expected) in gradient.iter().zip(differences(value, &wide(&encoded))) {
                assert!(
                    agrees(*found, expected, 3e-6 * (1.0 + expected.abs())),
                    "{q} on {}: {found} {expected}",
                    isa.name()
                );
            }
            // The doubly reparametrized estimator from its definition.
            weighed.draw_back(isa, (&dz, &by_ratios), scale, true, &mut gradient);
            for row in 0..ROWS {
                for j in 0..q {
                    let at = |place: usize| f64::from(encoded[row * 2 * q + place]);
                    let (mean, std) = (at(j), (at(q + j) / 2.0).exp());
                    let (mut by_mean, mut by_log) = (0.0, 0.0);
                    for sample in 0..samples {
                        let pair = row * samples + sample;
                        let weight = f64::from(weights[pair]);
                        let e = f64::from(noise[pair * q + j]);
                        let z = mean + std * e;
                        let of_densities = f64::from(scale) * weight * (z - e / std);
                        let by_code = weight * (f64::from(dz[pair * q + j]) + of_densities);
                        by_mean += by_code;
                        by_log += by_code * e * std / 2.0;
                    }
                    for (place, expected) in [(j, by_mean), (q + j, by_log)] {
                        let found = gradient[row * 2 * q + place];
                        assert!(agrees(found, expected, 3e-6 * (1.0 + expected.abs())));
                    }
                }
            }
        }
    }
}
