//! The meaning of the dimensions of an array: rows, and the shape of a row.
//!
//! An array of four dimensions holds images with channels first, as in PyTorch, or channels last, as in Keras. Rows are
//! stored with channels first.

use crate::advice::{Setting, set, setting};
use crate::data::Layout;
use crate::data::builder::read_growing;
use crate::{Error, ErrorKind, Result};
use std::io::{self, Read};

/// The plan for reading an array as rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ArrayPlan {
    pub(super) rows: usize,
    /// The number of values of a row.
    pub(super) inputs: usize,
    /// The shape of a row, channels first.
    pub(super) shape: Vec<usize>,
    /// Height, width and channels, for rows with channels last.
    pub(super) turn: Option<[usize; 3]>,
    /// A note on a decision that the array itself does not show.
    pub(super) note: Option<String>,
}

impl ArrayPlan {
    /// For an array of a shape. `layout` is the place of the channels; if `None`, the shape decides.
    pub(super) fn new(sizes: &[usize], layout: Option<Layout>) -> Result<Self> {
        let wrong = |expected: &str| {
            Err(Error::new(ErrorKind::Data, "the array does not hold rows")
                .expected(expected)
                .found(shape_text(sizes)))
        };
        let (rows, row) = match sizes {
            [rows, row @ ..] if (1..=3).contains(&row.len()) => (*rows, row),
            _ => {
                return wrong(
                    "2 dimensions [rows, columns], 3 [rows, height, width] or 4 [rows, channels, height, width]",
                );
            }
        };
        if sizes.contains(&0) {
            return wrong("sizes of at least 1");
        }
        if u32::try_from(rows).is_err() {
            return wrong("fewer than 2^32 rows");
        }
        let inputs = row
            .iter()
            .try_fold(1_usize, |product, &size| product.checked_mul(size));
        let Some(inputs) = inputs else {
            return wrong("rows that fit into memory");
        };
        let (shape, turn, note) = match *row {
            [a, b, c] => channels(sizes, [a, b, c], layout)?,
            _ if layout.is_some() => {
                return Err(Error::new(
                    ErrorKind::Data,
                    format!(
                        "{} is an option for arrays of 4 dimensions",
                        setting(Setting::Layout)
                    ),
                )
                .found(shape_text(sizes))
                .hint(format!("leave out {}", setting(Setting::Layout))));
            }
            [height, width] => (vec![1, height, width], None, None),
            _ => (row.to_vec(), None, None),
        };
        Ok(ArrayPlan {
            rows,
            inputs,
            shape,
            turn,
            note,
        })
    }
}

type Decided = (Vec<usize>, Option<[usize; 3]>, Option<String>);

/// The shape of a row of three dimensions, channels first.
fn channels(sizes: &[usize], row: [usize; 3], layout: Option<Layout>) -> Result<Decided> {
    let [a, b, c] = row;
    let last = (vec![c, a, b], Some([a, b, c]));
    let layout = match layout {
        Some(layout) => {
            return Ok(match layout {
                Layout::ChannelsFirst => (row.to_vec(), None, None),
                Layout::ChannelsLast => (last.0, last.1, None),
            });
        }
        None => told(row),
    };
    match layout {
        Told::First => Ok((row.to_vec(), None, None)),
        Told::Last => {
            let note = format!(
                "read {} as channels-last images and moved the channels to the front ({} keeps the order)",
                shape_text(sizes),
                set(Setting::Layout, "channels-first")
            );
            Ok((last.0, last.1, Some(note)))
        }
        Told::Unclear => Err(Error::new(
            ErrorKind::Data,
            "the shape does not show which dimension has the channels of the images",
        )
        .found(shape_text(sizes))
        .hint(format!(
            "{} means {a} channels of {b} × {c} pixels, {} means {c} channels of {a} × {b}",
            set(Setting::Layout, "channels-first"),
            set(Setting::Layout, "channels-last")
        ))),
    }
}

enum Told {
    First,
    Last,
    Unclear,
}

/// The place of the channels, decided by the sizes. Images have 1, 3 or 4 channels, fewer than their height and width.
fn told([a, b, c]: [usize; 3]) -> Told {
    if a <= c || b <= c {
        return Told::First;
    }
    match c {
        1 | 3 if a > 4 => Told::Last,
        4 if a == b => Told::Last,
        1 | 3 => Told::Unclear,
        2 | 4 if a > 4 => Told::Unclear,
        _ => Told::First,
    }
}

fn shape_text(sizes: &[usize]) -> String {
    crate::data::limits::excerpt(&format!("shape {sizes:?}"))
}

/// Reads rows with channels last, and returns the same bytes with channels first.
pub(super) struct Turned<R> {
    reader: R,
    /// The bytes of a value.
    size: usize,
    height_width_channels: [usize; 3],
    row: Vec<u8>,
    turned: Vec<u8>,
    /// The number of bytes of `turned` that were returned.
    given: usize,
}

impl<R: Read> Turned<R> {
    /// The caller must know that the product of the sizes and the bytes of a value fits into memory.
    pub(super) fn new(reader: R, height_width_channels: [usize; 3], size: usize) -> Self {
        Turned {
            reader,
            size,
            height_width_channels,
            row: Vec::new(),
            turned: Vec::new(),
            given: 0,
        }
    }

    fn next_row(&mut self) -> io::Result<()> {
        let [height, width, channels] = self.height_width_channels;
        let len = height * width * channels * self.size;
        self.row.clear();
        read_growing(&mut self.reader, &mut self.row, len)?;
        self.turned.clear();
        self.given = 0;
        // Half a row is not a row: the reader of the rows finds that they end too soon.
        if self.row.len() == len {
            for channel in 0..channels {
                let values = self
                    .row
                    .chunks_exact(self.size)
                    .skip(channel)
                    .step_by(channels);
                values.for_each(|value| self.turned.extend_from_slice(value));
            }
        }
        Ok(())
    }
}

impl<R: Read> Read for Turned<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.given == self.turned.len() && !out.is_empty() {
            self.next_row()?;
        }
        let left = self.turned.get(self.given..).unwrap_or_default();
        let count = left.len().min(out.len());
        out[..count].copy_from_slice(&left[..count]);
        self.given += count;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(sizes: &[usize]) -> Option<(Vec<usize>, bool)> {
        let plan = ArrayPlan::new(sizes, None).ok()?;
        assert_eq!(plan.turn.is_some(), plan.note.is_some());
        Some((plan.shape, plan.turn.is_some()))
    }

    #[test]
    fn channels_are_told_from_the_sizes_or_asked_about() {
        for sizes in [[2, 16, 16, 3], [2, 28, 28, 1], [2, 48, 64, 3], [2, 8, 8, 4]] {
            let [_, height, width, channels] = sizes;
            assert_eq!(row(&sizes), Some((vec![channels, height, width], true)));
        }
        for sizes in [
            [2, 3, 16, 16],
            [2, 1, 28, 28],
            [2, 64, 4, 4],
            [2, 64, 1, 1],
            [2, 512, 3, 3],
            [2, 1, 28, 1],
            [2, 3, 3, 3],
            [2, 1, 1, 1],
            [2, 16, 8, 12],
        ] {
            assert_eq!(row(&sizes), Some((sizes[1..].to_vec(), false)), "{sizes:?}");
        }
        for sizes in [[2, 3, 32, 1], [2, 4, 32, 3], [2, 16, 32, 4], [2, 32, 32, 2]] {
            let error = ArrayPlan::new(&sizes, None).unwrap_err().to_string();
            assert!(error.contains("`layout = channels-last`"), "{error}");
            let first = ArrayPlan::new(&sizes, Some(Layout::ChannelsFirst)).unwrap();
            assert_eq!((&first.shape[..], first.turn), (&sizes[1..], None));
            let last = ArrayPlan::new(&sizes, Some(Layout::ChannelsLast)).unwrap();
            assert_eq!(last.shape, [sizes[3], sizes[1], sizes[2]]);
        }
        let error = ArrayPlan::new(&[2, 5], Some(Layout::ChannelsLast)).unwrap_err();
        assert!(
            error.to_string().contains("`layout` is an option"),
            "{error}"
        );
    }

    #[test]
    fn rows_are_turned_whole() {
        // Two rows of 1 × 2 values of 3 channels, of two bytes each.
        let bytes: Vec<u8> = (0..24).collect();
        let mut turned = Vec::new();
        let mut reader = Turned::new(&bytes[..], [1, 2, 3], 2);
        reader.read_to_end(&mut turned).unwrap();
        assert_eq!(turned[..12], [0, 1, 6, 7, 2, 3, 8, 9, 4, 5, 10, 11]);
        assert_eq!(turned.len(), 24);
        let mut cut = Vec::new();
        Turned::new(&bytes[..23], [1, 2, 3], 2)
            .read_to_end(&mut cut)
            .unwrap();
        assert_eq!(cut, turned[..12]);
    }
}
