//! A vector of `f32` lanes: the only interface of the kernels to an instruction set.
//!
//! The methods are `#[inline(always)]`, so that they become part of a caller that is compiled with the right target
//! feature; [`multiversion!`] makes such callers. A kernel never calls them elsewhere.

#[cfg(target_arch = "x86_64")]
mod amx;
#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod isa;
mod portable;
mod vector;

#[cfg(target_arch = "x86_64")]
pub(crate) use avx2::Avx2;
#[cfg(target_arch = "x86_64")]
pub(crate) use avx512::Avx512;
pub use isa::Isa;
pub(crate) use isa::{Kind, multiversion};
pub(crate) use portable::Portable;
pub(crate) use vector::Lanes;
