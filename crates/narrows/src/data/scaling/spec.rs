//! What a recipe says of the scaling.

use crate::settings::{Choice, Key};

/// What a recipe says of scaling.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ScalingSpec {
    /// 8-bit values divided by 255, so that they lie in [0, 1].
    Unit,
    /// `(x - mean) / deviation`; what is not given is fitted on the training rows.
    /// 8-bit values are divided by 255 first, so that a given mean is on the [0, 1] scale.
    Standardize {
        /// The mean, if given.
        mean: Option<f32>,
        /// The standard deviation, if given.
        deviation: Option<f32>,
    },
    /// `(x - min) / (max - min)`, with the extremes of the training rows.
    MinMax,
    /// Values as they are (8-bit ones in 0..=255).
    None,
}

/// The key that names the scaling.
pub(crate) const KIND: Key = Key {
    name: "kind",
    value: "a name",
    default: "\"unit\" for 8-bit data (\"none\" if all are 0 or 1), else \"standardize\"",
    about: "scaling",
};

/// The scalings, by name.
pub(crate) const SCALINGS: &[Choice<ScalingSpec>] = &[
    Choice {
        name: "unit",
        about: "8-bit values divided by 255",
        keys: &[],
        read: |_| Ok(ScalingSpec::Unit),
    },
    Choice {
        name: "standardize",
        about: "(x - mean) / deviation, with 8-bit values divided by 255 first",
        keys: &[
            Key {
                name: "mean",
                value: "a number",
                default: "fitted on the training rows",
                about: "what is subtracted",
            },
            Key {
                name: "deviation",
                value: "above 0",
                default: "fitted on the training rows",
                about: "what is divided by",
            },
        ],
        read: |section| {
            let is_single = |x: f64| (x as f32).is_finite();
            let mean = section.number("mean", "a number representable as float32", is_single)?;
            let deviation = section.number(
                "deviation",
                "a number above 0, representable as float32",
                |d| is_single(d) && d as f32 > 0.0,
            )?;
            Ok(ScalingSpec::Standardize {
                mean: mean.map(|m| m as f32),
                deviation: deviation.map(|d| d as f32),
            })
        },
    },
    Choice {
        name: "minmax",
        about: "(x - min) / (max - min), with the extremes of the training rows",
        keys: &[],
        read: |_| Ok(ScalingSpec::MinMax),
    },
    Choice {
        name: "none",
        about: "values as they are",
        keys: &[],
        read: |_| Ok(ScalingSpec::None),
    },
];

impl ScalingSpec {
    /// The names that a recipe may give.
    pub fn names() -> impl Iterator<Item = &'static str> {
        SCALINGS.iter().map(|choice| choice.name)
    }

    /// Its name in a recipe.
    pub fn name(&self) -> &'static str {
        match self {
            ScalingSpec::Unit => "unit",
            ScalingSpec::Standardize { .. } => "standardize",
            ScalingSpec::MinMax => "minmax",
            ScalingSpec::None => "none",
        }
    }

    /// Its keys and values, as TOML.
    pub(crate) fn settings(&self) -> Vec<(&'static str, String)> {
        match self {
            ScalingSpec::Standardize { mean, deviation } => {
                [("mean", mean), ("deviation", deviation)]
                    .into_iter()
                    .filter_map(|(key, value)| Some((key, format!("{:?}", (*value)?))))
                    .collect()
            }
            _ => Vec::new(),
        }
    }
}
