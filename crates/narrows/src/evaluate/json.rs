//! An evaluation as JSON.

use super::metric;
use super::metrics::{self, object};
use super::{
    Bounded, ClassError, ColumnError, Denoising, Evaluation, Generation, LayerUnits, NoiseCurve,
    NoisePoint, Quality,
};
use crate::text::decimal;
use serde_json::{Value, json};

impl Evaluation {
    /// The evaluation as a JSON object; numbers that were not measured are `null`. A number that is not finite is
    /// written as a text with the reason.
    pub fn to_json(&self) -> Value {
        let class = |class: &ClassError| {
            let mut numbers = object(metrics::CLASS, class);
            numbers.insert("label".into(), class.label.into());
            numbers.insert("name".into(), class.name.clone().into());
            numbers.insert("rows".into(), class.rows.into());
            Value::from(numbers)
        };
        let column = |column: &ColumnError| {
            let mut numbers = object(metrics::COLUMN, column);
            numbers.insert("name".into(), column.name.clone().into());
            Value::from(numbers)
        };
        let units = |units: &LayerUnits| {
            json!({
                "layer": units.layer,
                "kind": units.kind,
                "is_code": units.is_code,
                "units": units.units,
                metric::DEAD.name: units.dead,
            })
        };
        let point = |point: &NoisePoint| {
            let mut numbers = object(metrics::NOISE, point);
            numbers.insert("level".into(), point.level.into());
            Value::from(numbers)
        };
        let curve = |curve: &NoiseCurve| {
            let points: Vec<Value> = curve.points.iter().map(point).collect();
            json!({"noise": curve.noise.name(), "rows": curve.rows, "points": points})
        };
        json!({
            "recipe": self.recipe,
            "data": self.data,
            "shape": self.shape,
            "code_size": self.code_size,
            "train_rows": self.train_rows,
            "test_rows": self.test_rows,
            "held_out": self.held_out,
            "data_range": self.data_range,
            "model": self.model.to_json(),
            "pca": self.pca.as_ref().map(Quality::to_json),
            "pca_left_out": self.pca_left_out,
            "binarized_by": self.binarized_by,
            "variational": self.bounded.as_ref().map(Bounded::to_json),
            "generation": self.generation.as_ref().map(Generation::to_json),
            "denoising": self.denoising.as_ref().map(Denoising::to_json),
            "classes": self.classes.iter().map(class).collect::<Vec<_>>(),
            metric::MAJORITY.name: self.majority_accuracy,
            "accuracy_left_out": self.accuracy_left_out,
            "columns": self.columns.iter().map(column).collect::<Vec<_>>(),
            "units": self.units.iter().map(units).collect::<Vec<_>>(),
            "robustness": self.robustness.iter().map(curve).collect::<Vec<_>>(),
            "jacobian": self.jacobian.as_ref().map(|jacobian| json!({
                "rows": jacobian.rows,
                metric::JACOBIAN_NORM.name: metric::number(Some(jacobian.mean_norm)),
                metric::SINGULAR_VALUES.name: jacobian.spectrum,
            })),
            "left_out": self.left_out,
        })
    }
}

impl Bounded {
    fn to_json(&self) -> Value {
        let mut numbers = object(metrics::BOUNDED, self);
        numbers.insert("is_likelihood".into(), self.is_likelihood.into());
        for (metric, of_values) in [
            (metric::KL_OF_VALUES, &self.kl_of_values),
            (metric::VARIANCE_OF_VALUES, &self.variance_of_values),
        ] {
            let of_values = of_values.iter().map(|&own| metric::number(Some(own)));
            numbers.insert(metric.name.into(), of_values.collect());
        }
        let sampled = self.sampled.as_ref().map(|sampled| {
            let mut numbers = object(metrics::SAMPLED, sampled);
            numbers.insert("samples".into(), sampled.samples.into());
            numbers.insert("rows".into(), sampled.rows.into());
            numbers
        });
        numbers.insert("sampled".into(), sampled.map(Value::from).into());
        numbers.into()
    }
}

impl Generation {
    fn to_json(&self) -> Value {
        let mut numbers = object(metrics::GENERATION, self);
        numbers.insert("rows".into(), self.rows.into());
        numbers.insert("components".into(), self.components.into());
        numbers.insert("fitted".into(), self.fitted.clone().into());
        numbers.into()
    }
}

impl Denoising {
    fn to_json(&self) -> Value {
        let mut numbers = object(metrics::DENOISING, self);
        numbers.insert("noise".into(), self.corruption.name().into());
        let level = decimal(self.corruption.strength());
        numbers.insert("level".into(), level.into());
        numbers.insert("draws".into(), self.draws.into());
        let left_out = self.affine_map_left_out.clone();
        numbers.insert("affine_map_left_out".into(), left_out.into());
        let worse = self.is_worse_than_noisy_input();
        numbers.insert("is_worse_than_noisy_input".into(), worse.into());
        numbers.into()
    }
}

impl Quality {
    fn to_json(&self) -> Value {
        let mut numbers = object(metrics::QUALITY, self);
        let refusal = self.probe_refusal.clone();
        numbers.insert("probe_refusal".into(), refusal.into());
        numbers.into()
    }
}
