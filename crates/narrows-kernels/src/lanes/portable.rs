//! Eight lanes in plain Rust, which the compiler turns into the vectors of the target.

// SAFETY, for the whole file: pointers reach as many numbers as the method's name says, by the
// trait's contract; nothing else here is unsafe.

use super::Lanes;

const LANES: usize = 8;

#[derive(Clone, Copy)]
#[repr(transparent)]
pub(crate) struct Portable([f32; LANES]);

#[inline(always)]
fn each(f: impl Fn(usize) -> f32) -> Portable {
    Portable(std::array::from_fn(f))
}

impl Lanes for Portable {
    const N: usize = LANES;
    #[inline(always)]
    unsafe fn splat(value: f32) -> Self {
        Self([value; LANES])
    }
    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        Self(unsafe { from.cast::<[f32; LANES]>().read_unaligned() })
    }
    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        unsafe { to.cast::<[f32; LANES]>().write_unaligned(self.0) }
    }
    #[inline(always)]
    unsafe fn load_first(from: *const f32, n: usize) -> Self {
        each(|lane| {
            if lane < n {
                unsafe { *from.add(lane) }
            } else {
                0.0
            }
        })
    }
    #[inline(always)]
    unsafe fn store_first(self, to: *mut f32, n: usize) {
        for lane in 0..n {
            unsafe { *to.add(lane) = self.0[lane] }
        }
    }
    #[inline(always)]
    unsafe fn add(self, other: Self) -> Self {
        each(|lane| self.0[lane] + other.0[lane])
    }
    #[inline(always)]
    unsafe fn sub(self, other: Self) -> Self {
        each(|lane| self.0[lane] - other.0[lane])
    }
    #[inline(always)]
    unsafe fn mul(self, other: Self) -> Self {
        each(|lane| self.0[lane] * other.0[lane])
    }
    #[inline(always)]
    unsafe fn div(self, other: Self) -> Self {
        each(|lane| self.0[lane] / other.0[lane])
    }
    #[inline(always)]
    unsafe fn mul_add(self, factor: Self, addend: Self) -> Self {
        // Two roundings: `f32::mul_add` is a slow library call where the target has no FMA.
        each(|lane| self.0[lane] * factor.0[lane] + addend.0[lane])
    }
    #[inline(always)]
    unsafe fn max(self, other: Self) -> Self {
        // The operand order of x86: the second where either is NaN.
        each(|lane| {
            if self.0[lane] > other.0[lane] {
                self.0[lane]
            } else {
                other.0[lane]
            }
        })
    }
    #[inline(always)]
    unsafe fn min(self, other: Self) -> Self {
        each(|lane| {
            if self.0[lane] < other.0[lane] {
                self.0[lane]
            } else {
                other.0[lane]
            }
        })
    }
    #[inline(always)]
    unsafe fn sqrt(self) -> Self {
        each(|lane| self.0[lane].sqrt())
    }
    #[inline(always)]
    unsafe fn quick_ratio(self, other: Self) -> Self {
        unsafe { self.div(other) }
    }
    #[inline(always)]
    unsafe fn quick_root(self) -> Self {
        unsafe { self.sqrt() }
    }
    #[inline(always)]
    unsafe fn load_bytes(from: *const u8) -> Self {
        each(|lane| f32::from(unsafe { *from.add(lane) }))
    }
    #[inline(always)]
    unsafe fn round(self) -> Self {
        each(|lane| self.0[lane].round_ties_even())
    }
    #[inline(always)]
    unsafe fn power_of_two(self) -> Self {
        each(|lane| f32::from_bits(((self.0[lane] as i32 + 127) as u32) << 23))
    }
    #[inline(always)]
    unsafe fn where_greater(self, other: Self, yes: Self, no: Self) -> Self {
        each(|lane| {
            if self.0[lane] > other.0[lane] {
                yes.0[lane]
            } else {
                no.0[lane]
            }
        })
    }
    #[inline(always)]
    unsafe fn bits_above(self, other: Self) -> u32 {
        (0..LANES).fold(0, |bits, lane| {
            let is_below = self.0[lane] <= other.0[lane];
            bits | u32::from(!is_below) << lane
        })
    }
    #[inline(always)]
    unsafe fn keep(self, bits: u32) -> Self {
        each(|lane| match bits >> lane & 1 {
            0 => 0.0,
            _ => self.0[lane],
        })
    }
    #[inline(always)]
    unsafe fn prefetch(_: *const f32) {}
    #[inline(always)]
    unsafe fn zip(self, other: Self) -> (Self, Self) {
        let lane = |at: usize| match at % 2 {
            0 => self.0[at / 2],
            _ => other.0[at / 2],
        };
        (each(lane), each(|at| lane(at + LANES)))
    }
    #[inline(always)]
    unsafe fn unzip(self, other: Self) -> (Self, Self) {
        let lane = |at: usize| {
            if at < LANES {
                self.0[at]
            } else {
                other.0[at - LANES]
            }
        };
        (each(|at| lane(2 * at)), each(|at| lane(2 * at + 1)))
    }
    #[inline(always)]
    unsafe fn transpose(
        from: *const f32,
        from_row: usize,
        rows: usize,
        to: *mut f32,
        to_row: usize,
    ) {
        for i in 0..LANES {
            for j in 0..LANES {
                unsafe {
                    *to.add(j * to_row + i) = if i < rows {
                        *from.add(i * from_row + j)
                    } else {
                        0.0
                    };
                }
            }
        }
    }
}
