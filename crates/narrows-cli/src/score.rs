//! `narrows score`

use crate::destination::{FormatArguments, all_rows, without};
use crate::isa::IsaArgument;
use crate::number::{ANY, whole};
use crate::output::{columns, count_of, figures, note, print, print_json, table, thousands};
use crate::rows::go_over;
use crate::source::{DataArguments, keep_read_apart};
use clap::Args;
use narrows::apply::Blamed;
use narrows::data::Dataset;
use narrows::data::write::Output;
use narrows::evaluate::Detection;
use narrows::evaluate::metric::number;
use narrows::run::load_model;
use narrows::{Error, ErrorKind, Model, Result, apply};
use serde_json::json;
use std::path::PathBuf;

/// Score rows by their reconstruction error: rows unlike the training rows score high.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    /// A model file, or a run's folder.
    model: PathBuf,
    #[command(flatten)]
    source: DataArguments,
    /// The file of the scores: .csv, .tsv, .parquet or .npy, or `-` for standard output. Tables keep labels and ids.
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    #[command(flatten)]
    format: FormatArguments,
    /// Also write what each column contributes to the score.
    #[arg(long, requires = "output")]
    explain: bool,
    /// The labels of the anomalies. The command then measures how well the scores find them [default: 1 if the labels
    /// are 0 and 1]
    #[arg(
        long,
        value_name = "LABELS",
        value_delimiter = ',',
        alias = "anomalies"
    )]
    anomalous: Vec<String>,
    /// The number of highest scores to list.
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = whole::<usize>(ANY))]
    top: usize,
    #[command(flatten)]
    isa: IsaArgument,
    /// Print the result as one JSON object.
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str = "\
Examples:
  narrows score runs/normal --data new.csv -o scores.csv
  narrows score runs/normal --data new.csv --id customer -o scores.csv --explain
  narrows score runs/normal --data new.csv --on-bad null -o scores.parquet
      Rows that cannot be read stay in their place, without a score and with a
      reason.
  zcat new.csv.gz | narrows score runs/normal --data - -o - | sort -t, -k2 -gr
  narrows score runs/digits --data mnist:test --anomalous 9
      With labels, the command also measures how well the scores find the nines.";

pub fn run(arguments: &Arguments) -> Result<()> {
    arguments.isa.pin()?;
    let output = arguments.output.as_deref();
    let output = match output {
        None if arguments.format.format.is_some() => {
            return Err(Error::new(ErrorKind::Data, "`--format` needs an output")
                .hint("name a file with `-o`, or `-o -` for standard output"));
        }
        None => None,
        Some(output) => {
            keep_read_apart(output, &arguments.source.data, &arguments.model)?;
            Some(arguments.format.output(output, arguments.json, &[])?)
        }
    };
    let output = output.as_ref();
    let model = load_model(&arguments.model)?;
    let data = arguments
        .source
        .all_rows_for(&arguments.model, &model, output)?;
    let is_anomaly = anomalies(&data, &arguments.anomalous)?;
    let (scores, display) = go_over("scoring", data.rows(), |progress| {
        apply::score(&model, &data, output, arguments.explain, progress)
    })?;
    let lost = scores.iter().filter(|score| !score.is_finite()).count();
    if lost > 0 {
        note(&format!(
            "narrows: warning: {} of {} scores are not finite: the values of these rows, or their reconstructions, \
             are too large for a score",
            thousands(lost as f64),
            thousands(scores.len() as f64)
        ));
    }
    let threshold = model.threshold().map(|threshold| threshold.value);
    let detection = is_anomaly
        .filter(|is_anomaly| !is_anomaly.is_empty())
        .map(|is_anomaly| Detection::of(&scores, &is_anomaly, threshold))
        .transpose()?;
    let scored = Scored {
        model: &model,
        data: &data,
        top: top(&model, &data, &scores, arguments.top)?,
        scores,
        detection,
    };
    if arguments.json {
        print_json(scored.to_json(output));
    } else {
        print(&scored.describe(output));
        if let Some(output) = output {
            print(&display.written(&output.path, all_rows(&data)));
        }
    }
    Ok(())
}

/// For each row whether it is an anomaly, where its label says so.
fn anomalies(data: &Dataset, named: &[String]) -> Result<Option<Vec<bool>>> {
    if named.is_empty() {
        return Ok(data.labels().and_then(|labels| {
            let told = labels.iter().all(|label| [0, 1].contains(label));
            let named = data.label_names().is_empty();
            let are_both = labels.contains(&0) && labels.contains(&1);
            if told && named && are_both {
                return Some(labels.iter().map(|&label| label == 1).collect());
            }
            note("name the labels of anomalies with --anomalous to measure how well the scores find them");
            None
        }));
    }
    data.is_of_classes(named).map(Some)
}

fn above(model: &Model, scores: &[f32]) -> Option<usize> {
    let threshold = model.threshold()?.value;
    Some(scores.iter().filter(|&&score| score > threshold).count())
}

fn mean(scores: &[f32]) -> f64 {
    scores.iter().map(|&score| f64::from(score)).sum::<f64>() / scores.len() as f64
}

/// Scores of rows, with what is said of them.
struct Scored<'a> {
    model: &'a Model,
    data: &'a Dataset,
    scores: Vec<f32>,
    /// The rows of the highest scores, with the value that adds most to each.
    top: Vec<(usize, Option<Blamed>)>,
    detection: Option<Detection>,
}

/// The rows of the highest scores. Of tables also the column to blame.
fn top(
    model: &Model,
    data: &Dataset,
    scores: &[f32],
    count: usize,
) -> Result<Vec<(usize, Option<Blamed>)>> {
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]));
    order.truncate(count);
    let is_table = data.shape().len() == 1;
    let blamed = if is_table && !order.is_empty() {
        apply::blame(model, data, &order)?
    } else {
        vec![None; order.len()]
    };
    Ok(order.into_iter().zip(blamed).collect())
}

impl Scored<'_> {
    /// The name of a column, or its number from 1.
    fn column(&self, blamed: &Blamed) -> String {
        let names = self.data.columns();
        let name = names.and_then(|names| names.get(blamed.place));
        name.map_or_else(|| (blamed.place + 1).to_string(), String::clone)
    }

    fn to_json(&self, output: Option<&Output>) -> serde_json::Value {
        let Scored {
            model,
            data,
            scores,
            ..
        } = self;
        let largest = scores.iter().copied().reduce(f32::max).map(f64::from);
        let top = self.top.iter().map(|(row, blamed)| {
            json!({
                "row": data.bad_rows().place_of(*row),
                "score": number(Some(scores[*row].into())),
                "column": blamed.as_ref().map(|blamed| self.column(blamed)),
                "share": blamed.as_ref().map(|blamed| blamed.share),
            })
        });
        json!({
            "data": data.name(),
            "rows": all_rows(data),
            "rows_without_score": data.bad_rows().rows().len(),
            "bad_rows": data.bad_rows().count(),
            "mean": number((!scores.is_empty()).then(|| mean(scores))),
            "largest": number(largest),
            "threshold": model.threshold().map(|threshold| threshold.to_json()),
            "above": above(model, scores),
            "detection": self.detection.map(|detection| detection.to_json()),
            "top": top.collect::<Vec<_>>(),
            "output": output.map(|output| output.path.display().to_string()),
        })
    }

    fn describe(&self, output: Option<&Output>) -> String {
        let Scored {
            model,
            data,
            scores,
            ..
        } = self;
        let mut sorted = scores.clone();
        sorted.sort_by(f32::total_cmp);
        let middle = sorted.get(sorted.len() / 2).copied().unwrap_or_default();
        let highest = sorted.last().copied().unwrap_or_default();
        let mut rows = vec![
            ("rows", thousands(all_rows(data) as f64)),
            (
                "scores",
                format!(
                    "mean {}   median {}   highest {}",
                    figures(mean(scores)),
                    figures(middle.into()),
                    figures(highest.into())
                ),
            ),
        ];
        if let Some(text) = without(data, "score", output) {
            rows.push((
                "no score",
                format!("{text}; the numbers here leave them out"),
            ));
        }
        if scores.is_empty() {
            rows.retain(|(name, _)| *name != "scores");
            return table(&rows);
        }
        match (model.threshold(), above(model, scores)) {
            (Some(threshold), Some(above)) => rows.push((
                "flagged",
                format!(
                    "{} ({:.2} %) above the threshold of {}",
                    count_of(above, "row"),
                    100.0 * above as f64 / scores.len() as f64,
                    figures(threshold.value.into())
                ),
            )),
            _ => rows.push((
                "threshold",
                "none yet; `narrows calibrate` chooses one from normal rows".into(),
            )),
        }
        rows.extend(self.detection.iter().flat_map(described));
        let mut text = table(&rows);
        if !self.top.is_empty() {
            text.push_str(&format!("\n\n{}", columns(&self.top_table())));
        }
        text
    }

    /// The rows of the highest scores as a table.
    fn top_table(&self) -> Vec<Vec<String>> {
        let data = self.data;
        let is_blamed = self.top.iter().any(|(_, blamed)| blamed.is_some());
        let mut heads = vec!["row".to_string(), "score".to_string()];
        heads.extend(is_blamed.then(|| "column most to blame".to_string()));
        heads.extend(data.ids().iter().map(|ids| ids.name.clone()));
        heads.extend(data.labels().map(|_| data.label_column().to_string()));
        let mut list = vec![heads];
        list.extend(self.top.iter().map(|(row, blamed)| {
            let place = data.bad_rows().place_of(*row);
            let mut line = vec![place.to_string(), figures(self.scores[*row].into())];
            let to_blame = |blamed: &Blamed| {
                format!("{} ({:.0} %)", self.column(blamed), 100.0 * blamed.share)
            };
            line.extend(is_blamed.then(|| blamed.as_ref().map_or("-".into(), to_blame)));
            line.extend(data.ids().iter().map(|ids| ids.values[*row].clone()));
            line.extend(data.labels().map(|labels| data.label_text(labels[*row])));
            line
        }));
        list
    }
}

/// How well scores and threshold tell anomalies.
fn described(found: &Detection) -> Vec<(&'static str, String)> {
    let mut rows = vec![(
        "detection",
        format!(
            "ROC AUC {:.4}   PR AUC {:.4}   ({} anomalies, {} normal rows)",
            found.roc_auc,
            found.pr_auc,
            thousands(found.anomalies as f64),
            thousands(found.normal as f64)
        ),
    )];
    let Some(counts) = found.counts else {
        return rows;
    };
    let share = |value: Option<f64>| value.map_or("-".to_string(), |value| format!("{value:.3}"));
    rows.push((
        "at threshold",
        format!(
            "precision {}   recall {}   F1 {}",
            share(counts.precision()),
            share(counts.recall()),
            share(counts.f1())
        ),
    ));
    rows.push((
        "",
        format!(
            "{} of {} anomalies found; {} of {} normal rows flagged",
            thousands(counts.true_positives as f64),
            thousands(found.anomalies as f64),
            thousands(counts.false_positives as f64),
            thousands(found.normal as f64)
        ),
    ));
    rows
}
