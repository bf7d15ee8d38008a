//! The k largest values of each row after ReLU (Makhzani & Frey 2014, with the ReLU of Gao et al. 2024).
//!
//! ```text
//! forward:   y_i  = x_i where i is among the chosen, else 0
//! backward:  dx_i = dy_i where i is among the chosen, else 0
//! ```
//!
//! The `k` largest values above 0 are chosen, or fewer if there are fewer values above 0. Of equal values, the one with
//! the lower index counts as larger. As in PyTorch, NaN counts as larger than every number, so that it becomes visible
//! in the output.
//!
//! Numbers above 0 have the same order as their bits. So the k-th largest value is found by bisection on the bits, in
//! at most 31 passes: each pass counts, one vector at a time, how many values are above the middle, and the search ends
//! early if exactly `k` are. Nothing is copied, sorted or allocated, and the time has the same bound for all values.
//!
//! ```text
//! low, high = 0, NaN                  more than k values lie above low, fewer than k above high
//! until they are neighbors:
//!     middle = the value between, by bits
//!     count the values above middle:  k: chosen are these;  more: low = middle;  fewer: high = middle
//! chosen are the values above high, and the first of those that equal high until there are k
//! ```

use crate::lanes::{Isa, Lanes, multiversion};

/// The index in unused places, if fewer than `k` values are above 0.
pub const NONE: u32 = u32::MAX;

/// The number of values of a row that are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TopK {
    /// The number of values of a row.
    pub width: usize,
    /// The number of values to keep, at least 1.
    pub k: usize,
}

impl TopK {
    /// Checks that all lengths fit their number of rows.
    fn check(self, x: &[f32], y: &[f32], chosen: &[u32]) {
        let TopK { width, k } = self;
        assert!(k > 0 && width > 0 && u32::try_from(width).is_ok());
        assert!(x.len() == y.len() && x.len().is_multiple_of(width));
        assert_eq!(chosen.len(), x.len() / width * k, "{k} indices a row");
    }

    /// Keeps the `k` largest values above 0 of each row of `x`, `[rows, width]`, in `y`, and sets all others to 0.
    /// `chosen`, `[rows, k]`, gets their indices in ascending order, followed by [`NONE`].
    ///
    /// # Panics
    ///
    /// If lengths do not fit, or if `k` is 0.
    pub fn forward(self, isa: Isa, x: &[f32], y: &mut [f32], chosen: &mut [u32]) {
        self.check(x, y, chosen);
        y.fill(0.0);
        let rows = x
            .chunks_exact(self.width)
            .zip(y.chunks_exact_mut(self.width));
        for ((x, y), chosen) in rows.zip(chosen.chunks_exact_mut(self.k)) {
            // SAFETY: the body has no conditions.
            let count = unsafe { choose(isa, x, chosen) };
            chosen[count..].fill(NONE);
            for &index in &chosen[..count] {
                y[index as usize] = x[index as usize];
            }
        }
    }

    /// `dx = dy` at the chosen indices of each row, and 0 elsewhere; `chosen` comes from [`TopK::forward`].
    ///
    /// # Panics
    ///
    /// If lengths do not fit, if `k` is 0, or if an index is beyond a row.
    pub fn backward(self, chosen: &[u32], dy: &[f32], dx: &mut [f32]) {
        self.check(dy, dx, chosen);
        dx.fill(0.0);
        let rows = dy
            .chunks_exact(self.width)
            .zip(dx.chunks_exact_mut(self.width));
        for ((dy, dx), chosen) in rows.zip(chosen.chunks_exact(self.k)) {
            for &index in chosen.iter().take_while(|&&index| index != NONE) {
                dx[index as usize] = dy[index as usize];
            }
        }
    }
}

/// The bits of infinity, the largest number.
const INFINITY: u32 = f32::INFINITY.to_bits();

multiversion! {
    unsafe fn choose(row: &[f32], chosen: &mut [u32]) -> usize = choose_body
}

/// Writes the indices of the values that are kept, as many as the length of `chosen`, and returns their number.
///
/// # Safety
///
/// None.
#[inline(always)]
unsafe fn choose_body<L: Lanes>(row: &[f32], chosen: &mut [u32]) -> usize {
    let k = chosen.len();
    // More than k values are above `low` and fewer above `high`. Or both are the same bound with at most k values above
    // it: then all values above it are chosen.
    let (mut low, mut high, mut spare) = (0, INFINITY + 1, k);
    // SAFETY: none is needed.
    if unsafe { count_above::<L>(row, 0) } <= k {
        (high, spare) = (low, 0);
    }
    while high > low + 1 {
        let middle = low + (high - low) / 2;
        // SAFETY: none is needed.
        let count = unsafe { count_above::<L>(row, middle) };
        if count > k {
            low = middle;
        } else if count < k {
            (high, spare) = (middle, k - count);
        } else {
            (low, high, spare) = (middle, middle, 0);
        }
    }
    // SAFETY: vectors stay inside the row.
    unsafe { collect::<L>(row, low, high, spare, chosen) }
}

/// The number of values above the number with these bits; NaN counts as above.
///
/// # Safety
///
/// None.
#[inline(always)]
unsafe fn count_above<L: Lanes>(row: &[f32], bits: u32) -> usize {
    let mut count = 0;
    // SAFETY: vectors stay inside the row; the lanes behind it are 0, and above no bound.
    unsafe {
        let bound = L::splat(f32::from_bits(bits));
        let mut whole = row.chunks_exact(L::N);
        for values in &mut whole {
            count += L::load(values.as_ptr()).bits_above(bound).count_ones() as usize;
        }
        let rest = whole.remainder();
        let rest = L::load_first(rest.as_ptr(), rest.len());
        count + rest.bits_above(bound).count_ones() as usize
    }
}

/// Writes the indices of the values above `high`, and of the first `spare` of those only above `low`; the bounds are
/// bits of numbers.
///
/// # Safety
///
/// None.
#[inline(always)]
unsafe fn collect<L: Lanes>(
    row: &[f32],
    low: u32,
    high: u32,
    mut spare: usize,
    chosen: &mut [u32],
) -> usize {
    let (low, bound) = (f32::from_bits(low), f32::from_bits(high));
    let mut count = 0;
    for (group, values) in row.chunks(L::N).enumerate() {
        // SAFETY: as many numbers as the chunk has.
        let mut above =
            unsafe { L::load_first(values.as_ptr(), values.len()).bits_above(L::splat(low)) };
        while above != 0 {
            let lane = above.trailing_zeros() as usize;
            above &= above - 1;
            // A bound of NaN is the bound for NaN alone; no NaN is above it.
            let is_tie = high > INFINITY || values[lane] <= bound;
            if is_tie && spare == 0 {
                continue;
            }
            spare -= usize::from(is_tie);
            chosen[count] = (group * L::N + lane) as u32;
            count += 1;
        }
    }
    count
}
