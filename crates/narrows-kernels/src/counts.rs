//! Sums over the rows of a batch of products of gates: numbers that are 0 or 1, 64 of them in a word.
//!
//! A gate says for each row whether a unit lets it pass, as ReLU does: bit `b` of word `w` stands for row `64 w + b`.

use crate::lanes::Isa;
use crate::lanes::Kind;
use std::ops::Range;

/// The outer units whose gates lie side by side.
pub const GROUP: usize = 8;

/// The gates of units, for [`gated_sums`].
#[derive(Clone, Debug)]
pub struct Gates {
    words: usize,
    /// How many units there are, and how many there is room for.
    units: usize,
    room: usize,
    /// `[words, room]`, groups of units in the order that the counts come in.
    gates: Vec<u64>,
}

/// Where the unit of a place in a group of [`GROUP`] lies: the order in which two vectors of 64-bit counts become
/// one of 32-bit ones without crossing halves.
const ORDER: [usize; GROUP] = [0, 1, 4, 5, 2, 3, 6, 7];

impl Gates {
    /// Closed gates of `units` units for up to `rows` rows.
    pub fn new(units: usize, rows: usize) -> Gates {
        let (words, room) = (rows.div_ceil(64), units.next_multiple_of(GROUP));
        Gates {
            words,
            units,
            room,
            gates: vec![0; words * room],
        }
    }

    /// How many numbers a vector over the units has room for: their number, rounded up to whole groups.
    pub fn room(&self) -> usize {
        self.room
    }

    /// Opens the gates of units that are above 0 in a row, `x` of `[rows, units]`, and closes all others.
    ///
    /// # Panics
    ///
    /// When there are more rows than planned for, or `x` is no whole number of rows.
    pub fn set(&mut self, x: &[f32]) {
        assert!(
            x.len().is_multiple_of(self.units) && x.len() / self.units <= 64 * self.words,
            "rows as planned"
        );
        self.gates.fill(0);
        for (row, x) in x.chunks_exact(self.units).enumerate() {
            let gates = &mut self.gates[row / 64 * self.room..][..self.room];
            for (gates, x) in gates.chunks_exact_mut(GROUP).zip(x.chunks(GROUP)) {
                for (&place, &x) in ORDER.iter().zip(x) {
                    gates[place] |= u64::from(x > 0.0) << (row % 64);
                }
            }
        }
    }

    /// Opens the gates of all units in the first `rows` rows, and closes those of others.
    ///
    /// # Panics
    ///
    /// When there are more rows than planned for.
    pub fn open(&mut self, rows: usize) {
        assert!(rows <= 64 * self.words, "rows as planned");
        for (word, gates) in self.gates.chunks_exact_mut(self.room).enumerate() {
            let open = rows.saturating_sub(64 * word).min(64);
            let bits = if open == 64 {
                u64::MAX
            } else {
                (1 << open) - 1
            };
            gates.fill(0);
            for unit in 0..self.units {
                gates[place(unit)] = bits;
            }
        }
    }

    /// The gate of a unit in a word.
    fn of(&self, unit: usize, word: usize) -> u64 {
        self.gates[word * self.room + place(unit)]
    }
}

/// Where a unit lies in a word of all gates.
fn place(unit: usize) -> usize {
    unit / GROUP * GROUP + ORDER[unit % GROUP]
}

/// With `c_ijk` the number of rows that the gates of inner units i and j and of outer unit k let pass, of one inner
/// unit i the sums
///
/// ```text
/// s_j = Σ_k a_ik a_jk c_ijk        over the outer units, for each inner one
/// h_k = Σ_j a_jk g_j c_ijk         over the inner units, for each outer one
/// ```
///
/// `a` is `[inner, room]` with [`Gates::room`] of the outer gates, 0 where there is no unit; `g` and `s` are as long as
/// there are inner units, `h` has `room` numbers.
///
/// # Panics
///
/// When lengths do not fit.
pub fn gated_sums(
    isa: Isa,
    gates: (&Gates, &Gates),
    i: usize,
    (a, g): (&[f32], &[f32]),
    (s, h): (&mut [f32], &mut [f32]),
) {
    let (inner, outer) = gates;
    let (units, room) = (inner.units, outer.room);
    assert!(i < units && inner.words == outer.words && a.len() == units * room);
    assert!(g.len() == units && s.len() == units && h.len() == room);
    s.fill(0.0);
    h.fill(0.0);
    for first in (0..inner.words).step_by(WORDS) {
        let words = first..(first + WORDS).min(inner.words);
        match isa.0 {
            #[cfg(target_arch = "x86_64")]
            // SAFETY: such an `Isa` exists only where the CPU has AVX2 and FMA; lengths were checked.
            Kind::Amx | Kind::Avx512 | Kind::Avx2 => unsafe {
                match words.len() {
                    1 => add_avx2::<true>(gates, words, i, (a, g), (s, h)),
                    _ => add_avx2::<false>(gates, words, i, (a, g), (s, h)),
                }
            },
            Kind::Portable => add(gates, words, i, (a, g), (s, h)),
        }
    }
}

/// The words whose counts are summed before they meet numbers.
const WORDS: usize = 16;

/// What both of two inner units let pass.
fn common(inner: &Gates, words: Range<usize>, (i, j): (usize, usize)) -> [u64; WORDS] {
    let mut common = [0; WORDS];
    for (common, word) in common.iter_mut().zip(words) {
        *common = inner.of(i, word) & inner.of(j, word);
    }
    common
}

fn add(
    (inner, outer): (&Gates, &Gates),
    words: Range<usize>,
    i: usize,
    (a, g): (&[f32], &[f32]),
    (s, h): (&mut [f32], &mut [f32]),
) {
    let room = outer.room;
    let own = &a[i * room..(i + 1) * room];
    for (j, (a, s)) in a.chunks_exact(room).zip(s).enumerate() {
        let common = common(inner, words.clone(), (i, j));
        for (k, h) in h.iter_mut().enumerate().take(outer.units) {
            let pairs = words.clone().zip(common);
            let count: u32 = pairs
                .map(|(word, common)| (outer.of(k, word) & common).count_ones())
                .sum();
            let part = count as f32 * a[k];
            *s += part * own[k];
            *h += part * g[j];
        }
    }
}

/// # Safety
///
/// AVX2 and FMA, and lengths as [`gated_sums`] checks them; no more than [`WORDS`] words, and with `ONE` just one.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
unsafe fn add_avx2<const ONE: bool>(
    (inner, outer): (&Gates, &Gates),
    words: Range<usize>,
    i: usize,
    (a, g): (&[f32], &[f32]),
    (s, h): (&mut [f32], &mut [f32]),
) {
    use std::arch::x86_64::*;
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
    // SAFETY: `j` counts inner units, `k` groups in `room`, words are those of the gates.
    unsafe {
        let gates = outer.gates.as_ptr().add(words.start * room);
        let own = a.as_ptr().add(i * room);
        for (j, s) in s.iter_mut().enumerate() {
            let common = common(inner, words.clone(), (i, j));
            let g = _mm256_set1_ps(g[j]);
            let a = a.as_ptr().add(j * room);
            let mut sum = _mm256_setzero_ps();
            for k in (0..room).step_by(GROUP) {
                let (mut first, mut second) = (_mm256_setzero_si256(), _mm256_setzero_si256());
                for (word, &common) in common[..count_of].iter().enumerate() {
                    let gates = gates.add(word * room + k).cast::<__m256i>();
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
