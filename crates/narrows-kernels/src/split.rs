//! Ways to split memory into parts that threads may write at the same time.
//!
//! A [`Team`](crate::team::Team) gives each part of a [`Split`] to only one thread. This alone keeps two threads away
//! from the same number, without a lock.

use std::marker::PhantomData;
use std::ops::Range;

/// Something that is split into parts.
///
/// # Safety
///
/// Parts of different indices below `count` must not overlap, and each may be made, used and
/// dropped on any thread, at the same time as the others. `count` is always the same. A part stays
/// valid after the split is gone.
pub unsafe trait Split: Sync {
    /// One part.
    type Part;
    /// The number of parts.
    fn count(&self) -> usize;
    /// The part at `index`.
    ///
    /// # Safety
    ///
    /// `index` is below [`Split::count`], and no other part of that index is alive.
    unsafe fn part(&self, index: usize) -> Self::Part;
}

/// Positions of a split, in ascending order: part `i` reaches from position `i` to position `i + 1`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bounds(Vec<usize>);

impl Bounds {
    /// # Panics
    ///
    /// If there is no position, or if one is smaller than the one before.
    pub fn new(places: Vec<usize>) -> Self {
        assert!(
            !places.is_empty() && places.is_sorted(),
            "places to cut at ascend"
        );
        Bounds(places)
    }

    /// Splits `total` into `parts` nearly equal parts.
    pub fn even(total: usize, parts: usize) -> Self {
        let parts = parts.max(1);
        // In 128 bits no product wraps: the places must ascend.
        let place = |i: usize| (total as u128 * i as u128 / parts as u128) as usize;
        Bounds((0..=parts).map(place).collect())
    }

    /// The number of parts.
    pub fn count(&self) -> usize {
        self.0.len() - 1
    }

    /// The range of part `index`.
    pub fn range(&self, index: usize) -> Range<usize> {
        self.0[index]..self.0[index + 1]
    }
}

/// A slice split at [`Bounds`].
pub struct Parts<'a, T> {
    data: *mut T,
    bounds: &'a Bounds,
    exclusive: PhantomData<&'a mut [T]>,
}

impl<'a, T> Parts<'a, T> {
    /// # Panics
    ///
    /// If the bounds reach beyond the slice.
    pub fn new(data: &'a mut [T], bounds: &'a Bounds) -> Self {
        assert!(
            bounds.0.last().is_some_and(|&end| end <= data.len()),
            "bounds inside the slice"
        );
        Parts {
            data: data.as_mut_ptr(),
            bounds,
            exclusive: PhantomData,
        }
    }
}

// SAFETY: shared between threads it only gives out parts, each to one thread.
unsafe impl<T: Send> Sync for Parts<'_, T> {}

// SAFETY: the bounds ascend, so that parts do not overlap, and end inside the slice.
unsafe impl<'a, T: Send> Split for Parts<'a, T> {
    type Part = &'a mut [T];
    fn count(&self) -> usize {
        self.bounds.count()
    }
    unsafe fn part(&self, index: usize) -> &'a mut [T] {
        let range = self.bounds.range(index);
        // SAFETY: inside the slice, which is borrowed for `'a`; alive once, by the caller's promise.
        unsafe { std::slice::from_raw_parts_mut(self.data.add(range.start), range.len()) }
    }
}

macro_rules! together {
    ($($name:ident)+) => {
        // SAFETY: each member keeps its own parts apart.
        unsafe impl<$($name: Split),+> Split for ($($name,)+) {
            type Part = ($($name::Part,)+);
            #[allow(non_snake_case)]
            fn count(&self) -> usize {
                let ($($name,)+) = self;
                [$($name.count()),+].into_iter().min().unwrap_or(0)
            }
            #[allow(non_snake_case)]
            unsafe fn part(&self, index: usize) -> Self::Part {
                let ($($name,)+) = self;
                // SAFETY: passed on; `count` is the least of the members'.
                unsafe { ($($name.part(index),)+) }
            }
        }
    };
}
together!(A B);
together!(A B C);
together!(A B C D);
