//! The program: the compiled form of a sentence, and its executor.
//!
//! ```text
//! Builder   parts apply operations to values                   a graph
//! passes    rewrite the graph: linear layers folded, …         a graph
//! emit      each node emits its operations, forward and back   operations that say what they use
//! schedule  an operation runs in the first stage that it can   stages: Rows, Columns, and at the end Tiles
//! layout    buffers get places, shared where lifetimes allow   a table for each stage
//! Cpu       a team of threads runs one stage after the other
//! ```
//!
//! Every part of a sentence imports this module; the module does not depend on any part.

mod affine;
mod applied;
mod buffer;
mod builder;
mod context;
mod cpu;
mod elementwise;
mod emit;
mod folded;
mod formed;
mod function;
mod jacobian;
mod layout;
mod loss;
mod lower;
mod node;
mod operation;
mod passes;
mod plan;
mod plumbing;
mod print;
pub(crate) mod profile;
mod scaled;
mod schedule;
mod state;
mod tangent;
mod tensor;
mod value;
mod workers;

pub use affine::Affine;
pub(crate) use affine::bias_gradient;
pub use buffer::{Bit, Buffer, Element, Extent, Uses};
pub use builder::Builder;
pub use context::{
    Batch, ColumnContext, Given, Input, RowBuffers, RowContext, Tensors, TileContext,
};
pub use elementwise::Elementwise;
pub use formed::AddFormed;
pub use function::{Derivative, Kind, Linear, Point, RowFunction, Scaled, Tile};
pub use jacobian::{JacobianNorm, Probes};
pub use loss::{Coupled, Mean};
pub(crate) use loss::{Loss, LossValue};
pub use lower::Lower;
pub use narrows_kernels::Isa;
pub use narrows_kernels::memory::Rect;
pub use node::{Node, Operation};
pub use operation::{ColumnOperation, ColumnPart, Cost, RowOperation, TileOperation};
pub use profile::{Part, PartOfStep, Profile};
pub use scaled::{ChannelAffine, Factors};
pub use state::{State, StateId, StateKind, StateSpec, States};
pub use tensor::{Tensor, TensorId, TensorSpec, Tie};
pub use value::{Mode, Var};

pub(crate) use cpu::{Cpu, Piece, ThreadMemory};
pub(crate) use passes::optimize;
pub(crate) use plan::{Options, Plan, Program, ThreadSizes, tiles};
pub(crate) use state::initial;
pub(crate) use tangent::jacobian;
