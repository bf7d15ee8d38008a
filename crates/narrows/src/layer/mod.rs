//! Layers: a file per layer, with its declaration and with forward and backward side by side.
//!
//! A recipe has [`LayerSpec`]s; [`LayerPart`] is what a kind of layer says of itself.

pub mod activation;
mod conv;
mod conv2d;
mod conv_transpose2d;
mod dense;
mod elementwise;
mod flatten;
pub mod initialization;
mod reshape;
mod spec;

pub use activation::{Activation, activation};
pub use conv_transpose2d::conv_transpose2d;
pub use conv2d::conv2d;
pub(crate) use dense::Dense;
pub use dense::dense;
pub(crate) use elementwise::Elementwise;
pub use flatten::flatten;
pub use initialization::Initialization;
pub(crate) use initialization::{INITIALIZATION, INITIALIZATIONS};
pub use reshape::reshape;
pub(crate) use spec::{LAYER, last_of_values, layers};
pub use spec::{LayerPart, LayerSpec, OpenWidth, Planned};

use narrows_kernels::Isa;

/// A tensor of a layer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TensorSpec {
    /// `weight` or `bias`.
    pub(crate) name: &'static str,
    pub(crate) shape: Vec<usize>,
    /// How many inputs an output has, and how many outputs an input.
    pub(crate) fans: (usize, usize),
}

/// A layer: what it computes in the two phases of a step.
///
/// In the rows phase [`Layer::forward`] and [`Layer::backward`] run on some rows of the batch; in
/// the parameter phase [`Layer::gradient`] forms the gradient of one tile over the whole batch.
/// All three overwrite what they are given to fill, and may use [`Layer::scratch`] numbers of a
/// memory that belongs to the thread, whose contents they cannot rely on. The other functions serve penalties on
/// derivatives.
pub(crate) trait Layer: std::fmt::Debug + Send + Sync {
    /// The values of a row that it reads.
    fn inputs(&self) -> usize;
    /// The values of a row that it gives.
    fn outputs(&self) -> usize;
    /// Its tensors, in the order in which they lie in the arena.
    fn tensors(&self) -> Vec<TensorSpec>;
    /// How the parameter phase cuts its parameters up: the lengths of the tiles, one after the other in
    /// the tensors' order. A tile is the work of one thread.
    fn tiles(&self) -> Vec<usize>;
    /// How many numbers of scratch memory a thread needs for it.
    fn scratch(&self) -> usize {
        0
    }
    /// The multiply-adds of its product for one row, which the gradients by the input and by the weights need
    /// once more each; 0 where there is no product.
    fn work(&self) -> usize {
        0
    }
    /// `y` of `[rows, outputs]` from `x` of `[rows, inputs]`; `p` holds the layer's parameters, tensor
    /// after tensor.
    fn forward(&self, isa: Isa, p: &[f32], x: &[f32], y: &mut [f32], scratch: &mut [f32]);
    /// The gradient `dx` by the input from `dy` by the output.
    #[allow(clippy::too_many_arguments)]
    fn backward(
        &self,
        isa: Isa,
        p: &[f32],
        x: &[f32],
        y: &[f32],
        dy: &[f32],
        dx: &mut [f32],
        scratch: &mut [f32],
    );
    /// The gradient by the parameters of a tile, summed over the rows from first to last.
    fn gradient(
        &self,
        isa: Isa,
        tile: usize,
        x: &[f32],
        dy: &[f32],
        gradient: &mut [f32],
        scratch: &mut [f32],
    );

    /// The dense layer, if it is one.
    fn as_dense(&self) -> Option<&Dense> {
        None
    }
    /// Whether the derivative J of the output by the input is the same everywhere: `x` and `y` then mean
    /// nothing to [`Layer::backward`] and [`Layer::tangent`], which may be given more rows than those have.
    fn is_linear(&self) -> bool;
    /// Whether [`Layer::add_curvature`] adds anything: whether J changes, other than in steps.
    fn is_curved(&self) -> bool {
        false
    }
    /// Whether it lets pass what is above 0 and stops the rest.
    fn is_rectifier(&self) -> bool {
        false
    }
    /// The change `dy = J dx` of the output with a small change of the input.
    #[allow(clippy::too_many_arguments)]
    fn tangent(
        &self,
        isa: Isa,
        p: &[f32],
        x: &[f32],
        y: &[f32],
        dx: &[f32],
        dy: &mut [f32],
        scratch: &mut [f32],
    );
    /// Adds to `gradient` that of `v · J w` by the parameters of a tile, summed over the rows.
    #[allow(clippy::too_many_arguments)]
    fn add_tangent_gradient(
        &self,
        isa: Isa,
        tile: usize,
        w: &[f32],
        v: &[f32],
        gradient: &mut [f32],
        scratch: &mut [f32],
    );
    /// Adds to `dx` the gradient of `v · J w` by the input.
    fn add_curvature(&self, isa: Isa, x: &[f32], y: &[f32], w: &[f32], v: &[f32], dx: &mut [f32]);
}
