//! Weighted penalties beside the reconstruction loss.

mod contractive;

use crate::declaration::{Declaration, Key, Kind, List, Part, Range, Settings, Spec};
use crate::document::Section;
use crate::error::Result;
use narrows_kernels::Isa;
use narrows_kernels::noise::Address;

/// What a penalty makes small, with the values of its keys.
pub type PenaltyKind = Spec<dyn PenaltyPart>;

/// A kind of penalty: its declaration, and what it computes.
///
/// All penalties are contractive: `‖Jᵀ r‖²` for a choice of probes r, J being the Jacobian of the code by the
/// input, `[code, inputs]`; [`super::Contraction`] works them out.
pub trait PenaltyPart: Part {
    /// The number of probes of a row, for a code of a size.
    fn probes(&self, settings: &Settings, code_size: usize) -> usize;

    /// Whether the probes of each row are the basis vectors, in their order.
    fn is_basis(&self) -> bool {
        false
    }

    /// What `‖Jᵀ r‖²`, summed over probes and a batch of rows, is multiplied by.
    fn factor(&self, settings: &Settings, batch: usize) -> f64;

    /// Fills the probes of a row, one after the other.
    fn fill(&self, settings: &Settings, probes: Probes<'_>);
}

/// The probes of a row, to be filled.
#[derive(Debug)]
pub struct Probes<'a> {
    /// The instructions that the CPU has.
    pub isa: Isa,
    /// Where the row's random numbers are.
    pub address: Address,
    /// How many numbers a probe has.
    pub code_size: usize,
    /// One probe after the other.
    pub values: &'a mut [f32],
}

/// A penalty of the objective.
#[derive(Clone, Debug, PartialEq)]
pub struct Penalty {
    /// What it makes small.
    pub kind: PenaltyKind,
    /// How much it counts; 0 leaves it out.
    pub weight: f32,
}

/// The key of the list of penalties.
pub(crate) const PENALTIES: &str = "penalties";

/// The older name of [`PENALTIES`].
pub(crate) const OLDER_PENALTIES: &str = "terms";

/// The key that names a penalty.
pub(crate) const KIND: Key = Key::new("kind", Kind::Name, "penalty");

/// The key of a penalty's weight, which all have.
pub(crate) const WEIGHT: Key = Key::new(
    "weight",
    Kind::Number(Range::FROM_0),
    "how much the penalty counts",
);

/// What all penalties have beside their own keys.
const COMMON: Declaration = Declaration::new("penalty", "penalty").keys(&[WEIGHT]);

/// The penalties, in the order in which they are listed.
pub(crate) const PARTS: &[&dyn PenaltyPart] = contractive::PARTS;

impl Penalty {
    /// Reads a penalty of a list from its section.
    ///
    /// # Errors
    ///
    /// When there is no such penalty, or a value is missing or impossible.
    pub(crate) fn read(section: &Section<'_>, parts: &List<dyn PenaltyPart>) -> Result<Penalty> {
        let kind = parts.read(section, &KIND, COMMON.keys)?;
        let kind =
            kind.ok_or_else(|| section.error(KIND.name, format!("`{}` is missing", KIND.name)))?;
        let weight = section.settings(&COMMON)?.get(&WEIGHT);
        Ok(Penalty { kind, weight })
    }
}

impl Spec<dyn PenaltyPart> {
    /// The same with a weight: a penalty of the objective.
    pub fn weighted(self, weight: f32) -> Penalty {
        Penalty { kind: self, weight }
    }

    /// The number of probes of a row.
    pub(super) fn probes(&self, code_size: usize) -> usize {
        self.part().probes(self.settings(), code_size)
    }

    /// Whether the probes are the basis vectors.
    pub(super) fn is_basis(&self) -> bool {
        self.part().is_basis()
    }

    /// What `‖Jᵀ r‖²`, summed over probes and batch, is multiplied by.
    pub(super) fn factor(&self, batch: usize) -> f64 {
        self.part().factor(self.settings(), batch)
    }

    /// Fills the probes of a row.
    pub(super) fn fill(&self, probes: Probes<'_>) {
        self.part().fill(self.settings(), probes);
    }
}
