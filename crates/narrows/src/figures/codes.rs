//! Maps of the codes of test rows.

use super::charts::svg;
use crate::data::Dataset;
use crate::error::Result;
use crate::evaluate::{Matrix, Pca};
use crate::model::Model;
use crate::report::{Chart, Figure, Mark, Ring, Series};
use crate::text::count_of;
use ndarray::Array2;
use std::collections::BTreeMap;

/// The number of test rows in a map of the codes.
const MAPPED: usize = 1000;

/// Maps of the codes of test rows, spread over all of them.
pub(super) fn code_figures(model: &Model, test: &Dataset, threads: usize) -> Result<Vec<Figure>> {
    let shown = MAPPED.min(test.rows());
    let which = if shown < test.rows() {
        format!("{}, spread over all", count_of(shown, "test row"))
    } else {
        format!("all {}", count_of(shown, "test row"))
    };
    let mut figures = Vec::new();
    for (name, how, map) in code_maps(model, test, threads)? {
        let mut caption = match test.labels() {
            Some(_) => format!(
                "The codes of {which}, by class ({how}). Classes that lie apart are easy to tell from \
                                the code"
            ),
            None => format!("The codes of {which} ({how}). They show whether rows form groups"),
        };
        if !map.rings.is_empty() {
            caption.push_str(
                ". The circles are 1, 2 and 3 standard deviations of the prior; new codes are drawn from it",
            );
        }
        figures.extend(svg(&name, &caption, &map)?);
    }
    Ok(figures)
}

/// The codes of test rows in two dimensions, in one map or more: the name of each map, how the codes are reduced to two
/// dimensions, and the chart.
fn code_maps(
    model: &Model,
    test: &Dataset,
    threads: usize,
) -> Result<Vec<(String, String, Chart)>> {
    let test = test.sample(MAPPED)?;
    let codes = model.codes_of(&test)?;
    // The values on the axes, each axis by its column and its name.
    let (values, how, pairs) = match codes.ncols() {
        1 => (codes, "its one value on both axes", vec![(0, 0)]),
        2 => (codes, "the code itself", vec![(0, 1)]),
        3 => (
            codes,
            "two of its three values",
            vec![(0, 1), (0, 2), (1, 2)],
        ),
        width if Pca::is_feasible(width, 2) => {
            let rows = Matrix {
                values: codes.as_slice().unwrap_or_default(),
                width,
            };
            if let Ok(pca) = Pca::fit(&rows, width, 2, threads) {
                let how = "its first two principal components";
                let axes = ["first", "second"].map(|which| format!("{which} principal component"));
                let mut map = code_map(&test, &pca.encode(2, &rows, threads), [0, 1], axes);
                map.rings = rings(model, projected_origin(&pca, width));
                return Ok(vec![("codes".into(), how.into(), map)]);
            }
            // For codes whose squares overflow in the covariance.
            let how = "its first two values, because principal components of huge values cannot be computed";
            (codes, how, vec![(0, 1)])
        }
        _ => (codes, "its first two values", vec![(0, 1)]),
    };
    let several = pairs.len() > 1;
    let maps = pairs.into_iter().map(|(x, y)| {
        let axes = [x, y].map(|value| format!("code{value}"));
        let name = if several {
            format!("codes-{}-{}", x + 1, y + 1)
        } else {
            "codes".into()
        };
        let mut map = code_map(&test, &values, [x, y], axes);
        if x != y {
            map.rings = rings(model, (0.0, 0.0));
        }
        (name, how.to_string(), map)
    });
    Ok(maps.collect())
}

/// Where the mean of the standard normal distribution lies among the first two principal components. The components are
/// orthonormal, so the distribution is standard normal around this place.
fn projected_origin(pca: &Pca, width: usize) -> (f64, f64) {
    let mut components = pca.components().chunks_exact(width).map(|component| {
        let values = component.iter().zip(pca.mean());
        -values
            .map(|(&own, mean)| f64::from(own) * mean)
            .sum::<f64>()
    });
    let mut next = || components.next().unwrap_or_default();
    (next(), next())
}

/// 1, 2 and 3 standard deviations of the standard normal distribution around a place, for a code that training draws towards
/// it; none for other codes.
fn rings(model: &Model, center: (f64, f64)) -> Vec<Ring> {
    if !model.recipe().makes_codes_normal() {
        return Vec::new();
    }
    let ring = |radius| Ring { center, radius };
    [1.0, 2.0, 3.0].map(ring).to_vec()
}

/// Two columns of values of some rows, by the rows' class.
fn code_map(
    rows: &Dataset,
    values: &Array2<f32>,
    columns: [usize; 2],
    [x, y]: [String; 2],
) -> Chart {
    let mut classes: BTreeMap<i64, Vec<(f64, f64)>> = BTreeMap::new();
    for (row, value) in values.rows().into_iter().enumerate() {
        let label = rows.labels().map_or(0, |labels| labels[row]);
        if let [Some(&x), Some(&y)] = columns.map(|column| value.get(column)) {
            classes.entry(label).or_default().push((x.into(), y.into()));
        }
    }
    let series = classes.into_iter().map(|(label, points)| Series {
        name: rows.label_text(label),
        points,
    });
    Chart {
        x,
        y,
        series: series.collect(),
        mark: Mark::Dot,
        ..Chart::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_origin_lies_where_its_projection_is() {
        let values: Vec<f32> = (0..60).map(|i| ((i * i) % 17) as f32 / 4.0).collect();
        let rows = Matrix {
            values: &values,
            width: 5,
        };
        let pca = Pca::fit(&rows, 5, 2, 1).unwrap();
        let origin = Matrix {
            values: &[0.0; 5],
            width: 5,
        };
        let expected = pca.encode(2, &origin, 1);
        let (x, y) = projected_origin(&pca, 5);
        assert!(
            (x - f64::from(expected[[0, 0]])).abs() < 1e-4,
            "{x}, {expected}"
        );
        assert!(
            (y - f64::from(expected[[0, 1]])).abs() < 1e-4,
            "{y}, {expected}"
        );
        assert!(x.abs() > 0.1, "the mean of the rows is not 0");
    }
}
