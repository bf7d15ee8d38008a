//! The Gaussian likelihood, with a std that is given or learned (Rybkin et al. 2021, "Simple and effective VAE training with
//! calibrated decoders").

mod learned;

use super::compare::ScaledLoss;
use super::part::{InNats, Likelihood, Reconstruction, ReconstructionPart, ReconstructionPlace};
use crate::declaration::{Conflict, Declaration, Key, Kind, Part, Preset, Range, Settings};
use crate::error::{Error, ErrorKind, Result};
use crate::program::{Builder, TensorSpec};
use learned::LearnedStd;
use narrows_kernels::loss::Loss;
use std::f64::consts::PI;
use std::sync::Arc;

/// `Σ ln s + ln(2π) / 2 + (x - x')² / (2 s²)` in nats.
#[derive(Debug)]
pub(super) struct Gaussian;

const STD: Key = Key::new(
    "std",
    Kind::Number(Range::ABOVE_0),
    "the standard deviation of the data around the decoder's output",
)
.unit("scaled units")
.default(Preset::Open("learned"));

const PER_COLUMN: Key = Key::new(
    "per_column",
    Kind::Flag,
    "whether a std is learned for each value of a row, instead of one for all",
)
.default(Preset::Flag(false));

const MINIMUM_STD: Key = Key::new(
    "minimum_std",
    Kind::Number(Range::ABOVE_0),
    "the lower limit of a learned std",
)
.unit("scaled units")
.default(Preset::Number(0.01));

/// The name of the tensor that is learned.
const LOG_STD: &str = "log_std";

impl Part for Gaussian {
    fn declaration(&self) -> &Declaration {
        const {
            &Declaration::new(
                "gaussian",
                "negative log likelihood in nats a row of real values, with a std that is given or learned",
            )
            .elsewhere(&["normal", "nll"])
            .keys(&[STD, PER_COLUMN, MINIMUM_STD])
            .check(check_std)
        }
    }
}

/// A std that is given is not learned.
fn check_std(settings: &Settings) -> std::result::Result<(), Conflict> {
    let given: Option<f32> = settings.get(&STD);
    if given.is_some() && settings.get(&PER_COLUMN) {
        return Err(Conflict {
            key: PER_COLUMN.name,
            expected: "false where `std` is given: leave `std` out to learn one for each value"
                .into(),
        });
    }
    Ok(())
}

/// The likelihood of a std that is given.
fn of_given_std(settings: &Settings) -> Option<ScaledLoss> {
    let std: f32 = settings.get::<Option<f32>>(&STD)?;
    let variance = f64::from(std).powi(2);
    Some(ScaledLoss {
        loss: Loss::Squared,
        factor: (0.5 / variance) as f32,
        offset: 0.5 * (2.0 * PI * variance).ln(),
    })
}

fn of_learned_std(settings: &Settings, width: usize) -> LearnedStd {
    LearnedStd {
        width,
        minimum: settings.get(&MINIMUM_STD),
        is_per_column: settings.get(&PER_COLUMN),
    }
}

impl ReconstructionPart for Gaussian {
    fn build(
        &self,
        settings: &Settings,
        builder: &mut Builder,
        place: &ReconstructionPlace,
    ) -> Result<()> {
        let width = place.check_widths(builder)?;
        if let Some(given) = of_given_std(settings) {
            return place.compare_scaled(builder, given);
        }
        if place.log_ratio.is_some() {
            return Err(Error::new(
                ErrorKind::Recipe,
                "the importance-weighted bound needs a std that is given",
            )
            .expected("`objective.std`, a number")
            .found("a std that is learned")
            .hint("give `std`, or choose the bound \"elbo\""));
        }
        let operation = of_learned_std(settings, width);
        let (inputs, tensors) = (vec![place.output, place.target], place.tensors.clone());
        builder.node(Arc::new(operation), tensors, inputs, Vec::new());
        Ok(())
    }

    fn in_nats(&self) -> InNats {
        InNats::Always
    }

    fn likelihood(
        &self,
        settings: &Settings,
        learned: &[f32],
        values: usize,
    ) -> Option<Box<dyn Likelihood>> {
        Some(match of_given_std(settings) {
            Some(given) => Box::new(given),
            None => Box::new(of_learned_std(settings, values).fixed(learned)),
        })
    }

    fn tensors(&self, settings: &Settings, values: usize) -> Vec<TensorSpec> {
        if settings.get::<Option<f32>>(&STD).is_some() {
            return Vec::new();
        }
        let stds = if settings.get(&PER_COLUMN) { values } else { 1 };
        vec![TensorSpec {
            name: LOG_STD,
            shape: vec![stds],
            fans: (1, 1),
            initial: Some(0.0),
            tile: stds,
        }]
    }
}

impl Reconstruction {
    /// The Gaussian likelihood of a std, in scaled units.
    pub fn gaussian(std: f32) -> Reconstruction {
        Reconstruction::unchecked(&Gaussian, &[(&STD, Some(std.into()))])
    }

    /// The Gaussian likelihood with a std that is learned: one for all values of a row, or one for each.
    pub fn gaussian_of_learned_std(per_column: bool) -> Reconstruction {
        Reconstruction::unchecked(&Gaussian, &[(&PER_COLUMN, Some(per_column.into()))])
    }
}
