//! A checked product: the arguments of the micro-kernels.

/// The number of columns of `C` that are computed together; work is best split at its multiples.
pub const PANEL: usize = 16;

/// The part of the sum over `k` that is done at a time.
pub(super) const K_BLOCK: usize = 1024;

/// One block of `k` of a product.
#[derive(Clone, Copy)]
pub(super) struct Job {
    pub(super) m: usize,
    pub(super) n: usize,
    pub(super) k: usize,
    pub(super) a: *const f32,
    pub(super) a_row: usize,
    pub(super) a_column: usize,
    pub(super) b: *const f32,
    pub(super) b_row: usize,
    pub(super) b_is_transposed: bool,
    /// Null if there is none.
    pub(super) bias: *const f32,
    pub(super) accumulate: bool,
    /// Whether the vectors run down the rows of C.
    pub(super) is_down: bool,
    pub(super) c: *mut f32,
    pub(super) c_row: usize,
}
