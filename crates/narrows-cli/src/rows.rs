//! Commands that go over rows: how far they are, and what a signal does meanwhile.

use crate::progress::Display;
use crate::stop::Stop;
use narrows::Result;
use narrows::apply::Progress;

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
        // All are there: what is left is to give the output its name.
        if done < rows {
            stop.check(what)
        } else {
            Ok(())
        }
    });
    display.finish();
    Ok((done?, display))
}
