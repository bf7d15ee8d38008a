//! A product: its checks, the choice of the way, and its blocks of `k` one after the other.

#[cfg(target_arch = "x86_64")]
use super::amx;
use super::job::{Job, K_BLOCK, PANEL};
use super::operands::{Left, Right, Start, extent};
use super::ways::{along_rows, down_rows};
#[cfg(target_arch = "x86_64")]
use crate::lanes::Kind;
use crate::lanes::{Isa, Lanes, multiversion};

/// Allocates the memory that products keep for the calling thread, so that its products do not allocate; returns the
/// number of values.
pub fn prepare(isa: Isa) -> usize {
    match isa.0 {
        #[cfg(target_arch = "x86_64")]
        Kind::Amx => amx::prepare(),
        _ => 0,
    }
}

/// `C = start + A · B` for `C` of `m` × `n`, summed over `k`; `C`'s rows are `c_row` apart.
///
/// # Panics
///
/// If a matrix is too short for its shape and strides.
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
    // Strides come from the caller: if their sums wrapped, the loops could leave the slices.
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
    // A sum over nothing reads nothing, for any strides.
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
    // A contiguous panel is read in place, and continued sums are loaded in place.
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
        // Vectors of 8 read 6 numbers of a row of an untransposed B at a time, a third of a cache line; and fewer rows
        // would not fill vectors of 16.
        if job.is_down && (job.b_is_transposed || (L::N == PANEL && job.m >= PANEL)) {
            down_rows::<L>(job);
        } else {
            along_rows::<L>(job);
        }
    }
}
