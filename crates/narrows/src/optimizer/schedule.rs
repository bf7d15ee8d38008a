//! Schedules: what share of the learning rate a step takes.

use crate::error::Result;
use crate::settings::{Choice, Key, Section};
use std::f64::consts::PI;

/// What a recipe says of the learning rate over time.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum ScheduleSpec {
    /// Always the same.
    #[default]
    Constant,
    /// A linear rise from 0, then half a cosine down (Loshchilov & Hutter 2017, without restarts).
    Cosine {
        /// The epochs of the rise.
        warmup: f64,
        /// The share of the learning rate at the end.
        last: f64,
    },
    /// Multiplied by a factor every so many epochs.
    Step {
        /// The epochs between.
        every: usize,
        /// The factor.
        factor: f64,
    },
    /// Multiplied by a factor whenever the watched loss has not become lower for so many epochs, as
    /// PyTorch's `ReduceLROnPlateau`: the validation loss, or the training loss without validation.
    Plateau {
        /// The epochs that are waited for.
        patience: usize,
        /// The factor.
        factor: f64,
        /// The smallest share of the learning rate.
        minimum: f64,
    },
}

/// The key that names the schedule.
pub(crate) const SCHEDULE: Key = Key {
    name: "kind",
    value: "a name",
    default: "\"constant\"",
    about: "schedule of the learning rate",
};

const FACTOR: Key = Key {
    name: "factor",
    value: "above 0 to below 1",
    default: "0.1",
    about: "what the learning rate is multiplied by",
};

/// The schedules, by name.
pub(crate) const SCHEDULES: &[Choice<ScheduleSpec>] = &[
    Choice {
        name: "constant",
        about: "always the same",
        keys: &[],
        read: |_| Ok(ScheduleSpec::Constant),
    },
    Choice {
        name: "cosine",
        about: "a linear rise, then half a cosine down to the last epoch",
        keys: &[
            Key {
                name: "warmup",
                value: "0 or more",
                default: "0",
                about: "the epochs of the rise, also a part of one",
            },
            Key {
                name: "last",
                value: "0 to 1",
                default: "0",
                about: "the share of the learning rate at the end",
            },
        ],
        read: |section| {
            let warmup = section.number("warmup", "0 or more", |x| (0.0..=1e6).contains(&x))?;
            let last =
                section.number("last", "a number from 0 to 1", |x| (0.0..=1.0).contains(&x))?;
            Ok(ScheduleSpec::Cosine {
                warmup: warmup.unwrap_or(0.0),
                last: last.unwrap_or(0.0),
            })
        },
    },
    Choice {
        name: "step",
        about: "multiplied by a factor every so many epochs",
        keys: &[
            Key {
                name: "every",
                value: "1 or more",
                default: "10",
                about: "the epochs between",
            },
            FACTOR,
        ],
        read: |section| {
            Ok(ScheduleSpec::Step {
                every: section.integer("every", 1..=1_000_000)?.unwrap_or(10) as usize,
                factor: factor(section)?,
            })
        },
    },
    Choice {
        name: "plateau",
        about: "multiplied by a factor when the validation loss, or the training loss without validation, no longer falls",
        keys: &[
            Key {
                name: "patience",
                value: "0 or more",
                default: "10",
                about: "the epochs without a lower loss that are waited for",
            },
            FACTOR,
            Key {
                name: "minimum",
                value: "0 to 1",
                default: "0",
                about: "the smallest share of the learning rate",
            },
        ],
        read: |section| {
            let minimum = section.number("minimum", "a number from 0 to 1", |x| {
                (0.0..=1.0).contains(&x)
            })?;
            Ok(ScheduleSpec::Plateau {
                patience: section.integer("patience", 0..=1_000_000)?.unwrap_or(10) as usize,
                factor: factor(section)?,
                minimum: minimum.unwrap_or(0.0),
            })
        },
    },
];

fn factor(section: &Section<'_>) -> Result<f64> {
    let is_possible = |x: f64| x > 0.0 && x < 1.0;
    let factor = section.number("factor", "a number above 0 and below 1", is_possible)?;
    Ok(factor.unwrap_or(0.1))
}

impl ScheduleSpec {
    /// Its name in a recipe.
    pub fn name(&self) -> &'static str {
        match self {
            ScheduleSpec::Constant => "constant",
            ScheduleSpec::Cosine { .. } => "cosine",
            ScheduleSpec::Step { .. } => "step",
            ScheduleSpec::Plateau { .. } => "plateau",
        }
    }

    /// Its keys and values, as TOML.
    pub(crate) fn settings(&self) -> Vec<(&'static str, String)> {
        let number = |x: f64| format!("{x:?}");
        match *self {
            ScheduleSpec::Constant => Vec::new(),
            ScheduleSpec::Cosine { warmup, last } => {
                vec![("warmup", number(warmup)), ("last", number(last))]
            }
            ScheduleSpec::Step { every, factor } => {
                vec![("every", every.to_string()), ("factor", number(factor))]
            }
            ScheduleSpec::Plateau {
                patience,
                factor,
                minimum,
            } => vec![
                ("patience", patience.to_string()),
                ("factor", number(factor)),
                ("minimum", number(minimum)),
            ],
        }
    }

    /// The share of the learning rate in a step, where step and epochs are counted from 0; `plateau` says
    /// what has come of watching.
    pub fn share(&self, step: u64, steps_per_epoch: u64, epochs: usize, plateau: &Plateau) -> f64 {
        match *self {
            ScheduleSpec::Constant => 1.0,
            ScheduleSpec::Cosine { warmup, last } => {
                let rise = (warmup * steps_per_epoch as f64).round();
                let step = step as f64;
                if step < rise {
                    return (step + 1.0) / (rise + 1.0);
                }
                let fall = (epochs as f64 * steps_per_epoch as f64 - rise).max(1.0);
                let way = ((step - rise) / fall).min(1.0);
                last + (1.0 - last) * 0.5 * (1.0 + (PI * way).cos())
            }
            ScheduleSpec::Step { every, factor } => {
                let falls = step / steps_per_epoch.max(1) / every as u64;
                factor.powf(falls as f64)
            }
            ScheduleSpec::Plateau { .. } => plateau.share,
        }
    }
}

/// What a plateau schedule has seen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Plateau {
    /// The lowest loss.
    pub best: f64,
    /// The epochs since.
    pub waited: usize,
    /// The share of the learning rate.
    pub share: f64,
}

impl Default for Plateau {
    fn default() -> Self {
        Plateau {
            best: f64::INFINITY,
            waited: 0,
            share: 1.0,
        }
    }
}

impl Plateau {
    /// Takes note of the watched loss at the end of an epoch.
    pub fn watch(&mut self, spec: &ScheduleSpec, loss: f64) {
        let ScheduleSpec::Plateau {
            patience,
            factor,
            minimum,
        } = *spec
        else {
            return;
        };
        // What PyTorch takes for lower.
        if loss < self.best * (1.0 - 1e-4) {
            self.best = loss;
            self.waited = 0;
            return;
        }
        self.waited += 1;
        if self.waited > patience {
            self.share = (self.share * factor).max(minimum);
            self.waited = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shares(spec: ScheduleSpec, steps: u64) -> Vec<f64> {
        let plateau = Plateau::default();
        (0..steps)
            .map(|step| spec.share(step, 4, 3, &plateau))
            .collect()
    }

    fn assert_close(found: &[f64], expected: &[f64]) {
        assert_eq!(found.len(), expected.len());
        for (found, expected) in found.iter().zip(expected) {
            assert!((found - expected).abs() < 1e-12, "{found} {expected}");
        }
    }

    #[test]
    fn a_cosine_rises_and_falls_to_its_last_share() {
        let spec = ScheduleSpec::Cosine {
            warmup: 0.5,
            last: 0.2,
        };
        let found = shares(spec, 13);
        assert_close(&found[..3], &[1.0 / 3.0, 2.0 / 3.0, 1.0]);
        // Half way down, and at the end of the third epoch.
        assert_close(&[found[7], found[12]], &[0.6, 0.2]);
        assert!(found[2..].windows(2).all(|pair| pair[0] > pair[1]));
        // torch.optim.lr_scheduler.CosineAnnealingLR(T_max=12, eta_min=0), shares of the first rate.
        let plain = ScheduleSpec::Cosine {
            warmup: 0.0,
            last: 0.0,
        };
        let found = shares(plain, 5);
        assert_close(
            &found,
            &[
                1.0,
                0.982_962_913_144_534_1,
                0.933_012_701_892_219_3,
                0.853_553_390_593_273_7,
                0.75,
            ],
        );
    }

    #[test]
    fn steps_fall_by_their_factor() {
        let spec = ScheduleSpec::Step {
            every: 2,
            factor: 0.5,
        };
        assert_close(&shares(spec, 12)[6..], &[1.0, 1.0, 0.5, 0.5, 0.5, 0.5]);
    }

    #[test]
    fn a_plateau_waits_as_pytorch_does() {
        // torch.optim.lr_scheduler.ReduceLROnPlateau(factor=0.5, patience=1, min_lr=0.2) on these losses.
        let spec = ScheduleSpec::Plateau {
            patience: 1,
            factor: 0.5,
            minimum: 0.2,
        };
        let mut plateau = Plateau::default();
        let losses = [1.0, 0.9, 0.9, 0.89999, 0.8, 0.8, 0.8, 0.8, 0.8, 0.8];
        let found: Vec<f64> = losses
            .iter()
            .map(|&loss| {
                plateau.watch(&spec, loss);
                spec.share(0, 1, 1, &plateau)
            })
            .collect();
        assert_close(
            &found,
            &[1.0, 1.0, 1.0, 0.5, 0.5, 0.5, 0.25, 0.25, 0.2, 0.2],
        );
    }
}
