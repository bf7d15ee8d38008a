//! A prior in a model's file: the section `prior` of the metadata.

use super::distribution::{Component, Prior, PriorKind};
use super::gaussian::Gaussian;
use super::lower::count;
use crate::error::{Error, ErrorKind, Result};
use crate::text::count_of;
use serde_json::{Value, json};

/// The section of the prior.
pub(in crate::model) const PRIOR: &str = "prior";

/// What the section holds: the kind, the rows that the prior was fitted to, and for each Gaussian its weight, its mean and
/// the lower half of its covariance, row by row.
pub(in crate::model) fn to_json(prior: &Prior) -> Value {
    let components = prior.components().iter().map(|component| {
        json!({
            "weight": component.weight,
            "mean": component.gaussian.mean(),
            "covariance": component.gaussian.lower().numbers(),
        })
    });
    json!({
        "kind": prior.kind().name(),
        "rows": prior.rows(),
        "source": prior.source(),
        "components": components.collect::<Vec<_>>(),
    })
}

/// The prior of a section, for codes of `width` values.
pub(in crate::model) fn from_json(section: &Value, width: usize) -> Result<Prior> {
    let damaged = |place: &str, expected: String| {
        Error::new(ErrorKind::Format, "the model's prior is damaged")
            .at(place.to_string())
            .expected(expected)
    };
    let found = |key: &str| section.get(key).unwrap_or(&Value::Null).clone();
    let kind = section.get("kind").and_then(Value::as_str);
    let kind = kind.and_then(PriorKind::named).ok_or_else(|| {
        damaged(
            "prior.kind",
            format!("one of {}", PriorKind::NAMES.join(", ")),
        )
        .found(found("kind"))
    })?;
    let rows = section.get("rows").and_then(Value::as_u64);
    let rows = rows.and_then(|rows| usize::try_from(rows).ok());
    let rows =
        rows.ok_or_else(|| damaged("prior.rows", "a number of rows".into()).found(found("rows")))?;
    let source = section.get("source").and_then(Value::as_str);
    let list = section.get("components").and_then(Value::as_array);
    let list = list.map_or(&[][..], |list| &list[..]);
    let is_possible = match kind {
        PriorKind::Standard => list.is_empty(),
        PriorKind::Gaussian => list.len() == 1,
        PriorKind::Mixture => !list.is_empty(),
    };
    if !is_possible {
        let expected = match kind {
            PriorKind::Standard => "no Gaussian",
            PriorKind::Gaussian => "one Gaussian",
            PriorKind::Mixture => "one Gaussian or more",
        };
        return Err(damaged("prior.components", expected.into()).found(list.len()));
    }
    let mut components = Vec::new();
    for (index, part) in list.iter().enumerate() {
        let place = |key: &str| format!("prior.components[{index}].{key}");
        let numbers = |key: &str, many: usize| {
            let list = part.get(key).and_then(Value::as_array);
            let list = list.filter(|list| list.len() == many);
            let numbers = list.and_then(|list| list.iter().map(Value::as_f64).collect());
            numbers.ok_or_else(|| {
                damaged(
                    &place(key),
                    format!("a list of {}", count_of(many, "number")),
                )
            })
        };
        let weight = part.get("weight").and_then(Value::as_f64);
        let weight = weight.filter(|weight| *weight > 0.0 && *weight <= 1.0 + 1e-9);
        let weight = weight
            .ok_or_else(|| damaged(&place("weight"), "a number above 0 and up to 1".into()))?;
        let mean: Vec<f64> = numbers("mean", width)?;
        let covariance: Vec<f64> = numbers("covariance", count(width))?;
        let gaussian = Gaussian::new(mean, covariance).map_err(|error| {
            damaged(
                &place("covariance"),
                "finite numbers of a positive definite covariance".into(),
            )
            .caused_by(error)
        })?;
        components.push(Component { weight, gaussian });
    }
    let all: f64 = components.iter().map(|part| part.weight).sum();
    if !components.is_empty() && (all - 1.0).abs() > 1e-6 {
        return Err(damaged("prior.components", "weights that sum to 1".into()).found(all));
    }
    let prior = Prior::fitted(kind, width, components, rows);
    Ok(prior.from_source(source.map(String::from)))
}
