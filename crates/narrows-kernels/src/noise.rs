//! Random numbers by their address: Philox4x32-10, and numbers made from its words.
//!
//! A number depends only on the key, on the counter's upper three words and on its place in the row. The arithmetic
//! processes 16 lanes at a time, without a fused multiply-add: it gives the same bits on every instruction set.

use crate::lanes::{Isa, Lanes, multiversion};

/// The number of blocks of four words that are drawn together.
const LANES: usize = 16;

/// The number of values in these blocks.
pub(crate) const GROUP: usize = 4 * LANES;

/// The words of `N` blocks, by their place in the block.
type Words<const N: usize> = [[u32; N]; 4];

/// The address of the numbers of a row: Philox's key, and the upper three words of its counter. The lowest word is the
/// number of the block of four numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Address {
    /// The key.
    pub key: [u32; 2],
    /// The counter's upper words.
    pub counter: [u32; 3],
}

/// The four words of a block.
pub fn words(address: Address, block: u32) -> [u32; 4] {
    philox::<1>(address, block).map(|[word]| word)
}

/// Adds to each element of a row a normally distributed number with mean 0 and the given standard deviation (Box &
/// Muller 1958). It is accurate to 1e-5 of the deviation. The exception is one pair in 200,000, in which both numbers
/// are within 0.003 of 0; these are accurate to 2.5e-4.
pub fn add_normal(isa: Isa, address: Address, deviation: f32, row: &mut [f32]) {
    // SAFETY: the body has no conditions.
    unsafe { normal(isa, address, deviation, row) }
}

/// Fills a row with uniform numbers in [0, 1), of 24 bits.
pub fn fill_uniform(isa: Isa, address: Address, row: &mut [f32]) {
    // SAFETY: the body has no conditions.
    unsafe { uniform(isa, address, row) }
}

/// The words of the blocks from `first` on.
#[inline(always)]
fn philox<const N: usize>(address: Address, first: u32) -> Words<N> {
    let mut key = address.key;
    let mut counter: Words<N> = [
        std::array::from_fn(|lane| first.wrapping_add(lane as u32)),
        [address.counter[0]; N],
        [address.counter[1]; N],
        [address.counter[2]; N],
    ];
    for _ in 0..10 {
        let [c0, c1, c2, c3] = counter;
        for lane in 0..N {
            let a = u64::from(c0[lane]) * 0xD251_1F53;
            let b = u64::from(c2[lane]) * 0xCD9E_8D57;
            counter[0][lane] = (b >> 32) as u32 ^ c1[lane] ^ key[0];
            counter[1][lane] = b as u32;
            counter[2][lane] = (a >> 32) as u32 ^ c3[lane] ^ key[1];
            counter[3][lane] = a as u32;
        }
        key = [
            key[0].wrapping_add(0x9E37_79B9),
            key[1].wrapping_add(0xBB67_AE85),
        ];
    }
    counter
}

/// Numbers `group · 64` to `group · 64 + 63` of a row of uniform numbers.
#[inline(always)]
pub(crate) fn uniform_group(address: Address, group: u32) -> [f32; GROUP] {
    let words = philox::<LANES>(address, group.wrapping_mul(LANES as u32));
    let mut drawn = [0.0; GROUP];
    for lane in 0..LANES {
        for (i, words) in words.iter().enumerate() {
            drawn[4 * lane + i] = (words[lane] >> 8) as f32 * (1.0 / (1 << 24) as f32);
        }
    }
    drawn
}

multiversion! {
    unsafe fn uniform(address: Address, row: &mut [f32]) = uniform_body
}

/// # Safety
///
/// None.
#[inline(always)]
unsafe fn uniform_body<L: Lanes>(address: Address, row: &mut [f32]) {
    for (group, numbers) in row.chunks_mut(GROUP).enumerate() {
        let drawn = uniform_group(address, group as u32);
        numbers.copy_from_slice(&drawn[..numbers.len()]);
    }
}

multiversion! {
    unsafe fn normal(address: Address, deviation: f32, row: &mut [f32]) = normal_body
}

/// # Safety
///
/// None.
#[inline(always)]
unsafe fn normal_body<L: Lanes>(address: Address, deviation: f32, row: &mut [f32]) {
    for (group, numbers) in row.chunks_mut(GROUP).enumerate() {
        let words = philox::<LANES>(address, (group * LANES) as u32);
        let mut drawn = [0.0; GROUP];
        for pair in 0..2 {
            let (mut cosines, mut sines) = ([0.0; LANES], [0.0; LANES]);
            for lane in 0..LANES {
                let radius = deviation * radius(words[2 * pair][lane]);
                let (sine, cosine) = sine_and_cosine(words[2 * pair + 1][lane]);
                cosines[lane] = radius * cosine;
                sines[lane] = radius * sine;
            }
            for lane in 0..LANES {
                drawn[4 * lane + 2 * pair] = cosines[lane];
                drawn[4 * lane + 2 * pair + 1] = sines[lane];
            }
        }
        for (number, drawn) in numbers.iter_mut().zip(drawn) {
            *number += drawn;
        }
    }
}

/// `√(-2 ln u)`, for a word as a number u in (0, 1].
///
/// Within 1.3 ULP for words of the lower half. For other words, u is near 1 and rounded to a float32. This changes a
/// radius r by up to 6e-8 / r, which is at most 2.5e-4 and affects only radii of this size.
#[inline(always)]
fn radius(word: u32) -> f32 {
    // u = m 2ᵉ with m in [√½, √2); the polynomial of ln m is taken from Cephes' logf.
    let u = (word as f32 + 0.5) * (1.0 / 4_294_967_296.0);
    let bits = u.to_bits();
    // The bits of √½; the exponent of larger numbers is counted from there.
    let shifted = bits.wrapping_sub(0x3f35_04f3);
    let exponent = (shifted as i32 >> 23) as f32;
    let m = f32::from_bits((shifted & 0x007f_ffff) + 0x3f35_04f3);
    let x = m - 1.0;
    let mut p = 7.037_683_6e-2;
    for coefficient in [
        -1.151_461e-1,
        1.167_699_9e-1,
        -1.242_014_1e-1,
        1.424_932_3e-1,
        -1.666_805_7e-1,
        2.000_071_5e-1,
        -2.499_999_4e-1,
        0.333_333_3,
    ] {
        p = p * x + coefficient;
    }
    let square = x * x;
    let ln = x * square * p - 0.5 * square + x + exponent * std::f32::consts::LN_2;
    // For u = 1, rounding may leave a tiny number above 0.
    (-2.0 * ln).max(0.0).sqrt()
}

/// Sine and cosine of a word as a fraction of the full circle, within 1.1e-7, and within 4.7 ULP if they are not 0.
#[inline(always)]
fn sine_and_cosine(word: u32) -> (f32, f32) {
    // The nearest quarter of the circle, and the rest: an angle within ±π/4.
    let quarter = word.wrapping_add(1 << 29) >> 30;
    let rest = word.wrapping_sub(quarter << 30) as i32;
    let angle = rest as f32 * (std::f32::consts::TAU / 4_294_967_296.0);
    let square = angle * angle;
    let sine =
        ((-1.951_529_6e-4 * square + 8.332_161e-3) * square - 1.666_665_5e-1) * square * angle
            + angle;
    let cosine =
        ((2.443_315_7e-5 * square - 1.388_731_6e-3) * square + 4.166_664_6e-2) * square * square
            - 0.5 * square
            + 1.0;
    let (mut s, mut c) = if quarter & 1 == 0 {
        (sine, cosine)
    } else {
        (cosine, sine)
    };
    if quarter & 2 != 0 {
        s = -s;
    }
    if (quarter + 1) & 2 != 0 {
        c = -c;
    }
    (s, c)
}

#[cfg(test)]
mod tests;
