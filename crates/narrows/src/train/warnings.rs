//! Settings that are possible but suspicious: each warning gives the important number and the next action.

mod words;

use crate::data::Dataset;
use crate::layer::last_of_values;
use crate::network::Network;
use crate::optimizer::ScheduleSpec;
use crate::recipe::Recipe;
use crate::scaling::{self, Scaling};

/// A warning about a run before it starts.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Warning {
    /// The scaled data leave the output range of the decoder.
    OutOfRange {
        /// The decoder's last layer that changes values.
        layer: &'static str,
        /// The output range.
        output: (f32, f32),
        /// The range of the scaled data.
        data: (f32, f32),
        /// The lowest mean squared error that training can reach.
        floor: f64,
    },
    /// The code is overcomplete: the bottleneck leaves at least as many values as a row of data has, and training has
    /// no corruption, so copying the input is a solution.
    WideCode {
        /// The number of values of a code.
        code: usize,
        /// The number of values of a row.
        inputs: usize,
    },
    /// Constant values: columns that have the same value in every training row, or all columns, or images whose values
    /// are all the same.
    Constant {
        /// The names of the columns in a sentence; empty for images, and if all columns are constant.
        columns: Vec<String>,
        /// Whether the columns can be left out by name.
        have_names: bool,
    },
    /// Columns that the scaling `robust` divides by their std, because the middle half of their values is one value.
    NoIqr {
        /// The columns in a sentence.
        columns: Vec<String>,
    },
    /// The warm-up of the learning rate takes all of training.
    OnlyRises {
        /// The epochs of the warm-up.
        warmup: f64,
        /// The epochs of training.
        epochs: usize,
    },
    /// Training is so short that the parameters hardly change.
    FewSteps {
        /// The number of steps in all epochs.
        steps: usize,
        /// The epochs.
        epochs: usize,
        /// The rows to train on.
        rows: usize,
        /// The number of rows in a step.
        batch: usize,
    },
    /// The last batch of an epoch would have one row, and training compares the rows of a batch or normalizes by their
    /// statistics: the row joins the batch before it.
    LastRowJoins {
        /// The rows to train on.
        rows: usize,
        /// The number of rows of the other batches.
        batch: usize,
    },
    /// There is only one row, which is used for testing too.
    OneRow,
    /// The recipe uses an older name of a key.
    OlderName {
        /// The place, and the newer name.
        note: String,
    },
    /// The rows are in the order of a column of times, and some of them were drawn at random for testing or validation.
    DrawnFromSeries {
        /// The name of the column.
        column: String,
        /// Whether the latest row comes first.
        is_latest_first: bool,
        /// Whether rows for testing were drawn; if not, only rows for validation.
        has_drawn_test: bool,
    },
    /// The last rows of a time series are for testing, but the latest rows come first.
    LastIsEarliest {
        /// The column of times.
        column: String,
    },
    /// A model is measured on other rows than its run would use.
    DividedAnew {
        /// The reason, in a sentence.
        difference: String,
    },
    /// Some of the given rows for validation or testing are training rows.
    KnownRows {
        /// The purpose of the rows.
        given_for: &'static str,
        /// The share of the rows that are training rows.
        share: f64,
    },
    /// The model whose parameters training begins with was trained on rows that measure the new model.
    BegunOn {
        /// The purpose of the rows: `validation` or `testing`.
        used_for: &'static str,
        /// The share of the rows that this model was trained on.
        share: f64,
    },
    /// 8-bit data with only the values 0 and 1, scaled as if they reached 255.
    Squeezed {
        /// The scaled value of 1.
        high: f32,
    },
    /// A file of the data has changed since it was read. Training uses the rows that were read.
    SourceChanged {
        /// The file.
        file: String,
        /// How many other files have changed.
        more: usize,
    },
    /// A threshold was chosen for the model before the run was resumed; it does not apply to the new model.
    ThresholdLost,
    /// Distinct values of columns become equal in single precision, even after scaling.
    LostValues {
        /// For each such column: its name, its number of distinct values, and the number that remains.
        columns: Vec<(String, usize, usize)>,
        /// The scaling.
        scaling: &'static str,
        /// The number of rows that were checked, if not all of them.
        looked_at: Option<usize>,
    },
    /// Groups of rows that must stay together occur in the training rows and in rows of another source.
    KnownGroups {
        /// The purpose of the rows of the other source.
        given_for: &'static str,
        /// The column that names the groups.
        column: String,
        /// The number of groups that occur in both, and the number of groups of the other source.
        groups: (usize, usize),
        /// The number of rows of the other source in these groups, and the number of its rows.
        rows: (usize, usize),
    },
    /// Rows of another source have no column for their groups.
    NoGroups {
        /// The purpose of the rows.
        given_for: &'static str,
        /// The column of the groups of the training rows.
        column: String,
    },
}

/// With fewer steps than these the parameters hardly change: Adam moves each by about the learning rate per step.
const FEW_STEPS: usize = 100;

/// The text after the number of a column without a name; printed once for several columns.
const COUNTED: &str = " (counted from 0)";

/// The warnings about training the network of a recipe on data.
pub fn warnings(
    recipe: &Recipe,
    network: &Network,
    data: &Dataset,
    scaling: &Scaling,
) -> Vec<Warning> {
    let mut all = Vec::new();
    let (code, inputs) = (network.code_size(), network.inputs());
    // A contractive penalty does not prevent copying: smaller codes, which the decoder enlarges again, cost less.
    let is_clean = recipe
        .corruption
        .as_ref()
        .is_none_or(|noise| noise.strength() == 0.0);
    // If fewer values than a row has can be nonzero at a time, the code cannot be a copy of the row.
    let is_wide = recipe.bottleneck.most_active(code) >= inputs;
    // Codes that are drawn cannot copy either.
    if is_wide && is_clean && !recipe.bottleneck.draws() {
        all.push(Warning::WideCode { code, inputs });
    }
    let (rows, batch) = (data.rows(), recipe.batch_size);
    let couples_rows = network.couples_rows() || recipe.has_coupled_penalty();
    if couples_rows && batch > 1 && rows > batch && rows % batch == 1 {
        all.push(Warning::LastRowJoins { rows, batch });
    }
    all.extend(constant(recipe, data));
    let spec = recipe.scaling.as_ref();
    let columns = spec.map_or(Vec::new(), |spec| scaling::without_iqr(spec, data));
    if !columns.is_empty() {
        all.push(Warning::NoIqr { columns });
    }
    let (low, high) = scaling.range(data);
    if data.is_8_bit() && data.range().1 <= 1.0 && high - low < 0.01 && high > low {
        all.push(Warning::Squeezed { high });
    }
    if let Some((_, last)) = last_of_values(&recipe.decoder) {
        let output = last.output_range();
        if low < output.0 || high > output.1 {
            all.push(Warning::OutOfRange {
                layer: last.name(),
                output,
                data: (low, high),
                floor: scaling.clamp_floor(data, output.0, output.1),
            });
        }
    }
    all.extend(lost_values(recipe, data, scaling));
    if let ScheduleSpec::Cosine { warmup, .. } = recipe.schedule
        && warmup >= recipe.epochs as f64
    {
        let epochs = recipe.epochs;
        all.push(Warning::OnlyRises { warmup, epochs });
    }
    let of_step = batch * recipe.accumulation;
    let steps = rows.div_ceil(of_step) * recipe.epochs;
    if steps < FEW_STEPS {
        all.push(Warning::FewSteps {
            steps,
            epochs: recipe.epochs,
            rows,
            batch: of_step,
        });
    }
    all
}

/// The constant columns, which the scaling divides by 1.
fn constant(recipe: &Recipe, data: &Dataset) -> Option<Warning> {
    let columns = recipe.scaling?.constants(data);
    if columns.is_empty() {
        return None;
    }
    let is_table = data.shape().len() == 1;
    let name = |column: String| {
        let name = column.strip_prefix("column ").unwrap_or(&column);
        name.strip_suffix(COUNTED).unwrap_or(name).to_string()
    };
    Some(Warning::Constant {
        columns: if is_table && columns.len() < data.inputs() {
            columns.into_iter().map(name).collect()
        } else {
            Vec::new()
        },
        have_names: data.columns().is_some(),
    })
}

fn lost_values(recipe: &Recipe, data: &Dataset, scaling: &Scaling) -> Option<Warning> {
    let lost = scaling::lost(data, scaling);
    let columns = lost.columns.into_iter();
    let columns: Vec<_> = columns
        .map(|lost| (lost.column, lost.distinct, lost.left))
        .collect();
    (!columns.is_empty()).then(|| Warning::LostValues {
        columns,
        scaling: recipe.scaling.map_or("none", |spec| spec.name()),
        looked_at: (lost.rows < data.rows()).then_some(lost.rows),
    })
}

#[cfg(test)]
mod tests;
