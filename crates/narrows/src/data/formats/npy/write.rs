//! `.npy`: the values alone, as float32 or, where they are 8-bit, as uint8.

use crate::data::write::Head;
use crate::files::NewFile;
use crate::{Error, Result};
use ndarray::ArrayView2;
use std::io::Write;

/// What the length of the header is a multiple of.
const ALIGNMENT: usize = 64;

pub(in crate::data) struct Sink {
    file: NewFile,
    is_8_bit: bool,
}

impl Sink {
    pub(in crate::data) fn create(file: NewFile, head: &Head) -> Result<Self> {
        // A grey image has no channels in NumPy's world.
        let sizes = match &head.shape[..] {
            [1, sizes @ ..] if sizes.len() == 2 => sizes,
            sizes => sizes,
        };
        let sizes: Vec<String> = sizes.iter().map(usize::to_string).collect();
        let kind = if head.is_8_bit { "|u1" } else { "<f4" };
        let mut header = format!(
            "{{'descr': '{kind}', 'fortran_order': False, 'shape': ({}, {}), }}",
            head.rows,
            sizes.join(", ")
        );
        let before = b"\x93NUMPY\x01\x00".len() + size_of::<u16>();
        let len = (before + header.len() + 1).next_multiple_of(ALIGNMENT) - before;
        header = format!("{header:<width$}\n", width = len - 1);
        let mut sink = Sink {
            file,
            is_8_bit: head.is_8_bit,
        };
        sink.put(b"\x93NUMPY\x01\x00")?;
        sink.put(&(len as u16).to_le_bytes())?;
        sink.put(header.as_bytes())?;
        Ok(sink)
    }

    fn put(&mut self, bytes: &[u8]) -> Result<()> {
        let result = self.file.write_all(bytes);
        result.map_err(|error| Error::io("cannot write the file", self.file.path(), error))
    }

    pub(in crate::data) fn write(&mut self, values: ArrayView2<'_, f32>) -> Result<()> {
        let bytes: Vec<u8> = match self.is_8_bit {
            true => values.iter().map(|&value| value as u8).collect(),
            false => values
                .iter()
                .flat_map(|value| value.to_le_bytes())
                .collect(),
        };
        self.put(&bytes)
    }

    pub(in crate::data) fn finish(self) -> Result<()> {
        self.file.finish()
    }
}
