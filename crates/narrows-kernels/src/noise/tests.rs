//! The error of the functions behind normal numbers, over a sweep of all words.

use super::*;

/// The step between the words that are tried. It is odd, so that all patterns of low bits occur.
const STRIDE: usize = 509;

/// The words of the sweep, with both ends and the neighbors of all eighths of a circle.
fn words_of_sweep() -> impl Iterator<Item = u32> {
    let near = |word: u32| (0..2000).map(move |i| word.wrapping_add(i).wrapping_sub(1000));
    let edges = (0..8).flat_map(move |eighth| near(eighth << 29));
    (0..=u32::MAX).step_by(STRIDE).chain(edges)
}

/// The distance from the true value in units of its last place as an `f32`.
fn ulps(found: f32, truth: f64) -> f64 {
    let exponent = truth.abs().log2().floor().max(-126.0);
    (f64::from(found) - truth).abs() / (exponent - 23.0).exp2()
}

#[test]
fn radii_are_as_exact_as_documented() {
    for word in words_of_sweep() {
        let u = (f64::from(word) + 0.5) / 4_294_967_296.0;
        let truth = (-2.0 * u.ln()).sqrt();
        let found = radius(word);
        let error = (f64::from(found) - truth).abs();
        if u < 0.5 {
            let error = ulps(found, truth);
            assert!(error <= 1.3, "{word}: {found}, {error} ULP");
        } else {
            let bound = (6e-8 / truth).min(2.5e-4) + 3e-7;
            assert!(error <= bound, "{word}: {found}, not {truth}");
        }
    }
}

#[test]
fn sines_and_cosines_are_as_exact_as_documented() {
    for word in words_of_sweep() {
        let angle = std::f64::consts::TAU * f64::from(word) / 4_294_967_296.0;
        let (sine, cosine) = sine_and_cosine(word);
        for (found, truth) in [(sine, angle.sin()), (cosine, angle.cos())] {
            let error = (f64::from(found) - truth).abs();
            assert!(error <= 1.1e-7, "{word}: {found}, not {truth}");
            // Where single precision gives 0, double precision does not.
            if truth.abs() > 1e-12 {
                let error = ulps(found, truth);
                assert!(error <= 4.7, "{word}: {found}, {error} ULP");
            }
        }
    }
}
