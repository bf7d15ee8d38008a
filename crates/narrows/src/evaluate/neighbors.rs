//! k nearest neighbors: how well the distances between codes reflect the classes.

use crate::error::{Error, ErrorKind, Result};
use crate::text::count_of;
use narrows_kernels::Isa;
use narrows_kernels::product::{Left, Right, Start, product};
use narrows_kernels::split::{Bounds, Parts};
use narrows_kernels::team::Team;
use ndarray::ArrayView2;

/// The number of neighbors that vote.
pub const NEIGHBORS: usize = 5;

/// The number of nearest rows, found by the matrix product, whose distances are computed again exactly.
const CANDIDATES: usize = 32;

/// The number of rows that a thread classifies at a time, and of known rows that they are compared with at a time.
/// Their distances stay in the second-level cache.
const TILE: usize = 64;
const BLOCK: usize = 512;

/// The number of distances that are compared at once.
const LANES: usize = 16;

/// Progress is reported after this number of rows.
const REPORT: usize = 1024;

/// The classes of rows by their [`NEIGHBORS`] nearest known rows, in Euclidean distance.
///
/// `known` and `rows` are `[rows, width]`; `labels` belong to `known`. The most frequent class among the neighbors
/// wins; if several classes are equally frequent, the smallest label wins. If several known rows have the same
/// distance, the first ones count. This is scikit-learn's `KNeighborsClassifier(5)`. `observe` is called with the
/// number of finished rows. The result does not depend on `threads`.
///
/// # Errors
///
/// If there are no known rows, the widths differ, the number of labels differs from the number of known rows, or a
/// value or its square is not finite.
pub fn nearest_neighbors(
    known: ArrayView2<'_, f32>,
    labels: &[i64],
    rows: ArrayView2<'_, f32>,
    threads: usize,
    observe: &mut dyn FnMut(usize),
) -> Result<Vec<i64>> {
    let width = known.ncols();
    let refuse = |what| Error::new(ErrorKind::Data, what);
    if known.nrows() == 0 || width == 0 {
        return Err(refuse("there are no rows to be near to"));
    }
    if rows.ncols() != width || labels.len() != known.nrows() {
        return Err(refuse("rows, known rows and labels do not fit together")
            .expected(format!(
                "rows of {} and {} labels",
                count_of(width, "value"),
                known.nrows()
            ))
            .found(format!(
                "rows of {} and {}",
                rows.ncols(),
                count_of(labels.len(), "label")
            )));
    }
    // Near the origin, the products have the smallest rounding errors.
    let center: Vec<f32> = known
        .columns()
        .into_iter()
        .map(|column| {
            let sum: f64 = column.iter().map(|&value| f64::from(value)).sum();
            (sum / known.nrows() as f64) as f32
        })
        .collect();
    let centered = |rows: ArrayView2<'_, f32>| -> Vec<f32> {
        let rows = rows.rows().into_iter();
        rows.flat_map(|row| {
            let values: Vec<f32> = row.iter().zip(&center).map(|(x, c)| x - c).collect();
            values
        })
        .collect()
    };
    let (known, rows) = (centered(known), centered(rows));
    let norms = squared_norms(&known, width);
    let others = squared_norms(&rows, width);
    if !norms
        .iter()
        .chain(&others)
        .all(|&norm| norm < f32::MAX / 4.0)
    {
        return Err(refuse(
            "a value is not finite, or its square is beyond 32-bit floats",
        ));
    }
    let search = Search {
        isa: Isa::best(),
        known,
        norms,
        labels,
        width,
    };
    let mut team = Team::new(threads);
    let mut scratch: Vec<Scratch> = (0..team.threads()).map(|_| Scratch::new(width)).collect();
    let mut found = vec![0; rows.len() / width];
    for (report, found) in found.chunks_mut(REPORT).enumerate() {
        let places = (0..=found.len().div_ceil(TILE)).map(|tile| (tile * TILE).min(found.len()));
        let bounds = Bounds::new(places.collect());
        let len = found.len();
        team.run(
            &mut scratch,
            Parts::new(found, &bounds),
            |scratch, tile, found| {
                let first = report * REPORT + tile * TILE;
                let rows = &rows[first * width..(first + found.len()) * width];
                search.classify(rows, scratch, found);
            },
        );
        observe(report * REPORT + len);
    }
    Ok(found)
}

fn squared_norms(rows: &[f32], width: usize) -> Vec<f32> {
    let rows = rows.chunks_exact(width);
    rows.map(|row| row.iter().map(|x| x * x).sum()).collect()
}

/// The known rows, less their mean.
struct Search<'a> {
    isa: Isa,
    known: Vec<f32>,
    /// The squared length of each.
    norms: Vec<f32>,
    labels: &'a [i64],
    width: usize,
}

struct Scratch {
    /// The rows times -2.
    rows: Vec<f32>,
    distances: Vec<f32>,
    /// For each row the nearest known rows so far, the nearest first: distance and index.
    nearest: Vec<Vec<(f32, usize)>>,
}

impl Scratch {
    fn new(width: usize) -> Scratch {
        Scratch {
            rows: vec![0.0; TILE * width],
            distances: vec![0.0; TILE * BLOCK],
            nearest: vec![Vec::new(); TILE],
        }
    }
}

impl Search<'_> {
    /// Finds the classes of up to [`TILE`] rows.
    ///
    /// `‖b‖² - 2 a·b` differs from the squared distance only by `‖a‖²`, which is the same for all known rows `b`. One
    /// product that starts from the norms computes it. Rounding may change the order, so the exact distances of the
    /// nearest [`CANDIDATES`] are computed again.
    fn classify(&self, rows: &[f32], scratch: &mut Scratch, found: &mut [i64]) {
        let (width, count) = (self.width, found.len());
        for (doubled, value) in scratch.rows.iter_mut().zip(rows) {
            *doubled = -2.0 * value;
        }
        scratch.nearest.iter_mut().for_each(Vec::clear);
        for (block, norms) in self.norms.chunks(BLOCK).enumerate() {
            let first = block * BLOCK;
            let distances = &mut scratch.distances[..count * norms.len()];
            product(
                self.isa,
                (count, norms.len(), width),
                Left {
                    data: &scratch.rows,
                    row: width,
                    column: 1,
                },
                Right::transpose_of(&self.known[first * width..], width),
                Start::Bias(norms),
                distances,
                norms.len(),
            );
            let rows = distances.chunks_exact(norms.len());
            for (distances, nearest) in rows.zip(&mut scratch.nearest) {
                take_nearest(distances, first, nearest);
            }
        }
        for ((row, nearest), found) in rows
            .chunks_exact(width)
            .zip(&scratch.nearest)
            .zip(found.iter_mut())
        {
            *found = self.vote(row, nearest);
        }
    }

    /// The most frequent class among the nearest of some candidates.
    fn vote(&self, row: &[f32], candidates: &[(f32, usize)]) -> i64 {
        let mut exact: Vec<(f64, usize)> = candidates
            .iter()
            .map(|&(_, index)| {
                let known = &self.known[index * self.width..(index + 1) * self.width];
                let squares = row.iter().zip(known).map(|(&a, &b)| {
                    let difference = f64::from(a) - f64::from(b);
                    difference * difference
                });
                (squares.sum(), index)
            })
            .collect();
        exact.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        exact.truncate(NEIGHBORS);
        let mut labels: Vec<i64> = exact.iter().map(|&(_, index)| self.labels[index]).collect();
        labels.sort_unstable();
        // The first of the longest runs belongs to the smallest label.
        let runs = labels.chunk_by(|a, b| a == b);
        let longest = runs.reduce(|best, run| if run.len() > best.len() { run } else { best });
        longest.and_then(|run| run.first().copied()).unwrap_or(0)
    }
}

/// Inserts distances that are smaller than the largest in the list of the nearest. Most distances are larger, so
/// several are compared at a time.
fn take_nearest(distances: &[f32], first: usize, nearest: &mut Vec<(f32, usize)>) {
    for (chunk, distances) in distances.chunks(LANES).enumerate() {
        let farthest = match nearest.get(CANDIDATES - 1) {
            Some(last) => last.0,
            None => f32::INFINITY,
        };
        if !distances.iter().fold(false, |any, &d| any | (d < farthest)) {
            continue;
        }
        for (lane, &distance) in distances.iter().enumerate() {
            if nearest
                .get(CANDIDATES - 1)
                .is_some_and(|last| distance >= last.0)
            {
                continue;
            }
            let at = nearest.partition_point(|other| other.0 <= distance);
            nearest.insert(at, (distance, first + chunk * LANES + lane));
            nearest.truncate(CANDIDATES);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::{Draws, Purpose, normal};
    use ndarray::{Array2, array};

    fn points(count: usize, width: usize, offset: f32, purpose: Purpose) -> Array2<f32> {
        let draws = Draws::new(5, purpose);
        Array2::from_shape_fn((count, width), |(row, column)| {
            let [a, b, ..] = draws.words(0, row as u32, column as u32);
            offset + normal([a, b])[0]
        })
    }

    /// The definition, in double precision.
    fn plainly(known: &Array2<f32>, labels: &[i64], row: ndarray::ArrayView1<'_, f32>) -> i64 {
        let mut order: Vec<(f64, usize)> = known
            .rows()
            .into_iter()
            .enumerate()
            .map(|(index, known)| {
                let squares = known
                    .iter()
                    .zip(row)
                    .map(|(&a, &b)| (f64::from(a) - f64::from(b)).powi(2));
                (squares.sum(), index)
            })
            .collect();
        order.sort_by(|a, b| a.partial_cmp(b).unwrap());
        let near: Vec<i64> = order
            .iter()
            .take(5)
            .map(|&(_, index)| labels[index])
            .collect();
        let count = |label: i64| near.iter().filter(|&&other| other == label).count();
        let most = near.iter().map(|&label| count(label)).max().unwrap();
        let winners = near.iter().filter(|&&label| count(label) == most);
        *winners.min().unwrap()
    }

    fn classify(
        known: &Array2<f32>,
        labels: &[i64],
        rows: &Array2<f32>,
        threads: usize,
    ) -> Vec<i64> {
        nearest_neighbors(known.view(), labels, rows.view(), threads, &mut |_| ()).unwrap()
    }

    #[test]
    fn neighbors_are_those_of_the_definition_for_any_threads() {
        // Far from the origin the squares would cancel, if the mean were not taken off.
        for (width, offset) in [(1, 0.0), (3, 1000.0), (20, -3.0)] {
            let known = points(1300, width, offset, Purpose::Shuffle);
            let labels: Vec<i64> = (0..1300).map(|i| (i * i) % 7 - 2).collect();
            let rows = points(150, width, offset, Purpose::HoldOut);
            let found = classify(&known, &labels, &rows, 1);
            assert_eq!(found, classify(&known, &labels, &rows, 3));
            for (row, found) in rows.rows().into_iter().zip(found) {
                assert_eq!(found, plainly(&known, &labels, row));
            }
        }
    }

    #[test]
    fn equal_distances_and_equal_votes_are_settled() {
        // Of fifty rows in the same place the first five vote: two of 9, two of 3, one of 1.
        let known = Array2::zeros((50, 2));
        let mut labels = vec![8; 50];
        labels[..5].copy_from_slice(&[9, 3, 1, 9, 3]);
        assert_eq!(classify(&known, &labels, &array![[1.0, 1.0]], 2), [3]);
    }

    #[test]
    fn few_known_rows_all_vote() {
        let known = array![[0.0], [10.0], [11.0]];
        assert_eq!(classify(&known, &[4, 6, 6], &array![[0.0]], 1), [6]);
        assert!(classify(&known, &[4, 6, 6], &Array2::zeros((0, 1)), 1).is_empty());
    }

    #[test]
    fn what_has_no_distance_is_refused() {
        let refuse = |known: Array2<f32>, labels: &[i64], rows: Array2<f32>| {
            let found = nearest_neighbors(known.view(), labels, rows.view(), 1, &mut |_| ());
            assert_eq!(found.unwrap_err().kind(), ErrorKind::Data);
        };
        let two = || array![[0.0], [1.0]];
        refuse(Array2::zeros((0, 1)), &[], two());
        refuse(Array2::zeros((2, 0)), &[1, 2], Array2::zeros((2, 0)));
        refuse(two(), &[1], two());
        refuse(two(), &[1, 2], Array2::zeros((1, 2)));
        for value in [f32::NAN, f32::INFINITY, 1e30] {
            refuse(two(), &[1, 2], array![[value]]);
            refuse(array![[0.0], [value]], &[1, 2], two());
        }
    }
}
