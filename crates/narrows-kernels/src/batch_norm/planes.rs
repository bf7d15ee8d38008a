//! The shape of what is normalized.

/// The shape of a row: `[channels, area]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Planes {
    /// How many channels a row has.
    pub channels: usize,
    /// How many values a channel has in a row.
    pub area: usize,
}

impl Planes {
    pub(super) fn width(self) -> usize {
        self.channels * self.area
    }

    /// How many rows a matrix has.
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
