//! The trait of penalties.

use crate::declaration::{Declaration, Key, Kind, List, Part, Range, Settings, Spec, Value};
use crate::document::{Section, Tree};
use crate::error::Result;
use crate::program::{Builder, Var};
use crate::rng::Purpose;

/// A penalty with the values of its keys, without its weight.
pub type PenaltyKind = Spec<dyn PenaltyPart>;

/// A kind of penalty: its declaration, and the operations that it adds to a sentence.
pub trait PenaltyPart: Part {
    /// Applies it to the values of a sentence.
    ///
    /// # Errors
    ///
    /// If it cannot act on this encoder or code.
    fn build(&self, settings: &Settings, builder: &mut Builder, place: &PenaltyPlace)
    -> Result<()>;

    /// Whether one row alone has no penalty, because it compares the rows of a batch. A last batch of one row then joins the
    /// batch before it.
    fn couples_rows(&self) -> bool {
        false
    }

    /// Whether it draws codes towards the standard normal distribution, from which new rows can then be drawn.
    fn makes_codes_normal(&self) -> bool {
        false
    }
}

/// The values that a penalty may act on.
#[derive(Clone, Copy, Debug)]
pub struct PenaltyPlace {
    /// Its name, under which its value is reported.
    pub name: &'static str,
    /// Its weight.
    pub weight: f32,
    /// The code: the output of the bottleneck.
    pub code: Var,
    /// The infimum and supremum of a value of the code.
    pub code_range: (f32, f32),
    /// The encoder's input.
    pub input: Var,
    /// The encoder's output, before the bottleneck.
    pub encoded: Var,
    /// The decoder's output.
    pub decoded: Var,
    /// The purpose of its random numbers: [`Builder::draws`] gives each part its own numbers.
    pub purpose: Purpose,
}

/// A penalty of the objective.
#[derive(Clone, Debug, PartialEq)]
pub struct Penalty {
    /// The kind.
    pub kind: PenaltyKind,
    /// Its weight; 0 leaves it out.
    pub weight: f32,
}

/// The key of the list of penalties.
pub(crate) const PENALTIES: &str = "penalties";

/// The older name of [`PENALTIES`].
pub(crate) const OLDER_PENALTIES: &str = "terms";

/// The key that names a penalty.
pub(crate) const KIND: Key = Key::new("kind", Kind::Name, "penalty");

/// The key of a penalty's weight, which all penalties have.
pub(crate) const WEIGHT: Key = Key::new(
    "weight",
    Kind::Number(Range::FROM_0),
    "the factor of the penalty in the objective",
);

/// The keys that all penalties have in addition to their own.
const COMMON: Declaration = Declaration::new("penalty", "penalty").keys(&[WEIGHT]);

impl Penalty {
    /// Reads a penalty of a list from its section.
    ///
    /// # Errors
    ///
    /// If there is no such penalty, or if a value is missing or impossible.
    pub(crate) fn read(section: &Section<'_>, parts: &List<dyn PenaltyPart>) -> Result<Penalty> {
        let kind = parts.read(section, &KIND, COMMON.keys)?;
        let kind =
            kind.ok_or_else(|| section.error(KIND.name, format!("`{}` is missing", KIND.name)))?;
        let weight = section.settings(&COMMON)?.get(&WEIGHT);
        Ok(Penalty { kind, weight })
    }

    /// Its section.
    pub(crate) fn to_tree(&self) -> Tree {
        let mut section = self.kind.to_tree(&KIND);
        section.push(WEIGHT.name, Value::from(self.weight).into());
        section
    }
}

impl Spec<dyn PenaltyPart> {
    /// The same with a weight: a penalty of the objective.
    pub fn weighted(self, weight: f32) -> Penalty {
        Penalty { kind: self, weight }
    }

    /// Whether one row alone has no penalty.
    pub(crate) fn couples_rows(&self) -> bool {
        self.part().couples_rows()
    }

    /// Whether it draws codes towards the standard normal distribution.
    pub(crate) fn makes_codes_normal(&self) -> bool {
        self.part().makes_codes_normal()
    }

    /// Applies it to the values of a sentence.
    ///
    /// # Errors
    ///
    /// If it cannot act on this encoder or code.
    pub(crate) fn build(&self, builder: &mut Builder, place: &PenaltyPlace) -> Result<()> {
        self.part().build(self.settings(), builder, place)
    }
}
