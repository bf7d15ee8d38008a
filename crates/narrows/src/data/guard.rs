//! A guard around decoders of others: a panic in one of them is an error like any other, and prints nothing.

use crate::{Error, ErrorKind, Result};
use std::cell::Cell;
use std::panic::{self, UnwindSafe};
use std::sync::Once;

thread_local! {
    /// Whether a panic of this thread is caught and told of as an error.
    static IS_GUARDED: Cell<bool> = const { Cell::new(false) };
}

/// Does work that may panic over damaged input. The panic becomes an error, and its text is not printed; panics of
/// other threads are printed as before.
pub(crate) fn guarded<T>(work: impl FnOnce() -> Result<T> + UnwindSafe) -> Result<T> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let usual = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if !IS_GUARDED.get() {
                usual(info);
            }
        }));
    });
    let was_guarded = IS_GUARDED.replace(true);
    let result = panic::catch_unwind(work);
    IS_GUARDED.set(was_guarded);
    result.unwrap_or_else(|_| {
        Err(Error::new(
            ErrorKind::Format,
            "the file is damaged, and its decoder cannot go on",
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_an_error() {
        assert_eq!(guarded(|| Ok(1)).unwrap(), 1);
        let error = guarded::<()>(|| panic!("on purpose")).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Format);
        assert!(!IS_GUARDED.get());
    }
}
