//! The scaling of a recipe.

use crate::data::{Dataset, ValuesInfo};
use crate::declaration::{
    Alias, Choice, Conflict, Declaration, Key, Kind, Preset, Range, Settings, choice,
};

/// The scaling of a recipe.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ScalingSpec {
    /// 8-bit values divided by 255, 16-bit values by 65,535, so that they lie in [0, 1].
    Unit,
    /// `(x - mean) / std`; values that are not given are fitted on the training rows. 8-bit values are divided by 255
    /// first, so a given mean is on the [0, 1] scale.
    Standardize {
        /// The mean, if given.
        mean: Option<f32>,
        /// The standard deviation, if given.
        std: Option<f32>,
    },
    /// `(x - min) / (max - min)`; values that are not given are computed from the training rows.
    MinMax {
        /// The value that becomes 0, if given, in the data's own units.
        min: Option<f32>,
        /// The value that becomes 1, if given, in the data's own units: 4095 for pixels of 12 bits.
        max: Option<f32>,
    },
    /// `(x - median) / (IQR / 1.349)` for each column of a table, with the interquartile range of the training rows: for
    /// normal data, IQR / 1.349 is the std. A column whose middle half is one value is divided by its std.
    Robust,
    /// Each column of a table through its own quantiles to a standard normal distribution: a value above a share p of the
    /// training values becomes the number above a share p of that distribution. 1,001 quantiles are kept, with straight
    /// lines between and beyond them.
    Quantile,
    /// Values unchanged (8-bit values in 0..=255).
    None,
}

/// The key that names the scaling.
pub(crate) const KIND: Key = Key::new("kind", Kind::Name, "scaling").default(Preset::Open(
    "\"unit\" for 8-bit data (\"none\" if all are 0 or 1), else \"standardize\"",
));

/// The only way to draw values.
pub(crate) const BERNOULLI: &str = "bernoulli";

/// The key of dynamic binarization.
pub(crate) const DRAW: Key = Key::new(
    "draw",
    Kind::OneOf(&[BERNOULLI]),
    "draws each scaled value as 0 or 1, with the value as the probability of 1: anew in each epoch of training, and \
     once for validation and evaluation",
)
.default(Preset::Open("values as they are"));

/// The keys that all scalings have in addition to their own.
pub(crate) const COMMON: Declaration = Declaration::new("scaling", "scaling").keys(&[DRAW]);

const FITTED: Preset = Preset::Open("fitted on the training rows");

const MEAN: Key = Key::new(
    "mean",
    Kind::Number(Range::ANY),
    "the value that is subtracted",
)
.default(FITTED);

const STD: Key = Key::new(
    "std",
    Kind::Number(Range::ABOVE_0),
    "the standard deviation by which values are divided",
)
.aliases(&[Alias::Renamed("deviation")])
.default(FITTED);

const MIN: Key = Key::new("min", Kind::Number(Range::ANY), "the value that becomes 0")
    .default(Preset::Open("the smallest value of the training rows"));

const MAX: Key = Key::new(
    "max",
    Kind::Number(Range::ANY),
    "the value that becomes 1, above `min`; for example 4095 for 12-bit pixels",
)
.default(Preset::Open("the largest value of the training rows"));

/// The scalings, by name.
pub(crate) const SCALINGS: &[Choice<ScalingSpec>] = &[
    choice!(
        ScalingSpec::Unit {},
        Declaration::new(
            "unit",
            "8-bit values divided by 255, 16-bit values by 65,535",
        ),
    ),
    choice!(
        ScalingSpec::Standardize {
            mean: MEAN,
            std: STD,
        },
        Declaration::new(
            "standardize",
            "(x - mean) / std, with 8-bit values divided by 255 first",
        )
        .elsewhere(&["zscore", "z-score"]),
    ),
    choice!(
        ScalingSpec::MinMax { min: MIN, max: MAX },
        Declaration::new("minmax", "(x - min) / (max - min)").check(|settings| {
            match (settings.get(&MIN), settings.get(&MAX)) {
                (Some::<f32>(min), Some::<f32>(max)) if max <= min => Err(Conflict {
                    key: MAX.name,
                    expected: "a number above min".into(),
                }),
                _ => Ok(()),
            }
        }),
    ),
    choice!(
        ScalingSpec::Robust {},
        Declaration::new(
            "robust",
            "(x - median) / (IQR / 1.349), column by column; outliers do not move it",
        )
        .elsewhere(&["median", "iqr", "robust-scaler"]),
    ),
    choice!(
        ScalingSpec::Quantile {},
        Declaration::new(
            "quantile",
            "each column through its quantiles to a normal distribution, for skewed columns and long tails",
        )
        .elsewhere(&["rank-gauss", "quantile-normal", "quantile-transformer"]),
    ),
    choice!(
        ScalingSpec::None {},
        Declaration::new("none", "values as they are"),
    ),
];

impl ScalingSpec {
    /// The default scaling of training rows. It is `unit` for 8-bit data, `none` for 8-bit data with only 0 and 1
    /// (which `unit` would scale to almost nothing), and otherwise `standardize`.
    pub fn usual(data: &Dataset) -> ScalingSpec {
        Self::usual_of(data.is_8_bit(), data.range().1)
    }

    /// The same from a summary of the training rows.
    pub fn usual_for(info: &ValuesInfo) -> ScalingSpec {
        Self::usual_of(info.is_8_bit, info.range.1)
    }

    fn usual_of(is_8_bit: bool, largest: f64) -> ScalingSpec {
        if !is_8_bit {
            ScalingSpec::Standardize {
                mean: None,
                std: None,
            }
        } else if largest <= 1.0 {
            ScalingSpec::None
        } else {
            ScalingSpec::Unit
        }
    }

    /// The names of the columns that this scaling divides by 1, because they have the same value in every row; for
    /// images, which are fitted as a whole, `all values`.
    pub(crate) fn constants(&self, data: &Dataset) -> Vec<String> {
        let divides = match self {
            ScalingSpec::Standardize { std, .. } => std.is_none(),
            ScalingSpec::MinMax { min, max } => min.is_none() && max.is_none(),
            ScalingSpec::Robust | ScalingSpec::Quantile => true,
            ScalingSpec::Unit | ScalingSpec::None => false,
        };
        if divides {
            data.constant_columns()
        } else {
            Vec::new()
        }
    }

    /// The names for a recipe.
    pub fn names() -> impl Iterator<Item = &'static str> {
        SCALINGS.iter().map(|choice| choice.declaration.name)
    }

    /// Its name in a recipe.
    pub fn name(&self) -> &'static str {
        Choice::settings_of(SCALINGS, self).0
    }

    /// The values of its keys.
    pub fn settings(&self) -> Settings {
        Choice::settings_of(SCALINGS, self).1
    }
}
