//! The types of a row's values, and how its bytes become numbers.

use crate::data::element::{Element, NumberKind, difference};

/// The values that are converted at a time, so that they stay in the first-level cache.
pub(crate) const AT_ONCE: usize = 256;

/// Neighboring values of one type in a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct SameTyped {
    element: Element,
    count: usize,
    /// Whether an integer of the type stands for a missing value ([`Element::gap`]), as there is no NaN among them.
    has_gaps: bool,
}

/// The types of the values of a row, which lie one after the other without gaps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RowType {
    runs: Vec<SameTyped>,
    inputs: usize,
    stride: usize,
}

impl RowType {
    /// All values of one type.
    pub(crate) fn all(element: Element, inputs: usize) -> Self {
        RowType::new([(element, false)].into_iter().cycle().take(inputs))
    }

    /// The type of each value, and whether an integer of it stands for a missing one.
    pub(crate) fn new(columns: impl IntoIterator<Item = (Element, bool)>) -> Self {
        let mut runs: Vec<SameTyped> = Vec::new();
        for (element, has_gaps) in columns {
            match runs.last_mut() {
                Some(run) if run.element == element && run.has_gaps == has_gaps => run.count += 1,
                _ => runs.push(SameTyped {
                    element,
                    count: 1,
                    has_gaps,
                }),
            }
        }
        let inputs = runs.iter().map(|run| run.count).sum();
        let stride = runs.iter().map(|run| run.count * run.element.size()).sum();
        RowType {
            runs,
            inputs,
            stride,
        }
    }

    pub(crate) fn inputs(&self) -> usize {
        self.inputs
    }

    /// The bytes of a row.
    pub(crate) fn stride(&self) -> usize {
        self.stride
    }

    /// The one type of all values, if there is one.
    pub(crate) fn single(&self) -> Option<Element> {
        match self.runs[..] {
            [run] => Some(run.element),
            _ => None,
        }
    }

    /// Whether all values are whole numbers, and none can be missing.
    pub(crate) fn is_integer(&self) -> bool {
        let is_whole = |run: &SameTyped| run.element.is_integer() && !run.has_gaps;
        self.runs.iter().all(is_whole)
    }

    /// The types of neighboring values: how many have each, and whether an integer of it stands for a missing value.
    pub(in crate::data) fn parts(&self) -> impl Iterator<Item = (Element, usize, bool)> + '_ {
        self.runs
            .iter()
            .map(|run| (run.element, run.count, run.has_gaps))
    }

    /// The type of each value of a row.
    pub(crate) fn elements(&self) -> impl Iterator<Item = Element> + '_ {
        let of = |run: &SameTyped| std::iter::repeat_n(run.element, run.count);
        self.runs.iter().flat_map(of)
    }

    /// The type of a value.
    pub(crate) fn element(&self, mut input: usize) -> Element {
        for run in &self.runs {
            if input < run.count {
                return run.element;
            }
            input -= run.count;
        }
        Element::little(NumberKind::F64)
    }

    /// Hands on the values of a row in pieces of at most [`AT_ONCE`]: the place of the first, and the values as
    /// `f64`, NaN where one is missing.
    #[inline]
    pub(crate) fn each(
        &self,
        bytes: &[u8],
        fill: Option<&[f64]>,
        mut give: impl FnMut(usize, &[f64]),
    ) {
        self.pieces(bytes, fill, |place, values, _, _| give(place, values));
    }

    /// The same with an offset subtracted from each value, as [`Number::minus`] does: one for all, or one for each
    /// place.
    ///
    /// [`Number::minus`]: crate::data::number::Number::minus
    #[inline]
    pub(crate) fn each_minus(
        &self,
        offset: &[f64],
        bytes: &[u8],
        fill: Option<&[f64]>,
        mut give: impl FnMut(usize, &[f64]),
    ) {
        self.pieces(bytes, fill, |place, values, run, bytes| {
            if run.element.is_wide_integer() {
                let element = run.element;
                let integers = bytes.chunks_exact(element.size());
                for (index, (value, bytes)) in values.iter_mut().zip(integers).enumerate() {
                    let offset = offset_of(offset, place + index);
                    let integer = element.integer(bytes).unwrap_or_default();
                    *value = if run.has_gaps && integer == element.gap() {
                        *value - offset
                    } else {
                        difference(*value, integer, offset)
                    };
                }
            } else {
                subtract(offset, place, values);
            }
            give(place, values);
        });
    }

    /// The values in pieces, each with its run and its bytes.
    #[inline]
    fn pieces(
        &self,
        bytes: &[u8],
        fill: Option<&[f64]>,
        mut give: impl FnMut(usize, &mut [f64], &SameTyped, &[u8]),
    ) {
        let mut buffer = [0.0; AT_ONCE];
        let (mut at, mut place) = (0, 0);
        for run in &self.runs {
            let size = run.element.size();
            let mut left = run.count;
            while left > 0 {
                let count = left.min(AT_ONCE);
                let (Some(piece), values) =
                    (bytes.get(at..at + count * size), &mut buffer[..count])
                else {
                    return;
                };
                run.element.to_f64(piece, values);
                if run.has_gaps {
                    let gap = run.element.gap() as f64;
                    for value in values.iter_mut().filter(|value| **value == gap) {
                        *value = f64::NAN;
                    }
                }
                if let Some(fill) = fill.and_then(|fill| fill.get(place..place + count)) {
                    for (value, &fill) in values.iter_mut().zip(fill) {
                        *value = if value.is_nan() { fill } else { *value };
                    }
                }
                give(place, values, run, piece);
                at += count * size;
                place += count;
                left -= count;
            }
        }
    }

    /// A whole number of a row exactly, where it is one: for values that no `f64` holds. A missing one is `fill`.
    pub(crate) fn integer(
        &self,
        bytes: &[u8],
        mut input: usize,
        fill: Option<f64>,
    ) -> Option<i128> {
        let mut at = 0;
        for run in &self.runs {
            let size = run.element.size();
            if input < run.count {
                let start = at + input * size;
                let number = run.element.integer(bytes.get(start..start + size)?)?;
                return if run.has_gaps && number == run.element.gap() {
                    fill.map(|fill| fill as i128)
                } else {
                    Some(number)
                };
            }
            input -= run.count;
            at += run.count * size;
        }
        None
    }
}

/// The offset of a place, where there is one for all or one for each.
#[inline]
fn offset_of(offset: &[f64], place: usize) -> f64 {
    match *offset {
        [one] => one,
        _ => offset.get(place).copied().unwrap_or_default(),
    }
}

/// Subtracts from neighboring values, the first of which is at `place`, the offset of all or of each place.
#[inline]
pub(in crate::data) fn subtract(offset: &[f64], place: usize, values: &mut [f64]) {
    match *offset {
        [one] => values.iter_mut().for_each(|value| *value -= one),
        _ => {
            let offset = offset.get(place..).unwrap_or_default();
            let pairs = values.iter_mut().zip(offset);
            pairs.for_each(|(value, offset)| *value -= offset);
        }
    }
}
