//! The instruction set that kernels compute with.
//!
//! It is the fastest that the CPU has, unless the process is pinned to another. Results have the same bits for any number of
//! threads, but not on every instruction set: sums are formed in another order where vectors have another length.

use crate::error::{Error, ErrorKind, Result};
use narrows_kernels::Isa;

/// The name of the instruction set that this process computes with: `AMX`, `AVX-512`, `AVX2` or `portable`.
pub fn name() -> &'static str {
    Isa::best().name()
}

/// What reports say of it.
pub(crate) fn note() -> String {
    format!("Computed with {}.", name())
}

/// The names of all instruction sets that this CPU has, fastest first; `portable` is the last on every CPU.
///
/// ```
/// assert_eq!(narrows::isa::available().last(), Some(&"portable"));
/// ```
pub fn available() -> Vec<&'static str> {
    Isa::available().into_iter().map(Isa::name).collect()
}

/// Pins this process to the instruction set of that name, in lower or upper case. Call it before anything is computed: what
/// has begun goes on with the one that it began with.
///
/// # Errors
///
/// [`ErrorKind::Data`] when the CPU has none of that name; the error lists those that it has.
///
/// ```standalone_crate
/// narrows::isa::pin("portable")?;
/// assert_eq!(narrows::isa::name(), "portable");
/// assert!(narrows::isa::pin("mmx").is_err());
/// # Ok::<(), narrows::Error>(())
/// ```
pub fn pin(name: &str) -> Result<()> {
    let mut all = Isa::available().into_iter();
    match all.find(|isa| isa.name().eq_ignore_ascii_case(name)) {
        Some(isa) => {
            isa.pin();
            Ok(())
        }
        None => Err(
            Error::new(ErrorKind::Data, "this CPU has no such instruction set")
                .expected(available().join(", "))
                .found(format!("`{name}`")),
        ),
    }
}
