//! Decides whether a file of any name is delimited text.

use super::encoding::{self, start_as_text};
use super::sample::{fit, mark_of_comments, sampled, usual_width};
use super::sort::Sort;
use super::syntax::Syntax;
use std::io::Read;
use std::path::Path;

/// The number of bytes that are inspected.
const FIRST: u64 = 1 << 14;

/// Whether the first bytes of a file look like delimited text: lines with equal numbers of cells, or of one number
/// each.
pub(super) fn looks_like_table(start: &[u8], name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let name = name
        .strip_suffix(".gz")
        .or_else(|| name.strip_suffix(".zip"))
        .unwrap_or(&name);
    let is_called_table = [".csv", ".tsv", ".tab", ".psv"]
        .iter()
        .any(|ending| name.ends_with(ending));
    if is_called_table {
        // The reader reports what is wrong with the text, if it is text at all.
        let is_control = |byte: &&u8| **byte < b'\t' || (0x0e..0x1a).contains(*byte);
        return start.iter().filter(is_control).count() <= 1 + start.len() / 20;
    }
    let Some(text) = start_as_text(start, 20) else {
        return false;
    };
    // JSON and configuration files with sections are text in lines too.
    let first = text.lines().map(str::trim).find(|line| !line.is_empty());
    let is_section = |line: &str| {
        let name = line
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'));
        name.is_some_and(|name| !name.contains(['[', ']']))
    };
    if first.is_none_or(|line| line.starts_with('{') || is_section(line)) {
        return false;
    }
    let is_whole = (start.len() as u64) < FIRST;
    let end = if text.contains('\n') { '\n' } else { '\r' };
    let text = match text.rfind(end) {
        Some(last) if !is_whole => text.get(..=last).unwrap_or_default(),
        _ => &text,
    };
    let syntaxes = [b',', b';', b'\t', b'|', b' '].into_iter();
    let mut syntaxes = syntaxes.flat_map(|separator| {
        [b'"', b'\''].map(|quote| Syntax {
            separator,
            quote,
            end: end as u8,
        })
    });
    let mark = mark_of_comments(text);
    let is_fitting = syntaxes.any(|syntax| {
        let records = sampled(text, 0, 1, syntax, mark.as_bytes()).records;
        let all = records.iter().filter(|record| !record.is_comment).count();
        let is_regular =
            usual_width(&records).is_some_and(|(width, count)| width > 1 && 10 * count >= 6 * all);
        is_regular && all > 1 && fit(&records, syntax) > 0.25
    });
    is_fitting || {
        let lines: Vec<&str> = text
            .split(['\n', '\r'])
            .filter(|line| !line.trim().is_empty() && !line.starts_with(mark))
            .collect();
        let numbers = lines
            .iter()
            .filter(|line| Sort::of(line.trim()) == Sort::Number)
            .count();
        numbers > 0 && numbers + 1 >= lines.len()
    }
}

/// Whether the content of a file is delimited text, compressed or not.
pub(in crate::data) fn is_table(path: &Path, name: &str) -> bool {
    let Ok(opened) = encoding::open(path, None) else {
        // Its reader reports what is wrong with the file.
        return true;
    };
    let mut start = Vec::new();
    let is_read = opened.text.take(FIRST).read_to_end(&mut start).is_ok();
    !is_read || looks_like_table(&start, name)
}
