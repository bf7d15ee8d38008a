//! The graph's input and its reconstruction: their names, and the type of their numbers.

use crate::Model;
use crate::onnx::proto::{DOUBLE, FLOAT};

/// The graph's input.
pub const INPUT: &str = "input";
/// The output that corresponds to [`Model::reconstruct`].
pub const RECONSTRUCTION: &str = "reconstruction";

/// The type of numbers of the graph's input and of its reconstruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input {
    /// float32, as most runtimes expect it.
    Float,
    /// float64: offsets are subtracted in double precision before values become float32. It is for columns that are far
    /// from 0 relative to their spread, such as Unix seconds within a day.
    Double,
}

impl Input {
    /// The input type for a model: float64 if float32 would merge or blur the training values.
    pub fn of(model: &Model) -> Input {
        if blurs(model) {
            Input::Double
        } else {
            Input::Float
        }
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Input::Float => "float32",
            Input::Double => "float64",
        }
    }

    pub(super) fn element(self) -> i32 {
        match self {
            Input::Float => FLOAT,
            Input::Double => DOUBLE,
        }
    }
}

/// The largest acceptable spacing of float32 at a column's offset, in scaled units.
const FINE: f64 = 1e-4;

/// Whether float32 would merge distinct values of the training rows, or is too coarse for rows between them.
fn blurs(model: &Model) -> bool {
    let scaling = model.scaling();
    let mut pairs = scaling.offset().iter().zip(scaling.factor());
    let step = |(offset, factor): (&f64, &f64)| (offset * factor).abs() * f64::from(f32::EPSILON);
    scaling.is_double() && (model.needs_double() || pairs.any(|pair| step(pair) > FINE))
}
