//! Counts the possible readings of the cells of each column, and decides for the whole file.

use super::number::{Style, is_same_group};
use super::{cell::FoundCell, class::Class};
use crate::data::column::CellCounts;
use crate::data::schema::ColumnKind;

/// The most units and group separators that are counted for a column.
const VARIANTS: usize = 8;

/// The number of cells of each class in a column.
///
/// A table may have a million columns and few rows, so a count has one byte. The rest of a larger count is elsewhere.
#[derive(Clone, Debug, Default)]
pub(super) struct ClassTally {
    /// The remainders of the counts divided by [`STEP`].
    counts: [u8; Class::COUNT],
    more: Option<Box<More>>,
}

/// The number of cells that a step of [`More`] stands for.
const STEP: u64 = 1 << 8;

/// The parts of a tally that only columns with many cells or with special cells need.
#[derive(Clone, Debug, Default)]
struct More {
    /// The counts divided by [`STEP`].
    steps: [u32; Class::COUNT],
    rare: Rare,
}

/// Counts that only few columns need.
#[derive(Clone, Debug, Default)]
struct Rare {
    /// The texts next to numbers.
    units: Vec<(String, u32)>,
    /// The separators of groups of three digits, other than point and comma; and whether they can be nothing else.
    groups: Vec<(char, u32)>,
    /// Cells with several groups, or with decimals too.
    certain: u32,
    with_unit: u32,
    /// Grouped numbers of 5 or more digits.
    long: u32,
    /// The smallest, as text, of the whole numbers with leading zeros.
    padded: Option<String>,
}

impl ClassTally {
    #[inline]
    pub(super) fn add(&mut self, class: Class) {
        if let Some(count) = self.counts.get_mut(class as usize) {
            *count = count.wrapping_add(1);
            if *count == 0 {
                self.add_steps(class as usize, 1);
            }
        }
    }

    #[cold]
    fn add_steps(&mut self, class: usize, steps: u32) {
        if let Some(known) = self.more().steps.get_mut(class) {
            *known = known.saturating_add(steps);
        }
    }

    fn more(&mut self) -> &mut More {
        self.more.get_or_insert_default()
    }

    fn rare(&self) -> Option<&Rare> {
        self.more.as_ref().map(|more| &more.rare)
    }

    pub(super) fn add_found(&mut self, found: &FoundCell<'_>) {
        self.add(found.class);
        if found.unit.is_none() && found.group.is_none() {
            return;
        }
        let rare = &mut self.more().rare;
        if let Some(unit) = found.unit {
            rare.with_unit = rare.with_unit.saturating_add(1);
            add(&mut rare.units, unit, 1, |known| known == unit);
        }
        if let Some(group) = found.group {
            add(&mut rare.groups, group, 1, |known| *known == group);
            let digits = found.number.bytes().filter(u8::is_ascii_digit).count();
            let has_decimals = found.number.contains(['.', ',']);
            if matches!(
                found.class,
                Class::WholeLong | Class::PointLong | Class::CommaLong
            ) {
                rare.long = rare.long.saturating_add(1);
            }
            if digits > 6 || has_decimals {
                rare.certain = rare.certain.saturating_add(1);
            }
        }
    }

    /// Records a whole number with leading zeros.
    pub(super) fn add_padded(&mut self, cell: &[u8]) {
        let rare = &mut self.more().rare;
        let is_less = |known: &String| known.as_bytes() > cell;
        if rare.padded.as_ref().is_none_or(is_less) {
            rare.padded = Some(String::from_utf8_lossy(cell).into_owned());
        }
    }

    /// A whole number with leading zeros.
    pub(super) fn padded(&self) -> Option<&str> {
        self.rare()?.padded.as_deref()
    }

    pub(super) fn merge(&mut self, other: &ClassTally) {
        for (class, more) in other.counts.iter().enumerate() {
            if let Some(count) = self.counts.get_mut(class) {
                let (sum, is_step) = count.overflowing_add(*more);
                *count = sum;
                if is_step {
                    self.add_steps(class, 1);
                }
            }
        }
        if let Some(other) = &other.more {
            for (class, &steps) in other.steps.iter().enumerate() {
                self.add_steps(class, steps);
            }
            let (rare, other) = (&mut self.more().rare, &other.rare);
            for (unit, count) in &other.units {
                add(&mut rare.units, unit.as_str(), *count, |known| {
                    known == unit
                });
            }
            for (group, count) in &other.groups {
                add(&mut rare.groups, *group, *count, |known| known == group);
            }
            rare.certain = rare.certain.saturating_add(other.certain);
            rare.with_unit = rare.with_unit.saturating_add(other.with_unit);
            rare.long = rare.long.saturating_add(other.long);
            let both = rare.padded.take().into_iter().chain(other.padded.clone());
            rare.padded = both.min();
        }
    }

    pub(super) fn of(&self, classes: &[Class]) -> u64 {
        classes
            .iter()
            .map(|class| self.count(*class as usize))
            .sum()
    }

    fn count(&self, class: usize) -> u64 {
        let rest = self.counts.get(class).copied().unwrap_or_default();
        let steps = self.more.as_ref().and_then(|more| more.steps.get(class));
        u64::from(rest) + STEP * u64::from(steps.copied().unwrap_or_default())
    }

    /// The number of present cells.
    pub(super) fn present(&self) -> u64 {
        let all: u64 = (0..Class::COUNT).map(|class| self.count(class)).sum();
        all - self.of(&[Class::Missing])
    }

    /// The text next to most numbers, if it is always the same.
    pub(super) fn unit(&self) -> Option<&str> {
        let rare = self.rare()?;
        // If two have the same count, the order of the names decides, so that the order of reading has no effect.
        let (unit, count) = rare
            .units
            .iter()
            .max_by(|a, b| a.1.cmp(&b.1).then_with(|| b.0.cmp(&a.0)))?;
        (2 * u64::from(*count) >= self.all_numbers()).then_some(unit.as_str())
    }

    fn all_numbers(&self) -> u64 {
        let numbers = Class::Whole as usize..=Class::Infinite as usize;
        let all: u64 = numbers.map(|class| self.count(class)).sum();
        // Other numbers with points show that these are not addresses.
        match self.of(&[Class::ByPoints, Class::ByPointsComma]) {
            0 => all - self.of(&[Class::Address]),
            _ => all,
        }
    }

    /// The number of cells that are numbers in some reading, with the column's unit.
    fn numbers(&self) -> u64 {
        let Some(rare) = self.rare() else {
            return self.all_numbers();
        };
        let plain = self.all_numbers() - u64::from(rare.with_unit).min(self.all_numbers());
        let best = rare.units.iter().map(|(_, count)| u64::from(*count)).max();
        // If half of the numbers have a unit, those without a unit do not belong to the column, and vice versa.
        plain.max(best.unwrap_or_default())
    }

    pub(super) fn is_of_numbers(&self) -> bool {
        let present = self.present();
        present > 0 && 2 * self.numbers() >= present
    }

    /// The numbers of cells that show a decimal point and a decimal comma.
    pub(super) fn votes(&self, separator: u8) -> (u64, u64) {
        use Class::{
            ByCommas, ByCommasPoint, ByPoints, ByPointsComma, Comma, CommaLong, EitherComma,
            EitherPoint, Point, PointLong, WholeLong,
        };
        let mut points = self.of(&[Point, PointLong, ByCommas, ByCommasPoint]);
        let mut commas = self.of(&[Comma, CommaLong, ByPoints, ByPointsComma]);
        // 20340 in the same file as 124.355 shows that there is no thousands separator.
        if self.of(&[WholeLong]) > 0 {
            points += u64::from(self.of(&[EitherPoint]) > 0);
            commas += u64::from(self.of(&[EitherComma]) > 0 && separator != b',');
        }
        (points, commas)
    }

    /// Whether the column has whole numbers of 5 or more digits without a separator of thousands. Codes such as 01067
    /// are never written with one.
    pub(super) fn has_long(&self) -> bool {
        let grouped = self.rare().map_or(0, |rare| u64::from(rare.long));
        let long = self.of(&[Class::WholeLong, Class::WholeUnsigned, Class::WholeHuge]);
        long > grouped && self.padded().is_none()
    }

    /// Whether some cells have this separator between groups of three digits, or a mark that may be it.
    pub(super) fn may_have(&self, group: char) -> bool {
        let rare = self.rare();
        match group {
            ',' => self.of(&[Class::EitherComma, Class::ByCommas, Class::ByCommasPoint]) > 0,
            '.' => self.of(&[Class::EitherPoint, Class::ByPoints, Class::ByPointsComma]) > 0,
            _ => rare.is_some_and(|rare| {
                let mut groups = rare.groups.iter();
                groups.any(|(known, _)| is_same_group(*known, group))
            }),
        }
    }

    /// The counts that many files share.
    pub(super) fn counts(&self) -> CellCounts {
        let letters = [
            Class::LetterT,
            Class::LetterF,
            Class::LetterY,
            Class::LetterN,
        ];
        let words = self.of(&[Class::Yes, Class::No]);
        CellCounts {
            present: self.present(),
            numbers: self.numbers(),
            truths: words + self.of(&letters),
            letters: letters.map(|letter| self.of(&[letter]) > 0),
        }
    }

    /// The possible thousands separator of the column: the one that its cells show, if all agree.
    pub(super) fn group(&self, decimal: u8) -> Option<char> {
        use Class::{
            ByCommas, ByCommasPoint, ByPoints, ByPointsComma, CommaLong, PointLong, WholeLong,
        };
        let rare = self.rare();
        let grouped = rare.map_or(0, |rare| u64::from(rare.long));
        // 1,234.5 and 12345.6 are different styles.
        if self.of(&[WholeLong, PointLong, CommaLong]) > grouped {
            return None;
        }
        let is_point = decimal == b'.';
        let mark = if is_point {
            (self.of(&[ByCommas, ByCommasPoint]) > 0).then_some(',')
        } else {
            (self.of(&[ByPoints, ByPointsComma]) > 0).then_some('.')
        };
        let mut others = rare.into_iter().flat_map(|rare| &rare.groups);
        match (mark, others.next(), others.next()) {
            (mark, None, _) => mark,
            (None, Some(('_', _)), _) => None,
            (None, Some((' ', _)), None) => {
                rare.is_some_and(|rare| rare.certain > 0).then_some(' ')
            }
            (None, Some((group, _)), None) => Some(*group),
            _ => None,
        }
    }

    /// Whether marks in a column can only be thousands separators, if another column shows that.
    pub(super) fn may_group(&self, decimal: u8) -> bool {
        let either = match decimal {
            b'.' => Class::EitherComma,
            _ => Class::EitherPoint,
        };
        self.of(&[either]) > 0
            && self.of(&[Class::WholeLong, Class::PointLong, Class::CommaLong]) == 0
    }

    /// The thousands separator of some column, if it is the mark that is not the decimal sign.
    pub(super) fn shown_group(tallies: &[ClassTally], decimal: u8) -> Option<char> {
        let mark = if decimal == b'.' { ',' } else { '.' };
        let shows =
            |tally: &ClassTally| tally.is_of_numbers() && tally.group(decimal) == Some(mark);
        tallies.iter().any(shows).then_some(mark)
    }

    /// The type of the column in a style.
    pub(super) fn kind(&self, style: &Style) -> ColumnContent {
        let present = self.present();
        let words = |kind| ColumnContent {
            kind,
            whole: Whole::Float,
        };
        if present == 0 {
            return words(ColumnKind::Empty);
        }
        if self.is_of_numbers() {
            return self.number_kind(style);
        }
        let (yes, no) = (self.of(&[Class::Yes]), self.of(&[Class::No]));
        // `no` among other words is one of them, for example a country, if there is no `yes`.
        let letters = self.of(&[
            Class::LetterT,
            Class::LetterF,
            Class::LetterY,
            Class::LetterN,
        ]);
        let is_pair = (yes > 0 && no > 0) || yes + no + letters == present;
        let is_either = 2 * (yes + no) >= present && is_pair;
        let is_truth = is_either || yes + no + self.letters() == present;
        let (dates, times) = (self.of(&[Class::Date]), self.of(&[Class::Time]));
        let stamps = self.of(&[Class::Timestamp]);
        words(match () {
            () if is_truth => ColumnKind::Boolean,
            () if dates == present => ColumnKind::Date,
            () if times == present => ColumnKind::Time,
            () if stamps + dates == present => ColumnKind::Timestamp,
            () => ColumnKind::Text,
        })
    }

    /// The number of letters for true and false, and for yes and no. It is 0 if only one letter of a pair occurs,
    /// because that may be a name.
    fn letters(&self) -> u64 {
        let pairs = [
            [Class::LetterT, Class::LetterF],
            [Class::LetterY, Class::LetterN],
        ];
        let is_half = |[yes, no]: &[Class; 2]| (self.of(&[*yes]) > 0) != (self.of(&[*no]) > 0);
        if pairs.iter().any(is_half) {
            0
        } else {
            self.of(pairs.as_flattened())
        }
    }

    fn number_kind(&self, style: &Style) -> ColumnContent {
        const MARKED: [Class; 11] = [
            Class::Point,
            Class::PointLong,
            Class::Comma,
            Class::CommaLong,
            Class::EitherPoint,
            Class::EitherComma,
            Class::ByCommasPoint,
            Class::ByPointsComma,
            Class::Exponent,
            Class::Infinite,
            Class::WholeHuge,
        ];
        let is_decimal = |class: &Class| {
            matches!(class, Class::Infinite | Class::WholeHuge) || style.has_decimals(*class)
        };
        let decimals: Vec<Class> = MARKED.into_iter().filter(is_decimal).collect();
        let is_unsigned = self.of(&[Class::WholeUnsigned]) > 0;
        let has_negative = self.of(&[Class::WholeNegative]) > 0;
        if self.of(&decimals) > 0 || (is_unsigned && has_negative) {
            return ColumnContent {
                kind: ColumnKind::Float,
                whole: Whole::Float,
            };
        }
        ColumnContent {
            kind: ColumnKind::Integer,
            whole: if is_unsigned {
                Whole::Unsigned
            } else {
                Whole::Signed
            },
        }
    }
}

/// Adds to an existing count, or begins a new one.
fn add<T, N: Into<T>>(known: &mut Vec<(T, u32)>, new: N, count: u32, is: impl Fn(&T) -> bool) {
    if let Some((_, so_far)) = known.iter_mut().find(|(value, _)| is(value)) {
        *so_far = so_far.saturating_add(count);
    } else if known.len() < VARIANTS {
        known.push((new.into(), count));
    }
}

/// The type of a column, and the type in which its numbers are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ColumnContent {
    pub(super) kind: ColumnKind,
    pub(super) whole: Whole,
}

/// The type in which numbers are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Whole {
    Signed,
    Unsigned,
    Float,
}
