//! The images of a source during reading, and the problems found.

use crate::Error;
use crate::data::formats::images::find::FoundImage;
use crate::data::formats::images::picture::ImageHead;
use crate::data::{BadKind, BadRow, BadRows};

/// An image that becomes a row.
pub(super) struct PlannedImage<'a> {
    pub(super) file: &'a FoundImage,
    pub(super) name: String,
    pub(super) head: ImageHead,
}

/// Findings that are reported.
#[derive(Default)]
pub(super) struct Met<'a> {
    pub(super) bad: BadRows,
    /// Files without a readable header, each with the number of images before it.
    pub(super) headless: Vec<(usize, &'a FoundImage, Error)>,
    pub(super) transparent: usize,
    pub(super) reduced_pages: usize,
    pub(super) files_of_pages: usize,
}

impl Met<'_> {
    /// Records that an image is bad, after a number of good ones.
    pub(super) fn is_bad(
        &mut self,
        before: usize,
        (file, name): (&FoundImage, &str),
        error: &Error,
    ) {
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
    pub(super) fn pass_headless(&mut self, image: usize, before: usize) {
        let is_passed = |(at, ..): &(usize, &FoundImage, Error)| *at <= image;
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

pub(super) fn place(image: &PlannedImage) -> String {
    format!("{}{}", image.file.path.display(), page(image))
}

/// The page of an image in its file, such as `[03]`; empty if the file has only one image.
pub(super) fn page<'a>(image: &'a PlannedImage) -> &'a str {
    image
        .name
        .strip_prefix(&*image.file.name)
        .unwrap_or_default()
}
