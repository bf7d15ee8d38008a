//! Matrix products: `C = start + A · B`, for the shapes of a training step.
//!
//! One micro-kernel serves the three products of a dense layer, because `A` is read one number at
//! a time (so any two strides do) and `B` a panel of [`PANEL`] neighbouring columns at a time:
//!
//! | product | `A` | `B` | sum over |
//! |---|---|---|---|
//! | forward, `y = x Wᵀ + b` | `x` | `W`, transposed a block at a time | inputs |
//! | gradient of the input, `dx = dy W` | `dy` | `W` as it lies | outputs |
//! | gradient of the weights, `dW = dyᵀ x` | `dyᵀ` | `x` as it lies | rows of the batch |
//!
//! The kernel in pseudo-code:
//!
//! ```text
//! for each block of k, for each pair of panels:
//!     copy the block of B side by side, if it lies transposed or far apart
//!     for each block of rows:
//!         acc[rows][panels] = start, or C where k goes on
//!         for k in block:  acc[i][j] += A[i][k] * B[k][j]   every i, j of the tile, in registers
//!         C = acc
//! ```
//!
//! Each element is thus summed over `k` in order, one multiply-add at a time, whatever the size
//! of `C` or the place of the element in it: cutting the rows or columns of a product among
//! threads does not change a bit. (Storing and reloading an accumulator is exact.)

use crate::lanes::{Isa, Lanes, multiversion};

/// The number of columns of `C` that are formed together; work is best cut at its multiples.
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
    row: usize,
    is_transposed: bool,
}

impl<'a> Right<'a> {
    /// A row-major matrix as it lies, `row` numbers from a row to the next.
    pub fn row_major(data: &'a [f32], row: usize) -> Self {
        Right {
            data,
            row,
            is_transposed: false,
        }
    }

    /// The transpose of a row-major matrix, whose rows (the columns of this one) lie `row` apart.
    pub fn transpose_of(data: &'a [f32], row: usize) -> Self {
        Right {
            data,
            row,
            is_transposed: true,
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

/// How many numbers a matrix needs whose last `width` lie `i` rows and `k` columns in; `None`
/// where no slice is that long.
fn extent((i, row): (usize, usize), (k, column): (usize, usize), width: usize) -> Option<usize> {
    let down = i.checked_mul(row)?;
    let along = k.checked_mul(column)?;
    down.checked_add(along)?.checked_add(width)
}

/// `C = start + A · B` for `C` of `m` × `n`, summed over `k`; `C`'s rows lie `c_row` apart.
///
/// # Panics
///
/// When a matrix is too short for its shape and strides.
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
        let b_len = if b.is_transposed {
            extent((n - 1, b.row), (k - 1, 1), 1)
        } else {
            extent((k - 1, b.row), (0, 0), n)
        };
        assert!(holds(b.data, b_len), "B is too short");
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
        b_row: b.row,
        b_is_transposed: b.is_transposed,
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
            let step = if job.b_is_transposed { 1 } else { job.b_row };
            job.b = job.b.add(K_BLOCK * step);
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
    b_row: usize,
    b_is_transposed: bool,
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
    // With `k` of 0 there may be no B at all.
    let far = job.b_row > 2 * PANEL && blocks >= 3 && job.k >= 96;
    let copies = far || (job.b_is_transposed && job.k > 0);
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
/// As [`run_body`]; `width <= 2 * PANEL`, and the columns lie inside B.
#[inline(always)]
unsafe fn copy<L: Lanes>(job: &Job, column: usize, width: usize, buffer: &mut Buffer) -> Job {
    let to = buffer.0.as_mut_ptr().cast::<f32>();
    // SAFETY: `k <= K_BLOCK` rows of at most `2 * PANEL` fit the buffer; reads stay in the columns.
    unsafe {
        if job.b_is_transposed {
            transpose::<L>(job.b.add(column * job.b_row), job.b_row, width, job.k, to);
        } else {
            let from = job.b.add(column);
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
    }
    Job {
        b: to.wrapping_sub(column),
        b_row: 2 * PANEL,
        b_is_transposed: false,
        ..*job
    }
}

/// Transposes `rows` rows of `columns` numbers at `from` into columns `2 * PANEL` apart at `to`.
///
/// # Safety
///
/// The rows lie `from_row` apart; `rows <= 2 * PANEL`, and `columns * 2 * PANEL` numbers fit at `to`.
#[inline(always)]
unsafe fn transpose<L: Lanes>(
    from: *const f32,
    from_row: usize,
    rows: usize,
    columns: usize,
    to: *mut f32,
) {
    // SAFETY: squares and single numbers stay inside the rows and columns.
    unsafe {
        let mut r = 0;
        while r < rows {
            let count = (rows - r).min(L::N);
            let mut c = 0;
            // Whole squares; the last one goes back over what the one before has done.
            while c < columns && columns >= L::N {
                c = c.min(columns - L::N);
                let (from, to) = (from.add(r * from_row + c), to.add(c * 2 * PANEL + r));
                L::transpose(from, from_row, count, to, 2 * PANEL);
                c += L::N;
            }
            for c in c..columns {
                for r in r..r + count {
                    *to.add(c * 2 * PANEL + r) = *from.add(r * from_row + c);
                }
            }
            r += L::N;
        }
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
        let mut b: [*const f32; VECTORS] =
            std::array::from_fn(|v| job.b.wrapping_add(column + v * L::N));
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
