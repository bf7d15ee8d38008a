//! The counts in delta-encoded pages of texts. The decoder allocates memory by these counts, so they are checked first.

use parquet::basic::Encoding;

/// The most texts of a delta-encoded page; each takes eight bytes in addition to its own.
const TEXTS: u64 = 4 << 20;

/// The largest page of texts with shared prefixes: each of its texts may be as long as the page.
const SHARED: usize = 2 << 20;

/// Whether the values are texts or bytes, the lengths of which are delta-encoded.
pub(super) fn is_of_bytes(encoding: Encoding) -> bool {
    matches!(
        encoding,
        Encoding::DELTA_LENGTH_BYTE_ARRAY | Encoding::DELTA_BYTE_ARRAY
    )
}

/// Checks the counts of a page with `values` values, including missing ones; `None` if they are impossible.
pub(super) fn check(encoding: Encoding, body: &[u8], values: usize) -> Option<()> {
    let most = TEXTS.min(values as u64);
    let mut lengths = DeltaLengths { bytes: body };
    if encoding == Encoding::DELTA_BYTE_ARRAY {
        if body.len() > SHARED {
            return None;
        }
        lengths.pass_over(most)?;
    }
    let head = lengths.head()?;
    (head.total <= most).then_some(())
}

/// Delta-encoded integers.
struct DeltaLengths<'a> {
    bytes: &'a [u8],
}

struct DeltaHead {
    per_block: u64,
    blocks: u64,
    total: u64,
}

impl DeltaLengths<'_> {
    fn varint(&mut self) -> Option<u64> {
        let mut value = 0_u64;
        for shift in (0..64).step_by(7) {
            let (&byte, rest) = self.bytes.split_first()?;
            self.bytes = rest;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }

    fn head(&mut self) -> Option<DeltaHead> {
        let size = self.varint()?;
        let blocks = self.varint()?;
        let total = self.varint()?;
        self.varint()?;
        let per_block = size.checked_div(blocks).filter(|&count| count > 0)?;
        Some(DeltaHead {
            per_block,
            blocks,
            total,
        })
    }

    fn advance(&mut self, count: u64) -> Option<()> {
        self.bytes = self.bytes.get(usize::try_from(count).ok()?..)?;
        Some(())
    }

    /// Skips the integers, of which there are at most `most`.
    fn pass_over(&mut self, most: u64) -> Option<()> {
        let head = self.head().filter(|head| head.total <= most)?;
        // The first value is in the header.
        let mut left = head.total.saturating_sub(1);
        while left > 0 {
            self.varint()?;
            let widths = self.bytes.get(..usize::try_from(head.blocks).ok()?)?;
            self.bytes = &self.bytes[widths.len()..];
            for &width in widths {
                if left == 0 {
                    break;
                }
                let bits = head.per_block.checked_mul(u64::from(width))?;
                self.advance(bits.div_ceil(8))?;
                left = left.saturating_sub(head.per_block);
            }
        }
        Some(())
    }
}
