//! Losses of one value and its target as nodes of an ONNX graph.

use crate::onnx::Graph;
use narrows_kernels::loss::Loss;

/// The names of nodes, and the graph that they are added to.
pub(super) struct Nodes<'g> {
    pub(super) graph: &'g mut Graph,
    pub(super) name: &'g str,
}

impl Nodes<'_> {
    fn add(&mut self, operator: &str, inputs: &[&str], what: &str) -> String {
        let name = format!("{}/{what}", self.name);
        self.graph.node(operator, inputs, &[], &name)
    }

    fn number(&mut self, what: &str, value: f32) -> String {
        self.graph.number(&format!("{}/{what}", self.name), value)
    }

    /// `softplus(y) - t y`, without overflow.
    fn cross_entropy(&mut self, y: &str, t: &str) -> String {
        let positive = self.add("Relu", &[y], "positive");
        let product = self.add("Mul", &[t, y], "product");
        let large = self.add("Sub", &[&positive, &product], "large");
        let size = self.add("Abs", &[y], "size");
        let below = self.add("Neg", &[&size], "below");
        let rest = self.add("Softplus", &[&below], "softplus");
        self.add("Add", &[&large, &rest], "cross-entropy")
    }

    /// `ln C = ln(1 + u) + ln(|y| / (1 - u))` with `u = e^-|y|`; near 0 its series.
    fn constant(&mut self, y: &str) -> String {
        let below = format!("{}/below", self.name);
        let size = format!("{}/size", self.name);
        let u = self.add("Exp", &[&below], "u");
        let one = self.number("one", 1.0);
        let more = self.add("Add", &[&one, &u], "more");
        let less = self.add("Sub", &[&one, &u], "less");
        let ratio = self.add("Div", &[&size, &less], "ratio");
        let far = self.add("Mul", &[&more, &ratio], "far");
        let far = self.add("Log", &[&far], "far/log");
        let square = self.add("Mul", &[y, y], "square");
        let mut near = self.number("series/4", 31.0 / 90_720.0);
        for (place, coefficient) in [
            (3, -7.0 / 1_440.0),
            (2, 1.0 / 12.0),
            (1, std::f32::consts::LN_2),
        ] {
            let product = self.add("Mul", &[&near, &square], &format!("product/{place}"));
            let coefficient = self.number(&format!("series/{place}"), coefficient);
            near = self.add("Add", &[&product, &coefficient], &format!("near/{place}"));
        }
        let limit = self.number("limit", 0.5);
        let is_far = self.add("Greater", &[&size, &limit], "is-far");
        self.add("Where", &[&is_far, &far, &near], "constant")
    }

    /// The loss of each value.
    pub(super) fn loss(&mut self, loss: Loss, y: &str, t: &str) -> String {
        match loss {
            Loss::CrossEntropyOfLogits => self.cross_entropy(y, t),
            Loss::ContinuousBernoulliOfLogits => {
                let cross_entropy = self.cross_entropy(y, t);
                let constant = self.constant(y);
                self.add("Sub", &[&cross_entropy, &constant], "density")
            }
            // Of the losses of one value only these are likelihoods.
            Loss::Squared | Loss::Absolute | Loss::Huber { .. } => {
                let error = self.add("Sub", &[y, t], "error");
                self.add("Mul", &[&error, &error], "error/square")
            }
        }
    }

    /// `factor · x + offset`.
    pub(super) fn scaled(&mut self, x: &str, factor: f32, offset: f32) -> String {
        let factor = self.number("factor", factor);
        let offset = self.number("offset", offset);
        let scaled = self.add("Mul", &[x, &factor], "scaled");
        self.add("Add", &[&scaled, &offset], "nats")
    }
}
