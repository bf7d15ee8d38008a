//! Sixteen lanes: AVX-512F.

// SAFETY, for the whole file: the trait's contract is that the CPU has AVX-512F, and that
// pointers reach as many numbers as the method's name says. Masked loads and stores do not touch
// the memory behind lanes that are masked off.

use super::Lanes;
use std::arch::x86_64::*;

#[derive(Clone, Copy)]
#[repr(transparent)]
pub(crate) struct Avx512(__m512);

#[inline(always)]
fn first(n: usize) -> __mmask16 {
    debug_assert!(n <= 16);
    ((1u32 << n) - 1) as __mmask16
}

impl Lanes for Avx512 {
    const N: usize = 16;
    #[inline(always)]
    unsafe fn splat(value: f32) -> Self {
        Self(unsafe { _mm512_set1_ps(value) })
    }
    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        Self(unsafe { _mm512_loadu_ps(from) })
    }
    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        unsafe { _mm512_storeu_ps(to, self.0) }
    }
    #[inline(always)]
    unsafe fn load_first(from: *const f32, n: usize) -> Self {
        Self(unsafe { _mm512_maskz_loadu_ps(first(n), from) })
    }
    #[inline(always)]
    unsafe fn store_first(self, to: *mut f32, n: usize) {
        unsafe { _mm512_mask_storeu_ps(to, first(n), self.0) }
    }
    #[inline(always)]
    unsafe fn add(self, other: Self) -> Self {
        Self(unsafe { _mm512_add_ps(self.0, other.0) })
    }
    #[inline(always)]
    unsafe fn sub(self, other: Self) -> Self {
        Self(unsafe { _mm512_sub_ps(self.0, other.0) })
    }
    #[inline(always)]
    unsafe fn mul(self, other: Self) -> Self {
        Self(unsafe { _mm512_mul_ps(self.0, other.0) })
    }
    #[inline(always)]
    unsafe fn div(self, other: Self) -> Self {
        Self(unsafe { _mm512_div_ps(self.0, other.0) })
    }
    #[inline(always)]
    unsafe fn mul_add(self, factor: Self, addend: Self) -> Self {
        Self(unsafe { _mm512_fmadd_ps(self.0, factor.0, addend.0) })
    }
    #[inline(always)]
    unsafe fn max(self, other: Self) -> Self {
        Self(unsafe { _mm512_max_ps(self.0, other.0) })
    }
    #[inline(always)]
    unsafe fn min(self, other: Self) -> Self {
        Self(unsafe { _mm512_min_ps(self.0, other.0) })
    }
    #[inline(always)]
    unsafe fn sqrt(self) -> Self {
        Self(unsafe { _mm512_sqrt_ps(self.0) })
    }
    #[inline(always)]
    unsafe fn quick_ratio(self, other: Self) -> Self {
        // The reciprocal by 14 bits and one step of Newton's method: r (2 - x r).
        unsafe {
            let r = _mm512_rcp14_ps(other.0);
            let error = _mm512_fnmadd_ps(other.0, r, _mm512_set1_ps(1.0));
            self.mul(Self(_mm512_fmadd_ps(r, error, r)))
        }
    }
    #[inline(always)]
    unsafe fn quick_root(self) -> Self {
        // √x as x / √x, and 1 / √x by 14 bits and one step of Newton's method: r + r/2 (1 - x r²).
        unsafe {
            let x = self.max(Self::splat(f32::MIN_POSITIVE)).0;
            let r = _mm512_rsqrt14_ps(x);
            let xr = _mm512_mul_ps(x, r);
            let error = _mm512_fnmadd_ps(xr, r, _mm512_set1_ps(1.0));
            let half = _mm512_mul_ps(r, _mm512_set1_ps(0.5));
            self.mul(Self(_mm512_fmadd_ps(half, error, r)))
        }
    }
    #[inline(always)]
    unsafe fn load_bytes(from: *const u8) -> Self {
        unsafe {
            let bytes = _mm_loadu_si128(from.cast());
            Self(_mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(bytes)))
        }
    }
    #[inline(always)]
    unsafe fn round(self) -> Self {
        Self(unsafe {
            _mm512_roundscale_ps::<{ _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC }>(self.0)
        })
    }
    #[inline(always)]
    unsafe fn power_of_two(self) -> Self {
        Self(unsafe {
            let exponent = _mm512_add_epi32(_mm512_cvtps_epi32(self.0), _mm512_set1_epi32(127));
            _mm512_castsi512_ps(_mm512_slli_epi32::<23>(exponent))
        })
    }
    #[inline(always)]
    unsafe fn where_greater(self, other: Self, yes: Self, no: Self) -> Self {
        Self(unsafe {
            let greater = _mm512_cmp_ps_mask::<_CMP_GT_OQ>(self.0, other.0);
            _mm512_mask_blend_ps(greater, no.0, yes.0)
        })
    }
    #[inline(always)]
    unsafe fn bits_above(self, other: Self) -> u32 {
        u32::from(unsafe { _mm512_cmp_ps_mask::<_CMP_NLE_UQ>(self.0, other.0) })
    }
    #[inline(always)]
    unsafe fn keep(self, bits: u32) -> Self {
        Self(unsafe { _mm512_maskz_mov_ps(bits as __mmask16, self.0) })
    }
    #[inline(always)]
    unsafe fn prefetch(at: *const f32) {
        unsafe { _mm_prefetch::<_MM_HINT_T1>(at.cast()) }
    }
    #[inline(always)]
    unsafe fn zip(self, other: Self) -> (Self, Self) {
        unsafe {
            // Lanes of the second vector count from 16.
            let low = _mm512_setr_epi32(0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
            let high = _mm512_add_epi32(low, _mm512_set1_epi32(8));
            (
                Self(_mm512_permutex2var_ps(self.0, low, other.0)),
                Self(_mm512_permutex2var_ps(self.0, high, other.0)),
            )
        }
    }
    #[inline(always)]
    unsafe fn unzip(self, other: Self) -> (Self, Self) {
        unsafe {
            let even = _mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
            let odd = _mm512_add_epi32(even, _mm512_set1_epi32(1));
            (
                Self(_mm512_permutex2var_ps(self.0, even, other.0)),
                Self(_mm512_permutex2var_ps(self.0, odd, other.0)),
            )
        }
    }
    #[inline(always)]
    unsafe fn transpose(
        from: *const f32,
        from_row: usize,
        rows: usize,
        to: *mut f32,
        to_row: usize,
    ) {
        // Quarters of four rows are combined in a vector when they are loaded. The remaining work is the transposes of
        // 4 x 4 numbers inside the quarters: pairs of rows, then fours.
        unsafe {
            for column in (0..16).step_by(4) {
                let mut r = [_mm512_setzero_ps(); 4];
                for (i, r) in r.iter_mut().enumerate() {
                    let from = from.add(column);
                    if i < rows {
                        *r = _mm512_zextps128_ps512(_mm_loadu_ps(from.add(i * from_row)));
                    }
                    if i + 4 < rows {
                        let four = _mm_loadu_ps(from.add((i + 4) * from_row));
                        *r = _mm512_mask_broadcast_f32x4(*r, 0x00f0, four);
                    }
                    if i + 8 < rows {
                        let four = _mm_loadu_ps(from.add((i + 8) * from_row));
                        *r = _mm512_mask_broadcast_f32x4(*r, 0x0f00, four);
                    }
                    if i + 12 < rows {
                        let four = _mm_loadu_ps(from.add((i + 12) * from_row));
                        *r = _mm512_mask_broadcast_f32x4(*r, 0xf000, four);
                    }
                }
                // In these the pairs are of rows 0 and 1, and of 2 and 3.
                let low = (
                    _mm512_unpacklo_ps(r[0], r[1]),
                    _mm512_unpacklo_ps(r[2], r[3]),
                );
                let high = (
                    _mm512_unpackhi_ps(r[0], r[1]),
                    _mm512_unpackhi_ps(r[2], r[3]),
                );
                let low = (_mm512_castps_pd(low.0), _mm512_castps_pd(low.1));
                let high = (_mm512_castps_pd(high.0), _mm512_castps_pd(high.1));
                let four = [
                    _mm512_unpacklo_pd(low.0, low.1),
                    _mm512_unpackhi_pd(low.0, low.1),
                    _mm512_unpacklo_pd(high.0, high.1),
                    _mm512_unpackhi_pd(high.0, high.1),
                ];
                for (i, four) in four.into_iter().enumerate() {
                    let to = to.add((column + i) * to_row);
                    _mm512_storeu_ps(to, _mm512_castpd_ps(four));
                }
            }
        }
    }
}
