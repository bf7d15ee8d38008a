//! Converts the bytes of a tensor to float32 parameters, and counts the values that this changes.

use crate::error::Result;
use crate::model::header::format;
use crate::model::states;
use crate::network::{State, StateKind};
use crate::text::count_of;
use half::{bf16, f16};
use safetensors::Dtype;
use safetensors::tensor::TensorView;

/// The parameters that were read, and the number of them that came from each type.
#[derive(Default)]
pub(super) struct ReadNumbers {
    pub(super) parameters: Vec<f32>,
    half: usize,
    brain: usize,
    double: usize,
    /// The number of float64 values that float32 does not hold exactly.
    rounded: usize,
}

impl ReadNumbers {
    /// Adds the numbers of a tensor.
    pub(super) fn add(&mut self, name: &str, found: &TensorView<'_>) -> Result<()> {
        let (data, start) = (found.data(), self.parameters.len());
        let count = match found.dtype() {
            Dtype::F32 => {
                let (numbers, _) = data.as_chunks::<4>();
                self.parameters
                    .extend(numbers.iter().map(|bytes| f32::from_le_bytes(*bytes)));
                None
            }
            Dtype::F16 => {
                let (numbers, _) = data.as_chunks::<2>();
                self.parameters.extend(
                    numbers
                        .iter()
                        .map(|bytes| f16::from_le_bytes(*bytes).to_f32()),
                );
                Some(&mut self.half)
            }
            Dtype::BF16 => {
                let (numbers, _) = data.as_chunks::<2>();
                self.parameters.extend(
                    numbers
                        .iter()
                        .map(|bytes| bf16::from_le_bytes(*bytes).to_f32()),
                );
                Some(&mut self.brain)
            }
            Dtype::F64 => {
                self.add_doubles(name, data)?;
                Some(&mut self.double)
            }
            other => {
                return Err(format(format!("the tensor `{name}` is of a type that is not read"))
                    .expected("F32, F64, F16 or BF16")
                    .found(format!("{other:?}"))
                    .hint(
                        "save the weights as float32: `{k: v.float() for k, v in model.state_dict().items()}`",
                    ));
            }
        };
        let added = self.parameters.get(start..).unwrap_or_default();
        if let Some(count) = count {
            *count += added.len();
        }
        match added.iter().position(|number| !number.is_finite()) {
            None => Ok(()),
            Some(at) => {
                Err(format("a parameter is not finite")
                    .at(format!("tensor `{name}`, element {at}")))
            }
        }
    }

    fn add_doubles(&mut self, name: &str, data: &[u8]) -> Result<()> {
        let (numbers, _) = data.as_chunks::<8>();
        for (at, bytes) in numbers.iter().enumerate() {
            let number = f64::from_le_bytes(*bytes);
            let single = number as f32;
            if number.is_finite() && !single.is_finite() {
                return Err(format("a parameter is too large for float32")
                    .at(format!("tensor `{name}`, element {at}"))
                    .expected(format!("at most {:e}", f32::MAX))
                    .found(format!("{number:e}")));
            }
            self.rounded += usize::from(f64::from(single) != number);
            self.parameters.push(single);
        }
        Ok(())
    }

    /// Notes about numbers that are not float32, for the user.
    pub(super) fn notes(&self) -> Vec<String> {
        let exact = |count: usize, name: &str| {
            (count > 0).then(|| {
                format!(
                    "{} in {name} are kept as float32, exactly",
                    count_of(count, "weight")
                )
            })
        };
        let double = match (self.double, self.rounded) {
            (count, 0) => exact(count, "float64"),
            (count, rounded) => Some(format!(
                "{} in float64 are rounded to float32; this changes {rounded} of them",
                count_of(count, "weight")
            )),
        };
        let notes = [
            exact(self.half, "float16"),
            exact(self.brain, "bfloat16"),
            double,
        ];
        notes.into_iter().flatten().collect()
    }
}

/// The numbers of a state. A count may have any type that holds it, because a whole file may have been converted to
/// another type.
pub(super) fn state(state: &State, source: &str, found: &TensorView<'_>) -> Result<Vec<f32>> {
    if state.kind == StateKind::Count && found.dtype() == Dtype::I64 {
        let (counts, _) = found.data().as_chunks::<8>();
        let counts = counts.iter().map(|bytes| i64::from_le_bytes(*bytes) as f64);
        return counts
            .map(|count| states::count_of(source, count))
            .collect();
    }
    let mut numbers = ReadNumbers::default();
    numbers.add(source, found)?;
    if state.kind == StateKind::Count {
        let counts = numbers.parameters.iter().map(|&count| f64::from(count));
        return counts
            .map(|count| states::count_of(source, count))
            .collect();
    }
    states::check(source, state, &numbers.parameters)?;
    Ok(numbers.parameters)
}
