//! Options with a few named values.

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::borrow::Cow;

/// The names of an enum, in one list: for options, for files and for command lines.
macro_rules! names {
    ($kind:ident { $($variant:ident = $name:literal),* $(,)? }) => {
        impl $kind {
            /// The names, in the order of the variants.
            pub const NAMES: &[&str] = &[$($name),*];

            /// By its name.
            pub fn named(name: &str) -> Option<Self> {
                match name {
                    $($name => Some($kind::$variant),)*
                    _ => None,
                }
            }

            /// Its name.
            pub fn name(self) -> &'static str {
                match self {
                    $($kind::$variant => $name,)*
                }
            }
        }

        impl Serialize for $kind {
            fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
                serializer.serialize_str(self.name())
            }
        }

        impl<'de> Deserialize<'de> for $kind {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
                let name = Cow::<str>::deserialize(deserializer)?;
                $kind::named(&name).ok_or_else(|| Error::unknown_variant(&name, $kind::NAMES))
            }
        }
    };
}

/// How to handle a missing value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Missing {
    /// Refuse the data, with its row and column.
    #[default]
    Refuse,
    /// Fill with the mean of its column in the training rows.
    Mean,
    /// Fill with 0.
    Zero,
    /// Leave its row out.
    Drop,
}

names!(Missing {
    Refuse = "refuse",
    Mean = "mean",
    Zero = "zero",
    Drop = "drop",
});

/// How to handle a bad row. A bad row has a missing cell that is not filled, an unreadable cell, a value that is not
/// finite or a wrong number of cells, or is an image that cannot be read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnBad {
    /// Refuse the data, with the places of such rows.
    #[default]
    Refuse,
    /// Keep the row in its place, without values and with a reason.
    Null,
    /// Leave the row out and count it.
    Drop,
}

names!(OnBad {
    Refuse = "refuse",
    Null = "null",
    Drop = "drop",
});

/// How an image is resized if its aspect ratio differs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Fit {
    /// Width and height are scaled independently; the aspect ratio changes.
    #[default]
    Squeeze,
    /// The aspect ratio is kept; two sides are cut off.
    Crop,
    /// The aspect ratio is kept; black is added at two sides.
    Pad,
}

names!(Fit {
    Squeeze = "squeeze",
    Crop = "crop",
    Pad = "pad",
});

/// The order of dimensions of an array of images.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// `[rows, channels, height, width]`, as in PyTorch.
    ChannelsFirst,
    /// `[rows, height, width, channels]`, as in Keras.
    ChannelsLast,
}

names!(Layout {
    ChannelsFirst = "channels-first",
    ChannelsLast = "channels-last",
});
