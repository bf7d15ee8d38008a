//! Charts of the losses of training.

use super::charts::svg;
use crate::error::Result;
use crate::report::{Chart, Figure, Series};
use crate::train::EpochRecord;

/// The losses of training. Each part of the objective has a chart of its own, because the parts differ in size. A
/// single epoch has no chart.
///
/// # Errors
///
/// If a chart cannot be drawn.
pub fn loss_figures(records: &[EpochRecord]) -> Result<Vec<Figure>> {
    let Some(last) = records.last().filter(|_| records.len() > 1) else {
        return Ok(Vec::new());
    };
    let caption =
        "The loss of each epoch, on training and validation rows. A flat curve means that training has converged"
            .to_string();
    let mut all = vec![("loss".to_string(), caption, losses(records))];
    // Records that were read from a file have their columns in the order of the names.
    let mut names: Vec<&str> = last.columns.iter().map(|(name, _)| &name[..]).collect();
    names.sort_unstable();
    for name in names {
        let (what, unit) = in_words(name);
        let of_unit = unit.map(|unit| format!(", in {unit}")).unwrap_or_default();
        let caption = format!("{what} of each epoch{of_unit}, without its weight in the objective");
        let mut chart = loss_of(records, name);
        if let Some(unit) = unit {
            chart.y = format!("{what} in {unit}");
        }
        all.push((format!("loss-{name}"), caption, chart));
    }
    let mut figures = Vec::new();
    for (name, caption, chart) in all {
        figures.extend(svg(&name, &caption, &chart)?);
    }
    Ok(figures)
}

/// What a column of the records is called in a caption, and its unit if it has one.
fn in_words(column: &str) -> (String, Option<&'static str>) {
    match column.strip_prefix("penalty.") {
        // The divergence of a variational code.
        Some("kl") => ("KL".into(), Some("nats")),
        Some(penalty) => (format!("The penalty {penalty}"), None),
        None => (format!("The loss {column}"), None),
    }
}

/// The objective, the reconstruction loss in it, and the objective on the validation rows.
fn losses(records: &[EpochRecord]) -> Chart {
    let mut all = vec![series(records, "train loss", |r| r.train_loss)];
    if records.iter().any(|record| !record.columns.is_empty()) {
        all.push(series(records, "its reconstruction loss", |r| {
            r.reconstruction
        }));
    }
    if records
        .iter()
        .any(|record| record.validation_loss.is_some())
    {
        let loss = |r: &EpochRecord| r.validation_loss.unwrap_or(f64::NAN);
        all.push(series(records, "validation loss", loss));
    }
    loss_chart(all)
}

/// One of the columns of the records.
fn loss_of(records: &[EpochRecord], name: &str) -> Chart {
    let value = |r: &EpochRecord| {
        let mut columns = r.columns.iter();
        let found = columns.find(|(column, _)| column == name);
        found.map_or(f64::NAN, |(_, value)| *value)
    };
    loss_chart(vec![series(records, name, value)])
}

fn series(records: &[EpochRecord], name: &str, of: impl Fn(&EpochRecord) -> f64) -> Series {
    Series {
        name: name.into(),
        points: records.iter().map(|r| (r.epoch as f64, of(r))).collect(),
    }
}

fn loss_chart(series: Vec<Series>) -> Chart {
    // A negative log density may be below 0.
    let mut values = series.iter().flat_map(|series| &series.points);
    let is_positive = values.all(|&(_, loss)| loss > 0.0 || loss.is_nan());
    Chart {
        x: "epoch".into(),
        y: "loss".into(),
        series,
        whole_x: true,
        log_y: is_positive,
        ..Chart::default()
    }
}
