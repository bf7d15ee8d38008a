//! Axes of a chart: their ends, their ticks and the texts there.

use plotters::coord::ranged1d::{KeyPointHint, NoDefaultFormatting, Ranged, ValueFormatter};
use std::ops::Range;

/// The most ticks of an axis.
const TICKS: usize = 6;

/// A place on an axis and the text there.
type Tick = (f64, String);

/// An axis with ticks of its own: the ticks of plotters may have equal texts, or there may be no ticks at all.
#[derive(Clone)]
pub(super) struct Axis {
    range: Range<f64>,
    ticks: Vec<Tick>,
    is_logarithmic: bool,
}

impl Axis {
    pub(super) fn even((low, high): (f64, f64), whole: bool) -> Axis {
        Axis {
            range: low..high,
            ticks: ticks((low, high), whole),
            is_logarithmic: false,
        }
    }

    /// An axis with a margin around the values.
    pub(super) fn logarithmic((low, high): (f64, f64)) -> Axis {
        let (low, high) = (low / 1.3, high * 1.3);
        Axis {
            range: low..high,
            ticks: log_ticks((low, high)),
            is_logarithmic: true,
        }
    }
}

impl Ranged for Axis {
    type FormatOption = NoDefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, (first, last): (i32, i32)) -> i32 {
        let place = |number: f64| {
            if self.is_logarithmic {
                number.ln()
            } else {
                number
            }
        };
        let (low, high) = (place(self.range.start), place(self.range.end));
        let share = (place(*value) - low) / (high - low);
        first + (share * f64::from(last - first)).round() as i32
    }

    fn key_points<Hint: KeyPointHint>(&self, hint: Hint) -> Vec<f64> {
        if hint.weight().allow_light_points() {
            Vec::new()
        } else {
            self.ticks.iter().map(|(place, _)| *place).collect()
        }
    }

    fn range(&self) -> Range<f64> {
        self.range.clone()
    }
}

impl ValueFormatter<f64> for Axis {
    fn format_ext(&self, value: &f64) -> String {
        let tick = self.ticks.iter().find(|(place, _)| place == value);
        tick.map_or(String::new(), |(_, text)| text.clone())
    }
}

/// Ticks in even steps of 1, 2 or 5 times a power of ten.
fn ticks((low, high): (f64, f64), whole: bool) -> Vec<Tick> {
    let finest = ((high - low) / TICKS as f64).log10().floor() as i32;
    let steps = (finest..).flat_map(|power| [1.0, 2.0, 5.0].map(|times| times * 10f64.powi(power)));
    let indices = |step: f64| ((low / step).ceil(), (high / step).floor());
    let fits = |&step: &f64| {
        let (first, last) = indices(step);
        last - first < TICKS as f64 && (!whole || step >= 1.0)
    };
    let step = steps.take(9).find(fits).unwrap_or(high - low);
    let (first, last) = indices(step);
    // Multiplied, not added step by step, so that rounding errors do not accumulate.
    (0..=(last - first).max(0.0) as usize)
        .map(|index| (first + index as f64) * step)
        .map(|place| (place, figure(place, step)))
        .collect()
}

/// Ticks at the powers of ten. If there is room, also at 2 and 5 times, or at 3 times, a power of ten.
fn log_ticks((low, high): (f64, f64)) -> Vec<Tick> {
    let powers = low.log10().floor() as i32..=high.log10().ceil() as i32;
    let at = |times: &[f64]| -> Vec<Tick> {
        powers
            .clone()
            .map(|power| 10f64.powi(power))
            .flat_map(|power| times.iter().map(move |times| (times * power, power)))
            .filter(|(place, _)| (low..=high).contains(place))
            .map(|(place, power)| (place, figure(place, power)))
            .collect()
    };
    let all = [at(&[1.0, 2.0, 5.0]), at(&[1.0, 3.0]), at(&[1.0])];
    match all.into_iter().find(|ticks| ticks.len() <= TICKS) {
        Some(few) if few.len() >= 2 => few,
        // Between two powers of ten, even steps are as good.
        Some(_) => ticks((low, high), false),
        None => {
            let every = (powers.end() - powers.start()) as usize / TICKS + 1;
            at(&[1.0]).into_iter().step_by(every).collect()
        }
    }
}

/// A number on an axis, with as many digits as are needed to distinguish it from the next tick.
fn figure(number: f64, step: f64) -> String {
    let size = number.abs();
    if size < 0.5 * step {
        return "0".into();
    }
    let digit = |number: f64| (number.log10() + 1e-9).floor() as i32;
    if size >= 1e5 || step < 9e-5 {
        format!("{number:.*e}", (digit(size) - digit(step)).max(0) as usize)
    } else {
        format!("{number:.*}", (-digit(step)).max(0) as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(ticks: Vec<Tick>) -> Vec<String> {
        ticks.into_iter().map(|(_, text)| text).collect()
    }

    #[test]
    fn ticks_have_the_digits_that_tell_them_apart() {
        assert_eq!(
            texts(ticks((0.801, 0.842), false)),
            ["0.81", "0.82", "0.83", "0.84"]
        );
        assert_eq!(
            texts(ticks((-0.5, 1.04), false)),
            ["-0.5", "0", "0.5", "1.0"]
        );
        assert_eq!(texts(ticks((0.96, 2.04), true)), ["1", "2"]);
        assert_eq!(texts(ticks((0.9, 10.1), true)), ["2", "4", "6", "8", "10"]);
        assert_eq!(
            texts(ticks((120_000.0, 140_000.0), false)),
            ["1.20e5", "1.25e5", "1.30e5", "1.35e5", "1.40e5"]
        );
        assert_eq!(texts(log_ticks((0.013, 0.096))), ["0.02", "0.05"]);
        assert_eq!(texts(log_ticks((0.6, 0.9))).len(), 4);
        assert_eq!(
            texts(log_ticks((1e-5, 1.0))),
            ["1e-5", "0.0001", "0.001", "0.01", "0.1", "1"]
        );
        for range in [
            (1.0, 1.0 + 1e-13),
            (0.0, 1e300),
            (1e-300, 2e-300),
            (-1e-9, 1e9),
        ] {
            let ticks = ticks(range, false);
            assert!(ticks.len() <= TICKS + 1, "{range:?}");
        }
        assert!(log_ticks((1e-30, 1e30)).len() <= 11);
    }
}
