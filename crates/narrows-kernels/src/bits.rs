//! Words of 32 bits under other types: views, without a copy.
//!
//! The buffers of a step lie in one arena of 32-bit words, whatever they hold: numbers, indices, or bits. A view
//! shows the same memory as another type. [`words`] and [`floats`] always exist, because `f32` and `u32` have the
//! same size and alignment. [`pairs`] and [`doubles`] are `None` where the words do not begin on a multiple of 8
//! bytes or are not an even number: a buffer of 64-bit values must be laid out for them.

/// The bits of numbers.
pub fn words(numbers: &[f32]) -> &[u32] {
    // SAFETY: size and alignment are the same, and each of both types takes every pattern of bits; the result
    // borrows what it shows.
    unsafe { std::slice::from_raw_parts(numbers.as_ptr().cast(), numbers.len()) }
}

/// The bits of numbers, to write.
pub fn words_mut(numbers: &mut [f32]) -> &mut [u32] {
    // SAFETY: as in `words`, and the borrow is exclusive.
    unsafe { std::slice::from_raw_parts_mut(numbers.as_mut_ptr().cast(), numbers.len()) }
}

/// Words as numbers.
pub fn floats(words: &[u32]) -> &[f32] {
    // SAFETY: as in `words`.
    unsafe { std::slice::from_raw_parts(words.as_ptr().cast(), words.len()) }
}

/// Words as numbers, to write.
pub fn floats_mut(words: &mut [u32]) -> &mut [f32] {
    // SAFETY: as in `words`, and the borrow is exclusive.
    unsafe { std::slice::from_raw_parts_mut(words.as_mut_ptr().cast(), words.len()) }
}

/// Words two by two, as 64-bit words in the machine's order of bytes; `None` where they do not begin on a multiple of
/// 8 bytes, or are not an even number.
pub fn pairs(words: &[u32]) -> Option<&[u64]> {
    // SAFETY: every pattern of bits is a `u64`.
    match unsafe { words.align_to() } {
        ([], pairs, []) => Some(pairs),
        _ => None,
    }
}

/// As [`pairs`], to write.
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

/// As [`doubles`], to write.
pub fn doubles_mut(words: &mut [u32]) -> Option<&mut [f64]> {
    // SAFETY: every pattern of bits is an `f64`, and every `f64` is two words.
    match unsafe { words.align_to_mut() } {
        ([], doubles, []) => Some(doubles),
        _ => None,
    }
}
