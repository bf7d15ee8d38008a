//! Values of keys, and the types that they can be read as.

use crate::document::Tree;
use crate::text::short_number;
use std::fmt;

/// The value of a key.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// A whole number.
    Whole(i64),
    /// A number.
    Number(f64),
    /// Yes or no.
    Flag(bool),
    /// Whole numbers in a list.
    Wholes(Vec<i64>),
    /// A text.
    Text(String),
}

/// As TOML has it.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Tree::from(self.clone()).fmt(f)
    }
}

/// A list of two equal numbers is one number, as a pair may be written.
impl From<Value> for Tree {
    fn from(value: Value) -> Tree {
        match value {
            Value::Whole(number) => Tree::Integer(number),
            Value::Number(number) => Tree::Float(number),
            Value::Flag(value) => Tree::Boolean(value),
            Value::Wholes(list) => match list[..] {
                [one, other] if one == other => Tree::Integer(one),
                _ => Tree::list(list.into_iter().map(Tree::Integer)),
            },
            Value::Text(text) => Tree::Text(text),
        }
    }
}

impl Value {
    /// The value in words, for errors and the reference.
    pub(crate) fn describe(&self) -> String {
        match self {
            Value::Number(number) => short_number(*number),
            other => other.to_string(),
        }
    }
}

/// A type that the value of a key can be read as.
pub trait FromValue: Sized {
    /// The value; `None` if it has another type. A value that is left open is `None`.
    fn from_value(value: Option<&Value>) -> Option<Self>;
}

impl FromValue for i64 {
    fn from_value(value: Option<&Value>) -> Option<i64> {
        match value {
            Some(Value::Whole(number)) => Some(*number),
            _ => None,
        }
    }
}

impl FromValue for u64 {
    fn from_value(value: Option<&Value>) -> Option<u64> {
        u64::try_from(i64::from_value(value)?).ok()
    }
}

impl FromValue for usize {
    fn from_value(value: Option<&Value>) -> Option<usize> {
        usize::try_from(i64::from_value(value)?).ok()
    }
}

impl FromValue for f64 {
    fn from_value(value: Option<&Value>) -> Option<f64> {
        match value {
            Some(Value::Number(number)) => Some(*number),
            _ => None,
        }
    }
}

impl FromValue for f32 {
    fn from_value(value: Option<&Value>) -> Option<f32> {
        Some(f64::from_value(value)? as f32)
    }
}

impl FromValue for bool {
    fn from_value(value: Option<&Value>) -> Option<bool> {
        match value {
            Some(Value::Flag(value)) => Some(*value),
            _ => None,
        }
    }
}

impl FromValue for String {
    fn from_value(value: Option<&Value>) -> Option<String> {
        match value {
            Some(Value::Text(text)) => Some(text.clone()),
            _ => None,
        }
    }
}

impl<const N: usize> FromValue for [usize; N] {
    fn from_value(value: Option<&Value>) -> Option<[usize; N]> {
        let Some(Value::Wholes(list)) = value else {
            return None;
        };
        let list: Option<Vec<usize>> = list.iter().map(|&n| usize::try_from(n).ok()).collect();
        list?.try_into().ok()
    }
}

impl<T: FromValue> FromValue for Option<T> {
    fn from_value(value: Option<&Value>) -> Option<Option<T>> {
        match value {
            None => Some(None),
            value => T::from_value(value).map(Some),
        }
    }
}

impl From<i32> for Value {
    fn from(number: i32) -> Value {
        Value::Whole(number.into())
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Value {
        Value::Whole(number)
    }
}

/// A number larger than TOML's whole numbers becomes the largest of them, which is out of every range too.
impl From<usize> for Value {
    fn from(number: usize) -> Value {
        Value::Whole(i64::try_from(number).unwrap_or(i64::MAX))
    }
}

impl From<f64> for Value {
    fn from(number: f64) -> Value {
        Value::Number(number)
    }
}

/// The shortest double-precision number that equals this number in single precision: 0.2, not 0.20000000298.
impl From<f32> for Value {
    fn from(number: f32) -> Value {
        let short = number.to_string().parse().ok();
        let short = short.filter(|short: &f64| *short as f32 == number);
        Value::Number(short.unwrap_or(f64::from(number)))
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Value {
        Value::Flag(value)
    }
}

impl<const N: usize> From<[usize; N]> for Value {
    fn from(list: [usize; N]) -> Value {
        let whole = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
        Value::Wholes(list.into_iter().map(whole).collect())
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Value {
        Value::Text(text.to_string())
    }
}

/// The value of a key from a field in code: the inverse of [`FromValue`].
pub(crate) trait ToValue {
    /// The value; `None` where it is left open.
    fn to_value(&self) -> Option<Value>;
}

macro_rules! to_value {
    ($($type:ty),*) => { $(
        impl ToValue for $type {
            fn to_value(&self) -> Option<Value> {
                Some(Value::from(*self))
            }
        }
    )* };
}

to_value!(f32, f64, usize);

/// A number larger than TOML's whole numbers is not a whole number, so every check refuses it.
impl ToValue for u64 {
    fn to_value(&self) -> Option<Value> {
        Some(match i64::try_from(*self) {
            Ok(number) => Value::Whole(number),
            Err(_) => Value::Number(*self as f64),
        })
    }
}

impl<T: ToValue> ToValue for Option<T> {
    fn to_value(&self) -> Option<Value> {
        self.as_ref().and_then(T::to_value)
    }
}
