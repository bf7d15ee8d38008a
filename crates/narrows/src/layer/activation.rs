//! Elementwise activations as layers, each with its declaration, its output range and its ONNX nodes.

pub use narrows_kernels::activation::Activation;

use super::{LayerPart, LayerSpec};
use crate::declaration::{Declaration, Key, Kind, Part, Preset, Range, Settings};
use crate::error::Result;
use crate::onnx::{Attribute, Graph, Place};
use crate::program::{Builder, Elementwise, Var};
use std::f32::consts::FRAC_1_SQRT_2;

/// An activation as a layer.
#[derive(Debug)]
pub(super) struct ActivationPart {
    declaration: Declaration,
    function: fn(&Settings) -> Activation,
    /// The infimum and supremum of its output.
    range: fn(&Settings) -> (f32, f32),
    nodes: fn(&Settings, &mut Graph, Place<'_>) -> String,
}

const ALL: (f32, f32) = (f32::NEG_INFINITY, f32::INFINITY);

const SLOPE: Key = Key::new(
    "slope",
    Kind::Number(Range::ANY),
    "the slope of the negative part",
)
.default(Preset::Number(0.01));

const ALPHA: Key = Key::new(
    "alpha",
    Kind::Number(Range::ABOVE_0),
    "the output stays above -alpha",
)
.default(Preset::Number(1.0));

static IDENTITY: ActivationPart = ActivationPart {
    declaration: Declaration::new("identity", "x"),
    function: |_| Activation::Identity,
    range: |_| ALL,
    nodes: |_, _, place| place.input.to_string(),
};

static RELU: ActivationPart = ActivationPart {
    declaration: Declaration::new("relu", "max(x, 0)"),
    function: |_| Activation::Relu,
    range: |_| (0.0, f32::INFINITY),
    nodes: |_, graph, place| place.single(graph, "Relu", &[]),
};

static LEAKY_RELU: ActivationPart = ActivationPart {
    declaration: Declaration::new("leaky-relu", "x where positive, else slope · x").keys(&[SLOPE]),
    function: |settings| Activation::LeakyRelu {
        slope: settings.get(&SLOPE),
    },
    range: |_| ALL,
    nodes: |settings, graph, place| {
        let slope = Attribute::float("alpha", settings.get(&SLOPE));
        place.single(graph, "LeakyRelu", &[slope])
    },
};

static ELU: ActivationPart = ActivationPart {
    declaration: Declaration::new("elu", "x where positive, else alpha · (eˣ - 1)").keys(&[ALPHA]),
    function: |settings| Activation::Elu {
        alpha: settings.get(&ALPHA),
    },
    range: |settings| (-settings.get::<f32>(&ALPHA), f32::INFINITY),
    nodes: |settings, graph, place| {
        let alpha = Attribute::float("alpha", settings.get(&ALPHA));
        place.single(graph, "Elu", &[alpha])
    },
};

static SILU: ActivationPart = ActivationPart {
    declaration: Declaration::new("silu", "x · sigmoid(x)").elsewhere(&["swish"]),
    function: |_| Activation::Silu,
    // The minimum of x · sigmoid(x).
    range: |_| (-0.278_464_55, f32::INFINITY),
    nodes: |_, graph, place| {
        let sigmoid = graph.node("Sigmoid", &[place.input], &[], &place.part("sigmoid"));
        graph.node("Mul", &[place.input, &sigmoid], &[], place.name)
    },
};

static GELU: ActivationPart = ActivationPart {
    declaration: Declaration::new("gelu", "x · Φ(x), exactly"),
    function: |_| Activation::Gelu,
    // The minimum of x · Φ(x).
    range: |_| (-0.169_971_21, f32::INFINITY),
    // x · Φ(x) = x/2 · (1 + erf(x/√2))
    nodes: |_, graph, place| {
        let x = place.input;
        let root = graph.number(&place.part("1/sqrt2"), FRAC_1_SQRT_2);
        let one = graph.number(&place.part("one"), 1.0);
        let half = graph.number(&place.part("half"), 0.5);
        let scaled = graph.node("Mul", &[x, &root], &[], &place.part("scaled"));
        let erf = graph.node("Erf", &[&scaled], &[], &place.part("erf"));
        let sum = graph.node("Add", &[&erf, &one], &[], &place.part("sum"));
        let halved = graph.node("Mul", &[x, &half], &[], &place.part("halved"));
        graph.node("Mul", &[&halved, &sum], &[], place.name)
    },
};

static TANH: ActivationPart = ActivationPart {
    declaration: Declaration::new("tanh", "tanh(x)"),
    function: |_| Activation::Tanh,
    range: |_| (-1.0, 1.0),
    nodes: |_, graph, place| place.single(graph, "Tanh", &[]),
};

static SIGMOID: ActivationPart = ActivationPart {
    declaration: Declaration::new("sigmoid", "1 / (1 + e⁻ˣ)").elsewhere(&["logistic"]),
    function: |_| Activation::Sigmoid,
    range: |_| (0.0, 1.0),
    nodes: |_, graph, place| place.single(graph, "Sigmoid", &[]),
};

static SOFTPLUS: ActivationPart = ActivationPart {
    declaration: Declaration::new("softplus", "ln(1 + eˣ)"),
    function: |_| Activation::Softplus,
    range: |_| (0.0, f32::INFINITY),
    // ln(1 + eˣ) = max(x, 0) + ln(1 + e^-|x|), which does not overflow in a runtime that computes it literally.
    nodes: |_, graph, place| {
        let x = place.input;
        let positive = graph.node("Relu", &[x], &[], &place.part("positive"));
        let size = graph.node("Abs", &[x], &[], &place.part("size"));
        let negative = graph.node("Neg", &[&size], &[], &place.part("negative"));
        let rest = graph.node("Softplus", &[&negative], &[], &place.part("rest"));
        graph.node("Add", &[&positive, &rest], &[], place.name)
    },
};

static CONTINUOUS_BERNOULLI_MEAN: ActivationPart = ActivationPart {
    declaration: Declaration::new(
        "continuous-bernoulli-mean",
        "1 / (1 - e⁻ˣ) - 1/x, the mean of the continuous Bernoulli distribution of parameter sigmoid(x)",
    ),
    function: |_| Activation::ContinuousBernoulliMean,
    range: |_| (0.0, 1.0),
    nodes: |_, graph, place| continuous_bernoulli_mean(graph, place),
};

/// Adds `1/|x| - u / (1 - u)` with `u = e^-|x|`, and 1 less this for positive x; near 0 its series.
fn continuous_bernoulli_mean(graph: &mut Graph, place: Place<'_>) -> String {
    let x = place.input;
    let number = |graph: &mut Graph, what: &str, value| graph.number(&place.part(what), value);
    let [zero, one] = [("zero", 0.0), ("one", 1.0)].map(|(what, value)| number(graph, what, value));
    let size = graph.node("Abs", &[x], &[], &place.part("size"));
    let below = graph.node("Neg", &[&size], &[], &place.part("below"));
    let u = graph.node("Exp", &[&below], &[], &place.part("u"));
    let rest = graph.node("Sub", &[&one, &u], &[], &place.part("rest"));
    let ratio = graph.node("Div", &[&u, &rest], &[], &place.part("ratio"));
    let inverse = graph.node("Div", &[&one, &size], &[], &place.part("inverse"));
    let low = graph.node("Sub", &[&inverse, &ratio], &[], &place.part("low"));
    let high = graph.node("Sub", &[&one, &low], &[], &place.part("high"));
    let is_high = graph.node("Greater", &[x, &zero], &[], &place.part("is-high"));
    let far = graph.node("Where", &[&is_high, &high, &low], &[], &place.part("far"));
    let square = graph.node("Mul", &[x, x], &[], &place.part("square"));
    let mut sum = number(graph, "series/4", 1.0 / 47_900_160.0);
    for (term, coefficient) in [
        (3, -1.0 / 1_209_600.0),
        (2, 1.0 / 30_240.0),
        (1, -1.0 / 720.0),
        (0, 1.0 / 12.0),
    ] {
        let product = place.part(&format!("product/{term}"));
        let product = graph.node("Mul", &[&sum, &square], &[], &product);
        let coefficient = number(graph, &format!("series/{term}"), coefficient);
        let name = place.part(&format!("sum/{term}"));
        sum = graph.node("Add", &[&product, &coefficient], &[], &name);
    }
    let half = number(graph, "half", 0.5);
    let odd = graph.node("Mul", &[x, &sum], &[], &place.part("odd"));
    let near = graph.node("Add", &[&odd, &half], &[], &place.part("near"));
    let limit = number(graph, "limit", 1.0);
    let is_far = graph.node("Greater", &[&size, &limit], &[], &place.part("is-far"));
    graph.node("Where", &[&is_far, &far, &near], &[], place.name)
}

/// The activations, in the order in which they are listed.
pub(super) static ACTIVATIONS: &[&ActivationPart] = &[
    &IDENTITY,
    &RELU,
    &LEAKY_RELU,
    &ELU,
    &SILU,
    &GELU,
    &TANH,
    &SIGMOID,
    &SOFTPLUS,
    &CONTINUOUS_BERNOULLI_MEAN,
];

impl Part for ActivationPart {
    fn declaration(&self) -> &Declaration {
        &self.declaration
    }
}

impl LayerPart for ActivationPart {
    fn keeps_values(&self) -> bool {
        self.declaration.name == IDENTITY.declaration.name
    }

    fn output_range(&self, settings: &Settings) -> (f32, f32) {
        (self.range)(settings)
    }

    fn build(
        &self,
        settings: &Settings,
        builder: &mut Builder,
        x: Var,
        _: &[usize],
    ) -> Result<Var> {
        let elementwise = Elementwise {
            function: (self.function)(settings),
            width: builder.width(x),
        };
        let shape = builder.shape(x).to_vec();
        Ok(builder.apply(elementwise, Vec::new(), x, shape))
    }

    fn nodes(&self, settings: &Settings, graph: &mut Graph, place: Place<'_>) -> String {
        (self.nodes)(settings, graph, place)
    }
}

/// A layer that applies a function to each value.
pub fn activation(function: Activation) -> LayerSpec {
    let plain = |part: &'static ActivationPart| LayerSpec::unchecked(part, &[]);
    match function {
        Activation::Identity => plain(&IDENTITY),
        Activation::Relu => plain(&RELU),
        Activation::LeakyRelu { slope } => {
            LayerSpec::unchecked(&LEAKY_RELU, &[(&SLOPE, Some(slope.into()))])
        }
        Activation::Elu { alpha } => LayerSpec::unchecked(&ELU, &[(&ALPHA, Some(alpha.into()))]),
        Activation::Silu => plain(&SILU),
        Activation::Gelu => plain(&GELU),
        Activation::Tanh => plain(&TANH),
        Activation::Sigmoid => plain(&SIGMOID),
        Activation::Softplus => plain(&SOFTPLUS),
        Activation::ContinuousBernoulliMean => plain(&CONTINUOUS_BERNOULLI_MEAN),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use narrows_kernels::Isa;

    #[test]
    fn outputs_fill_their_range_and_never_leave_it() {
        let mut x: Vec<f32> = (-400_000..=400_000).map(|i| i as f32 * 1e-4).collect();
        // One of them nears its range as 1/x does.
        x.extend([-1e7, 1e7]);
        let mut y = vec![0.0; x.len()];
        let mut seen: Vec<LayerSpec> = ACTIVATIONS
            .iter()
            .map(|&part| LayerSpec::unchecked(part, &[]))
            .collect();
        seen.push(super::activation(Activation::Elu { alpha: 1.5 }));
        for (part, spec) in ACTIVATIONS.iter().chain([&&ELU]).zip(&seen) {
            let function = (part.function)(spec.settings());
            function.forward(Isa::best(), &x, &mut y);
            let low = y.iter().copied().fold(f32::INFINITY, f32::min);
            let high = y.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            let (least, most) = spec.output_range();
            assert!(
                low >= least - 1e-6 && high <= most,
                "{spec:?}: {low} to {high}"
            );
            if least.is_finite() {
                assert!(
                    low - least < 1e-6,
                    "{spec:?}: {low}, and {least} was promised"
                );
            }
            if most.is_finite() {
                assert!(
                    most - high < 1e-6,
                    "{spec:?}: {high}, and {most} was promised"
                );
            }
            assert_eq!(super::activation(function), *spec);
        }
    }
}
