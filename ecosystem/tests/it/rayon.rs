//! rayon's pool computes beside the loop: a thread waits for it, or nobody does, and a `oneshot` brings the result.

use ::rayon::iter::{IntoParallelIterator, ParallelIterator};
use futures::channel::oneshot;
use smolio::to_thread;

use crate::support::as_it_is;

fn sum_of_squares(numbers: u64) -> u64 {
    (1..=numbers)
        .into_par_iter()
        .map(|number| number * number)
        .sum()
}

#[test]
fn a_thread_waits_for_it() {
    as_it_is(async {
        assert_eq!(to_thread(|| sum_of_squares(1000)).await, 333_833_500);
        anyhow::Ok(())
    });
}

#[test]
fn it_wakes_the_loop_by_itself() {
    as_it_is(async {
        let (sender, receiver) = oneshot::channel();
        ::rayon::spawn(move || {
            sender.send(sum_of_squares(1000)).ok();
        });
        assert_eq!(receiver.await?, 333_833_500);
        anyhow::Ok(())
    });
}
