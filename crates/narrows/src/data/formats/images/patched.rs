//! A TIFF file that is read with some of its bytes replaced. The decoder would go through all pages before the
//! requested one, and it does not support palettes. So the header is made to point to the requested page, and a page
//! with a palette is declared gray.

use super::opened::OpenImage;
use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};

pub(super) struct Patched {
    file: BufReader<File>,
    at: u64,
    /// The replacements, with their places.
    patches: Vec<(u64, Vec<u8>)>,
}

/// The layout of numbers in a file.
#[derive(Clone, Copy)]
struct NumberLayout {
    is_little: bool,
    /// Whether offsets have 64 bits.
    is_big_tiff: bool,
}

impl Patched {
    pub(super) fn new(opened: OpenImage) -> Patched {
        Patched {
            file: opened.file,
            at: 0,
            patches: Vec::new(),
        }
    }

    fn bytes<const N: usize>(&mut self, at: u64) -> io::Result<[u8; N]> {
        let mut bytes = [0; N];
        self.file.seek(SeekFrom::Start(at))?;
        self.file.read_exact(&mut bytes)?;
        Ok(bytes)
    }

    fn layout(&mut self) -> io::Result<NumberLayout> {
        let start: [u8; 4] = self.bytes(0)?;
        self.rewind()?;
        Ok(NumberLayout {
            is_little: start.starts_with(b"II"),
            is_big_tiff: start.contains(&43),
        })
    }

    /// Makes the directory at a place the first one.
    pub(super) fn begin_at(&mut self, place: u64) -> io::Result<()> {
        let layout = self.layout()?;
        let mut bytes = place.to_be_bytes().to_vec();
        if !layout.is_big_tiff {
            bytes.drain(..4);
        }
        if layout.is_little {
            bytes.reverse();
        }
        let at = if layout.is_big_tiff { 8 } else { 4 };
        self.patches.push((at, bytes));
        Ok(())
    }

    /// Declares the page of the directory at a place as gray.
    pub(super) fn read_as_gray(&mut self, place: u64) -> io::Result<()> {
        const PHOTOMETRIC: u16 = 262;
        const BLACK_IS_ZERO: u8 = 1;
        let layout = self.layout()?;
        let short = |bytes: [u8; 2]| {
            if layout.is_little {
                u16::from_le_bytes(bytes)
            } else {
                u16::from_be_bytes(bytes)
            }
        };
        let (head, entry, value) = if layout.is_big_tiff {
            (8, 20, 12)
        } else {
            (2, 12, 8)
        };
        // A directory has at most 65,535 entries, so the lowest two bytes of the count hold it.
        let count_at = if layout.is_big_tiff && !layout.is_little {
            6
        } else {
            0
        };
        let count = short(self.bytes(place.saturating_add(count_at))?);
        for index in 0..u64::from(count) {
            let at = place.saturating_add(head + index * entry);
            let [a, b, c, d] = self.bytes(at)?;
            if short([a, b]) != PHOTOMETRIC {
                continue;
            }
            // Only the lowest byte is not 0; in a short number it is the first or second.
            let lowest = match (layout.is_little, short([c, d])) {
                (true, _) => 0,
                (false, 3) => 1,
                (false, _) => 3,
            };
            self.patches
                .push((at + value + lowest, vec![BLACK_IS_ZERO]));
            break;
        }
        self.rewind()
    }
}

impl Read for Patched {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read(out)?;
        for (place, bytes) in &self.patches {
            for (place, &byte) in (*place..).zip(bytes) {
                let index = place
                    .checked_sub(self.at)
                    .and_then(|at| usize::try_from(at).ok());
                let read = out.get_mut(..count).unwrap_or_default();
                if let Some(there) = index.and_then(|index| read.get_mut(index)) {
                    *there = byte;
                }
            }
        }
        self.at += count as u64;
        Ok(count)
    }
}

impl Seek for Patched {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.at = self.file.seek(to)?;
        Ok(self.at)
    }
}
