//! The trait of noises.

use crate::declaration::{FromValue, Key, Kind, Part, Preset, Settings, Spec};
use narrows_kernels::Isa;
use narrows_kernels::noise::Address;

/// A noise with the values of its keys, in scaled units.
pub type Corruption = Spec<dyn CorruptionPart>;

/// A kind of noise: its declaration, whose first key is its strength, and the function that changes a row.
pub trait CorruptionPart: Part {
    /// The name of its strength, in words.
    fn measure(&self) -> &'static str;

    /// Corrupts a row.
    fn apply(&self, settings: &Settings, target: Target<'_>);
}

/// A row to corrupt.
#[derive(Debug)]
pub struct Target<'a> {
    /// The instruction set.
    pub isa: Isa,
    /// The address of the row's random numbers.
    pub address: Address,
    /// The scaled values.
    pub row: &'a mut [f32],
    /// Memory of the same length, which may be overwritten.
    pub scratch: &'a mut [f32],
}

/// The key that names the noise.
pub(crate) const KIND: Key =
    Key::new("kind", Kind::Name, "corruption").default(Preset::Open("no corruption"));

impl Spec<dyn CorruptionPart> {
    /// Its strength: the value of its first key, a std or a fraction. If the first key is not a number, the strength is
    /// 1.
    pub fn strength(&self) -> f32 {
        let first = self.settings().values().first();
        f32::from_value(first.map(|(_, value)| value)).unwrap_or(1.0)
    }

    /// The name of its strength, in words.
    pub fn measure(&self) -> &'static str {
        self.part().measure()
    }

    /// Corrupts a row.
    pub fn apply(&self, target: Target<'_>) {
        self.part().apply(self.settings(), target);
    }
}
