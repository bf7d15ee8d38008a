//! A folder of PNG images, one for each row. An image is named after the image that its row came from, or after the
//! number of the row, and lies in a subfolder for its label. All images are written into a hidden folder first and then
//! moved, so that an interrupted command leaves no half of a folder.

use super::threads::on_threads;
use crate::data::dataset::FILE_COLUMN;
use crate::data::output::{Head, NumberType, Piece};
use crate::files::{
    NameKind, TEMPORARY, entries, folder_of, is_at, sweep_dead, sync_folder, temporary,
    through_links,
};
use crate::{Error, ErrorKind, Result};
use image::{ExtendedColorType, ImageEncoder, codecs::png::PngEncoder};
use ndarray::ArrayView1;
use std::ffi::OsString;
use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Component, Path, PathBuf};
use tempfile::TempDir;

pub(in crate::data) struct ImagesSink {
    folder: PathBuf,
    /// Whether the folder was made for the images.
    is_new: bool,
    /// The hidden folder of the images until all are written.
    gathered: TempDir,
    /// It is locked; otherwise another command would take it for the folder of a killed command.
    _lock: Option<File>,
    depth: FileDepth,
    channels: usize,
    size: (u32, u32),
    /// The index of the text with the file name, and of the text with the label.
    file: Option<usize>,
    label: Option<usize>,
    done: usize,
    digits: usize,
}

/// The bits of a value in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum FileDepth {
    Eight,
    Sixteen,
}

impl ImagesSink {
    /// A folder of images whose values have 8 or 16 bits without a sign.
    pub(in crate::data) fn create(folder: &Path, head: &Head) -> Result<Self> {
        let (channels, height, width) = match head.shape[..] {
            [channels @ (1 | 3), height, width] => (channels, height, width),
            _ => {
                return Err(Error::new(ErrorKind::Data, "the rows are not images")
                    .at(folder.display())
                    .expected("rows of shape [1, height, width] or [3, height, width]")
                    .found(format!("{:?}", head.shape))
                    .hint("write them to a file that ends in .npy, .csv or .parquet"));
            }
        };
        let depth = match head.pixels.unwrap_or(NumberType::U8) {
            NumberType::Boolean | NumberType::U8 => FileDepth::Eight,
            NumberType::U16 => FileDepth::Sixteen,
            kind => {
                return Err(
                    Error::new(ErrorKind::Data, "PNG images cannot hold these values")
                        .at(folder.display())
                        .expected("values of 8 or 16 bits without a sign")
                        .found(kind.words())
                        .hint("write them to a file that ends in .npy, which keeps their type"),
                );
            }
        };
        let folder = &through_links(folder)?;
        let refused = |error| Error::io("cannot make the folder of images", folder, error);
        let is_new = !folder.exists();
        fs::create_dir_all(folder).map_err(refused)?;
        // Files of a killed command are not images.
        let is_image = |name: &OsString| !name.as_encoded_bytes().starts_with(TEMPORARY.as_bytes());
        let entries = entries(folder).map_err(refused)?;
        if entries.iter().any(|(name, _)| is_image(name)) {
            return Err(Error::new(ErrorKind::Data, "the folder is not empty")
                .at(folder.display())
                .expected("a new or empty folder, so that no image is overwritten"));
        }
        let file = head.texts.iter().position(|text| text.name == FILE_COLUMN);
        // The file name already contains the label.
        let label = match file {
            Some(_) => None,
            None => head.label,
        };
        let (gathered, lock) = gathering(folder, is_new).map_err(refused)?;
        Ok(ImagesSink {
            gathered,
            _lock: lock,
            folder: folder.to_path_buf(),
            is_new,
            depth,
            channels,
            size: (width as u32, height as u32),
            file,
            label,
            done: 0,
            digits: head.rows.saturating_sub(1).to_string().len(),
        })
    }

    pub(in crate::data) fn write(&mut self, piece: Piece<'_>) -> Result<()> {
        let Piece { values, texts, .. } = piece;
        for (row, values) in values.rows().into_iter().enumerate() {
            // A row without values has no image, and keeps its number.
            if piece.reason(row).is_some() {
                self.done += 1;
                continue;
            }
            let name = self.name(texts, row);
            let is_inside = |part: Component<'_>| matches!(part, Component::Normal(_));
            if !name.components().all(is_inside) {
                return Err(
                    Error::new(ErrorKind::Data, "an image's name leads out of the folder")
                        .at(self.folder.display())
                        .expected("a name without `..` that does not begin with a slash")
                        .found(name.display()),
                );
            }
            let path = self.gathered.path().join(&name);
            if path.exists() {
                return Err(
                    Error::new(ErrorKind::Data, "two images would have one name")
                        .at(self.folder.join(name).display())
                        .hint("give each row another name, or write a .npy file"),
                );
            }
            let refused =
                |error| Error::io("cannot write the image", &self.folder.join(&name), error);
            if let Some(folder) = path.parent() {
                fs::create_dir_all(folder).map_err(refused)?;
            }
            fs::write(&path, self.png(values)?).map_err(refused)?;
            self.done += 1;
        }
        Ok(())
    }

    /// The file name of a row's image.
    fn name(&self, texts: &[Vec<String>], row: usize) -> PathBuf {
        let text = |column: Option<usize>| column.and_then(|column| texts.get(column)?.get(row));
        if let Some(file) = text(self.file) {
            return match page_of(file) {
                Some((file, page)) => {
                    let file = Path::new(file).with_extension("");
                    let name = file.file_name().unwrap_or_default().to_string_lossy();
                    file.with_file_name(format!("{name}-{page}.png"))
                }
                None => Path::new(file).with_extension("png"),
            };
        }
        let name = format!("{:0width$}.png", self.done, width = self.digits);
        match text(self.label) {
            Some(label) => Path::new(&label.replace(['/', '\\'], "_")).join(name),
            None => name.into(),
        }
    }

    /// Moves the images to their places, after they are synced to the disk.
    pub(in crate::data) fn finish(self) -> Result<()> {
        let refused = |error| Error::io("cannot write the images", &self.folder, error);
        sync(self.gathered.path()).map_err(refused)?;
        if self.is_new {
            // It replaces the empty folder, if the system can do this.
            if fs::rename(self.gathered.path(), &self.folder).is_err() {
                fs::remove_dir(&self.folder).map_err(refused)?;
                fs::rename(self.gathered.path(), &self.folder).map_err(refused)?;
            }
            // It no longer exists, which is fine.
            let _ = self.gathered.keep();
            return sync_folder(folder_of(&self.folder)).map_err(refused);
        }
        for (name, _) in entries(self.gathered.path()).map_err(refused)? {
            let from = self.gathered.path().join(&name);
            fs::rename(from, self.folder.join(name)).map_err(refused)?;
        }
        self.gathered.close().map_err(refused)?;
        sync_folder(&self.folder).map_err(refused)
    }

    fn png(&self, values: ArrayView1<'_, f64>) -> Result<Vec<u8>> {
        let places = values.len() / self.channels;
        let pixels = (0..places)
            .flat_map(|place| (0..self.channels).map(move |channel| channel * places + place))
            .map(|index| values.get(index).copied().unwrap_or_default().round());
        let (pixels, color): (Vec<u8>, _) = match (self.depth, self.channels) {
            (FileDepth::Eight, channels) => (
                pixels.map(|value| value.clamp(0.0, 255.0) as u8).collect(),
                if channels == 1 {
                    ExtendedColorType::L8
                } else {
                    ExtendedColorType::Rgb8
                },
            ),
            // The encoder takes numbers in the machine's byte order.
            (FileDepth::Sixteen, channels) => (
                pixels
                    .flat_map(|value| (value.clamp(0.0, 65535.0) as u16).to_ne_bytes())
                    .collect(),
                if channels == 1 {
                    ExtendedColorType::L16
                } else {
                    ExtendedColorType::Rgb16
                },
            ),
        };
        let mut bytes = Vec::new();
        PngEncoder::new(&mut bytes)
            .write_image(&pixels, self.size.0, self.size.1, color)
            .map_err(|error| {
                Error::new(ErrorKind::Data, "the image cannot be encoded").caused_by(error)
            })?;
        Ok(bytes)
    }
}

/// The file and the page, for a row from a page of a file: `cells.tif[03]`.
fn page_of(name: &str) -> Option<(&str, &str)> {
    let (file, page) = name.strip_suffix(']')?.rsplit_once('[')?;
    let is_number = !page.is_empty() && page.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then_some((file, page))
}

/// A hidden folder on the disk of `folder`. If `folder` is new, the hidden folder is beside it and then replaces it.
/// Otherwise it is inside, because `folder` may be in use or a mount point. It comes with a lock, if the system can
/// lock folders.
fn gathering(folder: &Path, is_new: bool) -> io::Result<(TempDir, Option<File>)> {
    let at = if is_new { folder_of(folder) } else { folder };
    sweep_dead(at);
    loop {
        let gathered = temporary().tempdir_in(at)?;
        if is_new {
            fs::set_permissions(gathered.path(), fs::metadata(folder)?.permissions())?;
        }
        let Ok(file) = File::open(gathered.path()) else {
            return Ok((gathered, None));
        };
        match file.try_lock() {
            // Until now, another process may have taken it for the folder of a killed command.
            Ok(()) if is_at(&file, gathered.path())? => return Ok((gathered, Some(file))),
            Ok(()) | Err(TryLockError::WouldBlock) => {}
            Err(TryLockError::Error(_)) => return Ok((gathered, None)),
        }
    }
}

/// Writes all that is in a folder to the disk.
fn sync(folder: &Path) -> io::Result<()> {
    let (mut files, mut folders) = (Vec::new(), vec![folder.to_path_buf()]);
    let mut next = 0;
    while let Some(folder) = folders.get(next).cloned() {
        for (name, kind) in entries(&folder)? {
            let list = match kind {
                NameKind::Folder => &mut folders,
                _ => &mut files,
            };
            list.push(folder.join(name));
        }
        next += 1;
    }
    let synced = on_threads(&files, |file| {
        File::options().write(true).open(file)?.sync_all()
    });
    synced.into_iter().collect::<io::Result<()>>()?;
    folders.iter().try_for_each(|folder| sync_folder(folder))
}
