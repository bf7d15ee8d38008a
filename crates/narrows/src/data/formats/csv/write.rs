//! CSV and TSV: a header, then texts and values.

use crate::data::output::{Head, NumberType, Piece, io_error, number_of};
use crate::files::OutputFile;
use crate::{Error, Result};
use csv::Writer;
use flate2::Compression;
use flate2::write::GzEncoder;
use std::io::{self, Write};
use std::path::PathBuf;

pub(in crate::data) struct CsvSink {
    writer: Writer<TextOutput>,
    types: Vec<NumberType>,
    has_reasons: bool,
    path: PathBuf,
}

enum TextOutput {
    Plain(OutputFile),
    Packed(GzEncoder<OutputFile>),
}

impl Write for TextOutput {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            TextOutput::Plain(file) => file.write(bytes),
            TextOutput::Packed(file) => file.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            TextOutput::Plain(file) => file.flush(),
            TextOutput::Packed(file) => file.flush(),
        }
    }
}

impl CsvSink {
    pub(in crate::data) fn create(
        file: OutputFile,
        head: &Head,
        delimiter: u8,
        is_packed: bool,
    ) -> Result<Self> {
        let path = file.path().to_path_buf();
        let output = if is_packed {
            TextOutput::Packed(GzEncoder::new(file, Compression::default()))
        } else {
            TextOutput::Plain(file)
        };
        let mut sink = CsvSink {
            writer: csv::WriterBuilder::new()
                .delimiter(delimiter)
                .from_writer(output),
            types: (0..head.columns.len())
                .map(|column| head.type_of(column))
                .collect(),
            has_reasons: head.has_reasons,
            path,
        };
        sink.writer
            .write_record(head.names())
            .map_err(|error| sink.refused(error))?;
        Ok(sink)
    }

    fn refused(&self, error: csv::Error) -> Error {
        Error::io("cannot write the file", &self.path, io_error(error))
    }

    pub(in crate::data) fn write(&mut self, piece: Piece<'_>) -> Result<()> {
        let mut line = || -> std::result::Result<(), csv::Error> {
            for (row, values) in piece.values.rows().into_iter().enumerate() {
                for texts in piece.texts {
                    let text = texts.get(row).map_or("", String::as_str);
                    self.writer.write_field(text)?;
                }
                let reason = piece.reason(row);
                for (column, (&value, &kind)) in values.iter().zip(&self.types).enumerate() {
                    if reason.is_some() {
                        self.writer.write_field("")?;
                        continue;
                    }
                    let text = if kind.is_integer() && !piece.wide.is_empty() {
                        piece.integer(row, column).to_string()
                    } else {
                        number_of(value, kind)
                    };
                    self.writer.write_field(text)?;
                }
                if self.has_reasons {
                    self.writer.write_field(reason.unwrap_or_default())?;
                }
                self.writer.write_record(None::<&[u8]>)?;
            }
            Ok(())
        };
        line().map_err(|error| self.refused(error))
    }

    pub(in crate::data) fn finish(self) -> Result<()> {
        let refused = |error| Error::io("cannot write the file", &self.path, error);
        let output = self
            .writer
            .into_inner()
            .map_err(|error| refused(error.into_error()))?;
        match output {
            TextOutput::Plain(file) => file.finish(),
            TextOutput::Packed(packed) => packed.finish().map_err(refused)?.finish(),
        }
    }
}
