//! Commands that process rows: their progress, and signals during the work.

use crate::output::note;
use crate::progress::Display;
use crate::stop::Stop;
use narrows::Recipe;
use narrows::Result;
use narrows::apply::Progress;
use narrows::corruption::Corruption;

/// Prints notes of what was read as warnings.
pub fn warn_of_notes(notes: &[String]) {
    for text in notes {
        note(&format!("narrows: warning: {text}"));
    }
}

/// Prints the notes of a recipe as warnings. For a recipe that is trained, the run does it.
pub fn with_warnings(recipe: Recipe) -> Recipe {
    warn_of_notes(recipe.notes());
    recipe
}

/// The noise that an argument names, if it is given.
pub fn corruption_of(argument: Option<&str>) -> Result<Option<Corruption>> {
    let Some(text) = argument else {
        return Ok(None);
    };
    let (corruption, notes) = Corruption::parse(text)?;
    warn_of_notes(&notes);
    Ok(Some(corruption))
}

/// Does `work` on `rows` rows, which tells how many are done. A signal ends it, so that it takes away what it has begun
/// to write.
pub fn go_over<T>(
    what: &'static str,
    rows: usize,
    work: impl FnOnce(Progress<'_>) -> Result<T>,
) -> Result<(T, Display)> {
    let stop = Stop::default();
    stop.listen();
    let mut display = Display::new();
    let done = work(&mut |done| {
        display.rows(what, done, rows);
        // All rows are done; only the final name of the output is missing.
        if done < rows {
            stop.check(what)
        } else {
            Ok(())
        }
    });
    display.finish();
    Ok((done?, display))
}
