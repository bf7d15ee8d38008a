//! The declarations of the options for reading data. Help, checks, errors and command lines follow from them.

use super::choices::{Fit, Layout, Missing, OnBad};
use super::key::{
    ReadingKey, ReadingScope, count, last, list_of, named, names, sign, text, yes, yes_or_no,
};
use crate::advice::Setting;

/// The options for reading data, in the order of help and command lines.
pub static READING_KEYS: &[ReadingKey] = &[
    ReadingKey::new(
        Setting::Columns,
        ReadingScope::Tables,
        "A,B,…",
        "The columns of a table to learn from, in this order",
        |options, texts| names(texts, &mut options.columns),
        |options| list_of(&options.columns),
    )
    .default("all columns of numbers, without label and ids")
    .list(),
    ReadingKey::new(
        Setting::Drop,
        ReadingScope::Tables,
        "A,B,…",
        "The columns of a table to leave out. Put a name that contains a comma in double quotes: `'\"a,b\",c'`",
        |options, texts| names(texts, &mut options.drop),
        |options| list_of(&options.drop),
    )
    .list(),
    ReadingKey::new(
        Setting::Label,
        ReadingScope::Labels,
        "COLUMN",
        "The column of a table with the labels, or the array of an .npz file. The model does not learn from it",
        |options, texts| text(texts, &mut options.label),
        |options| options.label.clone(),
    ),
    ReadingKey::new(
        Setting::Ids,
        ReadingScope::Tables,
        "A,B,…",
        "The columns of a table that identify the rows. The model does not learn from them; outputs keep them",
        |options, texts| names(texts, &mut options.ids),
        |options| list_of(&options.ids),
    )
    .list(),
    ReadingKey::new(
        Setting::Missing,
        ReadingScope::Values,
        "HOW",
        "What to do with missing cells: `refuse` them, fill them with the `mean` of their column in the training rows or \
         with `zero`, or `drop` their rows. Cells that are present but not numbers, such as `2,262`, are not filled: \
         their rows are bad rows",
        |options, texts| named(texts, Missing::named, Missing::NAMES, &mut options.missing),
        |options| {
            let missing = options.missing.filter(|&how| how != Missing::default());
            missing.map(|how| how.name().to_string())
        },
    )
    .default("refuse; a model that was trained with `mean` or `zero` fills in the same way again"),
    ReadingKey::new(
        Setting::Classes,
        ReadingScope::All,
        "LABELS",
        "Use only the rows with these labels, for example `0-8` or `cat,dog`",
        |options, texts| {
            let labels = texts.iter().flat_map(|text| text.split(','));
            options.classes = labels.map(String::from).collect();
            Ok(())
        },
        |options| (!options.classes.is_empty()).then(|| options.classes.join(",")),
    )
    .list(),
    ReadingKey::new(
        Setting::ImageSize,
        ReadingScope::Images,
        "WxH",
        "Resize images to this size, for example `32x32`",
        |options, texts| {
            let found = last(texts).split_once('x').and_then(|(width, height)| {
                let side = |text: &str| text.parse().ok().filter(|side| (1..=16384).contains(side));
                Some((side(width)?, side(height)?))
            });
            let expected = "expected WIDTHxHEIGHT, each 1 to 16,384, as in 32x32";
            options.image_size = Some(found.ok_or(expected)?);
            Ok(())
        },
        |options| {
            let size = options.image_size;
            size.map(|(width, height)| format!("{width}x{height}"))
        },
    ),
    ReadingKey::new(
        Setting::Fit,
        ReadingScope::Images,
        "HOW",
        "How images with another aspect ratio are resized: `squeeze` distorts them, `crop` cuts off two sides, `pad` \
         adds black at two sides",
        |options, texts| {
            let mut fit = None;
            named(texts, Fit::named, Fit::NAMES, &mut fit)?;
            options.fit = fit.unwrap_or_default();
            Ok(())
        },
        |options| (options.fit != Fit::default()).then(|| options.fit.name().to_string()),
    )
    .default("squeeze")
    .needs(Setting::ImageSize),
    ReadingKey::new(
        Setting::OnBad,
        ReadingScope::All,
        "HOW",
        "What to do with bad rows: `refuse` the data, or `drop` the bad rows and print how many. `null`, for commands \
         that write rows, keeps them in their place, with empty results and a reason. A bad row has a missing cell \
         that is not filled, an unreadable cell, a value that is not finite or a wrong number of cells, or is an \
         image that cannot be read",
        |options, texts| {
            let mut on_bad = None;
            named(texts, OnBad::named, OnBad::NAMES, &mut on_bad)?;
            options.on_bad = on_bad.unwrap_or_default();
            Ok(())
        },
        |options| (options.on_bad != OnBad::default()).then(|| options.on_bad.name().to_string()),
    )
    .default("refuse"),
    ReadingKey::new(
        Setting::Layout,
        ReadingScope::Arrays,
        "ORDER",
        "The order of dimensions in an array of images: `channels-first` (PyTorch) or `channels-last` (Keras)",
        |options, texts| named(texts, Layout::named, Layout::NAMES, &mut options.layout),
        |options| options.layout.map(|layout| layout.name().to_string()),
    )
    .default("decided by the shape"),
    ReadingKey::new(
        Setting::Header,
        ReadingScope::Text,
        "yes|no",
        "Whether the file has a header, a line with the names of the columns",
        |options, texts| yes_or_no(texts, &mut options.header),
        |options| options.header.map(yes),
    ),
    ReadingKey::new(
        Setting::Separator,
        ReadingScope::Text,
        "SIGN",
        "The character between two cells, or `tab`, or `space` (one or more)",
        |options, texts| sign(texts, &mut options.text.separator),
        |options| options.text.separator.map(String::from),
    ),
    ReadingKey::new(
        Setting::Decimal,
        ReadingScope::Text,
        "SIGN",
        "The decimal sign: `.` or `,`",
        |options, texts| sign(texts, &mut options.text.decimal),
        |options| options.text.decimal.map(String::from),
    ),
    ReadingKey::new(
        Setting::Thousands,
        ReadingScope::Text,
        "SIGN",
        "The thousands separator: `,`, `.`, `'`, `_` or `space`",
        |options, texts| sign(texts, &mut options.text.thousands),
        |options| options.text.thousands.map(String::from),
    ),
    ReadingKey::new(
        Setting::Quote,
        ReadingScope::Text,
        "SIGN",
        "The quote around cells that contain separators",
        |options, texts| sign(texts, &mut options.text.quote),
        |options| options.text.quote.map(String::from),
    ),
    ReadingKey::new(
        Setting::Comment,
        ReadingScope::Text,
        "TEXT",
        "Leave out lines that begin with this text",
        |options, texts| text(texts, &mut options.text.comment),
        |options| options.text.comment.clone(),
    ),
    ReadingKey::new(
        Setting::SkipLines,
        ReadingScope::Text,
        "N",
        "Leave out this many lines at the start, before the header or the first row",
        |options, texts| count(texts, &mut options.text.skip_lines),
        |options| options.text.skip_lines.map(|lines| lines.to_string()),
    ),
    ReadingKey::new(
        Setting::SkipEnd,
        ReadingScope::Text,
        "N",
        "Leave out this many lines at the end, for example a line of totals",
        |options, texts| count(texts, &mut options.text.skip_end),
        |options| options.text.skip_end.map(|lines| lines.to_string()),
    ),
    ReadingKey::new(
        Setting::Units,
        ReadingScope::Text,
        "yes|no",
        "Whether the line below the header holds the units of the columns",
        |options, texts| yes_or_no(texts, &mut options.text.units),
        |options| options.text.units.map(yes),
    ),
    ReadingKey::new(
        Setting::Encoding,
        ReadingScope::Text,
        "NAME",
        "The encoding, for example `utf-8`, `utf-16le`, `windows-1252` (for Latin-1 too) or `shift_jis`",
        |options, texts| text(texts, &mut options.text.encoding),
        |options| options.text.encoding.clone(),
    ),
];

#[cfg(test)]
mod tests {
    use super::super::values::ReadOptions;
    use super::*;

    /// A text that each option takes.
    fn example(key: &ReadingKey) -> &'static str {
        let all = [
            "mean",
            "crop",
            "drop",
            "channels-last",
            "yes",
            "8x9",
            "3",
            ";",
            "a,b",
        ];
        let is_taken = |text: &&&str| {
            let mut options = ReadOptions::default();
            key.set(&mut options, &[text]).is_ok()
        };
        let taken = all.iter().find(is_taken);
        taken.unwrap_or_else(|| panic!("{:?}", key.setting))
    }

    #[test]
    fn what_sets_an_option_is_its_text_and_changes_no_other() {
        for key in READING_KEYS {
            let mut options = ReadOptions::default();
            assert_eq!(key.text(&options), None, "{:?}", key.setting);
            let text = example(key);
            key.set(&mut options, &[text]).unwrap();
            for other in READING_KEYS {
                let expected = (other.setting == key.setting).then(|| text.to_string());
                assert_eq!(other.text(&options), expected, "{:?}", key.setting);
            }
        }
    }

    #[test]
    fn an_option_is_declared_once() {
        for key in READING_KEYS {
            let same = READING_KEYS
                .iter()
                .filter(|other| other.setting == key.setting);
            assert_eq!(same.count(), 1, "{:?}", key.setting);
        }
    }
}
