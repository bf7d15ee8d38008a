//! The importance-weighted bound: the likelihoods of a target at several outputs, weighed (Burda et al. 2016).

use super::compare::{ScaledLoss, report};
use super::part::Likelihood;
use crate::error::Result;
use crate::program::{Buffer, Lower, Mode, Node, Operation, Part, RowContext, RowOperation, Uses};

/// `-ln mean_k exp(r_k - nats_k)` of the outputs of a sample, with r the logarithm of what weighs each.
#[derive(Clone, Copy, Debug)]
pub(super) struct WeighedLoss {
    pub(super) of: ScaledLoss,
    /// The outputs of a sample.
    pub(super) samples: usize,
}

impl Operation for WeighedLoss {
    fn label(&self) -> String {
        format!("{}, {} weighed", self.of.name(), self.samples)
    }

    fn forward(&self, node: &Node, lower: &mut Lower<'_>) -> Result<()> {
        let width = lower.width_of(node.inputs[1]);
        let [outputs, target, ratios] = [0, 1, 2].map(|input| lower.buffer_of(node.inputs[input]));
        let losses = lower.buffer("losses of rows", 1);
        let compare = Compare {
            of: *self,
            outputs,
            target,
            ratios,
            losses,
            gradients: None,
            width,
        };
        match lower.mode() {
            // The gradients come with the loss: they need the same numbers.
            Mode::Training => lower.contribute(node.inputs[2], |lower, by_ratios| {
                lower.contribute(node.inputs[0], |lower, gradient| {
                    lower.rows(Compare {
                        gradients: Some([gradient, by_ratios]),
                        ..compare
                    });
                });
            }),
            Mode::Validation | Mode::Inference => lower.rows(compare),
        }
        report(lower, losses, width, true);
        Ok(())
    }

    fn backward(&self, _: &Node, _: &mut Lower<'_>) -> Result<()> {
        Ok(())
    }
}

#[derive(Clone, Copy, Debug)]
struct Compare {
    of: WeighedLoss,
    outputs: Buffer,
    target: Buffer,
    ratios: Buffer,
    losses: Buffer,
    /// By the outputs, and by the ratios.
    gradients: Option<[Buffer; 2]>,
    width: usize,
}

/// The logarithm of the mean weight; the logarithms of the weights become the weights, which sum to 1.
fn weigh(logs: &mut [f32]) -> f64 {
    let most = logs.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let most = f64::from(most);
    // The sum of at least one number that is 1.
    let sum: f64 = logs.iter().map(|&log| (f64::from(log) - most).exp()).sum();
    for log in &mut *logs {
        *log = ((f64::from(*log) - most).exp() / sum) as f32;
    }
    most + (sum / logs.len() as f64).ln()
}

impl RowOperation for Compare {
    fn label(&self) -> String {
        self.of.label()
    }

    fn part(&self) -> Part {
        Part::Loss
    }

    fn uses(&self) -> Uses {
        let uses = Uses::new().reads([self.outputs, self.target, self.ratios]);
        let uses = uses.writes([self.losses]);
        uses.writes(self.gradients.into_iter().flatten())
    }

    fn scratch(&self) -> usize {
        self.of.samples
    }

    fn run(&self, context: &mut RowContext<'_>) {
        let (isa, width, samples) = (context.isa, self.width, self.of.samples);
        let compared = self.of.of;
        let scale = 1.0 / (context.batch.rows() * width) as f32;
        let weights = &mut context.scratch[..samples];
        let reads = [self.outputs, self.target, self.ratios];
        let of_row = samples * width;
        let Some([gradient, by_ratios]) = self.gradients else {
            let ([outputs, target, ratios], losses) =
                context.buffers.read_write(reads, self.losses);
            let rows = outputs.chunks_exact(of_row).zip(target.chunks_exact(width));
            let rows = rows.zip(ratios.chunks_exact(samples));
            for (loss, ((outputs, target), ratios)) in losses.iter_mut().zip(rows) {
                let each = outputs.chunks_exact(width).zip(ratios);
                for (weight, (output, ratio)) in weights.iter_mut().zip(each) {
                    *weight = ratio - compared.nats(isa, output, target);
                }
                *loss = -weigh(weights) as f32;
            }
            return;
        };
        let writes = [self.losses, gradient, by_ratios];
        let ([outputs, target, ratios], [losses, gradient, by_ratios]) =
            context.buffers.access(reads, writes);
        let rows = outputs.chunks_exact(of_row).zip(target.chunks_exact(width));
        let rows = rows.zip(ratios.chunks_exact(samples));
        let made = gradient.chunks_exact_mut(of_row);
        let made = losses
            .iter_mut()
            .zip(made.zip(by_ratios.chunks_exact_mut(samples)));
        for ((loss, (gradient, by_ratios)), ((outputs, target), ratios)) in made.zip(rows) {
            let each = outputs.chunks_exact(width).zip(ratios);
            let each = each.zip(gradient.chunks_exact_mut(width));
            for (weight, ((output, ratio), gradient)) in weights.iter_mut().zip(each) {
                let pair = [output, target];
                *weight = ratio - compared.nats_and_gradient(isa, pair, 1.0, gradient);
            }
            *loss = -weigh(weights) as f32;
            let each = gradient.chunks_exact_mut(width).zip(by_ratios);
            for (&weight, (gradient, by_ratio)) in weights.iter().zip(each) {
                let share = scale * weight;
                gradient.iter_mut().for_each(|number| *number *= share);
                *by_ratio = -share;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_sum_to_1_and_the_best_sample_weighs_most() {
        let mut logs = [-1000.0, -1001.0, -999.0];
        let log = weigh(&mut logs);
        assert!((logs.iter().sum::<f32>() - 1.0).abs() < 1e-6);
        assert!(logs[2] > logs[0] && logs[0] > logs[1], "{logs:?}");
        let expected = -999.0 + ((1.0 + (-1f64).exp() + (-2f64).exp()) / 3.0).ln();
        assert!((log - expected).abs() < 1e-9, "{log}");
    }
}
