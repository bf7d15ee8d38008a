//! A sample of columns: the values of up to 100,000 rows, column by column, on all threads.

use super::dataset::Dataset;
use super::element::Element;
use super::records;
use super::values::{Row, Values};
use crate::threads::available_threads;
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

/// The most rows of a sample.
pub(crate) const ROWS: usize = 100_000;

/// The most values of a sample over all columns, if it has [`LEAST_ROWS`] or more.
const VALUES: usize = 1 << 24;

/// The least number of rows of a sample, for rows of any width.
const LEAST_ROWS: usize = 1000;

/// The number of runs of neighboring rows, spread evenly over all rows, if not all rows are in the sample. In sorted
/// tables, neighbors are similar, so they show whether close values stay different.
const RUNS: usize = 100;

/// The number of values in memory at a time.
const AT_ONCE: usize = 1 << 22;

/// The rows of the sample, in order: all rows, or runs of neighbors.
pub(crate) struct Sample<'a> {
    data: &'a Dataset,
    runs: Vec<Range<usize>>,
}

impl<'a> Sample<'a> {
    pub(crate) fn of(data: &'a Dataset) -> Self {
        let most = (VALUES / data.inputs()).clamp(LEAST_ROWS, ROWS);
        Sample::of_rows(data, most)
    }

    pub(crate) fn of_rows(data: &'a Dataset, most: usize) -> Self {
        let rows = data.rows();
        if rows <= most {
            return Sample {
                data,
                runs: vec![0..rows; 1],
            };
        }
        let (count, len) = (RUNS, most / RUNS);
        // The first run begins with the first row, and the last ends with the last.
        let start =
            |run: usize| (run as u128 * (rows - len) as u128 / (count - 1) as u128) as usize;
        Sample {
            data,
            runs: (0..count).map(|run| start(run)..start(run) + len).collect(),
        }
    }

    /// The number of rows.
    pub(crate) fn rows(&self) -> usize {
        self.runs.iter().map(Range::len).sum()
    }

    /// Calls `make` for each of `inputs` with its values; `make` may reorder them.
    pub(crate) fn each_column<T: Send>(
        &self,
        inputs: &[usize],
        make: impl Fn(usize, &mut [f64]) -> T + Sync,
    ) -> Vec<T> {
        let rows = self.rows();
        let mut made = Vec::with_capacity(inputs.len());
        for block in inputs.chunks((AT_ONCE / rows).max(1)) {
            let values = self.columns(block, rows);
            // Each is taken once, by the thread that works on it.
            let columns: Vec<Mutex<Vec<f64>>> = values.into_iter().map(Mutex::new).collect();
            let of = |index: usize| {
                let mut values = columns[index]
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner);
                make(block[index], &mut values)
            };
            made.extend(on_all_threads(block.len(), of));
        }
        made
    }

    /// The values of some inputs, which are in ascending order, a list for each.
    fn columns(&self, inputs: &[usize], rows: usize) -> Vec<Vec<f64>> {
        let mut columns = vec![Vec::with_capacity(rows); inputs.len()];
        let mut buffer = [0.0; records::AT_ONCE];
        for row in self.runs.iter().cloned().flatten() {
            let mut next = 0;
            self.data.each_value(row, &mut buffer, |place, values| {
                while let Some(value) = inputs
                    .get(next)
                    .and_then(|input| values.get(input.wrapping_sub(place)))
                {
                    columns[next].push(*value);
                    next += 1;
                }
            });
        }
        columns
    }

    /// The values of an input of whole numbers exactly, in the order of the rows; `None` for other inputs.
    pub(crate) fn integers(&self, input: usize) -> Option<Vec<i128>> {
        let fill = self.data.fill().and_then(|fill| fill.get(input)).copied();
        let mut rows = self.runs.iter().cloned().flatten();
        let exact = |row: usize| match self.data.row(row) {
            Row::Records(records, row) => records.integer(row, input, fill),
            Row::U8(_) | Row::F32(_) => None,
        };
        rows.try_fold(Vec::new(), |mut all, row| {
            all.push(exact(row)?);
            Some(all)
        })
    }
}

/// The stored type of each value of a row.
pub(crate) fn elements(data: &Dataset) -> Vec<Element> {
    match data.values() {
        Values::Records(records) => records.row_type().elements().collect(),
        values => vec![values.element(); data.inputs()],
    }
}

/// The results of `make` for each number below `count`, in order, computed on all threads.
pub(crate) fn on_all_threads<T: Send>(count: usize, make: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let threads = available_threads().min(count);
    if threads <= 1 {
        return (0..count).map(make).collect();
    }
    let next = AtomicUsize::new(0);
    let made: Mutex<Vec<(usize, T)>> = Mutex::new(Vec::with_capacity(count));
    let go = || {
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            if index >= count {
                break;
            }
            let one = make(index);
            let mut made = made.lock().unwrap_or_else(PoisonError::into_inner);
            made.push((index, one));
        }
    };
    thread::scope(|scope| {
        for _ in 1..threads {
            // If the system refuses further threads, the existing ones do the work.
            if thread::Builder::new().spawn_scoped(scope, go).is_err() {
                break;
            }
        }
        go();
    });
    let mut made = made.into_inner().unwrap_or_else(PoisonError::into_inner);
    made.sort_unstable_by_key(|(index, _)| *index);
    made.into_iter().map(|(_, one)| one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Array2;

    #[test]
    fn runs_reach_from_the_first_row_to_the_last() {
        let rows = Array2::from_shape_fn((10_000, 3), |(row, column)| (row * 10 + column) as f64);
        let data = Dataset::from_array(rows.view()).unwrap();
        let sample = Sample::of_rows(&data, 1000);
        assert_eq!(sample.rows(), 1000);
        let ends = sample.each_column(&[0, 2], |input, values| {
            assert_eq!(values[9] - values[0], 90.0);
            (input, values[0], values[values.len() - 1])
        });
        assert_eq!(ends, [(0, 0.0, 99_990.0), (2, 2.0, 99_992.0)]);
        let all = Sample::of_rows(&data, 10_000);
        assert_eq!(all.rows(), 10_000);
        let starts: Vec<usize> = sample.runs.iter().map(|run| run.start).collect();
        assert!(starts.windows(2).all(|pair| pair[1] - pair[0] >= 10));
    }

    #[test]
    fn wide_rows_are_looked_at_in_blocks_of_columns() {
        let rows = Array2::from_shape_fn((3, 700), |(row, column)| (row * 1000 + column) as i32);
        let data = Dataset::from_array(rows.view()).unwrap();
        let sample = Sample::of(&data);
        let inputs: Vec<usize> = (0..700).filter(|input| input % 7 != 3).collect();
        let sums = sample.each_column(&inputs, |_, values| values.iter().sum::<f64>());
        let expected: Vec<f64> = inputs.iter().map(|&i| (3 * i + 3000) as f64).collect();
        assert_eq!(sums, expected);
        assert_eq!(sample.integers(5), Some(vec![5, 1005, 2005]));
    }
}
