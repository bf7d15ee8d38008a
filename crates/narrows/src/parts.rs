//! The parts that a recipe may name: the library's parts, and parts of another crate.
//!
//! ```
//! use narrows::declaration::{Declaration, Part, Settings};
//! use narrows::Result;
//! use narrows::objective::{PenaltyPart, PenaltyPlace};
//! use narrows::parts::Parts;
//! use narrows::program::{Builder, Isa, JacobianNorm, Mean, Probes};
//! use std::sync::Arc;
//!
//! /// The squared gradient of the first value of the code.
//! #[derive(Debug)]
//! struct First;
//!
//! impl Part for First {
//!     fn declaration(&self) -> &Declaration {
//!         const { &Declaration::new("first", "the squared gradient of the code's first value") }
//!     }
//! }
//!
//! impl PenaltyPart for First {
//!     fn build(&self, _: &Settings, builder: &mut Builder, place: &PenaltyPlace) -> Result<()> {
//!         let norm = JacobianNorm {
//!             name: place.name.into(),
//!             weight: place.weight,
//!             probes: Arc::new(FirstValue),
//!         };
//!         norm.apply(builder, place.input, place.encoded)
//!     }
//! }
//!
//! /// The basis vector of the first value.
//! #[derive(Debug)]
//! struct FirstValue;
//!
//! impl Probes for FirstValue {
//!     fn count(&self, _code_size: usize) -> usize {
//!         1
//!     }
//!
//!     fn fill(&self, _: Isa, _epoch: u32, _sample: u32, _code_size: usize, probes: &mut [f32]) {
//!         probes.fill(0.0);
//!         probes.iter_mut().take(1).for_each(|one| *one = 1.0);
//!     }
//!
//!     fn mean(&self) -> Mean {
//!         Mean::OverRows(1)
//!     }
//! }
//!
//! fn main() -> Result<()> {
//!     let parts = Parts::standard().with_penalty(&First)?;
//!     let text = "name = 'a'
//! encoder = [{ layer = 'dense', outputs = 2 }]
//! decoder = [{ layer = 'dense' }]
//! objective = { penalties = [{ kind = 'first', weight = 0.1 }] }";
//!     let recipe = parts.parse(text, "a text", &[])?;
//!     assert_eq!(recipe.penalties[0].kind.name(), "first");
//!     Ok(())
//! }
//! ```

use crate::bottleneck::{BOTTLENECKS, BottleneckPart};
use crate::corruption::{CORRUPTIONS, CorruptionPart};
use crate::declaration::{List, Part};
use crate::error::Result;
use crate::layer::{LayerPart, layers};
use crate::objective::{PENALTY_KINDS, PenaltyPart, RECONSTRUCTIONS, ReconstructionPart};

/// The parts that a recipe may name.
#[derive(Clone, Debug)]
pub struct Parts {
    pub(crate) layers: List<dyn LayerPart>,
    pub(crate) corruptions: List<dyn CorruptionPart>,
    pub(crate) bottlenecks: List<dyn BottleneckPart>,
    pub(crate) reconstructions: List<dyn ReconstructionPart>,
    pub(crate) penalties: List<dyn PenaltyPart>,
}

impl Parts {
    /// The parts of the library.
    pub fn standard() -> Parts {
        Parts {
            layers: List::of(&layers()),
            corruptions: List::of(CORRUPTIONS),
            bottlenecks: List::of(BOTTLENECKS),
            reconstructions: List::of(RECONSTRUCTIONS),
            penalties: List::of(PENALTY_KINDS),
        }
    }

    /// The given parts, or otherwise the library's.
    pub(crate) fn or_standard(given: Option<&Parts>) -> Parts {
        given.map_or_else(Parts::standard, Parts::clone)
    }

    /// The same with a layer.
    ///
    /// # Errors
    ///
    /// If there is a layer of the same name.
    pub fn with_layer(mut self, part: &'static dyn LayerPart) -> Result<Parts> {
        self.layers.add(part)?;
        Ok(self)
    }

    /// The same with a noise.
    ///
    /// # Errors
    ///
    /// If there is a noise of the same name.
    pub fn with_corruption(mut self, part: &'static dyn CorruptionPart) -> Result<Parts> {
        self.corruptions.add(part)?;
        Ok(self)
    }

    /// The same with a bottleneck.
    ///
    /// # Errors
    ///
    /// If there is a bottleneck of the same name.
    pub fn with_bottleneck(mut self, part: &'static dyn BottleneckPart) -> Result<Parts> {
        self.bottlenecks.add(part)?;
        Ok(self)
    }

    /// The same with a reconstruction loss.
    ///
    /// # Errors
    ///
    /// If there is a reconstruction loss of the same name.
    pub fn with_reconstruction(mut self, part: &'static dyn ReconstructionPart) -> Result<Parts> {
        self.reconstructions.add(part)?;
        Ok(self)
    }

    /// The same with a penalty.
    ///
    /// # Errors
    ///
    /// If there is a penalty of the same name.
    pub fn with_penalty(mut self, part: &'static dyn PenaltyPart) -> Result<Parts> {
        self.penalties.add(part)?;
        Ok(self)
    }

    /// The layers.
    pub fn layers(&self) -> &List<dyn LayerPart> {
        &self.layers
    }

    /// The noises.
    pub fn corruptions(&self) -> &List<dyn CorruptionPart> {
        &self.corruptions
    }

    /// The bottlenecks.
    pub fn bottlenecks(&self) -> &List<dyn BottleneckPart> {
        &self.bottlenecks
    }

    /// The reconstruction losses.
    pub fn reconstructions(&self) -> &List<dyn ReconstructionPart> {
        &self.reconstructions
    }

    /// The penalties.
    pub fn penalties(&self) -> &List<dyn PenaltyPart> {
        &self.penalties
    }
}

/// Adds a part to a list, if the list has no part of its name.
pub(crate) fn add_new<P: Part + ?Sized>(list: &mut List<P>, part: &'static P) {
    // It can fail only if the list has the name; then the list's part is the one that a file means.
    if !list.has(part.declaration().name) {
        let _ = list.add(part);
    }
}
