//! The nodes between the data's own units and scaled values.

use super::input::{INPUT, Input, RECONSTRUCTION};
use super::layers::SCALED;
use crate::Model;
use crate::onnx::proto::{DOUBLE, FLOAT};
use crate::onnx::{Attribute, Graph};
use crate::scaling::{Curve, Scaling, Segment};

/// At most so many numbers of four bytes are in the tensors of a scaling.
pub(super) fn numbers(scaling: &Scaling) -> usize {
    // Value, slope and two limits of each segment, there and back, in double precision.
    let curves = scaling.curves().len() * longest(scaling.curves());
    4 * scaling.offset().len() + 2 * 4 * 2 * curves
}

/// Adds the nodes from the input to scaled values.
pub(super) fn scale(graph: &mut Graph, model: &Model, input: Input) {
    let scaling = model.scaling();
    // One number for all values, or one for each value of a row.
    let places = match scaling.offset().len() {
        1 => &[1],
        _ => model.shape(),
    };
    let tensors = [
        ("scaling.offset", scaling.offset()),
        ("scaling.factor", scaling.factor()),
    ];
    for (name, values) in tensors {
        constant(graph, name, places, values, input);
    }
    let (centered, factor) = ("scaled/centered", "scaling.factor");
    graph.node("Sub", &[INPUT, "scaling.offset"], &[], centered);
    let has_curves = !scaling.curves().is_empty();
    let multiplied = match input {
        Input::Float if !has_curves => SCALED,
        Input::Float | Input::Double => "scaled/double",
    };
    graph.node("Mul", &[centered, factor], &[], multiplied);
    let to = match input {
        Input::Float => SCALED,
        Input::Double => "scaled/normal",
    };
    let exact = if has_curves {
        let of = |segment: &Segment| [segment.value, segment.slope, segment.least, segment.most];
        let first = |curve: &Curve| curve.segments().next().map_or(0.0, |first| first.normal);
        along(graph, multiplied, scaling, (of, first), (to, input))
    } else {
        multiplied.to_string()
    };
    if input == Input::Double {
        graph.cast(&exact, FLOAT, SCALED);
    }
}

/// Adds the nodes from the decoder's output back to the data's units.
pub(super) fn unscale(graph: &mut Graph, output: &str, model: &Model, input: Input) {
    let scaling = model.scaling();
    let output = match input {
        Input::Float => output.to_string(),
        Input::Double => graph.cast(output, DOUBLE, "output/double"),
    };
    let output = if scaling.curves().is_empty() {
        output
    } else {
        let of = |segment: &Segment| {
            let [least, most] = [segment.least, segment.most].map(|end| segment.slope * end);
            [segment.normal, 1.0 / segment.slope, least, most]
        };
        let first = |curve: &Curve| curve.segments().next().map_or(0.0, |first| first.value);
        along(
            graph,
            &output,
            scaling,
            (of, first),
            ("output/values", input),
        )
    };
    graph.node("Div", &[&output, "scaling.factor"], &[], "output/spread");
    let undone = ["output/spread", "scaling.offset"];
    graph.node("Add", &undone, &[], RECONSTRUCTION);
}

/// Adds the nodes of curves: the sum over the segments of a slope times the distance from a knot, cut to a range. No term
/// is smaller than 0 to the right of the first knot, so that nothing cancels. `of` gives knot, slope and range of a segment,
/// and `first` what is added to the sum.
fn along(
    graph: &mut Graph,
    from: &str,
    scaling: &Scaling,
    (of, first): (impl Fn(&Segment) -> [f64; 4], impl Fn(&Curve) -> f64),
    (to, input): (&str, Input),
) -> String {
    let curves = scaling.curves();
    let (columns, longest) = (curves.len(), longest(curves));
    let mut parts = [const { Vec::new() }; 4];
    for curve in curves {
        let mut numbers: Vec<[f64; 4]> = curve.segments().map(|segment| of(&segment)).collect();
        // Segments without a slope fill up the shorter curves.
        numbers.resize(longest, [0.0; 4]);
        for number in numbers {
            for (part, number) in parts.iter_mut().zip(number) {
                part.push(number);
            }
        }
    }
    let names = ["knots", "slopes", "least", "most"].map(|part| format!("{to}/{part}"));
    for (name, values) in names.iter().zip(&parts) {
        constant(graph, name, &[columns, longest], values, input);
    }
    let first: Vec<f64> = curves.iter().map(first).collect();
    let first_name = format!("{to}/first");
    constant(graph, &first_name, &[columns], &first, input);
    let [knots, slopes, least, most] = &names;
    let at = |part: &str| format!("{to}/{part}");
    let each = graph.reshape(from, &[columns, 1], &at("each"));
    let distance = graph.node("Sub", &[&each, knots], &[], &at("distance"));
    let above = graph.node("Max", &[&distance, least], &[], &at("above"));
    let within = graph.node("Min", &[&above, most], &[], &at("within"));
    let terms = graph.node("Mul", &[&within, slopes], &[], &at("terms"));
    let axes = graph.integers(&at("axes"), &[2]);
    let keep = [Attribute::int("keepdims", 0)];
    let sum = graph.node("ReduceSum", &[&terms, &axes], &keep, &at("sum"));
    graph.node("Add", &[&sum, &first_name], &[], to)
}

/// The most segments of a curve.
fn longest(curves: &[Curve]) -> usize {
    let counts = curves.iter().map(|curve| curve.segments().count());
    counts.max().unwrap_or(0)
}

/// Adds numbers of the type of the input.
fn constant(graph: &mut Graph, name: &str, shape: &[usize], values: &[f64], input: Input) {
    match input {
        Input::Double => graph.doubles(name, shape, values),
        Input::Float => {
            let values: Vec<f32> = values.iter().map(|&value| value as f32).collect();
            graph.floats(name, shape, &values);
        }
    }
}
