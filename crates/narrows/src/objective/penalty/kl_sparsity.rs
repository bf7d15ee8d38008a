//! The Kullback-Leibler divergence between the target activity of the code's units and their mean activity (Ng 2011,
//! "Sparse autoencoder").

use super::part::{PenaltyKind, PenaltyPart, PenaltyPlace};
use crate::declaration::{Declaration, Key, Kind, Part, Range, Settings};
use crate::error::{Error, ErrorKind, Result};
use crate::program::{
    Buffer, Builder, ColumnContext, ColumnOperation, ColumnPart, Coupled, Element, Lower, Mode,
    Node, Operation, Part as StepPart, RowContext, RowOperation, Uses,
};
use narrows_kernels::reduce::{add, add_column_sums};
use narrows_kernels::sparsity::kl_divergence;
use std::sync::Arc;

/// `Σ_j KL(ρ || ρ̂_j)` between Bernoulli distributions, with ρ̂_j the mean over the batch of value j of the code.
#[derive(Debug)]
pub(super) struct KlSparsity;

const RHO: Key = Key::new(
    "rho",
    Kind::Number(Range::BETWEEN_0_AND_1),
    "the mean that each value of the code should have",
)
.default(crate::declaration::Preset::Number(0.05));

/// The number of units whose sums one thread computes.
const UNITS: usize = 64;

impl Part for KlSparsity {
    fn declaration(&self) -> &Declaration {
        const {
            &Declaration::new(
                "kl-sparsity",
                "for each value of the code, the divergence of its mean over the batch from `rho`; codes must lie in \
                 (0, 1)",
            )
            .keys(&[RHO])
        }
    }
}

impl PenaltyPart for KlSparsity {
    fn build(
        &self,
        settings: &Settings,
        builder: &mut Builder,
        place: &PenaltyPlace,
    ) -> Result<()> {
        let (low, high) = place.code_range;
        if low < 0.0 || high > 1.0 {
            return Err(Error::new(
                ErrorKind::Recipe,
                "the penalty `kl-sparsity` needs codes whose values lie between 0 and 1",
            )
            .at("objective.penalties")
            .expected("an encoder that ends in a sigmoid layer")
            .found(format!("a code whose values can be {low} to {high}"))
            .hint(
                "add { layer = \"sigmoid\" } at the end of the encoder and leave the bottleneck `plain`, or choose `l1`",
            ));
        }
        builder.check_one_row(place.code, "the penalty `kl-sparsity`")?;
        let rho: f32 = settings.get(&RHO);
        let operation = Divergence {
            name: place.name,
            weight: place.weight,
            rho: f64::from(rho),
        };
        builder.node(
            Arc::new(operation),
            Vec::new(),
            vec![place.code],
            Vec::new(),
        );
        Ok(())
    }
}

impl PenaltyKind {
    /// The divergence between `rho` and the means of the code's values, which are in (0, 1).
    pub fn kl_sparsity(rho: f32) -> PenaltyKind {
        PenaltyKind::unchecked(&KlSparsity, &[(&RHO, Some(rho.into()))])
    }
}

#[derive(Clone, Copy, Debug)]
struct Divergence {
    name: &'static str,
    weight: f32,
    rho: f64,
}

/// Computes the value from the sums over rows.
#[derive(Clone, Copy)]
struct FromSums {
    rho: f64,
}

impl std::fmt::Debug for FromSums {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "divergence from {}", self.rho)
    }
}

impl Coupled for FromSums {
    fn value(&self, sums: &[f64], rows: usize) -> f64 {
        let mut gradient = [0.0; UNITS];
        // Unit by unit, in order.
        let parts = sums.chunks(UNITS);
        parts
            .map(|sums| kl_divergence(self.rho, rows, sums, &mut gradient[..sums.len()]))
            .sum()
    }
}

impl Operation for Divergence {
    fn label(&self) -> String {
        self.name.into()
    }

    fn forward(&self, node: &Node, lower: &mut Lower<'_>) -> Result<()> {
        let code = lower.buffer_of(node.inputs[0]);
        let width = lower.width_of(node.inputs[0]);
        let sums = lower.whole::<f64>("sums of the code", 1, width);
        lower.columns(Sums { code, sums, width });
        let value = Arc::new(FromSums { rho: self.rho });
        lower.coupled_loss(self.name, self.weight, sums, value);
        if lower.mode() == Mode::Training {
            lower.stash(sums);
        }
        Ok(())
    }

    fn backward(&self, node: &Node, lower: &mut Lower<'_>) -> Result<()> {
        let Some(sums) = lower.unstash::<Buffer<f64>>() else {
            return Ok(());
        };
        let width = lower.width_of(node.inputs[0]);
        let of_units = lower.whole("gradient by the means", 1, width);
        lower.columns(Gradient {
            divergence: *self,
            sums,
            of_units,
            width,
        });
        lower.add_later(node.inputs[0], move |gradient| AddGradient {
            of_units,
            gradient,
        });
        Ok(())
    }
}

/// One part for some units after the other.
fn parts<E: Element>(buffer: Buffer<E>, width: usize) -> Vec<ColumnPart> {
    let starts = (0..width).step_by(UNITS);
    starts
        .map(|start| {
            let end = (start + UNITS).min(width);
            ColumnPart {
                writes: vec![buffer.rect(0..1, start..end)],
                work: 0,
                read: end - start,
            }
        })
        .collect()
}

/// The units of a part.
fn units(part: usize, width: usize) -> std::ops::Range<usize> {
    part * UNITS..((part + 1) * UNITS).min(width)
}

#[derive(Debug)]
struct Sums {
    code: Buffer,
    sums: Buffer<f64>,
    width: usize,
}

impl ColumnOperation for Sums {
    fn label(&self) -> String {
        "sums of the code".into()
    }

    fn part(&self) -> StepPart {
        StepPart::Penalties
    }

    fn uses(&self) -> Uses {
        Uses::new().reads([self.code]).writes([self.sums])
    }

    fn parts(&self) -> Vec<ColumnPart> {
        parts(self.sums, self.width)
    }

    fn run(&self, context: &mut ColumnContext<'_>) {
        let (isa, width) = (context.isa, self.width);
        let columns = units(context.part, width);
        let ([code], sums) = context.read_and_row([self.code]);
        let sums = f64::view_mut(sums);
        sums.fill(0.0);
        add_column_sums(isa, code, width, columns, sums);
    }
}

#[derive(Debug)]
struct Gradient {
    divergence: Divergence,
    sums: Buffer<f64>,
    of_units: Buffer,
    width: usize,
}

impl ColumnOperation for Gradient {
    fn label(&self) -> String {
        "gradient by the means".into()
    }

    fn part(&self) -> StepPart {
        StepPart::Penalties
    }

    fn uses(&self) -> Uses {
        Uses::new().reads([self.sums]).writes([self.of_units])
    }

    fn parts(&self) -> Vec<ColumnPart> {
        parts(self.of_units, self.width)
    }

    fn run(&self, context: &mut ColumnContext<'_>) {
        let (rows, columns) = (context.rows(), units(context.part, self.width));
        let Divergence { weight, rho, .. } = self.divergence;
        let ([sums], gradient) = context.read_and_row([self.sums.memory()]);
        kl_divergence(rho, rows, &f64::view(sums)[columns], gradient);
        // The mean of a code's value is over so many values.
        let factor = weight / rows as f32;
        gradient.iter_mut().for_each(|number| *number *= factor);
    }
}

#[derive(Debug)]
struct AddGradient {
    of_units: Buffer,
    gradient: Buffer,
}

impl RowOperation for AddGradient {
    fn label(&self) -> String {
        "add to each row".into()
    }

    fn part(&self) -> StepPart {
        StepPart::Penalties
    }

    fn uses(&self) -> Uses {
        Uses::new().reads([self.of_units]).adds([self.gradient])
    }

    fn run(&self, context: &mut RowContext<'_>) {
        let isa = context.isa;
        let ([of_units], gradient) = context.buffers.read_write([self.of_units], self.gradient);
        for row in gradient.chunks_exact_mut(of_units.len()) {
            add(isa, row, of_units);
        }
    }
}
