//! Weighted terms beside the reconstruction loss; a file per term.
//!
//! All contractive terms are `‖Jᵀ r‖²` for a choice of probes r, J being the Jacobian of the code by the
//! input, `[code, inputs]`; [`crate::program::JacobianNorm`] works them out.

mod hutchinson;
mod jacobian;
mod probes;
mod summed;

use crate::settings::{Choice, Key, Section};

/// What a term makes small.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum TermKind {
    /// The mean over the batch of `‖J‖²_F` (Rifai et al. 2011, "Contractive auto-encoders").
    Jacobian,
    /// An unbiased estimate of it by random signs, at the cost of a backward pass for each
    /// (Hutchinson 1990).
    Hutchinson {
        /// The number of probes, 1 by default.
        probes: usize,
    },
    /// The sum over the batch of `‖Jᵀ 1‖²`, the squared gradient of the sum of the code: what some
    /// public implementations take for the penalty. Its weight grows with the batch.
    Summed,
}

/// A term of the objective.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Term {
    /// What it makes small.
    pub kind: TermKind,
    /// How much it counts; 0 leaves it out.
    pub weight: f32,
}

/// The key that names a term.
pub(crate) const KIND: Key = Key {
    name: "kind",
    value: "a name",
    default: "required",
    about: "term",
};

/// The key of a term's weight, which all have.
pub(crate) const WEIGHT: Key = Key {
    name: "weight",
    value: "0 or above",
    default: "required",
    about: "how much the term counts",
};

/// The terms, by name.
pub(crate) const TERMS: &[Choice<TermKind>] =
    &[jacobian::CHOICE, hutchinson::CHOICE, summed::CHOICE];

impl Term {
    pub(crate) fn read(section: &Section<'_>) -> crate::Result<Term> {
        let missing = |key: &str| section.error(key, format!("`{key}` is missing"));
        let kind = section.choose(&KIND, None, &[WEIGHT], TERMS)?;
        let possible = |weight: f64| weight >= 0.0 && (weight as f32).is_finite();
        let weight = section.number(
            WEIGHT.name,
            "a number, 0 or above, representable as float32",
            possible,
        )?;
        Ok(Term {
            kind: kind.ok_or_else(|| missing(KIND.name))?,
            weight: weight.ok_or_else(|| missing(WEIGHT.name))? as f32,
        })
    }

    /// Its keys and values, as TOML.
    pub(crate) fn settings(&self) -> Vec<(&'static str, String)> {
        let mut settings = vec![("weight", format!("{:?}", self.weight))];
        if let TermKind::Hutchinson { probes } = self.kind {
            settings.push(("probes", probes.to_string()));
        }
        settings
    }
}

impl TermKind {
    /// Its name in a recipe.
    pub fn name(&self) -> &'static str {
        match self {
            TermKind::Jacobian => jacobian::CHOICE.name,
            TermKind::Hutchinson { .. } => hutchinson::CHOICE.name,
            TermKind::Summed => summed::CHOICE.name,
        }
    }
}
