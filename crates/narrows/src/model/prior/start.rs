//! Where the fit of a mixture starts: centers chosen as k-means++ does (Arthur & Vassilvitskii 2007, "k-means++: the
//! advantages of careful seeding"), moved by some rounds of k-means.

use super::distribution::{START, uniform};

/// The rounds of k-means at the most. The fit itself does the rest.
const ROUNDS: usize = 10;

/// The nearest center of each code, and how many centers there are: at most as many as there are distinct codes. `codes`
/// are `[rows, width]`, in units in which their values count alike.
pub(super) fn start(codes: &[f64], width: usize, most: usize, seed: u64) -> (Vec<usize>, usize) {
    let rows = codes.len() / width;
    let mut centers: Vec<Vec<f64>> = Vec::new();
    // The squared distance to the nearest center, and which one that is.
    let mut nearest = vec![(f64::INFINITY, 0); rows];
    while centers.len() < most {
        let drawn = uniform(seed, START, centers.len());
        let chosen = if centers.is_empty() {
            Some(((drawn * rows as f64) as usize).min(rows - 1))
        } else {
            far(&nearest, drawn)
        };
        let Some(chosen) = chosen else {
            // Every code is a center.
            break;
        };
        let center = &codes[chosen * width..(chosen + 1) * width];
        for (code, nearest) in codes.chunks_exact(width).zip(&mut nearest) {
            let distance = squared_distance(code, center);
            if distance < nearest.0 {
                *nearest = (distance, centers.len());
            }
        }
        centers.push(center.to_vec());
    }
    for _ in 0..ROUNDS {
        move_to_means(&mut centers, codes, &nearest);
        let mut has_changed = false;
        for (code, nearest) in codes.chunks_exact(width).zip(&mut nearest) {
            let now = nearest_of(&centers, code);
            has_changed |= now.1 != nearest.1;
            *nearest = now;
        }
        if !has_changed {
            break;
        }
    }
    let assigned = nearest.into_iter().map(|(_, center)| center).collect();
    (assigned, centers.len())
}

/// A row that is drawn with a probability that grows with its squared distance to the centers; none if all are 0.
fn far(nearest: &[(f64, usize)], drawn: f64) -> Option<usize> {
    let all: f64 = nearest.iter().map(|(distance, _)| distance).sum();
    let mut sum = 0.0;
    let found = nearest.iter().position(|(distance, _)| {
        sum += distance;
        *distance > 0.0 && sum > drawn * all
    });
    // What rounding leaves over.
    found.or_else(|| nearest.iter().rposition(|(distance, _)| *distance > 0.0))
}

fn squared_distance(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum()
}

fn nearest_of(centers: &[Vec<f64>], code: &[f64]) -> (f64, usize) {
    let mut nearest = (f64::INFINITY, 0);
    for (index, center) in centers.iter().enumerate() {
        let distance = squared_distance(code, center);
        if distance < nearest.0 {
            nearest = (distance, index);
        }
    }
    nearest
}

/// Moves each center to the mean of the codes that it is nearest to; one without codes stays.
fn move_to_means(centers: &mut [Vec<f64>], codes: &[f64], nearest: &[(f64, usize)]) {
    let width = codes.len() / nearest.len().max(1);
    let mut sums = vec![vec![0.0; width]; centers.len()];
    let mut counts = vec![0.0; centers.len()];
    for (code, &(_, center)) in codes.chunks_exact(width).zip(nearest) {
        counts[center] += 1.0;
        for (sum, value) in sums[center].iter_mut().zip(code) {
            *sum += value;
        }
    }
    for ((center, sum), count) in centers.iter_mut().zip(sums).zip(counts) {
        if count > 0.0 {
            *center = sum.into_iter().map(|sum| sum / count).collect();
        }
    }
}
