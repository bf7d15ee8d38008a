//! Batch normalization (Ioffe & Szegedy 2015), like PyTorch's `BatchNorm1d` after dense layers and `BatchNorm2d` after
//! convolutions.
//!
//! Training normalizes by the mean and variance of the batch and updates the running mean and variance. Validation and
//! trained models use the running ones: there the layer is a factor and an offset per channel.

mod norm;
mod training;

use super::{LayerPart, LayerSpec};
use crate::declaration::{Declaration, End, Key, Kind, Part, Preset, Range, Settings};
use crate::error::{Error, ErrorKind, Result};
use crate::onnx::{Attribute, Graph, Place};
use crate::program::{
    Buffer, Builder, ChannelAffine, ColumnContext, ColumnOperation, ColumnPart, Factors, Lower,
    Mode, Part as PartOfStep, StateKind, StateSpec, States, TensorSpec, Tensors, Uses, Var,
};
use narrows_kernels::batch_norm::{BatchNorm as Kernel, rstd};
use norm::Norm;
use std::sync::Arc;
use training::Training;

/// The layer of a recipe.
#[derive(Debug)]
pub(super) struct BatchNorm;

const MOMENTUM: Key = Key::new(
    "momentum",
    Kind::Number(Range::of(End::Open(0.0), End::Closed(1.0))),
    "the weight of a batch's mean and variance in the running mean and variance, as in PyTorch. The momentum of Keras \
     is 1 minus this value",
)
.default(Preset::Number(0.1));

const EPSILON: Key = Key::new(
    "epsilon",
    Kind::Number(Range::ABOVE_0),
    "the number that is added to variances",
)
.default(Preset::Number(1e-5));

impl Part for BatchNorm {
    fn declaration(&self) -> &Declaration {
        const {
            &Declaration::new(
                "batch-norm",
                "y = (x - mean) / √(variance + epsilon) · weight + bias for each channel. Training uses mean and \
                 variance of the batch, a trained model running ones",
            )
            .elsewhere(&["batchnorm", "batch-normalization", "batchnorm1d", "batchnorm2d"])
            .keys(&[MOMENTUM, EPSILON])
        }
    }
}

impl LayerPart for BatchNorm {
    fn has_parameters(&self) -> bool {
        true
    }

    fn build(
        &self,
        settings: &Settings,
        builder: &mut Builder,
        x: Var,
        _: &[usize],
    ) -> Result<Var> {
        let (channels, area) = planes(builder.shape(x))?;
        let mut tensor = |name, initial| {
            builder.tensor(TensorSpec {
                name,
                shape: vec![channels],
                fans: (1, 1),
                initial: Some(initial),
                tile: channels,
            })
        };
        let (weight, bias) = (tensor("weight", 1.0)?, tensor("bias", 0.0)?);
        let mut state = |name, shape, kind, initial| {
            builder.state(StateSpec {
                name,
                shape,
                kind,
                initial,
            })
        };
        let norm = Norm {
            channels,
            area,
            momentum: settings.get(&MOMENTUM),
            epsilon: settings.get(&EPSILON),
            weight,
            bias,
            mean: state("running_mean", vec![channels], StateKind::Number, 0.0)?,
            variance: state("running_var", vec![channels], StateKind::NotNegative, 1.0)?,
            batches: state("num_batches_tracked", vec![], StateKind::Count, 0.0)?,
        };
        builder.couple_rows();
        let tensors = vec![weight, bias];
        Ok(match builder.mode() {
            Mode::Training => {
                let output = (builder.shape(x).to_vec(), builder.rows(x));
                let operation = Training {
                    norm,
                    rows: builder.rows(x),
                };
                builder.node(Arc::new(operation), tensors, vec![x], vec![output])[0]
            }
            Mode::Validation | Mode::Inference => ChannelAffine {
                channels,
                area,
                factors: Arc::new(norm),
            }
            .build(builder, tensors, x),
        })
    }

    fn nodes(&self, settings: &Settings, graph: &mut Graph, place: Place<'_>) -> String {
        let tensors = ["weight", "bias", "running_mean", "running_var"];
        let tensors = tensors.map(|tensor| format!("{}.{tensor}", place.name));
        let inputs: Vec<String> = [place.input.to_string()]
            .into_iter()
            .chain(tensors)
            .collect();
        let epsilon = Attribute::float("epsilon", settings.get(&EPSILON));
        graph.node("BatchNormalization", &inputs, &[epsilon], place.name)
    }
}

/// The channels of rows of a shape, and the number of values of each channel.
fn planes(shape: &[usize]) -> Result<(usize, usize)> {
    match *shape {
        [values] => Ok((values, 1)),
        [channels, height, width] => Ok((channels, height * width)),
        _ => Err(Error::new(
            ErrorKind::Recipe,
            "the layer normalizes values or channels of images",
        )
        .expected("rows of shape [values] or [channels, height, width]")
        .found(format!("rows of shape {shape:?}"))
        .hint("put a flatten layer before it")),
    }
}

impl Factors for Norm {
    fn label(&self) -> String {
        "running statistics".into()
    }

    fn emit(&self, lower: &mut Lower<'_>) -> [Buffer; 2] {
        let to = ["factors", "offsets"].map(|name| lower.whole(name, self.channels, 1));
        let operation = RunningFactors {
            norm: *self,
            running: [lower.state(self.mean), lower.state(self.variance)],
            to,
        };
        lower.columns(operation);
        to
    }

    fn values(&self, tensors: Tensors<'_>, states: States<'_>) -> [Vec<f32>; 2] {
        let mut of_variance = vec![0.0; self.channels];
        let mut to = [of_variance.clone(), of_variance.clone()];
        let running = [states.get(self.mean), states.get(self.variance)];
        let [factors, offsets] = &mut to;
        self.fill(tensors, running, &mut of_variance, [factors, offsets]);
        to
    }
}

impl Norm {
    /// Fills factors and offsets from the running mean and variance.
    fn fill(
        &self,
        tensors: Tensors<'_>,
        [mean, variance]: [&[f32]; 2],
        of_variance: &mut [f32],
        [factors, offsets]: [&mut [f32]; 2],
    ) {
        rstd(self.epsilon, variance, of_variance);
        let kernel = Kernel {
            area: self.area,
            mean,
            rstd: of_variance,
            weight: tensors.get(self.weight),
            bias: tensors.get(self.bias),
        };
        kernel.scale_and_shift(factors, offsets);
    }
}

/// A factor and an offset per channel from weight, bias and running statistics.
#[derive(Debug)]
struct RunningFactors {
    norm: Norm,
    /// Mean and variance.
    running: [Buffer; 2],
    /// Factors and offsets.
    to: [Buffer; 2],
}

impl ColumnOperation for RunningFactors {
    fn label(&self) -> String {
        "factors of channels".into()
    }

    fn part(&self) -> PartOfStep {
        PartOfStep::Folding
    }

    fn uses(&self) -> Uses {
        Uses::new().reads(self.running).writes(self.to)
    }

    fn parts(&self) -> Vec<ColumnPart> {
        let channels = self.norm.channels;
        vec![ColumnPart {
            writes: self.to.map(|to| to.rect(0..channels, 0..1)).to_vec(),
            work: 4 * channels,
            read: 0,
        }]
    }

    fn scratch(&self) -> usize {
        self.norm.channels
    }

    fn run(&self, context: &mut ColumnContext<'_>) {
        let rows = context.rows();
        let of_variance = &mut context.scratch[..self.norm.channels];
        let reads = self.running.map(Buffer::index);
        let (running, to) = context.buffers.access(reads, rows);
        self.norm.fill(context.tensors, running, of_variance, to);
    }
}

/// A layer that normalizes each channel, or each value of a flat row: by the batch's statistics in training, and by the
/// running statistics in inference.
///
/// ```
/// use narrows::layer::{batch_norm, dense};
///
/// let encoder = [dense(32), batch_norm(), dense(8)];
/// assert_eq!(encoder[1].get::<f64>("momentum"), Some(0.1));
/// ```
pub fn batch_norm() -> LayerSpec {
    LayerSpec::unchecked(&BatchNorm, &[])
}
