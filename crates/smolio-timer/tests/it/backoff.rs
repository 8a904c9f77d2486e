//! Pauses: how long they are, how many, and that a seed gives the same ones again.

use std::time::Duration;

use smolio_timer::Backoff;

use crate::harness::{ms, seconds};

fn exact(times: u32) -> Backoff {
    Backoff::new(times).jitter(false)
}

#[test]
fn pauses_double_up_to_the_cap() {
    let pauses: Vec<_> = exact(9).collect();
    let expected = [100, 200, 400, 800, 1600, 3200, 6400, 10_000, 10_000];
    assert_eq!(pauses, expected.map(ms));
    let pauses: Vec<_> = exact(4).base(ms(3)).cap(ms(10)).collect();
    assert_eq!(pauses, [3, 6, 10, 10].map(ms));
}

#[test]
fn there_are_as_many_as_were_asked_for() {
    for times in [0, 1, 2, 7] {
        let mut pauses = exact(times);
        for left in (0..times as usize).rev() {
            assert!(pauses.next().is_some());
            assert_eq!(pauses.size_hint(), (left, Some(left)));
        }
        assert_eq!((pauses.next(), pauses.next()), (None, None));
    }
}

#[test]
fn one_without_an_end_stays_at_the_cap() {
    let mut pauses = Backoff::endless().jitter(false);
    assert_eq!(pauses.size_hint(), (usize::MAX, None));
    assert_eq!(pauses.nth(1000), Some(seconds(10)));
    assert_eq!(pauses.nth(usize::MAX), Some(seconds(10)));
    assert_eq!(pauses.nth(usize::MAX), Some(seconds(10)));
}

#[test]
fn nth_is_what_so_many_calls_of_next_give() {
    for times in 0..12 {
        for skipped in 0..14 {
            let (mut quick, mut slow) = (exact(times), exact(times));
            let expected = (0..=skipped).map(|_| slow.next()).last().unwrap();
            assert_eq!(quick.nth(skipped), expected);
            assert_eq!(quick.collect::<Vec<_>>(), slow.collect::<Vec<_>>());
        }
    }
}

#[test]
fn the_longest_numbers_do_not_overflow() {
    let longest = Backoff::new(3).base(Duration::MAX).cap(Duration::MAX);
    let exact: Vec<_> = longest.clone().jitter(false).collect();
    assert_eq!(exact, [Duration::MAX; 3]);
    assert_eq!(longest.count(), 3);
    let nothing: Vec<_> = Backoff::new(3).base(Duration::ZERO).collect();
    assert_eq!(nothing, [Duration::ZERO; 3]);
}

#[test]
fn jitter_takes_any_part_of_the_pause() {
    fastrand::seed(7);
    // A thousand draws from each of four ranges: each tenth of a range is hit.
    for failures in 0..4 {
        let longest = ms(100) * 2_u32.pow(failures);
        let mut tenths = [0; 10];
        for _ in 0..1000 {
            let pause = Backoff::new(4).nth(failures as usize).unwrap();
            assert!(pause <= longest);
            let tenth = pause.as_nanos() * 10 / longest.as_nanos();
            tenths[(tenth as usize).min(9)] += 1;
        }
        assert!(
            tenths.iter().all(|hits| (50..200).contains(hits)),
            "{tenths:?}"
        );
    }
}

#[test]
fn a_seed_gives_the_same_pauses_again() {
    let pauses = |seed| {
        fastrand::seed(seed);
        Backoff::new(5).collect::<Vec<_>>()
    };
    assert_eq!(pauses(1), pauses(1));
    assert_ne!(pauses(1), pauses(2));
}

#[test]
fn a_clone_goes_on_where_the_original_is() {
    let mut pauses = exact(3);
    pauses.next();
    assert_eq!(pauses.clone().collect::<Vec<_>>(), [200, 400].map(ms));
    assert_eq!(pauses.next(), Some(ms(200)));
}
