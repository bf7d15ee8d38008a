//! The instruction sets of the CPU, and functions that are compiled for each.

#[cfg(target_arch = "x86_64")]
use super::amx;
use std::sync::atomic::{AtomicUsize, Ordering};

/// An instruction set that this CPU has; a value of this type proves it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Isa(pub(crate) Kind);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// AVX-512, with tiles for the larger products.
    #[cfg(target_arch = "x86_64")]
    Amx,
    #[cfg(target_arch = "x86_64")]
    Avx512,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    Portable,
}

/// All instruction sets, fastest first.
const KINDS: &[Kind] = &[
    #[cfg(target_arch = "x86_64")]
    Kind::Amx,
    #[cfg(target_arch = "x86_64")]
    Kind::Avx512,
    #[cfg(target_arch = "x86_64")]
    Kind::Avx2,
    Kind::Portable,
];

/// The index in [`KINDS`] of the pinned instruction set. Only [`Isa::pin`] writes it, so the CPU has this set.
static PINNED: AtomicUsize = AtomicUsize::new(usize::MAX);

impl Isa {
    /// The fastest instruction set that this process may use: the CPU's fastest, or the pinned one.
    pub fn best() -> Isa {
        match KINDS.get(PINNED.load(Ordering::Relaxed)) {
            Some(&kind) => Isa(kind),
            None => Isa::fastest(),
        }
    }

    /// The fastest instruction set of this CPU.
    fn fastest() -> Isa {
        #[cfg(target_arch = "x86_64")]
        {
            // All that `multiversion!` enables for each.
            if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
                if is_x86_feature_detected!("avx512f") {
                    return Isa(if amx::is_ready() {
                        Kind::Amx
                    } else {
                        Kind::Avx512
                    });
                }
                return Isa(Kind::Avx2);
            }
        }
        Isa(Kind::Portable)
    }

    /// Pins the process to this instruction set: [`Isa::best`] is this one from now on, until another is pinned.
    ///
    /// Call it before anything is computed: code that already called [`Isa::best`] keeps its result.
    pub fn pin(self) {
        let place = KINDS.iter().position(|&kind| kind == self.0);
        PINNED.store(place.unwrap_or(usize::MAX), Ordering::Relaxed);
    }

    /// All instruction sets of this CPU, fastest first; pinning has no effect on this list.
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

/// Compiles `$body::<L>` once for each instruction set, and defines `$name`, which calls the version for an [`Isa`].
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
