//! Passes over all rows of a dataset, for the smallest and the largest values and for the checksum.

use super::super::element::Element;
use super::super::number::Number;
use super::super::records::{AT_ONCE, FileState};
use super::super::values::Values;
use super::{Checksum, Dataset};
use crate::Result;
use ndarray::Array2;
use twox_hash::xxhash3_128::Hasher;

impl Dataset {
    /// The checksum over all rows. It is computed once; for rows that stay in a file, together with their range.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Io`](crate::ErrorKind::Io) if rows that stay in a file cannot be read.
    pub fn checksum(&self) -> Result<Checksum> {
        if self.is_in_file() {
            self.extremes();
        }
        let checksum = self.extremes.checksum.get_or_init(|| self.hash());
        self.check_readable()?;
        Ok(*checksum)
    }

    /// The checksum of the rows as they are now. It differs from [`Dataset::checksum`] if the rows stay in a file that
    /// has changed.
    ///
    /// # Errors
    ///
    /// As [`Dataset::checksum`].
    pub fn checksum_now(&self) -> Result<Checksum> {
        let checksum = self.hash();
        self.check_readable()?;
        Ok(checksum)
    }

    /// The state of the file of the rows when it was opened, and its state now; `None` for rows in memory.
    pub(crate) fn file_states(&self) -> Option<(FileState, FileState)> {
        match &self.values {
            Values::Records(records) => records.file_states(),
            _ => None,
        }
    }

    fn hash(&self) -> Checksum {
        fn add<T: bytemuck::NoUninit>(digest: &mut Digest, values: &Array2<T>) {
            match values.as_slice() {
                Some(values) => digest.add(bytemuck::cast_slice(values)),
                None => values
                    .iter()
                    .for_each(|value| digest.add(bytemuck::bytes_of(value))),
            }
        }
        let mut digest = Digest::of(self);
        match &self.values {
            Values::U8(values) => add(&mut digest, values),
            Values::F32(values) => add(&mut digest, values),
            Values::Records(records) => {
                for row in 0..self.rows() {
                    if let Some(bytes) = records.row_bytes(row) {
                        digest.add(&bytes);
                    }
                }
            }
        }
        digest.finish()
    }
}

/// A checksum in progress.
pub(super) struct Digest(Hasher);

impl Digest {
    /// Begins the checksum of these data; their rows follow.
    pub(super) fn of(data: &Dataset) -> Digest {
        let mut digest = Digest(Hasher::new());
        let number =
            |digest: &mut Digest, number: usize| digest.add(&(number as u64).to_le_bytes());
        number(&mut digest, data.rows());
        data.shape()
            .iter()
            .for_each(|&size| number(&mut digest, size));
        let kind = |digest: &mut Digest, element: Element, gaps: bool| {
            let (big, gaps) = (u8::from(element.is_big_endian), u8::from(gaps));
            digest.add(format!("{:?}", element.kind).as_bytes());
            digest.add(&[big, gaps]);
        };
        match &data.values {
            Values::Records(records) => {
                for (element, count, gaps) in records.row_type().parts() {
                    kind(&mut digest, element, gaps);
                    number(&mut digest, count);
                }
                // The fill values belong to the values.
                for fill in records.fill().unwrap_or_default() {
                    digest.add(&fill.to_le_bytes());
                }
            }
            values => {
                kind(&mut digest, values.element(), false);
                number(&mut digest, data.inputs());
            }
        }
        digest
    }

    pub(super) fn add(&mut self, bytes: &[u8]) {
        self.0.write(bytes);
    }

    pub(super) fn finish(&self) -> Checksum {
        Checksum(self.0.finish_128())
    }
}

/// Every row in turn, as [`for_each_row`]. If the rows stay in a file, it also computes the checksum, so that the file
/// is read only once.
pub(super) fn for_each_row_summed(
    data: &Dataset,
    mut each: impl FnMut(usize, &[f64]),
) -> Option<Checksum> {
    let Values::Records(records) = &data.values else {
        for_each_row(data, each);
        return None;
    };
    if !records.is_in_file() {
        for_each_row(data, each);
        return None;
    }
    let mut digest = Digest::of(data);
    for row in 0..data.rows() {
        records.each_with(row, |bytes| digest.add(bytes), &mut each);
    }
    Some(digest.finish())
}

impl Dataset {
    /// The smallest and the largest values: `[inputs]` each for a table, one for each column, or `[1]` each for images.
    pub(crate) fn extremes(&self) -> &(Vec<f64>, Vec<f64>) {
        self.extremes.ends.get_or_init(|| extremes(self))
    }

    /// The difference between the largest and the smallest value, for each column of a table or for images as a whole.
    pub(crate) fn spans(&self) -> Vec<f64> {
        let (low, high) = self.extremes();
        if !self.has_wide_integers() {
            return low.iter().zip(high).map(|(low, high)| high - low).collect();
        }
        let mut ends = vec![(f64::INFINITY, f64::NEG_INFINITY); low.len()];
        for_each_row_minus(self, low, |place, values| {
            for (index, &value) in values.iter().enumerate() {
                let place = if low.len() == 1 { 0 } else { place + index };
                let (least, most) = &mut ends[place];
                (*least, *most) = (least.min(value), most.max(value));
            }
        });
        ends.into_iter().map(|(least, most)| most - least).collect()
    }

    /// Whether statistics are computed over all values, as for images, and not for each column.
    pub(crate) fn is_one_column(&self) -> bool {
        self.shape().len() > 1
    }

    /// The constant columns, or the whole if it is constant, each with its value.
    pub(crate) fn constants(&self) -> impl Iterator<Item = (usize, f64)> {
        let low = self.extremes().0.clone();
        let pairs = low.into_iter().zip(self.spans()).enumerate();
        pairs.filter_map(|(column, (low, span))| (span == 0.0).then_some((column, low)))
    }

    /// The names of the constant columns; `all values` for images.
    pub(crate) fn constant_columns(&self) -> Vec<String> {
        let name = |(column, _)| {
            if self.is_one_column() {
                "all values".to_string()
            } else {
                self.column_place(column)
            }
        };
        self.constants().map(name).collect()
    }
}

/// The smallest and the largest values: `[inputs]` each for a table, one for each column, or `[1]` each for images.
fn extremes(data: &Dataset) -> (Vec<f64>, Vec<f64>) {
    let (low, high) = match &data.values {
        Values::U8(values) => extremes_in_memory(values, u8::min, u8::max),
        Values::F32(values) => extremes_in_memory(values, f32::min, f32::max),
        Values::Records(_) => extremes_of_records(data),
    };
    if data.is_one_column() {
        let low = low.into_iter().fold(f64::INFINITY, f64::min);
        let high = high.into_iter().fold(f64::NEG_INFINITY, f64::max);
        return (vec![low], vec![high]);
    }
    (low, high)
}

/// The smallest and the largest value of each column, compared in the stored type, so that many are compared at once.
fn extremes_in_memory<T: Number>(
    values: &Array2<T>,
    least: impl Fn(T, T) -> T,
    most: impl Fn(T, T) -> T,
) -> (Vec<f64>, Vec<f64>) {
    let mut rows = values.rows().into_iter();
    let first = rows.next().map(|row| row.to_vec()).unwrap_or_default();
    let (mut low, mut high) = (first.clone(), first);
    for row in rows.filter_map(|row| row.to_slice()) {
        for ((low, high), &value) in low.iter_mut().zip(&mut high).zip(row) {
            *low = least(*low, value);
            *high = most(*high, value);
        }
    }
    let widened = |ends: Vec<T>| ends.into_iter().map(T::to_f64).collect();
    (widened(low), widened(high))
}

fn extremes_of_records(data: &Dataset) -> (Vec<f64>, Vec<f64>) {
    let mut low = vec![f64::INFINITY; data.inputs()];
    let mut high = vec![f64::NEG_INFINITY; data.inputs()];
    let checksum = for_each_row_summed(data, |place, values| {
        let extremes = low[place..].iter_mut().zip(&mut high[place..]);
        for ((low, high), &value) in extremes.zip(values) {
            *low = low.min(value);
            *high = high.max(value);
        }
    });
    checksum.map(|checksum| data.extremes.checksum.set(checksum));
    (low, high)
}

/// Every row in turn, in pieces: the place of the first value, and the values. Statistics of columns do not depend on
/// the order of operations within a row, so they use vector instructions.
pub(in crate::data) fn for_each_row(data: &Dataset, mut each: impl FnMut(usize, &[f64])) {
    let mut buffer = [0.0; AT_ONCE];
    for index in 0..data.rows() {
        data.each_value(index, &mut buffer, &mut each);
    }
}

/// The same with an offset subtracted, as [`Dataset::each_minus`].
pub(crate) fn for_each_row_minus(
    data: &Dataset,
    offset: &[f64],
    mut each: impl FnMut(usize, &[f64]),
) {
    let mut buffer = [0.0; AT_ONCE];
    for index in 0..data.rows() {
        data.each_minus(index, offset, &mut buffer, &mut each);
    }
}

#[cfg(test)]
impl Dataset {
    /// Rows of `f32` that stay in a file, which holds nothing else.
    pub(crate) fn of_file(path: &std::path::Path, columns: usize) -> Dataset {
        use super::super::element::NumberKind;
        use super::super::records::{Records, RowType};
        let file = std::fs::File::open(path).unwrap();
        let row = RowType::all(Element::little(NumberKind::F32), columns);
        let rows = file.metadata().unwrap().len() as usize / row.stride();
        let values = Values::Records(Records::in_file(file, path, 0, row, rows));
        Dataset::new("rows in a file", values, vec![columns], None).unwrap()
    }
}

#[cfg(test)]
mod tests {
    use super::super::Checksums;
    use super::*;
    use ndarray::array;

    fn of(values: Array2<f32>) -> Checksum {
        Dataset::from_array(values.view())
            .unwrap()
            .checksum()
            .unwrap()
    }

    #[test]
    fn any_value_and_any_order_has_a_checksum_of_its_own() {
        let rows = Array2::from_shape_fn((3000, 4), |(row, column)| (row * 4 + column) as f32);
        let known = of(rows.clone());
        assert_eq!(known, of(rows.clone()));
        for row in [0, 1, 1501, 2999] {
            let mut changed = rows.clone();
            changed[[row, 3]] += 0.5;
            assert_ne!(known, of(changed), "row {row}");
        }
        let mut turned = rows.clone();
        turned.invert_axis(ndarray::Axis(0));
        assert_ne!(known, of(turned));
        assert_ne!(of(array![[1.0, 2.0]]), of(array![[1.0], [2.0]]));
        let whole = Dataset::from_array(array![[1_i64, 2]].view()).unwrap();
        assert_ne!(of(array![[1.0, 2.0]]), whole.checksum().unwrap());
    }

    #[test]
    fn rows_in_a_file_have_the_checksum_of_those_in_memory_and_show_a_change() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rows");
        let rows = Array2::from_shape_fn((50, 3), |(row, column)| (row * 3 + column) as f32);
        let bytes = |rows: &Array2<f32>| -> Vec<u8> {
            rows.iter().flat_map(|value| value.to_le_bytes()).collect()
        };
        std::fs::write(&path, bytes(&rows)).unwrap();
        let stored = Dataset::of_file(&path, 3);
        let chosen: Vec<usize> = (0..50).filter(|row| row % 7 != 0).collect();
        let some = stored.select(&chosen).unwrap();
        let memory = Dataset::from_array(rows.view()).unwrap();
        assert_eq!(stored.checksum().unwrap(), memory.checksum().unwrap());
        let expected = memory.select(&chosen).unwrap().checksum().unwrap();
        assert_eq!(some.checksum().unwrap(), expected);
        assert_eq!(some.checksum_now().unwrap(), expected);
        let mut changed = rows.clone();
        changed[[49, 0]] = -1.0;
        std::fs::write(&path, bytes(&changed)).unwrap();
        assert_eq!(some.checksum().unwrap(), expected, "it is formed once");
        // Row 49 is left out.
        assert_eq!(some.checksum_now().unwrap(), expected);
        assert_ne!(stored.checksum_now().unwrap(), memory.checksum().unwrap());
    }

    #[test]
    fn a_checksum_is_text_of_128_bits() {
        let sums = Checksums {
            train: Checksum(5),
            validation: None,
            test: Some(Checksum(u128::MAX)),
        };
        let text = serde_json::to_string(&sums).unwrap();
        assert!(text.contains(&format!("\"{:032x}\"", 5)), "{text}");
        assert_eq!(serde_json::from_str::<Checksums>(&text).unwrap(), sums);
        assert!(serde_json::from_str::<Checksums>(&text.replace('0', "x")).is_err());
    }
}
