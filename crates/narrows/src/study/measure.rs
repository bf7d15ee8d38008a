//! A number over several seeds.

use crate::evaluate::metric::number;
use crate::text::mean_and_std;
use serde_json::{Value, json};

/// A number over several seeds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Measure {
    /// The mean.
    pub mean: f64,
    /// The standard deviation of the sample; `None` for a single value.
    pub std: Option<f64>,
}

impl Measure {
    pub(super) fn of(values: &[f64]) -> Measure {
        let count = values.len() as f64;
        let mean = values.iter().sum::<f64>() / count;
        let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
        Measure {
            mean,
            std: (values.len() > 1).then(|| (squares / (count - 1.0)).sqrt()),
        }
    }

    /// The mean, followed by the standard deviation if there is one: `0.03376 ± 0.00016`.
    pub fn text(self) -> String {
        mean_and_std(self.mean, self.std)
    }

    pub(super) fn to_json(self) -> Value {
        json!({"mean": number(Some(self.mean)), "std": self.std.map(|std| number(Some(std)))})
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_measure_is_mean_and_sample_std() {
        assert_eq!(
            Measure::of(&[1.0, 2.0, 3.0]),
            Measure {
                mean: 2.0,
                std: Some(1.0)
            }
        );
        assert_eq!(Measure::of(&[4.0]).std, None);
    }
}
