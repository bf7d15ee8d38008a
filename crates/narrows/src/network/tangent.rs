//! The derivative of the code with respect to the input at one row.

use super::parameters::Parameters;
use super::plan::Network;
use crate::program::{Builder, Mode};

impl Network {
    /// The transposed Jacobian `[inputs, code]` of the code with respect to the input, at a scaled row; `None` if a
    /// layer of the encoder has no derivative.
    pub fn jacobian(&self, parameters: &Parameters, row: &[f32]) -> Option<Vec<f32>> {
        let mut builder = Builder::new(Mode::Inference);
        let data = builder.input("data", self.shape(0));
        let values = self.build(&mut builder, 0, data).ok()?;
        let ends = [data, values.values[self.encoder().end]];
        let (numbers, states) = (parameters.flat(), parameters.states());
        crate::program::jacobian(&builder, ends, numbers, states, row)
    }
}
