//! What a noise says of itself.

use crate::declaration::{FromValue, Key, Kind, Part, Preset, Settings, Spec};
use narrows_kernels::Isa;
use narrows_kernels::noise::Address;

/// A noise with the values of its keys, in scaled units.
pub type Corruption = Spec<dyn CorruptionPart>;

/// A kind of noise: its declaration, of which the first key is its strength, and what it does to a row.
pub trait CorruptionPart: Part {
    /// What its strength is, in words.
    fn measure(&self) -> &'static str;

    /// Corrupts a row.
    fn apply(&self, settings: &Settings, target: Target<'_>);
}

/// A row that is to be corrupted.
#[derive(Debug)]
pub struct Target<'a> {
    /// The instructions that the CPU has.
    pub isa: Isa,
    /// Where the row's random numbers are.
    pub address: Address,
    /// The scaled values.
    pub row: &'a mut [f32],
    /// Memory of the same length, to be overwritten.
    pub scratch: &'a mut [f32],
}

/// The key that names the noise.
pub(crate) const KIND: Key =
    Key::new("kind", Kind::Name, "corruption").default(Preset::Open("no corruption"));

impl Spec<dyn CorruptionPart> {
    /// How strong it is: the value of its first key, a std or a fraction. A noise whose first key is no number is of
    /// strength 1.
    pub fn strength(&self) -> f32 {
        let first = self.settings().values().first();
        f32::from_value(first.map(|(_, value)| value)).unwrap_or(1.0)
    }

    /// What its strength is, in words.
    pub fn measure(&self) -> &'static str {
        self.part().measure()
    }

    /// Corrupts a row.
    pub fn apply(&self, target: Target<'_>) {
        self.part().apply(self.settings(), target);
    }
}
