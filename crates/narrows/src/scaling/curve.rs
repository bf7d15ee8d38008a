//! The map of the scaling `quantile`: a curve from a column's values to those of a standard normal distribution.

use crate::rng::normal_quantile;

/// The number of quantiles of a column.
pub(crate) const KNOTS: usize = 1001;

/// The share of the values that the line beyond an end is fitted to.
const END: f64 = 0.01;

/// A strictly rising curve of straight segments. It leads from values to standard normal quantiles: a value above a
/// share p of the training values becomes the number above a share p of the standard normal distribution.
///
/// Equal quantiles, as those of a column of few different values, are one knot at the middle of their levels. Beyond
/// the first and the last knot the curve is a straight line, so that values outside the range of training keep their
/// distances: the line through the knot and the one that lies a hundredth of the levels further in.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Curve {
    /// The quantiles at even levels from 0 to 1, sorted.
    quantiles: Vec<f64>,
    /// The different ones of them.
    values: Vec<f64>,
    /// The standard normal quantile of each of these values.
    normal: Vec<f64>,
    /// The slope of each segment: before the first knot, between two knots, behind the last.
    slopes: Vec<f64>,
}

impl Curve {
    /// The curve through quantiles at even levels from 0 to 1. None if there are fewer than two of them, if they are not
    /// sorted, or not finite, or so close together that a segment has no finite slope.
    pub(crate) fn through(quantiles: Vec<f64>) -> Option<Curve> {
        let are_sorted = quantiles.windows(2).all(|pair| pair[0] <= pair[1]);
        let are_finite = quantiles.iter().all(|value| value.is_finite());
        if quantiles.len() < 2 || !are_sorted || !are_finite {
            return None;
        }
        let last = (quantiles.len() - 1) as f64;
        // The ends of the distribution are infinitely far: half a level is left out on each side.
        let level = |place: f64| (place / last).clamp(0.5 / last, 1.0 - 0.5 / last);
        let (mut values, mut levels, mut start) = (Vec::new(), Vec::new(), 0);
        for group in quantiles.chunk_by(|a, b| a == b) {
            let middle = start as f64 + (group.len() - 1) as f64 / 2.0;
            values.push(group[0]);
            levels.push(level(middle));
            start += group.len();
        }
        let normal: Option<Vec<f64>> = levels.iter().map(|&p| normal_quantile(p)).collect();
        let normal = normal?;
        let slope = |from: usize, to: usize| match to > from {
            true => (normal[to] - normal[from]) / (values[to] - values[from]),
            // A constant column.
            false => 1.0,
        };
        let top = values.len() - 1;
        let inner = levels.iter().position(|&p| p >= levels[0] + END);
        let outer = levels.iter().rposition(|&p| p <= levels[top] - END);
        let mut slopes = vec![slope(0, inner.unwrap_or(top))];
        slopes.extend((0..top).map(|knot| slope(knot, knot + 1)));
        slopes.push(slope(outer.unwrap_or(0), top));
        let are_usable = slopes.iter().all(|&slope| slope > 0.0 && slope.is_finite());
        are_usable.then_some(Curve {
            quantiles,
            values,
            normal,
            slopes,
        })
    }

    /// The quantiles that it goes through.
    pub(crate) fn quantiles(&self) -> &[f64] {
        &self.quantiles
    }

    /// The standard normal quantile of a value; NaN for NaN.
    pub(crate) fn forward(&self, value: f64) -> f64 {
        let (knot, slope) = self.segment(&self.values, value);
        self.normal[knot] + (value - self.values[knot]) * slope
    }

    /// The value of a standard normal quantile.
    pub(crate) fn backward(&self, normal: f64) -> f64 {
        let (knot, slope) = self.segment(&self.normal, normal);
        self.values[knot] + (normal - self.normal[knot]) / slope
    }

    /// The knot that a number's segment begins at (its only knot, for those beyond the ends), and the segment's slope.
    fn segment(&self, knots: &[f64], number: f64) -> (usize, f64) {
        let above = knots.partition_point(|&knot| knot <= number);
        (above.saturating_sub(1), self.slopes[above])
    }

    /// Its segments: each begins at a knot (value and standard normal quantile) and has a slope and a range of distances
    /// from the knot. The curve is its first quantile, and for each segment the slope times the distance, cut to the
    /// range.
    pub(crate) fn segments(&self) -> impl Iterator<Item = Segment> + '_ {
        self.slopes.iter().enumerate().map(|(above, &slope)| {
            let knot = above.saturating_sub(1);
            let next = self.values.get(above).filter(|_| above > 0);
            Segment {
                value: self.values[knot],
                normal: self.normal[knot],
                slope,
                least: if above == 0 { f64::NEG_INFINITY } else { 0.0 },
                most: match next {
                    _ if above == 0 => 0.0,
                    Some(next) => next - self.values[knot],
                    None => f64::INFINITY,
                },
            }
        })
    }
}

/// A straight part of a curve.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Segment {
    /// The value at its knot.
    pub(crate) value: f64,
    /// The standard normal quantile at its knot.
    pub(crate) normal: f64,
    pub(crate) slope: f64,
    /// The range of distances of values from the knot.
    pub(crate) least: f64,
    pub(crate) most: f64,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn even(count: usize, of: impl Fn(f64) -> f64) -> Vec<f64> {
        let last = (count - 1) as f64;
        (0..count).map(|place| of(place as f64 / last)).collect()
    }

    #[test]
    fn values_of_any_distribution_become_normal_and_come_back() {
        let curve = Curve::through(even(KNOTS, |p| (8.0 * p).exp())).unwrap();
        for p in [0.01, 0.25, 0.5, 0.9, 0.999_f64] {
            let value = (8.0 * p).exp();
            let expected = normal_quantile(p).unwrap();
            let found = curve.forward(value);
            assert!((found - expected).abs() < 2e-3, "{p}: {found} {expected}");
            assert!((curve.backward(found) / value - 1.0).abs() < 1e-12);
        }
    }

    #[test]
    fn it_rises_everywhere_and_goes_on_beyond_its_ends() {
        let curve = Curve::through(even(KNOTS, |p| p * p)).unwrap();
        let mut before = f64::NEG_INFINITY;
        for step in -200..400 {
            let value = f64::from(step) / 100.0;
            let found = curve.forward(value);
            assert!(found > before, "{value}");
            assert!((curve.backward(found) - value).abs() < 1e-9, "{value}");
            before = found;
        }
        let [last, one, two] = [1.0, 2.0, 3.0].map(|value| curve.forward(value));
        assert!((last - 3.29).abs() < 0.01, "{last}");
        assert!(((two - one) - (one - last)).abs() < 1e-9);
        assert!(one - last > 1.0, "an outlier stays one: {one}");
    }

    #[test]
    fn equal_quantiles_are_one_knot_in_the_middle_of_their_levels() {
        // 70 % zeros, 30 % ones.
        let curve = Curve::through(even(KNOTS, |p| f64::from(p > 0.7))).unwrap();
        let expected = [0.35, 0.85].map(|p| normal_quantile(p).unwrap());
        for (value, expected) in [0.0, 1.0].into_iter().zip(expected) {
            let found = curve.forward(value);
            assert!((found - expected).abs() < 3e-3, "{found} {expected}");
            assert!((curve.backward(found) - value).abs() < 1e-12);
        }
        let constant = Curve::through(vec![5.0; KNOTS]).unwrap();
        assert_eq!([5.0, 7.0].map(|value| constant.forward(value)), [0.0, 2.0]);
        assert_eq!(constant.backward(2.0), 7.0);
        assert!(constant.forward(f64::NAN).is_nan());
    }

    #[test]
    fn the_sum_over_its_segments_is_the_curve() {
        let curve = Curve::through(even(11, |p| p.powi(3))).unwrap();
        for value in [-3.0, -0.1, 0.0, 0.004, 0.3, 1.0, 9.0] {
            let first = curve.forward(curve.values[0]);
            let sum: f64 = curve
                .segments()
                .map(|of| of.slope * (value - of.value).clamp(of.least, of.most))
                .sum();
            assert!((first + sum - curve.forward(value)).abs() < 1e-12);
        }
    }

    #[test]
    fn quantiles_that_are_none_make_no_curve() {
        for quantiles in [
            vec![],
            vec![1.0],
            vec![2.0, 1.0],
            vec![0.0, f64::NAN],
            vec![0.0, f64::INFINITY],
            vec![0.0, f64::MIN_POSITIVE / 1e10],
        ] {
            assert_eq!(Curve::through(quantiles.clone()), None, "{quantiles:?}");
        }
    }
}
