//! The results of a comparison, in numbers and sentences.

use super::Measure;
use super::compared::Compared;
use super::vary::number_of;
use crate::data::rows_in_words;
use crate::error::Result;
use crate::evaluate::nats;
use crate::figures::svg;
use crate::report::{Chart, Figure, Series};
use crate::text::{duration, thousands};
use serde_json::{Value, json};
use std::path::PathBuf;

/// The results of a comparison.
pub struct Comparison {
    /// In the order of the request.
    pub rows: Vec<Compared>,
    /// The report.
    pub report: PathBuf,
}

impl Comparison {
    /// The results as a JSON object.
    pub fn to_json(&self) -> Value {
        json!({
            "rows": self.rows.iter().map(Compared::to_json).collect::<Vec<_>>(),
            "report": self.report.display().to_string(),
        })
    }

    /// The numbers of each row; the first row names the columns. A column without any number is left out, and what
    /// [`Comparison::notes`] says once for all.
    pub fn table(&self) -> Vec<Vec<String>> {
        let is_denoising = self.rows.iter().any(|row| row.denoising_mse.is_some());
        let has_bounds = self.rows.iter().any(|row| row.test_bound.is_some());
        let has_seeds = self.seeds().is_none();
        let mut heads = vec!["", "test MSE"];
        heads.extend(has_bounds.then_some("negative bound"));
        heads.extend(is_denoising.then_some("denoising MSE"));
        heads.extend(["PCA", "noise 0.8", "‖J‖_F", "code"]);
        heads.extend(has_seeds.then_some("seeds"));
        heads.push("training");
        let optional = |measure: Option<Measure>| measure.map_or("-".into(), Measure::text);
        let mut table = vec![heads.into_iter().map(String::from).collect()];
        table.extend(self.rows.iter().map(|row| {
            let mut cells = vec![row.name.clone(), row.test_mse.text()];
            cells.extend(has_bounds.then(|| row.test_bound.map_or("-".into(), bound_in_words)));
            let denoising = row.denoising_mse.as_ref();
            let denoising = denoising.map(|(noise, mse)| {
                format!("{} ({} {})", mse.text(), noise.name(), noise.strength())
            });
            cells.extend(is_denoising.then(|| denoising.unwrap_or_else(|| "-".into())));
            let seeds = if row.is_finished {
                "own".to_string()
            } else {
                row.seeds.to_string()
            };
            cells.extend([
                optional(row.pca_test_mse),
                row.noisy_mse.text(),
                optional(row.jacobian_norm),
                thousands(row.code_size as f64),
            ]);
            cells.extend(has_seeds.then_some(seeds));
            let seconds = row.seconds.map(|seconds| duration(seconds.mean));
            cells.push(seconds.unwrap_or_else(|| "-".into()));
            cells
        }));
        table
    }

    /// The number of seeds, if all were trained here with as many.
    fn seeds(&self) -> Option<usize> {
        let first = self.rows.first()?.seeds;
        let is_same = |row: &Compared| !row.is_finished && row.seeds == first;
        self.rows.iter().all(is_same).then_some(first)
    }

    /// What the numbers of the table are, in sentences.
    pub fn notes(&self) -> Vec<String> {
        let seeds = match self.seeds() {
            Some(1) => "Each model was trained from one seed.".to_string(),
            Some(seeds) => format!(
                "Each model was trained from {seeds} seeds: numbers are mean ± standard deviation."
            ),
            None => "Numbers are mean ± standard deviation over the seeds.".to_string(),
        };
        let mut columns = "PCA: its test MSE with as many components as the code has values. noise 0.8: the MSE with \
                           Gaussian noise of std 0.8 on the first 500 test rows. ‖J‖_F: the Frobenius norm of the \
                           code's Jacobian at the first test rows."
            .to_string();
        if self.rows.iter().any(|row| row.denoising_mse.is_some()) {
            columns.push_str(
                " Denoising MSE: of reconstructions of noisy test rows against the clean rows.",
            );
        }
        let mut notes = vec![seeds, columns];
        let groups = self.groups();
        if groups.len() > 1 {
            let group = |group: &Vec<usize>| {
                let names = group.iter().map(|&index| self.rows[index].name.as_str());
                let names: Vec<&str> = names.collect();
                format!("{} for {}", self.rows[group[0]].scaling, names.join(", "))
            };
            let groups: Vec<String> = groups.iter().map(group).collect();
            notes.push(format!("Scaling: {}.", groups.join("; ")));
        }
        notes.extend(self.rows_in_words());
        notes
    }

    /// The indices of the rows with the same scaling, in the order of the request.
    pub(super) fn groups(&self) -> Vec<Vec<usize>> {
        self.groups_by(|row| Some(&row.scaling))
    }

    /// The indices of the rows whose bounds can be compared.
    fn groups_of_bounds(&self) -> Vec<Vec<usize>> {
        self.groups_by(|row| Some((&row.scaling, row.bound_of?)))
    }

    /// The indices of the rows with the same key, in the order of the request; rows without a key are left out.
    fn groups_by<'r, K: PartialEq>(
        &'r self,
        key: impl Fn(&'r Compared) -> Option<K>,
    ) -> Vec<Vec<usize>> {
        let mut groups: Vec<(K, Vec<usize>)> = Vec::new();
        for (index, row) in self.rows.iter().enumerate() {
            let Some(key) = key(row) else { continue };
            match groups.iter_mut().find(|(of_group, _)| *of_group == key) {
                Some((_, group)) => group.push(index),
                None => groups.push((key, vec![index])),
            }
        }
        groups.into_iter().map(|(_, group)| group).collect()
    }

    /// The indices of the rows with the smallest test MSE, one for each scaling that several rows have.
    pub(super) fn best(&self) -> Vec<usize> {
        let groups = self.groups().into_iter().filter(|group| group.len() > 1);
        let error = |row: &usize| self.rows[*row].test_mse.mean;
        let best = groups.filter_map(|group| {
            group
                .into_iter()
                .min_by(|a, b| error(a).total_cmp(&error(b)))
        });
        best.collect()
    }

    /// The numbers of rows for training, validation and testing, in sentences: one sentence for all, or one for each
    /// row with other numbers.
    pub fn rows_in_words(&self) -> Vec<String> {
        let said = |row: &Compared| rows_in_words(row.rows);
        match &self.rows[..] {
            [first, others @ ..] if others.iter().all(|row| row.rows == first.rows) => {
                vec![format!("Rows: {}.", said(first))]
            }
            rows => {
                let each = rows.iter();
                each.map(|row| format!("Rows of {}: {}.", row.name, said(row)))
                    .collect()
            }
        }
    }

    /// The conclusions of the comparison and their limits, in sentences.
    pub fn verdict(&self) -> Vec<String> {
        let several = self.groups().len() > 1;
        let sentence = |best: usize| {
            let row = &self.rows[best];
            let mut among = String::new();
            if several {
                among = format!(" of the models with {} scaling", row.scaling);
            }
            format!(
                "{} has the smallest test MSE{among}: {}.",
                row.name,
                row.test_mse.text()
            )
        };
        let mut verdict: Vec<String> = self.best().into_iter().map(sentence).collect();
        if several {
            verdict.push(
                "Models with different scalings are not ranked against each other: their errors are in different units."
                    .into(),
            );
        }
        verdict.extend(self.bounds_in_words());
        if self.rows.iter().any(|row| row.is_finished) {
            verdict.push(
                "Finished runs were not trained again: they have their own seeds and settings."
                    .into(),
            );
        }
        verdict
    }

    /// What the bound of a row is of, with its scaling.
    fn kind_of_bound(&self, row: usize) -> String {
        let row = &self.rows[row];
        let kind = row.bound_of.unwrap_or_default();
        format!("{kind}, scaling {}", row.scaling)
    }

    /// Which bounds are the smallest, and why others are not ranked.
    fn bounds_in_words(&self) -> Vec<String> {
        let groups = self.groups_of_bounds();
        let several = groups.len() > 1;
        let firsts: Vec<usize> = groups.iter().map(|group| group[0]).collect();
        let mut sentences = Vec::new();
        for group in groups.into_iter().filter(|group| group.len() > 1) {
            let rows = group.iter().filter_map(|&index| {
                let row = &self.rows[index];
                Some((row, row.test_bound?))
            });
            let least = rows.min_by(|(_, a), (_, b)| a.mean.total_cmp(&b.mean));
            let Some((row, bound)) = least else { continue };
            let among = if several {
                format!(" of {}", self.kind_of_bound(group[0]))
            } else {
                String::new()
            };
            sentences.push(format!(
                "{} has the smallest negative bound{among}: {} nats a row.",
                row.name,
                bound_in_words(bound)
            ));
        }
        if several {
            let kinds: Vec<String> = firsts
                .into_iter()
                .map(|first| self.kind_of_bound(first))
                .collect();
            sentences.push(format!(
                "Bounds of different kinds are not ranked against each other: {}.",
                kinds.join("; ")
            ));
        }
        sentences
    }

    /// The test MSE against the values of the key that varies, if exactly one numeric key varies: one line for each
    /// recipe, and one for PCA if the size of the code varies.
    pub(super) fn sweep(&self) -> Result<Option<Figure>> {
        let mut series: Vec<Series> = Vec::new();
        let mut axis = "";
        let add = |series: &mut Vec<Series>, name: &str, point: (f64, f64)| match series
            .iter_mut()
            .find(|line| line.name == name)
        {
            Some(line) => line.points.push(point),
            None => series.push(Series {
                name: name.to_string(),
                points: vec![point],
            }),
        };
        // Errors with different scalings have no common axis.
        if self.groups().len() > 1 {
            return Ok(None);
        }
        let varies = |recipe: &str| {
            let mut sizes: Vec<usize> = self
                .rows
                .iter()
                .filter(|row| row.recipe == recipe)
                .map(|row| row.code_size)
                .collect();
            sizes.dedup();
            sizes.len() > 1
        };
        for row in &self.rows {
            let Some((key, value)) = number_of(&row.variation) else {
                continue;
            };
            axis = key;
            add(&mut series, &row.recipe, (value, row.test_mse.mean));
            if let Some(pca) = row.pca_test_mse.filter(|_| varies(&row.recipe)) {
                add(
                    &mut series,
                    &format!("PCA beside {}", row.recipe),
                    (value, pca.mean),
                );
            }
        }
        for line in &mut series {
            line.points.sort_by(|a, b| a.0.total_cmp(&b.0));
        }
        let chart = Chart {
            x: axis.into(),
            y: "test MSE".into(),
            series,
            ..Chart::default()
        };
        let caption = format!("The test MSE for each value of {axis}, mean over seeds");
        match axis {
            "" => Ok(None),
            _ => svg("sweep", &caption, &chart),
        }
    }
}

/// A bound, as in the table after training.
fn bound_in_words(bound: Measure) -> String {
    let mean = nats(bound.mean);
    match bound.std {
        None | Some(0.0) => mean,
        Some(std) => format!("{mean} ± {}", nats(std)),
    }
}

#[cfg(test)]
mod tests;
