//! Memory for copies of parts of a matrix.

/// Memory for a copy of a part of a matrix.
#[repr(align(64))]
pub(super) struct Buffer<const LEN: usize>([std::mem::MaybeUninit<f32>; LEN]);

impl<const LEN: usize> Buffer<LEN> {
    #[inline(always)]
    pub(super) const fn new() -> Self {
        Buffer([std::mem::MaybeUninit::uninit(); LEN])
    }

    #[inline(always)]
    pub(super) fn at(&mut self) -> *mut f32 {
        self.0.as_mut_ptr().cast()
    }
}
