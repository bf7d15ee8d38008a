//! Charts of an evaluation.

use crate::corruption::Corruption;
use crate::error::Result;
use crate::evaluate::{Bounded, Evaluation, JacobianSummary, NoiseCurve};
use crate::report::{Chart, Figure, Image, Series};
use crate::text::count_of;

/// A chart as a figure; `None` if it is empty.
pub(crate) fn svg(name: &str, caption: &str, chart: &Chart) -> Result<Option<Figure>> {
    Ok(chart.svg()?.map(|svg| Figure {
        name: name.into(),
        caption: caption.into(),
        image: Image::Svg(svg),
    }))
}

/// The title of the vertical axis of a robustness curve.
pub const ERROR: &str = "mean squared error";

/// A chart of errors against the level of a noise, with one line per model; `y` is the title of the vertical axis.
pub fn robustness_chart(
    noise: &Corruption,
    y: &str,
    lines: Vec<(String, Vec<(f64, f64)>)>,
) -> Chart {
    let series = lines.into_iter();
    Chart {
        x: format!("{} noise: {}", noise.name(), noise.measure()),
        y: y.into(),
        series: series
            .map(|(name, points)| Series { name, points })
            .collect(),
        ..Chart::default()
    }
}

/// The curve of a model, and the curve of PCA if there is one.
pub(super) fn robustness_figure(
    evaluation: &Evaluation,
    curve: &NoiseCurve,
) -> Result<Option<Figure>> {
    let points = curve.points.iter();
    let of_model = points.clone().map(|p| (p.level, p.noisy_mse)).collect();
    let of_pca: Vec<_> = points
        .filter_map(|p| Some((p.level, p.pca_noisy_mse?)))
        .collect();
    let mut lines = vec![(evaluation.recipe.clone(), of_model)];
    if !of_pca.is_empty() {
        lines.push((evaluation.pca_name(), of_pca));
    }
    let name = curve.noise.name();
    let caption = format!(
        "Error at each level of {name} noise, on the first {}",
        count_of(curve.rows, "test row")
    );
    let chart = robustness_chart(&curve.noise, ERROR, lines);
    svg(&format!("robustness-{name}"), &caption, &chart)
}

/// The KL divergence of each value of a variational code, the largest first.
pub(super) fn kl_of_values(bounded: &Bounded) -> Chart {
    let mut values = bounded.kl_of_values.clone();
    values.sort_by(|a, b| b.total_cmp(a));
    let points = values.iter().enumerate();
    Chart {
        x: "value of the code, the largest KL first".into(),
        y: "KL in nats".into(),
        series: vec![Series {
            name: "KL".into(),
            points: points.map(|(k, &value)| ((k + 1) as f64, value)).collect(),
        }],
        whole_x: true,
        from_zero: true,
        ..Chart::default()
    }
}

/// The singular values of a Jacobian.
pub(super) fn spectrum(jacobian: &JacobianSummary) -> Chart {
    let points = jacobian.spectrum.iter().enumerate();
    Chart {
        x: "number of the singular value".into(),
        y: "singular value".into(),
        series: vec![Series {
            name: "J".into(),
            points: points.map(|(k, &value)| ((k + 1) as f64, value)).collect(),
        }],
        whole_x: true,
        from_zero: true,
        ..Chart::default()
    }
}
