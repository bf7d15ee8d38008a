//! Untrusted text in messages: names and cells of files, without control characters for the terminal, and shortened for
//! a reader.

use std::borrow::Cow;

/// Whether a terminal interprets a character instead of showing it: control characters, and characters that change the
/// direction of the text.
fn is_obeyed(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
        )
}

fn escaped(text: &str, is_hidden: impl Fn(char) -> bool) -> Cow<'_, str> {
    if !text.contains(&is_hidden) {
        return text.into();
    }
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            c if !is_hidden(c) => shown.push(c),
            '\n' => shown.push_str("\\n"),
            '\r' => shown.push_str("\\r"),
            '\t' => shown.push_str("\\t"),
            ..='\u{1f}' => shown.push_str(&format!("\\x{:02x}", u32::from(c))),
            // As in JSON, so that a printed object stays the same object.
            c => shown.push_str(&format!("\\u{:04x}", u32::from(c))),
        }
    }
    shown.into()
}

/// A text of several lines without such characters: `\u{1b}` becomes `\x1b`. Ends of lines and tabs stay.
///
/// ```
/// assert_eq!(narrows::plain::lines("a\n\u{1b}[2J"), "a\n\\x1b[2J");
/// ```
pub fn lines(text: &str) -> Cow<'_, str> {
    escaped(text, |c| is_obeyed(c) && !matches!(c, '\n' | '\t'))
}

/// A name, a cell or a sentence on one line: ends of lines and tabs are shown as `\n` and `\t` too.
///
/// ```
/// assert_eq!(narrows::plain::line("a\nb\u{202e}"), "a\\nb\\u202e");
/// ```
pub fn line(text: &str) -> Cow<'_, str> {
    escaped(text, is_obeyed)
}

/// At most `most` characters of a text; a longer text has `…` in place of its middle.
pub fn shortened(text: &str, most: usize) -> Cow<'_, str> {
    // A text of few bytes has few characters.
    if text.len() <= most || text.chars().count() <= most {
        return text.into();
    }
    let kept = most.saturating_sub(1);
    let (first, last) = (kept.div_ceil(2), kept / 2);
    let end = text.char_indices().nth(first).map_or(0, |(at, _)| at);
    let start = match last {
        0 => text.len(),
        last => text
            .char_indices()
            .rev()
            .nth(last - 1)
            .map_or(0, |(at, _)| at),
    };
    let (head, tail) = (text.get(..end), text.get(start..));
    format!("{}…{}", head.unwrap_or_default(), tail.unwrap_or_default()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_obeys_is_shown() {
        assert_eq!(line("plain ü 名"), "plain ü 名");
        assert_eq!(line("\u{1b}]0;x\u{7}\u{9b}"), "\\x1b]0;x\\x07\\u009b");
        assert_eq!(
            line("a\u{202e}b\u{2066}\u{2029}"),
            "a\\u202eb\\u2066\\u2029"
        );
        assert_eq!(line("a\r\n\tb"), "a\\r\\n\\tb");
        assert_eq!(lines("a\r\n\tb"), "a\\r\n\tb");
    }

    #[test]
    fn a_long_text_keeps_its_ends() {
        assert_eq!(shortened("abcdef", 6), "abcdef");
        assert_eq!(shortened("abcdefg", 6), "abc…fg");
        assert_eq!(shortened("名前名前名前", 4), "名前…前");
        assert_eq!(shortened("abc", 1), "…");
    }
}
