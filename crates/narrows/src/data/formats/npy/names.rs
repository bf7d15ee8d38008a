//! The meaning of the arrays of an archive, by their names: rows or labels, for training, validation or testing.
//!
//! There is no standard. Common names are `x_train` (Keras), `X_train` (scikit-learn), `train_images` (MedMNIST),
//! `train_x`, `data` and `target`.

/// The part that an array belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ArrayPart {
    Whole,
    Train,
    Validation,
    Test,
}

/// Words for parts; a longer word comes before a shorter one.
const PARTS: [(&str, ArrayPart); 8] = [
    ("training", ArrayPart::Train),
    ("train", ArrayPart::Train),
    ("testing", ArrayPart::Test),
    ("test", ArrayPart::Test),
    ("validation", ArrayPart::Validation),
    ("valid", ArrayPart::Validation),
    ("val", ArrayPart::Validation),
    ("dev", ArrayPart::Validation),
];

/// Words for rows.
const ROWS: [&str; 14] = [
    "x", "xs", "images", "image", "imgs", "img", "data", "inputs", "input", "features", "feature",
    "samples", "rows", "arr",
];

/// Words for labels; the preferred words come first.
pub(super) const LABELS: [&str; 9] = [
    "y", "labels", "label", "targets", "target", "classes", "class", "ys", "lbl",
];

const SEPARATORS: [char; 5] = ['_', '-', '.', ' ', '/'];

/// A parsed name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Name {
    pub(super) part: ArrayPart,
    /// The rest of the name, in lower case.
    pub(super) stem: String,
}

impl Name {
    pub(super) fn of(name: &str) -> Self {
        let name = name.to_lowercase();
        for (word, part) in PARTS {
            let rest = name.strip_prefix(word).or_else(|| name.strip_suffix(word));
            let Some(rest) = rest else { continue };
            let stem = rest.trim_matches(SEPARATORS);
            // Without a separator, the rest must be a known word: `training` is not a prefix of `trainingsets`.
            if stem.len() < rest.len() || stem.is_empty() || is_known(stem) {
                return Name {
                    part,
                    stem: stem.into(),
                };
            }
        }
        Name {
            part: ArrayPart::Whole,
            stem: name,
        }
    }

    pub(super) fn is_rows(&self) -> bool {
        ROWS.contains(&self.stem.as_str())
    }

    pub(super) fn is_labels(&self) -> bool {
        LABELS.contains(&self.stem.as_str())
    }
}

fn is_known(stem: &str) -> bool {
    ROWS.contains(&stem) || LABELS.contains(&stem)
}

/// The part for a word alone, as in `FILE.npz:val`.
pub(super) fn part(word: &str) -> Option<ArrayPart> {
    let name = Name::of(word);
    (name.stem.is_empty()).then_some(name.part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_say_what_arrays_are() {
        for (name, part, stem) in [
            ("x_train", ArrayPart::Train, "x"),
            ("X_train", ArrayPart::Train, "x"),
            ("Xtrain", ArrayPart::Train, "x"),
            ("train_images", ArrayPart::Train, "images"),
            ("images-train", ArrayPart::Train, "images"),
            ("trainX", ArrayPart::Train, "x"),
            ("training_data", ArrayPart::Train, "data"),
            ("train", ArrayPart::Train, ""),
            ("X_valid", ArrayPart::Validation, "x"),
            ("val_images", ArrayPart::Validation, "images"),
            ("y_test", ArrayPart::Test, "y"),
            ("spectra_test", ArrayPart::Test, "spectra"),
            ("data", ArrayPart::Whole, "data"),
            ("values", ArrayPart::Whole, "values"),
            ("trainingsets", ArrayPart::Whole, "trainingsets"),
            ("latest", ArrayPart::Whole, "latest"),
        ] {
            let stem = stem.to_string();
            assert_eq!(Name::of(name), Name { part, stem }, "{name}");
        }
        assert_eq!(part("val"), Some(ArrayPart::Validation));
        assert_eq!(part("x_val"), None);
    }
}
