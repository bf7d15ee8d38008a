//! The lower half of a square matrix, and Cholesky's factor of a symmetric one.

/// The lower half of a symmetric or of a triangular matrix, row by row: its rows have 1, 2, … `width` numbers.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Lower {
    width: usize,
    numbers: Vec<f64>,
}

/// How many numbers the lower half of a matrix of this width has.
pub(super) fn count(width: usize) -> usize {
    width.saturating_mul(width + 1) / 2
}

impl Lower {
    pub(super) fn zeros(width: usize) -> Lower {
        Lower {
            width,
            numbers: vec![0.0; count(width)],
        }
    }

    /// From its numbers, if there are as many as it has.
    pub(super) fn of(width: usize, numbers: Vec<f64>) -> Option<Lower> {
        (numbers.len() == count(width)).then_some(Lower { width, numbers })
    }

    pub(super) fn width(&self) -> usize {
        self.width
    }

    pub(super) fn numbers(&self) -> &[f64] {
        &self.numbers
    }

    pub(super) fn numbers_mut(&mut self) -> &mut [f64] {
        &mut self.numbers
    }

    /// The first numbers of a row, the last of which is on the diagonal.
    pub(super) fn row(&self, index: usize) -> &[f64] {
        &self.numbers[count(index)..count(index + 1)]
    }

    pub(super) fn row_mut(&mut self, index: usize) -> &mut [f64] {
        &mut self.numbers[count(index)..count(index + 1)]
    }

    pub(super) fn diagonal(&self, index: usize) -> f64 {
        self.numbers[count(index + 1) - 1]
    }

    /// Adds to the diagonal.
    pub(super) fn add_to_diagonal(&mut self, number: f64) {
        for index in 0..self.width {
            self.numbers[count(index + 1) - 1] += number;
        }
    }

    /// Cholesky's factor of a symmetric matrix; none where a pivot is not above `least` times what stands on the
    /// diagonal, so that the matrix is not positive definite, or hardly.
    pub(super) fn cholesky(&self, least: f64) -> Option<Lower> {
        let mut factor = Lower::zeros(self.width);
        for i in 0..self.width {
            let (above, rest) = factor.numbers.split_at_mut(count(i));
            let row = &mut rest[..=i];
            for j in 0..i {
                let other = &above[count(j)..count(j + 1)];
                row[j] = (self.row(i)[j] - dot(&row[..j], &other[..j])) / other[j];
            }
            let diagonal = self.diagonal(i);
            let pivot = diagonal - dot(&row[..i], &row[..i]);
            // Not turned round, which would let through what is not a number.
            let is_positive = pivot > 0.0 && pivot > least * diagonal && pivot.is_finite();
            if !is_positive {
                return None;
            }
            row[i] = pivot.sqrt();
        }
        Some(factor)
    }
}

/// The sum of the products of as many numbers, in eight sums beside each other.
pub(super) fn dot(a: &[f64], b: &[f64]) -> f64 {
    let (whole_a, rest_a) = a.as_chunks::<8>();
    let (whole_b, rest_b) = b.as_chunks::<8>();
    let mut sums = [0.0; 8];
    for (a, b) in whole_a.iter().zip(whole_b) {
        for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
            *sum += a * b;
        }
    }
    let rest: f64 = rest_a.iter().zip(rest_b).map(|(a, b)| a * b).sum();
    sums.iter().sum::<f64>() + rest
}
