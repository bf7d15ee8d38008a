//! The eight tiles: four for the sums of a block, two for rows of A, two for columns of B.
//!
//! The compiler does not know the tiles: it neither uses nor saves them. So the content that one function leaves in
//! them is there for the next function, until another product on the same thread.

use super::sizes::STEP_BYTES;
use std::arch::asm;

/// A tile configuration in memory.
#[repr(C, align(64))]
struct Configuration {
    palette: u8,
    start_row: u8,
    reserved: [u8; 14],
    row_bytes: [u16; 16],
    rows: [u8; 16],
}

/// All eight tiles in full size: sixteen rows of 64 bytes.
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

/// Configures the tiles.
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

/// Releases the tiles, so that the system need not save them when it switches threads.
///
/// # Safety
///
/// As [`configure`].
#[inline(always)]
pub(super) unsafe fn release() {
    // SAFETY: by the caller's promise.
    unsafe { asm!("tilerelease", options(nostack, nomem, preserves_flags)) }
}

/// Starts the sums at 0, or at the sums in a block whose rows are `c_row` apart.
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

/// Stores the sums to a block whose rows are `c_row` apart.
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

/// Loads two tiles, and adds the products of all.
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
/// Loads a part of A, and multiplies.
macro_rules! with_a {
    ($at:expr) => {
        products!(a = $at; "tileloadd tmm4, [{a} + {row}*1]" "tileloadd tmm5, [{a} + {row}*1 + 1024]")
    };
}
/// Loads a part of B, and multiplies.
macro_rules! with_b {
    ($at:expr) => {
        products!(b = $at; "tileloadd tmm6, [{b} + {row}*1]" "tileloadd tmm7, [{b} + {row}*1 + 1024]")
    };
}

/// Loads a part of A.
macro_rules! load_a {
    ($at:expr) => {
        asm!(
            "tileloadd tmm4, [{a} + {row}*1]",
            "tileloadd tmm5, [{a} + {row}*1 + 1024]",
            a = in(reg) $at,
            row = in(reg) 64usize,
            options(nostack, readonly, preserves_flags),
        )
    };
}

/// Loads a part of B.
macro_rules! load_b {
    ($at:expr) => {
        asm!(
            "tileloadd tmm6, [{b} + {row}*1]",
            "tileloadd tmm7, [{b} + {row}*1 + 1024]",
            b = in(reg) $at,
            row = in(reg) 64usize,
            options(nostack, readonly, preserves_flags),
        )
    };
}

/// The distance between parts in bytes.
const PART: usize = STEP_BYTES / 3;

/// The number of turns of a step.
pub(super) const TURNS: usize = 6;

/// Adds the products of one pair of parts of a step, after the turns before: h l, h m, m m, m h, l h, h h. So each turn
/// except the first loads only one side, and the largest products come last.
///
/// # Safety
///
/// The tiles are configured; a step of parts lies at `a` and at `b`.
#[inline(always)]
pub(super) unsafe fn turn(turn: usize, a: *const u8, b: *const u8) {
    // SAFETY: by the caller's promise.
    unsafe {
        match turn {
            0 => {
                load_a!(a);
                with_b!(b.add(2 * PART));
            }
            1 => with_b!(b.add(PART)),
            2 => with_a!(a.add(PART)),
            3 => with_b!(b),
            4 => with_a!(a.add(2 * PART)),
            _ => with_a!(a),
        }
    }
}

/// The same with the sides exchanged: l h, m h, m m, h m, h l, h h.
///
/// # Safety
///
/// As [`turn`].
#[inline(always)]
pub(super) unsafe fn mirrored_turn(turn: usize, a: *const u8, b: *const u8) {
    // SAFETY: by the caller's promise.
    unsafe {
        match turn {
            0 => {
                load_b!(b);
                with_a!(a.add(2 * PART));
            }
            1 => with_a!(a.add(PART)),
            2 => with_b!(b.add(PART)),
            3 => with_a!(a),
            4 => with_b!(b.add(2 * PART)),
            _ => with_b!(b),
        }
    }
}
