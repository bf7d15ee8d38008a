//! The sizes of tiles, and of the numbers packed for them.

/// The rows, and the columns, of a block of C: two tiles.
pub(super) const BLOCK: usize = 32;

/// The number of values of `k` in a tile.
pub(super) const STEP: usize = 32;

/// The bytes of a tile.
pub(super) const TILE: usize = 1024;

/// The bytes of a step of a block: three parts of two tiles.
pub(super) const STEP_BYTES: usize = 6 * TILE;

/// The number of steps of the passing side that are packed at a time: 12 KiB, which stay in the first-level cache while
/// the panels of the other side pass.
pub(super) const PASS_STEPS: usize = 2;
