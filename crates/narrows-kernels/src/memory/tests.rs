//! The tables refuse wrong places, and parts access the right values.

use super::*;
use crate::split::{Bounds, Split};
use crate::team::Team;

fn batch(start: usize, width: usize) -> Place {
    Place::Batch { start, width }
}

#[test]
#[should_panic(expected = "buffers of a stage lie apart")]
fn buffers_that_overlap_are_refused() {
    RowPlaces::new(vec![batch(0, 4), batch(39, 1)], 10, 100);
}

#[test]
#[should_panic(expected = "buffers of a stage lie apart")]
fn buffers_outside_the_arena_are_refused() {
    RowPlaces::new(vec![batch(61, 4)], 10, 65);
}

#[test]
#[should_panic(expected = "rectangles that do not overlap")]
fn rectangles_that_overlap_are_refused() {
    let whole = Place::Whole {
        start: 0,
        rows: 4,
        width: 8,
    };
    let rect = |rows, columns| {
        vec![Rect {
            buffer: 0,
            rows,
            columns,
        }]
    };
    PartPlaces::new(vec![whole], 1, 32, vec![rect(0..2, 0..8), rect(1..3, 7..8)]);
}

#[test]
#[should_panic(expected = "read or written, not both")]
fn places_of_a_thread_that_overlap_are_not_read_and_written_at_once() {
    let local = |start| Place::Block { start, width: 3 };
    let places = RowPlaces::new(vec![local(0), local(2)], 4, 0);
    let mut arena = Arena::new(0, 4);
    let bounds = Bounds::even(4, 2);
    let mut memory = [0.0; 10];
    let blocks = arena.blocks(&places, &bounds);
    // SAFETY: one part, once.
    let mut block = unsafe { blocks.part(0) }.with(&mut memory);
    block.read_write([0], 1);
}

#[test]
fn every_row_is_written_once_through_memory_of_threads() {
    let places = vec![
        batch(0, 3),
        Place::Block { start: 0, width: 3 },
        Place::Absent,
        Place::Whole {
            start: 48,
            rows: 1,
            width: 3,
        },
    ];
    let places = RowPlaces::new(places, 16, 51);
    let mut arena = Arena::new(51, 16);
    arena
        .write(
            Place::Whole {
                start: 48,
                rows: 1,
                width: 3,
            },
            0,
        )
        .copy_from_slice(&[1.0, 2.0, 3.0]);
    let bounds = Bounds::even(13, 4);
    let mut team = Team::new(3);
    let mut memories = vec![vec![0.0; 4 * places.local()]; 3];
    team.run(
        &mut memories,
        arena.blocks(&places, &bounds),
        |memory, _, part| {
            let mut block = part.with(memory);
            let first = block.rows().start;
            let ([whole], to) = block.read_write([3], 1);
            for (index, row) in to.chunks_exact_mut(3).enumerate() {
                for (to, from) in row.iter_mut().zip(whole) {
                    *to = (first + index) as f32 * from;
                }
            }
            let ([from], to) = block.read_write([1], 0);
            to.copy_from_slice(from);
        },
    );
    let rows = arena.read(batch(0, 3), 13);
    for (index, row) in rows.chunks_exact(3).enumerate() {
        assert_eq!(row, [1.0, 2.0, 3.0].map(|x| x * index as f32));
    }
}

#[test]
fn parts_write_rectangles_and_read_the_rest() {
    let matrix = Place::Whole {
        start: 0,
        rows: 3,
        width: 10,
    };
    let parts = [0..4, 4..10].map(|columns| {
        vec![Rect {
            buffer: 0,
            rows: 0..3,
            columns,
        }]
    });
    let places = PartPlaces::new(vec![matrix, batch(32, 2)], 2, 36, parts.to_vec());
    let mut arena = Arena::new(36, 2);
    arena
        .write(batch(32, 2), 2)
        .copy_from_slice(&[5.0, 6.0, 7.0, 8.0]);
    let mut team = Team::new(2);
    team.run(
        &mut [(), ()],
        arena.parts(&places),
        |(), index, mut part| {
            let last = part.get(1, 2)[3];
            for row in 0..3 {
                part.row_mut(0, row).fill(last + (index * 10 + row) as f32);
            }
        },
    );
    let expected = |row: usize, column: usize| 8.0 + (row + if column < 4 { 0 } else { 10 }) as f32;
    for (index, &found) in arena.read(matrix, 0).iter().enumerate() {
        assert_eq!(found, expected(index / 10, index % 10));
    }
}
