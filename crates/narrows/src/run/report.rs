//! The content of a run's report.

use super::summary::Outcome;
use crate::isa;
use crate::recipe::Recipe;
use crate::report::{Report, Section, Table};
use crate::text::{count_of, duration, figures, sentence, thousands};
use std::path::Path;

impl Outcome {
    /// The run as a section of a report.
    pub fn section(&self, recipe: &Recipe) -> Section {
        let summary = &self.summary;
        let mut size = format!(
            "{}, a code of {} for {}.",
            count_of(summary.parameters, "parameter"),
            thousands(summary.code_size as f64),
            count_of(summary.inputs, "value"),
        );
        // A model without its run has no record of its training.
        if summary.epochs > 0 {
            size = format!(
                "{} of {} in {}, {size}",
                count_of(summary.epochs, "epoch"),
                count_of(summary.train_rows, "row"),
                duration(summary.seconds),
            );
        }
        let mut about = vec![size];
        if !recipe.about.is_empty() {
            about.insert(0, format!("{}.", sentence(&recipe.about)));
        }
        match &summary.evaluation {
            None => about.push(
                "There are no test rows, so the report cannot show how well the model works on new rows."
                    .into(),
            ),
            Some(evaluation) => about.push(match &evaluation.jacobian {
                Some(jacobian) => format!(
                    "The Frobenius norm of the code's Jacobian is {}, mean over the first {}.",
                    figures(jacobian.mean_norm),
                    count_of(jacobian.rows, "test row")
                ),
                None => "The Jacobian of the code is left out: it would take too much time or memory.".into(),
            }),
        }
        Section {
            title: recipe.name.clone(),
            about,
            table: None,
            figures: self.figures.clone(),
        }
    }

    pub(super) fn report(&self, recipe: &Recipe) -> Report {
        let summary = &self.summary;
        // Without the folders, which differ if a run was resumed elsewhere.
        let data = Path::new(&summary.data).file_name();
        let data = data.map_or(summary.data.as_str().into(), |name| name.to_string_lossy());
        // The name of the built-in images includes their part.
        let data = data.strip_suffix(", training images").unwrap_or(&data);
        let title = format!("{} on {data}", summary.recipe);
        let Some(evaluation) = &summary.evaluation else {
            return Report {
                title,
                lead: vec!["The run has no test rows, so there is no test error.".into()],
                table: None,
                notes: vec![isa::note()],
                first: Vec::new(),
                sections: vec![self.section(recipe)],
            };
        };
        let mut sections = Vec::new();
        if let Some(table) = evaluation.bound_table() {
            sections.push(Section {
                title: "The evidence lower bound".into(),
                about: vec![
                    "In nats a row, mean over the test rows; lower is better. The bound is the sum of reconstruction \
                     and KL."
                        .into(),
                ],
                table: Some(Table::of(table)),
                figures: Vec::new(),
            });
        }
        if let Some(table) = evaluation.generation_table() {
            sections.push(Section {
                title: "New rows".into(),
                about: vec![
                    "The distance of new rows from test rows, as squared maximum mean discrepancy: 0 is the same \
                     distribution. Training rows show how near new rows can be."
                        .into(),
                ],
                table: Some(Table::of(table)),
                figures: Vec::new(),
            });
        }
        if let Some(table) = evaluation.denoising_table() {
            sections.push(Section {
                title: "Beside other maps".into(),
                about: vec![
                    "The mean squared error against the clean test rows, after each method has denoised the noisy \
                     rows.".into(),
                ],
                table: Some(Table::of(table)),
                figures: Vec::new(),
            });
        }
        if let Some(table) = evaluation.column_table() {
            let mut about = vec![
                "Columns with the largest share of the score come first. The MSE is in the units of the column. R² is \
                 1 for exact values, and 0 if the model is as good as the column's mean over the training rows."
                    .to_string(),
            ];
            about.extend(evaluation.more_columns().map(|more| format!("{more}.")));
            sections.push(Section {
                title: "Columns".into(),
                about,
                table: Some(Table::of(table)),
                figures: Vec::new(),
            });
        }
        sections.push(self.section(recipe));
        let mut notes = evaluation.notes();
        notes.push(isa::note());
        Report {
            title,
            lead: evaluation.verdict(),
            table: Some(Table::of(evaluation.quality_table())),
            notes,
            first: Vec::new(),
            sections,
        }
    }
}
