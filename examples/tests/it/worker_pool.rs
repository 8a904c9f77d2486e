//! The pool of workers: what is tried again comes in the end, and what never comes is a dead letter, with the reason.

use crate::{lines_of, program};

#[test]
fn each_page_is_here_or_a_dead_letter() {
    let printed = lines_of(&mut program("worker_pool"));
    let (head, letters) = printed.split_first().unwrap();
    assert_eq!(head, "36 of 40 pages are here; given up after 4 attempts:");
    // The port is another one each time.
    let mut dead: Vec<&str> = letters
        .iter()
        .map(|letter| {
            let (url, reason) = letter.split_once(": ").unwrap();
            assert_eq!(
                reason, "the answer is 500 Internal Server Error",
                "{letter}"
            );
            url.rsplit_once('/').unwrap().1
        })
        .collect();
    dead.sort_unstable();
    assert_eq!(dead, ["17", "27", "37", "7"]);
}
