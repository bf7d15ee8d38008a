//! A folder of PNG and JPEG images; its subfolders, if there are any, are labels.
//!
//! All images have one size, their own or the one that is asked for. If all are grey, rows have one
//! channel; if one is in colour, all get three. Transparent pixels are laid on black.

use super::builder::Rows;
use super::{Dataset, Ids, ReadOptions, Source};
use crate::{Error, ErrorKind, Result};
use image::imageops::FilterType;
use image::{DynamicImage, ImageDecoder, ImageError, ImageReader};
use std::fs;
use std::path::{Path, PathBuf};

/// The endings of images.
const ENDINGS: [&str; 3] = ["png", "jpg", "jpeg"];

/// The most pixels of an image on each side, so that a small file cannot take all memory.
const MAX_SIDE: u32 = 1 << 14;

/// Opens a folder that has images in it or in its subfolders.
pub(super) fn open(spec: &str, options: &ReadOptions) -> Result<Option<Source>> {
    let folder = Path::new(spec);
    if !folder.is_dir() {
        return Ok(None);
    }
    let files = find(folder)?;
    if files.is_empty() {
        return Ok(None);
    }
    options.refuse_table(spec, "a folder of images")?;
    options.refuse_label(spec, "a folder of images")?;
    Source::new(read(spec, &files, options)?, None).map(Some)
}

/// An image's file and the subfolder that it lies in.
struct Found {
    path: PathBuf,
    name: String,
    label: Option<String>,
}

/// The images, in the order of their names.
fn find(folder: &Path) -> Result<Vec<Found>> {
    let mut found = Vec::new();
    for (path, name) in entries(folder)? {
        if path.is_dir() {
            for (path, file) in entries(&path)? {
                if is_image(&path) {
                    found.push(Found {
                        path,
                        name: format!("{name}/{file}"),
                        label: Some(name.clone()),
                    });
                }
            }
        } else if is_image(&path) {
            found.push(Found {
                path,
                name,
                label: None,
            });
        }
    }
    Ok(found)
}

fn is_image(path: &Path) -> bool {
    let ending = path
        .extension()
        .map(|ending| ending.to_string_lossy().to_lowercase());
    ending.is_some_and(|ending| ENDINGS.contains(&&*ending)) && path.is_file()
}

fn entries(folder: &Path) -> Result<Vec<(PathBuf, String)>> {
    let unreadable = |error| Error::io("the folder cannot be read", folder, error);
    let mut entries = Vec::new();
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        if !name.starts_with('.') {
            entries.push((path, name));
        }
    }
    entries.sort();
    Ok(entries)
}

/// What the head of an image says.
struct Head {
    size: (u32, u32),
    is_colour: bool,
}

fn reader(
    path: &Path,
) -> std::result::Result<ImageReader<std::io::BufReader<fs::File>>, ImageError> {
    let mut reader = ImageReader::open(path)?.with_guessed_format()?;
    let mut limits = image::Limits::default();
    limits.max_image_width = Some(MAX_SIDE);
    limits.max_image_height = Some(MAX_SIDE);
    reader.limits(limits);
    Ok(reader)
}

fn head(path: &Path) -> std::result::Result<Head, ImageError> {
    let decoder = reader(path)?.into_decoder()?;
    Ok(Head {
        size: decoder.dimensions(),
        is_colour: decoder.color_type().has_color(),
    })
}

fn read(spec: &str, files: &[Found], options: &ReadOptions) -> Result<Dataset> {
    let mut skipped = Vec::new();
    let mut good = Vec::new();
    for file in files {
        match head(&file.path) {
            Ok(head) => good.push((file, head)),
            Err(error) if options.skip_bad => skipped.push((file, error)),
            Err(error) => return Err(bad(file, error)),
        }
    }
    let is_colour = good.iter().any(|(_, head)| head.is_colour);
    let size = match (options.image_size, good.first()) {
        (Some(size), _) => size,
        (None, Some((_, head))) => head.size,
        (None, None) => return Err(none_left(spec, skipped.len())),
    };
    if let (None, Some((file, head))) = (
        options.image_size,
        good.iter().find(|(_, head)| head.size != size),
    ) {
        return Err(Error::new(ErrorKind::Data, "the images differ in size")
            .at(file.path.display())
            .expected(format!("{} x {} pixels, as the first", size.0, size.1))
            .found(format!("{} x {}", head.size.0, head.size.1))
            .hint("bring them to one size with `--image-size WIDTHxHEIGHT`"));
    }
    let channels = if is_colour { 3 } else { 1 };
    let (width, height) = (size.0 as usize, size.1 as usize);
    let mut rows = Rows::<u8>::new(channels * width * height);
    let (mut labels, mut names) = (Vec::new(), Vec::new());
    for (file, _) in good {
        let image = match reader(&file.path).and_then(ImageReader::decode) {
            Ok(image) => image,
            Err(error) if options.skip_bad => {
                skipped.push((file, error));
                continue;
            }
            Err(error) => return Err(bad(file, error)),
        };
        rows.push(&pixels(image, size, is_colour))?;
        labels.push(file.label.clone());
        names.push(file.name.clone());
    }
    if names.is_empty() {
        return Err(none_left(spec, skipped.len()));
    }
    let with_label = labels.iter().flatten().count();
    if with_label != 0 && with_label != labels.len() {
        return Err(Error::new(
            ErrorKind::Data,
            "some images lie in subfolders and some do not",
        )
        .at(spec)
        .expected("all in subfolders, which are their labels, or none")
        .found(format!("{with_label} of {} in subfolders", labels.len())));
    }
    let mut label_names: Vec<String> = labels.iter().flatten().cloned().collect();
    label_names.sort();
    label_names.dedup();
    let place = |label: Option<String>| {
        let place = label.map(|label| label_names.binary_search(&label));
        place.and_then(std::result::Result::ok).unwrap_or_default() as i64
    };
    let labels = (with_label > 0).then(|| labels.into_iter().map(place).collect::<Vec<i64>>());
    // Folders named by numbers are those numbers.
    let numbers: Option<Vec<i64>> = label_names.iter().map(|name| name.parse().ok()).collect();
    let (labels, label_names) = match (labels, numbers) {
        (Some(labels), Some(numbers)) => {
            let number = |label: i64| numbers.get(label as usize).copied().unwrap_or(label);
            (Some(labels.into_iter().map(number).collect()), Vec::new())
        }
        (labels, _) => (labels, label_names),
    };
    let mut data = Dataset::new(
        spec,
        rows.finish(None)?,
        vec![channels, height, width],
        labels,
    )?;
    data.label_names = label_names;
    data.ids = vec![Ids {
        name: "file".into(),
        values: names,
    }];
    if let Some((file, error)) = skipped.first() {
        data.notes.push(format!(
            "{} of {} images were left out; the first: {}: {error}",
            skipped.len(),
            files.len(),
            file.path.display()
        ));
    }
    Ok(data)
}

fn bad(file: &Found, error: ImageError) -> Error {
    Error::new(ErrorKind::Format, "the image cannot be read")
        .at(file.path.display())
        .caused_by(error)
        .hint("mend it, take it away, or leave such images out with `--skip-bad`")
}

fn none_left(spec: &str, skipped: usize) -> Error {
    Error::new(ErrorKind::Data, "there are no images that can be read")
        .at(spec)
        .found(format!("{skipped} that cannot"))
}

/// The pixels of an image at a size, channel by channel.
fn pixels(image: DynamicImage, (width, height): (u32, u32), is_colour: bool) -> Vec<u8> {
    let image = if image.color().has_alpha() {
        on_black(image)
    } else {
        image
    };
    let image = if (image.width(), image.height()) == (width, height) {
        image
    } else {
        image.resize_exact(width, height, FilterType::Triangle)
    };
    if !is_colour {
        return image.into_luma8().into_raw();
    }
    let raw = image.into_rgb8().into_raw();
    (0..3)
        .flat_map(|channel| raw.iter().copied().skip(channel).step_by(3))
        .collect()
}

fn on_black(image: DynamicImage) -> DynamicImage {
    let mut image = image.into_rgba8();
    for pixel in image.pixels_mut() {
        let alpha = u16::from(pixel.0[3]);
        for value in &mut pixel.0[..3] {
            *value = (u16::from(*value) * alpha / 255) as u8;
        }
        pixel.0[3] = 255;
    }
    DynamicImage::ImageRgba8(image)
}
