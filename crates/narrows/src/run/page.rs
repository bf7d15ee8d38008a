//! The report in a run's folder, and its pictures.

use super::folder;
use super::names::{FIGURES_FOLDER, REPORT_FILE};
use crate::error::{Error, Result};
use crate::report::Report;
use std::fs;
use std::path::Path;

/// Writes a report, and each of its pictures into a folder beside it.
///
/// # Errors
///
/// If the system cannot write them.
pub fn write_report(folder: &Path, report: &Report) -> Result<()> {
    let figures = folder.join(FIGURES_FOLDER);
    folder::unlink(&figures)?;
    fs::create_dir_all(&figures)
        .map_err(|error| Error::io("cannot make the folder of pictures", &figures, error))?;
    let with_figures = report.sections.iter();
    let with_figures = with_figures.filter(|section| !section.figures.is_empty());
    let several = with_figures.count() > 1;
    let of_sections = report.sections.iter().flat_map(|section| {
        let prefix = if several {
            format!("{}-", section.title)
        } else {
            String::new()
        };
        section
            .figures
            .iter()
            .map(move |figure| (prefix.clone(), figure))
    });
    let first = report.first.iter().map(|figure| (String::new(), figure));
    for (prefix, figure) in first.chain(of_sections) {
        let (name, bytes) = figure.file();
        folder::write(&figures.join(format!("{prefix}{name}")), bytes)?;
    }
    folder::write(&folder.join(REPORT_FILE), report.html()?.as_bytes())
}
