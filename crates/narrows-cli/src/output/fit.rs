//! Text in lines that fit a width.

use super::terminal::stdout_width;
use narrows::plain;
use std::borrow::Cow;
use std::path::Path;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// A space at which no line breaks; it is printed as a space. Unicode keeps this code for use inside of a program, so no
/// text has it.
pub const KEPT: char = '\u{fdd0}';

/// A text that stays on one line: a line breaks before or after it.
pub fn kept(text: &str) -> String {
    text.replace(' ', &KEPT.to_string())
}

/// A path as it is printed: on one line.
pub fn shown_path(path: &Path) -> String {
    kept(&path.display().to_string())
}

/// The text as it is printed, after its lines are broken.
pub(super) fn plain_spaces(text: &str) -> Cow<'_, str> {
    if text.contains(KEPT) {
        text.replace(KEPT, " ").into()
    } else {
        text.into()
    }
}

/// The text in lines of at most `width`; what a line continues in is indented.
pub(super) fn fitted(text: &str, width: usize) -> String {
    let line = |line: &str| {
        let rest = line.trim_start_matches(' ');
        let indent = &line[..line.len() - rest.len()];
        wrapped(rest, indent, &format!("{indent}  "), width)
    };
    text.split('\n').map(line).collect::<Vec<_>>().join("\n")
}

/// A text in lines of at most `width`, the first and the others with what they begin with. Words are not broken. A
/// command between backticks stays on one line if a line has room for it, so that it can be copied.
pub fn wrapped(text: &str, first: &str, others: &str, width: usize) -> String {
    let room = width.saturating_sub(others.width());
    let mut lines = Vec::new();
    let mut line = first.to_string();
    let mut is_begun = false;
    for word in pieces(text, room) {
        let length = line.width() + word.width() + usize::from(is_begun);
        if is_begun && length > width {
            lines.push(std::mem::replace(&mut line, others.to_string()));
            is_begun = false;
        }
        if is_begun {
            line.push(' ');
        }
        line.push_str(word);
        is_begun = true;
    }
    lines.push(line);
    lines.join("\n")
}

/// The parts of a text between which lines may break: its words, but what stands between backticks in one piece if it
/// takes at most `room` columns. A percent sign stays with its number, `±` and `×` with both.
fn pieces(text: &str, room: usize) -> Vec<&str> {
    let (mut pieces, mut rest) = (Vec::new(), Some(text));
    while let Some(text) = rest {
        let word = text.find(' ').unwrap_or(text.len());
        let closed = end_of_code(text, word).filter(|&end| text[..end].width() <= room);
        let end = with_signs(text, closed.unwrap_or(word));
        pieces.push(&text[..end]);
        rest = text.get(end + 1..);
    }
    pieces
}

/// The end of a piece with the words behind it that belong to it.
fn with_signs(text: &str, end: usize) -> usize {
    const BETWEEN: [&str; 2] = ["±", "×"];
    let mut end = end;
    while let Some(rest) = text.get(end + 1..) {
        let next = rest.split(' ').next().unwrap_or_default();
        let next_plain = next.trim_end_matches(|c: char| !"%±×".contains(c));
        let before = text[..end].rsplit(' ').next().unwrap_or_default();
        if next_plain != "%" && !BETWEEN.contains(&next) && !BETWEEN.contains(&before) {
            break;
        }
        end += 1 + next.len();
    }
    end
}

/// The end of the word that closes the backticks, where the first word of a text opens them and does not close them.
fn end_of_code(text: &str, first_word: usize) -> Option<usize> {
    let is_open = text[..first_word].matches('`').count() % 2 == 1;
    let rest = text.get(first_word..).filter(|_| is_open)?;
    let last_word = first_word + rest.find('`')?;
    let length = text[last_word..].find(' ');
    Some(length.map_or(text.len(), |length| last_word + length))
}

/// A text in lines of the terminal's width, if there is one; see [`wrapped`].
pub fn wrapped_to_terminal(text: &str, first: &str, others: &str) -> String {
    wrapped(text, first, others, stdout_width().unwrap_or(usize::MAX))
}

/// The text and spaces up to a width on the terminal, where wide letters take two columns.
pub fn padded(text: &str, width: usize) -> String {
    format!("{text}{}", " ".repeat(width.saturating_sub(text.width())))
}

/// The text, with its middle left out where it is wider than `most`: names that begin alike often differ at their ends.
pub fn shortened(text: &str, most: usize) -> Cow<'_, str> {
    if text.width() <= most {
        return text.into();
    }
    let (mut start, mut end) = (String::new(), Vec::new());
    let mut left = most.saturating_sub(1);
    let mut letters = text.chars();
    for is_start in [true, false].into_iter().cycle() {
        let letter = if is_start {
            letters.next()
        } else {
            letters.next_back()
        };
        let Some(letter) = letter else { break };
        let Some(rest) = left.checked_sub(letter.width().unwrap_or(0)) else {
            break;
        };
        left = rest;
        if is_start {
            start.push(letter)
        } else {
            end.push(letter)
        }
    }
    start.push('…');
    start.extend(end.iter().rev());
    start.into()
}

/// The parts of a line, apart from each other, up to the first that has no room. The first part is always there.
pub fn fitting(parts: &[&str], width: usize) -> String {
    const GAP: &str = "   ";
    let Some((first, others)) = parts.split_first() else {
        return String::new();
    };
    let mut line = first.to_string();
    for part in others.iter().filter(|part| !part.is_empty()) {
        if line.width() + GAP.len() + part.width() > width {
            break;
        }
        line.push_str(GAP);
        line.push_str(part);
    }
    line
}

/// A command line on a terminal, to copy: a line that is too long continues behind a backslash, and an option stays
/// beside its value. Words are quoted for a shell already.
pub fn command_line(command: &str, indent: &str) -> String {
    command_line_within(command, indent, stdout_width().unwrap_or(usize::MAX))
}

fn command_line_within(command: &str, indent: &str, width: usize) -> String {
    const MORE: &str = " \\";
    let mut lines: Vec<String> = Vec::new();
    let mut line = indent.to_string();
    let groups = groups(command);
    for (place, group) in groups.iter().enumerate() {
        let is_last = place + 1 == groups.len();
        let behind = if is_last { 0 } else { MORE.len() };
        let is_begun = !line.trim_start().is_empty();
        if is_begun && line.width() + 1 + group.width() + behind > width {
            line.push_str(MORE);
            lines.push(std::mem::replace(&mut line, format!("{indent}    ")));
        } else if is_begun {
            line.push(' ');
        }
        line.push_str(group);
    }
    lines.push(line);
    lines.join("\n")
}

/// The parts of a command line that stay together: the commands, and each option with its values.
fn groups(command: &str) -> Vec<&str> {
    let (mut groups, mut start) = (Vec::new(), 0);
    for (place, _) in command.match_indices(" -") {
        // A hyphen within quotes begins no option.
        let is_quoted = command[..place].replace("\\'", "").matches('\'').count() % 2 == 1;
        if !is_quoted {
            groups.push(&command[start..place]);
            start = place + 1;
        }
    }
    groups.push(&command[start..]);
    groups
}

/// A list of names with what they are, in lines of the terminal's width if there is one.
pub fn described(rows: &[(&str, &str)]) -> String {
    described_behind("", rows)
}

/// The same behind an indent.
pub fn described_behind(indent: &str, rows: &[(&str, &str)]) -> String {
    let width = rows.iter().map(|(name, _)| name.width()).max().unwrap_or(0);
    let others = format!("{indent}{}", " ".repeat(width + 5));
    let line = |(name, text): &(&str, &str)| {
        let first = format!("{indent}  {}   ", padded(name, width));
        wrapped_to_terminal(text, &first, &others)
    };
    rows.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// Lines of aligned columns. A line that is wider than the terminal, if there is one, continues below its last column.
pub fn aligned_lines(text: &str) -> String {
    aligned_lines_within(text, stdout_width().unwrap_or(usize::MAX))
}

fn aligned_lines_within(text: &str, width: usize) -> String {
    let line = |line: &str| {
        let last = line.rfind("  ").map_or(0, |place| place + 2);
        let (first, rest) = line.split_at(last);
        wrapped(rest, first, &" ".repeat(first.width()), width)
    };
    text.split('\n').map(line).collect::<Vec<_>>().join("\n")
}

/// A table of two columns, aligned, in lines of the terminal's width if there is one.
pub fn table(rows: &[(&str, String)]) -> String {
    let rows: Vec<(&str, Cow<'_, str>)> = rows
        .iter()
        .map(|(name, value)| (*name, plain::line(value)))
        .collect();
    let rows: Vec<(&str, &str)> = rows.iter().map(|(name, value)| (*name, &**value)).collect();
    described(&rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_not_broken() {
        let text = format!(
            "report: {} (new)",
            shown_path(Path::new("my runs/a b.html"))
        );
        let lines = wrapped(&text, "", "  ", 20);
        assert_eq!(plain_spaces(&lines), "report:\n  my runs/a b.html\n  (new)");
        assert_eq!(KEPT.width(), Some(1));
    }

    #[test]
    fn wide_letters_take_two_columns() {
        assert_eq!(wrapped("名前 名前", "", "", 8), "名前\n名前");
    }

    #[test]
    fn what_a_terminal_obeys_is_escaped() {
        let lines = table(&[("name", "a\u{202e}\nb".to_string())]);
        assert_eq!(lines, "  name   a\\u202e\\nb");
    }

    #[test]
    fn a_long_line_continues_behind_its_indent() {
        assert_eq!(
            fitted("  one two three\nfour", 10),
            "  one two\n    three\nfour"
        );
    }

    #[test]
    fn what_is_between_backticks_stays_on_a_line() {
        let text = "a (`b --c d`) e";
        assert_eq!(wrapped(text, "", "", 11), "a\n(`b --c d`)\ne");
        assert_eq!(wrapped(text, "", "", 10), "a (`b --c\nd`) e");
        assert_eq!(pieces("a` b ", 9), ["a`", "b", ""]);
        let text = "of 0.5 ± 0.1, (70 %), 7 × 7 a";
        assert_eq!(
            pieces(text, 9),
            ["of", "0.5 ± 0.1,", "(70 %),", "7 × 7", "a"]
        );
        assert_eq!(pieces("±", 9), ["±"]);
    }

    #[test]
    fn a_line_of_columns_continues_below_the_last_one() {
        assert_eq!(
            aligned_lines_within("  a   b c d\ne", 9),
            "  a   b c\n      d\ne"
        );
    }

    #[test]
    fn a_command_line_continues_behind_a_backslash() {
        let command = "narrows train table --data 'a -b.csv' --label c";
        assert_eq!(
            command_line_within(command, "  ", 80),
            format!("  {command}")
        );
        assert_eq!(
            command_line_within(command, "  ", 41),
            "  narrows train table --data 'a -b.csv' \\\n      --label c"
        );
        assert_eq!(
            command_line_within(command, "  ", 40),
            "  narrows train table \\\n      --data 'a -b.csv' --label c"
        );
    }

    #[test]
    fn the_middle_of_a_long_text_and_the_end_of_a_line_are_left_out() {
        assert_eq!(shortened("abcdefg", 7), "abcdefg");
        assert_eq!(shortened("abcdefg", 6), "abc…fg");
        assert_eq!(fitting(&["a", "", "b", "c"], 5), "a   b");
        assert_eq!(fitting(&["a", "b"], 0), "a");
    }

    #[test]
    fn lines_are_broken_between_words() {
        let text = "word ".repeat(40);
        let lines = wrapped(text.trim(), "  - ", "    ", 80);
        assert!(lines.lines().count() == 3 && lines.lines().all(|line| line.len() <= 80));
        assert_eq!(wrapped("", "  a ", "    ", 80), "  a ");
        let long = "x".repeat(100);
        assert_eq!(
            wrapped(&format!("a {long}"), "", "  ", 80),
            format!("a\n  {long}")
        );
    }
}
