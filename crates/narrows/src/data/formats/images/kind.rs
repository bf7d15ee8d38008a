//! The format of an image file, by its first bytes.

/// A format of images that is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ImageKind {
    Png,
    Jpeg,
    Gif,
    Bmp,
    Webp,
    Tiff,
}

/// The number of bytes at the start of a file from which its format is recognized.
pub(in crate::data) const START: usize = 18;

/// The formats that are read, for a sentence.
pub(super) const READ: &str = "PNG, JPEG, TIFF, BMP, WebP or GIF";

/// The endings of supported images; a file with such an ending but other content is damaged.
const ENDINGS: [&str; 9] = [
    "png", "jpg", "jpeg", "jpe", "tif", "tiff", "bmp", "webp", "gif",
];

/// The endings of unsupported images. Some of these formats begin like TIFF, with a small preview.
const UNREAD: [&str; 30] = [
    "heic", "heif", "avif", "jxl", "jp2", "j2k", "jpx", "dng", "nef", "cr2", "cr3", "crw", "arw",
    "orf", "rw2", "raf", "pef", "srw", "psd", "xcf", "svg", "eps", "dcm", "exr", "hdr", "tga",
    "ppm", "pgm", "pbm", "ico",
];

impl ImageKind {
    /// The format of a file that begins with these bytes.
    pub(super) fn of(start: &[u8]) -> Option<ImageKind> {
        if start.starts_with(b"\x89PNG\r\n\x1a\n") {
            Some(ImageKind::Png)
        } else if start.starts_with(&[0xff, 0xd8, 0xff]) {
            Some(ImageKind::Jpeg)
        } else if start.starts_with(b"GIF87a") || start.starts_with(b"GIF89a") {
            Some(ImageKind::Gif)
        } else if start.starts_with(b"RIFF") && start.get(8..12) == Some(b"WEBP") {
            Some(ImageKind::Webp)
        } else if [b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"]
            .contains(&start.first_chunk().unwrap_or(&[0; 4]))
        {
            Some(ImageKind::Tiff)
        } else if start.starts_with(b"BM") {
            // Text may begin in the same way. The length of the header has only few valid values, and must not be text.
            let length = start.get(14..18).and_then(|bytes| bytes.try_into().ok());
            let length = length.map(u32::from_le_bytes);
            matches!(length, Some(12 | 16 | 40 | 52 | 56 | 64 | 108 | 124))
                .then_some(ImageKind::Bmp)
        } else {
            None
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            ImageKind::Png => "PNG",
            ImageKind::Jpeg => "JPEG",
            ImageKind::Gif => "GIF",
            ImageKind::Bmp => "BMP",
            ImageKind::Webp => "WebP",
            ImageKind::Tiff => "TIFF",
        }
    }
}

/// The name of the format of an image that begins with these bytes; [`START`] bytes are enough.
pub(in crate::data) fn begins_as_image(start: &[u8]) -> Option<&'static str> {
    ImageKind::of(start).map(ImageKind::name)
}

/// Whether a file with this ending, in lower case, should be a supported image.
pub(super) fn ends_as_image(ending: &str) -> bool {
    ENDINGS.contains(&ending)
}

/// Whether a file with this ending, in lower case, is an unsupported image.
pub(super) fn is_unread(ending: &str) -> bool {
    UNREAD.contains(&ending)
}
