//! The mean and the standard deviation of numbers of any size, formed in one pass.

/// The mean of numbers, and the sum of their squared distances to it, divided by powers of two: squares of very large
/// and very small numbers are not floating-point numbers.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Spread {
    exponent: i32,
    mean: f64,
    squares: f64,
}

/// The exponent grows if a number is this many powers of two larger.
const ROOM: i32 = 200;

impl Spread {
    /// Adds a number, which makes `count` of them.
    pub(super) fn add(&mut self, value: f64, count: u64) {
        let exponent = exponent_of(value);
        if count == 1 {
            self.exponent = exponent;
        } else if exponent > self.exponent + ROOM {
            let smaller = 2_f64.powi(self.exponent - exponent);
            self.mean *= smaller;
            self.squares *= smaller * smaller;
            self.exponent = exponent;
        }
        let value = value * 2_f64.powi(-self.exponent);
        let apart = value - self.mean;
        self.mean += apart / count as f64;
        self.squares += apart * (value - self.mean);
    }

    /// The mean.
    pub(super) fn mean(&self) -> f64 {
        self.mean * 2_f64.powi(self.exponent)
    }

    /// The standard deviation of the population.
    pub(super) fn std(&self, count: u64) -> f64 {
        (self.squares / count.max(1) as f64).max(0.0).sqrt() * 2_f64.powi(self.exponent)
    }
}

/// The exponent of a number as a power of two; it is the same for all numbers that are too small to have one.
fn exponent_of(value: f64) -> i32 {
    ((value.to_bits() >> 52) & 0x7ff) as i32 - 1023
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_any_size_have_a_spread() {
        for scale in [5e-324, 1e-310, 1e-170, 1.0, 1e160, 1e307] {
            let mut spread = Spread::default();
            let values = [0.0, 3.0, -3.0, 1.0, -1.0].map(|value| value * scale);
            for (count, value) in (1..).zip(values) {
                spread.add(value, count);
            }
            let std = 2.0 * scale;
            assert!(
                (spread.std(5) - std).abs() <= 1e-9 * std,
                "{scale}: {}",
                spread.std(5)
            );
            assert!(
                spread.mean().abs() <= 1e-9 * std,
                "{scale}: {}",
                spread.mean()
            );
        }
        // The largest numbers, whose distance is none.
        let mut spread = Spread::default();
        spread.add(f64::MAX, 1);
        spread.add(-f64::MAX, 2);
        assert!(spread.std(2).is_finite() && spread.mean().abs() < 1e300);
    }
}
