//! The start of a text, from which its dialect is detected.

use super::chunks::refuse_long;
use super::refusal::{unreadable, zero_byte};
use super::syntax::Syntax;
use crate::Result;
use crate::data::fault::OnFault;
use std::io::Read;

/// The start of a text.
pub(super) struct TextStart {
    pub(super) text: Vec<u8>,
    pub(super) is_whole: bool,
}

impl TextStart {
    /// Reads the start of a text: at least some whole lines. If faults are reported, zero bytes are left to the reader
    /// of the rows.
    pub(super) fn read(mut text: Box<dyn Read>, size: usize, on_fault: OnFault) -> Result<Self> {
        let mut sample = TextStart {
            text: Vec::new(),
            is_whole: false,
        };
        let mut size = size;
        loop {
            let wanted = size - sample.text.len();
            sample.text.reserve_exact(wanted);
            let mut part = text.by_ref().take(wanted as u64);
            let count = part.read_to_end(&mut sample.text).map_err(unreadable)?;
            sample.is_whole = count < wanted;
            if let (Some(at), OnFault::Refuse) = (memchr::memchr(0, &sample.text), on_fault) {
                let before = sample.text.get(..at).unwrap_or_default();
                return Err(zero_byte(
                    1 + memchr::memchr_iter(b'\n', before).count() as u64,
                ));
            }
            if sample.is_whole || sample.has_lines() {
                return Ok(sample);
            }
            sample.refuse_long()?;
            size *= 2;
        }
    }

    /// Whether it holds at least three whole lines, for a header, a line of units and a row.
    fn has_lines(&self) -> bool {
        let count = |end| memchr::memchr_iter(end, &self.text).take(4).count();
        count(b'\n') >= 4 || (count(b'\n') == 0 && count(b'\r') >= 4)
    }

    /// The end of the last whole line.
    pub(super) fn cut(&self) -> usize {
        if self.is_whole {
            return self.text.len();
        }
        let last = |end| memchr::memrchr(end, &self.text).map_or(0, |at| at + 1);
        match last(b'\n') {
            0 => last(b'\r'),
            end => end,
        }
    }

    /// Refuses a cell or a row without an end, for any separator, before more is read.
    fn refuse_long(&self) -> Result<()> {
        let end = self.cut();
        let rest = self.text.get(end..).unwrap_or_default();
        let is_there = |separator: &u8| memchr::memchr(*separator, rest).is_some();
        let mut separators: Vec<u8> = [b',', b';', b'\t', b'|']
            .into_iter()
            .filter(is_there)
            .collect();
        // Spaces are common within cells; they are used only if nothing else fits.
        if separators.is_empty() {
            separators.push(if is_there(&b' ') { b' ' } else { b',' });
        }
        for separator in separators {
            let syntax = Syntax {
                separator,
                quote: b'"',
                end: b'\n',
            };
            refuse_long(&self.text, end, None, syntax, 1)?;
        }
        Ok(())
    }
}
