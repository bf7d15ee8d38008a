//! The eight tiles: four for the sums of a block, two for rows of A, two for columns of B.
//!
//! The compiler knows nothing of tiles: it neither keeps anything in them nor saves them, so that what one
//! function leaves in them is there for the next, until another product on the same thread.

use super::STEP_BYTES;
use std::arch::asm;

/// What a tile configuration is in memory.
#[repr(C, align(64))]
struct Configuration {
    palette: u8,
    start_row: u8,
    reserved: [u8; 14],
    row_bytes: [u16; 16],
    rows: [u8; 16],
}

/// All eight tiles whole: sixteen rows of 64 bytes.
static WHOLE_TILES: Configuration = {
    let mut configuration = Configuration {
        palette: 1,
        start_row: 0,
        reserved: [0; 14],
        row_bytes: [0; 16],
        rows: [0; 16],
    };
    let mut tile = 0;
    while tile < 8 {
        configuration.row_bytes[tile] = 64;
        configuration.rows[tile] = 16;
        tile += 1;
    }
    configuration
};

/// Makes the tiles ready.
///
/// # Safety
///
/// The CPU and the system have AMX.
#[inline(always)]
pub(super) unsafe fn configure() {
    // SAFETY: the configuration is one that the CPU takes.
    unsafe {
        asm!("ldtilecfg [{}]", in(reg) &WHOLE_TILES, options(nostack, readonly, preserves_flags))
    }
}

/// Gives the tiles back, so that the system need not keep them when it changes threads.
///
/// # Safety
///
/// As [`configure`].
#[inline(always)]
pub(super) unsafe fn release() {
    // SAFETY: by the caller's promise.
    unsafe { asm!("tilerelease", options(nostack, nomem, preserves_flags)) }
}

/// The sums begin at 0, or at those of a block whose rows lie `c_row` apart.
///
/// # Safety
///
/// The tiles are configured; a block that goes on is whole.
#[inline(always)]
pub(super) unsafe fn begin(goes_on: bool, c: *const f32, c_row: usize) {
    // SAFETY: by the caller's promise.
    unsafe {
        if goes_on {
            asm!(
                "tileloadd tmm0, [{c} + {row}*1]",
                "tileloadd tmm1, [{c} + {row}*1 + 64]",
                "tileloadd tmm2, [{lower} + {row}*1]",
                "tileloadd tmm3, [{lower} + {row}*1 + 64]",
                c = in(reg) c,
                lower = in(reg) c.wrapping_add(16 * c_row),
                row = in(reg) c_row * size_of::<f32>(),
                options(nostack, readonly, preserves_flags),
            );
        } else {
            asm!(
                "tilezero tmm0",
                "tilezero tmm1",
                "tilezero tmm2",
                "tilezero tmm3",
                options(nostack, nomem, preserves_flags),
            );
        }
    }
}

/// Stores the sums to a block whose rows lie `c_row` apart.
///
/// # Safety
///
/// The tiles are configured; there is room for the block.
#[inline(always)]
pub(super) unsafe fn end(c: *mut f32, c_row: usize) {
    // SAFETY: by the caller's promise.
    unsafe {
        asm!(
            "tilestored [{c} + {row}*1], tmm0",
            "tilestored [{c} + {row}*1 + 64], tmm1",
            "tilestored [{lower} + {row}*1], tmm2",
            "tilestored [{lower} + {row}*1 + 64], tmm3",
            c = in(reg) c,
            lower = in(reg) c.wrapping_add(16 * c_row),
            row = in(reg) c_row * size_of::<f32>(),
            options(nostack, preserves_flags),
        );
    }
}

/// The turns of a step.
pub(super) const TURNS: usize = 6;

/// Adds the products of one pair of parts of a step, after the turns before: h l, h m, m m, m h, l h, h h. So
/// each turn but the first loads one side only, and the largest products come last.
///
/// # Safety
///
/// The tiles are configured; a step of parts lies at `a` and at `b`.
#[inline(always)]
pub(super) unsafe fn turn(turn: usize, a: *const u8, b: *const u8) {
    const { assert!(STEP_BYTES == 6144) }
    macro_rules! products {
        ($side:ident = $at:expr; $($load:literal)*) => {
            asm!(
                $($load,)*
                "tdpbf16ps tmm0, tmm4, tmm6",
                "tdpbf16ps tmm1, tmm4, tmm7",
                "tdpbf16ps tmm2, tmm5, tmm6",
                "tdpbf16ps tmm3, tmm5, tmm7",
                $side = in(reg) $at,
                row = in(reg) 64usize,
                options(nostack, readonly, preserves_flags),
            )
        };
    }
    macro_rules! a {
        ($at:expr) => {
            products!(a = $at; "tileloadd tmm4, [{a} + {row}*1]" "tileloadd tmm5, [{a} + {row}*1 + 1024]")
        };
    }
    macro_rules! b {
        ($at:expr) => {
            products!(b = $at; "tileloadd tmm6, [{b} + {row}*1]" "tileloadd tmm7, [{b} + {row}*1 + 1024]")
        };
    }
    // SAFETY: by the caller's promise.
    unsafe {
        let (a_m, a_l) = (a.add(2048), a.add(4096));
        let (b_m, b_l) = (b.add(2048), b.add(4096));
        match turn {
            0 => {
                asm!(
                    "tileloadd tmm4, [{a} + {row}*1]",
                    "tileloadd tmm5, [{a} + {row}*1 + 1024]",
                    a = in(reg) a,
                    row = in(reg) 64usize,
                    options(nostack, readonly, preserves_flags),
                );
                b!(b_l);
            }
            1 => b!(b_m),
            2 => a!(a_m),
            3 => b!(b),
            4 => a!(a_l),
            _ => a!(a),
        }
    }
}
