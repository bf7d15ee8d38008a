//! The dense layer, `y = x Wᵀ + b`.

use super::spec::MAX_WIDTH;
use super::{Layer, LayerPart, LayerSpec, OpenWidth, Planned, TensorSpec};
use crate::declaration::{Declaration, Key, Kind, Part, Preset, Settings};
use crate::error::Result;
use crate::onnx::{Attribute, Graph, Place};
use narrows_kernels::Isa;
use narrows_kernels::product::{Left, PANEL, Right, Start, product};
use narrows_kernels::reduce::column_sums;

/// The dense layer of a recipe.
#[derive(Debug)]
pub(super) struct DensePart;

const OUTPUTS: Key = Key::new(
    "outputs",
    Kind::Whole {
        least: 1,
        most: MAX_WIDTH,
    },
    "the values that the layer gives",
)
.default(Preset::Open(
    "the data's width, in the decoder's last layer with parameters only",
));

pub(super) const BIAS: Key =
    Key::new("bias", Kind::Flag, "whether there is a bias").default(Preset::Flag(true));

const OPEN_OUTPUTS: OpenWidth = OpenWidth {
    key: &OUTPUTS,
    of_data: |data| Ok(data.iter().product()),
};

impl Part for DensePart {
    fn declaration(&self) -> &Declaration {
        const {
            &Declaration::new("dense", "y = x Wᵀ + b, with W of [outputs, inputs]")
                .elsewhere(&["linear", "fully-connected"])
                .keys(&[OUTPUTS, BIAS])
        }
    }
}

impl LayerPart for DensePart {
    fn has_parameters(&self) -> bool {
        true
    }

    fn open_width(&self) -> Option<OpenWidth> {
        Some(OPEN_OUTPUTS)
    }

    fn plan(&self, settings: &Settings, shape: &[usize], data: &[usize]) -> Result<Planned> {
        let outputs = OPEN_OUTPUTS.of(settings, data)?;
        let dense = Dense {
            inputs: shape.iter().product(),
            outputs,
            bias: settings.get(&BIAS),
        };
        Ok(Planned {
            layer: Box::new(dense),
            shape: vec![outputs],
        })
    }

    fn nodes(&self, settings: &Settings, graph: &mut Graph, place: Place<'_>) -> String {
        let flat = match place.from.len() {
            1 => place.input.to_string(),
            _ => {
                let axis = Attribute::int("axis", 1);
                graph.node("Flatten", &[place.input], &[axis], &place.part("flat"))
            }
        };
        let inputs = place.with_parameters(&flat, settings.get(&BIAS));
        let transposed = Attribute::int("transB", 1);
        graph.node("Gemm", &inputs, &[transposed], place.name)
    }
}

/// A dense layer that gives so many values, with a bias. `None` stands for the width of the data, in the decoder's last
/// layer with parameters only.
pub fn dense(outputs: impl Into<Option<usize>>) -> LayerSpec {
    let outputs = outputs.into().map(Into::into);
    LayerSpec::unchecked(&DensePart, &[(&OUTPUTS, outputs)])
}

/// The outputs whose weights form one tile of the parameter phase: a multiple of [`PANEL`], four
/// register tiles of twelve rows.
const TILE: usize = 6 * PANEL;

/// A dense layer: `y = x Wᵀ + b`, with `x` of `[batch, inputs]`, `W` of `[outputs, inputs]` as in
/// PyTorch's `Linear`, `y` of `[batch, outputs]`.
#[derive(Debug)]
pub(crate) struct Dense {
    pub(crate) inputs: usize,
    pub(crate) outputs: usize,
    pub(crate) bias: bool,
}

impl Dense {
    fn weights(&self) -> usize {
        self.outputs * self.inputs
    }

    /// The outputs of a tile of weights; the tile behind the last one is the bias.
    fn tile_outputs(&self, tile: usize) -> std::ops::Range<usize> {
        let start = (tile * TILE).min(self.outputs);
        start..(start + TILE).min(self.outputs)
    }

    /// `y = start + x Wᵀ`.
    fn multiply(&self, isa: Isa, p: &[f32], start: Start<'_>, x: &[f32], y: &mut [f32]) {
        let rows = x.len() / self.inputs;
        product(
            isa,
            (rows, self.outputs, self.inputs),
            Left {
                data: x,
                row: self.inputs,
                column: 1,
            },
            Right::transpose_of(&p[..self.weights()], self.inputs),
            start,
            y,
            self.outputs,
        );
    }

    /// `start + dyᵀ x`, for the outputs of a tile of weights.
    fn weight_gradient(
        &self,
        isa: Isa,
        tile: usize,
        x: &[f32],
        dy: &[f32],
        start: Start<'_>,
        gradient: &mut [f32],
    ) {
        let outputs = self.tile_outputs(tile);
        let rows = x.len() / self.inputs;
        product(
            isa,
            (outputs.len(), self.inputs, rows),
            Left {
                data: &dy[outputs.start..],
                row: 1,
                column: self.outputs,
            },
            Right::row_major(x, self.inputs),
            start,
            gradient,
            self.inputs,
        );
    }
}

impl Layer for Dense {
    fn inputs(&self) -> usize {
        self.inputs
    }

    fn outputs(&self) -> usize {
        self.outputs
    }

    fn tensors(&self) -> Vec<TensorSpec> {
        let fans = (self.inputs, self.outputs);
        let mut tensors = vec![TensorSpec {
            name: "weight",
            shape: vec![self.outputs, self.inputs],
            fans,
        }];
        if self.bias {
            tensors.push(TensorSpec {
                name: "bias",
                shape: vec![self.outputs],
                fans,
            });
        }
        tensors
    }

    fn tiles(&self) -> Vec<usize> {
        let weights = (0..self.outputs.div_ceil(TILE))
            .map(|tile| self.tile_outputs(tile).len() * self.inputs);
        weights.chain(self.bias.then_some(self.outputs)).collect()
    }

    fn work(&self) -> usize {
        self.weights()
    }

    fn forward(&self, isa: Isa, p: &[f32], x: &[f32], y: &mut [f32], _: &mut [f32]) {
        let start = if self.bias {
            Start::Bias(&p[self.weights()..])
        } else {
            Start::Zero
        };
        self.multiply(isa, p, start, x, y);
    }

    fn backward(
        &self,
        isa: Isa,
        p: &[f32],
        _x: &[f32],
        _y: &[f32],
        dy: &[f32],
        dx: &mut [f32],
        _: &mut [f32],
    ) {
        let rows = dx.len() / self.inputs;
        product(
            isa,
            (rows, self.inputs, self.outputs),
            Left {
                data: dy,
                row: self.outputs,
                column: 1,
            },
            Right::row_major(&p[..self.weights()], self.inputs),
            Start::Zero,
            dx,
            self.inputs,
        );
    }

    fn gradient(
        &self,
        isa: Isa,
        tile: usize,
        x: &[f32],
        dy: &[f32],
        gradient: &mut [f32],
        _: &mut [f32],
    ) {
        if self.tile_outputs(tile).is_empty() {
            column_sums(isa, dy, gradient);
        } else {
            self.weight_gradient(isa, tile, x, dy, Start::Zero, gradient);
        }
    }

    fn as_dense(&self) -> Option<&Dense> {
        Some(self)
    }

    fn is_linear(&self) -> bool {
        true
    }

    fn tangent(
        &self,
        isa: Isa,
        p: &[f32],
        _x: &[f32],
        _y: &[f32],
        dx: &[f32],
        dy: &mut [f32],
        _: &mut [f32],
    ) {
        self.multiply(isa, p, Start::Zero, dx, dy);
    }

    fn add_tangent_gradient(
        &self,
        isa: Isa,
        tile: usize,
        w: &[f32],
        v: &[f32],
        gradient: &mut [f32],
        _: &mut [f32],
    ) {
        if !self.tile_outputs(tile).is_empty() {
            self.weight_gradient(isa, tile, w, v, Start::Accumulate, gradient);
        }
    }

    fn add_curvature(&self, _: Isa, _: &[f32], _: &[f32], _: &[f32], _: &[f32], _: &mut [f32]) {}
}
