//! Views of 32-bit words as other types, without a copy.
//!
//! The buffers of a step are in one arena of 32-bit words, for numbers, indices and bits alike. A view shows the same
//! memory as another type. [`words`] and [`floats`] always exist, because `f32` and `u32` have the same size and
//! alignment. [`pairs`] and [`doubles`] are `None` if the words do not begin at a multiple of 8 bytes or if their
//! number is odd: a buffer of 64-bit values must be laid out for them.

/// Numbers as their bits.
pub fn words(numbers: &[f32]) -> &[u32] {
    // SAFETY: size and alignment are the same, and each of both types takes every pattern of bits; the result
    // borrows what it shows.
    unsafe { std::slice::from_raw_parts(numbers.as_ptr().cast(), numbers.len()) }
}

/// Numbers as their bits, mutable.
pub fn words_mut(numbers: &mut [f32]) -> &mut [u32] {
    // SAFETY: as in `words`, and the borrow is exclusive.
    unsafe { std::slice::from_raw_parts_mut(numbers.as_mut_ptr().cast(), numbers.len()) }
}

/// Words as numbers.
pub fn floats(words: &[u32]) -> &[f32] {
    // SAFETY: as in `words`.
    unsafe { std::slice::from_raw_parts(words.as_ptr().cast(), words.len()) }
}

/// Words as numbers, mutable.
pub fn floats_mut(words: &mut [u32]) -> &mut [f32] {
    // SAFETY: as in `words`, and the borrow is exclusive.
    unsafe { std::slice::from_raw_parts_mut(words.as_mut_ptr().cast(), words.len()) }
}

/// Words two by two, as 64-bit words in the machine's byte order; `None` if they do not begin at a multiple of 8 bytes,
/// or if their number is odd.
pub fn pairs(words: &[u32]) -> Option<&[u64]> {
    // SAFETY: every pattern of bits is a `u64`.
    match unsafe { words.align_to() } {
        ([], pairs, []) => Some(pairs),
        _ => None,
    }
}

/// As [`pairs`], mutable.
pub fn pairs_mut(words: &mut [u32]) -> Option<&mut [u64]> {
    // SAFETY: every pattern of bits is a `u64`, and every `u64` is two words.
    match unsafe { words.align_to_mut() } {
        ([], pairs, []) => Some(pairs),
        _ => None,
    }
}

/// Words two by two, as numbers in double precision; `None` as for [`pairs`].
pub fn doubles(words: &[u32]) -> Option<&[f64]> {
    // SAFETY: every pattern of bits is an `f64`.
    match unsafe { words.align_to() } {
        ([], doubles, []) => Some(doubles),
        _ => None,
    }
}

/// As [`doubles`], mutable.
pub fn doubles_mut(words: &mut [u32]) -> Option<&mut [f64]> {
    // SAFETY: every pattern of bits is an `f64`, and every `f64` is two words.
    match unsafe { words.align_to_mut() } {
        ([], doubles, []) => Some(doubles),
        _ => None,
    }
}
