//! The kernels of Narrows: functions on slices.
//!
//! This crate has arithmetic on `f32` slices ([`product`], [`conv`], [`activation`], [`loss`], [`optimizer`],
//! [`reduce`], [`counts`], [`layer_norm`], [`batch_norm`], [`dropout`], [`top_k`], [`sparsity`],
//! [`variational`], [`gaussian`], [`mmd`]), and the [`team`] of
//! threads that runs it. The most important property: **results do not depend on how the work is split.** One thread
//! computes each output element, in an order that depends only on the shapes. So a training run has the same bits for
//! any number of threads.
//!
//! Every kernel is written once over the small vector trait in `lanes`, and compiled for AVX-512, AVX2 and plain Rust.
//! An [`Isa`] is proof that the CPU has an instruction set. If the CPU has AMX, larger products run on its tiles. The
//! tests compare the kernels with the plain scalar versions in [`mod@reference`].
//!
//! This is the only crate of Narrows with `unsafe`. Public functions are safe: they check the lengths on which the
//! inner loops rely, and panic if they are wrong. Such a panic is a mistake of the caller, never a consequence of the
//! user's data.

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
pub mod mmd;
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
