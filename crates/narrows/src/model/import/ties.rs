//! Tied weights in the files of other programs, which may have both the weights and their transpose.

use super::names::{self, Wanted};
use super::numbers::ReadNumbers;
use crate::error::Result;
use crate::model::header::format;
use crate::network::Network;
use safetensors::SafeTensors;

/// The tensors and states of a network, followed by the additional tensors of PyTorch: the transpose for each tie.
pub(super) fn with_copies(network: &Network) -> Vec<Wanted> {
    let mut all = names::wanted(network);
    for tie in network.ties() {
        if let Some(tensor) = network.tensors().get(tie.tensor.index()) {
            all.push(Wanted {
                name: tie.name.clone(),
                shape: tensor.shape.iter().rev().copied().collect(),
            });
        }
    }
    all
}

/// The size of these tensors in float32, in bytes.
pub(super) fn bytes(network: &Network) -> u64 {
    let ties = network.ties().iter();
    let tied = ties.filter_map(|tie| network.tensors().get(tie.tensor.index()));
    let copies = tied.map(|tensor| 4 * tensor.range.len() as u64);
    network.bytes() + copies.sum::<u64>()
}

/// Refuses copies of tied weights that are not the transpose of the weights. `copies` has the names of the file's
/// tensors, one for each tie, or none. Returns a note for each copy.
pub(super) fn check(
    network: &Network,
    parameters: &[f32],
    copies: &[String],
    tensors: &SafeTensors<'_>,
) -> Result<Vec<String>> {
    let mut notes = Vec::new();
    for (tie, source) in network.ties().iter().zip(copies) {
        let tensor = network.tensors().get(tie.tensor.index());
        let (Some(tensor), Some(&[rows, columns])) =
            (tensor, tensor.map(|tensor| tensor.shape.as_slice()))
        else {
            return Err(format(format!(
                "`{}` is not the transpose of the tensor that it is tied to",
                tie.name
            )));
        };
        let view = tensors.tensor(source).map_err(|error| {
            format(format!("the tensor `{source}` is damaged")).caused_by(error)
        })?;
        let mut copy = ReadNumbers::default();
        copy.add(source, &view)?;
        let weights = parameters.get(tensor.range.clone()).unwrap_or_default();
        for (at, &weight) in weights.iter().enumerate() {
            let (row, column) = (at / columns, at % columns);
            let other = copy.parameters.get(column * rows + row).copied();
            if other != Some(weight) {
                return Err(format("the recipe ties weights that differ in the file")
                    .at(format!("tensor `{source}`, element [{column}, {row}]"))
                    .expected(format!(
                        "{weight}, as `{}` has it at [{row}, {column}]",
                        tensor.name
                    ))
                    .found(other.map_or_else(String::new, |other| other.to_string()))
                    .hint("take `tied` out of the recipe, so that both layers have weights of their own"));
            }
        }
        notes.push(format!(
            "`{source}` is the transpose of the tied weights `{}`, which are stored once",
            tensor.name
        ));
    }
    Ok(notes)
}
