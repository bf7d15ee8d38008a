//! IDX, the format of MNIST and its kin, raw or gzipped.
//!
//! A file is two zero bytes, a byte for the type of the elements, a byte for the number of
//! dimensions, the size of each dimension as a big-endian `u32`, and the elements, big-endian,
//! the last dimension fastest (<http://yann.lecun.com/exdb/mnist/>). A file is hostile until
//! read: memory grows with what the file really holds, never with what its header promises,
//! and reading stops at the first byte beyond what was promised.

use super::{Dataset, Source, Values};
use crate::{Error, ErrorKind, Result};
use flate2::bufread::MultiGzDecoder;
use ndarray::Array2;
use std::fs::{self, File};
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};

/// The first two bytes of a gzip file.
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// The bytes that are asked for first; after that, as many as came so far.
const FIRST_READ: usize = 1 << 16;

/// Opens a folder that has IDX files of images.
///
/// Files are told by their names: those of MNIST, `train-images-idx3-ubyte` and so on, with
/// other punctuation or a prefix. With images for training and for testing, both splits are
/// read; images of one split alone are the training rows, whatever they are called.
pub(super) fn open_folder(spec: &str) -> Result<Option<Source>> {
    let folder = Path::new(spec);
    if !folder.is_dir() {
        return Ok(None);
    }
    let files = Files::find(folder)?;
    match (&files.train_images, &files.test_images) {
        (None, None) => Ok(None),
        (Some(train), Some(test)) => {
            let train = dataset(train, files.train_labels.as_deref())?;
            let test = dataset(test, files.test_labels.as_deref())?;
            Source::new(train, Some(test)).map(Some)
        }
        (Some(images), None) => {
            Files::refuse_orphan(files.test_labels.as_deref())?;
            Source::new(dataset(images, files.train_labels.as_deref())?, None).map(Some)
        }
        (None, Some(images)) => {
            Files::refuse_orphan(files.train_labels.as_deref())?;
            Source::new(dataset(images, files.test_labels.as_deref())?, None).map(Some)
        }
    }
}

/// Opens a single IDX file of images; its rows are for training.
///
/// A file is taken for IDX if it begins as one does or is called one.
pub(super) fn open_file(spec: &str) -> Result<Option<Source>> {
    let path = Path::new(spec);
    if !path.is_file() {
        return Ok(None);
    }
    let named = path
        .file_name()
        .is_some_and(|name| names_idx(&name.to_string_lossy().to_lowercase()));
    if !named && !begins_as_idx(path)? {
        return Ok(None);
    }
    Source::new(dataset(path, None)?, None).map(Some)
}

/// Whether a name, in lower case, says that the file is IDX.
fn names_idx(name: &str) -> bool {
    name.contains("idx") || name.contains("ubyte")
}

/// Whether the content, unpacked, starts with the two zero bytes of IDX.
fn begins_as_idx(path: &Path) -> Result<bool> {
    let mut start = Vec::new();
    match unpacked(path)?.take(2).read_to_end(&mut start) {
        Ok(_) => Ok(start == [0, 0]),
        // Not gzip after all; that is for the next kind of source to judge.
        Err(error) if is_damage(&error) => Ok(false),
        Err(error) => Err(Error::io("cannot be read", path, error)),
    }
}

/// The IDX files of a folder, by what they hold.
#[derive(Default)]
struct Files {
    train_images: Option<PathBuf>,
    train_labels: Option<PathBuf>,
    test_images: Option<PathBuf>,
    test_labels: Option<PathBuf>,
}

impl Files {
    fn find(folder: &Path) -> Result<Self> {
        let unreadable = |error| Error::io("the folder cannot be read", folder, error);
        let mut paths = Vec::new();
        for entry in fs::read_dir(folder).map_err(unreadable)? {
            let path = entry.map_err(unreadable)?.path();
            if path.is_file() {
                paths.push(path);
            }
        }
        // In order of their names, so that a raw file comes before its gzipped copy and
        // messages are the same everywhere.
        paths.sort();

        let mut files = Files::default();
        for path in paths {
            let name = path
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .to_lowercase();
            let Some(place) = files.place_of(&name) else {
                continue;
            };
            match place {
                None => *place = Some(path),
                Some(first) if is_packed_copy(first, &path) => {}
                Some(first) => {
                    return Err(Error::new(ErrorKind::Data, "two files could be meant")
                        .at(folder.display())
                        .expected("one file of a sort")
                        .found(format!("{} and {}", first.display(), path.display()))
                        .hint("leave only one of them in the folder"));
                }
            }
        }
        Ok(files)
    }

    /// Where a file of this name, in lower case, belongs, if it is IDX by its name.
    fn place_of(&mut self, name: &str) -> Option<&mut Option<PathBuf>> {
        let name = name.strip_suffix(".gz").unwrap_or(name);
        let is = |what: &str| name.contains(what) && (names_idx(name) || name.ends_with(what));
        let test = name.contains("t10k") || name.contains("test");
        match (is("images"), is("labels"), test) {
            (true, false, false) => Some(&mut self.train_images),
            (true, false, true) => Some(&mut self.test_images),
            (false, true, false) => Some(&mut self.train_labels),
            (false, true, true) => Some(&mut self.test_labels),
            _ => None,
        }
    }

    /// Labels of a split that has no images are more likely a slip than meant.
    fn refuse_orphan(labels: Option<&Path>) -> Result<()> {
        match labels {
            None => Ok(()),
            Some(labels) => Err(
                Error::new(ErrorKind::Data, "there are labels without images")
                    .at(labels.display())
                    .expected("a file of images beside it")
                    .found("none")
                    .hint("add the images or take the labels away"),
            ),
        }
    }
}

/// Whether `second` is called as `first` is, with `.gz` after it.
fn is_packed_copy(first: &Path, second: &Path) -> bool {
    let mut name = first.as_os_str().to_owned();
    name.push(".gz");
    name == second.as_os_str()
}

/// Images and, perhaps, their labels.
fn dataset(images: &Path, labels: Option<&Path>) -> Result<Dataset> {
    let idx = Idx::read(images, Content::Images)?;
    let rows = idx.dimensions.first().copied().unwrap_or_default();
    let shape = match idx.dimensions.get(1..).unwrap_or_default() {
        &[height, width] => vec![1, height, width],
        shape => shape.to_vec(),
    };
    let labels = match labels {
        None => None,
        Some(path) => {
            let labels = Idx::read(path, Content::Labels)?
                .labels()
                .map_err(|error| error.at(path.display()))?;
            if labels.len() != rows {
                return Err(
                    Error::new(ErrorKind::Data, "the labels do not fit the images")
                        .at("byte 4")
                        .at(path.display())
                        .expected(format!(
                            "{rows} labels, one an image of {}",
                            images.display()
                        ))
                        .found(labels.len()),
                );
            }
            Some(labels)
        }
    };
    let inputs = shape.iter().product();
    Dataset::new(
        images.display().to_string(),
        idx.into_values(rows, inputs)?,
        shape,
        labels,
    )
}

/// What a file is read as.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Content {
    Images,
    Labels,
}

/// The type of an element.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Element {
    U8,
    I8,
    I16,
    I32,
    F32,
    F64,
}

impl Element {
    fn from_code(code: u8) -> Option<Self> {
        match code {
            0x08 => Some(Element::U8),
            0x09 => Some(Element::I8),
            0x0b => Some(Element::I16),
            0x0c => Some(Element::I32),
            0x0d => Some(Element::F32),
            0x0e => Some(Element::F64),
            _ => None,
        }
    }

    fn bytes(self) -> usize {
        match self {
            Element::U8 | Element::I8 => 1,
            Element::I16 => 2,
            Element::I32 | Element::F32 => 4,
            Element::F64 => 8,
        }
    }
}

/// An IDX file as read: as many bytes as the dimensions and the element ask for.
#[derive(Debug)]
struct Idx {
    element: Element,
    dimensions: Vec<usize>,
    bytes: Vec<u8>,
}

impl Idx {
    fn read(path: &Path, content: Content) -> Result<Self> {
        Idx::parse(unpacked(path)?, content).map_err(|error| error.at(path.display()))
    }

    /// Reads a whole file; byte offsets in errors are those of the unpacked content.
    fn parse(mut reader: impl Read, content: Content) -> Result<Self> {
        let (element, dimensions) = read_header(&mut reader, content)?;
        let header = 4 + 4 * dimensions.len();
        let promised = dimensions
            .iter()
            .try_fold(element.bytes(), |product, &size| product.checked_mul(size))
            .filter(|bytes| bytes.checked_add(header).is_some())
            .ok_or_else(|| {
                at_byte(4, "the sizes promise more than any file can hold")
                    .expected("sizes whose product is a length in bytes")
                    .found(format!("{dimensions:?}"))
            })?;

        let mut bytes = Vec::new();
        read_growing(&mut reader, &mut bytes, promised)
            .map_err(|error| unreadable(header + bytes.len(), error))?;
        let end = header + bytes.len();
        if bytes.len() < promised {
            return Err(at_byte(end, "the file ends too soon")
                .expected(format!(
                    "{promised} bytes after the header, for {dimensions:?}"
                ))
                .found(format!("{} bytes", bytes.len())));
        }
        let mut more = Vec::new();
        reader
            .take(1)
            .read_to_end(&mut more)
            .map_err(|error| unreadable(end, error))?;
        if !more.is_empty() {
            return Err(at_byte(end, "the file goes on after its content")
                .expected(format!("the end of the file, for {dimensions:?}"))
                .found("more bytes"));
        }
        Ok(Idx {
            element,
            dimensions,
            bytes,
        })
    }

    fn into_values(self, rows: usize, inputs: usize) -> Result<Values> {
        let wrong = |error| {
            Error::new(ErrorKind::Format, "the content has another length").caused_by(error)
        };
        let floats = match self.element {
            Element::U8 => {
                let values = Array2::from_shape_vec((rows, inputs), self.bytes).map_err(wrong)?;
                return Ok(Values::U8(values));
            }
            Element::I8 => convert(&self.bytes, |byte| f32::from(i8::from_be_bytes(byte))),
            Element::I16 => convert(&self.bytes, |bytes| f32::from(i16::from_be_bytes(bytes))),
            // The two wide types are rounded to the nearest `f32`.
            Element::I32 => convert(&self.bytes, |bytes| i32::from_be_bytes(bytes) as f32),
            Element::F32 => convert(&self.bytes, f32::from_be_bytes),
            Element::F64 => convert(&self.bytes, |bytes| f64::from_be_bytes(bytes) as f32),
        };
        Ok(Values::F32(
            Array2::from_shape_vec((rows, inputs), floats).map_err(wrong)?,
        ))
    }

    fn labels(&self) -> Result<Vec<i64>> {
        match self.element {
            Element::U8 => Ok(self.bytes.iter().copied().map(i64::from).collect()),
            Element::I8 => Ok(convert(&self.bytes, |byte| {
                i64::from(i8::from_be_bytes(byte))
            })),
            Element::I16 => Ok(convert(&self.bytes, |bytes| {
                i64::from(i16::from_be_bytes(bytes))
            })),
            Element::I32 => Ok(convert(&self.bytes, |bytes| {
                i64::from(i32::from_be_bytes(bytes))
            })),
            Element::F32 | Element::F64 => Err(at_byte(2, "these are not labels")
                .expected("integers")
                .found("floating-point numbers")),
        }
    }
}

/// The element and the sizes, all of them at least 1, if they suit the content.
fn read_header(reader: &mut impl Read, content: Content) -> Result<(Element, Vec<usize>)> {
    let [zero, zero_too, code, rank] = read_four(reader, 0)?;
    if [zero, zero_too] != [0, 0] {
        return Err(at_byte(0, "this is not an IDX file")
            .expected("the bytes [00, 00] and the type of the elements")
            .found(format!("{:02x?}", [zero, zero_too, code, rank])));
    }
    let element = Element::from_code(code).ok_or_else(|| {
        at_byte(2, "the elements are of an unknown type")
            .expected("08 (u8), 09 (i8), 0b (i16), 0c (i32), 0d (f32) or 0e (f64)")
            .found(format!("{code:02x}"))
    })?;
    match content {
        Content::Images if !(2..=4).contains(&rank) => {
            let error = at_byte(3, "these are not images")
                .expected("2, 3 or 4 dimensions")
                .found(rank);
            return Err(if rank == 1 {
                error.hint("it looks like a file of labels")
            } else {
                error
            });
        }
        Content::Labels if rank != 1 => {
            return Err(at_byte(3, "these are not labels")
                .expected("1 dimension")
                .found(rank));
        }
        Content::Images | Content::Labels => {}
    }
    let mut dimensions = Vec::new();
    for index in 0..usize::from(rank) {
        let offset = 4 + 4 * index;
        let size = u32::from_be_bytes(read_four(reader, offset)?);
        if size == 0 {
            let what = match (content, index) {
                (Content::Images, 0) => "there are no images",
                (Content::Images, _) => "the images have no pixels",
                (Content::Labels, _) => "there are no labels",
            };
            return Err(at_byte(offset, what)
                .expected("a size of at least 1")
                .found(0));
        }
        dimensions.push(usize::try_from(size).map_err(|_| {
            at_byte(offset, "the size is more than this machine can address").found(size)
        })?);
    }
    Ok((element, dimensions))
}

/// The next four bytes of the header.
fn read_four(reader: &mut impl Read, offset: usize) -> Result<[u8; 4]> {
    let mut bytes = Vec::new();
    reader
        .take(4)
        .read_to_end(&mut bytes)
        .map_err(|error| unreadable(offset, error))?;
    <[u8; 4]>::try_from(bytes).map_err(|bytes| {
        at_byte(offset + bytes.len(), "the file ends within its header")
            .expected("4 bytes")
            .found(format!("{} bytes", bytes.len()))
    })
}

/// Reads what is promised, or less if the reader ends before; the space taken is at most
/// twice what came, and exactly what was promised if all of it came.
fn read_growing(reader: &mut impl Read, bytes: &mut Vec<u8>, promised: usize) -> io::Result<()> {
    while bytes.len() < promised {
        let ask = (promised - bytes.len()).min(bytes.len().max(FIRST_READ));
        bytes
            .try_reserve_exact(ask)
            .map_err(|_| io::ErrorKind::OutOfMemory)?;
        if reader.by_ref().take(ask as u64).read_to_end(bytes)? < ask {
            break;
        }
    }
    Ok(())
}

/// One value for every `N` bytes.
fn convert<const N: usize, T>(bytes: &[u8], value: impl Fn([u8; N]) -> T) -> Vec<T> {
    bytes
        .as_chunks()
        .0
        .iter()
        .map(|&chunk| value(chunk))
        .collect()
}

/// The content of a file, unpacked if it begins as gzip does, whatever its name.
fn unpacked(path: &Path) -> Result<Box<dyn Read>> {
    let cannot = |error| Error::io("cannot be read", path, error);
    let file = File::open(path).map_err(cannot)?;
    let mut reader = BufReader::new(file);
    let mut start = Vec::new();
    reader
        .by_ref()
        .take(GZIP.len() as u64)
        .read_to_end(&mut start)
        .map_err(cannot)?;
    let gzipped = start == GZIP;
    let whole = io::Cursor::new(start).chain(reader);
    Ok(if gzipped {
        Box::new(MultiGzDecoder::new(whole))
    } else {
        Box::new(whole)
    })
}

/// Whether the content is damaged, rather than the operating system at a loss.
fn is_damage(error: &io::Error) -> bool {
    use io::ErrorKind::{InvalidData, InvalidInput, UnexpectedEof};
    matches!(error.kind(), InvalidData | InvalidInput | UnexpectedEof)
}

/// An error while reading on from a byte of the content.
fn unreadable(offset: usize, error: io::Error) -> Error {
    if is_damage(&error) {
        at_byte(offset, "the gzip data are damaged or cut off").caused_by(error)
    } else {
        Error::new(ErrorKind::Io, "cannot be read")
            .at(format!("byte {offset}"))
            .caused_by(error)
    }
}

fn at_byte(offset: usize, what: &str) -> Error {
    Error::new(ErrorKind::Format, what).at(format!("byte {offset}"))
}

#[cfg(test)]
mod tests;
