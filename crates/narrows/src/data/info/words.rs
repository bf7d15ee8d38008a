//! Words, counted.

use super::numbers::first_of;
use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};

/// The number of letters of a word that are kept for display.
const SHOWN: usize = 40;

/// Words, counted.
#[derive(Clone, Debug, Default)]
pub(super) struct WordCounts {
    hasher: RandomState,
    /// By a hash of the whole word: its count, its first occurrence, and its beginning.
    counts: HashMap<u64, (u64, usize, Box<str>)>,
    has_more: bool,
    /// The first and the last word, if all begin with a year, as in `2024-01-31`.
    days: Option<(Box<str>, Box<str>)>,
    is_other: bool,
}

impl WordCounts {
    /// Adds a word; at most `limit` distinct words are counted.
    pub(super) fn add(&mut self, text: &str, limit: usize) {
        self.add_day(text);
        let hash = self.hasher.hash_one(text);
        let known = self.counts.len();
        match self.counts.get_mut(&hash) {
            Some((count, ..)) => *count += 1,
            None if known < limit => {
                self.counts.insert(hash, (1, known, shortened(text).into()));
            }
            None => self.has_more = true,
        }
    }

    fn add_day(&mut self, text: &str) {
        let bytes = text.as_bytes();
        let is_day = bytes.len() >= 10
            && bytes.len() <= SHOWN
            && bytes[..4].iter().all(u8::is_ascii_digit)
            && bytes[4] == b'-';
        self.is_other |= !is_day;
        if self.is_other {
            return;
        }
        match &mut self.days {
            None => self.days = Some((text.into(), text.into())),
            Some((low, _)) if text < &**low => *low = text.into(),
            Some((_, high)) if text > &**high => *high = text.into(),
            Some(_) => {}
        }
    }

    /// The first and the last day, if all words begin with a year.
    pub(super) fn days(&self) -> Option<(String, String)> {
        let days = self.days.as_ref().filter(|_| !self.is_other)?;
        Some((days.0.to_string(), days.1.to_string()))
    }

    /// The number of distinct words that were counted, and whether these are all of them.
    pub(super) fn distinct(&self) -> (usize, bool) {
        (self.counts.len(), !self.has_more)
    }

    /// The counts of the counted words.
    pub(super) fn counts(&self) -> impl Iterator<Item = u64> {
        self.counts.values().map(|(count, ..)| *count)
    }

    /// The most frequent of the counted words, the most frequent first; equally frequent words are in the order of
    /// their first occurrence.
    pub(super) fn most_frequent(&self, most: usize) -> Vec<(String, u64)> {
        let all: Vec<&(u64, usize, Box<str>)> = self.counts.values().collect();
        let all = first_of(all, most, |a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
        all.into_iter()
            .map(|(count, _, text)| (text.to_string(), *count))
            .collect()
    }
}

/// The beginning of a text.
pub(super) fn shortened(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        None => text.to_string(),
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
    }
}
