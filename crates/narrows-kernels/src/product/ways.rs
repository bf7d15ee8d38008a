//! The two ways through a product: with vectors down the rows of C, or along them.

use super::buffer::Buffer;
use super::copies::{copy, pack, transpose};
use super::job::{Job, K_BLOCK};
use super::tile::{MAX_WIDTH, RegisterPlace, VECTORS, tile_height, tile_of};
use crate::lanes::Lanes;

/// The product with vectors that run down the rows of C, for an A that is stored by rows.
///
/// # Safety
///
/// As [`run_body`].
#[inline(always)]
pub(super) unsafe fn down_rows<L: Lanes>(job: &Job) {
    let mut panel = Buffer::<{ K_BLOCK * MAX_WIDTH }>::new();
    let width = VECTORS * L::N;
    let tiles = job.n.div_ceil(tile_height::<L>());
    let mut row = 0;
    // SAFETY: rows, columns and `k` stay inside the matrices, and the buffer holds a panel.
    unsafe {
        while row < job.m {
            let rows = (job.m - row).min(width);
            let from = job.a.add(row * job.a_row);
            transpose::<L>(from, job.a_row, rows, job.k, panel.at(), width);
            let mut column = 0;
            for tile in 0..tiles {
                // Tiles of even size, so that no tile is very small.
                let height = (job.n - column).div_ceil(tiles - tile);
                let broadcast = if job.b_is_transposed {
                    (job.b.wrapping_add(column * job.b_row), job.b_row, 1)
                } else {
                    (job.b.wrapping_add(column), 1, job.b_row)
                };
                let place = RegisterPlace {
                    row,
                    column,
                    height,
                    width: rows,
                };
                tile_of::<L, true>(job, broadcast, (panel.at(), width), place);
                column += height;
            }
            row += rows;
        }
    }
}

/// The part of the sum over `k` that is done at a time if the vectors run along rows, by the width of a panel of B: 16
/// KiB of the panel, which stay in the first-level cache while the rows of A pass by.
const fn along_k(width: usize) -> usize {
    4096 / width
}

/// The number of tiles of A that are copied at a time if the vectors run along rows: with all of [`along_k`], 128 KiB,
/// which stay in the second-level cache while the columns of B pass by.
const ALONG_TILES: usize = 16;

/// The product with vectors that run along the rows of C, for an A that is stored by columns.
///
/// # Safety
///
/// As [`run_body`].
#[inline(always)]
pub(super) unsafe fn along_rows<L: Lanes>(job: &Job) {
    let mut left = Buffer::<{ ALONG_TILES * along_k(VECTORS) }>::new();
    let mut right = Buffer::<{ along_k(1) }>::new();
    let width = VECTORS * L::N;
    let block_rows = ALONG_TILES * tile_height::<L>();
    let mut done = 0;
    let all = job;
    // SAFETY: rows, columns and `k` stay inside the matrices, and the buffers hold a block.
    unsafe {
        loop {
            let mut job = *all;
            job.a = job.a.wrapping_add(done * job.a_column);
            job.b = job
                .b
                .wrapping_add(done * if job.b_is_transposed { 1 } else { job.b_row });
            job.k = (job.k - done).min(along_k(width));
            if done > 0 {
                job.bias = std::ptr::null();
                job.accumulate = true;
            }
            let mut first = 0;
            while first < job.m {
                let rows = (job.m - first).min(block_rows);
                let tiles = rows.div_ceil(tile_height::<L>());
                // For one panel of B, a copy of A would be read only once.
                let packs = job.n > width || (job.a_row != 1 && job.a_column != 1);
                if packs {
                    pack::<L>(&job, first, rows, tiles, left.at());
                }
                let mut column = 0;
                while column < job.n {
                    let columns = (job.n - column).min(width);
                    // Rows of B that are far apart cost a page and a cache line each. If enough tiles pass by, the rows
                    // are first copied side by side. The same is done if B ends inside a vector.
                    let far = job.b_row > width && tiles >= 3 && job.k >= 48;
                    let vectors = if far || job.b_is_transposed || columns < width {
                        copy::<L>(&job, column, columns, right.at());
                        (right.at().cast_const(), width)
                    } else {
                        (job.b.wrapping_add(column), job.b_row)
                    };
                    let mut row = 0;
                    for tile in 0..tiles {
                        let height = (rows - row).div_ceil(tiles - tile);
                        let broadcast = if packs {
                            (left.at().add(tile * job.k * L::N).cast_const(), 1, L::N)
                        } else {
                            let at = job.a.wrapping_add((first + row) * job.a_row);
                            (at, job.a_row, job.a_column)
                        };
                        let place = RegisterPlace {
                            row: first + row,
                            column,
                            height,
                            width: columns,
                        };
                        tile_of::<L, false>(&job, broadcast, vectors, place);
                        row += height;
                    }
                    column += columns;
                }
                first += rows;
            }
            done += job.k;
            if done == all.k {
                return;
            }
        }
    }
}
