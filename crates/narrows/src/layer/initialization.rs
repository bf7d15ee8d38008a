//! The initialization of parameters.

/// The distribution that weights and biases are drawn from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Initialization {
    /// PyTorch's default for linear and convolutional layers: weights and biases uniform in ±1/√fan_in.
    Pytorch,
    /// Xavier (Glorot & Bengio 2010), uniform in ±√(6/(fan_in + fan_out)); biases zero.
    XavierUniform,
    /// Xavier, normal with variance 2/(fan_in + fan_out); biases zero.
    XavierNormal,
    /// He (He et al. 2015), uniform in ±√(6/fan_in); biases zero.
    HeUniform,
    /// He, normal with variance 2/fan_in; biases zero.
    HeNormal,
}

use crate::declaration::{Choice, Declaration, Key, Kind, Preset, choice};
use crate::rng::{normal, uniform};

/// The key of the initialization.
pub(crate) const INITIALIZATION: Key =
    Key::new("initialization", Kind::Name, "initialization").default(Preset::Text("pytorch"));

/// The initializations, by name.
pub(crate) const INITIALIZATIONS: &[Choice<Initialization>] = &[
    choice!(
        Initialization::Pytorch {},
        Declaration::new(
            "pytorch",
            "PyTorch's default: weights and biases uniform in ±1/√fan_in",
        ),
    ),
    choice!(
        Initialization::XavierUniform {},
        Declaration::new(
            "xavier-uniform",
            "uniform in ±√(6/(fan_in + fan_out)), biases 0",
        ),
    ),
    choice!(
        Initialization::XavierNormal {},
        Declaration::new(
            "xavier-normal",
            "normal of variance 2/(fan_in + fan_out), biases 0",
        ),
    ),
    choice!(
        Initialization::HeUniform {},
        Declaration::new("he-uniform", "uniform in ±√(6/fan_in), biases 0"),
    ),
    choice!(
        Initialization::HeNormal {},
        Declaration::new("he-normal", "normal of variance 2/fan_in, biases 0"),
    ),
];

/// The initialization of a recipe that names none.
impl Default for Initialization {
    fn default() -> Self {
        Choice::preset(&INITIALIZATION, INITIALIZATIONS)
    }
}

impl Initialization {
    /// Its name in a recipe.
    pub fn name(self) -> &'static str {
        Choice::settings_of(INITIALIZATIONS, &self).0
    }

    /// Fills a tensor; `words` gives the random words of a block of four elements.
    pub(crate) fn fill(
        self,
        tensor: &mut [f32],
        (fan_in, fan_out): (usize, usize),
        is_bias: bool,
        words: impl Fn(u64) -> [u32; 4],
    ) {
        if is_bias && self != Initialization::Pytorch {
            return tensor.fill(0.0);
        }
        let (fan_in, fan_out) = (fan_in as f32, fan_out as f32);
        let (is_normal, scale) = match self {
            Initialization::Pytorch => (false, 1.0 / fan_in.sqrt()),
            Initialization::XavierUniform => (false, (6.0 / (fan_in + fan_out)).sqrt()),
            Initialization::XavierNormal => (true, (2.0 / (fan_in + fan_out)).sqrt()),
            Initialization::HeUniform => (false, (6.0 / fan_in).sqrt()),
            Initialization::HeNormal => (true, (2.0 / fan_in).sqrt()),
        };
        for (block, four) in tensor.chunks_mut(4).enumerate() {
            let [a, b, c, d] = words(block as u64);
            let numbers = if is_normal {
                let ([a, b], [c, d]) = (normal([a, b]), normal([c, d]));
                [a, b, c, d]
            } else {
                [a, b, c, d].map(|word| 2.0 * uniform(word) - 1.0)
            };
            for (element, number) in four.iter_mut().zip(numbers) {
                *element = number * scale;
            }
        }
    }
}
