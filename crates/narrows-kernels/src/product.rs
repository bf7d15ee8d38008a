//! Matrix products: `C = start + A · B`, for the shapes of a training step.
//!
//! One micro-kernel serves the three products of a dense layer, because `A` is read one number at
//! a time (so any two strides do) and `B` a panel of [`PANEL`] neighbouring columns at a time:
//!
//! | product | `A` | `B` | sum over |
//! |---|---|---|---|
//! | forward, `y = x Wᵀ + b` | `x` | `Wᵀ` in packed panels | inputs |
//! | gradient of the input, `dx = dy W` | `dy` | `W` as it lies | outputs |
//! | gradient of the weights, `dW = dyᵀ x` | `dyᵀ` | `x` as it lies | rows of the batch |
//!
//! The kernel in pseudo-code:
//!
//! ```text
//! for each block of K, for each pair of panels, for each block of rows:
//!     acc[rows][panels] = start, or C where K goes on
//!     for k in block:  acc[i][j] += A[i][k] * B[k][j]     every i, j of the tile, in registers
//!     C = acc
//! ```
//!
//! Each element is thus summed over `k` in order, one multiply-add at a time, whatever the size
//! of `C` or the place of the element in it: cutting the rows or columns of a product among
//! threads does not change a bit. (Storing and reloading an accumulator is exact.)

use crate::lanes::{Isa, Lanes, multiversion};

/// The number of columns that a packed panel holds; the last panel is padded with zeros.
pub const PANEL: usize = 16;

/// How much of the sum over `k` is done before the next rows: with a pair of panels, 32 KiB, which
/// stay in the first-level cache while all rows pass by.
const K_BLOCK: usize = 256;

/// The rows of a register tile at the most.
const MAX_ROWS: usize = 12;

/// A matrix that is read one number at a time: element `(i, k)` lies at `i * row + k * column`.
#[derive(Clone, Copy, Debug)]
pub struct Left<'a> {
    /// The numbers.
    pub data: &'a [f32],
    /// The distance from a row to the next.
    pub row: usize,
    /// The distance from a column to the next.
    pub column: usize,
}

/// A matrix that is read a panel of columns at a time.
#[derive(Clone, Copy, Debug)]
pub struct Right<'a> {
    data: &'a [f32],
    panel: usize,
    row: usize,
    padded: bool,
}

impl<'a> Right<'a> {
    /// A row-major matrix as it lies, `row` numbers from a row to the next.
    pub fn row_major(data: &'a [f32], row: usize) -> Self {
        Right {
            data,
            panel: PANEL,
            row,
            padded: false,
        }
    }

    /// `k` rows in panels as [`pack_transposed`] writes them.
    pub fn packed(data: &'a [f32], k: usize) -> Self {
        Right {
            data,
            panel: PANEL.saturating_mul(k),
            row: PANEL,
            padded: true,
        }
    }
}

/// What the sum starts from.
#[derive(Clone, Copy, Debug)]
pub enum Start<'a> {
    /// Nothing: `C = A · B`.
    Zero,
    /// A row vector: `C = 1 · bias + A · B`.
    Bias(&'a [f32]),
    /// What is there: `C += A · B`.
    Accumulate,
}

/// The numbers that [`pack_transposed`] fills for a matrix of `rows` × `columns`.
///
/// # Panics
///
/// When they cannot be counted.
pub fn packed_len(rows: usize, columns: usize) -> usize {
    let len = rows
        .checked_next_multiple_of(PANEL)
        .and_then(|rows| rows.checked_mul(columns));
    len.expect("a matrix that fits the memory")
}

/// How many numbers a matrix needs whose last `width` lie `i` rows and `k` columns in; `None`
/// where no slice is that long.
fn extent((i, row): (usize, usize), (k, column): (usize, usize), width: usize) -> Option<usize> {
    let down = i.checked_mul(row)?;
    let along = k.checked_mul(column)?;
    down.checked_add(along)?.checked_add(width)
}

/// Packs the transpose of a row-major matrix `[rows, columns]` into panels: number `(r, c)` goes to
/// `(r / PANEL, c, r % PANEL)`. Padding is written as 0.
///
/// # Panics
///
/// When `matrix` or `packed` do not have the lengths that follow from `columns`.
pub fn pack_transposed(isa: Isa, matrix: &[f32], columns: usize, packed: &mut [f32]) {
    if columns == 0 {
        return;
    }
    assert!(
        matrix.len().is_multiple_of(columns),
        "a whole number of rows"
    );
    let rows = matrix.len() / columns;
    assert_eq!(packed.len(), packed_len(rows, columns));
    for (rows, panel) in matrix
        .chunks(PANEL * columns)
        .zip(packed.chunks_exact_mut(PANEL * columns))
    {
        let count = rows.len() / columns;
        if count < PANEL {
            panel.fill(0.0);
        }
        // SAFETY: `rows` holds `count <= PANEL` rows of `columns`, `panel` `PANEL * columns`.
        unsafe { pack_panel(isa, rows.as_ptr(), count, columns, panel.as_mut_ptr()) }
    }
}

multiversion! {
    unsafe fn pack_panel(rows: *const f32, count: usize, columns: usize, panel: *mut f32) = pack_panel_body
}

/// # Safety
///
/// `count <= PANEL` rows of `columns` numbers at `rows`; `PANEL * columns` at `panel`.
#[inline(always)]
unsafe fn pack_panel_body<L: Lanes>(
    rows: *const f32,
    count: usize,
    columns: usize,
    panel: *mut f32,
) {
    // SAFETY: all indices stay below the lengths that the caller promises.
    unsafe {
        // Whole squares by vectors, what is left one by one.
        let squares = if count == PANEL {
            columns / L::N * L::N
        } else {
            0
        };
        for c in (0..squares).step_by(L::N) {
            for r in (0..PANEL).step_by(L::N) {
                L::transpose(
                    rows.add(r * columns + c),
                    columns,
                    panel.add(c * PANEL + r),
                    PANEL,
                );
            }
        }
        for r in 0..count {
            for c in squares..columns {
                *panel.add(c * PANEL + r) = *rows.add(r * columns + c);
            }
        }
    }
}

/// `C = start + A · B` for `C` of `m` × `n`, summed over `k`; `C`'s rows lie `c_row` apart.
///
/// # Panics
///
/// When a matrix is too short for its shape and strides, or `b` is packed for another `k`.
#[allow(clippy::too_many_arguments)]
pub fn product(
    isa: Isa,
    (m, n, k): (usize, usize, usize),
    a: Left<'_>,
    b: Right<'_>,
    start: Start<'_>,
    c: &mut [f32],
    c_row: usize,
) {
    if m == 0 || n == 0 {
        return;
    }
    // Strides come from the caller: sums that wrapped would let the loops leave the slices.
    let holds = |data: &[f32], len: Option<usize>| len.is_some_and(|len| len <= data.len());
    assert!(
        holds(c, extent((m - 1, c_row), (0, 0), n)) && (m == 1 || c_row >= n),
        "C is too short"
    );
    if k > 0 {
        assert!(
            holds(a.data, extent((m - 1, a.row), (k - 1, a.column), 1)),
            "A is too short"
        );
        let last_panel = (n - 1) / PANEL;
        let width = if b.padded {
            PANEL
        } else {
            n - last_panel * PANEL
        };
        assert!(
            holds(b.data, extent((last_panel, b.panel), (k - 1, b.row), width)),
            "B is too short"
        );
        assert!(
            !b.padded || b.panel / PANEL == k,
            "B is packed for another k"
        );
    }
    let bias = match start {
        Start::Bias(bias) => {
            assert!(bias.len() >= n, "the bias is too short");
            bias.as_ptr()
        }
        _ => std::ptr::null(),
    };
    let mut job = Job {
        n,
        k: 0,
        a: a.data.as_ptr(),
        a_row: a.row,
        a_column: a.column,
        b: b.data.as_ptr(),
        b_panel: b.panel,
        b_row: b.row,
        bias,
        accumulate: matches!(start, Start::Accumulate),
        c: c.as_mut_ptr(),
        c_row,
    };
    let mut done = 0;
    loop {
        job.k = (k - done).min(K_BLOCK);
        // SAFETY: the lengths were checked above, for all of `k`.
        unsafe { run(isa, &job, m) };
        done += job.k;
        if done == k {
            return;
        }
        // SAFETY: `done < k`, so that both stay inside.
        unsafe {
            job.a = job.a.add(K_BLOCK * job.a_column);
            job.b = job.b.add(K_BLOCK * job.b_row);
        }
        job.bias = std::ptr::null();
        job.accumulate = true;
    }
}

/// One block of `k` of a product.
#[derive(Clone, Copy)]
struct Job {
    n: usize,
    k: usize,
    a: *const f32,
    a_row: usize,
    a_column: usize,
    b: *const f32,
    b_panel: usize,
    b_row: usize,
    /// Null where there is none.
    bias: *const f32,
    accumulate: bool,
    c: *mut f32,
    c_row: usize,
}

multiversion! {
    unsafe fn run(job: &Job, m: usize) = run_body
}

/// # Safety
///
/// The matrices of `job` hold what their shapes and strides say.
#[inline(always)]
unsafe fn run_body<L: Lanes>(job: &Job, m: usize) {
    // A register file of 32 vectors of 16 takes 12 rows of two panels; one of 16 vectors of 8,
    // 6 rows of one.
    let (rows, panels) = if L::N == PANEL { (MAX_ROWS, 2) } else { (6, 1) };
    let blocks = m.div_ceil(rows);
    let columns = panels * PANEL;
    // Rows of B that lie far apart cost a page and a cache line each: where enough rows of C pass
    // by, the block is copied side by side first.
    let copies = job.b_row > 2 * PANEL && blocks >= 5;
    let mut buffer = Buffer([std::mem::MaybeUninit::uninit(); K_BLOCK * 2 * PANEL]);
    let mut column = 0;
    // SAFETY: `column < n` and `row < m`, and the tiles stay below both.
    unsafe {
        while column < job.n {
            let width = (job.n - column).min(columns);
            let job = if copies {
                &copy::<L>(job, column, width, &mut buffer)
            } else {
                job
            };
            let mut row = 0;
            for block in 0..blocks {
                // Even blocks, so that none is a sliver.
                let count = (m - row).div_ceil(blocks - block);
                tile::<L>(job, row, count, column, width);
                row += count;
            }
            column += columns;
        }
    }
}

/// A block of B, side by side.
#[repr(align(64))]
struct Buffer([std::mem::MaybeUninit<f32>; K_BLOCK * 2 * PANEL]);

/// The job with `width` columns of B from `column` on read from a copy in `buffer`.
///
/// # Safety
///
/// As [`run_body`]; `width <= 2 * PANEL`, and the columns lie inside B, whose panels adjoin.
#[inline(always)]
unsafe fn copy<L: Lanes>(job: &Job, column: usize, width: usize, buffer: &mut Buffer) -> Job {
    let to = buffer.0.as_mut_ptr().cast::<f32>();
    // SAFETY: `k <= K_BLOCK` rows of at most `2 * PANEL` fit the buffer; reads stay in the columns.
    unsafe {
        // Where `k` is 0 there may be no B at all.
        let from = job.b.wrapping_add(column);
        for k in 0..job.k {
            let (from, to) = (from.add(k * job.b_row), to.add(k * 2 * PANEL));
            let mut at = 0;
            while at + L::N <= width {
                L::load(from.add(at)).store(to.add(at));
                at += L::N;
            }
            if at < width {
                L::load_first(from.add(at), width - at).store(to.add(at));
            }
        }
    }
    Job {
        b: to.wrapping_sub(column),
        b_panel: PANEL,
        b_row: 2 * PANEL,
        ..*job
    }
}

/// # Safety
///
/// As [`run_body`]; the tile lies inside `C`.
#[inline(always)]
unsafe fn tile<L: Lanes>(job: &Job, row: usize, rows: usize, column: usize, width: usize) {
    // SAFETY: passed on.
    unsafe {
        if L::N == PANEL {
            if width == 2 * PANEL {
                rows_of::<L, 2, false>(job, row, rows, column, width);
            } else if width > PANEL {
                rows_of::<L, 2, true>(job, row, rows, column, width);
            } else if width == PANEL {
                rows_of::<L, 1, false>(job, row, rows, column, width);
            } else {
                rows_of::<L, 1, true>(job, row, rows, column, width);
            }
        } else if width == PANEL {
            rows_of::<L, 2, false>(job, row, rows, column, width);
        } else {
            rows_of::<L, 2, true>(job, row, rows, column, width);
        }
    }
}

/// # Safety
///
/// As [`tile`].
#[inline(always)]
unsafe fn rows_of<L: Lanes, const VECTORS: usize, const PARTIAL: bool>(
    job: &Job,
    row: usize,
    rows: usize,
    column: usize,
    width: usize,
) {
    macro_rules! of {
        ($($count:literal)*) => {
            match rows {
                // SAFETY: passed on.
                $($count => unsafe {
                    micro::<L, $count, VECTORS, PARTIAL>(job, row, column, width)
                },)*
                _ => unreachable!("a tile has at most {MAX_ROWS} rows"),
            }
        };
    }
    if L::N == PANEL {
        of!(1 2 3 4 5 6 7 8 9 10 11 12)
    } else {
        of!(1 2 3 4 5 6)
    }
}

/// How many columns of a tile `width` wide are in its vector `v`.
#[inline(always)]
fn live<L: Lanes>(v: usize, width: usize) -> usize {
    width.saturating_sub(v * L::N).min(L::N)
}

/// Vector `v` of a tile `width` wide, masked where it may be `PARTIAL`.
///
/// # Safety
///
/// As many numbers at `from` as are live.
#[inline(always)]
unsafe fn load_live<L: Lanes, const PARTIAL: bool>(from: *const f32, v: usize, width: usize) -> L {
    // SAFETY: passed on.
    unsafe {
        if PARTIAL {
            L::load_first(from, live::<L>(v, width))
        } else {
            L::load(from)
        }
    }
}

/// The micro-kernel: `ROWS` rows by `VECTORS` vectors of `C`, held in registers over all of `k`.
///
/// With `PARTIAL` the last vectors hold fewer than `L::N` columns (or none), and are masked.
///
/// # Safety
///
/// As [`tile`].
#[inline(always)]
unsafe fn micro<L: Lanes, const ROWS: usize, const VECTORS: usize, const PARTIAL: bool>(
    job: &Job,
    row: usize,
    column: usize,
    width: usize,
) {
    // SAFETY: every address below is that of an element inside the tile, or masked off.
    unsafe {
        let mut acc = [[L::splat(0.0); VECTORS]; ROWS];
        let c = job.c.add(row * job.c_row + column);
        if job.accumulate {
            for (i, acc) in acc.iter_mut().enumerate() {
                for (v, acc) in acc.iter_mut().enumerate() {
                    *acc =
                        load_live::<L, PARTIAL>(c.wrapping_add(i * job.c_row + v * L::N), v, width);
                }
            }
        } else if !job.bias.is_null() {
            for v in 0..VECTORS {
                let bias = job.bias.wrapping_add(column + v * L::N);
                let bias = load_live::<L, PARTIAL>(bias, v, width);
                for acc in &mut acc {
                    acc[v] = bias;
                }
            }
        }
        // Where each vector of B begins: panels may lie far apart.
        let mut b: [*const f32; VECTORS] = std::array::from_fn(|v| {
            let at = column + v * L::N;
            job.b.wrapping_add(at / PANEL * job.b_panel + at % PANEL)
        });
        // Rows of A in threes, so that base, base + step and base + 2 * step are addresses that
        // the processor forms by itself.
        const THREES: usize = MAX_ROWS / 3;
        let step = job.a_row;
        let mut a: [*const f32; THREES] =
            std::array::from_fn(|t| job.a.wrapping_add((row + 3 * t).wrapping_mul(step)));
        for _ in 0..job.k {
            let mut vectors = [L::splat(0.0); VECTORS];
            for (v, vector) in vectors.iter_mut().enumerate() {
                *vector = load_live::<L, PARTIAL>(b[v], v, width);
            }
            for (i, acc) in acc.iter_mut().enumerate() {
                let factor = L::splat(*a[i / 3].wrapping_add(i % 3 * step));
                for (acc, vector) in acc.iter_mut().zip(vectors) {
                    *acc = factor.mul_add(vector, *acc);
                }
            }
            for b in &mut b {
                *b = b.wrapping_add(job.b_row);
            }
            for a in &mut a {
                *a = a.wrapping_add(job.a_column);
            }
        }
        for (i, acc) in acc.iter().enumerate() {
            for (v, acc) in acc.iter().enumerate() {
                let to = c.wrapping_add(i * job.c_row + v * L::N);
                if PARTIAL {
                    acc.store_first(to, live::<L>(v, width));
                } else {
                    acc.store(to);
                }
            }
        }
    }
}
