//! Compares the rule with a simulation: every block and every tile, cut as in training. The worker that is free takes
//! the next one.

use super::super::buffer::{Buffer, Uses};
use super::super::builder::Builder;
use super::super::context::RowContext;
use super::super::emit::lower;
use super::super::function::{Point, RowFunction, Tile};
use super::super::lower::Lower;
use super::super::node::{Node, Operation};
use super::super::operation::RowOperation;
use super::super::passes::optimize;
use super::super::profile;
use super::super::schedule::schedule;
use super::super::value::{Mode, Var};
use super::super::{Affine, Elementwise};
use super::*;
use crate::error::Result;
use narrows_kernels::activation::Activation;
use std::sync::Arc;

const CORES: [usize; 10] = [1, 2, 3, 4, 6, 8, 16, 32, 64, 128];
const BATCHES: [usize; 9] = [1, 8, 16, 64, 100, 256, 512, 1024, 4096];

/// Layers to train: layers of these widths and, mirrored, back.
#[derive(Clone, Debug)]
struct Layers {
    widths: Vec<usize>,
    kind: Between,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Between {
    /// A ReLU after each layer.
    Relu,
    Nothing,
    /// The layers are not products of panels; for example, convolutions.
    RowByRow,
}

/// A function whose products are of single rows.
#[derive(Debug)]
struct RowByRow(Affine);

impl RowFunction for RowByRow {
    fn label(&self) -> String {
        "row by row".into()
    }
    fn inputs(&self) -> usize {
        self.0.inputs
    }
    fn outputs(&self) -> usize {
        self.0.outputs
    }
    fn work(&self) -> usize {
        // Each weight is used at several places.
        16 * self.0.work()
    }
    fn forward(&self, at: Point<'_>, y: &mut [f32], scratch: &mut [f32]) {
        self.0.forward(at, y, scratch);
    }
    fn backward(&self, at: Point<'_>, dy: &[f32], dx: &mut [f32], scratch: &mut [f32]) {
        self.0.backward(at, dy, dx, scratch);
    }
    fn gradient(
        &self,
        tile: &Tile,
        x: &[f32],
        dy: &[f32],
        gradient: &mut [f32],
        scratch: &mut [f32],
    ) {
        self.0.gradient(tile, x, dy, gradient, scratch);
    }
}

/// A loss; gradients start from it.
#[derive(Debug)]
struct End;

impl Operation for End {
    fn label(&self) -> String {
        "end".into()
    }
    fn forward(&self, node: &Node, lower: &mut Lower<'_>) -> Result<()> {
        let output = lower.buffer_of(node.inputs[0]);
        lower.contribute(node.inputs[0], |lower, gradient| {
            lower.rows(Copy { output, gradient });
        });
        Ok(())
    }
    fn backward(&self, _: &Node, _: &mut Lower<'_>) -> Result<()> {
        Ok(())
    }
}

#[derive(Debug)]
struct Copy {
    output: Buffer,
    gradient: Buffer,
}

impl RowOperation for Copy {
    fn label(&self) -> String {
        "copy".into()
    }
    fn part(&self) -> profile::Part {
        profile::Part::Loss
    }
    fn uses(&self) -> Uses {
        Uses::new().reads([self.output]).writes([self.gradient])
    }
    fn run(&self, context: &mut RowContext<'_>) {
        let ([from], to) = context.buffers.read_write([self.output], self.gradient);
        to.copy_from_slice(from);
    }
}

impl Layers {
    fn of(widths: &[usize], kind: Between) -> Layers {
        Layers {
            widths: widths.to_vec(),
            kind,
        }
    }

    fn add(&self, builder: &mut Builder, x: Var, outputs: usize) -> Result<Var> {
        let affine = Affine {
            inputs: builder.width(x),
            outputs,
            bias: true,
        };
        let tensors = builder.tensors(affine.tensors())?;
        Ok(match self.kind {
            Between::RowByRow => builder.apply(RowByRow(affine), tensors, x, vec![outputs]),
            _ => builder.apply(affine, tensors, x, vec![outputs]),
        })
    }

    /// The graph of its training step.
    fn graph(&self) -> Result<Builder> {
        let mut builder = Builder::new(Mode::Training);
        let mut x = builder.input("data", &self.widths[..1]);
        let back = self.widths.iter().rev().skip(1);
        let code = self.widths.len() - 2;
        let last = 2 * code + 1;
        for (index, &outputs) in self.widths[1..].iter().chain(back).enumerate() {
            x = self.add(&mut builder, x, outputs)?;
            if self.kind == Between::Relu && index < last {
                let relu = Elementwise {
                    function: Activation::Relu,
                    width: outputs,
                };
                x = builder.apply(relu, Vec::new(), x, vec![outputs]);
            }
            if index == code {
                builder.keep(x);
            }
        }
        builder.node(Arc::new(End), Vec::new(), vec![x], Vec::new());
        Ok(builder)
    }
}

/// With activations between the layers.
fn mirrored(widths: &[usize]) -> Layers {
    Layers::of(widths, Between::Relu)
}

fn networks() -> Vec<(String, Layers)> {
    let widths: &[&[usize]] = &[
        &[8, 4],
        &[30, 16, 4],
        &[784, 32],
        &[784, 128, 64, 32, 16, 8],
        &[784, 512, 256, 128, 64, 16, 3],
        &[784, 1000, 500, 250, 30],
        &[784, 256, 256, 256, 256, 256, 256, 256, 256, 32],
        &[784, 4096, 4096, 32],
        &[3072, 2048, 1024, 128],
    ];
    let dense = widths
        .iter()
        .map(|widths| (format!("{widths:?}"), mirrored(widths)));
    let folded = [&widths[3], &widths[4], &widths[8]];
    let folded = folded.map(|widths| {
        let name = format!("{widths:?}, linear");
        (name, Layers::of(widths, Between::Nothing))
    });
    let row_by_row = Layers::of(&[784, 64, 16], Between::RowByRow);
    dense
        .chain(folded)
        .chain([("row by row".into(), row_by_row)])
        .collect()
}

/// A machine. Each worker has its own clock, and the time for the same work varies a little.
struct Machine {
    costs: Costs,
    clocks: Vec<f64>,
    state: u64,
}

impl Machine {
    fn new(costs: Costs, workers: usize) -> Machine {
        Machine {
            costs,
            clocks: vec![0.0; workers],
            state: 1,
        }
    }

    /// About one: 0.97 to 1.03.
    fn jitter(&mut self) -> f64 {
        self.state = self
            .state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        0.97 + 0.06 * (self.state >> 40) as f64 / (1u64 << 24) as f64
    }

    /// All workers begin when the last one has ended. `time` returns the time of a part, and is told whether it is the
    /// first part of its worker.
    fn phase(&mut self, parts: usize, time: impl Fn(usize, bool) -> f64) {
        /// The time for taking a part from the shared counter.
        const TAKE: f64 = 30.0;
        let now = self.clocks.iter().copied().fold(0.0, f64::max);
        let workers = self.clocks.len();
        if workers > 1 {
            for worker in 0..workers {
                let late = match worker {
                    0 => 0.0,
                    _ => self.costs.phase / 2.0 + self.costs.member * worker as f64,
                };
                self.clocks[worker] = now + late * self.jitter();
            }
        }
        let mut is_fresh = vec![true; workers];
        for part in 0..parts {
            let worker = (0..workers)
                .min_by(|&a, &b| self.clocks[a].total_cmp(&self.clocks[b]))
                .unwrap();
            let time = time(part, is_fresh[worker]);
            is_fresh[worker] = false;
            self.clocks[worker] += TAKE + time * self.jitter();
        }
        if workers > 1 {
            let last = self.clocks.iter().copied().fold(0.0, f64::max);
            self.clocks.fill(last + self.costs.phase / 2.0);
        }
    }
}

/// The time of a step with a number of workers, part by part, averaged over some steps.
fn simulate(work: &Work, workers: usize) -> f64 {
    const STEPS: usize = 4;
    let cut = work.cutting.cut(work.rows, workers);
    let busy = cut.count().min(workers);
    let mut machine = Machine::new(work.costs, workers);
    for _ in 0..STEPS {
        for ColumnLevel { parts, is_alone } in &work.levels {
            let time = |part: usize, _| work.part(&parts[part], workers);
            if *is_alone {
                machine.clocks[0] += (0..parts.len()).map(|i| time(i, false)).sum::<f64>()
            } else {
                machine.phase(parts.len(), time)
            }
        }
        machine.phase(cut.count(), |block, is_first| {
            // A worker's later blocks find the parameters in its cache.
            let fetch = if is_first {
                work.fetch_parameters(workers, busy)
            } else {
                0.0
            };
            work.block(cut.range(block).len()) + fetch
        });
        machine.clocks[0] += work.costs.wake * (workers - busy) as f64;
        machine.phase(work.tiles.len(), |tile, _| {
            work.part(&work.tiles[tile], workers)
        });
    }
    machine.clocks[0] / STEPS as f64
}

/// The work of a step.
fn work(costs: Costs, layers: &Layers, rows: usize) -> Work {
    let mut graph = layers.graph().unwrap();
    optimize(&mut graph, rows);
    let lowered = lower(&graph, rows).unwrap();
    let schedule = schedule(&lowered).unwrap();
    Work::at(costs, &lowered, &schedule, &graph.tensors)
}

/// Every network with every batch.
fn each(mut check: impl FnMut(&str, usize, Work)) {
    for (name, layers) in networks() {
        for rows in BATCHES {
            check(&name, rows, work(MEASURED, &layers, rows));
        }
    }
}

#[test]
fn the_rule_is_within_a_tenth_of_the_best() {
    let mut slow = Vec::new();
    each(|name, rows, work| {
        let times: Vec<f64> = (1..=128).map(|workers| simulate(&work, workers)).collect();
        for cores in CORES {
            let best = times[..cores].iter().copied().fold(f64::INFINITY, f64::min);
            let chosen = work.workers(cores);
            assert!(chosen <= cores);
            let time = times[chosen - 1];
            if time > 1.1 * best {
                slow.push(format!(
                    "{name}, {rows} rows, {cores} cores: {chosen} workers take {time:.0} ns, the best {best:.0}"
                ));
            }
        }
    });
    assert!(slow.is_empty(), "{slow:#?}");
}

/// A cost by its index.
type Cost = fn(&mut Costs) -> &mut f64;

/// All costs that the networks here have.
const COSTS: [(&str, Cost); 9] = [
    ("multiply_add", |costs| &mut costs.multiply_add),
    ("element", |costs| &mut costs.element),
    ("input", |costs| &mut costs.input),
    ("parameter", |costs| &mut costs.parameter),
    ("byte", |costs| &mut costs.byte),
    ("shared_byte", |costs| &mut costs.shared_byte),
    ("phase", |costs| &mut costs.phase),
    ("member", |costs| &mut costs.member),
    ("wake", |costs| &mut costs.wake),
];

/// On a machine with other costs than the rule assumes, the choice takes at most this much longer than the best choice.
const OFF: f64 = 1.2;

#[test]
fn a_cost_that_is_half_or_twice_what_was_measured_costs_little() {
    let mut worst = (0.0, String::new());
    for (cost, of) in COSTS {
        for factor in [0.5, 2.0] {
            let mut costs = MEASURED;
            *of(&mut costs) *= factor;
            for (name, layers) in networks() {
                for rows in [64, 1024] {
                    let rule = work(MEASURED, &layers, rows);
                    let truth = work(costs, &layers, rows);
                    let some = [1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64];
                    let times = some.map(|workers| simulate(&truth, workers));
                    for cores in [2, 8, 64] {
                        let within = some
                            .iter()
                            .zip(times)
                            .filter(|&(&workers, _)| workers <= cores);
                        let best = within.map(|(_, time)| time).fold(f64::INFINITY, f64::min);
                        let chosen = rule.workers(cores);
                        let ratio = simulate(&truth, chosen) / best;
                        if ratio > worst.0 {
                            let text =
                                format!("{name}, {rows} rows, {cores} cores: {chosen} workers");
                            worst = (ratio, format!("{cost} × {factor}: {text}"));
                        }
                    }
                }
            }
        }
    }
    println!("{:.3} of the best, {}", worst.0, worst.1);
    assert!(worst.0 <= OFF, "{:.3} of the best, {}", worst.0, worst.1);
}

#[test]
fn more_cores_never_make_a_step_slower() {
    each(|name, rows, work| {
        let [few, many] = [4, 64].map(|cores| simulate(&work, work.workers(cores)));
        assert!(
            many <= few,
            "{name}, {rows} rows: {many:.0} ns on 64 cores, {few:.0} on 4"
        );
    });
}

#[test]
fn small_models_get_few_workers_and_large_ones_all() {
    let workers = |widths: &[usize], rows| {
        let work = work(MEASURED, &mirrored(widths), rows);
        (work.workers(2), work.workers(64))
    };
    assert_eq!(workers(&[8, 4], 64), (1, 1));
    let (two, many) = workers(&[784, 128, 64, 32, 16, 8], 64);
    assert!(two == 2 && (3..=8).contains(&many), "{many}");
    let (two, many) = workers(&[784, 4096, 4096, 32], 4096);
    assert!(two == 2 && many > 48, "{many}");
    // All cores are slower for the small one; otherwise the rule would be unnecessary.
    let work = work(MEASURED, &mirrored(&[784, 128, 64, 32, 16, 8]), 64);
    assert!(simulate(&work, 64) > 1.5 * simulate(&work, work.workers(64)));
}

#[test]
fn dense_rows_are_cut_in_no_less_than_panels() {
    let blocks = |layers: &Layers, rows, threads| {
        let lowered = lower(&layers.graph().unwrap(), rows).unwrap();
        Cutting::of(&lowered).cut(rows, threads).count()
    };
    let dense = mirrored(&[30, 4]);
    assert_eq!(blocks(&dense, 64, 2), 2);
    assert_eq!(blocks(&dense, 64, 8), 4);
    assert_eq!(blocks(&dense, 5, 8), 1);
    assert_eq!(blocks(&dense, 4096, 3), 16);
    assert_eq!(blocks(&Layers::of(&[30, 4], Between::RowByRow), 32, 64), 32);
}

#[test]
fn no_block_is_larger_than_was_planned() {
    for least in [1, PANEL] {
        let cutting = Cutting { least };
        for (rows, threads) in [(1, 1), (40, 8), (64, 2), (257, 1), (512, 3), (1000, 64)] {
            let largest = cutting.largest(rows, threads);
            for fewer in 1..=rows {
                let cut = cutting.cut(fewer, threads);
                let blocks = (0..cut.count()).map(|block| cut.range(block).len());
                assert!(blocks.max() <= Some(largest), "{fewer} of {rows} rows");
            }
        }
    }
}
