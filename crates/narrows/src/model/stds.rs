//! Stds: of the codes of a variational bottleneck, and of a Gaussian likelihood that has learned them.

use super::rows::InMemory;
use super::{InUse, Model};
use crate::data::{Dataset, IntoRows};
use crate::declaration::Value;
use crate::error::{Error, ErrorKind, Result};
use crate::network::{Rows, ScaledRows};
use ndarray::{Array2, Axis};

/// How much above its minimum a std counts as having reached it.
const NEAR: f64 = 1.05;

impl InUse<'_> {
    /// As [`Model::code_stds`].
    ///
    /// # Errors
    ///
    /// As [`Model::code_stds`].
    pub fn code_stds<'r>(&mut self, rows: impl IntoRows<'r>) -> Result<Array2<f32>> {
        let model = self.model();
        let rows = rows.into_rows()?;
        model.check_width(rows.ncols())?;
        let rows = InMemory::new(rows, Some(model.scaling()), "rows");
        let codes = self.codes_with_stds_of_scaled(&rows)?;
        let stds = codes
            .view()
            .split_at(Axis(1), model.code_size())
            .1
            .to_owned();
        rows.checked(stds)
    }

    /// The codes of the rows of data and, behind them, their stds, `[rows, 2 code]`.
    ///
    /// # Errors
    ///
    /// If the width of the data differs from the model's, or as [`Model::check_code_stds`].
    pub(crate) fn codes_with_stds_of(&mut self, data: &Dataset) -> Result<Array2<f32>> {
        let model = self.model();
        model.check_width(data.inputs())?;
        let scaling = model.scaling();
        let codes = self.codes_with_stds_of_scaled(&ScaledRows { data, scaling })?;
        data.check_readable()?;
        Ok(codes)
    }

    fn codes_with_stds_of_scaled(&mut self, rows: &dyn Rows) -> Result<Array2<f32>> {
        let model = self.model();
        let Some(bound) = model.bound() else {
            return Err(model.without_code_stds());
        };
        let codes = bound.codes_with_stds(rows, self.workers());
        let shape = (rows.count(), 2 * model.code_size());
        Ok(Array2::from_shape_vec(shape, codes).unwrap_or_default())
    }
}

impl Model {
    /// The stds of the codes, `[rows, code]`, of rows `[rows, inputs]` in the data's units. A variational bottleneck encodes a
    /// row as a normal distribution; [`Model::encode`] gives its means.
    ///
    /// # Errors
    ///
    /// As [`Model::encode`]; also if the bottleneck is not variational.
    pub fn code_stds<'r>(&self, rows: impl IntoRows<'r>) -> Result<Array2<f32>> {
        let rows = rows.into_rows()?;
        self.in_use(rows.nrows()).code_stds(&rows)
    }

    /// Refuses a model whose codes have no stds.
    ///
    /// # Errors
    ///
    /// If the bottleneck is not variational.
    pub(crate) fn check_code_stds(&self) -> Result<()> {
        self.bound
            .as_ref()
            .map(drop)
            .ok_or_else(|| self.without_code_stds())
    }

    fn without_code_stds(&self) -> Error {
        Error::new(ErrorKind::Data, "the codes of this model have no stds")
            .expected("a model with the bottleneck `variational`, which encodes a row as a normal distribution")
            .found(format!("the bottleneck `{}`", self.recipe.bottleneck.name()))
    }

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
