//! Sources that can be read only once, from beginning to end: standard input and pipes. They are copied into a
//! temporary file, because readers first inspect the beginning of a file, and some read it twice.

use super::dataset::Dataset;
use super::source::Source;
use crate::{Error, ErrorKind, Result};
use std::fs::{self, File};
use std::io::{self, IsTerminal, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use tempfile::TempPath;

/// The word for standard input.
const STANDARD_INPUT: &str = "-";

/// Its name in messages.
const CALLED: &str = "standard input";

/// The number of bytes that are copied at a time.
const AT_ONCE: usize = 1 << 18;

/// Whether standard input was read already.
static IS_READ: AtomicBool = AtomicBool::new(false);

/// Words for sources; standard input and pipes are replaced by the name of a file with their content.
pub(super) struct Spooled {
    pub(super) specs: Vec<String>,
    files: Vec<Spool>,
}

/// The content of a stream in a file, which exists as long as this value.
struct Spool {
    path: String,
    /// Its name in messages.
    called: String,
    _file: Option<File>,
    _name: Option<TempPath>,
}

impl Source {
    /// Whether a word names standard input or a part of it: `-`, `-:train`.
    pub fn is_standard_input(spec: &str) -> bool {
        let part = spec.strip_prefix(STANDARD_INPUT);
        part.is_some_and(|part| part.is_empty() || part.starts_with(':'))
    }

    /// Whether a word names a stream that can be read only once: standard input, a named pipe, or a pipe that a shell
    /// opens for a command, such as `<(…)`.
    pub fn is_stream(spec: &str) -> bool {
        let is_of_process = |path: &str| path.starts_with("/proc/") || path.starts_with("/dev/fd/");
        Source::is_standard_input(spec)
            || is_of_process(spec)
            || is_pipe(Path::new(Source::parts_of(spec).0))
    }
}

impl Spooled {
    /// Copies the streams among the words; `None` if there are none.
    pub(super) fn of(specs: &[&str]) -> Result<Option<Self>> {
        let mut spooled = Spooled {
            specs: Vec::new(),
            files: Vec::new(),
        };
        for &spec in specs {
            let (name, part) = if Source::is_standard_input(spec) {
                spec.split_at(STANDARD_INPUT.len())
            } else {
                Source::parts_of(spec)
            };
            let spool = match name {
                STANDARD_INPUT => Some(standard_input()?),
                name if is_pipe(Path::new(name)) => Some(pipe(name)?),
                _ => None,
            };
            spooled.specs.push(match &spool {
                Some(spool) => format!("{}{part}", spool.path),
                None => spec.to_string(),
            });
            spooled.files.extend(spool);
        }
        Ok((!spooled.files.is_empty()).then_some(spooled))
    }

    /// Copies a reader to its end.
    pub(super) fn of_reader(mut reader: impl Read) -> Result<Self> {
        let spool = spool(&mut reader, "the reader")?;
        Ok(Spooled {
            specs: vec![spool.path.clone()],
            files: vec![spool],
        })
    }

    /// A text with the original names in place of the temporary files.
    pub(super) fn text(&self, text: &str) -> String {
        let name = |text: String, file: &Spool| text.replace(&file.path, &file.called);
        self.files.iter().fold(text.to_string(), name)
    }

    /// The same for an error.
    pub(super) fn error(&self, error: Error) -> Error {
        error.map_text(|text| self.text(text))
    }

    /// The same for a source that was read.
    pub(super) fn source(&self, source: Source) -> Source {
        Source {
            train: self.data(source.train),
            test: source.test.map(|test| self.data(test)),
        }
    }

    fn data(&self, mut data: Dataset) -> Dataset {
        data.name = self.text(&data.name);
        data.notes = data.notes.iter().map(|note| self.text(note)).collect();
        // An image has the name of its file.
        let is_images = data.is_folder_of_images();
        for ids in data.ids.iter_mut().filter(|_| is_images) {
            for file in &self.files {
                let own = Path::new(&file.path).file_name().unwrap_or_default();
                let own = own.to_string_lossy();
                for value in &mut ids.values {
                    if let Some(page) = value.strip_prefix(&*own) {
                        *value = format!("{}{page}", file.called);
                    }
                }
            }
        }
        data
    }
}

/// The file behind standard input, if the system provides it.
#[cfg(unix)]
fn own_input() -> Option<File> {
    use std::os::fd::AsFd;
    let descriptor = io::stdin().as_fd().try_clone_to_owned();
    descriptor.ok().map(File::from)
}

#[cfg(not(unix))]
fn own_input() -> Option<File> {
    None
}

fn standard_input() -> Result<Spool> {
    let refuse = |what: &str| Error::new(ErrorKind::Data, what).at(CALLED);
    if IS_READ.swap(true, Ordering::SeqCst) {
        return Err(refuse("standard input can be read only once")
            .hint("write it to a file first and use the file"));
    }
    if io::stdin().is_terminal() {
        return Err(refuse("standard input is a terminal").expected(
            "a pipe or a file, as in `cat rows.csv | narrows …` or `narrows … < rows.csv`",
        ));
    }
    let Some(mut input) = own_input() else {
        return spool(&mut io::stdin().lock(), CALLED);
    };
    // A regular file that the shell opened at its beginning is read in place.
    let path = "/dev/stdin";
    let is_whole = || {
        let is_file = input.metadata().is_ok_and(|of| of.is_file());
        is_file
            && Path::new(path).is_file()
            && io::Seek::stream_position(&mut &input).ok() == Some(0)
    };
    if is_whole() {
        return Ok(Spool {
            path: path.into(),
            called: CALLED.into(),
            _file: None,
            _name: None,
        });
    }
    if is_endless(&input) {
        return Err(refuse("standard input is a device").expected("a pipe or a file"));
    }
    spool(&mut input, CALLED)
}

#[cfg(unix)]
fn is_pipe(path: &Path) -> bool {
    use std::os::unix::fs::FileTypeExt;
    fs::metadata(path).is_ok_and(|of| of.file_type().is_fifo())
}

#[cfg(not(unix))]
fn is_pipe(_: &Path) -> bool {
    false
}

/// Whether a file may be endless, such as `/dev/zero`.
#[cfg(unix)]
fn is_endless(file: &File) -> bool {
    use std::os::unix::fs::FileTypeExt;
    file.metadata().is_ok_and(|of| {
        let kind = of.file_type();
        kind.is_char_device() || kind.is_block_device()
    })
}

#[cfg(not(unix))]
fn is_endless(_: &File) -> bool {
    false
}

fn pipe(name: &str) -> Result<Spool> {
    let path = Path::new(name);
    let mut file = File::open(path).map_err(|error| Error::io("cannot be read", path, error))?;
    spool(&mut file, name)
}

/// Copies a stream to its end.
fn spool(from: &mut impl Read, called: &str) -> Result<Spool> {
    let refused = |error| {
        let what = "cannot copy the stream into a temporary file";
        Error::io(what, &std::env::temp_dir(), error)
            .at(called)
            .hint("free some space there, or set TMPDIR to another folder")
    };
    let (mut file, name) = tempfile::NamedTempFile::new()
        .map_err(refused)?
        .into_parts();
    // Without a name, no file remains if the command is killed.
    let (path, name) = match nameless(&file) {
        Some(path) => {
            name.close().map_err(refused)?;
            (path, None)
        }
        None => (name.to_path_buf(), Some(name)),
    };
    let mut buffer = vec![0; AT_ONCE];
    loop {
        match from.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => file.write_all(&buffer[..count]).map_err(refused)?,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(Error::io("cannot be read", Path::new(called), error)),
        }
    }
    Ok(Spool {
        path: path.to_string_lossy().into_owned(),
        called: called.to_string(),
        _file: Some(file),
        _name: name,
    })
}

/// A path to an open file that stays valid after its name is removed, if the system has such paths.
#[cfg(target_os = "linux")]
fn nameless(file: &File) -> Option<PathBuf> {
    use std::os::fd::AsRawFd;
    let path = PathBuf::from(format!("/proc/self/fd/{}", file.as_raw_fd()));
    path.is_file().then_some(path)
}

#[cfg(not(target_os = "linux"))]
fn nameless(_: &File) -> Option<PathBuf> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_is_read_like_a_file_and_called_by_its_own_name() {
        let spool = spool(&mut &b"a,b\n1,2\n3,4\n"[..], "the pipe").unwrap();
        let path = spool.path.clone();
        let spooled = Spooled {
            specs: vec![path.clone()],
            files: vec![spool],
        };
        let source = Source::open(&path).unwrap();
        assert_eq!(source.train.rows(), 2);
        assert_eq!(spooled.source(source).train.name(), "the pipe");
        let error = Error::new(ErrorKind::Data, "no").at(format!("{path}: line 3"));
        assert_eq!(spooled.error(error).to_string(), "the pipe: line 3: no");
        drop(spooled);
        assert!(!Path::new(&path).is_file());
    }

    #[test]
    fn a_stream_that_cannot_be_read_is_not_one_that_cannot_be_written() {
        struct Unreadable;
        impl Read for Unreadable {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(io::Error::other("it is a folder"))
            }
        }
        let error = spool(&mut Unreadable, "standard input").err().unwrap();
        let expected = "standard input: cannot be read: it is a folder";
        assert_eq!(error.to_string(), expected);
    }

    #[test]
    fn a_word_of_standard_input_may_have_a_part() {
        assert!(Source::is_standard_input("-") && Source::is_standard_input("-:train"));
        assert!(!Source::is_standard_input("-x") && !Source::is_standard_input("./-"));
    }
}
