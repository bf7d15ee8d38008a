//! The team of threads.

use narrows_kernels::split::{Bounds, Parts};
use narrows_kernels::team::Team;
use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::ThreadId;
use std::time::Duration;

const SIZES: [usize; 5] = [1, 2, 3, 5, 16];

/// One phase that adds 1 to each number.
fn count_up(team: &mut Team, numbers: &mut [u64], parts: usize) {
    let bounds = Bounds::even(numbers.len(), parts);
    let mut scratch = vec![(); team.threads()];
    let split = Parts::new(numbers, &bounds);
    team.run(&mut scratch, split, |_, index, part| {
        assert_eq!(part.len(), bounds.range(index).len());
        for number in part {
            *number += 1;
        }
    });
}

#[test]
fn each_thread_is_visited_once() {
    for threads in SIZES {
        let visits = std::sync::Mutex::new(Vec::new());
        let mut team = Team::new(threads);
        team.on_each(|| visits.lock().unwrap().push(std::thread::current().id()));
        let visits = visits.into_inner().unwrap();
        assert_eq!(visits.len(), threads);
        assert_eq!(visits.iter().collect::<HashSet<_>>().len(), threads);
        // The next phase is as any other.
        let mut numbers = vec![0; 40];
        count_up(&mut team, &mut numbers, 7);
        assert_eq!(numbers, vec![1; 40]);
    }
}

#[test]
fn each_part_is_visited_once_in_each_of_many_phases() {
    for threads in SIZES {
        let mut team = Team::new(threads);
        assert_eq!(team.threads(), threads);
        let phases = if threads > 4 { 2000 } else { 10_000 };
        let mut numbers = vec![0; 40];
        for phase in 0..phases {
            count_up(&mut team, &mut numbers, 1 + phase % 40);
        }
        assert_eq!(numbers, vec![phases as u64; 40], "{threads} threads");
    }
}

#[test]
fn a_phase_sees_what_the_last_one_wrote() {
    for threads in SIZES {
        let mut team = Team::new(threads);
        let mut scratch = vec![(); threads];
        let (mut old, mut new) = (vec![1u64; 64], vec![0u64; 64]);
        let bounds = Bounds::even(64, 16);
        for phase in 0..500 {
            let split = Parts::new(&mut new, &bounds);
            team.run(&mut scratch, split, |_, index, part| {
                // From a place that most likely another thread wrote.
                for (number, at) in part.iter_mut().zip(bounds.range(index)) {
                    *number = old[(at + 17) % 64] + 1;
                }
            });
            std::mem::swap(&mut old, &mut new);
            assert_eq!(old, vec![phase + 2; 64]);
        }
    }
}

#[test]
fn no_threads_is_one() {
    let mut team = Team::new(0);
    assert_eq!(team.threads(), 1);
    let mut numbers = vec![0; 5];
    count_up(&mut team, &mut numbers, 3);
    assert_eq!(numbers, [1; 5]);
}

#[test]
fn no_parts_are_no_work() {
    for threads in SIZES {
        let mut team = Team::new(threads);
        let mut scratch = vec![0; threads];
        for _ in 0..50 {
            let bounds = Bounds::new(vec![0]);
            let split = Parts::new(&mut [0u8; 0], &bounds);
            team.run(&mut scratch, split, |_, _, _| panic!("there is no part"));
        }
        let mut numbers = vec![0; 8];
        count_up(&mut team, &mut numbers, 8);
        assert_eq!(numbers, [1; 8]);
    }
}

#[test]
fn sleepers_wake() {
    for threads in [2, 3, 5] {
        let mut team = Team::new(threads);
        let mut numbers = vec![0; 30];
        for phase in 1..=4 {
            // Far longer than a member looks before it sleeps.
            std::thread::sleep(Duration::from_millis(50));
            everyone(&mut team);
            count_up(&mut team, &mut numbers, 30);
            assert_eq!(numbers, vec![phase; 30]);
        }
    }
}

/// One phase that ends only when all threads take part; gives who they were, by member.
fn everyone(team: &mut Team) -> Vec<ThreadId> {
    let threads = team.threads();
    let (barrier, bounds) = (Barrier::new(threads), Bounds::even(threads, threads));
    let mut scratch = vec![None; threads];
    let mut parts = vec![0u8; threads];
    let split = Parts::new(&mut parts, &bounds);
    team.run(&mut scratch, split, |who, _, _| {
        barrier.wait();
        assert!(who.replace(std::thread::current().id()).is_none());
    });
    scratch.into_iter().flatten().collect()
}

#[test]
fn scratch_belongs_to_threads() {
    for threads in SIZES {
        let mut team = Team::new(threads);
        let members = everyone(&mut team);
        assert_eq!(members.iter().collect::<HashSet<_>>().len(), threads);
        // The caller is the first member, and nobody changes place.
        assert_eq!(members[0], std::thread::current().id());
        for _ in 0..50 {
            assert_eq!(everyone(&mut team), members);
        }
        // More scratch than threads is left alone.
        let mut scratch = vec![0; threads + 2];
        let (mut parts, bounds) = ([0u8; 100], Bounds::even(100, 100));
        let split = Parts::new(&mut parts, &bounds);
        team.run(&mut scratch, split, |count, _, _| *count += 1);
        assert_eq!(scratch.iter().sum::<u32>(), 100);
        assert_eq!(scratch[threads..], [0, 0]);
    }
}

#[test]
#[should_panic(expected = "a scratch for each thread")]
fn too_little_scratch() {
    let bounds = Bounds::even(1, 1);
    Team::new(2).run(&mut [()], Parts::new(&mut [0], &bounds), |_, _, _| {});
}

/// A phase in which the members that `panics` names panic; gives the message that comes out.
fn panicking(team: &mut Team, panics: impl Fn(usize) -> bool + Sync) -> Option<String> {
    let threads = team.threads();
    let mut members: Vec<usize> = (0..threads).collect();
    let mut parts = vec![0u8; threads];
    let (barrier, bounds) = (Barrier::new(threads), Bounds::even(threads, threads));
    let split = Parts::new(&mut parts, &bounds);
    let run = || {
        team.run(&mut members, split, |member, _, _| {
            barrier.wait();
            assert!(!panics(*member), "member {member}");
        });
    };
    let panic = catch_unwind(AssertUnwindSafe(run)).err()?;
    Some(*panic.downcast::<String>().expect("a message"))
}

#[test]
fn a_panic_comes_out_and_the_team_works_on() {
    for threads in SIZES {
        let mut team = Team::new(threads);
        for member in 0..threads {
            let message = panicking(&mut team, |it| it == member);
            assert_eq!(message, Some(format!("member {member}")));
            // Nothing of it is left for the next phase.
            assert_eq!(panicking(&mut team, |_| false), None);
        }
        // The caller's own and the others' at once.
        let message = panicking(&mut team, |_| true);
        assert_eq!(message.as_deref(), Some("member 0"));
        assert_eq!(panicking(&mut team, |_| false), None);
        let mut numbers = vec![0; 9];
        count_up(&mut team, &mut numbers, 9);
        assert_eq!(numbers, [1; 9]);
    }
}

#[test]
fn a_panic_waits_for_the_others() {
    let mut team = Team::new(3);
    let (started, finished) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let bounds = Bounds::even(3, 3);
    let mut parts = [0u8; 3];
    let split = Parts::new(&mut parts, &bounds);
    let mut scratch = [(), (), ()];
    let first = AtomicBool::new(true);
    let run = || {
        team.run(&mut scratch, split, |_, _, _| {
            started.fetch_add(1, Ordering::SeqCst);
            assert!(!first.swap(false, Ordering::SeqCst), "the first part");
            std::thread::sleep(Duration::from_millis(30));
            finished.fetch_add(1, Ordering::SeqCst);
        });
    };
    assert!(catch_unwind(AssertUnwindSafe(run)).is_err());
    assert_eq!(started.into_inner(), 3);
    assert_eq!(finished.into_inner(), 2);
}

#[test]
fn a_team_may_work_inside_another() {
    let mut outer = Team::new(3);
    let mut inner: Vec<Team> = (0..3).map(|_| Team::new(2)).collect();
    let bounds = Bounds::even(12, 12);
    let mut sums = vec![0; 12];
    let split = Parts::new(&mut sums, &bounds);
    outer.run(&mut inner, split, |team, index, sum| {
        let mut numbers = vec![index as u64; 10];
        count_up(team, &mut numbers, 5);
        sum[0] = numbers.iter().sum();
    });
    assert_eq!(sums, (1..=12).map(|i| 10 * i).collect::<Vec<u64>>());
}

/// How many threads have ended that took part in [`teams_end_when_they_are_dropped`].
static ENDED: AtomicUsize = AtomicUsize::new(0);

struct AtTheEnd;
impl Drop for AtTheEnd {
    fn drop(&mut self) {
        ENDED.fetch_add(1, Ordering::SeqCst);
    }
}

thread_local! {
    static AT_THE_END: AtTheEnd = const { AtTheEnd };
}

#[test]
fn teams_end_when_they_are_dropped() {
    let mut expected = 0;
    for threads in [2, 5, 16] {
        // While the others look, and while they sleep.
        for pause in [0, 20] {
            let mut team = Team::new(threads);
            let caller = std::thread::current().id();
            let mut scratch = vec![(); threads];
            let mut parts = vec![0u8; threads];
            let (barrier, bounds) = (Barrier::new(threads), Bounds::even(threads, threads));
            team.run(&mut scratch, Parts::new(&mut parts, &bounds), |_, _, _| {
                barrier.wait();
                if std::thread::current().id() != caller {
                    AT_THE_END.with(|_| ());
                }
            });
            std::thread::sleep(Duration::from_millis(pause));
            assert_eq!(ENDED.load(Ordering::SeqCst), expected);
            drop(team);
            expected += threads - 1;
            assert_eq!(ENDED.load(Ordering::SeqCst), expected);
        }
    }
}
