//! States in a model file: tensors with PyTorch's names; counts are 64-bit integers. The section `buffers` of the
//! metadata lists their names.

use super::header::format;
use crate::error::Result;
use crate::network::{Network, State, StateKind};
use safetensors::{Dtype, SafeTensors};
use serde_json::{Value, json};

/// The section of the states.
pub(super) const BUFFERS: &str = "buffers";

/// The content of the section; `None` for a network without states.
pub(super) fn to_json(network: &Network) -> Option<Value> {
    let names: Vec<&str> = network.states().iter().map(|s| s.name.as_str()).collect();
    (!names.is_empty()).then(|| json!(names))
}

/// The type of a state in a file, and its bytes there.
pub(super) fn to_file(state: &State, all: &[f32]) -> (Dtype, Vec<u8>) {
    let numbers = all.get(state.range.clone()).unwrap_or_default();
    match state.kind {
        StateKind::Number | StateKind::NotNegative => {
            let bytes = numbers.iter().flat_map(|number| number.to_le_bytes());
            (Dtype::F32, bytes.collect())
        }
        StateKind::Count => {
            let counts = numbers.iter().map(|number| i64::from(number.to_bits()));
            (Dtype::I64, counts.flat_map(i64::to_le_bytes).collect())
        }
    }
}

/// Refuses a section whose states differ from the network's.
pub(super) fn check_names(network: &Network, section: Option<&Value>) -> Result<()> {
    let expected = to_json(network);
    if section == expected.as_ref() {
        Ok(())
    } else {
        Err(format(format!(
            "the section `{BUFFERS}` of the model does not fit the recipe"
        ))
        .expected(expected.unwrap_or(json!([])))
        .found(section.unwrap_or(&Value::Null)))
    }
}

/// The numbers of all states of a network, from the tensors of a model's file.
pub(super) fn read(network: &Network, tensors: &SafeTensors<'_>) -> Result<Vec<f32>> {
    let mut all = Vec::new();
    for state in network.states() {
        let view = tensors
            .tensor(&state.name)
            .map_err(|_| format(format!("the tensor `{}` is missing", state.name)))?;
        let kind = match state.kind {
            StateKind::Number | StateKind::NotNegative => Dtype::F32,
            StateKind::Count => Dtype::I64,
        };
        if view.dtype() != kind || view.shape() != state.shape {
            return Err(format(format!(
                "the tensor `{}` does not fit the recipe",
                state.name
            ))
            .expected(format!("{kind:?} of shape {:?}", state.shape))
            .found(format!("{:?} of shape {:?}", view.dtype(), view.shape())));
        }
        let start = all.len();
        match kind {
            Dtype::F32 => {
                let (numbers, _) = view.data().as_chunks::<4>();
                all.extend(numbers.iter().map(|bytes| f32::from_le_bytes(*bytes)));
            }
            _ => {
                let (counts, _) = view.data().as_chunks::<8>();
                for bytes in counts {
                    let count = i64::from_le_bytes(*bytes);
                    all.push(count_of(&state.name, count as f64)?);
                }
            }
        }
        check(&state.name, state, all.get(start..).unwrap_or_default())?;
    }
    Ok(all)
}

/// Refuses numbers that are not valid for the kind of a state; `name` is the state's name in the file.
pub(super) fn check(name: &str, state: &State, numbers: &[f32]) -> Result<()> {
    let Some((at, number)) = state.first_unsound(numbers) else {
        return Ok(());
    };
    let expected = match state.kind {
        StateKind::NotNegative => "a finite number from 0 on",
        StateKind::Number | StateKind::Count => "a finite number",
    };
    Err(format("a number of the model's state is not possible")
        .at(format!("tensor `{name}`, element {at}"))
        .expected(expected)
        .found(number))
}

/// A count, as it is stored among the numbers of states.
pub(super) fn count_of(name: &str, count: f64) -> Result<f32> {
    if count.fract() == 0.0 && (0.0..=f64::from(u32::MAX)).contains(&count) {
        Ok(f32::from_bits(count as u32))
    } else {
        Err(format("a count of the model's state is not possible")
            .at(format!("tensor `{name}`"))
            .expected(format!("a whole number from 0 to {}", u32::MAX))
            .found(count))
    }
}
