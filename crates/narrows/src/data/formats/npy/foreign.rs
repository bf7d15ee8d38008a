//! Arrays that are not numbers, and the advice for them.

use super::literal::Literal;
use crate::data::limits::{excerpt, names};
use crate::{Error, ErrorKind};
use std::fmt;

/// The content of an unsupported array.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum ForeignArray {
    /// Python objects, stored as a pickle.
    Objects,
    /// Several named fields per value.
    Fields(Vec<String>),
    /// Points in time or durations.
    Times,
    Complex,
    /// `numpy.longdouble`, whose bytes mean different numbers on different machines.
    LongDouble,
    /// Bytes without a meaning: a number of bytes per value.
    Raw(u32),
}

impl ForeignArray {
    /// By the type code without byte order; `None` for codes that NumPy does not have.
    pub(super) fn of(code: &str) -> Option<Self> {
        // `T` is the text of variable width of NumPy 2, which numpy.save stores as objects.
        if matches!(code, "O" | "O4" | "O8" | "T" | "T16") {
            return Some(ForeignArray::Objects);
        }
        let (letter, width) = code.split_at_checked(1)?;
        match (letter, width) {
            ("c", "8" | "16") => Some(ForeignArray::Complex),
            ("f", "12" | "16") | ("c", "24" | "32") => Some(ForeignArray::LongDouble),
            ("V", width) => Some(ForeignArray::Raw(width.parse().ok()?)),
            ("M" | "m", width) if width.starts_with('8') => Some(ForeignArray::Times),
            _ => None,
        }
    }

    /// The names of a list of fields.
    pub(super) fn fields(fields: &[Literal]) -> Self {
        let name = |field: &Literal| match field {
            Literal::Tuple(parts) => match parts.first() {
                Some(Literal::Text(name)) => Some(excerpt(name)),
                // A title and a name.
                Some(Literal::Tuple(names)) => match names.last() {
                    Some(Literal::Text(name)) => Some(excerpt(name)),
                    _ => None,
                },
                _ => None,
            },
            _ => None,
        };
        ForeignArray::Fields(fields.iter().filter_map(name).collect())
    }

    /// The error for such an array. `load` is the Python expression that loads it.
    pub(super) fn refusal(&self, load: &str) -> Error {
        let plain = load.replace(", allow_pickle=True", "");
        let save = "numpy.save(\"rows.npy\", ";
        let hint = match self {
            ForeignArray::Objects => format!(
                "in Python: a = {load}; {save}numpy.stack(a).astype(\"float32\")) if all objects are arrays of one \
                 shape; numpy.vstack(a) stacks rows, a.astype(str) makes words"
            ),
            ForeignArray::Fields(_) => format!(
                "in Python: from numpy.lib.recfunctions import structured_to_unstructured; a = {plain}; \
                 {save}structured_to_unstructured(a))"
            ),
            ForeignArray::Times => format!(
                "in Python: a = {plain}; {save}a.astype(\"int64\")) gives whole numbers of the array's unit"
            ),
            ForeignArray::Complex => format!(
                "in Python: a = {plain}; {save}numpy.concatenate([a.real, a.imag], axis=1)), or numpy.abs(a)"
            ),
            ForeignArray::LongDouble => {
                format!("in Python: a = {plain}; {save}a.astype(\"float64\"))")
            }
            ForeignArray::Raw(2) => format!(
                "if they are bfloat16, in Python: import ml_dtypes; a = {plain}.view(ml_dtypes.bfloat16); \
                 {save}a.astype(\"float32\"))"
            ),
            ForeignArray::Raw(_) => format!(
                "say what the bytes are, in Python: a = {plain}.view(THE TYPE); {save}a.astype(\"float32\"))"
            ),
        };
        Error::new(ErrorKind::Data, "the array has a type that is not read")
            .expected("integers of 8 to 64 bits, floats of 16 to 64 bits, bfloat16 or booleans")
            .found(self)
            .hint(hint)
    }
}

impl fmt::Display for ForeignArray {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ForeignArray::Objects => f.write_str("Python objects"),
            ForeignArray::Fields(fields) if fields.is_empty() => {
                f.write_str("several fields a value")
            }
            ForeignArray::Fields(fields) => {
                let fields = names(fields, |name| format!("`{name}`"));
                write!(f, "records of the fields {fields}")
            }
            ForeignArray::Times => f.write_str("times (datetime64 or timedelta64)"),
            ForeignArray::Complex => f.write_str("complex numbers"),
            ForeignArray::LongDouble => f.write_str("long doubles (numpy.longdouble)"),
            ForeignArray::Raw(width) => write!(f, "raw values of {width} bytes"),
        }
    }
}
