//! Schedules: the factor of the learning rate in each step.

use crate::declaration::{
    Alias, Choice, Declaration, End, Key, Kind, Preset, Range, Settings, choice,
};
use std::f64::consts::PI;

/// The schedule of the learning rate in a recipe.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ScheduleSpec {
    /// A constant learning rate.
    Constant,
    /// A linear warm-up from 0, then half a cosine down (Loshchilov & Hutter 2017, without restarts).
    Cosine {
        /// The epochs of the warm-up.
        warmup: f64,
        /// The factor of the learning rate at the end.
        final_factor: f64,
    },
    /// Multiplied by a factor after every fixed number of epochs, or after stages that grow.
    Step {
        /// The number of epochs; of the first stage, if stages grow.
        every: usize,
        /// The factor.
        factor: f64,
        /// How many times as long as the stage before it each stage is.
        growth: usize,
    },
    /// Multiplied by a factor whenever the monitored loss has not fallen for a number of epochs, like PyTorch's
    /// `ReduceLROnPlateau`. The monitored loss is the validation loss, or the training loss without validation.
    Plateau {
        /// The number of epochs.
        patience: usize,
        /// The factor.
        factor: f64,
        /// The smallest total factor of the learning rate.
        minimum_factor: f64,
    },
}

/// The key that names the schedule.
pub(crate) const SCHEDULE: Key =
    Key::new("kind", Kind::Name, "schedule of the learning rate").default(Preset::Text("constant"));

const WARMUP: Key = Key::new(
    "warmup",
    Kind::Number(Range::of(End::Closed(0.0), End::Open(1e6))),
    "the number of epochs of the rise; it may have a fraction",
)
.default(Preset::Number(0.0));

const FINAL_FACTOR: Key = Key::new(
    "final_factor",
    Kind::Number(Range::FRACTION),
    "the factor of the learning rate at the end",
)
.aliases(&[Alias::Renamed("last")])
.default(Preset::Number(0.0));

const EVERY: Key = Key::new(
    "every",
    Kind::Whole {
        least: 1,
        most: 1_000_000,
    },
    "the number of epochs between two changes",
)
.default(Preset::Whole(10));

const GROWTH: Key = Key::new(
    "growth",
    Kind::Whole {
        least: 1,
        most: 1000,
    },
    "each stage is this many times as long as the one before; the first stage has `every` epochs",
)
.default(Preset::Whole(1));

const PATIENCE: Key = Key::new(
    "patience",
    Kind::Whole {
        least: 0,
        most: 1_000_000,
    },
    "the number of epochs without a lower loss before the learning rate falls",
)
.default(Preset::Whole(10));

const FACTOR: Key = Key::new(
    "factor",
    Kind::Number(Range::BETWEEN_0_AND_1),
    "the factor of the learning rate",
)
.default(Preset::Number(0.1));

const MINIMUM_FACTOR: Key = Key::new(
    "minimum_factor",
    Kind::Number(Range::FRACTION),
    "the lower limit of the learning rate, as a fraction of the first one",
)
.aliases(&[Alias::Renamed("minimum")])
.default(Preset::Number(0.0));

/// The schedules, by name.
pub(crate) const SCHEDULES: &[Choice<ScheduleSpec>] = &[
    choice!(
        ScheduleSpec::Constant {},
        Declaration::new("constant", "the learning rate stays the same"),
    ),
    choice!(
        ScheduleSpec::Cosine {
            warmup: WARMUP,
            final_factor: FINAL_FACTOR,
        },
        Declaration::new(
            "cosine",
            "the learning rate rises linearly, then falls along half a cosine until the last epoch",
        ),
    ),
    choice!(
        ScheduleSpec::Step {
            every: EVERY,
            factor: FACTOR,
            growth: GROWTH,
        },
        Declaration::new(
            "step",
            "the learning rate is multiplied by a factor after every `every` epochs"
        ),
    ),
    choice!(
        ScheduleSpec::Plateau {
            patience: PATIENCE,
            factor: FACTOR,
            minimum_factor: MINIMUM_FACTOR,
        },
        Declaration::new(
            "plateau",
            "the learning rate is multiplied by a factor when the validation loss no longer falls (without validation \
             rows: training loss)",
        ),
    ),
];

/// The schedule of a recipe that names none.
impl Default for ScheduleSpec {
    fn default() -> Self {
        Choice::preset(&SCHEDULE, SCHEDULES)
    }
}

impl ScheduleSpec {
    /// Its name in a recipe.
    pub fn name(&self) -> &'static str {
        Choice::settings_of(SCHEDULES, self).0
    }

    /// The values of its keys.
    pub fn settings(&self) -> Settings {
        Choice::settings_of(SCHEDULES, self).1
    }

    /// The factor of the learning rate in a step; steps and epochs are counted from 0. `plateau` is the state of a
    /// plateau schedule.
    pub fn factor(&self, step: u64, steps_per_epoch: u64, epochs: usize, plateau: &Plateau) -> f64 {
        match *self {
            ScheduleSpec::Constant => 1.0,
            ScheduleSpec::Cosine {
                warmup,
                final_factor,
            } => {
                let rise = (warmup * steps_per_epoch as f64).round();
                let step = step as f64;
                if step < rise {
                    return (step + 1.0) / (rise + 1.0);
                }
                let fall = (epochs as f64 * steps_per_epoch as f64 - rise).max(1.0);
                let way = ((step - rise) / fall).min(1.0);
                final_factor + (1.0 - final_factor) * 0.5 * (1.0 + (PI * way).cos())
            }
            ScheduleSpec::Step {
                every,
                factor,
                growth,
            } => {
                let epoch = step / steps_per_epoch.max(1);
                let falls = match growth {
                    0 | 1 => epoch / every as u64,
                    _ => ends(every.max(1) as u64, growth.max(1) as u64)
                        .take_while(|&end| end <= epoch)
                        .count() as u64,
                };
                factor.powf(falls as f64)
            }
            ScheduleSpec::Plateau { .. } => plateau.factor,
        }
    }
}

/// The epochs at which stages end that grow.
fn ends(first: u64, growth: u64) -> impl Iterator<Item = u64> {
    let stages = std::iter::successors(Some(first), move |len| Some(len.saturating_mul(growth)));
    stages.scan(0u64, |end, len| {
        *end = end.saturating_add(len);
        Some(*end)
    })
}

/// The state of a plateau schedule.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Plateau {
    /// The lowest loss.
    pub best: f64,
    /// The number of epochs since.
    pub waited: usize,
    /// The factor of the learning rate.
    pub factor: f64,
}

impl Default for Plateau {
    fn default() -> Self {
        Plateau {
            best: f64::INFINITY,
            waited: 0,
            factor: 1.0,
        }
    }
}

impl Plateau {
    /// Records the monitored loss at the end of an epoch.
    pub fn watch(&mut self, spec: &ScheduleSpec, loss: f64) {
        let ScheduleSpec::Plateau {
            patience,
            factor,
            minimum_factor,
        } = *spec
        else {
            return;
        };
        // What PyTorch takes for lower. A negative log density may be below 0.
        let part = if self.best < 0.0 {
            1.0 + 1e-4
        } else {
            1.0 - 1e-4
        };
        if loss < self.best * part {
            self.best = loss;
            self.waited = 0;
            return;
        }
        self.waited += 1;
        if self.waited > patience {
            self.factor = (self.factor * factor).max(minimum_factor);
            self.waited = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn factors(spec: ScheduleSpec, steps: u64) -> Vec<f64> {
        let plateau = Plateau::default();
        (0..steps)
            .map(|step| spec.factor(step, 4, 3, &plateau))
            .collect()
    }

    fn assert_close(found: &[f64], expected: &[f64]) {
        assert_eq!(found.len(), expected.len());
        for (found, expected) in found.iter().zip(expected) {
            assert!((found - expected).abs() < 1e-12, "{found} {expected}");
        }
    }

    #[test]
    fn a_cosine_rises_and_falls_to_its_final_factor() {
        let spec = ScheduleSpec::Cosine {
            warmup: 0.5,
            final_factor: 0.2,
        };
        let found = factors(spec, 13);
        assert_close(&found[..3], &[1.0 / 3.0, 2.0 / 3.0, 1.0]);
        // Half way down, and at the end of the third epoch.
        assert_close(&[found[7], found[12]], &[0.6, 0.2]);
        assert!(found[2..].windows(2).all(|pair| pair[0] > pair[1]));
        // torch.optim.lr_scheduler.CosineAnnealingLR(T_max=12, eta_min=0), factors of the first rate.
        let plain = ScheduleSpec::Cosine {
            warmup: 0.0,
            final_factor: 0.0,
        };
        let found = factors(plain, 5);
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
            growth: 1,
        };
        assert_close(&factors(spec, 12)[6..], &[1.0, 1.0, 0.5, 0.5, 0.5, 0.5]);
    }

    /// Burda et al. 2016: stages of 3^i epochs, over which the rate falls to a tenth.
    #[test]
    fn stages_grow() {
        let spec = ScheduleSpec::Step {
            every: 1,
            factor: 0.1f64.powf(1.0 / 7.0),
            growth: 3,
        };
        let plateau = Plateau::default();
        let at = |epoch: u64| spec.factor(10 * epoch + 9, 10, 3280, &plateau);
        for (stage, first) in [0, 1, 4, 13, 40, 121, 364, 1093].into_iter().enumerate() {
            let expected = 0.1f64.powf(stage as f64 / 7.0);
            let last = 3 * first;
            assert_close(&[at(first), at(last)], &[expected; 2]);
        }
        assert!((at(3279) - 0.1).abs() < 1e-12);
        // Beyond all numbers there is no further end.
        assert!(at(u64::MAX / 100) > 0.0);
    }

    #[test]
    fn a_plateau_waits_as_pytorch_does() {
        // torch.optim.lr_scheduler.ReduceLROnPlateau(factor=0.5, patience=1, min_lr=0.2) on these losses.
        let spec = ScheduleSpec::Plateau {
            patience: 1,
            factor: 0.5,
            minimum_factor: 0.2,
        };
        let mut plateau = Plateau::default();
        let losses = [1.0, 0.9, 0.9, 0.89999, 0.8, 0.8, 0.8, 0.8, 0.8, 0.8];
        let found: Vec<f64> = losses
            .iter()
            .map(|&loss| {
                plateau.watch(&spec, loss);
                spec.factor(0, 1, 1, &plateau)
            })
            .collect();
        assert_close(
            &found,
            &[1.0, 1.0, 1.0, 0.5, 0.5, 0.5, 0.25, 0.25, 0.2, 0.2],
        );
    }
}
