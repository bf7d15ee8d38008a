//! A key: its type, range, default and meaning, from which errors and the reference take their words.

use super::Value;
use crate::text::{count, short_number, thousands};

/// A key of a part.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    /// Its name in a recipe.
    pub name: &'static str,
    /// Older names, which are read like the name, with a note.
    pub aliases: &'static [Alias],
    /// Names in other programs: if one of them is written, the error suggests the key.
    pub elsewhere: &'static [&'static str],
    /// The type and range of its value.
    pub kind: Kind,
    /// The default.
    pub default: Preset,
    /// The unit of its value, if it has one.
    pub unit: Option<&'static str>,
    /// What it does, in one line.
    pub about: &'static str,
}

/// An older name of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Alias {
    /// Its value means the same.
    Renamed(&'static str),
    /// Its value is 1 minus the key's value.
    Complement(&'static str),
}

impl Alias {
    /// The older name.
    pub fn name(self) -> &'static str {
        match self {
            Alias::Renamed(name) | Alias::Complement(name) => name,
        }
    }
}

/// The type of a key's value, with its range.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// A whole number.
    Whole {
        /// The smallest allowed value.
        least: i64,
        /// The largest allowed value.
        most: i64,
    },
    /// A number that float32 can represent: it neither overflows there nor becomes 0.
    Number(Range),
    /// Yes or no.
    Flag,
    /// Two whole numbers, `[height, width]`, or one number for both.
    Pair {
        /// The smallest allowed value.
        least: i64,
        /// The largest allowed value.
        most: i64,
    },
    /// Three whole numbers, `[channels, height, width]`.
    Triple {
        /// The smallest allowed value.
        least: i64,
        /// The largest allowed value.
        most: i64,
    },
    /// One of some words.
    OneOf(&'static [&'static str]),
    /// A text.
    Text,
    /// The name of a part.
    Name,
    /// A section, which reads its own keys; described in words.
    Section(&'static str),
    /// A list of sections, each of which reads its own keys; described in words.
    List(&'static str),
}

/// The default of a key.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Preset {
    /// There is none: the key must be given.
    Required,
    /// The value stays open; the words describe the effect.
    Open(&'static str),
    /// A whole number, also for each of a pair.
    Whole(i64),
    /// A number.
    Number(f64),
    /// Yes or no.
    Flag(bool),
    /// A text, or the name of a part.
    Text(&'static str),
}

/// An end of a range of numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum End {
    /// No limit.
    None,
    /// The number itself is allowed.
    Closed(f64),
    /// The number itself is not allowed.
    Open(f64),
}

/// A range of numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Range {
    /// The lower end.
    pub low: End,
    /// The upper end.
    pub high: End,
}

impl Range {
    /// All numbers.
    pub const ANY: Range = Range::of(End::None, End::None);
    /// Numbers above 0.
    pub const ABOVE_0: Range = Range::of(End::Open(0.0), End::None);
    /// 0 and numbers above it.
    pub const FROM_0: Range = Range::of(End::Closed(0.0), End::None);
    /// From 0 to 1, both included: a fraction of something.
    pub const FRACTION: Range = Range::of(End::Closed(0.0), End::Closed(1.0));
    /// From 0 to below 1.
    pub const BELOW_1: Range = Range::of(End::Closed(0.0), End::Open(1.0));
    /// Between 0 and 1, both excluded.
    pub const BETWEEN_0_AND_1: Range = Range::of(End::Open(0.0), End::Open(1.0));

    /// From one end to another.
    pub const fn of(low: End, high: End) -> Range {
        Range { low, high }
    }

    /// Whether a number is in the range.
    pub fn contains(&self, number: f64) -> bool {
        let is_above = match self.low {
            End::None => true,
            End::Closed(low) => number >= low,
            End::Open(low) => number > low,
        };
        let is_below = match self.high {
            End::None => true,
            End::Closed(high) => number <= high,
            End::Open(high) => number < high,
        };
        number.is_finite() && is_above && is_below
    }

    /// In words: `0 to below 1`, `above 0`.
    fn words(&self) -> String {
        let short = |end: f64| match end {
            1e3..1e9 if end.fract() == 0.0 => thousands(end),
            _ => short_number(end),
        };
        let low = match self.low {
            End::None => None,
            End::Closed(low) => Some(short(low)),
            End::Open(low) => Some(format!("above {}", short(low))),
        };
        let high = match self.high {
            End::None => None,
            End::Closed(high) => Some(short(high)),
            End::Open(high) => Some(format!("below {}", short(high))),
        };
        match (low, high) {
            (Some(low), Some(high)) => format!("{low} to {high}"),
            (Some(low), None) if matches!(self.low, End::Closed(_)) => format!("{low} or above"),
            (Some(low), None) => low,
            (None, Some(high)) if matches!(self.high, End::Closed(_)) => format!("at most {high}"),
            (None, Some(high)) => high,
            (None, None) => "a number".into(),
        }
    }
}

impl Key {
    /// A key without a default, which must be given.
    pub const fn new(name: &'static str, kind: Kind, about: &'static str) -> Key {
        Key {
            name,
            aliases: &[],
            elsewhere: &[],
            kind,
            default: Preset::Required,
            unit: None,
            about,
        }
    }

    /// The same with a default.
    pub const fn default(self, default: Preset) -> Key {
        Key { default, ..self }
    }

    /// The same in a unit.
    pub const fn unit(self, unit: &'static str) -> Key {
        Key {
            unit: Some(unit),
            ..self
        }
    }

    /// The same with older names.
    pub const fn aliases(self, aliases: &'static [Alias]) -> Key {
        Key { aliases, ..self }
    }

    /// The same with names in other programs.
    pub const fn elsewhere(self, elsewhere: &'static [&'static str]) -> Key {
        Key { elsewhere, ..self }
    }

    /// Whether a name is the key's name or an older one.
    pub(crate) fn is_called(&self, name: &str) -> bool {
        self.name == name || self.aliases.iter().any(|alias| alias.name() == name)
    }

    /// The default as a value, if there is one.
    pub fn preset(&self) -> Option<Value> {
        let value = match self.default {
            Preset::Required | Preset::Open(_) => return None,
            Preset::Whole(number) => Value::Whole(number),
            Preset::Number(number) => Value::Number(number),
            Preset::Flag(value) => Value::Flag(value),
            Preset::Text(text) => Value::from(text),
        };
        self.kind.accept(value)
    }

    /// The default in words, for the reference.
    pub fn default_in_words(&self) -> String {
        match self.default {
            Preset::Required => "required".into(),
            Preset::Open(words) => words.into(),
            _ => self.preset().map_or_else(String::new, |v| v.describe()),
        }
    }

    /// The allowed values in words, for the reference: `above 0, in scaled units`.
    pub fn values_in_words(&self) -> String {
        let range = self.kind.words();
        match self.unit {
            Some(unit) => format!("{range}, in {unit}"),
            None => range,
        }
    }
}

/// A whole number of a range; powers of two are written as `2^24`, `2^63 - 1`.
fn whole(number: i64) -> String {
    let is_power = |n: u64| n.is_power_of_two() && n > 1 << 16;
    match u64::try_from(number) {
        Ok(n) if is_power(n) => format!("2^{}", n.trailing_zeros()),
        Ok(n) if is_power(n.saturating_add(1)) => {
            format!("2^{} - 1", (n + 1).trailing_zeros())
        }
        Ok(n) => count(n),
        Err(_) => number.to_string(),
    }
}

impl Kind {
    /// The type in words, for the reference.
    fn words(&self) -> String {
        match self {
            Kind::Whole { least, most } => format!("{} to {}", whole(*least), whole(*most)),
            Kind::Number(range) => range.words(),
            Kind::Flag => "true or false".into(),
            Kind::Pair { least, most } => {
                format!("{} to {}, or [height, width]", whole(*least), whole(*most))
            }
            Kind::Triple { least, most } => {
                let (least, most) = (whole(*least), whole(*most));
                format!("[channels, height, width], each {least} to {most}")
            }
            Kind::OneOf(words) => {
                let words: Vec<String> = words.iter().map(|word| format!("\"{word}\"")).collect();
                words.join(" or ")
            }
            Kind::Text => "a text".into(),
            Kind::Name => "a name".into(),
            Kind::Section(what) => (*what).into(),
            Kind::List(what) => format!("a list of {what}"),
        }
    }

    /// The expectation of an error, if `found` was found.
    pub(crate) fn expected(&self, found: Option<&Value>) -> String {
        match self {
            Kind::Whole { least, most } => {
                format!("a whole number from {} to {}", whole(*least), whole(*most))
            }
            Kind::Number(range) => {
                let is_inside = match found {
                    Some(Value::Number(number)) => range.contains(*number),
                    _ => false,
                };
                let range_words = range.words();
                let number = match (range.low, range.high) {
                    (End::None, End::None) => range_words,
                    (End::Closed(_), End::Closed(_) | End::Open(_)) => {
                        format!("a number from {range_words}")
                    }
                    (End::Closed(_), End::None) => format!("a number, {range_words}"),
                    _ => format!("a number {range_words}"),
                };
                if range.high == End::None || is_inside {
                    format!("{number}, representable as float32")
                } else {
                    number
                }
            }
            Kind::Pair { least, most } => format!(
                "a whole number from {} to {}, or [height, width]",
                whole(*least),
                whole(*most)
            ),
            Kind::Text | Kind::Name => "a text in quotes".into(),
            _ => self.words(),
        }
    }

    /// The value in this type; `None` if it has another type or is out of range.
    pub fn accept(&self, value: Value) -> Option<Value> {
        let is_in = |range: (i64, i64), n: i64| (range.0..=range.1).contains(&n);
        match (*self, value) {
            (Kind::Whole { least, most }, Value::Whole(n)) => {
                is_in((least, most), n).then_some(Value::Whole(n))
            }
            (Kind::Number(range), Value::Number(number)) => {
                let single = number as f32;
                let is_representable = single.is_finite() && (single == 0.0) == (number == 0.0);
                (range.contains(number) && is_representable).then_some(Value::Number(number))
            }
            (Kind::Number(_), Value::Whole(n)) => self.accept(Value::Number(n as f64)),
            (Kind::Flag, Value::Flag(value)) => Some(Value::Flag(value)),
            (Kind::Pair { .. }, Value::Whole(n)) => self.accept(Value::Wholes(vec![n; 2])),
            (Kind::Pair { least, most }, Value::Wholes(list)) if list.len() == 2 => {
                let is_possible = list.iter().all(|&n| is_in((least, most), n));
                is_possible.then_some(Value::Wholes(list))
            }
            (Kind::Triple { least, most }, Value::Wholes(list)) if list.len() == 3 => {
                let is_possible = list.iter().all(|&n| is_in((least, most), n));
                is_possible.then_some(Value::Wholes(list))
            }
            (Kind::OneOf(words), Value::Text(text)) => {
                words.contains(&&text[..]).then_some(Value::Text(text))
            }
            (Kind::Text | Kind::Name, Value::Text(text)) => Some(Value::Text(text)),
            _ => None,
        }
    }
}
