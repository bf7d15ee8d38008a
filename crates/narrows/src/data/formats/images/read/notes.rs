//! Notes about the images.

use super::met::{Met, PlannedImage};
use crate::advice::{Setting, set};
use crate::data::formats::images::find::images;
use crate::data::formats::images::fit::ImagePlan;
use crate::data::formats::images::picture::{Depth, ImageHead, ImagePart};
use crate::data::{Fit, ReadOptions};

/// Notes about the images.
pub(super) fn notes(
    all: &[PlannedImage],
    plan: &ImagePlan,
    options: &ReadOptions,
    met: &Met,
) -> Vec<String> {
    let count =
        |is: &dyn Fn(&ImageHead) -> bool| all.iter().filter(|image| is(&image.head)).count();
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
    let is_wider = |head: &ImageHead| head.depth == Depth::Eight && plan.depth == Depth::Sixteen;
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
    let is_narrower = |head: &ImageHead| head.depth == Depth::Sixteen && plan.depth == Depth::Eight;
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
    note(
        count(&|head| head.part == ImagePart::FirstFrame),
        &|count| {
            format!(
                "{} with several frames: only the first frame is read",
                images(count)
            )
        },
    );
    let (width, height) = plan.size;
    let is_squeezed = |head: &ImageHead| {
        let (across, down) = head.size;
        u64::from(across) * u64::from(height) != u64::from(down) * u64::from(width)
    };
    if plan.fit == Fit::Squeeze {
        note(count(&is_squeezed), &|count| {
            format!(
                "{} with another aspect ratio distorted to {width} x {height} ({} or {} keep the aspect ratio)",
                images(count),
                set(Setting::Fit, "crop"),
                set(Setting::Fit, "pad")
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
