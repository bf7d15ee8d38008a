//! A folder of PNG and JPEG images; its subfolders, if there are any, are labels.
//!
//! All images have one size, their own or the one that is asked for, after they are turned as their EXIF
//! orientation says. If all are grey, rows have one channel; if one is in colour, all get three. Values have
//! 8 bits; what is transparent is laid on black, by its alpha.

pub(in crate::data) mod write;

use crate::data::builder::Rows;
use crate::data::element::{Element, Kind};
use crate::data::records::RowType;
use crate::data::{Dataset, Ids, ReadOptions, Source};
use crate::{Error, ErrorKind, Result};
use image::imageops::FilterType;
use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageError, ImageReader};
use std::fs;
use std::path::{Path, PathBuf};

/// The endings of images.
const ENDINGS: [&str; 3] = ["png", "jpg", "jpeg"];

/// The most pixels of an image on each side, so that a small file cannot take all memory.
const MAX_SIDE: u32 = 1 << 14;

/// What the column of the files' names is called.
pub(in crate::data) const FILE: &str = "file";

/// Opens a folder that has images in it or in its subfolders.
pub(in crate::data) fn open(spec: &str, options: &ReadOptions) -> Result<Option<Source>> {
    let folder = Path::new(spec);
    if !folder.is_dir() {
        return Ok(None);
    }
    let (files, deeper) = find(folder)?;
    if files.is_empty() {
        return match deeper {
            0 => Ok(None),
            _ => Err(
                Error::new(ErrorKind::Data, "all images lie in deeper folders")
                    .at(spec)
                    .expected("images in the folder, or in its subfolders, which are their labels")
                    .found(format!("{deeper} further down"))
                    .hint("give the folder above theirs"),
            ),
        };
    }
    options.refuse_table(spec, "a folder of images")?;
    options.refuse_label(spec, "a folder of images")?;
    let mut data = read(spec, &files, options)?;
    if deeper > 0 {
        data.notes.push(format!(
            "{} in deeper folders left out: only the folder and its subfolders are read",
            images(deeper)
        ));
    }
    Source::new(data, None).map(Some)
}

/// An image's file and the subfolder that it lies in.
struct Found {
    path: PathBuf,
    name: String,
    label: Option<String>,
}

/// `1 image`, `2 images`
fn images(count: usize) -> String {
    match count {
        1 => "1 image".into(),
        count => format!("{count} images"),
    }
}

/// The images, in the order of their names, and the number of those that lie too deep.
fn find(folder: &Path) -> Result<(Vec<Found>, usize)> {
    let (mut found, mut deeper) = (Vec::new(), 0);
    for (path, name) in entries(folder)? {
        if path.is_dir() {
            for (path, file) in entries(&path)? {
                if is_image(&path) {
                    found.push(Found {
                        path,
                        name: format!("{name}/{file}"),
                        label: Some(name.clone()),
                    });
                } else {
                    deeper += images_below(&path);
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
    Ok((found, deeper))
}

/// The images in a folder and below it; what cannot be read has none, and links are not followed, which may
/// lead in circles.
fn images_below(folder: &Path) -> usize {
    if folder.is_symlink() || !folder.is_dir() {
        return 0;
    }
    let below = |(path, _): &(PathBuf, String)| match is_image(path) {
        true => 1,
        false => images_below(path),
    };
    entries(folder).map_or(0, |entries| entries.iter().map(below).sum())
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
    /// Width and height, as the orientation has them.
    size: (u32, u32),
    is_colour: bool,
    has_16_bits: bool,
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
    let mut decoder = reader(path)?.into_decoder()?;
    let (width, height) = decoder.dimensions();
    let colour = decoder.color_type();
    let is_on_its_side = matches!(
        decoder.orientation()?,
        Orientation::Rotate90
            | Orientation::Rotate270
            | Orientation::Rotate90FlipH
            | Orientation::Rotate270FlipH
    );
    Ok(Head {
        size: match is_on_its_side {
            true => (height, width),
            false => (width, height),
        },
        is_colour: colour.has_color(),
        has_16_bits: colour.bytes_per_pixel() > colour.channel_count(),
    })
}

/// An image, turned as its orientation says.
fn decode(path: &Path) -> std::result::Result<DynamicImage, ImageError> {
    let mut decoder = reader(path)?.into_decoder()?;
    image::Limits::default().reserve(decoder.total_bytes())?;
    let orientation = decoder.orientation()?;
    let mut image = DynamicImage::from_decoder(decoder)?;
    image.apply_orientation(orientation);
    Ok(image)
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
    let mut rows = Rows::new(RowType::all(
        Element::little(Kind::U8),
        channels * width * height,
    ));
    let (mut labels, mut names) = (Vec::new(), Vec::new());
    let (mut of_16_bits, mut transparent) = (0, 0);
    for (file, head) in good {
        let image = match decode(&file.path) {
            Ok(image) => image,
            Err(error) if options.skip_bad => {
                skipped.push((file, error));
                continue;
            }
            Err(error) => return Err(bad(file, error)),
        };
        let (image, was_transparent) = on_black(image);
        of_16_bits += usize::from(head.has_16_bits);
        transparent += usize::from(was_transparent);
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
        name: FILE.into(),
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
    if of_16_bits > 0 {
        data.notes.push(format!(
            "{} of 16 bits brought to 8: a value is divided by 257",
            images(of_16_bits)
        ));
    }
    if transparent > 0 {
        data.notes.push(format!(
            "{} with transparent pixels laid on black",
            images(transparent)
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

/// An image laid on black by its alpha, and whether any of it was transparent.
fn on_black(image: DynamicImage) -> (DynamicImage, bool) {
    if !image.color().has_alpha() {
        return (image, false);
    }
    let mut image = image.into_rgba8();
    let mut was_transparent = false;
    for pixel in image.pixels_mut() {
        let [red, green, blue, alpha] = pixel.0;
        was_transparent |= alpha < 255;
        // To the nearest.
        let laid = |value: u8| ((u16::from(value) * u16::from(alpha) + 127) / 255) as u8;
        pixel.0 = [laid(red), laid(green), laid(blue), 255];
    }
    (DynamicImage::ImageRgba8(image), was_transparent)
}

pub(in crate::data) fn is_folder(folder: &Path) -> bool {
    find(folder).is_ok_and(|f| !f.0.is_empty())
}
pub(in crate::data) fn begins_as_image(_: &[u8]) -> Option<&'static str> {
    None
}
