//! The numbers of an array: from a file, from an entry of an archive, in either order.

use super::foreign::Foreign;
use super::header::{Content, Header};
use crate::data::builder::{read_growing, read_rows};
use crate::data::element::Element;
use crate::data::formats::layout::{Plan, Turned};
use crate::data::limits::check_row;
use crate::data::records::IN_MEMORY;
use crate::data::{Dataset, Layout, Missing, Values};
use crate::text::counted;
use crate::{Error, ErrorKind, Result};
use std::io::{self, Read};

/// An array of numbers that are rows.
pub(super) struct Rows {
    pub(super) element: Element,
    pub(super) plan: Plan,
    sizes: Vec<usize>,
    is_fortran: bool,
    /// The bytes of the array.
    pub(super) bytes: u64,
    notes: Vec<String>,
}

impl Rows {
    /// The rows that a header tells of. `packed` is the size of the file if it is compressed, and `load` loads
    /// the array in Python.
    pub(super) fn new(
        header: &Header,
        layout: Option<Layout>,
        packed: Option<u64>,
        load: &str,
    ) -> Result<Self> {
        let element = match &header.content {
            Content::Numbers(element) => *element,
            Content::Foreign(foreign) => return Err(foreign.refusal(load)),
            Content::Words(_) => {
                return Err(
                    Error::new(ErrorKind::Data, "the array has a type that is not read")
                        .expected("numbers")
                        .found("words")
                        .hint("words can be labels: `--label NAME` takes an array of an NPZ file for them"),
                );
            }
        };
        let plan = Plan::new(&header.shape, layout)?;
        let bytes = header.bytes()?;
        check_row(plan.inputs as u64, bytes / plan.rows as u64, packed)?;
        let mut notes: Vec<String> = plan.note.iter().cloned().collect();
        if header.descr == "<V2" {
            notes.push(
                "raw values of 2 bytes (`<V2`) are taken for bfloat16, as ml_dtypes writes it"
                    .into(),
            );
        }
        Ok(Rows {
            element,
            plan,
            sizes: header.shape.clone(),
            is_fortran: header.is_fortran,
            bytes,
            notes,
        })
    }

    /// Whether the rows lie in their file as they are used.
    pub(super) fn is_plain(&self) -> bool {
        !self.is_fortran && self.plan.turn.is_none()
    }

    pub(super) fn dim(&self) -> (usize, usize) {
        (self.plan.rows, self.plan.inputs)
    }

    /// Reads the values; `cut` makes the error where reading fails.
    pub(super) fn read(
        &self,
        reader: &mut impl Read,
        cut: impl Fn(io::Error) -> Error,
    ) -> Result<Values> {
        if !self.is_fortran {
            return self.read_in_order(reader, cut);
        }
        if self.bytes > IN_MEMORY {
            return Err(Error::new(
                ErrorKind::Data,
                "the array is large and stored column by column (Fortran order)",
            )
            .expected("rows one after the other (C order)")
            .hint("save it again with numpy.ascontiguousarray"));
        }
        let mut bytes = Vec::new();
        read_growing(reader, &mut bytes, self.bytes as usize).map_err(&cut)?;
        if bytes.len() as u64 != self.bytes {
            return Err(too_short(self.bytes, bytes.len() as u64));
        }
        let bytes = in_c_order(&bytes, &self.sizes, self.element.size());
        self.read_in_order(&mut &bytes[..], cut)
    }

    fn read_in_order(
        &self,
        reader: &mut impl Read,
        cut: impl Fn(io::Error) -> Error,
    ) -> Result<Values> {
        let failed = |came: usize, cause: Option<io::Error>| match cause {
            Some(error) => cut(error),
            None => too_short(self.bytes, came as u64),
        };
        let (element, dim) = (self.element, self.dim());
        match self.plan.turn {
            None => read_rows(reader, element, dim, IN_MEMORY, failed),
            Some(sizes) => {
                let mut turned = Turned::new(reader, sizes, element.size());
                read_rows(&mut turned, element, dim, IN_MEMORY, failed)
            }
        }
    }

    /// The rows as data, with what `missing` says in place of NaN.
    pub(super) fn dataset(self, called: &str, values: Values, missing: Missing) -> Result<Dataset> {
        let (values, filled) = filled(values, missing)?;
        let mut data = Dataset::stored_as(self.element, called, values, self.plan.shape, None)?;
        data.notes.extend(self.notes);
        if let Some((fill, count)) = filled {
            let how = if missing == Missing::Mean {
                "the mean of the place in a row"
            } else {
                "0"
            };
            if count > 0 {
                let values = counted(count, "missing value was", "missing values were");
                data.notes.push(format!("{values} filled with {how}"));
            }
            data.missing = count;
            data.fill = Some(fill);
        }
        Ok(data)
    }
}

/// What stands for missing values at each place of a row, and how many were missing.
type Filled = (Vec<f64>, usize);

/// Values with others in place of NaN, if that is asked for: these and how many there were.
fn filled(values: Values, missing: Missing) -> Result<(Values, Option<Filled>)> {
    let (inputs, records) = match (values, missing) {
        (Values::Records(records), Missing::Mean | Missing::Zero) => (records.dim().1, records),
        (_, Missing::Drop) => {
            return Err(Error::new(
                ErrorKind::Data,
                "rows of an array cannot be left out for missing values",
            )
            .expected("`--missing mean` or `--missing zero`")
            .hint("in Python: x[~numpy.isnan(x).any(axis=1)] leaves them out"));
        }
        (values, _) => return Ok((values, None)),
    };
    // About a first value, so that sums keep their precision.
    let (mut shifts, mut sums) = (vec![f64::NAN; inputs], vec![(0.0, 0_usize); inputs]);
    for row in 0..records.dim().0 {
        records.each(row, |place, values| {
            let columns = shifts[place..].iter_mut().zip(&mut sums[place..]);
            for ((shift, (sum, count)), &value) in columns.zip(values) {
                if !value.is_nan() {
                    *shift = if shift.is_nan() { value } else { *shift };
                    *sum += value - *shift;
                    *count += 1;
                }
            }
        });
    }
    records.failure()?;
    let rows = records.dim().0;
    let gone = sums.iter().map(|(_, count)| rows - count).sum();
    let mean = |(shift, (sum, count)): (&f64, &(f64, usize))| match (missing, count) {
        (Missing::Mean, 1..) => shift + sum / *count as f64,
        _ => 0.0,
    };
    let fill: Vec<f64> = shifts.iter().zip(&sums).map(mean).collect();
    let values = match gone {
        0 => Values::Records(records),
        _ => Values::Records(records.filled(Some(fill.clone()))),
    };
    Ok((values, Some((fill, gone))))
}

pub(super) fn too_short(expected: u64, found: u64) -> Error {
    Error::new(ErrorKind::Format, "the array ends too soon")
        .expected(format!("{expected} bytes"))
        .found(format!("{found} bytes"))
}

/// What is said of an array that is asked for as labels and holds something else.
pub(super) fn no_labels(header: &Header, load: &str) -> Error {
    match &header.content {
        Content::Foreign(foreign @ Foreign::Objects) => foreign
            .refusal(load)
            .expected("one number or word a row")
            .hint("labels in words, in Python: y.astype(str)"),
        Content::Foreign(foreign) => foreign.refusal(load),
        _ => Error::new(ErrorKind::Data, "these are not labels")
            .expected("one number or word a row, of shape [rows] or [rows, 1]")
            .found(header.described()),
    }
}

/// The bytes of an array, stored with the first dimension fastest, with the last dimension fastest.
fn in_c_order(bytes: &[u8], sizes: &[usize], size: usize) -> Vec<u8> {
    match size {
        1 => reordered::<1>(bytes, sizes),
        2 => reordered::<2>(bytes, sizes),
        4 => reordered::<4>(bytes, sizes),
        _ => reordered::<8>(bytes, sizes),
    }
}

fn reordered<const N: usize>(bytes: &[u8], sizes: &[usize]) -> Vec<u8> {
    /// The rows that are turned at a time, so that what is read and written stays in the cache.
    const BLOCK: usize = 64;
    let values: &[[u8; N]] = bytes.as_chunks().0;
    let (rows, row) = sizes
        .split_first()
        .map_or((1, &[][..]), |(rows, row)| (*rows, row));
    let inputs: usize = row.iter().product();
    let places = places(row);
    let mut out = vec![[0; N]; values.len()];
    for first in (0..rows).step_by(BLOCK) {
        let last = rows.min(first + BLOCK);
        for (column, &place) in values.chunks_exact(rows.max(1)).zip(&places) {
            for (index, value) in column.iter().enumerate().take(last).skip(first) {
                if let Some(out) = out.get_mut(index * inputs + place) {
                    *out = *value;
                }
            }
        }
    }
    out.into_flattened()
}

/// For each value of a row, counted with the first dimension fastest, where it stands with the last one fastest.
fn places(row: &[usize]) -> Vec<usize> {
    let inputs: usize = row.iter().product();
    let place = |mut index: usize| {
        let (mut place, mut stride) = (0, inputs);
        for &size in row {
            stride /= size.max(1);
            place += index % size.max(1) * stride;
            index /= size.max(1);
        }
        place
    };
    (0..inputs).map(place).collect()
}
