//! The results of the classic study as tables: for the terminal, as Markdown and for the page.

use super::record::{Classic, ClassicRow};
use crate::advice::Action;
use crate::report::{Cell, Table};
use crate::text::{count_of, figures};

/// The name of the column of the error with noise.
const NOISE: &str = "noise 1.5";

impl Classic {
    /// The results as a table for a terminal. The first row names the columns: the test error, with several seeds as mean
    /// and standard deviation, the errors of PyTorch from one seed and of PCA, and the error with noise. Each experiment is
    /// a heading, a row of one cell, with its epochs; below it is a row for each setting.
    pub fn table(&self) -> Vec<Vec<String>> {
        let mse = match self.seeds {
            1 => "MSE".to_string(),
            seeds => format!("MSE, {seeds} seeds"),
        };
        let heads = ["", &mse, "PyTorch", "PCA", NOISE];
        let mut table = vec![heads.map(String::from).to_vec()];
        let mut before = "";
        for row in &self.rows {
            if row.experiment != before {
                before = row.experiment;
                let epochs = count_of(row.epochs, "epoch");
                table.push(vec![format!("{before} ({epochs})")]);
            }
            table.push(vec![
                row.setting.name().into(),
                row.over_seeds.text(),
                reference(row.reference),
                pca(row),
                row.noisy(),
            ]);
        }
        table
    }

    /// The results with a row for each experiment and setting. The first row names the columns, which are those of
    /// [`Classic::table`], and the error of the first seed if there are several.
    fn flat_table(&self) -> Vec<Vec<String>> {
        let several = self.seeds > 1;
        let mut heads = ["experiment", "setting", "epochs", "MSE"]
            .map(String::from)
            .to_vec();
        heads.extend(several.then(|| format!("{} seeds", self.seeds)));
        heads.extend(["PyTorch", "PCA", NOISE].map(String::from));
        let mut table = vec![heads];
        table.extend(self.rows.iter().map(|row| {
            let mut cells = vec![
                row.experiment.into(),
                row.setting.name().into(),
                row.epochs.to_string(),
                figures(row.mse),
            ];
            cells.extend(several.then(|| row.over_seeds.text()));
            cells.extend([reference(row.reference), pca(row), row.noisy()]);
            cells
        }));
        table
    }
}

/// The results as a Markdown table, with the command that made them.
pub(super) fn markdown(classic: &Classic) -> String {
    let action = Action::Classic {
        quick: classic.quick,
        seeds: classic.seeds,
    };
    let noisy = classic
        .rows
        .iter()
        .map(|row| reference(row.noisy_reference));
    let last = std::iter::once("PyTorch, noise 1.5".to_string()).chain(noisy);
    let mut rows = classic.flat_table();
    rows.iter_mut()
        .zip(last)
        .for_each(|(cells, last)| cells.push(last));
    let rule = vec!["---".to_string(); rows[0].len()];
    rows.insert(1, rule);
    let lines = rows
        .iter()
        .map(|cells| format!("| {} |\n", cells.join(" | ")));
    format!("Made by {action}.\n\n{}", lines.collect::<String>())
}

/// The table for the report page. The setting is in the cell of the experiment, and the epochs are in the last column,
/// which a narrow page hides.
pub(super) fn page_table(classic: &Classic) -> Table {
    let mut rows = classic.flat_table();
    for cells in &mut rows {
        let epochs = cells.remove(2);
        cells.push(epochs);
        let setting = cells.remove(1);
        cells[0] = format!("{} ({setting})", cells[0]);
    }
    let mut heads = rows.remove(0);
    heads[0] = "experiment".into();
    Table {
        aside: Some(heads.len() - 1),
        heads,
        rows: rows
            .into_iter()
            .map(|cells| cells.into_iter().map(Cell::from).collect())
            .collect(),
    }
}

fn pca(row: &ClassicRow) -> String {
    row.pca_mse.map_or("-".into(), figures)
}

/// An error of PyTorch, with the digits that are known.
fn reference(value: Option<f64>) -> String {
    value.map_or("-".into(), |value| value.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluate::metric::TEST_MSE;
    use crate::study::Measure;
    use crate::study::classic::{ClassicRow, SETTINGS};

    fn classic(seeds: usize) -> Classic {
        let row = |setting: usize| ClassicRow {
            experiment: "deep",
            setting: SETTINGS[setting],
            epochs: 10,
            metric: TEST_MSE,
            mse: 0.0333,
            over_seeds: Measure::of(&[0.0331, 0.0335][..seeds.min(2)]),
            reference: [None, Some(0.033)][setting],
            pca_mse: [Some(0.05161), None][setting],
            constant_mse: 0.07,
            gaussian: vec![(0.0, 0.03), (1.5, 0.045)],
            noisy_reference: [Some(0.6), None][setting],
        };
        Classic {
            rows: vec![row(0), row(1)],
            claims: Vec::new(),
            quick: false,
            seeds,
            seconds: 1.0,
            report: "report.html".into(),
        }
    }

    #[test]
    fn every_cell_stands_under_its_head() {
        for seeds in [1, 2] {
            let table = classic(seeds).flat_table();
            let cell = |row: usize, head: &str| {
                let column = table[0].iter().position(|name| name == head);
                column.map(|column| &table[row][column][..])
            };
            assert!(table.iter().all(|cells| cells.len() == table[0].len()));
            assert_eq!(cell(2, "epochs"), Some("10"));
            assert_eq!(cell(1, "MSE"), Some("0.03330"));
            assert_eq!(cell(1, "PyTorch"), Some("-"));
            assert_eq!(cell(2, "PyTorch"), Some("0.033"));
            assert_eq!(cell(1, "PCA"), Some("0.05161"));
            assert_eq!(cell(2, NOISE), Some("0.04500 (+50 %)"));
            let over = (seeds > 1).then_some("0.03330 ± 0.00028");
            assert_eq!(cell(1, "2 seeds"), over);
        }
    }

    #[test]
    fn an_experiment_is_a_heading_with_its_settings_below() {
        let table = classic(2).table();
        let rows: Vec<String> = table.iter().map(|cells| cells.join(" | ")).collect();
        assert_eq!(
            rows,
            [
                " | MSE, 2 seeds | PyTorch | PCA | noise 1.5",
                "deep (10 epochs)",
                "original | 0.03330 ± 0.00028 | - | 0.05161 | 0.04500 (+50 %)",
                "corrected | 0.03330 ± 0.00028 | 0.033 | - | 0.04500 (+50 %)",
            ]
        );
    }

    #[test]
    fn markdown_has_the_command_a_rule_and_the_last_reference() {
        let text = markdown(&classic(2));
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], "Made by `study::classic(seeds = 2)`.");
        let bars = |line: &str| line.matches('|').count();
        assert!(lines[2..].iter().all(|line| bars(line) == 10), "{text}");
        assert!(lines[2].ends_with("| PyTorch, noise 1.5 |"));
        assert_eq!(
            lines[3],
            "| --- | --- | --- | --- | --- | --- | --- | --- | --- |"
        );
        assert!(lines[4].starts_with("| deep | original | 10 |") && lines[4].ends_with("| 0.6 |"));
        assert_eq!(lines.len(), 6);
    }

    #[test]
    fn the_page_has_the_setting_beside_the_experiment_and_the_epochs_aside() {
        let table = page_table(&classic(1));
        assert_eq!(
            table.heads,
            ["experiment", "MSE", "PyTorch", "PCA", "noise 1.5", "epochs"]
        );
        let last: Vec<&str> = table.rows[1].iter().map(|cell| &cell.text[..]).collect();
        assert_eq!(
            last,
            [
                "deep (corrected)",
                "0.03330",
                "0.033",
                "-",
                "0.04500 (+50 %)",
                "10"
            ]
        );
        assert_eq!(table.aside, Some(5));
    }
}
