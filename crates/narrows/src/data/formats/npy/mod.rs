//! NumPy's `.npy` and `.npz`.
//!
//! The numbers of an `.npy` lie in the file as they would in memory, so a large one stays there.

pub(in crate::data) mod write;

use crate::data::builder::read_rows;
use crate::data::element::{Element, Kind};
use crate::data::records::{IN_MEMORY, Records, RowType};
use crate::data::source::at_source;
use crate::data::{Dataset, ReadOptions, Source, Values};
use crate::settings::suggest;
use crate::{Error, ErrorKind, Result};
use ndarray::{Array2, IxDyn, ShapeBuilder};
use std::fs::File;
use std::io::Read;
use std::path::Path;
use zip::ZipArchive;
use zip::result::ZipError;

/// The longest header that is read; NumPy's own limit is 10,000 characters.
const MAX_HEADER: usize = 1 << 16;

/// The most bytes of labels, which are held in memory.
const MAX_LABELS: u64 = 2 << 30;

/// What the header of an array says.
struct Header {
    element: Element,
    shape: Vec<usize>,
    is_fortran: bool,
    /// The length of the header in bytes.
    len: u64,
}

/// Opens a file whose name ends in `.npy`.
pub(in crate::data) fn open_npy(spec: &str, options: &ReadOptions) -> Result<Option<Source>> {
    let path = Path::new(spec);
    if !spec.to_lowercase().ends_with(".npy") || !path.is_file() {
        return Ok(None);
    }
    options.refuse_all(spec, "an NPY file")?;
    let data = read_npy(path, spec).map_err(|error| at_source(error, spec))?;
    Source::new(data, None).map(Some)
}

fn read_npy(path: &Path, spec: &str) -> Result<Dataset> {
    let unreadable = |error| Error::new(ErrorKind::Io, "cannot be read").caused_by(error);
    let mut file = File::open(path).map_err(unreadable)?;
    let len = file.metadata().map_err(unreadable)?.len();
    let header = Header::read(&mut file)?;
    let (rows, inputs, shape) = header.rows()?;
    let size = header.bytes()?;
    if len != header.len + size {
        let what = if len < header.len + size {
            "the file ends too soon"
        } else {
            "the file goes on after its array"
        };
        return Err(Error::new(ErrorKind::Format, what)
            .expected(format!(
                "{size} bytes after the header, for {:?} {}",
                header.shape, header.element
            ))
            .found(format!("{} bytes", len - header.len)));
    }
    if header.is_fortran {
        if size > IN_MEMORY {
            return Err(Error::new(
                ErrorKind::Data,
                "the array is large and stored column by column (Fortran order)",
            )
            .expected("rows one after the other (C order)")
            .hint("save it again with numpy.ascontiguousarray"));
        }
        let values = header.fortran_values(&mut file, rows, inputs)?;
        return Dataset::stored_as(header.element, spec, values, shape, None);
    }
    let row = RowType::all(header.element, inputs);
    let stored = Records::in_file(file, path, header.len, row.clone(), rows);
    if size > IN_MEMORY {
        return Dataset::new(spec, Values::Records(stored), shape, None);
    }
    let bytes = stored.read_bytes(0..rows)?;
    let values = match header.element.kind {
        Kind::U8 => Values::U8(array(bytes, rows, inputs)?),
        _ => Values::Records(Records::in_memory(bytes, row)),
    };
    Dataset::stored_as(header.element, spec, values, shape, None)
}

fn array<T>(values: Vec<T>, rows: usize, inputs: usize) -> Result<Array2<T>> {
    Array2::from_shape_vec((rows, inputs), values).map_err(|error| {
        Error::new(ErrorKind::Format, "the array does not fit its shape").caused_by(error)
    })
}

impl Header {
    fn read(reader: &mut impl Read) -> Result<Self> {
        let format = |what: &str| Error::new(ErrorKind::Format, what);
        let cut = |_| format("the file ends within its header");
        let mut bytes = Vec::new();
        reader
            .by_ref()
            .take(10)
            .read_to_end(&mut bytes)
            .map_err(cut)?;
        let magic = b"\x93NUMPY";
        let start = bytes.get(..magic.len()).unwrap_or(&bytes);
        if !magic.starts_with(start) {
            return Err(format("this is no NPY file")
                .at("byte 0")
                .expected(format!("the bytes {magic:02x?}"))
                .found(format!("{start:02x?}")));
        }
        if bytes.len() < 10 {
            return Err(format("the file ends within its header"));
        }
        let len = if bytes[6] == 1 {
            usize::from(u16::from_le_bytes([bytes[8], bytes[9]]))
        } else {
            bytes.extend([0; 2]);
            reader.read_exact(&mut bytes[10..]).map_err(cut)?;
            u32::from_le_bytes([bytes[8], bytes[9], bytes[10], bytes[11]]) as usize
        };
        if len > MAX_HEADER {
            return Err(format("the header is too long")
                .at("byte 8")
                .expected(format!("at most {MAX_HEADER} bytes"))
                .found(len));
        }
        let start = bytes.len();
        bytes.resize(start + len, 0);
        reader.read_exact(&mut bytes[start..]).map_err(cut)?;
        let text = bytes.get(start..).unwrap_or_default();
        let (descr, is_fortran, shape) = std::str::from_utf8(text)
            .ok()
            .and_then(entries)
            .ok_or_else(|| {
                format("the header cannot be read")
                    .at("byte 10")
                    .expected("a dictionary of descr, fortran_order and shape")
                    .found(String::from_utf8_lossy(text).trim_end())
            })?;
        let (order, kind) = descr.split_at_checked(1).unwrap_or_default();
        let kind = match kind {
            "b1" => Kind::Bool,
            "u1" => Kind::U8,
            "i1" => Kind::I8,
            "u2" => Kind::U16,
            "i2" => Kind::I16,
            "u4" => Kind::U32,
            "i4" => Kind::I32,
            "u8" => Kind::U64,
            "i8" => Kind::I64,
            "f4" => Kind::F32,
            "f8" => Kind::F64,
            _ => {
                return Err(
                    Error::new(ErrorKind::Data, "the array has a type that is not read")
                        .expected("integers of 8 to 64 bits, float32, float64 or booleans")
                        .found(descr)
                        .hint("convert it with numpy.ndarray.astype(\"float32\")"),
                );
            }
        };
        Ok(Header {
            element: Element {
                kind,
                is_big_endian: order == ">",
            },
            shape,
            is_fortran,
            len: bytes.len() as u64,
        })
    }

    /// The number of rows, the values of a row, and their shape.
    fn rows(&self) -> Result<(usize, usize, Vec<usize>)> {
        let wrong = |expected: &str| {
            Err(Error::new(ErrorKind::Data, "the array does not hold rows")
                .expected(expected)
                .found(format!("shape {:?}", self.shape)))
        };
        let (rows, shape) = match *self.shape {
            [rows, columns] => (rows, vec![columns]),
            [rows, height, width] => (rows, vec![1, height, width]),
            [rows, channels, height, width] => (rows, vec![channels, height, width]),
            _ => {
                return wrong(
                    "2 dimensions [rows, columns], 3 [rows, height, width] or 4 [rows, channels, \
                     height, width]",
                );
            }
        };
        if self.shape.contains(&0) {
            return wrong("sizes of at least 1");
        }
        if u32::try_from(rows).is_err() {
            return wrong("fewer than 2^32 rows");
        }
        self.bytes()?;
        Ok((rows, shape.iter().product(), shape))
    }

    /// Whether it may hold labels.
    fn is_a_value_a_row(&self) -> bool {
        matches!(self.shape[..], [_] | [_, 1])
    }

    /// The bytes of the whole array.
    fn bytes(&self) -> Result<u64> {
        let product = self
            .shape
            .iter()
            .try_fold(self.element.size() as u64, |product, &size| {
                product.checked_mul(size as u64)
            });
        product
            .filter(|&bytes| bytes < u64::MAX / 2)
            .ok_or_else(|| {
                Error::new(
                    ErrorKind::Format,
                    "the shape promises more than any file can hold",
                )
                .found(format!("{:?}", self.shape))
            })
    }

    /// Values that are stored column by column.
    fn fortran_values(&self, reader: &mut impl Read, rows: usize, inputs: usize) -> Result<Values> {
        let mut bytes = Vec::new();
        let size = self.bytes()?;
        reader
            .take(size)
            .read_to_end(&mut bytes)
            .map_err(|error| Error::new(ErrorKind::Io, "cannot be read").caused_by(error))?;
        let mut floats = vec![0.0; rows * inputs];
        self.element.to_f32(&bytes, &mut floats);
        let shape = IxDyn(&self.shape).f();
        let values = ndarray::ArrayD::from_shape_vec(shape, floats).map_err(|error| {
            Error::new(ErrorKind::Format, "the array does not fit its shape").caused_by(error)
        })?;
        let floats: Vec<f32> = values.iter().copied().collect();
        if self.element.kind == Kind::U8 {
            let bytes = floats.into_iter().map(|value| value as u8).collect();
            return Ok(Values::U8(array(bytes, rows, inputs)?));
        }
        Ok(Values::F32(array(floats, rows, inputs)?))
    }
}

/// What a header says: type, whether column by column, shape. It is a dictionary of Python, of which NumPy
/// writes these three entries only.
fn entries(text: &str) -> Option<(&str, bool, Vec<usize>)> {
    let value = |key: &str| {
        let quoted = [format!("'{key}'"), format!("\"{key}\"")];
        let at = quoted
            .iter()
            .find_map(|key| Some(text.find(key)? + key.len()))?;
        text.get(at..)?
            .trim_start()
            .strip_prefix(':')
            .map(str::trim_start)
    };
    let descr = value("descr")?;
    let descr = match descr.chars().next()? {
        quote @ ('\'' | '"') => descr.get(1..)?.split(quote).next()?,
        // A list: several fields a value.
        _ => descr.split(']').next()?,
    };
    let is_fortran = value("fortran_order")?.starts_with("True");
    let shape = value("shape")?.strip_prefix('(')?.split(')').next()?;
    let sizes = shape
        .split(',')
        .map(str::trim)
        .filter(|size| !size.is_empty());
    let shape = sizes.map(|size| size.parse().ok()).collect::<Option<_>>()?;
    Some((descr, is_fortran, shape))
}

/// Opens a file whose name ends in `.npz`.
pub(in crate::data) fn open_npz(spec: &str, options: &ReadOptions) -> Result<Option<Source>> {
    let path = Path::new(spec);
    if !spec.to_lowercase().ends_with(".npz") || !path.is_file() {
        return Ok(None);
    }
    options.refuse_table(spec, "an NPZ file")?;
    options.refuse_images(spec, "an NPZ file")?;
    read_npz(path, spec, options)
        .map_err(|error| at_source(error, spec))
        .map(Some)
}

type Archive = ZipArchive<File>;

fn read_npz(path: &Path, spec: &str, options: &ReadOptions) -> Result<Source> {
    let file = File::open(path)
        .map_err(|error| Error::new(ErrorKind::Io, "cannot be read").caused_by(error))?;
    let mut archive = ZipArchive::new(file).map_err(damaged)?;
    let mut names: Vec<String> = archive
        .file_names()
        .filter_map(|name| name.ok()?.strip_suffix(".npy").map(String::from))
        .collect();
    names.sort();
    let mut arrays = Vec::new();
    for name in names {
        let header = Header::read(&mut entry(&mut archive, &name)?)
            .map_err(|error| error.at(format!("array `{name}`")))?;
        arrays.push((name, header));
    }
    let label_of = |suffix: &str| label_of(&arrays, options, suffix);
    let mut read = |name: &str, label: Option<&str>, part: &str| -> Result<Dataset> {
        let mut data = read_entry(&mut archive, name, format!("{spec}{part}"))?;
        let Some(label) = label else {
            return Ok(data);
        };
        let header = arrays.iter().find(|(name, _)| name == label);
        let is_integer = header.is_some_and(|(_, header)| header.element.is_integer());
        match read_labels(&mut archive, label, data.rows()) {
            Ok(labels) => data.with_labels(labels),
            // Floats that are only called as labels are may be something else.
            Err(error)
                if error.kind() == ErrorKind::Data && options.label.is_none() && !is_integer =>
            {
                data.notes.push(format!("not taken for labels: {error}"));
                Ok(data)
            }
            Err(error) => Err(error),
        }
    };
    let rows = |label: Option<&str>| -> Vec<&str> {
        let rows = arrays.iter().filter(|(_, header)| header.shape.len() >= 2);
        let rows = rows.map(|(name, _)| name.as_str());
        rows.filter(|&name| Some(name) != label).collect()
    };
    let parts = rows(None);
    if parts.contains(&"x_train") && parts.contains(&"x_test") {
        let train = read("x_train", label_of("_train")?, ", x_train")?;
        let test = read("x_test", label_of("_test")?, ", x_test")?;
        return Source::new(train, Some(test));
    }
    // An array of one column may be the rows themselves, whatever it is called.
    let label = label_of("")?.filter(|&label| !rows(Some(label)).is_empty());
    match &rows(label)[..] {
        [only] => Source::new(read(only, label, "")?, None),
        [] => Err(Error::new(ErrorKind::Data, "there is no array of rows")
            .expected("an array of 2 to 4 dimensions")
            .found(listed(&arrays))),
        _ => Err(Error::new(ErrorKind::Data, "several arrays could be meant")
            .expected("one array of 2 to 4 dimensions, or x_train and x_test")
            .found(listed(&arrays))
            .hint("save the one to read as .npy")),
    }
}

/// The arrays with their types and shapes.
fn listed(arrays: &[(String, Header)]) -> String {
    let array = |(name, header): &(String, Header)| {
        format!("`{name}` of {:?} {}", header.shape, header.element)
    };
    match arrays {
        [] => "no arrays".into(),
        arrays => arrays.iter().map(array).collect::<Vec<_>>().join(", "),
    }
}

/// The array that has the labels: what the options name, else one that is called as such are.
fn label_of<'a>(
    arrays: &'a [(String, Header)],
    options: &ReadOptions,
    suffix: &str,
) -> Result<Option<&'a str>> {
    let find = |wanted: &str| arrays.iter().find(|(name, _)| name == wanted);
    let Some(name) = &options.label else {
        let usual = ["y", "labels", "label"].map(|name| format!("{name}{suffix}"));
        let mut found = usual.iter().filter_map(|name| find(name));
        let found = found.find(|(_, header)| header.is_a_value_a_row());
        return Ok(found.map(|(name, _)| name.as_str()));
    };
    match find(&format!("{name}{suffix}")).or_else(|| find(name)) {
        Some((name, header)) if header.is_a_value_a_row() => Ok(Some(name)),
        Some((name, header)) => Err(Error::new(ErrorKind::Data, "these are not labels")
            .at(format!("array `{name}`"))
            .expected("one number a row, of shape [rows] or [rows, 1]")
            .found(format!("{:?} {}", header.shape, header.element))),
        None => {
            let known: Vec<&str> = arrays.iter().map(|(name, _)| name.as_str()).collect();
            let what = format!("there is no array `{name}` of labels");
            Err(suggest(Error::new(ErrorKind::Data, what), name, &known))
        }
    }
}

fn entry<'a>(archive: &'a mut Archive, name: &str) -> Result<impl Read + use<'a>> {
    archive.by_name(&format!("{name}.npy")).map_err(damaged)
}

/// The labels of so many rows.
fn read_labels(archive: &mut Archive, name: &str, rows: usize) -> Result<Vec<i64>> {
    let place = format!("array `{name}`");
    let mut reader = entry(archive, name)?;
    let read = |reader: &mut dyn Read| -> Result<Vec<i64>> {
        let mut reader = reader;
        let header = Header::read(&mut reader)?;
        if header.shape != [rows] && header.shape != [rows, 1] {
            return Err(
                Error::new(ErrorKind::Data, "the labels do not fit the rows")
                    .expected(format!("{rows} labels, one a row"))
                    .found(header.shape.iter().product::<usize>()),
            );
        }
        let size = header.bytes()?;
        if size > MAX_LABELS {
            return Err(Error::new(ErrorKind::Data, "there are too many labels")
                .expected(format!("at most {MAX_LABELS} bytes"))
                .found(size));
        }
        let mut bytes = Vec::new();
        reader.take(size).read_to_end(&mut bytes).map_err(cut)?;
        if bytes.len() as u64 != size {
            return Err(Error::new(ErrorKind::Format, "the array ends too soon")
                .expected(format!("{size} bytes"))
                .found(bytes.len()));
        }
        header.element.to_labels(&bytes)
    };
    read(&mut reader).map_err(|error| error.at(place))
}

fn read_entry(archive: &mut Archive, name: &str, called: String) -> Result<Dataset> {
    let place = format!("array `{name}`");
    let mut reader = entry(archive, name)?;
    let header = Header::read(&mut reader).map_err(|error| error.at(&place))?;
    let (rows, inputs, shape) = header.rows().map_err(|error| error.at(&place))?;
    let values = if header.is_fortran {
        if header.bytes()? > IN_MEMORY {
            return Err(Error::new(
                ErrorKind::Data,
                "the array is large and stored column by column (Fortran order)",
            )
            .at(place)
            .hint("save it again with numpy.ascontiguousarray"));
        }
        header.fortran_values(&mut reader, rows, inputs)
    } else {
        let failed = |bytes: usize, cause: Option<std::io::Error>| match cause {
            Some(error) => cut(error),
            None => Error::new(ErrorKind::Format, "the array ends too soon")
                .expected(format!("{rows} rows"))
                .found(bytes / (inputs * header.element.size())),
        };
        read_rows(
            &mut reader,
            header.element,
            (rows, inputs),
            IN_MEMORY,
            failed,
        )
    };
    Dataset::stored_as(
        header.element,
        called,
        values.map_err(|error| error.at(place))?,
        shape,
        None,
    )
}

fn cut(error: std::io::Error) -> Error {
    Error::new(ErrorKind::Format, "the array is damaged or cut off").caused_by(error)
}

fn damaged(error: ZipError) -> Error {
    Error::new(
        ErrorKind::Format,
        "the NPZ file is damaged, cut off or no ZIP archive",
    )
    .caused_by(error)
}
