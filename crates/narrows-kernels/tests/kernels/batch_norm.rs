//! Batch normalization against its definition in float64, channel by channel.

use crate::{bits, numbers, wide};
use narrows_kernels::Isa;
use narrows_kernels::batch_norm::*;
use narrows_kernels::reference;

const EPS: f64 = 1e-5;

/// A batch of `[rows, channels, area]`; channel `c` has the mean `offset · (c + 1)`.
struct Case {
    rows: usize,
    planes: Planes,
    x: Vec<f32>,
    dy: Vec<f32>,
    weight: Vec<f32>,
    bias: Vec<f32>,
}

/// What comes out of all the functions.
#[derive(Default)]
struct Results {
    mean: Vec<f32>,
    variance: Vec<f32>,
    rstd: Vec<f32>,
    y: Vec<f32>,
    dy: Vec<f32>,
    dy_xhat: Vec<f32>,
    dx: Vec<f32>,
}

impl Results {
    fn bits(&self) -> [Vec<u32>; 7] {
        let Results {
            mean,
            variance,
            rstd,
            y,
            dy,
            dy_xhat,
            dx,
        } = self;
        [mean, variance, rstd, y, dy, dy_xhat, dx].map(|numbers| bits(numbers))
    }
}

impl Case {
    fn new(rows: usize, channels: usize, area: usize, offset: f32) -> Case {
        let len = rows * channels * area;
        let of = |(i, x): (usize, f32)| 1.7 * x + offset * (i / area % channels + 1) as f32;
        Case {
            rows,
            planes: Planes { channels, area },
            x: numbers(len, 1).into_iter().enumerate().map(of).collect(),
            dy: numbers(len, 2),
            weight: numbers(channels, 3),
            bias: numbers(channels, 4),
        }
    }

    fn count(&self) -> usize {
        self.rows * self.planes.area
    }

    /// All functions, of `part` channels or `part` rows at a time.
    fn run(&self, isa: Isa, part: usize) -> Results {
        let Planes { channels, area } = self.planes;
        // What lies in memory before is overwritten.
        let garbage = |len: usize| vec![f32::NAN; len];
        let [mut mean, mut variance, mut scales, mut dy, mut dy_xhat] =
            [(); 5].map(|()| garbage(channels));
        let parts = || (0..channels).step_by(part);
        let range = |first: usize| first..(first + part).min(channels);
        for c in parts().map(range) {
            let (mean, variance) = (&mut mean[c.clone()], &mut variance[c.clone()]);
            statistics(isa, self.planes, c.clone(), &self.x, mean, variance);
            rstd(EPS, variance, &mut scales[c]);
        }
        let norm = BatchNorm {
            area,
            mean: &mean,
            rstd: &scales,
            weight: &self.weight,
            bias: &self.bias,
        };
        let rows = part * channels * area;
        let mut y = garbage(self.x.len());
        for (x, y) in self.x.chunks(rows).zip(y.chunks_mut(rows)) {
            norm.forward(isa, x, y);
        }
        for c in parts().map(range) {
            let sums = ChannelSums {
                dy: &mut dy[c.clone()],
                dy_xhat: &mut dy_xhat[c.clone()],
            };
            norm.sums(isa, c, &self.x, &self.dy, sums);
        }
        let sums = Sums {
            dy: &dy,
            dy_xhat: &dy_xhat,
            count: self.count(),
        };
        let mut dx = garbage(self.x.len());
        let gradients = self.dy.chunks(rows).zip(dx.chunks_mut(rows));
        for (x, (dy, dx)) in self.x.chunks(rows).zip(gradients) {
            norm.backward(isa, sums, x, dy, dx);
        }
        Results {
            mean,
            variance,
            rstd: scales,
            y,
            dy,
            dy_xhat,
            dx,
        }
    }

    /// The values of a channel, in the rows' order.
    fn channel(&self, matrix: &[f32], channel: usize) -> Vec<f64> {
        let Planes { channels, area } = self.planes;
        let rows = matrix.chunks(channels * area);
        let of_row = |row: &[f32]| wide(&row[channel * area..(channel + 1) * area]);
        rows.flat_map(of_row).collect()
    }

    /// Everything against the definition. `tolerance` is that of a normalized value.
    fn check(&self, isa: Isa, tolerance: f64) {
        let found = self.run(isa, self.planes.channels.max(self.rows));
        let what = format!("{} rows of {:?} on {}", self.rows, self.planes, isa.name());
        let close = |name: &str, found: f32, expected: f64, tolerance: f64| {
            let error = (f64::from(found) - expected).abs();
            assert!(
                error <= tolerance,
                "{name}, {what}: {found}, expected {expected}"
            );
        };
        for c in 0..self.planes.channels {
            let (x, dy) = (self.channel(&self.x, c), self.channel(&self.dy, c));
            let (weight, bias) = (f64::from(self.weight[c]), f64::from(self.bias[c]));
            let (mean, variance) = reference::mean_and_variance(&x);
            let steep = 1.0 / (variance + EPS).sqrt();
            close("mean", found.mean[c], mean, 6e-8 * mean.abs());
            close("variance", found.variance[c], variance, 1e-7 * variance);
            close("rstd", found.rstd[c], steep, 2e-7 * steep);
            let normalized = reference::normalize(&x, EPS);
            let one = tolerance * steep.max(1.0);
            for (xhat, y) in normalized.iter().zip(self.channel(&found.y, c)) {
                close("y", y as f32, xhat * weight + bias, one);
            }
            let n = self.count() as f64;
            let sum: f64 = dy.iter().sum();
            close("dy", found.dy[c], sum, 1e-7 * n);
            let sum: f64 = dy.iter().zip(&normalized).map(|(dy, x)| dy * x).sum();
            close("dy xhat", found.dy_xhat[c], sum, one * n);
            let g: Vec<f64> = dy.iter().map(|dy| dy * weight).collect();
            let gradients = reference::normalize_gradient(&x, &g, EPS);
            for (gradient, dx) in gradients.into_iter().zip(self.channel(&found.dx, c)) {
                close("dx", dx as f32, gradient, 4.0 * one * steep.max(1.0));
            }
        }
    }
}

#[test]
fn everything_is_as_in_the_definition() {
    for isa in Isa::available() {
        for channels in [1, 2, 15, 16, 17, 31, 32, 33, 70] {
            for (rows, area) in [(2, 1), (3, 1), (64, 1), (1, 2), (2, 7), (5, 16), (3, 49)] {
                Case::new(rows, channels, area, 0.05).check(isa, 1e-6);
            }
        }
        Case::new(1000, 3, 1, 0.1).check(isa, 1e-6);
        Case::new(7, 2, 28 * 28, 0.1).check(isa, 1e-6);
        // One value of a channel: it is its own mean.
        Case::new(1, 5, 1, 0.1).check(isa, 1e-6);
    }
}

/// Mean 10,000 and std 1: the numbers themselves are 0.001 apart, and the mean is rounded to that; the variance is as
/// exact as elsewhere. Squares in single precision would be off by several.
#[test]
fn values_far_from_zero_are_normalized() {
    for isa in Isa::available() {
        for area in [1, 30] {
            Case::new(500, 2, area, 1e4).check(isa, 1.1e-3);
        }
    }
}

/// The first value of a channel is what others are subtracted from.
#[test]
fn a_first_value_far_from_all_others() {
    for isa in Isa::available() {
        for first in [1e4, -1e6] {
            let mut case = Case::new(300, 3, 1, 0.1);
            case.x[..3].fill(first);
            case.check(isa, 1e-6);
        }
    }
}

#[test]
fn bits_depend_on_neither_cuts_nor_instruction_sets() {
    for (rows, channels, area) in [(37, 70, 1), (5, 19, 9), (3, 4, 64), (64, 1, 1)] {
        let case = Case::new(rows, channels, area, 0.3);
        let expected = case.run(Isa::best(), channels.max(rows)).bits();
        for isa in Isa::available() {
            for part in [1, 2, 7, 16, 33] {
                assert!(
                    case.run(isa, part).bits() == expected,
                    "{rows} x {channels} x {area}, {part} at a time on {}",
                    isa.name()
                );
            }
        }
    }
}

/// A channel of a dense layer and the same numbers as an image have the same definition, not only the same value.
#[test]
fn constant_channels_have_exactly_no_variance() {
    for isa in Isa::available() {
        for planes in [
            Planes {
                channels: 18,
                area: 1,
            },
            Planes {
                channels: 2,
                area: 9,
            },
        ] {
            let x = [12345.678; 18 * 5];
            let mut mean = vec![f32::NAN; planes.channels];
            let mut variance = mean.clone();
            statistics(
                isa,
                planes,
                0..planes.channels,
                &x,
                &mut mean,
                &mut variance,
            );
            assert!(mean.iter().all(|&mean| mean == 12345.678));
            assert!(variance.iter().all(|&variance| variance == 0.0));
        }
    }
}

#[test]
fn nan_stays_in_its_channel() {
    for isa in Isa::available() {
        let mut case = Case::new(10, 20, 1, 0.1);
        case.x[5 * 20 + 7] = f32::NAN;
        let results = case.run(isa, 20);
        for c in 0..20 {
            assert_eq!(results.mean[c].is_nan(), c == 7);
            assert_eq!(results.variance[c].is_nan(), c == 7);
            assert_eq!(results.y[c].is_nan(), c == 7);
        }
    }
}

#[test]
fn running_statistics_are_those_of_pytorch() {
    let (count, momentum) = (6, 0.1);
    let (mut mean, mut variance) = (vec![0.0; 9], vec![1.0; 9]);
    let (mut expected_mean, mut expected_variance) = (vec![0.0; 9], vec![1.0; 9]);
    for batch in 0..20 {
        let of_mean = numbers(9, batch);
        let of_variance: Vec<f32> = numbers(9, 100 + batch).iter().map(|x| x * x).collect();
        let running = Running {
            mean: &mut mean,
            variance: &mut variance,
        };
        update_running(momentum, count, &of_mean, &of_variance, running);
        for c in 0..9 {
            let batch = f64::from(of_mean[c]);
            expected_mean[c] = reference::running(momentum, expected_mean[c], batch);
            let batch = reference::unbiased(f64::from(of_variance[c]), count);
            expected_variance[c] = reference::running(momentum, expected_variance[c], batch);
            assert!((f64::from(mean[c]) - expected_mean[c]).abs() < 1e-6);
            assert!((f64::from(variance[c]) - expected_variance[c]).abs() < 1e-6);
        }
    }
    // By hand: 0.9 · 1 + 0.1 · 2 · 4/3.
    let (mut mean, mut variance) = ([1.0], [1.0]);
    let running = Running {
        mean: &mut mean,
        variance: &mut variance,
    };
    update_running(0.1, 4, &[3.0], &[2.0], running);
    assert_eq!(mean, [1.2]);
    assert!((f64::from(variance[0]) - (0.9 + 0.8 / 3.0)).abs() < 1e-7);
}

#[test]
fn a_multiply_add_is_the_same_map() {
    for isa in Isa::available() {
        for (rows, channels, area) in [(1, 1, 1), (5, 33, 1), (3, 7, 10), (2, 3, 100)] {
            let case = Case::new(rows, channels, area, 0.1);
            let results = case.run(isa, rows.max(channels));
            let norm = BatchNorm {
                area,
                mean: &results.mean,
                rstd: &results.rstd,
                weight: &case.weight,
                bias: &case.bias,
            };
            let (mut scale, mut shift) = (vec![f32::NAN; channels], vec![f32::NAN; channels]);
            norm.scale_and_shift(&mut scale, &mut shift);
            let mut y = vec![f32::NAN; case.x.len()];
            affine(isa, area, &scale, &shift, &case.x, &mut y);
            for (i, &y) in y.iter().enumerate() {
                let c = i / area % channels;
                assert_eq!(y, case.x[i] * scale[c] + shift[c]);
                let size = f64::from((case.x[i] * scale[c]).abs() + shift[c].abs());
                let error = (f64::from(y) - f64::from(results.y[i])).abs();
                assert!(error <= 3e-7 * size.max(1.0), "{y}, {}", results.y[i]);
            }
        }
    }
}

#[test]
#[should_panic(expected = "at least two values")]
fn one_value_has_no_unbiased_variance() {
    let running = Running {
        mean: &mut [0.0],
        variance: &mut [1.0],
    };
    update_running(0.1, 1, &[0.0], &[0.0], running);
}

#[test]
#[should_panic(expected = "a whole number of rows")]
fn a_broken_row_is_refused() {
    let planes = Planes {
        channels: 2,
        area: 3,
    };
    statistics(Isa::best(), planes, 0..1, &[0.0; 9], &mut [0.0], &mut [0.0]);
}
