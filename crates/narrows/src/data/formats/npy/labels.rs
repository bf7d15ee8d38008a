//! Labels: one number or word per row.

use super::array::{no_labels, too_short};
use super::header::{ArrayContent, ArrayHeader, StoredWords};
use crate::data::Dataset;
use crate::data::builder::read_growing;
use crate::data::limits::{LABEL_BYTES, LABEL_WORD, LABEL_WORDS};
use crate::text::count_of;
use crate::{Error, ErrorKind, Result};
use std::collections::HashMap;
use std::io::Read;

/// The labels of an array.
#[derive(Debug, PartialEq)]
pub(super) enum Labels {
    Numbers(Vec<i64>),
    /// For each row the index of its word, and the words.
    Words(Vec<u32>, Vec<String>),
}

/// Reads the labels of a number of rows. `expect_size` compares the size of the file before memory is allocated.
pub(super) fn read_labels(
    reader: &mut impl Read,
    header: &ArrayHeader,
    rows: usize,
    load: &str,
    expect_size: impl Fn(&ArrayHeader) -> Result<()>,
) -> Result<Labels> {
    if !header.is_a_value_a_row() {
        return Err(no_labels(header, load));
    }
    if header.shape != [rows] && header.shape != [rows, 1] {
        return Err(
            Error::new(ErrorKind::Data, "the labels do not fit the rows")
                .expected(format!("{}, one a row", count_of(rows, "label")))
                .found(header.shape.iter().product::<usize>()),
        );
    }
    let size = header.bytes()?;
    if size > LABEL_BYTES {
        return Err(Error::new(ErrorKind::Data, "there are too many labels")
            .expected(format!("at most {LABEL_BYTES} bytes"))
            .found(size));
    }
    expect_size(header)?;
    match &header.content {
        ArrayContent::Numbers(element) => {
            let mut bytes = Vec::new();
            read_growing(reader, &mut bytes, size as usize).map_err(cut)?;
            if bytes.len() as u64 != size {
                return Err(too_short(size, bytes.len() as u64));
            }
            element.to_labels(&bytes).map(Labels::Numbers)
        }
        ArrayContent::Words(words) => read_words(reader, *words, rows),
        ArrayContent::Foreign(_) => Err(no_labels(header, load)),
    }
}

fn cut(error: std::io::Error) -> Error {
    Error::new(ErrorKind::Format, "the array is damaged or cut off").caused_by(error)
}

fn read_words(reader: &mut impl Read, kind: StoredWords, rows: usize) -> Result<Labels> {
    let refuse = |row: usize, what: &str| {
        Error::new(ErrorKind::Data, what).at(format!("row {row} (counted from 0)"))
    };
    if kind.size as u64 > LABEL_WORD {
        return Err(
            Error::new(ErrorKind::Data, "the words are too long for labels")
                .expected(format!("at most {LABEL_WORD} bytes a word"))
                .found(kind.size),
        );
    }
    let mut numbers: HashMap<String, u32> = HashMap::new();
    let (mut words, mut places, mut held) = (Vec::new(), Vec::new(), 0);
    let mut bytes = vec![0; kind.size];
    for row in 0..rows {
        reader.read_exact(&mut bytes).map_err(cut)?;
        let word = kind
            .word(&bytes)
            .ok_or_else(|| refuse(row, "a label is not text"))?;
        if word.is_empty() {
            return Err(refuse(row, "a label is missing"));
        }
        let place = match numbers.get(&word) {
            Some(&place) => place,
            None => {
                held += word.len();
                if held > LABEL_WORDS {
                    return Err(refuse(row, "there are too many different labels")
                        .expected(format!("words of at most {LABEL_WORDS} bytes in all")));
                }
                let place = words.len() as u32;
                words.push(word.clone());
                numbers.insert(word, place);
                place
            }
        };
        places.push(place);
    }
    Ok(Labels::Words(places, words))
}

impl StoredWords {
    /// A word without the zeros at its end; `None` if it is not text.
    fn word(self, bytes: &[u8]) -> Option<String> {
        if self.is_wide {
            let letter = |&bytes: &[u8; 4]| {
                char::from_u32(if self.is_big_endian {
                    u32::from_be_bytes(bytes)
                } else {
                    u32::from_le_bytes(bytes)
                })
            };
            let word: String = bytes
                .as_chunks()
                .0
                .iter()
                .map(letter)
                .collect::<Option<_>>()?;
            return Some(word.trim_end_matches('\0').to_string());
        }
        let end = bytes
            .iter()
            .rposition(|&byte| byte != 0)
            .map_or(0, |last| last + 1);
        String::from_utf8(bytes[..end].to_vec()).ok()
    }
}

/// Assigns labels to several parts of one source: a word has the same number in all of them, including `others`.
pub(super) fn give(
    parts: Vec<(Dataset, Option<Labels>)>,
    others: &[Labels],
) -> Result<Vec<Dataset>> {
    let is_words = |labels: &Option<Labels>| matches!(labels, Some(Labels::Words(..)));
    let has_words = parts.iter().any(|(_, labels)| is_words(labels));
    let mut names: Vec<String> = Vec::new();
    let known = parts.iter().filter_map(|(_, labels)| labels.as_ref());
    for labels in known.chain(others).filter(|_| has_words) {
        match labels {
            Labels::Words(_, words) => names.extend(words.iter().cloned()),
            Labels::Numbers(labels) => {
                let mut known = labels.clone();
                known.sort_unstable();
                known.dedup();
                names.extend(known.iter().map(i64::to_string));
            }
        }
    }
    names.sort();
    names.dedup();
    // Words that are numbers are read as these numbers, as in tables.
    let number = |word: &String| word.parse::<i64>().ok().filter(|n| n.to_string() == *word);
    let are_numbers = names.iter().all(|name| number(name).is_some());
    let place = |word: &String| {
        if are_numbers {
            number(word).unwrap_or_default()
        } else {
            names.binary_search(word).map_or(0, |place| place as i64)
        }
    };
    let give = |(data, labels): (Dataset, Option<Labels>)| {
        let labels = match labels {
            None => return Ok(data),
            Some(Labels::Numbers(labels)) if !has_words || are_numbers => labels,
            Some(Labels::Numbers(labels)) => labels
                .iter()
                .map(|label| place(&label.to_string()))
                .collect(),
            Some(Labels::Words(rows, words)) => {
                let places: Vec<i64> = words.iter().map(place).collect();
                let label = |&row: &u32| places.get(row as usize).copied().unwrap_or_default();
                rows.iter().map(label).collect()
            }
        };
        let mut data = data.with_labels(labels)?;
        if has_words && !are_numbers {
            data.label_names.clone_from(&names);
        }
        Ok(data)
    };
    parts.into_iter().map(give).collect()
}
