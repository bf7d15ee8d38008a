//! Charts as SVG: lines and dots over two axes, with the legend below.
//!
//! Colors are CSS variables. The chart has values for a light and a dark page, so that it looks right alone and inside
//! a report. The bytes depend only on the arguments.

mod axis;

use crate::error::{Error, ErrorKind, Result};
use axis::Axis;
use plotters::prelude::*;
use std::f64::consts::TAU;

/// Points of one name, drawn in one color.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// Its name in the legend.
    pub name: String,
    /// The points; points that are not finite are left out.
    pub points: Vec<(f64, f64)>,
}

/// A circle, drawn as a thin line.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ring {
    /// Its center.
    pub center: (f64, f64),
    /// Its radius, in the units of both axes.
    pub radius: f64,
}

/// How points are drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mark {
    /// Joined by a line.
    #[default]
    Line,
    /// Each as a dot.
    Dot,
}

/// A chart.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Chart {
    /// The title of the horizontal axis, with its unit.
    pub x: String,
    /// The title of the vertical axis.
    pub y: String,
    /// The series; at most ten series have colors of their own.
    pub series: Vec<Series>,
    /// How points are drawn.
    pub mark: Mark,
    /// Whether the ticks of the horizontal axis are whole numbers.
    pub whole_x: bool,
    /// Whether the vertical axis is logarithmic; values that are not above 0 are then left out.
    pub log_y: bool,
    /// Whether the vertical axis includes 0. A logarithmic axis ignores it.
    pub from_zero: bool,
    /// Circles over the points. If there are any, both axes have the same scale.
    pub rings: Vec<Ring>,
}

const WIDTH: u32 = 440;
const HEIGHT: u32 = 270;
const MARGIN_TOP: u32 = 8;
const MARGIN_RIGHT: u32 = 16;
/// The room for the ticks and the title of the horizontal axis, and of the vertical one.
const X_LABELS: u32 = 42;
const Y_LABELS: u32 = 62;
/// The number of points of a ring, the first and the last of which are the same.
const RING_POINTS: u32 = 97;
const LEGEND_LINE: u32 = 20;
/// The gap between the legend and the title of the horizontal axis.
const LEGEND_GAP: u32 = 8;
/// The smallest range of the vertical axis for lines, as a share of its largest value, so that a small change does not
/// look large.
const LEAST_SPAN: f64 = 0.05;
const FONT: f64 = 13.0;

/// Colors that are replaced by CSS variables when the text is written.
const INK: RGBColor = RGBColor(1, 2, 3);
const GRID: RGBColor = RGBColor(1, 2, 4);
const SERIES: [RGBColor; 10] = [
    RGBColor(2, 0, 0),
    RGBColor(2, 0, 1),
    RGBColor(2, 0, 2),
    RGBColor(2, 0, 3),
    RGBColor(2, 0, 4),
    RGBColor(2, 0, 5),
    RGBColor(2, 0, 6),
    RGBColor(2, 0, 7),
    RGBColor(2, 0, 8),
    RGBColor(2, 0, 9),
];

/// The variables, for a light page and a dark one. The series are Okabe & Ito's colors for all kinds of
/// color vision, with two more.
const STYLE: &str = "<style>svg{--ink:#333;--grid:#ddd;--s0:#0072b2;--s1:#d55e00;--s2:#009e73;\
--s3:#cc79a7;--s4:#b58900;--s5:#56b4e9;--s6:#7f4fc9;--s7:#8c564b;--s8:#6b6b6b;--s9:#9bbb00}\
@media(prefers-color-scheme:dark){svg{--ink:#ccc;--grid:#444;--s0:#4aa8e0;--s1:#ff8a3d;--s2:#2fd0a0;\
--s3:#e69ac6;--s4:#e0b93a;--s5:#8fd3ff;--s6:#b493ee;--s7:#c49a8c;--s8:#a8a8a8;--s9:#c6e03a}}</style>";

impl Chart {
    /// The chart as SVG; `None` if there is no point to draw.
    ///
    /// # Errors
    ///
    /// Never, for finite numbers.
    pub fn svg(&self) -> Result<Option<String>> {
        let visible =
            |&&(x, y): &&(f64, f64)| x.is_finite() && y.is_finite() && (!self.log_y || y > 0.0);
        let points: Vec<(&Series, Vec<(f64, f64)>)> = self
            .series
            .iter()
            .map(|series| {
                (
                    series,
                    series.points.iter().filter(visible).copied().collect(),
                )
            })
            .filter(|(_, points): &(_, Vec<_>)| !points.is_empty())
            .collect();
        if points.is_empty() {
            return Ok(None);
        }
        let (x, y) = self.axes(&points);
        let lines = (points.len() as u32).div_ceil(self.legend_columns());
        let legend = if points.len() > 1 {
            lines * LEGEND_LINE + LEGEND_GAP + 6
        } else {
            0
        };
        let mut text = String::new();
        {
            let size = (WIDTH, HEIGHT + legend);
            let root = SVGBackend::with_string(&mut text, size).into_drawing_area();
            let (plot, below) = root.split_vertically(HEIGHT);
            self.draw(&plot, &points, x, y).map_err(broken)?;
            if legend > 0 {
                self.draw_legend(&below, &points).map_err(broken)?;
            }
            root.present().map_err(broken)?;
        }
        Ok(Some(dressed(&text, HEIGHT + legend)))
    }

    /// The axes around the visible points and the rings.
    fn axes(&self, points: &[(&Series, Vec<(f64, f64)>)]) -> (Axis, Axis) {
        let all = || {
            let points = points.iter().flat_map(|(_, points)| points.iter().copied());
            points.chain(self.rings.iter().flat_map(Ring::corners))
        };
        let (x, y) = (all().map(|(x, _)| x), all().map(|(_, y)| y));
        let (x, y) = (padded(extremes(x), 0.0), extremes(y));
        if self.log_y {
            return (Axis::even(x, self.whole_x), Axis::logarithmic(y));
        }
        let least = match self.mark {
            Mark::Line => LEAST_SPAN,
            Mark::Dot => 0.0,
        };
        let (low, high) = padded(y, least);
        let y = match y {
            (lowest, _) if self.from_zero && lowest >= 0.0 => (0.0, high),
            (_, highest) if self.from_zero && highest <= 0.0 => (low, 0.0),
            _ => (low, high),
        };
        let (x, y) = if self.rings.is_empty() {
            (x, y)
        } else {
            of_same_scale(x, y)
        };
        (Axis::even(x, self.whole_x), Axis::even(y, false))
    }

    fn legend_columns(&self) -> u32 {
        let longest = self.series.iter().map(|s| s.name.chars().count()).max();
        match longest.unwrap_or(0) {
            0..=3 => 10,
            4..=13 => 3,
            14..=26 => 2,
            _ => 1,
        }
    }

    fn draw(
        &self,
        plot: &DrawingArea<SVGBackend<'_>, plotters::coord::Shift>,
        points: &[(&Series, Vec<(f64, f64)>)],
        x: Axis,
        y: Axis,
    ) -> std::result::Result<(), DrawingAreaErrorKind<std::io::Error>> {
        let mut chart = ChartBuilder::on(plot)
            .margin_top(MARGIN_TOP)
            .margin_right(MARGIN_RIGHT)
            .x_label_area_size(X_LABELS)
            .y_label_area_size(Y_LABELS)
            .build_cartesian_2d(x, y)?;
        let font = ("sans-serif", FONT).into_font().color(&INK);
        chart
            .configure_mesh()
            .light_line_style(TRANSPARENT)
            .bold_line_style(GRID)
            .axis_style(INK)
            .label_style(font.clone())
            .axis_desc_style(font)
            .x_desc(&self.x)
            .y_desc(&self.y)
            .draw()?;
        for (index, (_, points)) in points.iter().enumerate() {
            let color = SERIES[index % SERIES.len()];
            if self.mark == Mark::Line && points.len() > 1 {
                chart.draw_series(LineSeries::new(points.clone(), color.stroke_width(2)))?;
            }
            let radius = match self.mark {
                Mark::Line => 3,
                Mark::Dot => 2,
            };
            if self.mark == Mark::Dot || points.len() <= 12 {
                let dots = points
                    .iter()
                    .map(|&at| Circle::new(at, radius, color.filled()));
                chart.draw_series(dots)?;
            }
        }
        for ring in &self.rings {
            chart.draw_series(LineSeries::new(ring.points(), INK))?;
        }
        Ok(())
    }

    fn draw_legend(
        &self,
        area: &DrawingArea<SVGBackend<'_>, plotters::coord::Shift>,
        points: &[(&Series, Vec<(f64, f64)>)],
    ) -> std::result::Result<(), DrawingAreaErrorKind<std::io::Error>> {
        let columns = self.legend_columns();
        let width = (WIDTH / columns) as i32;
        let font = ("sans-serif", FONT).into_font().color(&INK);
        for (index, (series, _)) in points.iter().enumerate() {
            let (column, line) = (index as i32 % columns as i32, index as i32 / columns as i32);
            let (x, y) = (column * width + 12, line * LEGEND_LINE as i32 + 8);
            let y = y + LEGEND_GAP as i32;
            let color = SERIES[index % SERIES.len()];
            area.draw(&Rectangle::new(
                [(x, y - 2), (x + 12, y + 3)],
                color.filled(),
            ))?;
            area.draw(&Text::new(
                series.name.clone(),
                (x + 18, y - 6),
                font.clone(),
            ))?;
        }
        Ok(())
    }
}

impl Ring {
    /// Two corners of the square around it.
    fn corners(&self) -> [(f64, f64); 2] {
        let ((x, y), radius) = (self.center, self.radius);
        [(x - radius, y - radius), (x + radius, y + radius)]
    }

    fn points(&self) -> impl Iterator<Item = (f64, f64)> {
        let ((x, y), radius) = (self.center, self.radius);
        (0..RING_POINTS).map(move |point| {
            let angle = TAU * f64::from(point) / f64::from(RING_POINTS - 1);
            (x + radius * angle.cos(), y + radius * angle.sin())
        })
    }
}

fn broken(error: impl std::fmt::Display) -> Error {
    Error::new(ErrorKind::Data, "a chart cannot be drawn").found(error)
}

fn extremes(values: impl Iterator<Item = f64>) -> (f64, f64) {
    values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
        (low.min(value), high.max(value))
    })
}

/// The range with a margin around the values. It is at least a share of the largest value, also if all values are the
/// same.
fn padded((low, high): (f64, f64), least: f64) -> (f64, f64) {
    let missing = least * low.abs().max(high.abs()) - (high - low);
    let room = if high > low {
        0.04 * (high - low) + 0.5 * missing.max(0.0)
    } else {
        0.5 * low.abs().max(1.0)
    };
    (low - room, high + room)
}

/// Both ranges, one of them wider, so that a unit is as long on one axis as on the other.
fn of_same_scale(x: (f64, f64), y: (f64, f64)) -> ((f64, f64), (f64, f64)) {
    let pixels = [
        WIDTH - MARGIN_RIGHT - Y_LABELS,
        HEIGHT - MARGIN_TOP - X_LABELS,
    ]
    .map(f64::from);
    let per_pixel = f64::max((x.1 - x.0) / pixels[0], (y.1 - y.0) / pixels[1]);
    let around = |(low, high): (f64, f64), pixels: f64| {
        let (middle, half) = (0.5 * (low + high), 0.5 * pixels * per_pixel);
        (middle - half, middle + half)
    };
    (around(x, pixels[0]), around(y, pixels[1]))
}

/// The text with variables for colors, and a size that follows the page.
fn dressed(text: &str, height: u32) -> String {
    let mut text = text
        .replace("#010203", "var(--ink)")
        .replace("#010204", "var(--grid)");
    for index in 0..SERIES.len() {
        text = text.replace(&format!("#02000{index}"), &format!("var(--s{index})"));
    }
    let head = text
        .find("<svg")
        .and_then(|at| Some(at..at + text[at..].find('>')? + 1));
    if let Some(head) = head {
        let svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" \
             width=\"{WIDTH}\" style=\"max-width:100%;height:auto\">{STYLE}"
        );
        text.replace_range(..head.end, &svg);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chart(points: Vec<(f64, f64)>) -> Chart {
        let series = |name: &str, points| Series {
            name: name.into(),
            points,
        };
        Chart {
            x: "epoch".into(),
            y: "loss".into(),
            series: vec![series("a<b & c", points.clone()), series("other", points)],
            ..Chart::default()
        }
    }

    #[test]
    fn an_axis_from_zero_begins_there() {
        let mut from_zero = chart(vec![(1.0, 2.0), (2.0, 5.0)]);
        let first_tick = |chart: &Chart| {
            let points: Vec<_> = chart.series.iter().map(|s| (s, s.points.clone())).collect();
            plotters::coord::ranged1d::Ranged::range(&chart.axes(&points).1).start
        };
        assert!(first_tick(&from_zero) > 1.5);
        from_zero.from_zero = true;
        assert_eq!(first_tick(&from_zero), 0.0);
    }

    #[test]
    fn rings_are_round_and_inside() {
        let mut chart = chart(vec![(0.0, 1.0), (1.0, 0.5)]);
        chart.mark = Mark::Dot;
        chart.rings = vec![Ring {
            center: (0.0, 4.0),
            radius: 3.0,
        }];
        let svg = chart.svg().unwrap().unwrap();
        let ring = svg.split("<polyline").last().unwrap();
        let points = ring.split("points=\"").nth(1).unwrap();
        let points = points.split('"').next().unwrap();
        assert_eq!(points.split_whitespace().count(), RING_POINTS as usize);
        let ends = |place: usize| {
            let numbers = points.split_whitespace();
            let numbers = numbers.map(|pair| pair.split(',').nth(place).unwrap().parse().unwrap());
            extremes(numbers)
        };
        let ((left, right), (top, bottom)) = (ends(0), ends(1));
        assert!((right - left - (bottom - top)).abs() <= 2.0, "{svg}");
        assert!(left > f64::from(Y_LABELS) && right < f64::from(WIDTH - MARGIN_RIGHT));
        assert!(top > f64::from(MARGIN_TOP) && bottom < f64::from(HEIGHT - X_LABELS));
    }

    #[test]
    fn what_hardly_changes_is_no_cliff() {
        let (low, high) = padded((100.0, 100.1), LEAST_SPAN);
        assert!(high - low >= 5.0 && low < 100.0 && high > 100.1);
        let (low, high) = padded((1.0, 3.0), LEAST_SPAN);
        assert!(low > 0.9 && high < 3.1);
    }

    #[test]
    fn names_are_escaped_and_colors_are_variables() {
        let svg = chart(vec![(0.0, 1.0), (1.0, 0.5)]).svg().unwrap().unwrap();
        assert!(svg.starts_with("<svg"));
        assert!(svg.contains("a&lt;b &amp; c"), "{svg}");
        assert!(svg.contains("var(--s0)") && svg.contains("var(--ink)"));
        assert!(!svg.contains("#0200") && !svg.contains("#0102"));
    }

    #[test]
    fn what_cannot_be_drawn_is_left_out() {
        assert_eq!(chart(vec![]).svg().unwrap(), None);
        let nothing = vec![(f64::NAN, 1.0), (1.0, f64::INFINITY)];
        assert_eq!(chart(nothing).svg().unwrap(), None);
        for points in [
            vec![(1.0, 1.0)],
            vec![(1.0, 1.0), (2.0, f64::NAN), (3.0, 1.0)],
            vec![(0.0, 0.0), (0.0, 0.0)],
        ] {
            for log_y in [false, true] {
                let mut chart = chart(points.clone());
                chart.log_y = log_y;
                let svg = chart.svg().unwrap();
                assert!(svg.is_none_or(|svg| !svg.contains("NaN") && !svg.contains("inf")));
            }
        }
    }
}
