//! The std that a Gaussian likelihood has learned.

use super::Model;
use crate::declaration::Value;

/// How much above its minimum a std counts as having reached it.
const NEAR: f64 = 1.05;

impl Model {
    /// The stds of the Gaussian likelihood around the decoder's output, in scaled units: one for all values of a row, or one
    /// for each; `None` if the model's reconstruction loss has not learned a std.
    pub fn learned_stds(&self) -> Option<Vec<f64>> {
        let minimum = self.minimum_std()?;
        let learned = self.network.of_loss().flat_map(|tensor| {
            let range = tensor.range.clone();
            self.parameters.flat().get(range).unwrap_or_default()
        });
        let std = |&log_std: &f32| (minimum.powi(2) + (2.0 * f64::from(log_std)).exp()).sqrt();
        let stds: Vec<f64> = learned.map(std).collect();
        (!stds.is_empty()).then_some(stds)
    }

    /// What the learned stds stay above; `None` unless the reconstruction loss is `gaussian`.
    pub(crate) fn minimum_std(&self) -> Option<f64> {
        let reconstruction = &self.recipe.reconstruction;
        match reconstruction.settings().value("minimum_std") {
            Some(Value::Number(minimum)) if reconstruction.name() == "gaussian" => Some(*minimum),
            _ => None,
        }
    }

    /// The places of the learned stds that have reached their minimum.
    pub(crate) fn stds_at_minimum(&self) -> Vec<usize> {
        let (Some(stds), Some(minimum)) = (self.learned_stds(), self.minimum_std()) else {
            return Vec::new();
        };
        let places = stds.iter().enumerate();
        let near = places.filter(|(_, std)| **std <= NEAR * minimum);
        near.map(|(place, _)| place).collect()
    }
}
