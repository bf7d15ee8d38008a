//! Passes over many rows with fixed parameters.

use super::parameters::Parameters;
use super::plan::Network;
use super::workers::{PassMemory, Workers};
use crate::data::Dataset;
use crate::error::Result;
use crate::program::{
    Batch, Buffer, Builder, Cpu, Input, Mode, Options, Plan, Program, ThreadMemory, Var,
};
use crate::scaling::Scaling;
use narrows_kernels::Isa;
use narrows_kernels::split::{Bounds, Parts};
use std::ops::Range;
use std::sync::Arc;

/// The number of rows that a thread takes at a time: enough for the products, and few enough for the cache.
const CHUNK: usize = 256;

/// If each row is processed alone, few rows at a time are enough. This is the most numbers of the rows that a thread
/// then takes at a time, so that they stay in the second-level cache from one layer to the next.
const CHUNK_NUMBERS: usize = 1 << 18;

/// Rows as the input of a network: their number, and a function that writes some of them into memory.
pub trait Rows: Sync {
    /// The number of rows.
    fn count(&self) -> usize;
    /// Writes the scaled `rows` one after the other.
    fn write(&self, rows: Range<usize>, into: &mut [f32]);
}

/// The rows of a dataset, scaled.
#[derive(Clone, Copy)]
pub struct ScaledRows<'a> {
    /// The rows.
    pub data: &'a Dataset,
    /// The scaling, of the same width.
    pub scaling: &'a Scaling,
}

impl Rows for ScaledRows<'_> {
    fn count(&self) -> usize {
        self.data.rows()
    }
    fn write(&self, rows: Range<usize>, into: &mut [f32]) {
        for (row, into) in rows.zip(into.chunks_exact_mut(self.data.inputs())) {
            self.scaling.gather(self.data, row, into);
        }
    }
}

/// Some layers of a network with fixed parameters, compiled. Linear layers that follow each other are folded, which
/// changes the rounding.
pub struct Pass {
    program: Program,
    parameters: Arc<Parameters>,
    /// The buffers of the input rows and of the output.
    input: Buffer,
    output: Buffer,
    outputs: usize,
    /// The most rows that a thread takes at a time.
    chunk: usize,
}

impl std::fmt::Debug for Pass {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "a pass to {} values", self.outputs)
    }
}

/// A planned pass, for which no memory was allocated yet.
pub(crate) struct PlannedPass {
    pub(crate) plan: Plan,
    given: Var,
    made: Var,
    /// The values of a row that it gives.
    outputs: usize,
}

impl PlannedPass {
    /// Plans some of the layers; the passes that make the graph cheaper run only if it `optimizes`.
    ///
    /// # Errors
    ///
    /// If a layer does not fit at its place.
    pub(crate) fn new(
        network: &Network,
        layers: Range<usize>,
        before_bottleneck: bool,
        optimizes: bool,
    ) -> Result<PlannedPass> {
        let mut builder = Builder::new(Mode::Inference);
        let given = builder.input("rows", network.shape(layers.start));
        let built = network.build(&mut builder, layers.start, given)?;
        let values = built.values;
        let made = if before_bottleneck {
            built.encoded
        } else {
            values[layers.len()]
        };
        builder.keep(given);
        builder.keep(made);
        // Nothing is folded over the code.
        if !before_bottleneck && layers.contains(&network.encoder().end) {
            builder.keep(values[network.encoder().end - layers.start]);
        }
        if optimizes {
            crate::program::optimize(&mut builder, CHUNK);
        }
        let options = Options {
            batch: CHUNK,
            threads: 1,
            cores: 1,
        };
        Ok(PlannedPass {
            outputs: builder.width(made),
            plan: Plan::new(&builder, options)?,
            made: builder.root(made),
            given,
        })
    }
}

/// The input and the output of a pass for some rows.
pub struct Passed<'a> {
    /// Which of the rows.
    pub rows: Range<usize>,
    /// The input, `[rows, inputs]`.
    pub inputs: &'a [f32],
    /// The output, `[rows, outputs]`.
    pub outputs: &'a [f32],
}

/// Some of the rows as a batch.
struct RowChunk<'a> {
    rows: &'a dyn Rows,
}

impl Input for RowChunk<'_> {
    fn write(&self, places: Range<usize>, into: &mut [f32]) {
        self.rows.write(places, into);
    }
}

impl Pass {
    /// Compiles some of the layers for these parameters.
    ///
    /// # Errors
    ///
    /// If a layer does not fit at its place.
    pub fn new(
        network: &Network,
        parameters: &Arc<Parameters>,
        layers: Range<usize>,
    ) -> Result<Pass> {
        let planned = PlannedPass::new(network, layers, false, true)?;
        Pass::of(planned, parameters)
    }

    /// Compiles the encoder up to the bottleneck.
    ///
    /// # Errors
    ///
    /// As [`Pass::new`].
    pub(crate) fn before_bottleneck(
        network: &Network,
        parameters: &Arc<Parameters>,
    ) -> Result<Pass> {
        let planned = PlannedPass::new(network, network.encoder(), true, true)?;
        Pass::of(planned, parameters)
    }

    fn of(planned: PlannedPass, parameters: &Arc<Parameters>) -> Result<Pass> {
        let PlannedPass {
            plan,
            given,
            made,
            outputs,
        } = planned;
        let mut program = plan.program(1);
        program.write_states(parameters.states());
        let missing = || defect("a pass has no rows to read");
        let input = program.buffer_of(given).ok_or_else(missing)?;
        let output = program.buffer_of(made).ok_or_else(missing)?;
        if !program.is_of_rows_alone() {
            return Err(defect("a model in use works on each row by itself"));
        }
        let mut cpu = Cpu::new(1, Isa::best()).with_memory(program.row_sizes(1));
        cpu.run_prologue(&mut program, parameters.flat());
        let chunk = if program.works_in_panels() {
            CHUNK
        } else {
            (CHUNK_NUMBERS / program.row_numbers().max(1)).clamp(1, CHUNK)
        };
        Ok(Pass {
            program,
            parameters: Arc::clone(parameters),
            input,
            output,
            outputs,
            chunk,
        })
    }

    /// The number of output values of a row.
    pub fn outputs(&self) -> usize {
        self.outputs
    }

    /// The most numbers that a thread needs for it.
    pub(crate) fn thread_numbers(&self) -> usize {
        self.program.row_sizes(self.chunk).numbers()
    }

    /// Runs the layers on all rows; `out`, of `[rows, outputs]`, gets the output of the last layer.
    ///
    /// # Panics
    ///
    /// If `out` has another length.
    pub fn run(&self, rows: &dyn Rows, workers: &mut Workers, out: &mut [f32]) {
        let copy = |passed: Passed<'_>, out: &mut [f32]| out.copy_from_slice(passed.outputs);
        self.map(rows, workers, out, copy);
    }

    /// Runs the layers on all rows, and calls `f` with the input and the output of each row. `f` computes as many
    /// numbers per row as `out` has room for.
    ///
    /// # Panics
    ///
    /// If the length of `out` is not a multiple of the number of rows.
    pub fn map(
        &self,
        rows: &dyn Rows,
        workers: &mut Workers,
        out: &mut [f32],
        f: impl Fn(Passed<'_>, &mut [f32]) + Sync,
    ) {
        let count = rows.count();
        if count == 0 {
            return;
        }
        #[cfg(test)]
        super::workers::counted::add(|counts| counts.passes += 1);
        let width = out.len() / count;
        assert_eq!(out.len(), count * width);
        let chunk = self.chunk.min(count.div_ceil(workers.threads()).max(1));
        let starts = (0..count.div_ceil(chunk) + 1).map(|i| (i * chunk).min(count) * width);
        let bounds = Bounds::new(starts.collect());
        let (isa, sizes) = (Isa::best(), self.program.row_sizes(chunk));
        let (team, memory) = workers.with_memory(&sizes);
        team.run(
            memory,
            Parts::new(out, &bounds),
            |PassMemory { local, scratch }, index, out| {
                let range = index * chunk..(index * chunk + chunk).min(count);
                let batch = Batch {
                    input: &RowChunk { rows },
                    samples: &[],
                    epoch: 0,
                };
                let memory = ThreadMemory {
                    isa,
                    local: &mut local[..sizes.local],
                    scratch: &mut scratch[..sizes.scratch],
                };
                let numbers = self.parameters.flat();
                let buffers = self.program.run_rows(numbers, batch, range.clone(), memory);
                let passed = Passed {
                    rows: range,
                    inputs: buffers.get(self.input),
                    outputs: buffers.get(self.output),
                };
                f(passed, out);
            },
        );
    }
}

fn defect(what: &str) -> crate::Error {
    crate::Error::new(crate::ErrorKind::Recipe, what)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layer::{
        Activation, LayerSpec, activation, batch_norm, conv2d, dense, flatten, reshape, tied_dense,
    };

    /// The operations of the reconstruction of some layers, as in inference.
    fn operations(encoder: &[LayerSpec], decoder: &[LayerSpec], shape: &[usize]) -> Vec<String> {
        let network = Network::new(encoder, decoder, shape).unwrap();
        let mut builder = Builder::new(Mode::Inference);
        let given = builder.input("rows", shape);
        let values = network.build(&mut builder, 0, given).unwrap().values;
        builder.keep(values[network.layers().end]);
        builder.keep(values[network.encoder().end]);
        crate::program::optimize(&mut builder, CHUNK);
        let nodes = builder.nodes.iter();
        nodes
            .map(|node| format!("{}: {}", node.name, node.operation.label()))
            .collect()
    }

    #[test]
    fn batch_norm_is_multiplied_into_the_weights_right_before_it() {
        let tanh = || activation(Activation::Tanh);
        assert_eq!(
            operations(
                &[dense(7), batch_norm(), tanh(), batch_norm(), dense(2)],
                // Nothing is multiplied into what makes the code.
                &[batch_norm(), dense(12), batch_norm()],
                &[12],
            ),
            [
                "encoder.0-1: dense 12 -> 7, running statistics",
                "encoder.2: tanh",
                "encoder.3: running statistics, a factor and an offset a channel",
                "encoder.4: dense 7 -> 2",
                "decoder.0: running statistics, a factor and an offset a channel",
                "decoder.1-2: dense 2 -> 12, running statistics",
            ]
        );
        assert_eq!(
            operations(
                &[
                    conv2d(5, [2, 2]),
                    batch_norm(),
                    flatten(),
                    batch_norm(),
                    dense(2)
                ],
                // A channel has several outputs of the dense layer.
                &[dense(12), reshape([3, 2, 2]), batch_norm(), flatten()],
                &[1, 3, 4],
            ),
            [
                "encoder.0-1: conv2d [1, 3, 4] -> [5, 2, 3], kernel 2x2, running statistics",
                "encoder.3: running statistics, a factor and an offset a channel",
                "encoder.4: dense 30 -> 2",
                "decoder.0: dense 2 -> 12",
                "decoder.2: running statistics, a factor and an offset a channel",
            ]
        );
        assert_eq!(
            operations(&[dense(5), tanh()], &[tied_dense(0), batch_norm()], &[12],),
            [
                "encoder.0: dense 12 -> 5",
                "encoder.1: tanh",
                "decoder.0-1: dense 5 -> 12, tied, running statistics",
            ]
        );
    }
}
