//! Matrix products: `C = start + A · B`, for the shapes of a training step.
//!
//! One micro-kernel serves the three products of a dense layer: it multiplies whole vectors of one
//! side by single numbers of the other, which may lie anyhow.
//!
//! | product | `A` | `B` | sum over |
//! |---|---|---|---|
//! | forward, `y = x Wᵀ + b` | `x`, by rows | `W`, transposed | inputs |
//! | gradient of the input, `dx = dy W` | `dy`, by rows | `W` | outputs |
//! | gradient of the weights, `dW = dyᵀ x` | `dyᵀ`, by columns | `x` | rows of the batch |
//!
//! A layer that uses the transpose of another's weights (tied weights, `y = x W + b`) takes the same three: its
//! forward pass is the second with a bias, its gradient of the input `dy Wᵀ` the first without one, and its
//! gradient of some rows of `W`, `xᵀ dy`, the third, added to that of the other use.
//!
//! The vectors of the micro-kernel run along whichever side lies ready for it:
//!
//! - where `A` lies by rows (forward, gradient of the input) they run down the rows of `C`: a panel of
//!   rows of `A` is transposed once, and the weights are read one number at a time as they lie;
//! - where `A` lies by columns (gradient of the weights), where `B` is a panel that lies side by side (the
//!   tiles of a convolution), where `C` is added to, or where `B` is not transposed and vectors have 8
//!   lanes or `A` has fewer rows than they have, they run along the rows of `C`: `A` is copied a block at a time,
//!   and `B` is read as it lies.
//!
//! So what is copied is a batch, never the far larger weights. In pseudo-code, for the first way:
//!
//! ```text
//! for each panel of rows of A:
//!     copy its transpose side by side
//!     for each tile of columns of B:
//!         acc[columns][rows] = start
//!         for k:  acc[j][i] += B[k][j] * A[i][k]   every i, j of the tile, in registers
//!         C = transpose of acc
//! ```
//!
//! Each element is thus summed over `k` in order, one multiply-add at a time, whatever the size
//! of `C`, the place of the element in it, or the way: cutting the rows or columns of a product among
//! threads does not change a bit. (Storing and reloading an accumulator is exact.)
//!
//! Where the CPU has tiles (AMX), sums over 32 numbers or more are left to them: see `amx`. Their order too
//! follows from `k` alone. Sums that go on are not: those may be cut along `k` too.

#[cfg(target_arch = "x86_64")]
mod amx;
mod buffer;
mod copies;
mod job;
mod tile;
mod ways;

#[cfg(target_arch = "x86_64")]
use crate::lanes::Kind;
use crate::lanes::{Isa, Lanes, multiversion};
use job::{Job, K_BLOCK};
use ways::{along_rows, down_rows};

pub use job::PANEL;

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
    /// What is there: `C += A · B`. Cutting the sum over `k` into several such products does not change a bit.
    Accumulate,
}

/// How many numbers a matrix needs whose last `width` lie `i` rows and `k` columns in; `None`
/// where no slice is that long.
fn extent((i, row): (usize, usize), (k, column): (usize, usize), width: usize) -> Option<usize> {
    let down = i.checked_mul(row)?;
    let along = k.checked_mul(column)?;
    down.checked_add(along)?.checked_add(width)
}

/// Allocates what products keep for the calling thread, so that none of its products has to; gives how many
/// numbers that are.
pub fn prepare(isa: Isa) -> usize {
    match isa.0 {
        #[cfg(target_arch = "x86_64")]
        Kind::Amx => amx::prepare(),
        _ => 0,
    }
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
    // A sum over nothing reads nothing, whatever its strides.
    let (a, b) = match k {
        0 => (
            Left {
                data: &[],
                row: 0,
                column: 0,
            },
            Right::row_major(&[], 0),
        ),
        _ => (a, b),
    };
    let bias = match start {
        Start::Bias(bias) => {
            assert!(bias.len() >= n, "the bias is too short");
            bias.as_ptr()
        }
        _ => std::ptr::null(),
    };
    // A panel that lies side by side is read as it lies, and sums that go on are loaded as they lie.
    let is_panel = !b.is_transposed && b.row <= 2 * PANEL;
    let accumulate = matches!(start, Start::Accumulate);
    let mut job = Job {
        is_down: a.column == 1 && !is_panel && !accumulate,
        n,
        m,
        k: 0,
        a: a.data.as_ptr(),
        a_row: a.row,
        a_column: a.column,
        b: b.data.as_ptr(),
        b_row: b.row,
        b_is_transposed: b.is_transposed,
        bias,
        accumulate,
        c: c.as_mut_ptr(),
        c_row,
    };
    #[cfg(target_arch = "x86_64")]
    let on_tiles = isa.0 == Kind::Amx && !is_panel && !accumulate && amx::takes(&job, k);
    let mut done = 0;
    loop {
        job.k = (k - done).min(K_BLOCK);
        // SAFETY: the lengths were checked above, for all of `k`; the `Isa` proves the tiles.
        unsafe {
            #[cfg(target_arch = "x86_64")]
            if on_tiles {
                amx::run(&job)
            } else {
                run(isa, &job)
            }
            #[cfg(not(target_arch = "x86_64"))]
            run(isa, &job);
        }
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

multiversion! {
    unsafe fn run(job: &Job) = run_body
}

/// # Safety
///
/// The matrices of `job` hold what their shapes and strides say.
#[inline(always)]
unsafe fn run_body<L: Lanes>(job: &Job) {
    // SAFETY: passed on.
    unsafe {
        // Vectors of 8 meet a row of B that is not transposed 6 numbers at a time, a third of a cache line; and
        // vectors of 16 would be filled by no fewer rows.
        if job.is_down && (job.b_is_transposed || (L::N == PANEL && job.m >= PANEL)) {
            down_rows::<L>(job);
        } else {
            along_rows::<L>(job);
        }
    }
}
