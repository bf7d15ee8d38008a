//! Values of a key, by its kind.

use crate::declaration::{End, Kind, Range};

/// Values that are allowed: the ends of the range, or the nearest values inside.
pub(super) fn good(kind: &Kind) -> Vec<String> {
    match *kind {
        Kind::Whole { least, most } => vec![least.to_string(), most.to_string()],
        Kind::Number(Range { low, high }) => {
            let low = match low {
                End::None => -3e38,
                End::Closed(low) => low,
                End::Open(low) => low + 1e-3,
            };
            let high = match high {
                End::None => 3e38,
                End::Closed(high) => high,
                End::Open(high) => high - 1e-3,
            };
            vec![format!("{low:?}"), format!("{high:?}")]
        }
        Kind::Flag => vec!["true".into(), "false".into()],
        Kind::Pair { least, most } => vec![
            least.to_string(),
            most.to_string(),
            format!("[{least}, {most}]"),
        ],
        Kind::Triple { least, most } => vec![
            format!("[{least}, {least}, {least}]"),
            format!("[{most}, {most}, {most}]"),
        ],
        Kind::OneOf(words) => words.iter().map(|word| format!("\"{word}\"")).collect(),
        // The only text is the name of a layer.
        Kind::Text => vec!["\"encoder[0]\"".into()],
        Kind::Name | Kind::Section(_) | Kind::List(_) => panic!("no part has such a key"),
    }
}

/// Values that are not allowed: just outside of the range, or of another type.
pub(super) fn bad(kind: &Kind) -> Vec<String> {
    let outside = match *kind {
        Kind::Whole { least, most } => vec![
            (least - 1).to_string(),
            (i128::from(most) + 1).to_string(),
            "1.5".into(),
            "[1]".into(),
        ],
        Kind::Number(Range { low, high }) => {
            let low = match low {
                End::None => "-3.5e38".into(),
                End::Closed(low) => format!("{:?}", low - 1e-9),
                End::Open(low) => format!("{low:?}"),
            };
            let high = match high {
                End::None => "3.5e38".into(),
                End::Closed(high) => format!("{:?}", high + 1e-9),
                End::Open(high) => format!("{high:?}"),
            };
            let others = ["nan", "inf", "-inf", "1e-46", "[0.5]"].map(String::from);
            [vec![low, high], others.to_vec()].concat()
        }
        Kind::Flag => vec!["0".into(), "1.0".into()],
        Kind::Pair { least, most } => vec![
            (least - 1).to_string(),
            (most + 1).to_string(),
            format!("[{least}, {}]", most + 1),
            format!("[{least}]"),
            format!("[{least}, {least}, {least}]"),
            format!("[{least}, 1.5]"),
            "1.5".into(),
        ],
        Kind::Triple { least, most } => vec![
            least.to_string(),
            format!("[{least}, {least}]"),
            format!("[{least}, {least}, {}]", least - 1),
            format!("[{}, {least}, {least}]", most + 1),
            format!("[{least}, {least}, \"{least}\"]"),
        ],
        Kind::OneOf(words) => vec![format!("\"{}s\"", words[0]), "\"\"".into(), "1.5".into()],
        Kind::Text => vec!["0".into(), "1.5".into(), "[0]".into(), "true".into()],
        Kind::Name | Kind::Section(_) | Kind::List(_) => panic!("no part has such a key"),
    };
    let others = ["\"true\"", "1979-05-27", "{ a = 1 }"].map(String::from);
    [outside, others.to_vec()].concat()
}

/// Whether the value that was written is the one that was given; equal numbers count as the same value.
pub(super) fn is_same(written: &toml::Value, given: &str) -> bool {
    let given: toml::Value = format!("x = {given}").parse::<toml::Table>().unwrap()["x"].clone();
    let number = |value: &toml::Value| match value {
        toml::Value::Integer(number) => Some(*number as f64),
        toml::Value::Float(number) => Some(*number),
        _ => None,
    };
    match (number(written), number(&given)) {
        // In single precision, because most numbers are stored in it.
        (Some(written), Some(given)) => written as f32 == given as f32,
        _ => *written == given,
    }
}
