//! Converts stored values to `f32` with an affine map.

use crate::lanes::{Isa, Lanes, multiversion};

/// `out = (bytes - offset) * factor`, value by value.
///
/// # Panics
///
/// When the lengths differ.
pub fn scale_bytes(isa: Isa, bytes: &[u8], offset: f32, factor: f32, out: &mut [f32]) {
    assert_eq!(bytes.len(), out.len());
    // SAFETY: as many values at each pointer as the length says.
    unsafe {
        scale(
            isa,
            bytes.as_ptr(),
            offset,
            factor,
            out.as_mut_ptr(),
            out.len(),
        )
    }
}

multiversion! {
    unsafe fn scale(bytes: *const u8, offset: f32, factor: f32, out: *mut f32, len: usize) = scale_body
}

/// # Safety
///
/// `len` values at each pointer.
#[inline(always)]
unsafe fn scale_body<L: Lanes>(
    bytes: *const u8,
    offset: f32,
    factor: f32,
    out: *mut f32,
    len: usize,
) {
    // SAFETY: indices stay below `len`.
    unsafe {
        let (offsets, factors) = (L::splat(offset), L::splat(factor));
        let mut i = 0;
        while i + L::N <= len {
            L::load_bytes(bytes.add(i))
                .sub(offsets)
                .mul(factors)
                .store(out.add(i));
            i += L::N;
        }
        for i in i..len {
            *out.add(i) = (f32::from(*bytes.add(i)) - offset) * factor;
        }
    }
}
