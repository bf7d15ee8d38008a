//! Rows of numbers as a `.npy` file, which NumPy's `numpy.load` reads (format version 1.0).

use ndarray::ArrayView2;

/// The file of `[rows, columns]`, row by row.
pub fn bytes(rows: ArrayView2<'_, f32>) -> Vec<u8> {
    let (count, columns) = rows.dim();
    let mut header =
        format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({count}, {columns}), }}");
    // The numbers begin at a multiple of 64 bytes, behind the ten before the header and a line feed.
    let padded = (10 + header.len() + 1).next_multiple_of(64);
    header.extend(std::iter::repeat_n(' ', padded - 10 - header.len() - 1));
    header.push('\n');
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((header.len() as u16).to_le_bytes());
    bytes.extend(header.as_bytes());
    bytes.extend(rows.iter().flat_map(|value| value.to_le_bytes()));
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn the_header_is_what_numpy_writes() {
        let found = bytes(array![[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]].view());
        let (header, numbers) = found.split_at(128);
        assert!(header.starts_with(b"\x93NUMPY\x01\x00\x76\x00{'descr': '<f4', "));
        assert!(header.ends_with(b" \n"));
        assert_eq!(numbers.len(), 24);
        assert_eq!(numbers[4..8], 2.0f32.to_le_bytes());
        assert_eq!(numbers[12..16], 4.0f32.to_le_bytes());
    }
}
