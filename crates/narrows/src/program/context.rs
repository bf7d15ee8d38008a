//! The arguments of an operation when it runs.

use super::buffer::Buffer;
use super::tensor::{Tensor, TensorId};
use narrows_kernels::Isa;
use narrows_kernels::memory::{Arena, Block, PartBlock, Place};
use narrows_kernels::split::Bounds;
use std::ops::Range;

/// The source of the rows of a batch.
pub trait Input: Sync {
    /// Writes the rows at some places of the batch, one after the other, as input of the network.
    fn write(&self, places: Range<usize>, into: &mut [f32]);
}

/// The rows of a batch.
#[derive(Clone, Copy)]
pub struct Batch<'a> {
    /// Their source.
    pub input: &'a dyn Input,
    /// The sample number of each row, which addresses its noise.
    pub samples: &'a [u32],
    /// The epoch, from 0.
    pub epoch: u32,
}

impl Batch<'_> {
    /// The number of rows.
    pub fn rows(&self) -> usize {
        self.samples.len()
    }
}

/// The numbers of all tensors.
#[derive(Clone, Copy)]
pub struct Tensors<'a> {
    pub(super) numbers: &'a [f32],
    pub(super) all: &'a [Tensor],
}

impl<'a> Tensors<'a> {
    /// The numbers of a tensor.
    pub fn get(&self, tensor: TensorId) -> &'a [f32] {
        &self.numbers[self.all[tensor.0].range.clone()]
    }
}

/// The numbers of the tensors of one operation, in its order.
#[derive(Clone, Copy)]
pub struct Given<'a>(TensorSource<'a>);

/// The source of the numbers of an operation's tensors.
#[derive(Clone, Copy)]
enum TensorSource<'a> {
    /// The arena of parameters.
    Arena(Tensors<'a>, &'a [TensorId]),
    /// Copies.
    Copies(&'a [&'a [f32]]),
}

impl<'a> Given<'a> {
    /// The number of tensors.
    pub fn count(&self) -> usize {
        match self.0 {
            TensorSource::Arena(_, ids) => ids.len(),
            TensorSource::Copies(copies) => copies.len(),
        }
    }

    /// The numbers of one tensor.
    ///
    /// # Panics
    ///
    /// If there is no such tensor.
    pub fn tensor(&self, index: usize) -> &'a [f32] {
        match self.0 {
            TensorSource::Arena(tensors, ids) => tensors.get(ids[index]),
            TensorSource::Copies(copies) => copies[index],
        }
    }

    /// Copies in place of the tensors of an operation.
    pub(super) fn copies(copies: &'a [&'a [f32]]) -> Given<'a> {
        Given(TensorSource::Copies(copies))
    }
}

/// The arguments of a [`RowOperation`](super::RowOperation): a block of rows.
pub struct RowContext<'a> {
    /// The instruction set.
    pub isa: Isa,
    /// The buffers, at these rows.
    pub buffers: RowBuffers<'a>,
    /// The parameters.
    pub tensors: Tensors<'a>,
    /// The batch that the rows belong to.
    pub batch: Batch<'a>,
    /// Scratch memory of the operation.
    pub scratch: &'a mut [f32],
}

impl<'a> RowContext<'a> {
    /// The sample number of each row of the block.
    pub fn samples(&self) -> &'a [u32] {
        &self.batch.samples[self.buffers.rows()]
    }
}

/// The buffers of a block of rows.
pub struct RowBuffers<'a>(pub(super) Block<'a>);

impl RowBuffers<'_> {
    /// The range of these rows in the batch.
    pub fn rows(&self) -> Range<usize> {
        self.0.rows()
    }

    /// The rows of a buffer, or the whole buffer if it does not depend on the rows of the batch.
    pub fn get(&self, buffer: Buffer) -> &[f32] {
        self.0.get(buffer.index())
    }

    /// The rows of a buffer, mutable.
    pub fn get_mut(&mut self, buffer: Buffer) -> &mut [f32] {
        self.0.get_mut(buffer.index())
    }

    /// The rows of some buffers for reading and of another for writing.
    pub fn read_write<const R: usize>(
        &mut self,
        reads: [Buffer; R],
        write: Buffer,
    ) -> ([&[f32]; R], &mut [f32]) {
        self.0.read_write(reads.map(Buffer::index), write.index())
    }

    /// The rows of some buffers for reading and of others for writing.
    pub fn access<const R: usize, const W: usize>(
        &mut self,
        reads: [Buffer; R],
        writes: [Buffer; W],
    ) -> ([&[f32]; R], [&mut [f32]; W]) {
        self.0
            .access(reads.map(Buffer::index), writes.map(Buffer::index))
    }
}

/// The arguments of a [`ColumnOperation`](super::ColumnOperation): one of its parts.
pub struct ColumnContext<'a> {
    /// The instruction set.
    pub isa: Isa,
    /// The index of the part.
    pub part: usize,
    /// The rectangles of the part, and all buffers that the stage does not write.
    pub buffers: PartBlock<'a>,
    /// The parameters.
    pub tensors: Tensors<'a>,
    /// The blocks of the batch; the last one ends with the batch.
    pub blocks: &'a Bounds,
    /// Scratch memory of the operation.
    pub scratch: &'a mut [f32],
}

impl ColumnContext<'_> {
    /// The number of rows of the batch.
    pub fn rows(&self) -> usize {
        rows(self.blocks)
    }

    /// The rows of the batch in a buffer, or the whole buffer if it does not depend on them.
    pub fn get(&self, buffer: Buffer) -> &[f32] {
        self.buffers.get(buffer.index(), self.rows())
    }

    /// Some buffers as in [`ColumnContext::get`], and for writing the columns of the part's first rectangle in the
    /// first of its rows.
    pub fn read_and_row<const R: usize>(
        &mut self,
        reads: [Buffer; R],
    ) -> ([&[f32]; R], &mut [f32]) {
        let rows = self.rows();
        self.buffers.read_and_row(reads.map(Buffer::index), rows)
    }
}

/// The arguments of a [`TileOperation`](super::TileOperation): some numbers of a tensor.
pub struct TileContext<'a> {
    /// The instruction set.
    pub isa: Isa,
    /// The range of the tensor's numbers.
    pub place: Range<usize>,
    /// Whether to add to earlier contributions.
    pub adds: bool,
    /// The parameters, before the step.
    pub blocks: &'a Bounds,
    pub(super) arena: &'a Arena,
    pub(super) places: &'a [Place],
    /// Scratch memory of the operation.
    pub scratch: &'a mut [f32],
}

impl<'a> TileContext<'a> {
    /// The number of rows of the batch.
    pub fn rows(&self) -> usize {
        rows(self.blocks)
    }

    /// The rows of the batch in a buffer, or the whole buffer if it does not depend on them.
    pub fn get(&self, buffer: Buffer) -> &'a [f32] {
        self.arena.read(self.places[buffer.index()], self.rows())
    }
}

/// The end of the last block.
pub(super) fn rows(blocks: &Bounds) -> usize {
    blocks
        .count()
        .checked_sub(1)
        .map_or(0, |last| blocks.range(last).end)
}

impl<'a> Tensors<'a> {
    /// The tensors of one operation.
    pub(super) fn of(self, ids: &'a [TensorId]) -> Given<'a> {
        Given(TensorSource::Arena(self, ids))
    }
}
