//! Reports in a browser.

use crate::output::{note, shown_path};
use std::path::Path;

/// Opens a report with the program that the system has for pages; says why where there is none.
pub fn open(report: &Path) {
    if let Err(error) = open::that_detached(report) {
        note(&format!(
            "narrows: warning: the report cannot be opened: {error}; its path is {}",
            shown_path(report)
        ));
    }
}
