//! The bytes of the file, and its pages: each page is checked before memory is allocated for its sizes.

use super::delta;
use super::thrift::{PageHeader, PageKind};
use crate::text::{count, count_of};
use crate::{Error, ErrorKind};
use bytes::Bytes;
use parquet::basic::{Compression, Encoding, Type};
use parquet::column::page::{Page, PageMetadata, PageReader};
use parquet::errors::{ParquetError, Result};
use parquet::file::metadata::ColumnChunkMetaData;
use parquet::file::reader::{ChunkReader, Length, SerializedPageReader};
use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// All writers keep pages near 1 MiB, unless one value is longer. A page may have this many bytes, and more only if
/// they are at most a multiple of the file's size.
const PAGE: usize = 32 << 20;
const SHARE: usize = 32;

/// The most values of a dictionary of texts, unless the file has four bytes for each: each value takes 32 more bytes.
const DICTIONARY: usize = 1 << 20;

/// The most values of a page of a list column, and of a row.
pub(super) const LEVELS: usize = 4 << 20;

/// The longest header of a page; headers with statistics hold two values of the column.
const HEADER: usize = 1 << 20;

/// The memory of all open pages of a row group: this, plus a multiple of the size of the file.
const OPEN: usize = 40 << 20;
const TIMES: usize = 16;

/// A file that several threads read.
#[derive(Clone)]
pub(super) struct SharedFile(Arc<Inner>);

struct Inner {
    file: Mutex<File>,
    length: u64,
}

impl SharedFile {
    pub(super) fn new(file: File) -> io::Result<SharedFile> {
        let length = file.metadata()?.len();
        let file = Mutex::new(file);
        Ok(SharedFile(Arc::new(Inner { file, length })))
    }

    pub(super) fn length(&self) -> u64 {
        self.0.length
    }

    /// The bytes from `start` on, fewer at the end of the file.
    fn read_at(&self, start: u64, into: &mut [u8]) -> io::Result<usize> {
        let mut file = self.0.file.lock().unwrap_or_else(PoisonError::into_inner);
        file.seek(SeekFrom::Start(start))?;
        let mut done = 0;
        while let Some(rest) = into.get_mut(done..).filter(|rest| !rest.is_empty()) {
            match file.read(rest) {
                Ok(0) => break,
                Ok(count) => done += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(done)
    }

    /// Exactly `length` bytes from `start` on, which must lie within the file.
    pub(super) fn exactly(&self, start: u64, length: usize) -> io::Result<Vec<u8>> {
        let end = start.checked_add(length as u64);
        if end.is_none_or(|end| end > self.0.length) {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let mut bytes = vec![0; length];
        match self.read_at(start, &mut bytes)? {
            done if done == length => Ok(bytes),
            _ => Err(io::ErrorKind::UnexpectedEof.into()),
        }
    }
}

impl Length for SharedFile {
    fn len(&self) -> u64 {
        self.0.length
    }
}

impl ChunkReader for SharedFile {
    type T = BufReader<FromPlace>;

    fn get_read(&self, start: u64) -> Result<Self::T> {
        let input = self.clone();
        Ok(BufReader::with_capacity(
            512,
            FromPlace { input, at: start },
        ))
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes> {
        Ok(self.exactly(start, length)?.into())
    }
}

/// The file from one place on.
pub(super) struct FromPlace {
    input: SharedFile,
    at: u64,
}

impl Read for FromPlace {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.input.read_at(self.at, into)?;
        self.at += count as u64;
        Ok(count)
    }
}

/// The bytes that the open pages of one row group may still take. It only shrinks, so the result of reading a file does
/// not depend on which thread is faster.
#[derive(Clone)]
pub(super) struct Budget(Arc<AtomicUsize>);

impl Budget {
    pub(super) fn new(file: u64) -> Budget {
        let file = usize::try_from(file).unwrap_or(usize::MAX);
        let bytes = OPEN.saturating_add(file.saturating_mul(TIMES));
        Budget(Arc::new(AtomicUsize::new(bytes)))
    }

    fn take(&self, bytes: usize) -> Result<()> {
        let taken = self
            .0
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
                left.checked_sub(bytes)
            });
        taken.map(|_| ()).map_err(|_| {
            too_large(
                "the pages of a row group unpack to more than the file can be trusted with",
                format!("{} MiB, and {TIMES} times the file", OPEN >> 20),
                "more".into(),
            )
        })
    }
}

/// The number of levels that may be read until it is reset: it protects against an endless row of a list column.
pub(super) type Allowance = Arc<AtomicUsize>;

/// Whether the texts of a piece of a column may share prefixes, according to its metadata.
pub(super) fn shares_beginnings(chunk: &ColumnChunkMetaData) -> bool {
    chunk
        .encodings()
        .any(|encoding| encoding == Encoding::DELTA_BYTE_ARRAY)
}

/// The pages of a piece of a column, each checked before it is unpacked.
pub(super) struct CheckedPages {
    inner: SerializedPageReader<SharedFile>,
    input: SharedFile,
    /// The place of the next header, and the end of the piece.
    at: u64,
    end: u64,
    kind: Type,
    /// The number of bytes of a value of fixed length.
    type_length: usize,
    levels: (i16, i16),
    /// Whether texts may share prefixes, so that many long texts come from few bytes.
    shares: bool,
    codec: Compression,
    budget: Budget,
    largest: usize,
    allowance: Option<Allowance>,
}

impl CheckedPages {
    /// The pages of a piece that lies within the file.
    pub(super) fn open(
        input: &SharedFile,
        chunk: &ColumnChunkMetaData,
        rows: usize,
        budget: Budget,
        allowance: Option<Allowance>,
    ) -> Result<CheckedPages> {
        let (at, length) = chunk.byte_range();
        let column = chunk.column_descr();
        Ok(CheckedPages {
            inner: SerializedPageReader::new(Arc::new(input.clone()), chunk, rows, None)?,
            input: input.clone(),
            at,
            end: at.saturating_add(length).min(input.length()),
            kind: column.physical_type(),
            type_length: usize::try_from(column.type_length()).unwrap_or(0),
            levels: (column.max_rep_level(), column.max_def_level()),
            shares: shares_beginnings(chunk),
            codec: chunk.compression(),
            budget,
            largest: 0,
            allowance,
        })
    }

    /// Checks the header of the next page for the decoder.
    fn check_next(&mut self) -> Result<()> {
        while self.at < self.end {
            let header = self.header()?;
            let size = (header.length as u64).saturating_add(header.packed as u64);
            let left = self.end - self.at;
            if size > left {
                return Err(too_large(
                    "a page ends behind its column",
                    format!("at most {}", count_of(left, "byte")),
                    count_of(size, "byte"),
                ));
            }
            self.at += size;
            if header.kind == PageKind::Index {
                continue;
            }
            self.check_size(&header)?;
            return self.check_values(&header);
        }
        Ok(())
    }

    fn header(&self) -> Result<PageHeader> {
        let left = usize::try_from(self.end - self.at).unwrap_or(usize::MAX);
        let mut length = 256;
        loop {
            let bytes = self.input.exactly(self.at, length.min(left))?;
            match PageHeader::read(&bytes) {
                Some(header) => return Ok(header),
                None if length >= left.min(HEADER) => {
                    return Err(ParquetError::General(
                        "the header of a page makes no sense".into(),
                    ));
                }
                None => length *= 16,
            }
        }
    }

    fn check_size(&mut self, header: &PageHeader) -> Result<()> {
        let ratio = match self.codec {
            Compression::UNCOMPRESSED => 1,
            Compression::SNAPPY => 22,
            Compression::LZ4 | Compression::LZ4_RAW => 256,
            Compression::GZIP(_) => 1040,
            _ => 33_000,
        };
        let most = header.packed.saturating_mul(ratio).saturating_add(64);
        let most = most.min(PAGE.max(header.packed.saturating_mul(SHARE)));
        if header.unpacked > most {
            return Err(too_large(
                "a page promises more than its bytes can hold",
                format!("at most {}", count_of(most, "byte")),
                count_of(header.unpacked, "byte"),
            ));
        }
        let size = header.unpacked + header.packed;
        if header.kind == PageKind::Dictionary {
            self.budget.take(size)
        } else {
            let more = size.saturating_sub(self.largest);
            self.largest += more;
            self.budget.take(more)
        }
    }

    fn check_values(&mut self, header: &PageHeader) -> Result<()> {
        if header.kind == PageKind::Dictionary {
            let (bits, most) = match self.kind {
                Type::BOOLEAN => (1, usize::MAX),
                Type::INT32 | Type::FLOAT => (32, usize::MAX),
                Type::INT64 | Type::DOUBLE => (64, usize::MAX),
                Type::INT96 => (96, usize::MAX),
                Type::BYTE_ARRAY => (32, DICTIONARY.max(header.packed / 4)),
                Type::FIXED_LEN_BYTE_ARRAY => (
                    self.type_length.saturating_mul(8).max(1),
                    DICTIONARY.max(header.packed / 4),
                ),
            };
            let most = (header.unpacked.saturating_mul(8) / bits).min(most);
            if header.values > most {
                return Err(too_large(
                    "a dictionary promises more values than its bytes can hold",
                    format!("at most {most}"),
                    header.values.to_string(),
                ));
            }
            let is_bytes = matches!(self.kind, Type::BYTE_ARRAY | Type::FIXED_LEN_BYTE_ARRAY);
            return self
                .budget
                .take(if is_bytes { header.values * 32 } else { 0 });
        }
        let Some(allowance) = &self.allowance else {
            return Ok(());
        };
        if header.values > LEVELS {
            return Err(too_large(
                "a page of a list column holds too many values",
                format!("at most {}", count(LEVELS)),
                count(header.values),
            ));
        }
        let taken = allowance.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
            left.checked_sub(header.values)
        });
        taken.map(|_| ()).map_err(|_| {
            too_large(
                "a row of the list column is too long",
                format!("at most {LEVELS} values"),
                "more".into(),
            )
        })
    }

    /// Checks the counts inside a page.
    fn check_body(&self, page: &Page) -> Result<()> {
        let encoding = page.encoding();
        if !page.is_data_page() || !delta::is_of_bytes(encoding) {
            return Ok(());
        }
        if encoding == Encoding::DELTA_BYTE_ARRAY && !self.shares {
            return Err(ParquetError::General(
                "a page has another encoding than its column may have".into(),
            ));
        }
        let values = page.num_values() as usize;
        let body = match page {
            Page::DataPageV2 {
                buf,
                rep_levels_byte_len,
                def_levels_byte_len,
                ..
            } => {
                let levels = *rep_levels_byte_len as usize + *def_levels_byte_len as usize;
                buf.get(levels..)
            }
            Page::DataPage {
                buf,
                rep_level_encoding,
                def_level_encoding,
                ..
            } => behind_levels(buf, values, self.levels.0, *rep_level_encoding)
                .and_then(|rest| behind_levels(rest, values, self.levels.1, *def_level_encoding)),
            Page::DictionaryPage { .. } => None,
        };
        match body.and_then(|body| delta::check(encoding, body, values)) {
            Some(()) => Ok(()),
            None => Err(ParquetError::General(
                "the counts of a delta-encoded page cannot be true".into(),
            )),
        }
    }
}

/// The bytes after the levels of a page of version 1.
fn behind_levels(bytes: &[u8], values: usize, most: i16, encoding: Encoding) -> Option<&[u8]> {
    if most == 0 {
        return Some(bytes);
    }
    if encoding == Encoding::RLE {
        let (length, rest) = bytes.split_first_chunk()?;
        return rest.get(u32::from_le_bytes(*length) as usize..);
    }
    let bits = (i16::BITS - most.leading_zeros()) as usize;
    bytes.get(values.checked_mul(bits)?.div_ceil(8)..)
}

impl Iterator for CheckedPages {
    type Item = Result<Page>;

    fn next(&mut self) -> Option<Self::Item> {
        self.get_next_page().transpose()
    }
}

impl PageReader for CheckedPages {
    fn get_next_page(&mut self) -> Result<Option<Page>> {
        self.check_next()?;
        let page = self.inner.get_next_page()?;
        if let Some(page) = &page {
            self.check_body(page)?;
        }
        Ok(page)
    }

    fn peek_next_page(&mut self) -> Result<Option<PageMetadata>> {
        self.inner.peek_next_page()
    }

    fn skip_next_page(&mut self) -> Result<()> {
        // Pages are never skipped, because a skipped page would be checked against the header of another one.
        self.get_next_page().map(|_| ())
    }

    fn at_record_boundary(&mut self) -> Result<bool> {
        self.inner.at_record_boundary()
    }
}

fn too_large(what: &str, expected: String, found: String) -> ParquetError {
    let error = Error::new(ErrorKind::Format, what);
    ParquetError::External(Box::new(error.expected(expected).found(found)))
}
