//! The layer in training: statistics of the batch, and the backward pass through them.
//!
//! ```text
//! columns   mean, rstd of each channel over the batch; the running statistics
//! rows      y = (x - mean) rstd · weight + bias
//! columns   Σ dy, Σ dy · xhat of each channel over the batch: the gradients by bias and weight
//! rows      dx = weight · rstd (dy - Σ dy / n - xhat · Σ (dy · xhat) / n)
//! ```

use super::norm::Norm;
use crate::error::{Error, ErrorKind, Result};
use crate::program::{
    AddFormed, Buffer, ColumnContext, ColumnOperation, ColumnPart, Cost, Lower, Node, Operation,
    Part, RowContext, RowOperation, Uses,
};
use narrows_kernels::batch_norm::{
    BatchNorm as Kernel, ChannelSums, Planes, Running, Sums, rstd, statistics, update_running,
};
use narrows_kernels::bits::words_mut;
use narrows_kernels::memory::Rect;
use std::ops::Range;

/// The number of channels that a thread takes at a time if each has one value per row: one cache line.
const VALUES: usize = 16;

/// The number of channels that a thread takes at a time if each has many values per row.
const CHANNELS: usize = 4;

/// Batch normalization by the statistics of the batch.
#[derive(Clone, Copy, Debug)]
pub(super) struct Training {
    pub(super) norm: Norm,
    /// The number of rows of a sample.
    pub(super) rows: usize,
}

/// The statistics that normalize the channels of a batch, each `[channels, 1]`.
#[derive(Clone, Copy, Debug)]
struct Statistics {
    mean: Buffer,
    rstd: Buffer,
}

impl Training {
    /// The number of values of a channel in a batch of a number of samples.
    fn count(&self, samples: usize) -> usize {
        samples * self.rows * self.norm.area
    }

    /// The channels of each part.
    fn cuts(&self) -> impl Iterator<Item = Range<usize>> + use<> {
        let layer = *self;
        (0..self.norm.channels.div_ceil(self.step())).map(move |part| layer.channels(part))
    }

    fn step(&self) -> usize {
        if self.norm.area == 1 {
            VALUES
        } else {
            CHANNELS
        }
    }

    /// The channels of a part.
    fn channels(&self, part: usize) -> Range<usize> {
        let start = part * self.step();
        start..(start + self.step()).min(self.norm.channels)
    }

    /// A part with these rectangles, for batches of up to `batch` samples.
    fn part(&self, writes: Vec<Rect>, channels: usize, batch: usize) -> ColumnPart {
        let values = channels * self.count(batch);
        ColumnPart {
            writes,
            work: 2 * values,
            read: values,
        }
    }
}

impl Operation for Training {
    fn label(&self) -> String {
        format!("batch-norm of {} channels", self.norm.channels)
    }

    fn forward(&self, node: &Node, lower: &mut Lower<'_>) -> Result<()> {
        let (norm, batch) = (self.norm, lower.batch());
        if self.count(batch) < 2 {
            return Err(Error::new(
                ErrorKind::Recipe,
                "a batch of one row has no variance for batch-norm to divide by",
            )
            .at(format!("{} (batch-norm)", node.place()))
            .expected("batches of at least 2 rows")
            .found(batch)
            .hint("give `training.batch_size` 2 or more, and at least 2 rows to train on"));
        }
        let (x, y) = (
            lower.buffer_of(node.inputs[0]),
            lower.buffer_of(node.outputs[0]),
        );
        let [mean, rstd] = ["means", "1 / std"].map(|name| lower.whole(name, norm.channels, 1));
        let of_batch = Statistics { mean, rstd };
        let operation = Collect {
            layer: *self,
            x,
            of_batch,
            running: [lower.state(norm.mean), lower.state(norm.variance)],
            batches: lower.state(norm.batches),
            batch,
        };
        lower.columns(operation);
        lower.rows(Normalize {
            layer: *self,
            x,
            y,
            of_batch,
        });
        lower.stash(of_batch);
        Ok(())
    }

    fn backward(&self, node: &Node, lower: &mut Lower<'_>) -> Result<()> {
        let Some((dy, of_batch)) = lower
            .gradient_of(node.outputs[0])
            .zip(lower.unstash::<Statistics>())
        else {
            return Ok(());
        };
        let x = lower.buffer_of(node.inputs[0]);
        let names = ["sums of dy", "sums of dy · xhat"];
        let sums = names.map(|name| lower.whole(name, self.norm.channels, 1));
        lower.columns(Collected {
            layer: *self,
            x,
            dy,
            of_batch,
            sums,
            batch: lower.batch(),
        });
        let layer = *self;
        lower.contribute(node.inputs[0], |lower, dx| {
            lower.rows(Differentiate {
                layer,
                x,
                dy,
                dx,
                of_batch,
                sums,
            });
        });
        let [of_bias, of_weight] = sums;
        for (tensor, formed) in [(self.norm.weight, of_weight), (self.norm.bias, of_bias)] {
            let part = Part::Gradients;
            lower.tile(tensor, AddFormed { formed, part });
        }
        Ok(())
    }
}

/// Computes mean and 1 / std of the batch, and updates the running statistics.
#[derive(Debug)]
struct Collect {
    layer: Training,
    x: Buffer,
    of_batch: Statistics,
    /// Mean and variance.
    running: [Buffer; 2],
    batches: Buffer<u32>,
    batch: usize,
}

impl ColumnOperation for Collect {
    fn label(&self) -> String {
        "statistics of the batch".into()
    }

    fn part(&self) -> Part {
        Part::Statistics
    }

    fn uses(&self) -> Uses {
        let Statistics { mean, rstd } = self.of_batch;
        let uses = Uses::new().reads([self.x]).writes([mean, rstd]);
        uses.adds(self.running).adds([self.batches])
    }

    fn parts(&self) -> Vec<ColumnPart> {
        let Statistics { mean, rstd } = self.of_batch;
        let [of_mean, of_variance] = self.running;
        let all = [mean, rstd, of_mean, of_variance];
        let part = |(index, channels): (usize, Range<usize>)| {
            let rects = all
                .iter()
                .map(|&buffer| buffer.rect(channels.clone(), 0..1));
            let mut rects: Vec<Rect> = rects.collect();
            if index == 0 {
                rects.push(self.batches.rect(0..1, 0..1));
            }
            self.layer.part(rects, channels.len(), self.batch)
        };
        self.layer.cuts().enumerate().map(part).collect()
    }

    fn scratch(&self) -> usize {
        self.layer.step()
    }

    fn run(&self, context: &mut ColumnContext<'_>) {
        let Norm {
            channels,
            area,
            momentum,
            epsilon,
            ..
        } = self.layer.norm;
        let (isa, samples) = (context.isa, context.rows());
        let own = self.layer.channels(context.part);
        let variance = &mut context.scratch[..own.len()];
        let reads = [self.x.index()];
        let ([x], [mean, of_variance, running_mean, running_variance]) =
            context.buffers.access(reads, samples);
        let planes = Planes { channels, area };
        statistics(isa, planes, own, x, mean, variance);
        rstd(epsilon, variance, of_variance);
        let running = Running {
            mean: running_mean,
            variance: running_variance,
        };
        let count = self.layer.count(samples);
        update_running(momentum, count, mean, variance, running);
        if context.part == 0 {
            let [batches] = context.buffers.some_mut([4]);
            let batches = words_mut(batches);
            batches[0] = batches[0].saturating_add(1);
        }
    }
}

/// `y` from `x`.
#[derive(Debug)]
struct Normalize {
    layer: Training,
    x: Buffer,
    y: Buffer,
    of_batch: Statistics,
}

impl RowOperation for Normalize {
    fn label(&self) -> String {
        self.layer.label()
    }

    fn part(&self) -> Part {
        Part::ForwardElementwise
    }

    fn uses(&self) -> Uses {
        let Statistics { mean, rstd } = self.of_batch;
        Uses::new().reads([self.x, mean, rstd]).writes([self.y])
    }

    fn cost(&self) -> Cost {
        cost(&self.layer)
    }

    fn run(&self, context: &mut RowContext<'_>) {
        let Norm {
            area, weight, bias, ..
        } = self.layer.norm;
        let tensors = context.tensors;
        let reads = [self.x, self.of_batch.mean, self.of_batch.rstd];
        let ([x, mean, rstd], y) = context.buffers.read_write(reads, self.y);
        let kernel = Kernel {
            area,
            mean,
            rstd,
            weight: tensors.get(weight),
            bias: tensors.get(bias),
        };
        kernel.forward(context.isa, x, y);
    }
}

/// Sums of `dy` and `dy · xhat` over the batch.
#[derive(Debug)]
struct Collected {
    layer: Training,
    x: Buffer,
    dy: Buffer,
    of_batch: Statistics,
    sums: [Buffer; 2],
    batch: usize,
}

impl ColumnOperation for Collected {
    fn label(&self) -> String {
        "sums of the gradient".into()
    }

    fn part(&self) -> Part {
        Part::Statistics
    }

    fn uses(&self) -> Uses {
        let Statistics { mean, rstd } = self.of_batch;
        let uses = Uses::new().reads([self.x, self.dy, mean, rstd]);
        uses.writes(self.sums)
    }

    fn parts(&self) -> Vec<ColumnPart> {
        let part = |channels: Range<usize>| {
            let rects = self.sums.map(|sums| sums.rect(channels.clone(), 0..1));
            self.layer.part(rects.to_vec(), channels.len(), self.batch)
        };
        self.layer.cuts().map(part).collect()
    }

    fn run(&self, context: &mut ColumnContext<'_>) {
        let Norm {
            area, weight, bias, ..
        } = self.layer.norm;
        let (isa, tensors, rows) = (context.isa, context.tensors, context.rows());
        let own = self.layer.channels(context.part);
        let Statistics { mean, rstd } = self.of_batch;
        let reads = [self.x, self.dy, mean, rstd].map(Buffer::index);
        let ([x, dy, mean, rstd], [of_dy, of_dy_xhat]) = context.buffers.access(reads, rows);
        let kernel = Kernel {
            area,
            mean,
            rstd,
            weight: tensors.get(weight),
            bias: tensors.get(bias),
        };
        let sums = ChannelSums {
            dy: of_dy,
            dy_xhat: of_dy_xhat,
        };
        kernel.sums(isa, own, x, dy, sums);
    }
}

/// `dx` from `dy`.
#[derive(Debug)]
struct Differentiate {
    layer: Training,
    x: Buffer,
    dy: Buffer,
    dx: Buffer,
    of_batch: Statistics,
    sums: [Buffer; 2],
}

impl RowOperation for Differentiate {
    fn label(&self) -> String {
        format!("{}, back", self.layer.label())
    }

    fn part(&self) -> Part {
        Part::BackwardElementwise
    }

    fn uses(&self) -> Uses {
        let Statistics { mean, rstd } = self.of_batch;
        let uses = Uses::new().reads([self.x, self.dy, mean, rstd]);
        uses.reads(self.sums).writes([self.dx])
    }

    fn cost(&self) -> Cost {
        cost(&self.layer)
    }

    fn run(&self, context: &mut RowContext<'_>) {
        let Norm {
            area, weight, bias, ..
        } = self.layer.norm;
        let tensors = context.tensors;
        let count = self.layer.count(context.batch.rows());
        let Statistics { mean, rstd } = self.of_batch;
        let [of_dy, of_dy_xhat] = self.sums;
        let reads = [self.x, self.dy, mean, rstd, of_dy, of_dy_xhat];
        let ([x, dy, mean, rstd, of_dy, of_dy_xhat], dx) =
            context.buffers.read_write(reads, self.dx);
        let kernel = Kernel {
            area,
            mean,
            rstd,
            weight: tensors.get(weight),
            bias: tensors.get(bias),
        };
        let sums = Sums {
            dy: of_dy,
            dy_xhat: of_dy_xhat,
            count,
        };
        kernel.backward(context.isa, sums, x, dy, dx);
    }
}

fn cost(layer: &Training) -> Cost {
    Cost {
        elements: layer.norm.channels * layer.norm.area,
        shared: 4 * layer.norm.channels,
        ..Cost::default()
    }
}
