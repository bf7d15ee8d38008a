//! The kernels of Narrows: slices in, slices out.
//!
//! Everything here is either arithmetic on `f32` slices ([`product`], [`conv`], [`activation`],
//! [`loss`], [`optimizer`], [`reduce`], [`counts`], [`layer_norm`], [`batch_norm`], [`dropout`], [`top_k`],
//! [`sparsity`], [`variational`], [`gaussian`]) or the [`team`] of threads that runs it. The one thing a reader must
//! know: **no result depends on how the work is cut up.** Each output element is formed by one
//! thread, in an order that depends on the shapes alone, so a training run has the same bits for
//! any number of threads.
//!
//! Every kernel is written once over the small vector trait in `lanes` and compiled for
//! AVX-512, AVX2 and plain Rust; an [`Isa`] is proof that the CPU runs one of them. Larger products
//! run on the tiles of AMX where there are any. Plain scalar
//! versions in [`mod@reference`] are the oracle of the tests.
//!
//! This is the only crate of Narrows with `unsafe`. Public functions are safe: they check the
//! lengths that the inner loops rely on and panic when a caller breaks them, which is a defect of
//! the caller and never a consequence of somebody's data.

mod lanes;
mod math;
mod moments;

pub mod activation;
pub mod aligned;
pub mod batch_norm;
pub mod bits;
pub mod conv;
pub mod convert;
pub mod counts;
pub mod dropout;
pub mod gaussian;
pub mod heap;
pub mod layer_norm;
pub mod loss;
pub mod memory;
pub mod noise;
pub mod optimizer;
pub mod peak;
pub mod product;
pub mod reduce;
pub mod reference;
pub mod sparsity;
pub mod split;
pub mod team;
pub mod top_k;
pub mod variational;

pub use aligned::Aligned;
pub use lanes::Isa;
