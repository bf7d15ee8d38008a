//! The multiply-add rate of this CPU, with which benchmarks compare the kernels.

use crate::lanes::{Isa, Lanes, multiversion};

/// The number of independent chains: enough to hide the latency of two multiply-add units.
const CHAINS: usize = 12;

/// Runs `rounds` of multiply-adds only in registers. Returns the number of floating-point operations (a multiply-add
/// counts as two), and a value that depends on all of them.
pub fn multiply_adds(isa: Isa, rounds: usize) -> (f64, f32) {
    let mut lanes = 0;
    // SAFETY: the `Isa` proves the instruction set.
    let value = unsafe { chains(isa, rounds, &mut lanes) };
    (2.0 * (CHAINS * lanes) as f64 * rounds as f64, value)
}

multiversion! {
    unsafe fn chains(rounds: usize, lanes: &mut usize) -> f32 = chains_body
}

/// # Safety
///
/// The CPU has the instruction set of `L`.
#[inline(always)]
unsafe fn chains_body<L: Lanes>(rounds: usize, lanes: &mut usize) -> f32 {
    *lanes = L::N;
    // SAFETY: by the caller's promise; `out` holds `L::N <= 16` numbers.
    unsafe {
        let factor = L::splat(std::hint::black_box(0.999_999));
        let addend = L::splat(std::hint::black_box(1e-7));
        let mut chains: [L; CHAINS] = std::array::from_fn(|i| L::splat(i as f32));
        for _ in 0..rounds {
            for chain in &mut chains {
                *chain = chain.mul_add(factor, addend);
            }
        }
        let mut sum = L::splat(0.0);
        for chain in chains {
            sum = sum.add(chain);
        }
        let mut out = [0.0; 16];
        sum.store(out.as_mut_ptr());
        out.iter().sum()
    }
}
