//! Which instruction sets the CPU has, and functions that are compiled for each.

#[cfg(target_arch = "x86_64")]
use super::amx;

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

impl Isa {
    /// The fastest instruction set of this CPU.
    pub fn best() -> Isa {
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

    /// All that this CPU has, fastest first; for tests and benchmarks.
    pub fn available() -> Vec<Isa> {
        let kinds = [
            #[cfg(target_arch = "x86_64")]
            Kind::Amx,
            #[cfg(target_arch = "x86_64")]
            Kind::Avx512,
            #[cfg(target_arch = "x86_64")]
            Kind::Avx2,
            Kind::Portable,
        ];
        let slower = kinds
            .into_iter()
            .skip_while(|&kind| Isa(kind) != Isa::best());
        slower.map(Isa).collect()
    }

    /// The same without tiles, for products that are too small for them.
    pub(crate) fn without_tiles(self) -> Isa {
        #[cfg(target_arch = "x86_64")]
        if self.0 == Kind::Amx {
            return Isa(Kind::Avx512);
        }
        self
    }

    /// Its name, for people.
    pub fn name(self) -> &'static str {
        match self.0 {
            #[cfg(target_arch = "x86_64")]
            Kind::Amx => "AVX-512 and AMX",
            #[cfg(target_arch = "x86_64")]
            Kind::Avx512 => "AVX-512",
            #[cfg(target_arch = "x86_64")]
            Kind::Avx2 => "AVX2 and FMA",
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
