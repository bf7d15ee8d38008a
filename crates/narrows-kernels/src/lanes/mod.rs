//! A vector of `f32` lanes, the only view that the kernels have of an instruction set.
//!
//! The methods are `#[inline(always)]`, so that they dissolve in a caller compiled with the right
//! target feature: [`multiversion!`] makes such callers. A kernel never calls them elsewhere.

#[cfg(target_arch = "x86_64")]
mod amx;
#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod portable;

#[cfg(target_arch = "x86_64")]
pub(crate) use avx2::Avx2;
#[cfg(target_arch = "x86_64")]
pub(crate) use avx512::Avx512;
pub(crate) use portable::Portable;

use std::sync::atomic::{AtomicUsize, Ordering};

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
    /// `self * factor + addend`, rounded once where the instruction set can.
    unsafe fn mul_add(self, factor: Self, addend: Self) -> Self;
    unsafe fn max(self, other: Self) -> Self;
    unsafe fn min(self, other: Self) -> Self;
    unsafe fn sqrt(self) -> Self;
    /// `self / other`, within 3 ULP, for `other` a normal number whose reciprocal is normal.
    unsafe fn quick_ratio(self, other: Self) -> Self;
    /// `√self`, within 4 ULP, for normal numbers above 0; below them 0 or less than 1.1e-19.
    unsafe fn quick_root(self) -> Self;
    /// Loads `N` bytes as numbers.
    unsafe fn load_bytes(from: *const u8) -> Self;
    /// To the nearest integer, ties to even; for magnitudes below 2²².
    unsafe fn round(self) -> Self;
    /// `2^self` for integers in -126..=127; 0 for -127 and infinity for 128.
    unsafe fn power_of_two(self) -> Self;
    /// Lane by lane `yes` where `self > other`, else `no` (so too where either is NaN).
    unsafe fn where_greater(self, other: Self, yes: Self, no: Self) -> Self;
    /// Asks for a cache line early, to the second level; the address need not be a valid one.
    unsafe fn prefetch(at: *const f32);
    /// The lanes of `self` and `other` one by one in turn, from the lower halves and from the upper.
    unsafe fn zip(self, other: Self) -> (Self, Self);
    /// The even lanes of `self` and then `other`, and the odd ones: undoes [`Lanes::zip`].
    unsafe fn unzip(self, other: Self) -> (Self, Self);
    /// Transposes `rows <= N` rows of `N` numbers, `from_row` apart at `from`, into `N` rows of `N`,
    /// `to_row` apart at `to`; what would come from the missing rows is 0.
    unsafe fn transpose(
        from: *const f32,
        from_row: usize,
        rows: usize,
        to: *mut f32,
        to_row: usize,
    );
}

/// An instruction set that this CPU has: holding the value proves it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Isa(pub(crate) Kind);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// AVX-512, and tiles for the larger products.
    #[cfg(target_arch = "x86_64")]
    Amx,
    #[cfg(target_arch = "x86_64")]
    Avx512,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    Portable,
}

/// All that there are, fastest first.
const KINDS: &[Kind] = &[
    #[cfg(target_arch = "x86_64")]
    Kind::Amx,
    #[cfg(target_arch = "x86_64")]
    Kind::Avx512,
    #[cfg(target_arch = "x86_64")]
    Kind::Avx2,
    Kind::Portable,
];

/// The place in [`KINDS`] of what the process is pinned to. Only [`Isa::pin`] writes it, so that the CPU has it.
static PINNED: AtomicUsize = AtomicUsize::new(usize::MAX);

impl Isa {
    /// The fastest instruction set that this process may use: the CPU's, or the one that it is pinned to.
    pub fn best() -> Isa {
        match KINDS.get(PINNED.load(Ordering::Relaxed)) {
            Some(&kind) => Isa(kind),
            None => Isa::fastest(),
        }
    }

    /// The fastest of this CPU.
    fn fastest() -> Isa {
        #[cfg(target_arch = "x86_64")]
        {
            // All that `multiversion!` enables for each.
            if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
                if is_x86_feature_detected!("avx512f") {
                    return Isa(match amx::is_ready() {
                        true => Kind::Amx,
                        false => Kind::Avx512,
                    });
                }
                return Isa(Kind::Avx2);
            }
        }
        Isa(Kind::Portable)
    }

    /// Pins the process to this instruction set: [`Isa::best`] is this one from now on, until another is pinned.
    ///
    /// Call it before anything is computed. Whoever has asked for the best already goes on with that.
    pub fn pin(self) {
        let place = KINDS.iter().position(|&kind| kind == self.0);
        PINNED.store(place.unwrap_or(usize::MAX), Ordering::Relaxed);
    }

    /// All that this CPU has, fastest first, whatever the process is pinned to.
    pub fn available() -> Vec<Isa> {
        let kinds = KINDS.iter().map(|&kind| Isa(kind));
        kinds.skip_while(|&isa| isa != Isa::fastest()).collect()
    }

    /// The same without tiles, for products that are too small for them.
    pub(crate) fn without_tiles(self) -> Isa {
        #[cfg(target_arch = "x86_64")]
        if self.0 == Kind::Amx {
            return Isa(Kind::Avx512);
        }
        self
    }

    /// Its name: `AMX` (which has AVX-512 too), `AVX-512`, `AVX2` (with FMA) or `portable`.
    pub fn name(self) -> &'static str {
        match self.0 {
            #[cfg(target_arch = "x86_64")]
            Kind::Amx => "AMX",
            #[cfg(target_arch = "x86_64")]
            Kind::Avx512 => "AVX-512",
            #[cfg(target_arch = "x86_64")]
            Kind::Avx2 => "AVX2",
            Kind::Portable => "portable",
        }
    }
}

/// Compiles `$body::<L>` once an instruction set and makes `$name`, which calls the one that an
/// [`Isa`] stands for.
macro_rules! multiversion {
    ($(#[$meta:meta])* $vis:vis unsafe fn $name:ident $(<const $c:ident: $ct:ty>)? ($($arg:ident: $type:ty),* $(,)?) $(-> $out:ty)? = $body:ident) => {
        $(#[$meta])*
        #[allow(clippy::too_many_arguments)]
        $vis unsafe fn $name $(<const $c: $ct>)? (isa: $crate::lanes::Isa, $($arg: $type),*) $(-> $out)? {
            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx512f,avx2,fma")]
            #[allow(clippy::too_many_arguments)]
            unsafe fn avx512 $(<const $c: $ct>)? ($($arg: $type),*) $(-> $out)? {
                // SAFETY: the caller's promises are passed on.
                unsafe { $body::<$crate::lanes::Avx512 $(, $c)?>($($arg),*) }
            }
            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx2,fma")]
            #[allow(clippy::too_many_arguments)]
            unsafe fn avx2 $(<const $c: $ct>)? ($($arg: $type),*) $(-> $out)? {
                // SAFETY: the caller's promises are passed on.
                unsafe { $body::<$crate::lanes::Avx2 $(, $c)?>($($arg),*) }
            }
            // SAFETY: an `Isa` exists only for an instruction set that the CPU has; the caller's
            // other promises are passed on.
            unsafe {
                match isa.0 {
                    #[cfg(target_arch = "x86_64")]
                    $crate::lanes::Kind::Amx | $crate::lanes::Kind::Avx512 => avx512$(::<$c>)?($($arg),*),
                    #[cfg(target_arch = "x86_64")]
                    $crate::lanes::Kind::Avx2 => avx2$(::<$c>)?($($arg),*),
                    $crate::lanes::Kind::Portable => $body::<$crate::lanes::Portable $(, $c)?>($($arg),*),
                }
            }
        }
    };
}
pub(crate) use multiversion;
