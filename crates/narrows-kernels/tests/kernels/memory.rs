//! Aligned memory, and the ways to cut it into parts.

use narrows_kernels::Aligned;
use narrows_kernels::split::{Bounds, Parts, Split};
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
