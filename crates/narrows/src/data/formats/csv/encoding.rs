//! Reads the text of a file: it is unpacked and converted to UTF-8, one part at a time.

use super::refusal::{Refusal, unreadable};
use super::zipped;
use crate::advice::{Setting, set, setting};
use crate::data::fault::Mend;
use crate::data::formats::unpack::unpacked;
use crate::declaration::suggest;
use crate::{Error, ErrorKind, Result};
use encoding_rs::{CoderResult, Decoder, DecoderResult, Encoding, UTF_8, UTF_16BE, UTF_16LE};
use std::io::{self, Cursor, Read};
use std::path::Path;

/// The number of bytes from which an encoding is detected.
const FIRST: u64 = 1 << 12;
const INPUT: usize = 1 << 16;

/// The text of a file. If the file claims to be UTF-8, its bytes may still be invalid.
pub(super) struct OpenText {
    pub(super) text: Box<dyn Read>,
    /// The encoding, if it is not UTF-8.
    pub(super) encoding: Option<&'static str>,
}

/// Opens the text of a file: plain, gzipped, or the one member of a ZIP archive.
pub(super) fn open(path: &Path, label: Option<&str>) -> Result<OpenText> {
    let said = label.map(named).transpose()?;
    let mut bytes = if zipped::is_zip(path)? {
        zipped::open(path)?
    } else {
        unpacked(path)?
    };
    let mut start = Vec::new();
    bytes
        .by_ref()
        .take(FIRST)
        .read_to_end(&mut start)
        .map_err(unreadable)?;
    if start.starts_with(&[0x1f, 0x8b]) {
        return Err(
            Error::new(ErrorKind::Format, "the content is gzipped a second time")
                .hint("unpack it once"),
        );
    }
    let encoding = said.unwrap_or_else(|| told(&start));
    let name = (encoding != UTF_8).then(|| encoding.name());
    let bytes = Cursor::new(without_mark(start)).chain(bytes);
    let text: Box<dyn Read> = if encoding == UTF_8 {
        Box::new(bytes)
    } else {
        Box::new(Decoded::new(bytes, encoding))
    };
    Ok(OpenText {
        text,
        encoding: name,
    })
}

/// Names that may be meant by a misspelled one. There are more encodings, with several names each.
const USUAL: [&str; 12] = [
    "utf-8",
    "utf-16le",
    "utf-16be",
    "windows-1250",
    "windows-1251",
    "windows-1252",
    "iso-8859-2",
    "iso-8859-15",
    "latin1",
    "shift_jis",
    "big5",
    "gb18030",
];

/// An encoding by its name on the web.
fn named(label: &str) -> Result<&'static Encoding> {
    Encoding::for_label(label.trim().as_bytes()).ok_or_else(|| {
        let error = Error::new(ErrorKind::Data, "there is no encoding of this name")
            .expected("a name such as utf-8, windows-1252, iso-8859-2, utf-16le or shift_jis")
            .found(format!("\"{label}\""));
        suggest(error, label, &USUAL)
    })
}

/// The encoding of a text, from its byte-order mark, or from the zero bytes of UTF-16 in Latin text.
fn told(start: &[u8]) -> &'static Encoding {
    if let Some((encoding, _)) = Encoding::for_bom(start) {
        return encoding;
    }
    let pairs = start.chunks_exact(2);
    let count = pairs.len();
    let is_zero = |place: usize| {
        pairs
            .clone()
            .filter(|pair| pair.get(place) == Some(&0))
            .count()
    };
    let (first, second) = (is_zero(0), is_zero(1));
    if count > 1 && first == 0 && 5 * second >= 4 * count {
        UTF_16LE
    } else if count > 1 && second == 0 && 5 * first >= 4 * count {
        UTF_16BE
    } else {
        UTF_8
    }
}

/// The start without the byte-order mark of UTF-8 or UTF-16.
fn without_mark(mut start: Vec<u8>) -> Vec<u8> {
    if let Some((_, length)) = Encoding::for_bom(&start) {
        start.drain(..length.min(start.len()));
    }
    start
}

/// Bytes of another encoding, as UTF-8.
struct Decoded<R> {
    bytes: R,
    decoder: Decoder,
    name: &'static str,
    input: Vec<u8>,
    /// The part of `input` that is not decoded yet.
    from: usize,
    filled: usize,
    is_at_end: bool,
    is_done: bool,
    output: Vec<u8>,
    given: usize,
    lines: u64,
}

impl<R: Read> Decoded<R> {
    fn new(bytes: R, encoding: &'static Encoding) -> Self {
        Decoded {
            bytes,
            decoder: encoding.new_decoder_without_bom_handling(),
            name: encoding.name(),
            input: vec![0; INPUT],
            from: 0,
            filled: 0,
            is_at_end: false,
            is_done: false,
            output: Vec::new(),
            given: 0,
            lines: 1,
        }
    }

    /// Decodes the input into the empty output.
    fn decode(&mut self) -> io::Result<()> {
        if self.from == self.filled && !self.is_at_end {
            self.filled = self.bytes.read(&mut self.input)?;
            self.from = 0;
            self.is_at_end = self.filled == 0;
        }
        self.output.resize(4 * INPUT, 0);
        let input = self.input.get(self.from..self.filled).unwrap_or_default();
        let (result, read, written) = self.decoder.decode_to_utf8_without_replacement(
            input,
            &mut self.output,
            self.is_at_end,
        );
        self.from += read;
        self.output.truncate(written);
        self.given = 0;
        self.lines += memchr::memchr_iter(b'\n', &self.output).count() as u64;
        match result {
            DecoderResult::Malformed(..) => Err(io::Error::new(
                io::ErrorKind::InvalidData,
                format!(
                    "line {} has bytes that are not text in {}; if the file is whole, choose another encoding with {}",
                    self.lines,
                    self.name,
                    setting(Setting::Encoding)
                ),
            )),
            DecoderResult::InputEmpty => {
                self.is_done = self.is_at_end;
                Ok(())
            }
            DecoderResult::OutputFull => Ok(()),
        }
    }
}

impl<R: Read> Read for Decoded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.given == self.output.len() {
            if self.is_done {
                return Ok(0);
            }
            self.decode()?;
        }
        let rest = self.output.get(self.given..).unwrap_or_default();
        let count = rest.len().min(buffer.len());
        if let (Some(to), Some(from)) = (buffer.get_mut(..count), rest.get(..count)) {
            to.copy_from_slice(from);
        }
        self.given += count;
        Ok(count)
    }
}

/// The start of a text as UTF-8, if it is text; used to recognize files. If the bytes are not UTF-8, at most one in
/// `share` characters may be invalid.
pub(super) fn start_as_text(start: &[u8], share: usize) -> Option<String> {
    let encoding = told(start);
    let start = without_mark(start.to_vec());
    let mut decoder = encoding.new_decoder_without_bom_handling();
    let mut text = String::with_capacity(4 * start.len() + 16);
    let (result, _, has_errors) = decoder.decode_to_string(&start, &mut text, false);
    // Latin-1 has bytes that are not valid UTF-8; the error of reading gives the advice.
    let is_text = if has_errors {
        let odd = text.chars().filter(|c| *c == '\u{fffd}').count();
        share * odd <= text.chars().count()
    } else {
        true
    };
    let has_control = text.chars().any(|c| {
        c.is_control()
            && !matches!(
                c,
                '\t' | '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{1a}' | '\u{1b}'
            )
    });
    (result == CoderResult::InputEmpty && is_text && !has_control).then_some(text)
}

/// The first bytes of a text that are not UTF-8.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct NotText {
    line: u64,
    /// The number of characters before them on the line, plus one.
    character: usize,
    bytes: Vec<u8>,
}

impl NotText {
    /// Those at a place in a text that begins on a line.
    pub(super) fn at(text: &[u8], at: usize, line: u64, end: u8) -> Self {
        let before = text.get(..at).unwrap_or_default();
        let line_start = memchr::memrchr(end, before).map_or(0, |end| end + 1);
        let of_line = String::from_utf8_lossy(before.get(line_start..).unwrap_or_default());
        NotText {
            line: line + memchr::memchr_iter(end, before).count() as u64,
            character: of_line.chars().count() + 1,
            bytes: text.iter().skip(at).take(4).copied().collect(),
        }
    }

    /// The error, with the encoding of most such files.
    pub(super) fn refusal(&self) -> Refusal {
        const USUAL: &str = "windows-1252";
        let error = Error::new(ErrorKind::Format, "the text is not UTF-8")
            .at(format!("line {}, character {}", self.line, self.character))
            .expected("UTF-8 text")
            .found(format!("{:02x?}", self.bytes))
            .hint(format!(
                "name its encoding; for most older files it is {}",
                set(Setting::Encoding, USUAL)
            ));
        Refusal::mended_by(error, Mend::Encoding(USUAL))
    }
}
