//! New rows: codes that are drawn or chosen, and what they decode to.

use super::codes::{FITTED_ROWS, codes_of};
use super::columns::{model_columns, model_pixels, model_types};
use super::fit::check;
use super::stream::{Progress, piece_rows};
use crate::advice::{Setting, set, setting};
use crate::data::Dataset;
use crate::data::write::{Head, Output, Piece, Sink, pieces, texts_of};
use crate::error::{Error, ErrorKind, Result};
use crate::model::prior::normals;
use crate::model::{Drawing, InUse, Model, Prior};
use crate::text::{self, count_of};
use ndarray::{Array2, Axis};
use std::ops::Range;

/// The most new rows: a slip should fill no disk.
const MOST_ROWS: usize = 100_000_000;

/// The most steps of a traversal and of a side of a grid.
const MOST_STEPS: usize = 1000;

/// How far a traversal goes to both sides, in stds of the prior.
const FAR: f64 = 3.0;

/// The outermost quantiles of a grid.
const GRID: [f64; 2] = [0.05, 0.95];

/// The share of the std of codes by which rows are moved around unless it is given.
const AROUND: f64 = 0.1;

/// New rows of a model, by the codes that they are decoded from.
///
/// ```
/// # use narrows::{Recipe, data::Dataset};
/// # use ndarray::Array2;
/// use narrows::apply::Samples;
/// use narrows::model::{Prior, PriorSpec};
///
/// # fn main() -> narrows::Result<()> {
/// # let rows = Array2::from_shape_fn((500, 6), |(i, j)| (i as f32 * (j + 1) as f32 / 50.0).sin());
/// # let mut recipe = Recipe::named("table")?;
/// # recipe.epochs = 1;
/// # let model = narrows::fit(&recipe, &Dataset::from_array(rows.view())?)?;
/// let codes = model.encode(&rows)?;
/// let fitted = Prior::fit(codes.view(), PriorSpec::Gaussian, 1, &mut |_| Ok(()))?;
/// let samples = Samples::drawn(&model, &fitted.prior, 100, 1)?;
/// let new = samples.rows(0..100)?; // [100, 6], in the units of the data
/// // Row 7 of a seed is the same however many there are.
/// assert_eq!(Samples::drawn(&model, &fitted.prior, 8, 1)?.rows(7..8)?.row(0), new.row(7));
/// # Ok(())
/// # }
/// ```
pub struct Samples<'a> {
    model: &'a Model,
    codes: Codes<'a>,
    count: usize,
    /// What draws rows around what their codes decode to.
    drawing: Option<Drawing>,
}

/// Where the codes come from.
enum Codes<'a> {
    Drawn {
        prior: &'a Prior,
        seed: u64,
    },
    /// Around the codes of rows, in their order, again from the first after the last.
    Around {
        data: &'a Dataset,
        /// Of each value of a code.
        std: Vec<f64>,
        seed: u64,
    },
    /// Along some values of the code, each in so many steps.
    Along {
        base: Vec<f32>,
        moved: Vec<usize>,
        mean: Vec<f64>,
        std: Vec<f64>,
        steps: usize,
    },
    Listed(Array2<f32>),
}

impl<'a> Samples<'a> {
    /// `count` rows, decoded from codes that are drawn from a prior ([`Prior::draw`]) by a seed.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Data`] if the prior is one of codes of another width, or `count` is not 1 to 100 million.
    pub fn drawn(
        model: &'a Model,
        prior: &'a Prior,
        count: usize,
        seed: u64,
    ) -> Result<Samples<'a>> {
        model.check_prior(prior)?;
        check_count("number of rows", count, 1..=MOST_ROWS)?;
        Ok(Samples {
            model,
            codes: Codes::Drawn { prior, seed },
            count,
            drawing: None,
        })
    }

    /// `count` rows that are like given ones: row i is decoded from the code of row i of the data, to each value of
    /// which a normal number of the given std is added. After the last row of the data comes the first again.
    /// Without `std` it is a tenth of the std of each value over the codes of the data (of at most 100,000 rows, spread over
    /// all). Outputs keep labels and ids.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Data`] when the data do not fit the model, `count` is not 1 to 100 million, or `std` is not a finite
    /// number from 0 on; without `std` also if there is only one row, whose codes have no std.
    pub fn around(
        model: &'a Model,
        data: &'a Dataset,
        count: usize,
        std: Option<f64>,
        seed: u64,
    ) -> Result<Samples<'a>> {
        check(model, data)?;
        check_count("number of rows", count, 1..=MOST_ROWS)?;
        let std = match std {
            Some(std) if std.is_finite() && std >= 0.0 => vec![std; model.code_size()],
            Some(std) => {
                return Err(Error::new(ErrorKind::Data, "this std is not possible")
                    .expected("a finite number from 0 on")
                    .found(std));
            }
            None => {
                if data.rows() < 2 {
                    return Err(Error::new(
                        ErrorKind::Data,
                        "one row gives no std for codes around it",
                    )
                    .at(data.name())
                    .expected("two rows or more, or a std")
                    .hint(format!(
                        "give the std in units of the code, for example {}",
                        set(Setting::Std, "0.1")
                    )));
                }
                let codes = codes_of(model, data, FITTED_ROWS, &mut |_| Ok(()))?.mapv(f64::from);
                let std = codes.std_axis(Axis(0), 0.0);
                std.iter().map(|std| AROUND * std).collect()
            }
        };
        Ok(Samples {
            model,
            codes: Codes::Around { data, std, seed },
            count,
            drawing: None,
        })
    }

    /// What each value of the code does: for value 0, 1, … of the code `steps` rows, in which this value goes from 3 stds of
    /// the prior below its mean to 3 above, and the others stay as they are in `base` (the prior's mean if it is not given).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Data`] if prior or base are of codes of another width, or the steps are not 2 to 1000.
    pub fn along(
        model: &'a Model,
        prior: &Prior,
        base: Option<&[f32]>,
        steps: usize,
    ) -> Result<Samples<'a>> {
        let all = (0..model.code_size()).collect();
        Samples::along_values(model, prior, base, all, steps)
    }

    /// The same for some values of the code, by their places and in their order.
    ///
    /// # Errors
    ///
    /// As [`Samples::along`]; also if there are no places, or the code has no value at a place.
    pub fn along_values(
        model: &'a Model,
        prior: &Prior,
        base: Option<&[f32]>,
        moved: Vec<usize>,
        steps: usize,
    ) -> Result<Samples<'a>> {
        model.check_prior(prior)?;
        check_count("number of steps", steps, 2..=MOST_STEPS)?;
        let mean = prior.mean();
        let base = match base {
            None => mean.iter().map(|&value| value as f32).collect(),
            Some(base) if base.len() == mean.len() => base.to_vec(),
            Some(base) => {
                return Err(
                    Error::new(ErrorKind::Data, "the code does not fit the model")
                        .expected(count_of(mean.len(), "value"))
                        .found(base.len()),
                );
            }
        };
        if let Some(place) = moved.iter().find(|place| **place >= mean.len()) {
            return Err(Error::new(ErrorKind::Data, "the code has no such value")
                .expected(format!("a place below {}", mean.len()))
                .found(place));
        }
        let count = steps * moved.len();
        check_count("number of rows", count, 1..=MOST_ROWS)?;
        let codes = Codes::Along {
            base,
            moved,
            mean,
            std: prior.stds(),
            steps,
        };
        Ok(Samples {
            model,
            codes,
            count,
            drawing: None,
        })
    }

    /// `side · side` rows over a code of two values: their quantiles in the prior, from 0.05 to 0.95 in even steps (Kingma
    /// & Welling 2014, "Auto-encoding variational Bayes", appendix A). The first value grows within each `side` rows,
    /// and the second falls from one to the next, so that a picture of them lies as a chart of the codes does. Where
    /// the two values depend on each other, the second quantile is the one given the first value. Of a mixture its mean and
    /// its covariance count.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Data`] if the code has another number of values, the prior is one of codes of another width, or the side
    /// is not 2 to 1000.
    pub fn grid(model: &'a Model, prior: &Prior, side: usize) -> Result<Samples<'a>> {
        model.check_prior(prior)?;
        check_count("number of steps", side, 2..=MOST_STEPS)?;
        if model.code_size() != 2 {
            return Err(
                Error::new(ErrorKind::Data, "a grid needs a code of two values")
                    .found(format!(
                        "a code of {}",
                        count_of(model.code_size(), "value")
                    ))
                    .hint(format!(
                        "{} works for codes of any size",
                        setting(Setting::Traverse)
                    )),
            );
        }
        let [low, high] = GRID;
        let quantile = |step: usize| low + (high - low) * step as f64 / (side - 1) as f64;
        let quantiles = Array2::from_shape_fn((side * side, 2), |(row, value)| match value {
            0 => quantile(row % side),
            _ => quantile(side - 1 - row / side),
        });
        Ok(Samples {
            model,
            codes: Codes::Listed(prior.at_quantiles(&quantiles)?),
            count: side * side,
            drawing: None,
        })
    }

    /// How many stds a step of [`Samples::along`], counted from 0, is from the mean: -3 to 3.
    pub fn stds(step: usize, steps: usize) -> f64 {
        FAR * (2.0 * step as f64 / steps.saturating_sub(1).max(1) as f64 - 1.0)
    }

    /// The same codes, with rows that are drawn by a seed from the likelihood around what their codes decode to: a Gaussian
    /// likelihood adds normal noise of its std, a Bernoulli likelihood draws each value as 0 or 1. Row i of a seed is the same
    /// whatever their number.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Data`] if the model's reconstruction loss is not a likelihood of its data.
    pub fn with_noise(self, seed: u64) -> Result<Samples<'a>> {
        Ok(Samples {
            drawing: Some(self.model.drawing(seed)?),
            ..self
        })
    }

    /// Whether rows of a model can be drawn from its likelihood ([`Samples::with_noise`]).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Data`] if the reconstruction loss is not a likelihood.
    pub fn check_noise(model: &Model) -> Result<()> {
        model.drawing(0).map(drop)
    }

    /// The values of the code that [`Samples::along`] moves, in the order of its rows; none for other rows.
    pub fn moved(&self) -> &[usize] {
        match &self.codes {
            Codes::Along { moved, .. } => moved,
            _ => &[],
        }
    }

    /// The number of rows.
    pub fn count(&self) -> usize {
        self.count
    }

    /// The codes of some of the rows, `[rows, code]`.
    ///
    /// # Errors
    ///
    /// When rows that stay in a file cannot be read.
    pub fn codes(&self, rows: Range<usize>) -> Result<Array2<f32>> {
        self.codes_of(&mut self.model.in_use(rows.len()), rows)
    }

    /// Some of the rows, `[rows, inputs]`, in the units of the model's data.
    ///
    /// # Errors
    ///
    /// As [`Samples::codes`].
    pub fn rows(&self, rows: Range<usize>) -> Result<Array2<f64>> {
        self.rows_of(&mut self.model.in_use(rows.len()), rows)
    }

    fn rows_of(&self, in_use: &mut InUse<'_>, rows: Range<usize>) -> Result<Array2<f64>> {
        let codes = self.codes_of(in_use, rows.clone())?;
        if let Some(drawing) = &self.drawing {
            return Ok(drawing.rows(in_use, &codes, rows));
        }
        // Codes are float32; what they decode to may need more.
        in_use.decode(codes.mapv(f64::from).view())
    }

    fn codes_of(&self, in_use: &mut InUse<'_>, rows: Range<usize>) -> Result<Array2<f32>> {
        let width = self.model.code_size();
        Ok(match &self.codes {
            Codes::Drawn { prior, seed } => prior.draw(*seed, rows),
            Codes::Around { data, std, seed } => {
                let mut codes = in_use.codes_of(&around(data, rows.clone())?)?;
                let mut noise = vec![0.0; width];
                for (mut code, number) in codes.rows_mut().into_iter().zip(rows) {
                    normals(*seed, number, &mut noise);
                    for ((value, noise), std) in code.iter_mut().zip(&noise).zip(std) {
                        *value = (f64::from(*value) + std * f64::from(*noise)) as f32;
                    }
                }
                codes
            }
            Codes::Along {
                base,
                moved,
                mean,
                std,
                steps,
            } => Array2::from_shape_fn((rows.len(), width), |(row, value)| {
                let (place, step) = ((rows.start + row) / steps, (rows.start + row) % steps);
                if value == moved[place] {
                    (mean[value] + std[value] * Samples::stds(step, *steps)) as f32
                } else {
                    base[value]
                }
            }),
            Codes::Listed(codes) => Array2::from_shape_fn((rows.len(), width), |(row, value)| {
                codes[[rows.start + row, value]]
            }),
        })
    }

    /// Writes all of the rows, in the units and the shape of the model's data.
    ///
    /// # Errors
    ///
    /// When the output cannot be written.
    pub fn write(&self, out: impl Into<Output>, progress: Progress<'_>) -> Result<()> {
        let (columns, shape) = (model_columns(self.model), self.model.shape().to_vec());
        let beside = match &self.codes {
            Codes::Around { data, .. } => Head::beside(data, columns, shape),
            _ => Head {
                columns,
                shape,
                ..Head::default()
            },
        };
        let head = Head {
            rows: self.count,
            types: model_types(self.model),
            pixels: Some(model_pixels(self.model)),
            has_reasons: false,
            ..beside
        };
        let mut sink = Sink::create(out, &head)?;
        let inputs = self.model.network().inputs();
        let mut in_use = self.model.in_use(piece_rows(self.count, inputs));
        for rows in pieces(self.count, inputs) {
            let values = self.rows_of(&mut in_use, rows.clone())?;
            let texts = match &self.codes {
                Codes::Around { data, .. } => {
                    let (count, rows) = (rows.len(), around(data, rows.clone())?);
                    texts_of(&rows, 0..count)
                }
                _ => Vec::new(),
            };
            sink.write(Piece {
                values: values.view(),
                wide: &[],
                texts: &texts,
                reasons: &[],
            })?;
            progress(rows.end)?;
        }
        sink.finish()
    }
}

/// The rows around whose codes some of the new rows are.
fn around(data: &Dataset, rows: Range<usize>) -> Result<Dataset> {
    let indices: Vec<usize> = rows.map(|row| row % data.rows()).collect();
    data.select(&indices)
}

fn check_count(what: &str, count: usize, possible: std::ops::RangeInclusive<usize>) -> Result<()> {
    if possible.contains(&count) {
        return Ok(());
    }
    Err(
        Error::new(ErrorKind::Data, format!("this {what} is not possible"))
            .expected(format!(
                "{} to {}",
                text::count(*possible.start()),
                text::count(*possible.end())
            ))
            .found(count),
    )
}
