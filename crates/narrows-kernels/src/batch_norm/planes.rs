//! The shape of the normalized values.

/// The shape of a row: `[channels, area]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Planes {
    /// The number of channels of a row.
    pub channels: usize,
    /// The number of values of a channel in a row.
    pub area: usize,
}

impl Planes {
    pub(super) fn width(self) -> usize {
        self.channels * self.area
    }

    /// The number of rows of a matrix.
    pub(super) fn rows(self, matrix: &[f32]) -> usize {
        let width = self.width();
        assert!(
            width > 0 && matrix.len().is_multiple_of(width),
            "a whole number of rows of {width} numbers, not {} numbers",
            matrix.len()
        );
        matrix.len() / width
    }
}
