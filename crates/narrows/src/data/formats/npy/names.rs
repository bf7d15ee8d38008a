//! What the arrays of an archive are, by their names: rows or labels, for training, validation or testing.
//!
//! There is no standard. Common are `x_train` (Keras), `X_train` (scikit-learn), `train_images` (MedMNIST),
//! `train_x`, `data` and `target`.

/// What an array is a part of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Whole,
    Train,
    Validation,
    Test,
}

/// Words for parts, the longer of two before the shorter.
const PARTS: [(&str, Part); 8] = [
    ("training", Part::Train),
    ("train", Part::Train),
    ("testing", Part::Test),
    ("test", Part::Test),
    ("validation", Part::Validation),
    ("valid", Part::Validation),
    ("val", Part::Validation),
    ("dev", Part::Validation),
];

/// Words for rows.
const ROWS: [&str; 14] = [
    "x", "xs", "images", "image", "imgs", "img", "data", "inputs", "input", "features", "feature",
    "samples", "rows", "arr",
];

/// Words for labels, those that are looked for first before the others.
pub(super) const LABELS: [&str; 9] = [
    "y", "labels", "label", "targets", "target", "classes", "class", "ys", "lbl",
];

const SEPARATORS: [char; 5] = ['_', '-', '.', ' ', '/'];

/// A name taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Name {
    pub(super) part: Part,
    /// What is left of it, in lower case.
    pub(super) stem: String,
}

impl Name {
    pub(super) fn of(name: &str) -> Self {
        let name = name.to_lowercase();
        for (word, part) in PARTS {
            let rest = name.strip_prefix(word).or_else(|| name.strip_suffix(word));
            let Some(rest) = rest else { continue };
            let stem = rest.trim_matches(SEPARATORS);
            // Without a separator the rest must be a known word: `training` is no part of `trainingsets`.
            if stem.len() < rest.len() || stem.is_empty() || is_known(stem) {
                return Name {
                    part,
                    stem: stem.into(),
                };
            }
        }
        Name {
            part: Part::Whole,
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

/// The part that a word alone stands for, as in `FILE.npz:val`.
pub(super) fn part(word: &str) -> Option<Part> {
    let name = Name::of(word);
    (name.stem.is_empty()).then_some(name.part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_say_what_arrays_are() {
        for (name, part, stem) in [
            ("x_train", Part::Train, "x"),
            ("X_train", Part::Train, "x"),
            ("Xtrain", Part::Train, "x"),
            ("train_images", Part::Train, "images"),
            ("images-train", Part::Train, "images"),
            ("trainX", Part::Train, "x"),
            ("training_data", Part::Train, "data"),
            ("train", Part::Train, ""),
            ("X_valid", Part::Validation, "x"),
            ("val_images", Part::Validation, "images"),
            ("y_test", Part::Test, "y"),
            ("spectra_test", Part::Test, "spectra"),
            ("data", Part::Whole, "data"),
            ("values", Part::Whole, "values"),
            ("trainingsets", Part::Whole, "trainingsets"),
            ("latest", Part::Whole, "latest"),
        ] {
            let stem = stem.to_string();
            assert_eq!(Name::of(name), Name { part, stem }, "{name}");
        }
        assert_eq!(part("val"), Some(Part::Validation));
        assert_eq!(part("x_val"), None);
    }
}
