//! The vector of numbers with which every kernel is written.

/// A vector of [`Lanes::N`] single-precision numbers.
///
/// # Safety
///
/// Every method may only run where the CPU has the instruction set of the implementing type.
/// The pointer methods further need `N` readable (writable) numbers at the pointer, or the first
/// `n` of them for the `_first` forms.
pub(crate) trait Lanes: Copy {
    /// The number of lanes.
    const N: usize;
    unsafe fn splat(value: f32) -> Self;
    unsafe fn load(from: *const f32) -> Self;
    unsafe fn store(self, to: *mut f32);
    /// Loads `n <= N` numbers; the other lanes are 0.
    unsafe fn load_first(from: *const f32, n: usize) -> Self;
    /// Stores the first `n <= N` lanes.
    unsafe fn store_first(self, to: *mut f32, n: usize);
    unsafe fn add(self, other: Self) -> Self;
    unsafe fn sub(self, other: Self) -> Self;
    unsafe fn mul(self, other: Self) -> Self;
    unsafe fn div(self, other: Self) -> Self;
    /// `self * factor + addend`, rounded once if the instruction set can do so.
    unsafe fn mul_add(self, factor: Self, addend: Self) -> Self;
    unsafe fn max(self, other: Self) -> Self;
    unsafe fn min(self, other: Self) -> Self;
    unsafe fn sqrt(self) -> Self;
    /// `self / other`, within 3 ULP, if `other` is a normal number whose reciprocal is normal.
    unsafe fn quick_ratio(self, other: Self) -> Self;
    /// `√self`, within 4 ULP, for normal numbers above 0; for smaller ones 0 or less than 1.1e-19.
    unsafe fn quick_root(self) -> Self;
    /// Loads `N` bytes as numbers.
    unsafe fn load_bytes(from: *const u8) -> Self;
    /// To the nearest integer, ties to even; for magnitudes below 2²².
    unsafe fn round(self) -> Self;
    /// `2^self` for integers in -126..=127; 0 for -127 and infinity for 128.
    unsafe fn power_of_two(self) -> Self;
    /// For each lane `yes` if `self > other`, otherwise `no` (also if one of them is NaN).
    unsafe fn where_greater(self, other: Self, yes: Self, no: Self) -> Self;
    /// One bit per lane, the first lane in the lowest bit: 1 unless `self <= other`, so also 1 if one of them is NaN.
    unsafe fn bits_above(self, other: Self) -> u32;
    /// Keeps the lanes whose bit is 1, the first lane in the lowest bit; the other lanes become 0. Bits beyond the
    /// lanes are ignored.
    unsafe fn keep(self, bits: u32) -> Self;
    /// Prefetches a cache line to the second level; the address need not be valid.
    unsafe fn prefetch(at: *const f32);
    /// Interleaves the lanes of `self` and `other`: from the lower halves, and from the upper halves.
    unsafe fn zip(self, other: Self) -> (Self, Self);
    /// The even lanes of `self` and then `other`, and the odd lanes: the inverse of [`Lanes::zip`].
    unsafe fn unzip(self, other: Self) -> (Self, Self);
    /// Transposes `rows <= N` rows of `N` numbers, `from_row` apart at `from`, into `N` rows of `N`, `to_row` apart at
    /// `to`; missing rows count as 0.
    unsafe fn transpose(
        from: *const f32,
        from_row: usize,
        rows: usize,
        to: *mut f32,
        to_row: usize,
    );
}
