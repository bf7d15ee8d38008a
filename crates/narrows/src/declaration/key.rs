//! A key: its type, range, default and meaning, from which its words in errors and in the reference are made.

use super::Value;
use crate::text::short_number;

/// A key of a part.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    /// As it is written.
    pub name: &'static str,
    /// Older names, which are read as the name, with a note.
    pub aliases: &'static [Alias],
    /// Names that other programs have for it: an error suggests the key where one is written.
    pub elsewhere: &'static [&'static str],
    /// The type and range of its value.
    pub kind: Kind,
    /// What holds where it is left out.
    pub default: Preset,
    /// The unit of its value, where it has one.
    pub unit: Option<&'static str>,
    /// What it does, in one line.
    pub about: &'static str,
}

/// An older name of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Alias {
    /// Its value means the same.
    Renamed(&'static str),
    /// Its value is 1 less the key's.
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
        /// The smallest that is possible.
        least: i64,
        /// The largest that is possible.
        most: i64,
    },
    /// A number that float32 can represent: it neither overflows there nor becomes 0.
    Number(Range),
    /// Yes or no.
    Flag,
    /// Two whole numbers, `[height, width]`, or one number for both.
    Pair {
        /// The smallest that is possible.
        least: i64,
        /// The largest that is possible.
        most: i64,
    },
    /// Three whole numbers, `[channels, height, width]`.
    Triple {
        /// The smallest that is possible.
        least: i64,
        /// The largest that is possible.
        most: i64,
    },
    /// A text.
    Text,
    /// The name of a part.
    Name,
    /// A section, which reads its own keys; in words.
    Section(&'static str),
    /// A list of sections, each of which reads its own keys; in words.
    List(&'static str),
}

/// What holds where a key is left out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Preset {
    /// It must not be left out.
    Required,
    /// Its value stays open; in words what then holds.
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
    /// There is none.
    None,
    /// The number itself is possible.
    Closed(f64),
    /// The number itself is not possible.
    Open(f64),
}

/// A range of numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Range {
    /// Where it begins.
    pub low: End,
    /// Where it ends.
    pub high: End,
}

impl Range {
    /// All numbers.
    pub const ANY: Range = Range::of(End::None, End::None);
    /// Numbers above 0.
    pub const ABOVE_0: Range = Range::of(End::Open(0.0), End::None);
    /// 0 and numbers above it.
    pub const FROM_0: Range = Range::of(End::Closed(0.0), End::None);
    /// From 0 to 1, with both: a fraction of something.
    pub const FRACTION: Range = Range::of(End::Closed(0.0), End::Closed(1.0));
    /// From 0 to below 1.
    pub const BELOW_1: Range = Range::of(End::Closed(0.0), End::Open(1.0));
    /// Between 0 and 1, without both.
    pub const BETWEEN_0_AND_1: Range = Range::of(End::Open(0.0), End::Open(1.0));

    /// From one end to another.
    pub const fn of(low: End, high: End) -> Range {
        Range { low, high }
    }

    /// Whether a number lies in it.
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
        let low = match self.low {
            End::None => None,
            End::Closed(low) => Some(short_number(low)),
            End::Open(low) => Some(format!("above {}", short_number(low))),
        };
        let high = match self.high {
            End::None => None,
            End::Closed(high) => Some(short_number(high)),
            End::Open(high) => Some(format!("below {}", short_number(high))),
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
    /// A key that must not be left out.
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

    /// The same with names that other programs have for it.
    pub const fn elsewhere(self, elsewhere: &'static [&'static str]) -> Key {
        Key { elsewhere, ..self }
    }

    /// Whether a name is the key's, or an older one.
    pub(crate) fn is_called(&self, name: &str) -> bool {
        self.name == name || self.aliases.iter().any(|alias| alias.name() == name)
    }

    /// The value that holds where it is left out, if one does.
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

    /// What the reference says of its default.
    pub fn default_in_words(&self) -> String {
        match self.default {
            Preset::Required => "required".into(),
            Preset::Open(words) => words.into(),
            _ => self.preset().map_or_else(String::new, |v| v.describe()),
        }
    }

    /// What the reference says of its values: `above 0, in scaled units`.
    pub fn values_in_words(&self) -> String {
        let range = self.kind.words();
        match self.unit {
            Some(unit) => format!("{range}, in {unit}"),
            None => range,
        }
    }
}

/// A whole number of a range, where powers of two are written as such: `2^24`, `2^63 - 1`.
fn whole(number: i64) -> String {
    let is_power = |n: u64| n.is_power_of_two() && n > 1 << 16;
    match u64::try_from(number) {
        Ok(n) if is_power(n) => format!("2^{}", n.trailing_zeros()),
        Ok(n) if is_power(n.saturating_add(1)) => {
            format!("2^{} - 1", (n + 1).trailing_zeros())
        }
        _ => number.to_string(),
    }
}

impl Kind {
    /// What the reference says of it.
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
            Kind::Text => "a text".into(),
            Kind::Name => "a name".into(),
            Kind::Section(what) => (*what).into(),
            Kind::List(what) => format!("a list of {what}"),
        }
    }

    /// What an error says is expected, where `found` was found.
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

    /// The value as this type has it; `None` where it is of another type or out of range.
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
            (Kind::Text | Kind::Name, Value::Text(text)) => Some(Value::Text(text)),
            _ => None,
        }
    }
}
