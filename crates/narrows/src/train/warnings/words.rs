//! The texts of warnings.

use super::{COUNTED, Warning};
use crate::advice::{Action, Setting, key, set, setting};
use crate::text::{count_of, counted, figures, first_of, thousands};
use std::fmt;

/// The number of columns that a warning names.
const NAMED: usize = 3;

/// The text about columns that lose values.
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
        "standardize" | "minmax" => write!(
            f,
            ": their differences are tiny compared with the spread of the column. Subtract the large part, take the \
             logarithm, split the column, or leave it out with {}",
            setting(Setting::Drop)
        ),
        _ => write!(
            f,
            ": use {}, which subtracts the mean before anything is rounded",
            key("scaling.kind", "standardize")
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
                write!(
                    f,
                    " changed after the run started. The run uses the rows as they were; {} will refuse other \
                     training rows",
                    setting(Setting::Resume)
                )
            }
            Warning::ThresholdLost => write!(
                f,
                "the threshold of the model is removed, because it does not fit the new model: choose one again with \
                 {} when the run is finished",
                Action::Calibrate
            ),
            Warning::OutOfRange {
                layer,
                output,
                data,
                floor,
            } => {
                write!(
                    f,
                    "the scaled data lie in [{}, {}], but the decoder ends in `{layer}`, whose outputs are only ",
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
                    ": no training can bring the MSE below {}; use another scaling ({} for 8-bit data, `minmax` \
                     otherwise) or leave `{layer}` out",
                    figures(*floor),
                    key("scaling.kind", "unit")
                )
            }
            Warning::OnlyRises { warmup, epochs } => write!(
                f,
                "the learning rate rises for {warmup} epochs (schedule.warmup), and training has only {}: it ends \
                 before the learning rate has its full value. Train longer, or lower schedule.warmup",
                count_of(*epochs, "epoch")
            ),
            Warning::FewSteps {
                steps,
                epochs,
                rows,
                batch,
            } => write!(
                f,
                "training has only {} ({} of {} in batches of {}), so the parameters hardly change: raise \
                 training.epochs or lower training.batch_size",
                count_of(*steps, "step"),
                count_of(*epochs, "epoch"),
                count_of(*rows, "row"),
                thousands(*batch as f64)
            ),
            Warning::LastRowJoins { rows, batch } => write!(
                f,
                "{} rows in batches of {} leave a last batch of one row, and this recipe compares the rows of a \
                 batch. So this row joins the batch before it, which then has {} rows. Choose another \
                 training.batch_size for batches of the same size",
                thousands(*rows as f64),
                thousands(*batch as f64),
                thousands(*batch as f64 + 1.0)
            ),
            Warning::OneRow => f.write_str(
                "there is only one row: the model is tested on the row that it is trained on, so the test error says \
                 nothing about other rows",
            ),
            Warning::DrawnFromSeries {
                column,
                has_drawn_test,
                is_latest_first,
            } => write!(
                f,
                "the rows are in the order of the column `{column}`, and the rows for {} were drawn at random: if \
                 neighboring rows are alike, errors on the drawn rows are lower than on later rows. {}",
                if *has_drawn_test { "testing or validation" } else { "validation" },
                match (has_drawn_test, is_latest_first) {
                    (true, true) => format!("Sort the rows so that the latest is last; {} then tests on the last rows", set(Setting::Test, "last:0.1")),
                    (true, false) => format!("{} tests on the last rows instead", set(Setting::Test, "last:0.1")),
                    (false, _) => format!(
                        "{} uses no validation rows, {} takes them from another file",
                        set(Setting::Validation, 0),
                        set(Setting::Validation, "FILE")
                    ),
                }
            ),
            Warning::LastIsEarliest { column } => write!(
                f,
                "the rows are in the order of the column `{column}`, with the latest first. So the test rows, which \
                 are the last rows, are the earliest, and training sees later rows: sort the rows by `{column}` for \
                 {}",
                set(Setting::Test, "last:…")
            ),
            Warning::DividedAnew { difference } => f.write_str(difference),
            Warning::OlderName { note } => f.write_str(note),
            Warning::BegunOn { used_for, share } => write!(
                f,
                "the model that training starts from was trained on about {:.0} % of the rows for {used_for}: errors \
                 on these rows are lower than on new rows. Split the rows as its run did (the same {} and the same \
                 options), or give other rows with {} and {}",
                100.0 * share,
                setting(Setting::Seed),
                set(Setting::Validation, "FILE"),
                set(Setting::Test, "FILE")
            ),
            Warning::KnownRows { given_for, share } => write!(
                f,
                "about {:.0} % of the rows for {given_for} are training rows: errors on these rows are lower than on \
                 new rows. Give rows that training does not see",
                100.0 * share
            ),
            Warning::WideCode { code, inputs } => write!(
                f,
                "the code has {} and the data have {}: the network can copy its input and learn nothing. Make \
                 the encoder's last layer narrower than {}, or train with noise ({})",
                count_of(*code, "value"),
                thousands(*inputs as f64),
                thousands(*inputs as f64),
                key("corruption.kind", "masking").with("corruption.fraction", 0.5)
            ),
            Warning::Constant { columns, .. } if columns.is_empty() => f.write_str(
                "the training rows are all the same: there is nothing to learn",
            ),
            Warning::Constant {
                columns,
                have_names,
            } => {
                let (what, carry, them) = match columns.len() {
                    1 => ("column has", "it has", "it"),
                    _ => ("columns have", "they have", "them"),
                };
                let names: Vec<&str> = columns.iter().map(String::as_str).collect();
                write!(
                    f,
                    "{} {what} the same value in every training row: {}{}; {carry} no information",
                    thousands(columns.len() as f64),
                    first_of(&names),
                    if *have_names { "" } else { COUNTED },
                )?;
                if *have_names { write!(f, " ({} leaves {them} out)", setting(Setting::Drop)) } else { Ok(()) }
            }
            Warning::NoIqr { columns } => {
                let names: Vec<&str> = columns.iter().map(String::as_str).collect();
                let (have, them) = match columns.len() {
                    1 => ("column has", "it is divided by its std"),
                    _ => ("columns have", "they are divided by their stds"),
                };
                write!(
                    f,
                    "{} {have} an interquartile range of 0: {}; {them}, which outliers move",
                    thousands(columns.len() as f64),
                    first_of(&names),
                )
            }
            Warning::Squeezed { high } => write!(
                f,
                "the data are only 0 and 1, and the scaling turns 1 into {}, so all inputs are close to 0: use {}",
                figures((*high).into()),
                key("scaling.kind", "none")
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
                    "rows for {given_for} share groups of `{column}` with the training rows: {groups} of {of_groups} \
                     groups, {rows} of {of_rows} rows. Errors on these rows are lower than on rows of new groups: \
                     give rows of other groups"
                )
            }
            Warning::NoGroups { given_for, column } => write!(
                f,
                "the rows for {given_for} have no column `{column}`, so they may belong to groups of the training \
                 rows"
            ),
        }
    }
}
