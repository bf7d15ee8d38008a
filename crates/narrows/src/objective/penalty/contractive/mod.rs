//! Contractive penalties: `‖Jᵀ r‖²` for a choice of probes r, a file each; J is the Jacobian of what the encoder gives by
//! what it reads, `[code, inputs]`. Of the decoder, with `‖J r‖²`, in `decoder`.

mod apply;
mod decoder;
mod hutchinson;
mod jacobian;
mod summed;

pub(super) use decoder::DecoderJacobian;
pub(super) use hutchinson::Hutchinson;
pub(super) use jacobian::Jacobian;
pub(super) use summed::Summed;
