use super::*;
use crate::data::Dataset;

/// A column with the least and the largest value of a type.
fn full(kind: NumberKind, has_gaps: bool) -> Kept {
    let range = INTEGERS.iter().find(|(known, ..)| *known == kind);
    match range {
        Some(&(_, low, high)) => {
            let room = i128::from(has_gaps);
            let least = if low < 0 { low + room } else { low };
            let most = if kind == NumberKind::U64 {
                high - room * BELOW_GAP
            } else {
                high
            };
            Kept::integers(least, most, has_gaps)
        }
        None => Kept {
            kind,
            has_gaps,
            range: None,
        },
    }
}

/// The type of the stored values, and whether values may be missing.
fn stored(kept: Kept) -> (NumberKind, bool) {
    (kept.kind, kept.has_gaps)
}

#[test]
fn the_narrowest_type_holds_all_values_and_a_place_for_missing_ones() {
    let integers = |values: &[i64], gaps: bool| {
        let gaps = gaps.then(|| (0..values.len()).map(|row| row == 0).collect());
        Kept::of(&Cells::Integers(values.to_vec(), gaps))
    };
    for (values, gaps, kept) in [
        (&[0, 255][..], false, (NumberKind::U8, false)),
        (&[0, 256], false, (NumberKind::I16, false)),
        (&[-1, 5], false, (NumberKind::I16, false)),
        (&[9, 255], true, (NumberKind::I16, true)),
        (&[0, -32_768], false, (NumberKind::I16, false)),
        (&[0, -32_768], true, (NumberKind::I32, true)),
        (&[0, i64::MIN], false, (NumberKind::I64, false)),
        (&[0, i64::MIN], true, (NumberKind::F64, false)),
    ] {
        assert_eq!(stored(integers(values, gaps)), kept, "{values:?}");
    }
    assert_eq!(
        stored(Kept::of(&Cells::Unsigned(vec![u64::MAX], None))),
        (NumberKind::U64, false)
    );
    let beside_gap = Cells::Unsigned(vec![1 << 63, 0], Some(vec![false, true].into()));
    assert_eq!(stored(Kept::of(&beside_gap)), (NumberKind::U64, true));
    assert_eq!(
        stored(Kept::of(&Cells::Floats(vec![0.5, f64::NAN]))),
        (NumberKind::F32, false)
    );
    assert_eq!(
        stored(Kept::of(&Cells::Floats(vec![0.1]))),
        (NumberKind::F64, false)
    );
}

#[test]
fn joining_two_types_holds_what_either_holds() {
    use NumberKind::{F32, F64, I16, I32, I64, U8, U64};
    for (a, b, both) in [
        ((U8, false), (U8, false), (U8, false)),
        ((U8, false), (I16, true), (I16, true)),
        // The smallest value of one column leaves no number for missing values of the other.
        ((I16, true), (I32, false), (I64, true)),
        ((I64, false), (U64, false), (F64, false)),
        ((U8, false), (U64, false), (U64, false)),
        ((U64, true), (U64, true), (U64, true)),
        ((I16, false), (U64, true), (F64, false)),
        ((U8, false), (F32, false), (F32, false)),
        ((I16, true), (F32, false), (F32, false)),
        ((I32, false), (F32, false), (F64, false)),
        ((F32, false), (F64, false), (F64, false)),
        ((U8, false), (F64, false), (F64, false)),
    ] {
        let (a, b) = (full(a.0, a.1), full(b.0, b.1));
        assert_eq!(stored(a.join(b)), both, "{a:?} {b:?}");
        assert_eq!(stored(b.join(a)), both, "{b:?} {a:?}");
    }
}

#[test]
fn large_whole_numbers_stay_whole_whichever_block_has_them() {
    let small = Cells::Unsigned(vec![3, 1 << 62], None);
    let large = Cells::Unsigned(vec![u64::MAX - 8192, 5], Some(vec![false, true].into()));
    for blocks in [[&small, &large], [&large, &small]] {
        let mut rows = TableRows::new();
        for block in blocks {
            rows.push(std::slice::from_ref(block), None).unwrap();
        }
        assert_eq!(stored(rows.kept[0]), (NumberKind::U64, true));
        assert!(rows.rounded().is_empty());
    }
    // One of them is below zero: no type of whole numbers holds both.
    let mut rows = TableRows::new();
    rows.push(&[Cells::Integers(vec![-1], None)], None).unwrap();
    rows.push(&[large], None).unwrap();
    assert_eq!(rows.rounded(), [0]);
}

#[test]
fn rows_are_the_same_in_memory_and_in_a_file() {
    let gathered = |limit| {
        let mut rows = TableRows::with_limit(limit);
        let gaps = Some(vec![false, true].into());
        let blocks = [
            [
                Cells::Integers(vec![1, 2], None),
                Cells::Floats(vec![0.5, f64::NAN]),
            ],
            [
                Cells::Integers(vec![-70_000, 0], gaps),
                Cells::Floats(vec![0.1, 2.0]),
            ],
            [
                Cells::Integers(vec![9, 1 << 40], None),
                Cells::Floats32(vec![0.1, f32::NAN]),
            ],
        ];
        for block in &blocks {
            rows.push(block, None).unwrap();
        }
        rows.push(&blocks[0], Some(&[false, true])).unwrap();
        let values = rows.finish(Some(vec![-1.0, 7.0])).unwrap().unwrap();
        Dataset::of_table("rows", values, false, None).unwrap()
    };
    let (memory, file) = (gathered(1 << 20), gathered(8));
    assert!(!memory.is_in_file() && file.is_in_file());
    let single = f64::from(0.1_f32);
    let expected = ndarray::array![
        [1.0, 0.5],
        [2.0, 7.0],
        [-70_000.0, 0.1],
        [-1.0, 2.0],
        [9.0, single],
        [2_f64.powi(40), 7.0],
        [2.0, 7.0],
    ];
    assert_eq!(memory.to_array_f64(), expected);
    assert_eq!(file.to_array_f64(), expected);
    let chosen = |data: &Dataset| data.select(&[6, 0, 3]).unwrap().select(&[2, 1]).unwrap();
    assert_eq!(chosen(&file).to_array_f64(), chosen(&memory).to_array_f64());
    assert_eq!(
        chosen(&file).to_array_f64(),
        ndarray::array![[-1.0, 2.0], [1.0, 0.5]]
    );
}
