//! The images of a source while they are read, and what is met on the way.

use crate::Error;
use crate::data::formats::images::find::FoundImage;
use crate::data::formats::images::picture::ImageHead;
use crate::data::{BadKind, BadRow, BadRows};

/// An image that is to be a row.
pub(super) struct PlannedImage<'a> {
    pub(super) file: &'a FoundImage,
    pub(super) name: String,
    pub(super) head: ImageHead,
}

/// What was met and is said.
#[derive(Default)]
pub(super) struct Met<'a> {
    pub(super) bad: BadRows,
    /// The files without a head that can be read, each with the number of the images before it.
    pub(super) headless: Vec<(usize, &'a FoundImage, Error)>,
    pub(super) transparent: usize,
    pub(super) rounded: usize,
    pub(super) reduced_pages: usize,
    pub(super) files_of_pages: usize,
}

impl Met<'_> {
    /// Notes that an image is bad, behind so many that are not.
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

/// Which page of its file an image is, such as `[03]`; nothing if it is all of it.
pub(super) fn page<'a>(image: &'a PlannedImage) -> &'a str {
    image
        .name
        .strip_prefix(&*image.file.name)
        .unwrap_or_default()
}
