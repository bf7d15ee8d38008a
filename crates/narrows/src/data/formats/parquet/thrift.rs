//! The headers of pages and the counts of the footer, in Thrift's compact protocol. The crate that decodes the pages
//! trusts these numbers, so they are checked here first.

/// The greatest depth of nested structures.
const DEPTH: usize = 32;

/// Bytes of the compact protocol; `None` if they end too soon or are invalid.
pub(super) struct Thrift<'a> {
    bytes: &'a [u8],
    at: usize,
}

const TRUE: u8 = 1;
const FALSE: u8 = 2;
const I32: u8 = 5;
const LIST: u8 = 9;
const SET: u8 = 10;
const STRUCT: u8 = 12;

impl<'a> Thrift<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Thrift { bytes, at: 0 }
    }

    fn byte(&mut self) -> Option<u8> {
        let byte = *self.bytes.get(self.at)?;
        self.at += 1;
        Some(byte)
    }

    fn varint(&mut self) -> Option<u64> {
        let mut value = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }

    fn integer(&mut self) -> Option<i64> {
        let value = self.varint()?;
        Some((value >> 1) as i64 ^ -((value & 1) as i64))
    }

    fn advance(&mut self, count: u64) -> Option<()> {
        let left = self.bytes.len() - self.at;
        let count = usize::try_from(count).ok().filter(|&count| count <= left)?;
        self.at += count;
        Some(())
    }

    /// The next field of a structure: its number and type; `Some(None)` at the end.
    fn field(&mut self, last: &mut i64) -> Option<Option<(i64, u8)>> {
        let head = self.byte()?;
        if head == 0 {
            return Some(None);
        }
        *last = match head >> 4 {
            0 => self.integer()?,
            step => last.checked_add(i64::from(step))?,
        };
        Some(Some((*last, head & 0xf)))
    }

    /// The type and the number of the elements of a list; each element has at least `least` bytes.
    fn list(&mut self, least: usize) -> Option<(u8, usize)> {
        let head = self.byte()?;
        let count = match head >> 4 {
            15 => self.varint()?,
            count => u64::from(count),
        };
        let count = usize::try_from(count).ok()?;
        let left = self.bytes.len() - self.at;
        (count.checked_mul(least)? <= left).then_some((head & 0xf, count))
    }

    fn skip(&mut self, kind: u8, depth: usize) -> Option<()> {
        match kind {
            TRUE | FALSE => Some(()),
            3 => self.advance(1),
            4..=6 => self.varint().map(|_| ()),
            7 => self.advance(8),
            8 => {
                let length = self.varint()?;
                self.advance(length)
            }
            LIST | SET => {
                let (kind, count) = self.list(1)?;
                for _ in 0..count {
                    self.element(kind, depth)?;
                }
                Some(())
            }
            STRUCT => self.structure(depth, |_, _, _| Some(false)),
            // Parquet never uses maps.
            _ => None,
        }
    }

    /// An element of a list, in which a boolean takes a byte.
    fn element(&mut self, kind: u8, depth: usize) -> Option<()> {
        match kind {
            TRUE | FALSE => self.advance(1),
            kind => self.skip(kind, depth),
        }
    }

    /// Goes through a structure; `each` returns whether it read a field's value.
    fn structure(
        &mut self,
        depth: usize,
        mut each: impl FnMut(&mut Self, i64, u8) -> Option<bool>,
    ) -> Option<()> {
        let depth = depth.checked_sub(1)?;
        let mut last = 0;
        while let Some((number, kind)) = self.field(&mut last)? {
            if !each(self, number, kind)? {
                self.skip(kind, depth)?;
            }
        }
        Some(())
    }

    /// The first field of a structure, an integer; `None` if a field is missing or has a wrong type.
    fn record(&mut self, fields: Fields) -> Option<i64> {
        let (mut first, mut seen) = (None, 0_u32);
        self.structure(DEPTH, |thrift, number, kind| {
            let Some(place) = fields.iter().position(|field| field.0 == number) else {
                return Some(false);
            };
            // True and false are types of their own.
            let kind = if kind == FALSE { TRUE } else { kind };
            if fields.get(place)?.1 != kind {
                return None;
            }
            seen |= 1 << place;
            if place > 0 {
                return Some(false);
            }
            first = Some(thrift.integer()?);
            Some(true)
        })?;
        let is_there =
            |(place, field): (usize, &(i64, u8, bool))| !field.2 || seen >> place & 1 == 1;
        first.filter(|_| fields.iter().enumerate().all(is_there))
    }

    /// The integers of a structure by their numbers; other fields are skipped.
    fn integers(&mut self, into: &mut [(i64, Option<i64>)]) -> Option<()> {
        self.structure(DEPTH, |thrift, number, kind| {
            let wanted = into.iter_mut().find(|(wanted, _)| *wanted == number);
            match wanted {
                Some((_, value)) if matches!(kind, 4..=6) => {
                    *value = Some(thrift.integer()?);
                    Some(true)
                }
                _ => Some(false),
            }
        })
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PageKind {
    Data,
    Index,
    Dictionary,
    DataV2,
}

/// The sizes in the header of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct PageHeader {
    pub(super) kind: PageKind,
    /// The bytes of the header itself.
    pub(super) length: usize,
    /// The bytes of the page, as it is in the file.
    pub(super) packed: usize,
    pub(super) unpacked: usize,
    /// The number of values, including missing ones.
    pub(super) values: usize,
}

impl PageHeader {
    /// Reads a header from the start of some bytes; `None` if there is none, or if it is incomplete. A missing field or
    /// a field of another type is damage, because the bytes after it would be misread.
    pub(super) fn read(bytes: &[u8]) -> Option<PageHeader> {
        let mut thrift = Thrift::new(bytes);
        let (mut counts, mut values) = ([None; 4], [None; 3]);
        thrift.structure(DEPTH, |thrift, number, field| {
            match (number, field) {
                // The type of the page, its unpacked size, its packed size and its checksum.
                (1..=4, I32) => {
                    let count = thrift.integer()?;
                    *counts.get_mut(number as usize - 1)? = Some(count);
                }
                (5, STRUCT) => values[0] = Some(thrift.record(DATA)?),
                (6, STRUCT) => return Some(false),
                (7, STRUCT) => values[1] = Some(thrift.record(DICTIONARY)?),
                (8, STRUCT) => values[2] = Some(thrift.record(DATA_V2)?),
                (1..=8, _) => return None,
                _ => return Some(false),
            }
            Some(true)
        })?;
        let [kind, unpacked, packed, _] = counts;
        let (kind, values) = match kind? {
            0 => (PageKind::Data, values[0]?),
            1 => (PageKind::Index, 0),
            2 => (PageKind::Dictionary, values[1]?),
            3 => (PageKind::DataV2, values[2]?),
            _ => return None,
        };
        Some(PageHeader {
            kind,
            length: thrift.at,
            packed: usize::try_from(packed?).ok()?,
            unpacked: usize::try_from(unpacked?).ok()?,
            values: usize::try_from(values).ok()?,
        })
    }
}

/// The fields of a structure: the number of each, its type, and whether it is required. The first is the number of
/// values.
type Fields = &'static [(i64, u8, bool)];

const DATA: Fields = &[
    (1, I32, true),
    (2, I32, true),
    (3, I32, true),
    (4, I32, true),
    (5, STRUCT, false),
];
const DICTIONARY: Fields = &[(1, I32, true), (2, I32, true), (3, TRUE, false)];
const DATA_V2: Fields = &[
    (1, I32, true),
    (2, I32, true),
    (3, I32, true),
    (4, I32, true),
    (5, I32, true),
    (6, I32, true),
    (7, TRUE, false),
    (8, STRUCT, false),
];

/// The fewest bytes of a footer's parts. A part takes about a hundred bytes in memory, so a footer of empty parts would
/// take hundreds of times its size.
const LEAST_ELEMENT: usize = 6;
const LEAST_GROUP: usize = 12;
const LEAST_CHUNK: usize = 24;

/// The greatest depth of nested groups of columns: they are read by recursion.
const NESTED: usize = 100;

/// The counts of a footer, before it is read as a whole.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Footer {
    pub(super) is_encrypted: bool,
}

impl Footer {
    /// Goes through a footer; `None` if one of its counts is impossible, or if it ends too soon.
    pub(super) fn check(bytes: &[u8]) -> Option<Footer> {
        let mut footer = Footer::default();
        let mut thrift = Thrift::new(bytes);
        thrift.structure(DEPTH, |thrift, number, kind| match (number, kind) {
            (2, LIST) => thrift.schema(),
            (4, LIST) => {
                thrift.structures(LEAST_GROUP, |thrift, number, kind| match (number, kind) {
                    (1, LIST) => thrift.structures(LEAST_CHUNK, |_, _, _| Some(false)),
                    _ => Some(false),
                })
            }
            (8, _) => {
                footer.is_encrypted = true;
                Some(false)
            }
            _ => Some(false),
        })?;
        Some(footer)
    }
}

impl Thrift<'_> {
    /// Goes through a list of structures of at least `least` bytes each.
    fn structures(
        &mut self,
        least: usize,
        mut each: impl FnMut(&mut Self, i64, u8) -> Option<bool>,
    ) -> Option<bool> {
        let (kind, count) = self.list(least)?;
        if kind != STRUCT && count > 0 {
            return None;
        }
        for _ in 0..count {
            self.structure(DEPTH, &mut each)?;
        }
        Some(true)
    }

    /// Goes through the elements of a schema: groups, each before its children.
    fn schema(&mut self) -> Option<bool> {
        let (kind, count) = self.list(LEAST_ELEMENT)?;
        if kind != STRUCT && count > 0 {
            return None;
        }
        // The number of children that are still to come, for each open group.
        let mut open: Vec<i64> = Vec::new();
        for _ in 0..count {
            let mut children = [(5, None)];
            self.integers(&mut children)?;
            while open.last() == Some(&0) {
                open.pop();
            }
            if let Some(left) = open.last_mut() {
                *left -= 1;
            }
            if let Some(children) = children[0].1.filter(|&children| children > 0) {
                open.push(children);
            }
            if open.len() > NESTED {
                return None;
            }
        }
        Some(true)
    }
}
