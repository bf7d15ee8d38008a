//! Eight lanes: AVX2 with FMA.

// SAFETY, for the whole file: the trait's contract is that the CPU has AVX2 and FMA, and that
// pointers reach as many numbers as the method's name says. Masked loads and stores do not touch
// the memory behind lanes that are masked off.

use super::Lanes;
use std::arch::x86_64::*;

#[derive(Clone, Copy)]
#[repr(transparent)]
pub(crate) struct Avx2(__m256);

#[inline(always)]
unsafe fn first(n: usize) -> __m256i {
    debug_assert!(n <= 8);
    // SAFETY: AVX2, by the trait's contract.
    unsafe {
        let lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
        _mm256_cmpgt_epi32(_mm256_set1_epi32(n as i32), lane)
    }
}

impl Lanes for Avx2 {
    const N: usize = 8;
    #[inline(always)]
    unsafe fn splat(value: f32) -> Self {
        Self(unsafe { _mm256_set1_ps(value) })
    }
    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        Self(unsafe { _mm256_loadu_ps(from) })
    }
    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        unsafe { _mm256_storeu_ps(to, self.0) }
    }
    #[inline(always)]
    unsafe fn load_first(from: *const f32, n: usize) -> Self {
        Self(unsafe { _mm256_maskload_ps(from, first(n)) })
    }
    #[inline(always)]
    unsafe fn store_first(self, to: *mut f32, n: usize) {
        // Masked stores take a dozen cycles on some processors (Zen), so the numbers are stored in pieces of 4, 2 and
        // 1.
        unsafe {
            if n >= 8 {
                return _mm256_storeu_ps(to, self.0);
            }
            let (mut rest, mut to) = (_mm256_castps256_ps128(self.0), to);
            if n & 4 != 0 {
                _mm_storeu_ps(to, rest);
                rest = _mm256_extractf128_ps::<1>(self.0);
                to = to.add(4);
            }
            if n & 2 != 0 {
                _mm_storel_pd(to.cast(), _mm_castps_pd(rest));
                rest = _mm_movehl_ps(rest, rest);
                to = to.add(2);
            }
            if n & 1 != 0 {
                _mm_store_ss(to, rest);
            }
        }
    }
    #[inline(always)]
    unsafe fn add(self, other: Self) -> Self {
        Self(unsafe { _mm256_add_ps(self.0, other.0) })
    }
    #[inline(always)]
    unsafe fn sub(self, other: Self) -> Self {
        Self(unsafe { _mm256_sub_ps(self.0, other.0) })
    }
    #[inline(always)]
    unsafe fn mul(self, other: Self) -> Self {
        Self(unsafe { _mm256_mul_ps(self.0, other.0) })
    }
    #[inline(always)]
    unsafe fn div(self, other: Self) -> Self {
        Self(unsafe { _mm256_div_ps(self.0, other.0) })
    }
    #[inline(always)]
    unsafe fn mul_add(self, factor: Self, addend: Self) -> Self {
        Self(unsafe { _mm256_fmadd_ps(self.0, factor.0, addend.0) })
    }
    #[inline(always)]
    unsafe fn max(self, other: Self) -> Self {
        Self(unsafe { _mm256_max_ps(self.0, other.0) })
    }
    #[inline(always)]
    unsafe fn min(self, other: Self) -> Self {
        Self(unsafe { _mm256_min_ps(self.0, other.0) })
    }
    #[inline(always)]
    unsafe fn sqrt(self) -> Self {
        Self(unsafe { _mm256_sqrt_ps(self.0) })
    }
    #[inline(always)]
    unsafe fn quick_ratio(self, other: Self) -> Self {
        // The processor's estimate has 11 bits; the two further steps would take as long as a division.
        unsafe { self.div(other) }
    }
    #[inline(always)]
    unsafe fn quick_root(self) -> Self {
        unsafe { self.sqrt() }
    }
    #[inline(always)]
    unsafe fn load_bytes(from: *const u8) -> Self {
        unsafe {
            let bytes = _mm_loadl_epi64(from.cast());
            Self(_mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(bytes)))
        }
    }
    #[inline(always)]
    unsafe fn round(self) -> Self {
        Self(unsafe {
            _mm256_round_ps::<{ _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC }>(self.0)
        })
    }
    #[inline(always)]
    unsafe fn power_of_two(self) -> Self {
        Self(unsafe {
            let exponent = _mm256_add_epi32(_mm256_cvtps_epi32(self.0), _mm256_set1_epi32(127));
            _mm256_castsi256_ps(_mm256_slli_epi32::<23>(exponent))
        })
    }
    #[inline(always)]
    unsafe fn where_greater(self, other: Self, yes: Self, no: Self) -> Self {
        Self(unsafe {
            let greater = _mm256_cmp_ps::<_CMP_GT_OQ>(self.0, other.0);
            _mm256_blendv_ps(no.0, yes.0, greater)
        })
    }
    #[inline(always)]
    unsafe fn bits_above(self, other: Self) -> u32 {
        unsafe {
            let above = _mm256_cmp_ps::<_CMP_NLE_UQ>(self.0, other.0);
            _mm256_movemask_ps(above) as u32
        }
    }
    #[inline(always)]
    unsafe fn keep(self, bits: u32) -> Self {
        Self(unsafe {
            let bit = _mm256_setr_epi32(1, 2, 4, 8, 16, 32, 64, 128);
            let kept = _mm256_and_si256(_mm256_set1_epi32(bits as i32), bit);
            let kept = _mm256_castsi256_ps(_mm256_cmpeq_epi32(kept, bit));
            _mm256_and_ps(self.0, kept)
        })
    }
    #[inline(always)]
    unsafe fn prefetch(at: *const f32) {
        unsafe { _mm_prefetch::<_MM_HINT_T1>(at.cast()) }
    }
    #[inline(always)]
    unsafe fn zip(self, other: Self) -> (Self, Self) {
        unsafe {
            // Within each half, then the halves in order.
            let low = _mm256_unpacklo_ps(self.0, other.0);
            let high = _mm256_unpackhi_ps(self.0, other.0);
            (
                Self(_mm256_permute2f128_ps::<0x20>(low, high)),
                Self(_mm256_permute2f128_ps::<0x31>(low, high)),
            )
        }
    }
    #[inline(always)]
    unsafe fn unzip(self, other: Self) -> (Self, Self) {
        unsafe {
            // Within each half; this leaves pairs in the order 0, 2, 1, 3.
            let even = _mm256_shuffle_ps::<0x88>(self.0, other.0);
            let odd = _mm256_shuffle_ps::<0xdd>(self.0, other.0);
            let even = _mm256_permute4x64_pd::<0xd8>(_mm256_castps_pd(even));
            let odd = _mm256_permute4x64_pd::<0xd8>(_mm256_castps_pd(odd));
            (Self(_mm256_castpd_ps(even)), Self(_mm256_castpd_ps(odd)))
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
        // Pairs of rows, then fours, then the halves.
        unsafe {
            let mut r = [_mm256_setzero_ps(); 8];
            for (i, r) in r.iter_mut().enumerate().take(rows) {
                *r = _mm256_loadu_ps(from.add(i * from_row));
            }
            let mut t = r;
            for i in (0..8).step_by(2) {
                t[i] = _mm256_unpacklo_ps(r[i], r[i + 1]);
                t[i + 1] = _mm256_unpackhi_ps(r[i], r[i + 1]);
            }
            for i in (0..8).step_by(4) {
                r[i] = _mm256_shuffle_ps::<0x44>(t[i], t[i + 2]);
                r[i + 1] = _mm256_shuffle_ps::<0xee>(t[i], t[i + 2]);
                r[i + 2] = _mm256_shuffle_ps::<0x44>(t[i + 1], t[i + 3]);
                r[i + 3] = _mm256_shuffle_ps::<0xee>(t[i + 1], t[i + 3]);
            }
            for i in 0..4 {
                let column = _mm256_permute2f128_ps::<0x20>(r[i], r[i + 4]);
                _mm256_storeu_ps(to.add(i * to_row), column);
                let column = _mm256_permute2f128_ps::<0x31>(r[i], r[i + 4]);
                _mm256_storeu_ps(to.add((i + 4) * to_row), column);
            }
        }
    }
}
