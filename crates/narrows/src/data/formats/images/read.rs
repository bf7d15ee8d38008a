//! The images of a folder as rows. The headers of all images are read first; they decide size, channels and type of the
//! rows. Then the images are decoded on all threads, some at a time, in their order.

mod met;
mod notes;
mod plan;

use super::decode;
use super::find::FoundImage;
use super::fit::{self, ImagePlan, ImageRow};
use super::picture::{Depth, PixelValues};
use super::threads::on_threads;
use crate::advice::{Setting, set};
use crate::data::builder::RowsBuilder;
use crate::data::dataset::FILE_COLUMN;
use crate::data::element::{Element, NumberKind};
use crate::data::records::RowType;
use crate::data::{BadRows, Dataset, Ids, OnBad, ReadOptions};
use crate::{Error, ErrorKind, Result};
use met::{Met, PlannedImage, page, place};
use notes::notes;
use plan::{check_sum, none_left, plan};
use std::borrow::Cow;
use std::collections::HashSet;

/// The bytes of images that are decoded at a time; a single image may have more.
const AT_A_TIME: u64 = 64 << 20;

pub(super) fn read(spec: &str, files: &[FoundImage], options: &ReadOptions) -> Result<Dataset> {
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
        // In the form in which the labels of the others are written.
        let number = |label: &str| label.parse::<i64>().map_or(label.into(), |n| n.to_string());
        data.bad.map_text(1, number);
    }
    data.ids = vec![Ids {
        name: FILE_COLUMN.into(),
        values: all.into_iter().map(|image| image.name).collect(),
    }];
    Ok(data)
}

/// The headers of all images.
fn look<'a>(
    files: &'a [FoundImage],
    options: &ReadOptions,
    met: &mut Met<'a>,
) -> Result<Vec<PlannedImage<'a>>> {
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
        all.extend(
            heads
                .into_iter()
                .enumerate()
                .map(|(page, head)| PlannedImage {
                    file,
                    name: if is_one {
                        file.name.clone()
                    } else {
                        format!("{}[{page:0digits$}]", file.name)
                    },
                    head,
                }),
        );
    }
    Ok(all)
}

/// The bytes of a row, in the type that the images have.
fn bytes_of(row: &ImageRow, depth: Depth) -> Result<Cow<'_, [u8]>> {
    match (depth, &row.values) {
        (Depth::Eight, PixelValues::Eight(values)) => Ok(Cow::Borrowed(values)),
        (Depth::Sixteen, PixelValues::Sixteen(values)) => {
            let bytes = values.iter().flat_map(|value| value.to_le_bytes());
            Ok(Cow::Owned(bytes.collect()))
        }
        (Depth::Float, PixelValues::Float(values)) => {
            let bytes = values.iter().flat_map(|value| value.to_le_bytes());
            Ok(Cow::Owned(bytes.collect()))
        }
        (Depth::Double, PixelValues::Double(values)) => {
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
        Depth::Eight => NumberKind::U8,
        Depth::Sixteen => NumberKind::U16,
        Depth::Float => NumberKind::F32,
        Depth::Double => NumberKind::F64,
    })
}

/// Decodes all images; images that cannot be read are removed from the list, if requested.
fn gather<'a>(
    all: &mut Vec<PlannedImage<'a>>,
    plan: &ImagePlan,
    options: &ReadOptions,
    met: &mut Met<'a>,
) -> Result<RowsBuilder> {
    let inputs = plan.size.0 as usize * plan.size.1 as usize * if plan.is_color { 3 } else { 1 };
    let mut rows = RowsBuilder::new(RowType::all(element(plan.depth), inputs));
    let mut is_good = Vec::with_capacity(all.len());
    let mut rest = &all[..];
    while !rest.is_empty() {
        let (batch, behind) = rest.split_at(batch(rest, inputs as u64 * 8));
        rest = behind;
        let decoded = on_threads(batch, |image| decoded(image, plan));
        for (image, done) in batch.iter().zip(decoded) {
            met.pass_headless(is_good.len(), rows.count());
            is_good.push(done.is_ok());
            match done {
                Ok(row) => {
                    rows.push(&bytes_of(&row, plan.depth)?)?;
                    met.transparent += usize::from(row.was_transparent);
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

/// The number of images that are decoded at a time: at least one.
fn batch(images: &[PlannedImage], row_bytes: u64) -> usize {
    let mut bytes = 0_u64;
    let fits = |image: &&PlannedImage| {
        bytes = bytes.saturating_add(image.head.bytes.saturating_add(row_bytes));
        bytes <= AT_A_TIME
    };
    images.iter().take_while(fits).count().max(1)
}

/// The row of an image.
fn decoded(image: &PlannedImage, plan: &ImagePlan) -> Result<ImageRow> {
    let picture = decode::decode(&image.file.path, image.file.kind, &image.head);
    let picture = picture.map_err(|error| match page(image) {
        "" => error,
        page => error.at(format!("page {page}")),
    })?;
    let row = fit::row(&picture, plan);
    let odd = match &row.values {
        PixelValues::Float(values) => values
            .iter()
            .find(|value| !value.is_finite())
            .map(|value| f64::from(*value)),
        PixelValues::Double(values) => values.iter().find(|value| !value.is_finite()).copied(),
        PixelValues::Eight(_) | PixelValues::Sixteen(_) => None,
    };
    if let Some(value) = odd {
        return Err(Error::new(ErrorKind::Data, "a value is not finite")
            .at(place(image))
            .expected("finite numbers")
            .found(value)
            .hint(format!(
                "replace NaN by numbers, in Python: `numpy.nan_to_num(image)`; or leave such images out with {}",
                set(Setting::OnBad, "drop")
            )));
    }
    Ok(row)
}

/// One label per image, and the names of the labels; if folders have numbers as names, these are the labels.
fn labels(spec: &str, all: &[PlannedImage]) -> Result<(Option<Vec<i64>>, Vec<String>)> {
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

fn bad(error: Error) -> Error {
    match error.kind() {
        ErrorKind::Data => error,
        _ => error.hint(format!(
            "repair or convert it, move it out of the folder, or leave such images out with {}",
            set(Setting::OnBad, "drop")
        )),
    }
}
