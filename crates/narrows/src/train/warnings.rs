//! What is supported but dubious: each warning gives the number that matters and the next action.

use crate::data::Dataset;
use crate::data::scaling::Scaling;
use crate::layer::LayerSpec;
use crate::network::Network;
use std::fmt;

/// Something about a run that its user should know before it starts.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Warning {
    /// The scaled data reach beyond what the decoder's last layer can give.
    OutOfRange {
        /// The decoder's last layer.
        layer: &'static str,
        /// What it can give.
        output: (f32, f32),
        /// What the data hold, scaled.
        data: (f32, f32),
        /// The least mean squared error that any parameters can reach.
        floor: f64,
    },
    /// The code has at least as many values as the data, so that copying is a solution.
    WideCode {
        /// The values of a code.
        code: usize,
        /// The values of a row.
        inputs: usize,
    },
    /// 8-bit data that are 0 and 1 alone, scaled as if they reached 255.
    Squeezed {
        /// What 1 becomes.
        high: f32,
    },
}

/// The warnings about training a network on data.
pub fn warnings(
    network: &Network,
    decoder: &[LayerSpec],
    data: &Dataset,
    scaling: &Scaling,
) -> Vec<Warning> {
    let mut all = Vec::new();
    let (code, inputs) = (network.code_size(), network.inputs());
    if code >= inputs {
        all.push(Warning::WideCode { code, inputs });
    }
    let (low, high) = scaling.range(data);
    if data.is_8_bit() && data.range().1 <= 1.0 && high - low < 0.01 && high > low {
        all.push(Warning::Squeezed { high });
    }
    if let Some(LayerSpec::Activation(last)) = decoder.last() {
        let output = crate::layer::output_range(*last);
        if low < output.0 || high > output.1 {
            all.push(Warning::OutOfRange {
                layer: LayerSpec::Activation(*last).name(),
                output,
                data: (low, high),
                floor: scaling.clamp_floor(data, output.0, output.1),
            });
        }
    }
    all
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Warning::OutOfRange {
                layer,
                output,
                data,
                floor,
            } => {
                write!(
                    f,
                    "the scaled data lie in [{:.4}, {:.4}], but the decoder ends in `{layer}`, which \
                     gives only ",
                    data.0, data.1
                )?;
                match (output.0.is_finite(), output.1.is_finite()) {
                    (true, true) => write!(f, "[{}, {}]", output.0, output.1)?,
                    (true, false) => write!(f, "{} and more", output.0)?,
                    _ => write!(f, "{} and less", output.1)?,
                }
                write!(
                    f,
                    ": no training can bring the MSE below {floor:.4}; use another scaling (`--set \
                     scaling.kind=unit` for 8-bit data, `minmax` otherwise) or leave out the last layer"
                )
            }
            Warning::WideCode { code, inputs } => write!(
                f,
                "the code has {code} values and the data {inputs}: the network can copy its input and \
                 learn nothing; make the encoder's last layer narrower than {inputs}"
            ),
            Warning::Squeezed { high } => write!(
                f,
                "the data are 0 and 1 alone, and the scaling makes {high:.4} of 1: the network sees next to \
                 nothing; use `--set scaling.kind=none`"
            ),
        }
    }
}
