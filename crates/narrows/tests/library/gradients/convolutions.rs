//! Gradients of convolutions.

use super::*;

fn conv(
    channels: Option<usize>,
    kernel: [usize; 2],
    stride: [usize; 2],
    padding: [usize; 2],
    bias: bool,
) -> LayerSpec {
    layer::conv2d(channels, kernel)
        .with("stride", stride)
        .and_then(|layer| layer.with("padding", padding))
        .and_then(|layer| layer.with("bias", bias))
        .unwrap()
}

fn transposed(
    channels: Option<usize>,
    kernel: [usize; 2],
    stride: [usize; 2],
    padding: [usize; 2],
    output_padding: [usize; 2],
    bias: bool,
) -> LayerSpec {
    layer::conv_transpose2d(channels, kernel)
        .with("stride", stride)
        .and_then(|layer| layer.with("padding", padding))
        .and_then(|layer| layer.with("output_padding", output_padding))
        .and_then(|layer| layer.with("bias", bias))
        .unwrap()
}

#[test]
fn gradients_of_convolutions_meet_central_differences() {
    let sigmoid = || activation(Activation::Sigmoid);
    let tanh = || activation(Activation::Tanh);
    let silu = || activation(Activation::Silu);
    // The network of the classic study, small; [1, 8, 8] to [3, 2, 2] and back.
    let encoder = [
        conv(Some(2), [3, 3], [2, 2], [1, 1], true),
        silu(),
        conv(Some(3), [3, 3], [2, 2], [1, 1], true),
    ];
    let decoder = [
        silu(),
        transposed(Some(2), [2, 2], [2, 2], [0, 0], [0, 0], true),
        silu(),
        transposed(None, [2, 2], [2, 2], [0, 0], [0, 0], true),
        sigmoid(),
    ];
    check(&encoder, &decoder, &[1, 8, 8], &Reconstruction::mse());
    let entropy = &Reconstruction::binary_cross_entropy();
    check(&encoder, &decoder, &[1, 8, 8], entropy);

    // Odd sizes, strides of 1 to 3, kernels that overlap and leave gaps, output padding; dense layers
    // between, with and without the layers that change shapes.
    let encoder = [
        // [2, 9, 7] → [4, 4, 7] → [3, 2, 3] → [5]
        conv(Some(4), [3, 3], [2, 1], [0, 1], false),
        tanh(),
        conv(Some(3), [2, 1], [3, 3], [1, 0], true),
        layer::flatten(),
        dense(5),
    ];
    let decoder = [
        // [5] → [2, 2, 3] → [3, 5, 6] → [4, 9, 11] → [2, 9, 7]
        dense(12),
        layer::reshape([2, 2, 3]),
        transposed(Some(3), [3, 2], [3, 2], [1, 0], [1, 0], true),
        tanh(),
        transposed(Some(4), [3, 3], [2, 2], [1, 1], [0, 0], false),
        silu(),
        conv(None, [3, 5], [1, 1], [1, 0], true),
        sigmoid(),
    ];
    check(&encoder, &decoder, &[2, 9, 7], &Reconstruction::mse());

    // A kernel larger than its stride in one axis and smaller in the other; dense straight after and
    // before images.
    let encoder = [
        // [3, 5, 6] → [2, 5, 2]
        conv(Some(2), [3, 1], [1, 3], [1, 0], true),
        dense(4),
    ];
    let decoder = [
        dense(10),
        layer::reshape([5, 2, 1]),
        transposed(Some(4), [2, 4], [3, 1], [0, 0], [2, 0], true),
        tanh(),
        dense(90),
        sigmoid(),
    ];
    check(&encoder, &decoder, &[3, 5, 6], &Reconstruction::l1());
}
