//! Corruption: noise on what the encoder reads, while the clean row stays the target; a file per noise.
//!
//! It touches rows in scaled units. Its numbers are drawn by their address (seed, purpose, epoch, sample,
//! element), so that they do not depend on threads or on how a batch is cut up.

mod gaussian;
mod masking;
mod operation;
mod rows;
mod salt_and_pepper;

pub use rows::CorruptedRows;

use crate::error::{Error, ErrorKind, Result};
use crate::rng::Draws;
use crate::settings::{Choice, Document, Key};
use narrows_kernels::Isa;

/// A noise with its strength, in scaled units.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Corruption {
    /// Normal noise is added to each value.
    Gaussian {
        /// Its standard deviation.
        deviation: f32,
    },
    /// Some values become 1 and as many 0.
    SaltAndPepper {
        /// The share of values that are replaced, half of them by each.
        level: f32,
    },
    /// Some values become 0.
    Masking {
        /// The share of values that are dropped.
        drop: f32,
    },
}

/// The key that names the noise.
pub(crate) const KIND: Key = Key {
    name: "kind",
    value: "a name",
    default: "no corruption",
    about: "corruption",
};

/// The noises, by name.
pub(crate) const CORRUPTIONS: &[Choice<Corruption>] =
    &[gaussian::CHOICE, salt_and_pepper::CHOICE, masking::CHOICE];

impl Corruption {
    /// Its name in a recipe.
    pub fn name(&self) -> &'static str {
        match self {
            Corruption::Gaussian { .. } => gaussian::CHOICE.name,
            Corruption::SaltAndPepper { .. } => salt_and_pepper::CHOICE.name,
            Corruption::Masking { .. } => masking::CHOICE.name,
        }
    }

    /// How strong it is: the deviation, the level or the share that is dropped.
    pub fn strength(&self) -> f32 {
        match *self {
            Corruption::Gaussian { deviation } => deviation,
            Corruption::SaltAndPepper { level } => level,
            Corruption::Masking { drop } => drop,
        }
    }

    /// What its strength is, in words.
    pub fn measure(&self) -> &'static str {
        match self {
            Corruption::Gaussian { .. } => "standard deviation, in scaled units",
            Corruption::SaltAndPepper { .. } => "share of the values that are replaced",
            Corruption::Masking { .. } => "share of the values that are dropped",
        }
    }

    /// Reads a noise from `NAME=STRENGTH`, as in `gaussian=0.8`, or from `NAME-KEY=VALUE` with a key that the noise
    /// has in a recipe, as in `masking-keep=0.2`.
    ///
    /// # Errors
    ///
    /// When there is no such noise, or the strength is impossible.
    pub fn parse(text: &str) -> Result<Corruption> {
        let forms = || {
            CORRUPTIONS.iter().flat_map(|choice| {
                let others = choice.keys.iter().skip(1);
                let other = |key: &Key| {
                    (
                        format!("{}-{}", choice.name, key.name),
                        choice.name,
                        key.name,
                    )
                };
                let first = choice.keys.first();
                let first = first.map(|key| (choice.name.to_string(), choice.name, key.name));
                first.into_iter().chain(others.map(other))
            })
        };
        let refuse = |what| {
            let known: Vec<String> = forms()
                .map(|(form, ..)| format!("{form}=STRENGTH"))
                .collect();
            Error::new(ErrorKind::Recipe, what)
                .expected(known.join(", "))
                .found(format!("`{text}`"))
                .hint("an example: gaussian=0.8")
        };
        let (form, strength) = text
            .split_once('=')
            .ok_or_else(|| refuse("a corruption has a strength"))?;
        let (_, name, key) = forms()
            .find(|(known, ..)| known == form)
            .ok_or_else(|| refuse("there is no such corruption"))?;
        let toml = format!("kind = \"{name}\"\n{key} = {strength}");
        let document = Document::parse(&toml, &format!("corruption `{text}`"))?;
        let corruption = document.root().choose(&KIND, None, &[], CORRUPTIONS)?;
        corruption.ok_or_else(|| Error::new(ErrorKind::Recipe, "there is no corruption"))
    }

    /// Its keys and values, as TOML.
    pub(crate) fn settings(&self) -> Vec<(&'static str, String)> {
        let key = match self {
            Corruption::Gaussian { .. } => "deviation",
            Corruption::SaltAndPepper { .. } => "level",
            Corruption::Masking { .. } => "drop",
        };
        vec![(key, format!("{:?}", self.strength()))]
    }

    /// Corrupts a scaled row. `scratch` is as long and gets overwritten.
    pub fn apply(
        &self,
        isa: Isa,
        draws: &Draws,
        (epoch, sample): (u32, u32),
        row: &mut [f32],
        scratch: &mut [f32],
    ) {
        let address = draws.address(epoch, sample);
        match *self {
            Corruption::Gaussian { deviation } => gaussian::apply(isa, address, deviation, row),
            Corruption::SaltAndPepper { level } => {
                salt_and_pepper::apply(isa, address, level, row, scratch);
            }
            Corruption::Masking { drop } => masking::apply(isa, address, drop, row, scratch),
        }
    }
}

#[cfg(test)]
mod tests;
