//! Sums over the rows of a batch of products of gates. Gates are 0 or 1; a word holds 64 of them.
//!
//! A gate says for each row whether a unit is open, as after ReLU: bit `b` of word `w` is the gate of row `64 w + b`.

use crate::lanes::Isa;
use crate::lanes::Kind;
use std::ops::Range;

/// The number of outer units whose gates are contiguous.
pub const GROUP: usize = 8;

/// The place of each unit in a group of [`GROUP`]: the order in which two vectors of 64-bit counts become one vector of
/// 32-bit counts without crossing halves.
const ORDER: [usize; GROUP] = [0, 1, 4, 5, 2, 3, 6, 7];

/// The length of a vector over units: their number, rounded up to whole groups.
pub fn room(units: usize) -> usize {
    units.next_multiple_of(GROUP)
}

/// The number of 32-bit words for the gates of units, for each 64 rows.
pub fn size(units: usize) -> usize {
    2 * room(units)
}

/// Opens the gates of units that are above 0 in a row, and closes all others. `x` of `[rows, units]` has up to 64 rows,
/// and `gates` has their [`size`] words.
///
/// # Panics
///
/// If there are more rows, if `x` is not a whole number of rows, or if `gates` has another size.
pub fn set(units: usize, x: &[f32], gates: &mut [u32]) {
    assert!(
        x.len().is_multiple_of(units) && x.len() / units <= 64 && gates.len() == size(units),
        "rows as planned"
    );
    gates.fill(0);
    for (row, x) in x.chunks_exact(units).enumerate() {
        let groups = gates.chunks_exact_mut(2 * GROUP);
        for (gates, x) in groups.zip(x.chunks(GROUP)) {
            for (&place, &x) in ORDER.iter().zip(x) {
                gates[2 * place + row / 32] |= u32::from(x > 0.0) << (row % 32);
            }
        }
    }
}

/// Opens the gates of all units in the first `rows` of 64 rows, and closes those of the other rows; `gates` has their
/// [`size`] words.
///
/// # Panics
///
/// If there are more rows, or if `gates` has another size.
pub fn open(units: usize, rows: usize, gates: &mut [u32]) {
    assert!(rows <= 64 && gates.len() == size(units), "rows as planned");
    gates.fill(0);
    let bits = (1u128 << rows) - 1;
    for unit in 0..units {
        let at = 2 * place(unit);
        gates[at] = bits as u32;
        gates[at + 1] = (bits >> 32) as u32;
    }
}

/// The gates of units, in words of 64 rows: `[words, size]`, with groups of units in the order of the counts.
#[derive(Clone, Copy, Debug)]
struct Gates<'a> {
    words: usize,
    /// The number of units, and the number of places for them.
    units: usize,
    room: usize,
    gates: &'a [u32],
}

impl<'a> Gates<'a> {
    fn new(units: usize, gates: &'a [u32]) -> Gates<'a> {
        assert!(gates.len().is_multiple_of(size(units)), "whole words");
        Gates {
            words: gates.len() / size(units),
            units,
            room: room(units),
            gates,
        }
    }

    /// The gate of a unit in a word.
    fn of(&self, unit: usize, word: usize) -> u64 {
        let at = 2 * (word * self.room + place(unit));
        let gate = &self.gates[at..at + 2];
        u64::from(gate[0]) | u64::from(gate[1]) << 32
    }
}

/// Where a unit lies in a word of all gates.
fn place(unit: usize) -> usize {
    unit / GROUP * GROUP + ORDER[unit % GROUP]
}

/// Gates of inner and of outer units, and a number for each pair of an inner and an outer unit.
#[derive(Clone, Copy, Debug)]
pub struct Gated<'a> {
    inner: Gates<'a>,
    outer: Gates<'a>,
    numbers: &'a [f32],
}

impl<'a> Gated<'a> {
    /// `inner` and `outer` are gates of the same number of rows, in words of [`size`] numbers each, filled by [`set`]
    /// or [`open`]. `numbers` are `[inner units, room]` with the [`room`] of the outer units; places without a unit are
    /// 0.
    ///
    /// # Panics
    ///
    /// If lengths do not fit.
    pub fn new(
        [inner, outer]: [&'a [u32]; 2],
        [inner_units, outer_units]: [usize; 2],
        numbers: &'a [f32],
    ) -> Gated<'a> {
        let inner = Gates::new(inner_units, inner);
        let outer = Gates::new(outer_units, outer);
        assert!(inner.words == outer.words && numbers.len() == inner_units * outer.room);
        Gated {
            inner,
            outer,
            numbers,
        }
    }

    /// Let a be the numbers, and c_ijk the number of rows for which the gates of the inner units i and j and of the
    /// outer unit k are open. For one inner unit i, this computes the sums
    ///
    /// ```text
    /// s_j = Σ_k a_ik a_jk c_ijk        over the outer units, for each inner one
    /// h_k = Σ_j a_jk g_j c_ijk         over the inner units, for each outer one
    /// ```
    ///
    /// `g` and `s` are as long as the number of inner units, `h` has the [`room`] of the outer ones.
    ///
    /// # Panics
    ///
    /// If lengths do not fit.
    pub fn sums(&self, isa: Isa, i: usize, g: &[f32], s: &mut [f32], h: &mut [f32]) {
        let Gated { inner, outer, .. } = self;
        let (units, room) = (inner.units, outer.room);
        assert!(i < units && g.len() == units && s.len() == units && h.len() == room);
        s.fill(0.0);
        h.fill(0.0);
        for first in (0..inner.words).step_by(WORDS) {
            let words = first..(first + WORDS).min(inner.words);
            let sums = Sums {
                i,
                g,
                s: &mut *s,
                h: &mut *h,
            };
            match isa.0 {
                #[cfg(target_arch = "x86_64")]
                // SAFETY: such an `Isa` exists only where the CPU has AVX2 and FMA; lengths were checked.
                Kind::Amx | Kind::Avx512 | Kind::Avx2 => unsafe {
                    match words.len() {
                        1 => add_avx2::<true>(*self, words, sums),
                        _ => add_avx2::<false>(*self, words, sums),
                    }
                },
                Kind::Portable => add(*self, words, sums),
            }
        }
    }
}

/// What [`Gated::sums`] forms of inner unit i.
struct Sums<'a> {
    i: usize,
    g: &'a [f32],
    s: &'a mut [f32],
    h: &'a mut [f32],
}

/// The number of words whose counts are summed before they are multiplied by numbers.
const WORDS: usize = 16;

/// What a unit lets pass in some words.
fn of_words(gates: Gates<'_>, unit: usize, words: Range<usize>) -> [u64; WORDS] {
    let mut all = [0; WORDS];
    for (gate, word) in all.iter_mut().zip(words) {
        *gate = gates.of(unit, word);
    }
    all
}

fn add(gated: Gated<'_>, words: Range<usize>, sums: Sums<'_>) {
    let Gated {
        inner,
        outer,
        numbers: a,
    } = gated;
    let Sums { i, g, s, h } = sums;
    let room = outer.room;
    let own = &a[i * room..(i + 1) * room];
    let gates = of_words(inner, i, words.clone());
    for (j, (a, s)) in a.chunks_exact(room).zip(s).enumerate() {
        let both = of_words(inner, j, words.clone());
        for (k, h) in h.iter_mut().enumerate().take(outer.units) {
            let triples = words.clone().zip(gates.iter().zip(both));
            let count: u32 = triples
                .map(|(word, (gate, both))| (outer.of(k, word) & gate & both).count_ones())
                .sum();
            let part = count as f32 * a[k];
            *s += part * own[k];
            *h += part * g[j];
        }
    }
}

/// # Safety
///
/// AVX2 and FMA, and lengths as [`Gated::sums`] checks them; no more than [`WORDS`] words, and with `ONE` just one.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
unsafe fn add_avx2<const ONE: bool>(gated: Gated<'_>, words: Range<usize>, sums: Sums<'_>) {
    use std::arch::x86_64::*;
    let Gated {
        inner,
        outer,
        numbers: a,
    } = gated;
    let Sums { i, g, s, h } = sums;
    let room = outer.room;
    let count_of = if ONE { 1 } else { words.len() };
    let (low, zero) = (_mm256_set1_epi8(15), _mm256_setzero_si256());
    let of_nibble = _mm256_setr_epi8(
        0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4, 0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3,
        3, 4,
    );
    // The bits of each of four words.
    let count = |words: __m256i| {
        let upper = _mm256_and_si256(_mm256_srli_epi16::<4>(words), low);
        let lower = _mm256_and_si256(words, low);
        let upper = _mm256_shuffle_epi8(of_nibble, upper);
        let lower = _mm256_shuffle_epi8(of_nibble, lower);
        _mm256_sad_epu8(_mm256_add_epi8(upper, lower), zero)
    };
    let mut lanes = [0.0; GROUP];
    let gates_of_i = of_words(inner, i, words.clone());
    let mut common = [0; WORDS];
    // SAFETY: `j` counts inner units, `k` groups in `room`, words are those of the gates.
    unsafe {
        // Two numbers of 32 bits are a gate of 64 rows, on machines of this kind the lower half first.
        let gates = outer.gates.as_ptr().add(2 * words.start * room);
        let own = a.as_ptr().add(i * room);
        for (j, s) in s.iter_mut().enumerate() {
            for (word, common) in common[..count_of].iter_mut().enumerate() {
                *common = gates_of_i[word] & inner.of(j, words.start + word);
            }
            let g = _mm256_set1_ps(g[j]);
            let a = a.as_ptr().add(j * room);
            let mut sum = _mm256_setzero_ps();
            for k in (0..room).step_by(GROUP) {
                let (mut first, mut second) = (_mm256_setzero_si256(), _mm256_setzero_si256());
                for (word, &common) in common[..count_of].iter().enumerate() {
                    let gates = gates.add(2 * (word * room + k)).cast::<__m256i>();
                    let common = _mm256_set1_epi64x(common as i64);
                    let both = |at| _mm256_and_si256(_mm256_loadu_si256(at), common);
                    first = _mm256_add_epi64(first, count(both(gates)));
                    second = _mm256_add_epi64(second, count(both(gates.add(1))));
                }
                let (first, second) = (_mm256_castsi256_ps(first), _mm256_castsi256_ps(second));
                let counts = _mm256_castps_si256(_mm256_shuffle_ps::<0b10_00_10_00>(first, second));
                let part = _mm256_mul_ps(_mm256_cvtepi32_ps(counts), _mm256_loadu_ps(a.add(k)));
                sum = _mm256_fmadd_ps(part, _mm256_loadu_ps(own.add(k)), sum);
                let h = h.as_mut_ptr().add(k);
                _mm256_storeu_ps(h, _mm256_fmadd_ps(part, g, _mm256_loadu_ps(h)));
            }
            _mm256_storeu_ps(lanes.as_mut_ptr(), sum);
            *s += lanes.iter().sum::<f32>();
        }
    }
}
