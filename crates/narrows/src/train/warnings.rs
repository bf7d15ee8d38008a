//! What is supported but dubious: each warning gives the number that matters and the next action.

mod words;

use crate::data::Dataset;
use crate::layer::last_of_values;
use crate::network::Network;
use crate::optimizer::ScheduleSpec;
use crate::recipe::Recipe;
use crate::scaling::{self, Scaling};

/// Something about a run that its user should know before it starts.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Warning {
    /// The scaled data reach beyond what the decoder can give.
    OutOfRange {
        /// The decoder's last layer that changes values.
        layer: &'static str,
        /// What it can give.
        output: (f32, f32),
        /// What the data hold, scaled.
        data: (f32, f32),
        /// The least mean squared error that any parameters can reach.
        floor: f64,
    },
    /// The bottleneck leaves at least as many values of the code as a row of data has, and training has no noise, so that
    /// copying is a solution.
    WideCode {
        /// The values of a code.
        code: usize,
        /// The values of a row.
        inputs: usize,
    },
    /// Columns that have the same value in every training row, or all columns, or images all of whose values are the
    /// same.
    Constant {
        /// The columns, as a sentence names them; none for images, and where all columns are constant.
        columns: Vec<String>,
        /// Whether they can be left out by name.
        have_names: bool,
    },
    /// The rise of the learning rate takes all of training.
    OnlyRises {
        /// The epochs of the rise.
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
        /// The rows of a step.
        batch: usize,
    },
    /// The last batch of an epoch would have one row, in a network that normalizes by statistics of the batch: the row
    /// joins the batch before it.
    LastRowJoins {
        /// The rows to train on.
        rows: usize,
        /// The rows of the other batches.
        batch: usize,
    },
    /// There is one row, and it is tested on too.
    OneRow,
    /// The recipe has an older name of a key.
    OlderName {
        /// Where, and what it is called now.
        note: String,
    },
    /// The rows are in the order of a column of times, and some were drawn from among the others for testing or
    /// validation.
    DrawnFromSeries {
        /// The name of the column.
        column: String,
        /// Whether the latest row is the first.
        is_latest_first: bool,
        /// Whether rows for testing were drawn, or rows for validation alone.
        has_drawn_test: bool,
    },
    /// The last rows of a series are for testing, but the latest rows come first.
    LastIsEarliest {
        /// The column of times.
        column: String,
    },
    /// A model is measured on other rows than its run would be.
    DividedAnew {
        /// Why, in a sentence.
        difference: String,
    },
    /// Some of the rows that are given for validation or testing are training rows.
    KnownRows {
        /// What they are given for.
        given_for: &'static str,
        /// The share of them that are training rows.
        share: f64,
    },
    /// The model that training begins with was trained on rows that are to measure the new one.
    BegunOn {
        /// What the rows are for: `validation` or `testing`.
        used_for: &'static str,
        /// The share of the rows that it was trained on.
        share: f64,
    },
    /// 8-bit data that are 0 and 1 alone, scaled as if they reached 255.
    Squeezed {
        /// What 1 becomes.
        high: f32,
    },
    /// A file of the data has changed since it was read; what is trained on is what was read.
    SourceChanged {
        /// The file.
        file: String,
        /// How many others have changed.
        more: usize,
    },
    /// A threshold was chosen for the model as it was before the run went on; it is not the new model's.
    ThresholdLost,
    /// Distinct values of columns become equal in single precision, after scaling.
    LostValues {
        /// For each such column: the column, its distinct values, and those that are left.
        columns: Vec<(String, usize, usize)>,
        /// The scaling.
        scaling: &'static str,
        /// The rows that were looked at, where it is not all of them.
        looked_at: Option<usize>,
    },
    /// Groups of rows that are to stay together are among the training rows and among rows of another source.
    KnownGroups {
        /// What the rows of the other source are given for.
        given_for: &'static str,
        /// The column that names the groups.
        column: String,
        /// The groups that both have, and all groups of the other source.
        groups: (usize, usize),
        /// The rows of the other source that are of these groups, and all its rows.
        rows: (usize, usize),
    },
    /// Rows of another source have no column that names their groups.
    NoGroups {
        /// What the rows are given for.
        given_for: &'static str,
        /// The column that names the groups of the training rows.
        column: String,
    },
}

/// Fewer steps than these hardly change the parameters: Adam moves each by about the learning rate in a step.
const FEW_STEPS: usize = 100;

/// What stands behind the number of a column without a name; said once for several.
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
    // A contractive penalty does not keep it from copying: smaller codes, made larger again by the decoder, cost less.
    let is_clean = recipe
        .corruption
        .as_ref()
        .is_none_or(|noise| noise.strength() == 0.0);
    // Fewer values at a time than a row has cannot be a copy of it.
    let is_wide = recipe.bottleneck.most_active(code) >= inputs;
    if is_wide && is_clean {
        all.push(Warning::WideCode { code, inputs });
    }
    let (rows, batch) = (data.rows(), recipe.batch_size);
    if network.couples_rows() && batch > 1 && rows > batch && rows % batch == 1 {
        all.push(Warning::LastRowJoins { rows, batch });
    }
    all.extend(constant(recipe, data));
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

/// The columns that the scaling divides by 1, as they are constant.
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
