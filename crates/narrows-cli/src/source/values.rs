//! Parses the values of the options that control how data are read.

use narrows::data::{Fit, Layout, Missing, OnBad, list_of_names};

/// A character, by itself or by its name.
pub(super) fn sign(text: &str) -> std::result::Result<char, String> {
    let known = [
        ("tab", '\t'),
        ("\\t", '\t'),
        ("space", ' '),
        ("comma", ','),
        ("semicolon", ';'),
        ("bar", '|'),
        ("point", '.'),
        ("apostrophe", '\''),
    ];
    let mut characters = text.chars();
    match (characters.next(), characters.next()) {
        (Some(character), None) => Ok(character),
        _ => {
            let named = known.iter().find(|(name, _)| *name == text);
            named
                .map(|(_, character)| *character)
                .ok_or_else(|| "expected one character, or `tab` or `space`".into())
        }
    }
}

pub(super) fn fit(text: &str) -> std::result::Result<Fit, String> {
    match text {
        "squeeze" => Ok(Fit::Squeeze),
        "crop" => Ok(Fit::Crop),
        "pad" => Ok(Fit::Pad),
        _ => Err("expected squeeze, crop or pad".into()),
    }
}

pub(super) fn layout(text: &str) -> std::result::Result<Layout, String> {
    match text {
        "channels-first" => Ok(Layout::ChannelsFirst),
        "channels-last" => Ok(Layout::ChannelsLast),
        _ => Err("expected channels-first or channels-last".into()),
    }
}

pub(super) fn on_bad(text: &str) -> std::result::Result<OnBad, String> {
    let known = || format!("expected one of {}", OnBad::NAMES.join(", "));
    OnBad::named(text).ok_or_else(known)
}

pub(super) fn missing(text: &str) -> std::result::Result<Missing, String> {
    let known = || format!("expected one of {}", Missing::NAMES.join(", "));
    Missing::named(text).ok_or_else(known)
}

/// Names from one list.
#[derive(Clone)]
pub(super) struct Names(Vec<String>);

impl From<&str> for Names {
    fn from(list: &str) -> Self {
        // An empty list is the name of a column without a name, which pandas writes above its index.
        match list {
            "" => Names(vec![String::new()]),
            list => Names(list_of_names(list)),
        }
    }
}

pub(super) fn all(lists: &[Names]) -> Vec<String> {
    lists.iter().flat_map(|names| names.0.clone()).collect()
}

pub(super) fn yes_or_no(text: &str) -> std::result::Result<bool, String> {
    match text {
        "yes" => Ok(true),
        "no" => Ok(false),
        _ => Err("expected yes or no".into()),
    }
}

pub(super) fn size(text: &str) -> std::result::Result<(u32, u32), String> {
    let parse = || {
        let (width, height) = text.split_once('x')?;
        let side = |text: &str| text.parse().ok().filter(|side| (1..=16384).contains(side));
        Some((side(width)?, side(height)?))
    };
    parse().ok_or_else(|| "expected WIDTHxHEIGHT, each 1 to 16384, as in 32x32".into())
}
