//! Slices that are too short for their shape and strides are refused.

use super::*;

/// Calls [`product`] of 3 × 20 × 4 with one thing wrong.
fn wrong(a: (usize, usize, usize), b: (usize, usize), c: (usize, usize), bias: usize) {
    let (a_len, row, column) = a;
    let (data, b_data) = (vec![0.0; a_len], vec![0.0; b.0]);
    product(
        Isa::best(),
        (3, 20, 4),
        Left {
            data: &data,
            row,
            column,
        },
        Right::row_major(&b_data, b.1),
        Start::Bias(&vec![0.0; bias]),
        &mut vec![0.0; c.0],
        c.1,
    );
}

#[test]
fn just_long_enough() {
    wrong((12, 4, 1), (80, 20), (60, 20), 20);
}

#[test]
#[should_panic(expected = "A is too short")]
fn short_a() {
    wrong((11, 4, 1), (80, 20), (60, 20), 20);
}

#[test]
#[should_panic(expected = "B is too short")]
fn short_b() {
    wrong((12, 4, 1), (79, 20), (60, 20), 20);
}

/// 3 × 20 × 4 with the right side transposed.
fn wrong_transpose(b_len: usize, b_row: usize) {
    let a = Left {
        data: &[0.0; 12],
        row: 4,
        column: 1,
    };
    let data = vec![0.0; b_len];
    let b = Right::transpose_of(&data, b_row);
    let (shape, mut c) = ((3, 20, 4), [0.0; 60]);
    product(Isa::best(), shape, a, b, Start::Zero, &mut c, 20);
}

#[test]
fn a_transpose_just_long_enough() {
    wrong_transpose(80, 4);
}

#[test]
#[should_panic(expected = "B is too short")]
fn short_transpose() {
    wrong_transpose(79, 4);
}

#[test]
#[should_panic(expected = "B is too short")]
fn rows_of_a_transpose_beyond_all_memory() {
    wrong_transpose(80, usize::MAX / 19 + 1);
}

#[test]
#[should_panic(expected = "C is too short")]
fn short_c() {
    wrong((12, 4, 1), (80, 20), (59, 20), 20);
}

#[test]
#[should_panic(expected = "C is too short")]
fn rows_of_c_that_overlap() {
    wrong((12, 4, 1), (80, 20), (60, 19), 20);
}

#[test]
#[should_panic(expected = "bias is too short")]
fn short_bias() {
    wrong((12, 4, 1), (80, 20), (60, 20), 19);
}

/// The place of the last row, two strides on, wraps to 0.
const WRAPS: usize = usize::MAX / 2 + 1;

#[test]
#[should_panic(expected = "A is too short")]
fn rows_of_a_beyond_all_memory() {
    wrong((12, WRAPS, 1), (80, 20), (60, 20), 20);
}

#[test]
#[should_panic(expected = "A is too short")]
fn columns_of_a_beyond_all_memory() {
    wrong((12, 4, usize::MAX / 3 + 1), (80, 20), (60, 20), 20);
}

#[test]
#[should_panic(expected = "B is too short")]
fn rows_of_b_beyond_all_memory() {
    wrong((12, 4, 1), (80, usize::MAX / 3 + 1), (60, 20), 20);
}

#[test]
#[should_panic(expected = "C is too short")]
fn rows_of_c_beyond_all_memory() {
    wrong((12, 4, 1), (80, 20), (60, WRAPS), 20);
}

#[test]
fn a_stride_that_is_not_used_may_be_anything() {
    let mut c = [0.0];
    let left = Left {
        data: &[3.0],
        row: usize::MAX,
        column: usize::MAX,
    };
    let right = Right::row_major(&[5.0], usize::MAX);
    let transposed = Right::transpose_of(&[5.0], usize::MAX);
    for isa in Isa::available() {
        for right in [right, transposed] {
            c[0] = GUARD;
            let shape = (1, 1, 1);
            product(isa, shape, left, right, Start::Zero, &mut c, usize::MAX);
            assert_eq!(c, [15.0]);
        }
    }
}
