//! What is supported but dubious: each warning gives the number that matters and the next action.

use crate::data::Dataset;
use crate::layer::last_of_values;
use crate::network::Network;
use crate::optimizer::ScheduleSpec;
use crate::recipe::Recipe;
use crate::scaling::{self, Scaling};
use crate::text::{count_of, counted, figures, first_of, thousands};
use std::fmt;

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

/// The columns that a warning names.
const NAMED: usize = 3;

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

/// What a warning says of columns that lose values.
fn describe_lost(
    f: &mut fmt::Formatter<'_>,
    columns: &[(String, usize, usize)],
    scaling: &str,
    looked_at: Option<usize>,
) -> fmt::Result {
    for (index, (column, distinct, left)) in columns.iter().take(NAMED).enumerate() {
        let between = if index == 0 { "" } else { "; " };
        let column = match index {
            0 => column,
            _ => column.strip_suffix(COUNTED).unwrap_or(column),
        };
        let distinct = thousands(*distinct as f64);
        let left = thousands(*left as f64);
        write!(
            f,
            "{between}{column}: {distinct} distinct values become {left}"
        )?;
        if index == 0 {
            write!(f, " in float32 after the scaling `{scaling}`")?;
        }
    }
    if columns.len() > NAMED {
        let more = columns.len() - NAMED;
        write!(f, "; and {}", counted(more, "more column", "more columns"))?;
    }
    if let Some(rows) = looked_at {
        write!(f, " (in {} of the rows)", thousands(rows as f64))?;
    }
    match scaling {
        "standardize" | "minmax" => f.write_str(
            ": their differences are tiny beside the spread of the column; subtract what is large, take the logarithm, \
             split the column into parts, or leave it out with `--drop`",
        ),
        _ => f.write_str(
            ": use `--set scaling.kind=standardize`, which subtracts the mean before anything is rounded",
        ),
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Warning::SourceChanged { file, more } => {
                write!(f, "{file}")?;
                if *more > 0 {
                    let more = counted(*more, "more file", "more files");
                    write!(f, " and {more} of the data")?;
                }
                f.write_str(
                    " changed after the run began: it uses the rows as they were read then; --resume will refuse other \
                     training rows",
                )
            }
            Warning::ThresholdLost => f.write_str(
                "the threshold that was chosen for the model so far does not fit the new one, and is not kept: choose one \
                 again with `narrows calibrate` when the run is finished",
            ),
            Warning::OutOfRange {
                layer,
                output,
                data,
                floor,
            } => {
                write!(
                    f,
                    "the scaled data lie in [{}, {}], but the decoder ends in `{layer}`, which \
                     gives only ",
                    figures(data.0.into()),
                    figures(data.1.into())
                )?;
                match (output.0.is_finite(), output.1.is_finite()) {
                    (true, true) => write!(f, "[{}, {}]", output.0, output.1)?,
                    (true, false) => write!(f, "{} and more", output.0)?,
                    _ => write!(f, "{} and less", output.1)?,
                }
                write!(
                    f,
                    ": no training can bring the MSE below {}; use another scaling (`--set \
                     scaling.kind=unit` for 8-bit data, `minmax` otherwise) or leave `{layer}` out",
                    figures(*floor)
                )
            }
            Warning::OnlyRises { warmup, epochs } => write!(
                f,
                "the learning rate rises for {warmup} epochs (schedule.warmup), and training has {}: it ends before the \
                 learning rate is at its full value; train longer, or lower schedule.warmup",
                count_of(*epochs, "epoch")
            ),
            Warning::FewSteps {
                steps,
                epochs,
                rows,
                batch,
            } => write!(
                f,
                "training has {} in all ({} of {} in batches of {}), in which the parameters hardly change: raise \
                 training.epochs or lower training.batch_size",
                count_of(*steps, "step"),
                count_of(*epochs, "epoch"),
                count_of(*rows, "row"),
                thousands(*batch as f64)
            ),
            Warning::LastRowJoins { rows, batch } => write!(
                f,
                "{} rows in batches of {batch} leave a last batch of one row, which has no variance to normalize by: it \
                 joins the batch before it, which has {} rows; choose another training.batch_size for batches of one size",
                thousands(*rows as f64),
                batch + 1
            ),
            Warning::OneRow => f.write_str(
                "there is one row: the model is tested on the row that it is trained on, which says nothing about other rows",
            ),
            Warning::DrawnFromSeries {
                column,
                has_drawn_test,
                is_latest_first,
            } => write!(
                f,
                "the rows are in the order of the column `{column}`, and rows for {} were drawn at random from among \
                 them: if neighboring rows are alike, errors on these rows are lower than on later rows; {}",
                if *has_drawn_test { "testing or validation" } else { "validation" },
                match (has_drawn_test, is_latest_first) {
                    (true, true) => "with the latest row last, `--test last:0.1` tests on the last rows instead",
                    (true, false) => "`--test last:0.1` tests on the last rows instead",
                    (false, _) => "`--validation 0` sets none apart, `--validation FILE` takes those of another file",
                }
            ),
            Warning::LastIsEarliest { column } => write!(
                f,
                "the rows are in the order of the column `{column}` with the latest first: the last rows, which are for \
                 testing, are the earliest, and training sees what comes after them; sort the rows by `{column}` for \
                 `--test last:…`"
            ),
            Warning::DividedAnew { difference } => f.write_str(difference),
            Warning::OlderName { note } => f.write_str(note),
            Warning::BegunOn { used_for, share } => write!(
                f,
                "the model that training begins with was trained on about {:.0} % of the rows for {used_for}: errors on \
                 them are lower than on new rows; divide the rows as its run did (with the same `--seed` and options), or \
                 give other rows with `--validation FILE` and `--test FILE`",
                100.0 * share
            ),
            Warning::KnownRows { given_for, share } => write!(
                f,
                "about {:.0} % of the rows for {given_for} are training rows: errors on them are lower than on new rows; \
                 give rows that training does not see",
                100.0 * share
            ),
            Warning::WideCode { code, inputs } => write!(
                f,
                "the code has {code} values and the data {inputs}: the network can copy its input and \
                 learn nothing; make the encoder's last layer narrower than {inputs}, or train with noise \
                 (`--set corruption.kind=masking --set corruption.fraction=0.5`)"
            ),
            Warning::Constant { columns, .. } if columns.is_empty() => f.write_str(
                "the training rows are all the same: there is nothing to learn",
            ),
            Warning::Constant {
                columns,
                have_names,
            } => {
                let (what, carry, them) = match columns.len() {
                    1 => ("column has", "it trains, but carries", "it"),
                    _ => ("columns have", "they train, but carry", "them"),
                };
                let names: Vec<&str> = columns.iter().map(String::as_str).collect();
                write!(
                    f,
                    "{} {what} the same value in every training row: {}{}; {carry} no information",
                    thousands(columns.len() as f64),
                    first_of(&names),
                    if *have_names { "" } else { COUNTED },
                )?;
                if *have_names { write!(f, " (`--drop` leaves {them} out)") } else { Ok(()) }
            }
            Warning::Squeezed { high } => write!(
                f,
                "the data are only 0 and 1, and the scaling turns 1 into {}: the inputs are close to 0; use `--set \
                 scaling.kind=none`",
                figures((*high).into())
            ),
            Warning::LostValues {
                columns,
                scaling,
                looked_at,
            } => describe_lost(f, columns, scaling, *looked_at),
            Warning::KnownGroups {
                given_for,
                column,
                groups: (groups, of_groups),
                rows: (rows, of_rows),
            } => {
                let [groups, of_groups, rows, of_rows] =
                    [groups, of_groups, rows, of_rows].map(|&count| thousands(count as f64));
                write!(
                    f,
                    "rows for {given_for} share groups of `{column}` with the training rows: {groups} of {of_groups} groups, \
                     {rows} of {of_rows} rows; errors on them are lower than on rows of new groups; give rows of other \
                     groups"
                )
            }
            Warning::NoGroups { given_for, column } => write!(
                f,
                "the rows for {given_for} have no column `{column}`: whether they are of the groups of the training rows \
                 is not known"
            ),
        }
    }
}

#[cfg(test)]
mod tests;
