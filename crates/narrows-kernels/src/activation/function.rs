//! What an activation computes.

use crate::lanes::Lanes;

/// A function and its derivatives, over lanes.
pub(super) trait Function: Copy {
    /// # Safety
    ///
    /// As [`Lanes`].
    unsafe fn value<L: Lanes>(self, x: L) -> L;
    /// From `x` or `y = value(x)`, whichever is cheaper.
    ///
    /// # Safety
    ///
    /// As [`Lanes`].
    unsafe fn derivative<L: Lanes>(self, x: L, y: L) -> L;
    /// The same for the second derivative; at a kink, the value of the left side.
    ///
    /// # Safety
    ///
    /// As [`Lanes`].
    unsafe fn second_derivative<L: Lanes>(self, x: L, y: L) -> L;
}
