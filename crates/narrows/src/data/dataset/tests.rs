use super::*;
use crate::data::builder::RowsBuilder;
use crate::data::records::{IN_MEMORY, Records, RowType};
use crate::data::values::Row;
use ndarray::array;

/// The same rows of `f32`, in memory and in a file.
pub(crate) fn in_memory_and_in_file(values: &Array2<f32>) -> [Dataset; 2] {
    [IN_MEMORY, 0].map(|limit| {
        let kind = Element::little(NumberKind::F32);
        let mut rows = RowsBuilder::with_limit(RowType::all(kind, values.ncols()), limit);
        for value_row in values.rows() {
            let bytes: Vec<u8> = value_row.iter().flat_map(|x| x.to_le_bytes()).collect();
            rows.push(&bytes).unwrap();
        }
        let values_of = rows.finish(None).unwrap();
        Dataset::new("rows", values_of, vec![values.ncols()], None).unwrap()
    })
}

/// Rows of `f32` in a file, and the open file.
pub(crate) fn rows_and_their_file(values: &Array2<f32>) -> (Dataset, std::fs::File) {
    let mut file = tempfile::tempfile().unwrap();
    let bytes: Vec<u8> = values.iter().flat_map(|x| x.to_le_bytes()).collect();
    std::io::Write::write_all(&mut file, &bytes).unwrap();
    let row = RowType::all(Element::little(NumberKind::F32), values.ncols());
    let own = file.try_clone().unwrap();
    let records = Records::in_file(own, std::path::Path::new("rows"), 0, row, values.nrows());
    let values_of = Values::Records(records);
    let data = Dataset::new("rows", values_of, vec![values.ncols()], None).unwrap();
    (data, file)
}

fn table() -> Dataset {
    let values = Values::U8(array![[0, 1], [2, 3], [4, 5]]);
    Dataset::new("table", values, vec![2], Some(vec![7, 8, 9])).unwrap()
}

fn refusal(values: Values, shape: &[usize], labels: Option<Vec<i64>>) -> String {
    let error = Dataset::new("table", values, shape.to_vec(), labels).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Data);
    error.to_string()
}

#[test]
fn what_does_not_fit_is_refused() {
    let two = || Values::U8(array![[0, 1], [2, 3]]);
    assert_eq!(
        refusal(Values::U8(Array2::zeros((0, 3))), &[3], None),
        "table: there are no rows: expected at least one row, found none"
    );
    assert_eq!(
        refusal(Values::U8(Array2::zeros((3, 0))), &[0], None),
        "table: the rows are empty: expected at least one value a row, found none"
    );
    for shape in [&[3][..], &[], &[2, 2], &[usize::MAX, usize::MAX], &[0]] {
        assert_eq!(
            refusal(two(), shape, None),
            format!(
                "table: the shape does not fit the rows: expected a shape whose product \
                 is 2, the values of a row, found {shape:?}"
            )
        );
    }
    assert_eq!(
        refusal(two(), &[1, 1, 2], Some(vec![1])),
        "table: the labels do not fit the rows: expected 2 labels, one a row, found 1"
    );
}

#[test]
fn a_value_that_is_not_finite_is_refused_with_its_place() {
    for (value, what) in [
        (f32::NAN, "missing"),
        (f32::INFINITY, "infinite"),
        (f32::NEG_INFINITY, "infinite"),
    ] {
        assert_eq!(
            refusal(
                Values::F32(array![[0.0, 1.0, 2.0], [3.0, 4.0, value]]),
                &[3],
                None
            ),
            format!(
                "table: row 1, column 2 (counted from 0): a value is not finite: expected a \
                 finite number, found {value} (replace or leave out {what} values first)"
            )
        );
    }
}

#[test]
fn rows_are_kept_whatever_the_layout_of_the_array() {
    let values = array![[1.0_f32, 2.0, 3.0], [4.0, 5.0, 6.0]];
    let dataset = Dataset::from_array(values.t()).unwrap();
    assert_eq!((dataset.rows(), dataset.inputs()), (3, 2));
    assert!(matches!(dataset.row(1), Row::F32([2.0, 5.0])));
    assert_eq!(dataset.labels(), None);
}

#[test]
fn head_and_select_take_rows_with_their_labels() {
    let table = table();
    let head = table.head(2).unwrap();
    assert_eq!(head.values(), &Values::U8(array![[0, 1], [2, 3]]));
    assert_eq!(head.labels(), Some(&[7, 8][..]));
    assert_eq!(table.head(100).unwrap(), table);

    let selected = table.select(&[2, 0, 2]).unwrap();
    assert_eq!(
        selected.values(),
        &Values::U8(array![[4, 5], [0, 1], [4, 5]])
    );
    assert_eq!(selected.labels(), Some(&[9, 7, 9][..]));
}

#[test]
fn head_and_select_refuse_what_is_not_there() {
    let table = table();
    assert_eq!(
        table.select(&[0, 3]).unwrap_err().to_string(),
        "table: there is no such row: expected a row from 0 to 2, found 3"
    );
    for nothing in [table.head(0), table.select(&[])] {
        assert!(
            nothing
                .unwrap_err()
                .to_string()
                .contains("there are no rows")
        );
    }
}
