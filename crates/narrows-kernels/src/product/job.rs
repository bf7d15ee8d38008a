//! A product that is checked: what the micro-kernels are given.

/// The number of columns of `C` that are formed together; work is best cut at its multiples.
pub const PANEL: usize = 16;

/// How much of the sum over `k` is done at a time.
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
    /// Null where there is none.
    pub(super) bias: *const f32,
    pub(super) accumulate: bool,
    /// Whether the vectors run down the rows of C.
    pub(super) is_down: bool,
    pub(super) c: *mut f32,
    pub(super) c_row: usize,
}
