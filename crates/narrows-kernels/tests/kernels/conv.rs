//! Convolutions against the float64 reference.

use crate::{bits, numbers};
use narrows_kernels::Isa;
use narrows_kernels::conv::{Convolution, Geometry};
use narrows_kernels::reference;

const IMAGES: usize = 3;

/// What lies in memory before: no result may depend on it.
const GARBAGE: f32 = f32::NAN;

/// A convolution whose output is what PyTorch's `Conv2d` gives for this input; `None` where the
/// kernel does not fit.
fn geometry(
    input: [usize; 3],
    channels: usize,
    kernel: [usize; 2],
    stride: [usize; 2],
    padding: [usize; 2],
) -> Option<Geometry> {
    let size = |axis: usize| {
        let room = (input[axis + 1] + 2 * padding[axis]).checked_sub(kernel[axis])?;
        Some(room / stride[axis] + 1)
    };
    Some(Geometry {
        input,
        output: [channels, size(0)?, size(1)?],
        kernel,
        stride,
        padding,
    })
}

struct Case {
    plan: Convolution,
    input: Vec<f32>,
    output: Vec<f32>,
    weights: Vec<f32>,
    isa: Isa,
}

impl Case {
    fn new(g: Geometry, isa: Isa) -> Case {
        let taps = g.input[0] * g.kernel[0] * g.kernel[1];
        Case {
            plan: Convolution::new(g),
            input: numbers(IMAGES * g.input.iter().product::<usize>(), 1),
            output: numbers(IMAGES * g.output.iter().product::<usize>(), 2),
            weights: numbers(g.output[0] * taps, 3),
            isa,
        }
    }

    fn scratch(&self) -> Vec<f32> {
        vec![GARBAGE; self.plan.scratch()]
    }

    fn forward(&self, input: &[f32], bias: Option<&[f32]>) -> Vec<f32> {
        let lengths = (self.input.len(), self.output.len());
        let mut output = vec![GARBAGE; input.len() * lengths.1 / lengths.0];
        let scratch = &mut self.scratch();
        let (plan, weights) = (&self.plan, &self.weights);
        plan.forward(self.isa, weights, bias, input, &mut output, scratch);
        output
    }

    fn transposed(&self, output: &[f32], bias: Option<&[f32]>) -> Vec<f32> {
        let lengths = (self.input.len(), self.output.len());
        let mut input = vec![GARBAGE; output.len() * lengths.0 / lengths.1];
        let scratch = &mut self.scratch();
        let (plan, weights) = (&self.plan, &self.weights);
        plan.transposed(self.isa, weights, bias, output, &mut input, scratch);
        input
    }

    fn gradient(&self, channels: std::ops::Range<usize>) -> Vec<f32> {
        let taps = self.weights.len() / self.plan.geometry().output[0];
        let mut gradient = vec![GARBAGE; channels.len() * taps];
        let scratch = &mut self.scratch();
        let (input, output) = (&self.input, &self.output);
        let plan = &self.plan;
        plan.gradient(self.isa, channels, input, output, &mut gradient, scratch);
        gradient
    }
}

fn wide(numbers: &[f32]) -> Vec<f64> {
    numbers.iter().map(|&x| f64::from(x)).collect()
}

/// The three kernels and their biases on one instruction set.
fn check(g: Geometry, isa: Isa) {
    let case = Case::new(g, isa);
    let close = |what: &str, found: &[f32], expected: &[f64], terms: usize| {
        assert_eq!(found.len(), expected.len(), "{what} of {g:?}");
        for (at, (&found, &expected)) in found.iter().zip(expected).enumerate() {
            // All numbers lie in -1..1.
            let tolerance = (terms + 1) as f64 * f64::from(f32::EPSILON);
            assert!(
                (f64::from(found) - expected).abs() <= tolerance,
                "{what}[{at}] of {g:?} on {}: {found}, expected {expected}",
                isa.name()
            );
        }
    };
    let weights = wide(&case.weights);
    let inputs: Vec<_> = wide(&case.input)
        .chunks(case.input.len() / IMAGES)
        .map(<[f64]>::to_vec)
        .collect();
    let outputs: Vec<_> = wide(&case.output)
        .chunks(case.output.len() / IMAGES)
        .map(<[f64]>::to_vec)
        .collect();
    let with_bias = |images: Vec<f64>, bias: &[f32], area: usize| -> Vec<f64> {
        images
            .iter()
            .enumerate()
            .map(|(at, x)| x + f64::from(bias[at / area % bias.len()]))
            .collect()
    };
    let kernel = g.kernel[0] * g.kernel[1];

    let expected: Vec<f64> = inputs
        .iter()
        .flat_map(|input| reference::convolution(&g, &weights, input))
        .collect();
    let terms = g.input[0] * kernel;
    close("output", &case.forward(&case.input, None), &expected, terms);
    let bias = numbers(g.output[0], 4);
    let expected = with_bias(expected, &bias, g.output[1] * g.output[2]);
    let found = case.forward(&case.input, Some(&bias));
    close("output with bias", &found, &expected, terms + 1);

    let expected: Vec<f64> = outputs
        .iter()
        .flat_map(|output| reference::transposed_convolution(&g, &weights, output))
        .collect();
    let terms = g.output[0] * kernel;
    close(
        "input",
        &case.transposed(&case.output, None),
        &expected,
        terms,
    );
    let bias = numbers(g.input[0], 5);
    let expected = with_bias(expected, &bias, g.input[1] * g.input[2]);
    let found = case.transposed(&case.output, Some(&bias));
    close("input with bias", &found, &expected, terms + 1);

    let mut expected = vec![0.0; weights.len()];
    for (input, output) in inputs.iter().zip(&outputs) {
        let one = reference::convolution_gradient(&g, input, output);
        expected.iter_mut().zip(one).for_each(|(sum, x)| *sum += x);
    }
    let terms = IMAGES * g.output[1] * g.output[2];
    let found = case.gradient(0..g.output[0]);
    close("gradient", &found, &expected, terms);
}

#[test]
fn sizes_strides_and_paddings() {
    let mut seen = 0;
    for (height, width) in [(1, 1), (1, 7), (5, 4), (7, 7), (9, 12)] {
        for kernel in [[1, 1], [2, 2], [3, 3], [1, 4], [5, 2], [2, 5]] {
            for stride in [[1, 1], [2, 2], [3, 3], [2, 1], [1, 3], [4, 2]] {
                for padding in [[0, 0], [1, 1], [2, 0], [0, 3], [4, 5]] {
                    let Some(g) = geometry([2, height, width], 3, kernel, stride, padding) else {
                        continue;
                    };
                    for isa in Isa::available() {
                        check(g, isa);
                    }
                    seen += 1;
                }
            }
        }
    }
    assert!(seen > 500, "{seen} of the sizes fit");
}

#[test]
fn channels_and_images_of_several_tiles() {
    for (inputs, outputs, side, kernel, stride, padding) in [
        (1, 16, 28, 3, 2, 1),
        (16, 32, 14, 3, 2, 1),
        (16, 32, 14, 2, 2, 0),
        (1, 16, 28, 2, 2, 0),
        (3, 17, 33, 5, 1, 2),
        (20, 1, 17, 3, 3, 0),
        (33, 35, 5, 4, 2, 1),
    ] {
        let sides = [inputs, side, side];
        let g = geometry(sides, outputs, [kernel; 2], [stride; 2], [padding; 2]).unwrap();
        for isa in Isa::available() {
            check(g, isa);
        }
    }
}

/// Less output than the input has room for: what a transposed convolution with output padding has.
#[test]
fn an_input_with_rows_that_no_tap_reaches() {
    let fits = geometry([2, 9, 8], 3, [2, 3], [3, 3], [0, 1]).unwrap();
    assert_eq!(fits.output, [3, 3, 3]);
    for output in [[3, 3, 3], [3, 2, 3], [3, 3, 1], [3, 1, 1]] {
        for isa in Isa::available() {
            check(Geometry { output, ..fits }, isa);
        }
    }
}

#[test]
fn images_and_channels_may_be_cut_anywhere() {
    for (kernel, padding) in [([3, 3], [1, 1]), ([2, 2], [0, 0])] {
        let g = geometry([5, 10, 9], 21, kernel, [2, 2], padding).unwrap();
        for isa in Isa::available() {
            let case = Case::new(g, isa);
            let outputs = bits(&case.forward(&case.input, None));
            let inputs = bits(&case.transposed(&case.output, None));
            let (one, other) = case.input.split_at(case.input.len() / IMAGES);
            let cut = [case.forward(one, None), case.forward(other, None)];
            assert_eq!(bits(&cut.concat()), outputs);
            let (one, other) = case.output.split_at(case.output.len() / IMAGES);
            let cut = [case.transposed(one, None), case.transposed(other, None)];
            assert_eq!(bits(&cut.concat()), inputs);
            let whole = bits(&case.gradient(0..21));
            for cut in 1..21 {
                let parts = [case.gradient(0..cut), case.gradient(cut..21)];
                assert_eq!(bits(&parts.concat()), whole);
            }
        }
    }
}

/// The reference is written tap by tap; here is what it must give, by hand.
#[test]
fn the_reference_by_hand() {
    let g = geometry([1, 2, 3], 1, [2, 2], [1, 2], [0, 1]).unwrap();
    assert_eq!(g.output, [1, 1, 2]);
    let input = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
    let weights = [1.0, 10.0, 100.0, 1000.0];
    // Columns (padding, 0) and (1, 2).
    assert_eq!(
        reference::convolution(&g, &weights, &input),
        [4010.0, 6532.0]
    );
    assert_eq!(
        reference::transposed_convolution(&g, &weights, &[1.0, 2.0]),
        [10.0, 2.0, 20.0, 1000.0, 200.0, 2000.0]
    );
    assert_eq!(
        reference::convolution_gradient(&g, &input, &[1.0, 2.0]),
        [4.0, 7.0, 10.0, 16.0]
    );
    assert_eq!(reference::convolution_work(&g), 6);
}

#[test]
#[should_panic(expected = "stays in the padded input")]
fn a_kernel_that_leaves_the_input() {
    let g = geometry([1, 4, 4], 1, [3, 3], [1, 1], [0, 0]).unwrap();
    Convolution::new(Geometry {
        output: [1, 3, 2],
        ..g
    });
}

#[test]
#[should_panic(expected = "as many whole inputs as outputs")]
fn other_numbers_of_inputs_and_outputs() {
    let g = geometry([1, 4, 4], 1, [3, 3], [1, 1], [0, 0]).unwrap();
    let mut case = Case::new(g, Isa::best());
    case.output.truncate(4 * (IMAGES - 1));
    case.gradient(0..1);
}

#[test]
#[should_panic]
fn scratch_too_short() {
    let g = geometry([1, 4, 4], 1, [3, 3], [1, 1], [0, 0]).unwrap();
    let case = Case::new(g, Isa::best());
    let mut output = vec![0.0; 4];
    let (input, scratch) = (&case.input[..16], &mut [0.0; 20]);
    case.plan
        .forward(case.isa, &case.weights, None, input, &mut output, scratch);
}
