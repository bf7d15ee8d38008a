//! The bottleneck: a function applied to the code between encoder and decoder; one file per kind.
//!
//! The code is the output of the bottleneck: `encode` writes it, `decode` reads it, and penalties on the code act on
//! it.

mod part;
mod plain;
mod top_k;
mod variational;

pub(crate) use part::KIND;
pub use part::{Bottleneck, BottleneckPart};

/// The bottlenecks, in the order in which they are listed.
pub(crate) const BOTTLENECKS: &[&dyn BottleneckPart] =
    &[&plain::Plain, &top_k::TopK, &variational::Variational];

/// The bottleneck of a recipe without one.
impl Default for Bottleneck {
    fn default() -> Self {
        Bottleneck::preset(&KIND, BOTTLENECKS)
    }
}
