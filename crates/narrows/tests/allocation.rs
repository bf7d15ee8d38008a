//! A training step allocates nothing.
//!
//! The allocator counts for the whole process, the threads of the test harness included, so that this test has
//! a program of its own.

mod networks;

use narrows::Recipe;
use narrows::train::Training;
use networks::{
    CONVOLUTIONS, CONVOLUTIONS_AND_TERMS, EVERY_ACTIVATION, NOISE_AND_TERMS, noise, whole,
};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use std::alloc::System;

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

#[test]
fn a_step_allocates_nothing() {
    let data = noise(29 * 20 + 7, 13);
    let whole = whole(NOISE_AND_TERMS);
    let texts = [
        EVERY_ACTIVATION,
        NOISE_AND_TERMS,
        CONVOLUTIONS,
        CONVOLUTIONS_AND_TERMS,
        &whole,
    ];
    for (text, threads, is_profiled) in texts
        .into_iter()
        .flat_map(|text| [(text, 1, false), (text, 3, false), (text, 3, true)])
    {
        let recipe = Recipe::parse(text, "test").unwrap();
        let mut training = Training::new(&recipe, &data, threads).unwrap();
        if is_profiled {
            training.start_profile();
        }
        // The first epoch meets both sizes of batch.
        training.epoch(|_| ()).unwrap();
        // From the end of the first step to that of the last.
        let (mut region, mut change) = (None, None);
        training
            .epoch(|_| {
                let region = region.get_or_insert_with(|| Region::new(ALLOCATOR));
                change = Some(region.change());
            })
            .unwrap();
        let change = change.unwrap();
        assert_eq!(
            (
                change.allocations,
                change.reallocations,
                change.deallocations
            ),
            (0, 0, 0),
            "{}, {threads} threads",
            recipe.name
        );
        // The instrument works.
        let region = Region::new(ALLOCATOR);
        drop(std::hint::black_box(Box::new(1)));
        assert_eq!(region.change().allocations, 1);
    }
}
