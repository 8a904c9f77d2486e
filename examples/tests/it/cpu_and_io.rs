//! The program that computes beside a ticker: what it prints says that the ticker stood still only where it says so.

use crate::{lines_of, program};

/// Below which the primes are counted. The first is work for a tenth of a second or more, in which there are ten ticks where the
/// loop goes on. A machine that has so much else to do that it sees to none of them gets more work, and not less to show.
const LIMITS: [&str; 3] = ["300000", "1200000", "4800000"];

#[test]
fn only_work_on_the_loop_itself_holds_it_up() {
    let shows_it = LIMITS.iter().any(|limit| {
        let printed = lines_of(program("cpu_and_io").arg(limit));
        let [on_the_loop, in_a_thread, in_slices] = &printed[..] else {
            panic!("not three lines: {printed:?}");
        };
        let (primes, ticks) = counts(on_the_loop, "on the loop: ");
        assert_eq!(ticks, 0, "nothing else runs during a poll: {on_the_loop}");
        let (same_primes, ticks_beside_the_thread) = counts(in_a_thread, "in a thread: ");
        assert_eq!(same_primes, primes);
        let (same_primes, ticks_between_slices) = counts(in_slices, "on the workers, in slices: ");
        assert_eq!(same_primes, primes);
        ticks_beside_the_thread > 0 && ticks_between_slices > 0
    });
    assert!(shows_it, "no tick during the longest work");
}

#[test]
fn the_primes_are_right() {
    for line in lines_of(program("cpu_and_io").arg("1000")) {
        assert!(line.contains(": 168 primes, "), "{line}");
    }
}

/// The numbers of primes and of ticks in a line that begins so.
fn counts(line: &str, beginning: &str) -> (u32, u32) {
    let numbers = line.strip_prefix(beginning).unwrap();
    let (primes, numbers) = numbers.split_once(" primes, ").unwrap();
    let (ticks, _) = numbers.split_once(" ticks meanwhile").unwrap();
    (primes.parse().unwrap(), ticks.parse().unwrap())
}
