//! The list of sources for the user.

use crate::data::source::MNIST;

/// A kind of [`Source`](crate::data::Source).
#[derive(Clone, Copy, Debug)]
pub struct SourceKind {
    /// The word that the user writes: a fixed name, or FOLDER or FILE for a path.
    pub spec: &'static str,
    /// A short description of its data.
    pub description: &'static str,
}

/// The kinds of sources. Files are recognized by their content, not by their names.
pub const SOURCE_KINDS: &[SourceKind] = &[
    SourceKind {
        spec: MNIST,
        description: "MNIST, built in: 60,000 training and 10,000 test images of 28 × 28 pixels",
    },
    SourceKind {
        spec: "FILE of text",
        description: "a table: commas, semicolons, tabs, bars or spaces between cells, also in gzip or ZIP",
    },
    SourceKind {
        spec: "FILE of Parquet",
        description: "a table; a list is a column for each of its elements, if all lists have the same length",
    },
    SourceKind {
        spec: "FOLDER or 'PATTERN' of tables",
        description: "one table, for example the parts that Spark or DuckDB write; `key=value` folders become columns",
    },
    SourceKind {
        spec: "FILE.npy",
        description: "a NumPy array of 2 to 4 dimensions; a large array stays in its file",
    },
    SourceKind {
        spec: "FILE.npz, FILE.npz:ARRAY",
        description: "NumPy arrays: an array of rows, or x_train and x_test; labels such as y_train too",
    },
    SourceKind {
        spec: "FOLDER of IDX files",
        description: "files named like those of MNIST, raw or gzipped; EMNIST, QMNIST, a folder of torchvision",
    },
    SourceKind {
        spec: "FOLDER of images",
        description: "PNG, JPEG, TIFF, BMP, WebP or GIF; subfolders are labels",
    },
    SourceKind {
        spec: "FILE of an image",
        description: "one row; each page of a TIFF",
    },
    SourceKind {
        spec: "FILE of IDX",
        description: "images, raw or gzipped",
    },
    SourceKind {
        spec: "-",
        description: "standard input, with the content of any of these files; a named pipe works too",
    },
];
