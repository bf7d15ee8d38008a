//! What a recipe says of the scaling.

use crate::settings::{Choice, Key};

/// What a recipe says of scaling.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ScalingSpec {
    /// 8-bit values divided by 255, 16-bit values by 65,535, so that they lie in [0, 1].
    Unit,
    /// `(x - mean) / deviation`; what is not given is fitted on the training rows.
    /// 8-bit values are divided by 255 first, so that a given mean is on the [0, 1] scale.
    Standardize {
        /// The mean, if given.
        mean: Option<f32>,
        /// The standard deviation, if given.
        deviation: Option<f32>,
    },
    /// `(x - min) / (max - min)`; what is not given is that of the training rows.
    MinMax {
        /// What becomes 0, if given, in the data's own units.
        min: Option<f32>,
        /// What becomes 1, if given, in the data's own units: 4095 for pixels of 12 bits.
        max: Option<f32>,
    },
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
        about: "8-bit values divided by 255, 16-bit values by 65,535",
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
        about: "(x - min) / (max - min)",
        keys: &[
            Key {
                name: "min",
                value: "a number",
                default: "the smallest value of the training rows",
                about: "what becomes 0",
            },
            Key {
                name: "max",
                value: "a number above min",
                default: "the largest value of the training rows",
                about: "what becomes 1: 4095 for pixels of 12 bits",
            },
        ],
        read: |section| {
            let is_single = |x: f64| (x as f32).is_finite();
            let expected = "a number representable as float32";
            let min = section.number("min", expected, is_single)?;
            let above = |x: f64| is_single(x) && min.is_none_or(|min| x as f32 > min as f32);
            let max =
                section.number("max", "a number above min, representable as float32", above)?;
            Ok(ScalingSpec::MinMax {
                min: min.map(|min| min as f32),
                max: max.map(|max| max as f32),
            })
        },
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
            ScalingSpec::MinMax { .. } => "minmax",
            ScalingSpec::None => "none",
        }
    }

    /// Its keys and values, as TOML.
    pub(crate) fn settings(&self) -> Vec<(&'static str, String)> {
        let given = |settings: [(&'static str, Option<f32>); 2]| {
            let given = settings.into_iter();
            given
                .filter_map(|(key, value)| Some((key, format!("{:?}", value?))))
                .collect()
        };
        match *self {
            ScalingSpec::Standardize { mean, deviation } => {
                given([("mean", mean), ("deviation", deviation)])
            }
            ScalingSpec::MinMax { min, max } => given([("min", min), ("max", max)]),
            ScalingSpec::Unit | ScalingSpec::None => Vec::new(),
        }
    }
}
