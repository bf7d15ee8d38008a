//! The code of a variational autoencoder (Kingma & Welling 2014, "Auto-encoding variational Bayes"; with `beta`, Higgins et
//! al. 2017, "beta-VAE").
//!
//! The encoder gives a mean and a log variance for each value of the code. In training the code is drawn from that normal
//! distribution, by noise that follows from the seed, the epoch and the sample; in use it is the mean.

mod draw;
mod mean;
mod tempered;
mod weighed;

use super::part::{Bottleneck, BottleneckPart};
use crate::declaration::{Conflict, Declaration, Key, Kind, Part, Preset, Range, Settings, Value};
use crate::error::{Error, ErrorKind, Result};
use crate::onnx::{Graph, Place};
use crate::program::{Builder, Mode, Var};
use crate::rng::Purpose;
use draw::Draw;
use mean::Means;
use std::sync::Arc;
use tempered::Tempered;
use weighed::DrawWeighed;

/// A code that is drawn from a normal distribution, and kept near the standard normal distribution.
#[derive(Debug)]
pub(super) struct Variational;

const BETA: Key = Key::new(
    "beta",
    Kind::Number(Range::FROM_0),
    "the weight of the divergence of the code from the prior; 1 is the evidence lower bound",
)
.default(Preset::Number(1.0));

const WARMUP: Key = Key::new(
    "warmup",
    Kind::Whole {
        least: 0,
        most: 999_999,
    },
    "the number of epochs in which the weight of the divergence rises from 0 to beta; with the bound \"iwae\", in which the weight \
     of the prior rises from 0 to 1, also in the recorded training loss",
)
.unit("epochs")
.default(Preset::Whole(0))
.elsewhere(&["kl_warmup", "annealing", "n_epochs_kl_warmup"]);

const FREE_BITS: Key = Key::new(
    "free_bits",
    Kind::Number(Range::FROM_0),
    "the divergence that each value of a code may have in each row without cost",
)
.unit("nats")
.default(Preset::Number(0.0));

const SAMPLES: Key = Key::new(
    "samples",
    Kind::Whole {
        least: 1,
        most: 1 << 12,
    },
    "the number of codes that are drawn for each row in training; several codes need the bound \"iwae\"",
)
.default(Preset::Whole(1));

const BOUND: Key = Key::new(
    "bound",
    Kind::OneOf(&[ELBO, IWAE]),
    "the evidence lower bound of one sample, or the importance-weighted bound (Burda et al. 2016)",
)
.default(Preset::Open(
    "\"elbo\" for one sample, \"iwae\" for several",
));

const DOUBLY_REPARAMETRIZED: Key = Key::new(
    "doubly_reparametrized",
    Kind::Flag,
    "for the bound \"iwae\": uses the gradient of Tucker et al. 2019, which has a lower variance than the plain one",
)
.default(Preset::Flag(true));

const ELBO: &str = "elbo";
const IWAE: &str = "iwae";

/// Whether the bound is the importance-weighted one.
fn is_weighed(settings: &Settings) -> bool {
    match settings.get::<Option<String>>(&BOUND) {
        Some(bound) => bound == IWAE,
        None => settings.get::<usize>(&SAMPLES) > 1,
    }
}

/// Refuses settings that do not go together. The importance-weighted bound has no divergence in closed form to weigh, or
/// to leave some of without cost.
fn check_bound(settings: &Settings) -> std::result::Result<(), Conflict> {
    let conflict = |key: &Key, expected: &str| {
        Err(Conflict {
            key: key.name,
            expected: expected.into(),
        })
    };
    if !is_weighed(settings) {
        return match settings.get::<usize>(&SAMPLES) {
            1 => Ok(()),
            _ => conflict(&BOUND, "\"iwae\" for several samples"),
        };
    }
    if settings.get::<f32>(&FREE_BITS) > 0.0 {
        conflict(
            &FREE_BITS,
            "0 with the bound \"iwae\", which has no divergence in closed form",
        )
    } else if settings.get::<f32>(&BETA) != 1.0 {
        conflict(
            &BETA,
            "1 with the bound \"iwae\", which has no divergence in closed form",
        )
    } else {
        Ok(())
    }
}

impl Bottleneck {
    /// A code drawn from a normal distribution whose means and log variances the encoder gives, in this order; its
    /// divergence from the standard normal distribution counts `beta`.
    pub fn variational(beta: f32) -> Bottleneck {
        Bottleneck::unchecked(&Variational, &[(&BETA, Some(beta.into()))])
    }

    /// Several codes of each row, drawn as by [`Bottleneck::variational`], under the importance-weighted bound with its
    /// doubly reparametrized gradient.
    pub fn importance_weighted(samples: usize) -> Bottleneck {
        let keys = [
            (&SAMPLES, Some(samples.into())),
            (&BOUND, Some(Value::from(IWAE))),
        ];
        Bottleneck::unchecked(&Variational, &keys)
    }
}

impl Part for Variational {
    fn declaration(&self) -> &Declaration {
        const {
            &Declaration::new(
                "variational",
                "a code drawn from N(mean, exp(log variance)); the encoder gives the means, then as many log variances",
            )
            .elsewhere(&["vae", "gaussian", "normal"])
            .keys(&[
                BETA,
                WARMUP,
                FREE_BITS,
                SAMPLES,
                BOUND,
                DOUBLY_REPARAMETRIZED,
            ])
            .check(check_bound)
        }
    }
}

impl BottleneckPart for Variational {
    fn build(&self, settings: &Settings, builder: &mut Builder, encoded: Var) -> Result<Var> {
        builder.check_one_row(encoded, "the bottleneck `variational`")?;
        let given = builder.shape(encoded).to_vec();
        let (first, rest) = match given.split_first() {
            Some((first, rest)) if first.is_multiple_of(2) => (first / 2, rest),
            _ => return Err(odd(&given)),
        };
        let shape = [&[first], rest].concat();
        let width = builder.width(encoded) / 2;
        let purpose = match builder.mode() {
            Mode::Training => Purpose::Code,
            Mode::Validation => Purpose::ValidationCode,
            Mode::Inference => {
                return Ok(builder.apply(Means { width }, Vec::new(), encoded, shape));
            }
        };
        if is_weighed(settings) {
            let warmup = settings.get(&WARMUP);
            let operation = DrawWeighed {
                width,
                samples: settings.get(&SAMPLES),
                is_doubly: settings.get(&DOUBLY_REPARAMETRIZED),
                warmup,
                divisor: builder.objective_divisor(),
                draws: builder.draws(purpose),
            };
            let samples = operation.samples;
            let outputs = vec![(shape, samples), (vec![1], samples)];
            let made = builder.node(Arc::new(operation), Vec::new(), vec![encoded], outputs);
            let ratios = if warmup > 0 && builder.mode() == Mode::Training {
                let tempered = Arc::new(Tempered { warmup });
                let outputs = vec![(vec![1], samples)];
                builder.node(tempered, Vec::new(), vec![made[1]], outputs)[0]
            } else {
                made[1]
            };
            builder.weigh(ratios);
            return Ok(made[0]);
        }
        let beta: f32 = settings.get(&BETA);
        let operation = Draw {
            width,
            weight: beta / builder.objective_divisor() as f32,
            free_bits: settings.get(&FREE_BITS),
            warmup: settings.get(&WARMUP),
            draws: builder.draws(purpose),
        };
        Ok(builder.node(
            Arc::new(operation),
            Vec::new(),
            vec![encoded],
            vec![(shape, 1)],
        )[0])
    }

    fn in_use(&self, _: &Settings, builder: &mut Builder, encoded: Var) -> Var {
        let width = builder.width(encoded) / 2;
        builder.apply(Means { width }, Vec::new(), encoded, vec![width])
    }

    fn draws(&self) -> bool {
        true
    }

    fn warmup(&self, settings: &Settings) -> usize {
        settings.get(&WARMUP)
    }

    fn output_range(&self, _: &Settings, _: (f32, f32)) -> (f32, f32) {
        (f32::NEG_INFINITY, f32::INFINITY)
    }

    fn nodes(&self, _: &Settings, graph: &mut Graph, place: Place<'_>) -> String {
        let width: usize = place.to.iter().product();
        let flat = graph.reshape(place.input, &[2 * width], &place.part("flat"));
        let [from, to, axis] = [("from", 0), ("to", width as i64), ("axis", 1)]
            .map(|(name, value)| graph.integers(&place.part(name), &[value]));
        let inputs = [&flat, &from, &to, &axis];
        let means = graph.node("Slice", &inputs, &[], &place.part("means"));
        graph.reshape(&means, place.to, place.name)
    }
}

/// That what the encoder gives cannot be halved.
fn odd(given: &[usize]) -> Error {
    Error::new(
        ErrorKind::Recipe,
        "the encoder must give a mean and a log variance for each value of the code",
    )
    .expected("an even number of values; of an image, of channels")
    .found(format!("rows of shape {given:?}"))
    .hint("give the encoder's last layer twice as many outputs as the code has values")
}
