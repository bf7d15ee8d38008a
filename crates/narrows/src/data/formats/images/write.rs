//! A folder of PNG images, one a row: called as the image that it came from, or by its row, in a
//! subfolder for its label. They are gathered in a hidden folder within the folder, and moved up when all are there,
//! so that what breaks off leaves the folder empty.

use crate::data::write::{Head, Piece};
use crate::files::TEMPORARY;
use crate::{Error, ErrorKind, Result};
use image::{ExtendedColorType, ImageEncoder, codecs::png::PngEncoder};
use ndarray::ArrayView1;
use std::fs;
use std::path::{Component, Path, PathBuf};
use tempfile::TempDir;

pub(in crate::data) struct Sink {
    folder: PathBuf,
    /// Where the images are until all are there.
    gathered: TempDir,
    channels: usize,
    size: (u32, u32),
    /// Which of the texts is the name of a file, and which the label.
    file: Option<usize>,
    label: Option<usize>,
    done: usize,
    digits: usize,
}

impl Sink {
    pub(in crate::data) fn create(folder: &Path, head: &Head) -> Result<Self> {
        let (channels, height, width) = match head.shape[..] {
            [channels @ (1 | 3), height, width] => (channels, height, width),
            _ => {
                return Err(Error::new(ErrorKind::Data, "these rows are no images")
                    .at(folder.display())
                    .expected("rows of shape [1, height, width] or [3, height, width]")
                    .found(format!("{:?}", head.shape))
                    .hint("write them to a file that ends in .npy, .csv or .parquet"));
            }
        };
        let refused = |error| Error::io("cannot make the folder of images", folder, error);
        fs::create_dir_all(folder).map_err(refused)?;
        if fs::read_dir(folder).map_err(refused)?.next().is_some() {
            return Err(Error::new(ErrorKind::Data, "the folder is not empty")
                .at(folder.display())
                .expected("a new or empty folder, so that no image is overwritten"));
        }
        let gathered = tempfile::Builder::new()
            .prefix(TEMPORARY)
            .tempdir_in(folder)
            .map_err(refused)?;
        let file = head.texts.iter().position(|text| text.name == "file");
        // A file's name has the label in it already.
        let label = match file {
            Some(_) => None,
            None => head.label,
        };
        Ok(Sink {
            folder: folder.to_path_buf(),
            gathered,
            channels,
            size: (width as u32, height as u32),
            file,
            label,
            done: 0,
            digits: head.rows.saturating_sub(1).to_string().len(),
        })
    }

    pub(in crate::data) fn write(&mut self, Piece { values, texts, .. }: Piece<'_>) -> Result<()> {
        let text = |column: Option<usize>, row: usize| {
            column.and_then(|column| texts.get(column)?.get(row))
        };
        for (row, values) in values.rows().into_iter().enumerate() {
            let name = match text(self.file, row) {
                Some(file) => Path::new(file).with_extension("png"),
                None => {
                    let name = format!("{:0width$}.png", self.done, width = self.digits);
                    match text(self.label, row) {
                        Some(label) => Path::new(&label.replace(['/', '\\'], "_")).join(name),
                        None => name.into(),
                    }
                }
            };
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

    /// Moves the images to where they belong.
    pub(in crate::data) fn finish(self) -> Result<()> {
        let refused = |error| Error::io("cannot write the images", &self.folder, error);
        for entry in fs::read_dir(self.gathered.path()).map_err(refused)? {
            let entry = entry.map_err(refused)?;
            let path = self.folder.join(entry.file_name());
            fs::rename(entry.path(), path).map_err(refused)?;
        }
        self.gathered.close().map_err(refused)
    }

    fn png(&self, values: ArrayView1<'_, f64>) -> Result<Vec<u8>> {
        let places = values.len() / self.channels;
        let byte = |value: f64| value.round().clamp(0.0, 255.0) as u8;
        let pixels: Vec<u8> = (0..places)
            .flat_map(|place| (0..self.channels).map(move |channel| channel * places + place))
            .map(|index| byte(values.get(index).copied().unwrap_or_default()))
            .collect();
        let colour = match self.channels {
            1 => ExtendedColorType::L8,
            _ => ExtendedColorType::Rgb8,
        };
        let mut bytes = Vec::new();
        PngEncoder::new(&mut bytes)
            .write_image(&pixels, self.size.0, self.size.1, colour)
            .map_err(|error| {
                Error::new(ErrorKind::Data, "the image cannot be encoded").caused_by(error)
            })?;
        Ok(bytes)
    }
}
