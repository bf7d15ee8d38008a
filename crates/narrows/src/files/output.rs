//! Outputs that the user names: standard output, pipes, devices and symbolic links.

use super::NewFile;
use crate::error::{Error, ErrorKind, Result};
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

/// The name of standard output as an output.
pub const STANDARD_OUTPUT: &str = "-";

/// The names of standard output.
const NAMES: [&str; 4] = [
    STANDARD_OUTPUT,
    "/dev/stdout",
    "/dev/fd/1",
    "/proc/self/fd/1",
];

/// The most links that are followed in a row, as in Linux.
const MOST_LINKS: usize = 40;

/// The size of the write buffer in bytes.
const BUFFER: usize = 1 << 16;

/// Whether a name means standard output: `-`, or a path that the system has for it.
pub fn is_standard_output(path: &Path) -> bool {
    NAMES.iter().any(|name| path == Path::new(name))
}

/// Whether a name means an output that is written sequentially and never replaced: standard output, a pipe or a device.
pub fn is_stream(path: &Path) -> bool {
    is_standard_output(path) || fs::metadata(path).is_ok_and(|of| !of.is_file() && !of.is_dir())
}

/// The file that a path leads to through symbolic links; it need not exist. Other paths are returned unchanged.
///
/// # Errors
///
/// [`ErrorKind::Data`] if the links form a cycle.
pub fn through_links(path: &Path) -> Result<PathBuf> {
    let mut at = path.to_path_buf();
    for _ in 0..MOST_LINKS {
        let Ok(target) = fs::read_link(&at) else {
            return Ok(at);
        };
        at = match at.parent() {
            Some(folder) => folder.join(target),
            None => target,
        };
    }
    Err(Error::new(
        ErrorKind::Data,
        "the symbolic links of the output lead around in a circle",
    )
    .at(path.display())
    .expected("a link that leads to a file")
    .hint("remove the link, or give the output another name"))
}

/// An output that the user names. A file is replaced in its own folder when it is complete, and a link to it stays a
/// link. Standard output, a pipe or a device gets the bytes as they are written.
#[derive(Debug)]
pub struct OutputFile {
    way: OutputWay,
    path: PathBuf,
}

#[derive(Debug)]
enum OutputWay {
    Replaced(NewFile),
    StandardOutput(BufWriter<io::Stdout>),
    Through(BufWriter<File>),
}

impl OutputFile {
    /// Begins an output. A pipe without a reader waits for one.
    ///
    /// # Errors
    ///
    /// If the folder does not exist, links form a cycle, or the system cannot write.
    pub fn create(path: &Path) -> Result<OutputFile> {
        let way = if is_standard_output(path) {
            OutputWay::StandardOutput(BufWriter::with_capacity(BUFFER, io::stdout()))
        } else if is_stream(path) {
            let file = File::options().write(true).open(path);
            let file = file.map_err(|error| Error::io("cannot write to this", path, error))?;
            OutputWay::Through(BufWriter::with_capacity(BUFFER, file))
        } else {
            OutputWay::Replaced(NewFile::create(&through_links(path)?)?)
        };
        Ok(OutputFile {
            way,
            path: if is_standard_output(path) {
                "standard output".into()
            } else {
                path.to_path_buf()
            },
        })
    }

    /// The name of the output in messages.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Completes the output; a file gets its name and replaces an existing one.
    ///
    /// # Errors
    ///
    /// If the system cannot write it; an existing file then stays.
    pub fn finish(self) -> Result<()> {
        let flushed = match self.way {
            OutputWay::Replaced(file) => return file.finish(),
            OutputWay::StandardOutput(mut output) => output.flush(),
            OutputWay::Through(mut output) => output.flush(),
        };
        flushed.map_err(|error| Error::io("cannot write the output", &self.path, error))
    }
}

impl Write for OutputFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.way {
            OutputWay::Replaced(file) => file.write(bytes),
            OutputWay::StandardOutput(output) => output.write(bytes),
            OutputWay::Through(output) => output.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.way {
            OutputWay::Replaced(file) => file.flush(),
            OutputWay::StandardOutput(output) => output.flush(),
            OutputWay::Through(output) => output.flush(),
        }
    }
}

/// Writes all bytes of an output that the user names, as [`OutputFile`] does.
///
/// # Errors
///
/// As [`OutputFile::create`] and [`OutputFile::finish`].
pub fn write_output(path: &Path, bytes: &[u8]) -> Result<()> {
    let mut file = OutputFile::create(path)?;
    file.write_all(bytes)
        .map_err(|error| Error::io("cannot write the output", file.path(), error))?;
    file.finish()
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn a_link_is_written_through_and_stays_a_link() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::create_dir(at("disk")).unwrap();
        fs::write(at("disk/a"), b"old").unwrap();
        symlink("disk/a", at("one")).unwrap();
        symlink(at("one"), at("two")).unwrap();
        symlink("disk/new", at("dangling")).unwrap();
        write_output(&at("two"), b"new").unwrap();
        write_output(&at("dangling"), b"made").unwrap();
        assert_eq!(fs::read(at("disk/a")).unwrap(), b"new");
        assert_eq!(fs::read(at("disk/new")).unwrap(), b"made");
        assert!(at("two").is_symlink() && at("one").is_symlink() && at("dangling").is_symlink());
        assert_eq!(fs::read_dir(at("disk")).unwrap().count(), 2);
    }

    #[test]
    fn a_circle_of_links_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        symlink("b", at("a")).unwrap();
        symlink("a", at("b")).unwrap();
        let error = write_output(&at("a"), b"x").unwrap_err();
        assert!(error.to_string().contains("in a circle"), "{error}");
        assert!(at("a").is_symlink());
    }

    #[test]
    fn a_device_is_written_through() {
        write_output(Path::new("/dev/null"), b"x").unwrap();
        assert!(is_stream(Path::new("/dev/null")));
        assert!(!Path::new("/dev/null").is_file());
    }
}
