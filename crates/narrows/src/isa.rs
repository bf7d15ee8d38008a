//! The instruction set of the kernels.
//!
//! It is the fastest one of the CPU, unless the process is pinned to another. Results have the same bits for any number
//! of threads, but not on every instruction set, because sums are computed in another order if vectors have another
//! length.

use crate::declaration::suggest;
use crate::error::{Error, ErrorKind, Result};
use narrows_kernels::Isa;

/// The names of the instruction sets of all CPUs.
const NAMES: [&str; 4] = ["AMX", "AVX-512", "AVX2", "portable"];

/// The name of the instruction set of this process: `AMX`, `AVX-512`, `AVX2` or `portable`.
pub fn name() -> &'static str {
    Isa::best().name()
}

/// The instruction set in words, for reports.
pub(crate) fn note() -> String {
    format!("Computed with {}.", name())
}

/// The names of all instruction sets of this CPU, fastest first; `portable` is the last on every CPU.
///
/// ```
/// assert_eq!(narrows::isa::available().last(), Some(&"portable"));
/// ```
pub fn available() -> Vec<&'static str> {
    Isa::available().into_iter().map(Isa::name).collect()
}

/// Pins this process to the instruction set of that name, in lower or upper case. Call it before anything is computed:
/// computations that have begun keep their instruction set.
///
/// # Errors
///
/// [`ErrorKind::Data`] if the CPU does not have it; the error lists the instruction sets that the CPU has.
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
        None => {
            let available = available();
            let error = Error::new(ErrorKind::Data, "this CPU has no such instruction set")
                .expected(available.join(", "))
                .found(format!("`{name}`"));
            let is_known = NAMES.iter().any(|known| known.eq_ignore_ascii_case(name));
            // The name of an instruction set of other CPUs is not misspelled.
            Err(if is_known {
                error
            } else {
                suggest(error, name, &available)
            })
        }
    }
}
