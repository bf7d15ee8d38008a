//! The images of a folder as rows. The headers of all images are read first; they decide size, channels and type of the
//! rows. Then the images are decoded on all threads, some at a time, in their order.

use super::find::{Found, images};
use super::fit::{self, Plan, Row};
use super::picture::{Depth, Head, Part, Values};
use super::threads::on_threads;
use super::{FILE, decode};
use crate::data::builder::Rows;
use crate::data::element::{Element, Kind};
use crate::data::limits::{IMAGE_VALUES, IMAGES_BYTES_FREE, IMAGES_RATIO};
use crate::data::records::RowType;
use crate::data::{BadKind, BadRow, BadRows, Dataset, Fit, Ids, OnBad, ReadOptions};
use crate::{Error, ErrorKind, Result};
use std::borrow::Cow;
use std::collections::HashSet;

/// The bytes of images that are decoded at a time, unless one has more.
const AT_A_TIME: u64 = 64 << 20;

/// An image that is to be a row.
struct Image<'a> {
    file: &'a Found,
    name: String,
    head: Head,
}

/// What was met and is said.
#[derive(Default)]
struct Met<'a> {
    bad: BadRows,
    /// The files without a head that can be read, each with the number of the images before it.
    headless: Vec<(usize, &'a Found, Error)>,
    transparent: usize,
    rounded: usize,
    reduced_pages: usize,
    files_of_pages: usize,
}

pub(super) fn read(spec: &str, files: &[Found], options: &ReadOptions) -> Result<Dataset> {
    let mut met = Met {
        bad: BadRows::new(options.on_bad),
        ..Met::default()
    };
    let mut all = look(files, options, &mut met)?;
    check_sum(spec, files, &all)?;
    let plan = plan(spec, &all, options, met.headless.len())?;
    let values = gather(&mut all, &plan, options, &mut met)?;
    if all.is_empty() {
        return Err(none_left(spec, met.bad.count()));
    }
    let (labels, label_names) = labels(spec, &all)?;
    let (width, height) = (plan.size.0 as usize, plan.size.1 as usize);
    let shape = vec![if plan.is_color { 3 } else { 1 }, height, width];
    let values = values.finish(None)?;
    let mut data = Dataset::stored_as(element(plan.depth), spec, values, shape, labels)?;
    data.label_names = label_names;
    data.notes = notes(&all, &plan, options, &met);
    data.bad = met.bad;
    if data.label_names.is_empty() {
        // As the labels of the others are written.
        let number = |label: &str| label.parse::<i64>().map_or(label.into(), |n| n.to_string());
        data.bad.map_text(1, number);
    }
    data.ids = vec![Ids {
        name: FILE.into(),
        values: all.into_iter().map(|image| image.name).collect(),
    }];
    Ok(data)
}

impl Met<'_> {
    /// Notes that an image is bad, behind so many that are not.
    fn is_bad(&mut self, before: usize, (file, name): (&Found, &str), error: &Error) {
        let label = file.label.iter().cloned();
        let texts = std::iter::once(name.to_string()).chain(label).collect();
        let row = BadRow {
            before,
            kind: BadKind::Image,
            reason: error.to_string(),
            texts,
        };
        self.bad.push(row, || name.to_string());
    }

    /// Notes the files without a head before an image.
    fn pass_headless(&mut self, image: usize, before: usize) {
        let is_passed = |(at, ..): &(usize, &Found, Error)| *at <= image;
        let count = self
            .headless
            .iter()
            .take_while(|one| is_passed(one))
            .count();
        let passed: Vec<_> = self.headless.drain(..count).collect();
        for (_, file, error) in passed {
            self.is_bad(before, (file, &file.name), &error);
        }
    }
}

/// The heads of all images.
fn look<'a>(
    files: &'a [Found],
    options: &ReadOptions,
    met: &mut Met<'a>,
) -> Result<Vec<Image<'a>>> {
    let mut all = Vec::new();
    let heads = on_threads(files, |file| decode::heads(&file.path, file.kind));
    for (file, heads) in files.iter().zip(heads) {
        let (heads, reduced) = match heads {
            Ok(heads) => heads,
            Err(error) if options.on_bad != OnBad::Refuse => {
                met.headless.push((all.len(), file, error));
                continue;
            }
            Err(error) => return Err(bad(error)),
        };
        met.reduced_pages += reduced;
        met.files_of_pages += usize::from(heads.len() > 1);
        let digits = heads.len().saturating_sub(1).to_string().len();
        let is_one = heads.len() == 1;
        all.extend(heads.into_iter().enumerate().map(|(page, head)| Image {
            file,
            name: match is_one {
                true => file.name.clone(),
                false => format!("{}[{page:0digits$}]", file.name),
            },
            head,
        }));
    }
    Ok(all)
}

/// What all images become.
fn plan(spec: &str, all: &[Image], options: &ReadOptions, skipped: usize) -> Result<Plan> {
    let Some(first) = all.first() else {
        return Err(none_left(spec, skipped));
    };
    let size = options.image_size.unwrap_or(first.head.size);
    let other = all.iter().find(|image| image.head.size != size);
    if let (None, Some(other)) = (options.image_size, other) {
        return Err(Error::new(ErrorKind::Data, "the images differ in size")
            .at(place(other))
            .expected(format!("{} x {} pixels, as {}", size.0, size.1, first.name))
            .found(format!("{} x {}", other.head.size.0, other.head.size.1))
            .hint("bring them to one size with `--image-size WIDTHxHEIGHT`, and say with `--fit squeeze`, `crop` or `pad` how"));
    }
    let is_color = match options.channels {
        None => all.iter().any(|image| image.head.is_color),
        Some(1) => false,
        Some(3) => true,
        Some(channels) => {
            return Err(Error::new(
                ErrorKind::Data,
                "images cannot have this number of channels",
            )
            .at(spec)
            .expected("1, for gray, or 3, for color")
            .found(channels));
        }
    };
    let values = [size.0, size.1, if is_color { 3 } else { 1 }];
    let values = values
        .iter()
        .fold(1_u64, |product, &n| product.saturating_mul(n.into()));
    if values == 0 || values > IMAGE_VALUES {
        return Err(
            Error::new(ErrorKind::Data, "the images are too large for a row each")
                .at(place(first))
                .expected(format!("1 to {IMAGE_VALUES} values"))
                .found(format!("{} x {} pixels, {values} values", size.0, size.1))
                .hint("bring them to another size with `--image-size WIDTHxHEIGHT`"),
        );
    }
    let float = all.iter().find(|image| image.head.depth == Depth::Float);
    let whole = all.iter().find(|image| image.head.depth != Depth::Float);
    if let (Some(float), Some(whole)) = (float, whole) {
        return Err(Error::new(
            ErrorKind::Data,
            "the images differ in the type of their values",
        )
        .at(place(whole))
        .expected(format!(
            "floating-point or signed values, as {}",
            float.name
        ))
        .found("whole numbers of 8 or 16 bits")
        .hint("save all in one type, so that their values can be compared"));
    }
    let deepest = all.iter().map(|image| image.head.depth).max();
    Ok(Plan {
        size,
        fit: options.fit,
        is_color,
        depth: match (deepest.unwrap_or(Depth::Eight), options.bits) {
            (Depth::Float, _) => Depth::Float,
            (_, Some(8)) => Depth::Eight,
            (_, Some(16)) => Depth::Sixteen,
            (depth, _) => depth,
        },
    })
}

/// Refuses images that would take far more memory than their files justify. Each may have few bytes in its file, or
/// share them with others.
fn check_sum(spec: &str, files: &[Found], all: &[Image]) -> Result<()> {
    let packed = files
        .iter()
        .map(|file| file.path.metadata().map_or(0, |of| of.len()));
    let packed = packed.fold(0, u64::saturating_add);
    let unpacked = all.iter().map(|image| image.head.bytes);
    let unpacked = unpacked.fold(0, u64::saturating_add);
    let most = IMAGES_BYTES_FREE.saturating_add(packed.saturating_mul(IMAGES_RATIO));
    if unpacked <= most {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::Data,
        "the images are far larger than the files that they come from",
    )
    .at(spec)
    .expected(format!(
        "images of at most {most} bytes from files of {packed} bytes"
    ))
    .found(format!("{} of {unpacked} bytes", images(all.len())))
    .hint("if they are meant so, save them as .npy"))
}

/// The bytes of a row, in the type that the images have.
fn bytes_of(row: &Row, depth: Depth) -> Result<Cow<'_, [u8]>> {
    match (depth, &row.values) {
        (Depth::Eight, Values::Eight(values)) => Ok(Cow::Borrowed(values)),
        (Depth::Sixteen, Values::Sixteen(values)) => {
            let bytes = values.iter().flat_map(|value| value.to_le_bytes());
            Ok(Cow::Owned(bytes.collect()))
        }
        (Depth::Float, Values::Float(values)) => {
            let bytes = values.iter().flat_map(|value| value.to_le_bytes());
            Ok(Cow::Owned(bytes.collect()))
        }
        _ => Err(Error::new(
            ErrorKind::Format,
            "an image has another type than its head says",
        )),
    }
}

/// The type of the values.
fn element(depth: Depth) -> Element {
    Element::little(match depth {
        Depth::Eight => Kind::U8,
        Depth::Sixteen => Kind::U16,
        Depth::Float => Kind::F32,
    })
}

/// Decodes all images; those that cannot be read leave the list, if that is wanted.
fn gather<'a>(
    all: &mut Vec<Image<'a>>,
    plan: &Plan,
    options: &ReadOptions,
    met: &mut Met<'a>,
) -> Result<Rows> {
    let inputs = plan.size.0 as usize * plan.size.1 as usize * if plan.is_color { 3 } else { 1 };
    let mut rows = Rows::new(RowType::all(element(plan.depth), inputs));
    let mut is_good = Vec::with_capacity(all.len());
    let mut rest = &all[..];
    while !rest.is_empty() {
        let (batch, behind) = rest.split_at(batch(rest, inputs as u64 * 4));
        rest = behind;
        let decoded = on_threads(batch, |image| decoded(image, plan));
        for (image, done) in batch.iter().zip(decoded) {
            met.pass_headless(is_good.len(), rows.count());
            is_good.push(done.is_ok());
            match done {
                Ok((row, was_rounded)) => {
                    rows.push(&bytes_of(&row, plan.depth)?)?;
                    met.transparent += usize::from(row.was_transparent);
                    met.rounded += usize::from(was_rounded);
                }
                Err(error) if options.on_bad != OnBad::Refuse => {
                    met.is_bad(rows.count(), (image.file, &image.name), &error);
                }
                Err(error) => return Err(bad(error)),
            }
        }
    }
    met.pass_headless(is_good.len(), rows.count());
    let mut is_good = is_good.into_iter();
    all.retain(|_| is_good.next().unwrap_or(false));
    Ok(rows)
}

/// How many of the images are decoded at a time: at least one.
fn batch(images: &[Image], row_bytes: u64) -> usize {
    let mut bytes = 0_u64;
    let fits = |image: &&Image| {
        bytes = bytes.saturating_add(image.head.bytes.saturating_add(row_bytes));
        bytes <= AT_A_TIME
    };
    images.iter().take_while(fits).count().max(1)
}

/// The row of an image, and whether it was rounded.
fn decoded(image: &Image, plan: &Plan) -> Result<(Row, bool)> {
    let picture = decode::decode(&image.file.path, image.file.kind, &image.head);
    let picture = picture.map_err(|error| match page(image) {
        "" => error,
        page => error.at(format!("page {page}")),
    })?;
    let row = fit::row(&picture, plan);
    if let Values::Float(values) = &row.values
        && let Some(value) = values.iter().find(|value| !value.is_finite())
    {
        return Err(Error::new(ErrorKind::Data, "a value is not finite")
            .at(place(image))
            .expected("finite numbers")
            .found(value)
            .hint("put numbers in place of NaN, as in Python: `numpy.nan_to_num(image)`; or leave such images out with `--on-bad drop`"));
    }
    Ok((row, picture.is_rounded))
}

/// One label an image, and what they stand for; folders named by numbers are those numbers.
fn labels(spec: &str, all: &[Image]) -> Result<(Option<Vec<i64>>, Vec<String>)> {
    let labels: Vec<&String> = all
        .iter()
        .filter_map(|image| image.file.label.as_ref())
        .collect();
    if labels.is_empty() {
        return Ok((None, Vec::new()));
    }
    if labels.len() != all.len() {
        return Err(Error::new(
            ErrorKind::Data,
            "some images lie in subfolders and some do not",
        )
        .at(spec)
        .expected("all in subfolders, which are their labels, or none")
        .found(format!("{} of {} in subfolders", labels.len(), all.len())));
    }
    let mut names: Vec<String> = labels.iter().map(|label| label.to_string()).collect();
    names.sort();
    names.dedup();
    let numbers: Option<Vec<i64>> = names.iter().map(|name| name.parse().ok()).collect();
    // `1` and `01` are two labels.
    let numbers =
        numbers.filter(|numbers| numbers.iter().collect::<HashSet<_>>().len() == names.len());
    let of = |label: &&String| {
        let place = names.binary_search(label).unwrap_or_default();
        let number = numbers.as_ref().and_then(|numbers| numbers.get(place));
        number.copied().unwrap_or(place as i64)
    };
    let labels = labels.iter().map(of).collect();
    Ok((
        Some(labels),
        if numbers.is_some() { Vec::new() } else { names },
    ))
}

/// What is said of the images.
fn notes(all: &[Image], plan: &Plan, options: &ReadOptions, met: &Met) -> Vec<String> {
    let count = |is: &dyn Fn(&Head) -> bool| all.iter().filter(|image| is(&image.head)).count();
    let mut notes = Vec::new();
    notes.extend(met.bad.note(all.len()));
    let mut note = |count: usize, text: &dyn Fn(usize) -> String| {
        if count > 0 {
            notes.push(text(count));
        }
    };
    let of_kind = |count: usize, kind: &str| match count {
        1 => format!("1 {kind} image"),
        count => format!("{count} {kind} images"),
    };
    let as_model = match options.channels {
        Some(1) => ", as the model has 1 channel",
        Some(_) => ", as the model has 3 channels",
        None => "",
    };
    let is_color = plan.is_color;
    note(count(&|head| head.is_color && !is_color), &|images| {
        format!(
            "converted {} to gray (0.299 red + 0.587 green + 0.114 blue, ITU-R 601){as_model}",
            of_kind(images, "color")
        )
    });
    note(count(&|head| !head.is_color && is_color), &|images| {
        format!("converted {} to color{as_model}", of_kind(images, "gray"))
    });
    let is_wider = |head: &Head| head.depth == Depth::Eight && plan.depth == Depth::Sixteen;
    let why = match options.bits {
        Some(_) => "as the model was trained on",
        None => "as others have",
    };
    note(count(&is_wider), &|count| {
        format!(
            "converted {} to 16 bits, {why}: values multiplied by 257",
            of_kind(count, "8-bit")
        )
    });
    let is_narrower = |head: &Head| head.depth == Depth::Sixteen && plan.depth == Depth::Eight;
    note(count(&is_narrower), &|count| {
        format!(
            "converted {} to 8 bits, {why}: values divided by 257",
            of_kind(count, "16-bit")
        )
    });
    note(met.transparent, &|count| match count {
        1 => "1 image is transparent: background filled with black".into(),
        count => format!("{count} images are transparent: background filled with black"),
    });
    note(met.rounded, &|count| {
        format!(
            "{} of 64-bit floating-point values rounded to 32 bits",
            images(count)
        )
    });
    note(count(&|head| head.part == Part::FirstFrame), &|count| {
        format!(
            "{} with several frames: the first frame is read, the others are not",
            images(count)
        )
    });
    let (width, height) = plan.size;
    let is_squeezed = |head: &Head| {
        let (across, down) = head.size;
        u64::from(across) * u64::from(height) != u64::from(down) * u64::from(width)
    };
    if plan.fit == Fit::Squeeze {
        note(count(&is_squeezed), &|count| {
            format!(
                "{} of other proportions squeezed to {width} x {height} (`--fit crop` or `--fit pad` keep the proportions)",
                images(count)
            )
        });
    }
    if met.files_of_pages > 0 {
        notes.push(format!(
            "{} of several pages: each page is a row",
            counted(met.files_of_pages, "file")
        ));
    }
    if met.reduced_pages > 0 {
        notes.push(format!(
            "{} left out: previews in a reduced resolution, or masks",
            counted(met.reduced_pages, "page")
        ));
    }
    notes
}

fn counted(count: usize, what: &str) -> String {
    match count {
        1 => format!("1 {what}"),
        count => format!("{count} {what}s"),
    }
}

fn place(image: &Image) -> String {
    format!("{}{}", image.file.path.display(), page(image))
}

/// Which page of its file an image is, such as `[03]`; nothing if it is all of it.
fn page<'a>(image: &'a Image) -> &'a str {
    image
        .name
        .strip_prefix(&*image.file.name)
        .unwrap_or_default()
}

fn bad(error: Error) -> Error {
    match error.kind() {
        ErrorKind::Data => error,
        _ => error.hint(
            "mend or convert it, take it away, or leave such images out with `--on-bad drop`",
        ),
    }
}

fn none_left(spec: &str, skipped: usize) -> Error {
    Error::new(ErrorKind::Data, "there are no images that can be read")
        .at(spec)
        .found(format!("{skipped} that cannot"))
}
