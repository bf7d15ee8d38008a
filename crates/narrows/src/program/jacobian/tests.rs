//! Compares all forms of a norm with the general one, and tests what is refused.

use super::norm::Start;
use super::*;
use crate::program::{
    Affine, Batch, Builder, Cpu, Elementwise, Input, Isa, Mean, Mode, Options, Piece, Plan, Point,
    RowFunction, Tile, optimize,
};
use narrows_kernels::activation::Activation;
use narrows_kernels::split::{Bounds, Parts};
use std::ops::Range;
use std::sync::Arc;

/// The basis vectors.
#[derive(Debug)]
struct Basis;

impl Probes for Basis {
    fn count(&self, width: usize) -> usize {
        width
    }

    fn fill(&self, _: Isa, _: u32, _: u32, width: usize, probes: &mut [f32]) {
        probes.fill(0.0);
        let diagonal = probes.iter_mut().step_by(width + 1);
        diagonal.for_each(|one| *one = 1.0);
    }

    fn is_basis(&self) -> bool {
        true
    }

    fn mean(&self) -> Mean {
        Mean::OverRows(1)
    }
}

fn norm() -> JacobianNorm {
    JacobianNorm {
        name: "exact".into(),
        weight: 0.5,
        probes: Arc::new(Basis),
    }
}

/// A number in [-1, 1) for an index.
fn number(index: usize) -> f32 {
    let hash = (index as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let hash = (hash ^ (hash >> 29)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    (hash >> 40) as f32 / (1 << 23) as f32 - 1.0
}

struct Rows {
    width: usize,
}

impl Input for Rows {
    fn write(&self, places: Range<usize>, into: &mut [f32]) {
        for (row, into) in places.zip(into.chunks_exact_mut(self.width)) {
            let numbers = (0..self.width).map(|column| number(row * self.width + column + 9973));
            into.iter_mut().zip(numbers).for_each(|(to, x)| *to = x);
        }
    }
}

/// The norm over affine maps of some widths, each followed by the activation, if there is one, with probes from one end, in
/// the form that `choose` gives the graph.
fn run(
    (mode, start): (Mode, Start),
    (widths, activations): (&[usize], &[Option<Activation>]),
    rows: usize,
    choose: impl Fn(&mut Builder),
) -> (String, f64, Vec<f32>) {
    let mut builder = Builder::new(mode);
    let data = builder.input("data", &widths[..1]);
    let mut value = data;
    for (layer, (pair, activation)) in widths.windows(2).zip(activations).enumerate() {
        builder.at(format!("encoder.{layer}"));
        let [inputs, outputs] = [pair[0], pair[1]];
        let affine = Affine {
            inputs,
            outputs,
            bias: true,
        };
        let tensors = affine.tensors().into_iter();
        let tensors = tensors.map(|spec| builder.tensor(spec).unwrap()).collect();
        value = builder.apply(affine, tensors, value, vec![outputs]);
        if let Some(function) = *activation {
            let width = outputs;
            let elementwise = Elementwise { function, width };
            value = builder.apply(elementwise, Vec::new(), value, vec![outputs]);
        }
    }
    let ends = [data, value];
    norm().apply_from(&mut builder, ends, start).unwrap();
    choose(&mut builder);
    let label = builder.nodes.last().unwrap().operation.label();
    let parameters: Vec<f32> = (0..builder.parameters()).map(number).collect();
    let options = Options {
        batch: rows,
        threads: 2,
        cores: 2,
    };
    let plan = Plan::new(&builder, options).unwrap();
    let mut cpu = Cpu::new(2, Isa::best()).with_memory(plan.thread_sizes(2));
    let mut program = plan.program(2);
    let samples: Vec<u32> = (0..rows as u32).collect();
    let batch = Batch {
        input: &Rows { width: widths[0] },
        samples: &samples,
        epoch: 0,
    };
    cpu.run(&mut program, &parameters, batch);
    let value = program.loss(&program.losses()[0], rows);
    let mut gradient = vec![0.0; parameters.len()];
    if mode == Mode::Training {
        cpu.tiles(
            &program,
            rows,
            Parts::new(&mut gradient, &program.tile_bounds),
            |all, Piece { place, gradient }| all[place].copy_from_slice(gradient),
            |_| (),
        );
    }
    (label, value, gradient)
}

#[test]
fn every_form_has_the_value_and_the_gradient_of_the_general_one() {
    let (relu, tanh) = (Some(Activation::Relu), Some(Activation::Tanh));
    let mut labels = Vec::new();
    for (widths, activations, rows) in [
        (&[61, 53, 9][..], &[relu, relu][..], 30),
        (&[61, 53, 9], &[relu, relu], 7),
        (&[61, 53, 9], &[relu, None], 70),
        (&[61, 53, 9], &[relu, None], 7),
        (&[61, 53, 9], &[tanh, relu], 19),
        (&[61, 53, 9], &[tanh, tanh], 19),
        (&[20, 31, 9], &[relu, tanh], 19),
        (&[61, 53, 21, 4], &[relu, tanh, relu], 40),
        (&[30, 12], &[relu], 19),
        (&[30, 12], &[tanh], 19),
    ] {
        let sentence = (widths, activations);
        let (_, value, gradient) = run((Mode::Training, Start::Last), sentence, rows, |_| ());
        let pass = |builder: &mut Builder| optimize(builder, rows);
        let (label, found, formed) = run((Mode::Training, Start::Last), sentence, rows, pass);
        let name = format!("{label}, {sentence:?}");
        assert!(value > 0.1, "{name}: something to compare");
        assert!(
            (found - value).abs() < 1e-6 * value,
            "{name}: {found}, {value}"
        );
        let largest = gradient.iter().fold(0.0f32, |a, g| a.max(g.abs()));
        assert!(largest > 1e-3, "{name}: something to compare");
        for (place, (found, expected)) in formed.iter().zip(&gradient).enumerate() {
            let error = (found - expected).abs();
            assert!(
                error < 3e-6 * largest,
                "{name}: {place}: {found}, {expected}"
            );
        }
        // Results that only the gradient needs are not computed, and this changes nothing.
        let (_, measured, _) = run((Mode::Validation, Start::Last), sentence, rows, pass);
        assert_eq!(measured.to_bits(), found.to_bits(), "{name}");
        labels.push(label);
    }
    let squared = "exact, first weights squared";
    let expected = [
        "exact, by counting gates".into(),
        format!("{squared}, active units alone, stopped probes left out"),
        "exact, by counting gates".into(),
        format!("{squared}, active units alone"),
        format!("{squared}, stopped probes left out"),
        format!("{squared}, stopped probes left out"),
        "exact, stopped probes left out".into(),
        format!("{squared}, active units alone, stopped probes left out"),
        format!("{squared}, active units alone"),
        squared.into(),
    ];
    assert_eq!(labels, expected);
}

/// The sum over the basis is the Frobenius norm from either end.
#[test]
fn probes_from_the_first_value_give_the_same_norm() {
    let (relu, tanh) = (Some(Activation::Relu), Some(Activation::Tanh));
    for (widths, activations) in [
        (&[5, 31, 20][..], &[tanh, tanh][..]),
        (&[5, 31, 20], &[relu, None]),
        (&[9, 12], &[Some(Activation::Sigmoid)]),
        (&[6, 7, 21, 4], &[relu, tanh, relu]),
        (&[4, 9], &[None]),
    ] {
        let sentence = (widths, activations);
        let (_, value, gradient) = run((Mode::Training, Start::Last), sentence, 19, |_| ());
        let pass = |builder: &mut Builder| optimize(builder, 19);
        let (_, found, formed) = run((Mode::Training, Start::First), sentence, 19, pass);
        assert!((found - value).abs() < 1e-6 * value, "{found}, {value}");
        let largest = gradient.iter().fold(0.0f32, |a, g| a.max(g.abs()));
        assert!(largest > 1e-3, "{sentence:?}: something to compare");
        for (found, expected) in formed.iter().zip(&gradient) {
            let error = (found - expected).abs();
            assert!(error < 3e-6 * largest, "{sentence:?}: {found}, {expected}");
        }
        let (_, measured, _) = run((Mode::Validation, Start::First), sentence, 19, pass);
        assert_eq!(measured.to_bits(), found.to_bits(), "{sentence:?}");
    }
}

/// Ranges of probes, with the cut of the rows into blocks.
#[test]
fn ranges_of_probes_are_those_of_the_rows() {
    let packed = packed::Packed {
        probes: 3,
        counts: crate::program::Buffer::at(0),
    };
    let counts = [3, 3, 0, 2, 3, 0];
    let bounds = Bounds::new(vec![0, 2, 4, 6]);
    let mut rows = Vec::new();
    packed.each_row(&counts, &bounds, |row, probes| rows.push((row, probes)));
    let expected = [
        (0, 0..3),
        (1, 3..6),
        (2, 6..6),
        (3, 6..8),
        (4, 12..15),
        (5, 15..15),
    ];
    assert_eq!(rows, expected);
    let mut ranges = Vec::new();
    packed.each_range(&counts, &bounds, |probes| ranges.push(probes));
    assert_eq!(ranges, [0..8, 12..15]);
}

/// An operation that does not tell how it is differentiated twice.
#[derive(Debug)]
struct Opaque;

impl RowFunction for Opaque {
    fn label(&self) -> String {
        "opaque".into()
    }

    fn inputs(&self) -> usize {
        4
    }

    fn outputs(&self) -> usize {
        4
    }

    fn forward(&self, at: Point<'_>, y: &mut [f32], _: &mut [f32]) {
        y.copy_from_slice(at.x);
    }

    fn backward(&self, _: Point<'_>, dy: &[f32], dx: &mut [f32], _: &mut [f32]) {
        dx.copy_from_slice(dy);
    }

    fn gradient(&self, _: &Tile, _: &[f32], _: &[f32], _: &mut [f32], _: &mut [f32]) {}
}

#[test]
fn what_has_no_second_derivative_is_refused_by_its_name() {
    let mut builder = Builder::new(Mode::Training);
    let data = builder.input("data", &[4]);
    builder.at("encoder.0");
    let width = 4;
    let function = Activation::Tanh;
    let first = builder.apply(Elementwise { function, width }, Vec::new(), data, vec![4]);
    builder.at("encoder.1");
    let second = builder.apply(Opaque, Vec::new(), first, vec![4]);
    norm().apply(&mut builder, data, first).unwrap();
    let error = norm().apply(&mut builder, data, second).unwrap_err();
    let text = error.to_string();
    assert!(text.contains("encoder[1]"), "{text}");
    assert!(text.contains("`exact`"), "{text}");
    // The first value does not depend on the second.
    let error = norm().apply(&mut builder, second, first).unwrap_err();
    assert!(error.to_string().contains("depends on"), "{error}");
}
