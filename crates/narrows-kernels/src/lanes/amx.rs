//! Whether this process may use the tiles of AMX, which the operating system grants on request.

use std::sync::OnceLock;

/// Whether the CPU has tiles with bfloat16 products, the system saves them when it switches threads, and this process
/// may use them.
pub(super) fn is_ready() -> bool {
    static READY: OnceLock<bool> = OnceLock::new();
    *READY.get_or_init(|| is_supported() && is_granted())
}

/// Whether the CPU has AMX for bfloat16, and AVX-512 for bytes and words, which is needed for packing.
fn is_supported() -> bool {
    use std::arch::x86_64::{__cpuid, __cpuid_count};
    const BF16: u32 = 1 << 22;
    const TILE: u32 = 1 << 24;
    if __cpuid(0).eax < 7 || !is_x86_feature_detected!("avx512bw") {
        return false;
    }
    let features = __cpuid_count(7, 0).edx;
    features & (BF16 | TILE) == BF16 | TILE
}

/// Requests the tiles from the system, for all present and future threads of the process.
#[cfg(target_os = "linux")]
fn is_granted() -> bool {
    const ARCH_PRCTL: i64 = 158;
    const ARCH_REQ_XCOMP_PERM: i64 = 0x1023;
    const TILE_DATA: i64 = 18;
    let mut result = ARCH_PRCTL;
    // SAFETY: the call takes two numbers, reads and writes no memory of ours, and, as all calls of the
    // kernel, changes `rax`, `rcx` and `r11` alone. A kernel that does not know it gives an error.
    unsafe {
        std::arch::asm!(
            "syscall",
            inlateout("rax") result,
            in("rdi") ARCH_REQ_XCOMP_PERM,
            in("rsi") TILE_DATA,
            lateout("rcx") _,
            lateout("r11") _,
            options(nostack),
        );
    }
    result == 0
}

#[cfg(not(target_os = "linux"))]
fn is_granted() -> bool {
    false
}
