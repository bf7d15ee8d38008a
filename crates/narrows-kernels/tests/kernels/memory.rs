//! Aligned memory, and the ways to cut it into parts.

use narrows_kernels::Aligned;
use narrows_kernels::split::{Bounds, ColumnBlock, ColumnCuts, Parts, Slabs, Split};
use narrows_kernels::team::Team;

#[test]
fn aligned_begins_on_a_cache_line_and_is_a_plain_slice() {
    for len in 0..100 {
        let mut zeros = Aligned::zeros(len);
        assert_eq!(zeros.len(), len);
        assert_eq!(zeros.as_ptr().addr() % 64, 0);
        assert!(zeros.iter().all(|&x| x == 0.0));
        for (i, x) in zeros.iter_mut().enumerate() {
            *x = i as f32;
        }
        let numbers: Vec<f32> = (0..len).map(|i| i as f32).collect();
        assert_eq!(zeros[..], numbers[..]);
        let other = Aligned::from(&numbers[..]);
        let clone = other.clone();
        assert_eq!(clone.as_ptr().addr() % 64, 0);
        assert_eq!(clone[..], zeros[..]);
        assert_eq!(format!("{other:?}"), format!("{numbers:?}"));
    }
}

#[test]
fn even_bounds() {
    for total in 0..60 {
        for parts in 1..=17 {
            let bounds = Bounds::even(total, parts);
            assert_eq!(bounds.count(), parts);
            assert_eq!(bounds.range(0).start, 0);
            assert_eq!(bounds.range(parts - 1).end, total);
            for i in 0..parts {
                let len = bounds.range(i).len();
                assert!(len == total / parts || len == total.div_ceil(parts));
                if i > 0 {
                    assert_eq!(bounds.range(i).start, bounds.range(i - 1).end);
                }
            }
        }
    }
    assert_eq!(Bounds::even(7, 0), Bounds::even(7, 1));
    // Products of such sizes do not fit a `usize`; wrapped, the places would not ascend.
    for (total, parts) in [
        (usize::MAX, 3),
        (usize::MAX / 16 + 1, 16),
        (usize::MAX / 2, 5),
    ] {
        let bounds = Bounds::even(total, parts);
        let places = (0..parts).map(|i| bounds.range(i));
        assert!(places.clone().all(|range| range.start < range.end));
        assert_eq!(bounds.range(parts - 1).end, total);
    }
}

#[test]
#[should_panic(expected = "ascend")]
fn bounds_that_descend() {
    Bounds::new(vec![0, 5, 4]);
}

#[test]
#[should_panic(expected = "ascend")]
fn bounds_of_no_place() {
    Bounds::new(vec![]);
}

#[test]
#[should_panic(expected = "bounds inside the slice")]
fn parts_beyond_the_slice() {
    Parts::new(&mut [0.0; 5], &Bounds::new(vec![0, 6]));
}

#[test]
fn parts_are_the_slices_between_the_places() {
    let mut numbers: Vec<u8> = (0..10).collect();
    let bounds = Bounds::new(vec![1, 1, 4, 4, 9]);
    let mut seen = [const { Vec::new() }; 4];
    {
        let parts = Parts::new(&mut numbers, &bounds);
        assert_eq!(parts.count(), 4);
        let slots = Bounds::even(4, 4);
        let both = (parts, Parts::new(&mut seen, &slots));
        Team::new(1).run(&mut [()], both, |_, _, (part, seen)| {
            seen[0] = part.to_vec();
            part.fill(0);
        });
    }
    assert_eq!(seen, [vec![], vec![1, 2, 3], vec![], vec![4, 5, 6, 7, 8]]);
    assert_eq!(numbers, [0, 0, 0, 0, 0, 0, 0, 0, 0, 9]);
}

#[test]
fn splits_together_have_the_parts_of_the_shortest() {
    let (mut a, mut b, mut c, mut d) = ([0; 6], [0; 6], [0; 6], [0; 6]);
    let (three, two) = (Bounds::even(6, 3), Bounds::even(6, 2));
    let all = (
        Parts::new(&mut a, &three),
        Parts::new(&mut b, &two),
        Parts::new(&mut c, &three),
        Parts::new(&mut d, &three),
    );
    assert_eq!(all.count(), 2);
    Team::new(1).run(&mut [()], all, |_, i, (a, b, c, d)| {
        for part in [a, b, c, d] {
            part.fill(i + 1);
        }
    });
    assert_eq!(a, [1, 1, 2, 2, 0, 0]);
    assert_eq!(b, [1, 1, 1, 2, 2, 2]);
    assert_eq!(c, a);
    assert_eq!(d, a);
}

/// Slabs with number `1000 slab + 100 row + column` everywhere, written block by block.
fn filled(widths: &[usize], rows: usize, cuts: &[usize], threads: usize) -> Slabs {
    let mut slabs = Slabs::new(widths, rows);
    let bounds = Bounds::new(cuts.to_vec());
    let mut team = Team::new(threads);
    let mut scratch = vec![(); team.threads()];
    team.run(&mut scratch, slabs.split(&bounds), |_, index, mut block| {
        assert_eq!(block.rows(), bounds.range(index));
        for (slab, &width) in widths.iter().enumerate() {
            let first = block.rows().start;
            let numbers = block.get_mut(slab);
            assert_eq!(numbers.len(), bounds.range(index).len() * width);
            for (i, number) in numbers.iter_mut().enumerate() {
                *number = (1000 * slab + 100 * (first + i / width) + i % width) as f32;
            }
        }
    });
    slabs
}

#[test]
fn blocks_of_rows_are_rows() {
    let widths = [3, 0, 16, 1, 17];
    for threads in [1, 3] {
        for cuts in [&[0, 9][..], &[0, 1, 1, 4, 9], &[0, 5, 9]] {
            let slabs = filled(&widths, 9, cuts, threads);
            for (slab, &width) in widths.iter().enumerate() {
                for rows in 0..=9 {
                    let expected: Vec<f32> = (0..rows * width)
                        .map(|i| (1000 * slab + 100 * (i / width) + i % width) as f32)
                        .collect();
                    assert_eq!(slabs.rows(slab, rows), expected);
                    assert_eq!(slabs.rows(slab, rows).as_ptr().addr() % 64, 0);
                }
            }
        }
    }
}

#[test]
fn matrices_are_read_while_another_is_written() {
    let mut slabs = filled(&[2, 2, 2], 4, &[0, 4], 1);
    let mut block = slabs.first_rows(2);
    assert_eq!(block.rows(), 0..2);
    {
        let ([a, b, again], c) = block.read_write([0, 1, 0], 2);
        for (i, c) in c.iter_mut().enumerate() {
            *c = a[i] + b[i] + again[i];
        }
    }
    assert_eq!(block.get(2), [1000.0, 1003.0, 1300.0, 1303.0]);
    assert_eq!(slabs.rows(2, 4)[4..], [2200.0, 2201.0, 2300.0, 2301.0]);
}

#[test]
fn columns_are_written_by_several_threads() {
    let widths = [5, 7, 3, 4];
    let places = [(3, 1..4), (1, 2..6), (3, 0..1), (1, 0..2), (1, 6..6)];
    for threads in [1, 3] {
        let mut slabs = filled(&widths, 3, &[0, 3], 1);
        let before = [0, 1, 2, 3].map(|slab| slabs.rows(slab, 3).to_vec());
        let cuts = ColumnCuts::new(&places);
        let each = |_: &mut (), index: usize, mut block: ColumnBlock<'_>| {
            assert_eq!(block.columns(), places[index].1);
            let from = block.get(0, 2)[5];
            assert_eq!(from, 100.0);
            for row in 0..3 {
                block.row_mut(row).fill(-from - row as f32);
            }
        };
        let mut team = Team::new(threads);
        let split = slabs.split_columns(&cuts);
        match threads {
            1 => team.run_alone(&mut [()], split, each),
            _ => team.run(&mut [(); 3], split, each),
        }
        for (slab, &width) in widths.iter().enumerate() {
            let is_written = |column: usize| {
                let of_slab = places.iter().filter(|(written, _)| *written == slab);
                of_slab
                    .into_iter()
                    .any(|(_, columns)| columns.contains(&column))
            };
            for (i, (now, before)) in slabs.rows(slab, 3).iter().zip(&before[slab]).enumerate() {
                let expected = match is_written(i % width) {
                    true => -100.0 - (i / width) as f32,
                    false => *before,
                };
                assert_eq!(*now, expected, "slab {slab}, number {i}");
            }
        }
    }
}

#[test]
#[should_panic(expected = "do not overlap")]
fn columns_that_overlap() {
    ColumnCuts::new(&[(0, 0..2), (1, 0..2), (0, 1..3)]);
}

#[test]
#[should_panic(expected = "columns inside the matrices")]
fn columns_that_are_not_there() {
    Slabs::new(&[2, 2], 4).split_columns(&ColumnCuts::new(&[(1, 1..3)]));
}

#[test]
#[should_panic(expected = "read or written, not both")]
fn a_matrix_read_whose_columns_are_written() {
    let mut slabs = Slabs::new(&[2, 2], 4);
    let cuts = ColumnCuts::new(&[(0, 0..1), (1, 0..1)]);
    Team::new(1).run_alone(&mut [()], slabs.split_columns(&cuts), |_, _, block| {
        block.get(0, 1);
    });
}

#[test]
#[should_panic]
fn a_row_of_columns_that_is_not_there() {
    let mut slabs = Slabs::new(&[2], 4);
    let cuts = ColumnCuts::new(&[(0, 0..1)]);
    Team::new(1).run_alone(&mut [()], slabs.split_columns(&cuts), |_, _, mut block| {
        block.row_mut(4);
    });
}

#[test]
#[should_panic(expected = "read or written, not both")]
fn a_matrix_both_read_and_written() {
    Slabs::new(&[2, 2], 4).first_rows(1).read_write([0, 1], 1);
}

#[test]
#[should_panic]
fn a_matrix_that_is_not_there() {
    Slabs::new(&[2, 2], 4).first_rows(1).get(2);
}

#[test]
#[should_panic]
fn more_rows_than_there_are() {
    Slabs::new(&[2, 2], 4).rows(0, 5);
}

#[test]
#[should_panic]
fn a_block_of_more_rows_than_there_are() {
    Slabs::new(&[2, 2], 4).first_rows(5);
}

#[test]
#[should_panic(expected = "bounds inside the rows")]
fn slabs_cut_beyond_their_rows() {
    Slabs::new(&[2, 2], 4).split(&Bounds::new(vec![0, 5]));
}

#[test]
#[should_panic(expected = "fit the memory")]
fn slabs_whose_size_wraps() {
    Slabs::new(&[4], usize::MAX / 4 + 1);
}

#[test]
#[should_panic(expected = "fit the memory")]
fn slabs_whose_sum_wraps() {
    Slabs::new(&[1, 1, 1], usize::MAX / 2 - 100);
}

#[test]
fn slabs_of_nothing() {
    let slabs = filled(&[0, 0], 7, &[0, 3, 7], 2);
    assert!(slabs.rows(1, 7).is_empty());
    let slabs = filled(&[3, 2], 0, &[0, 0], 2);
    assert!(slabs.rows(1, 0).is_empty());
}
