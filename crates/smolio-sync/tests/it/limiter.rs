//! The capacity limiter: per borrower, and resized while it is used.

use std::{
    hash::{Hash, Hasher},
    pin::Pin,
    sync::Arc,
    task::{Context, Wake, Waker},
};

use smolio_executor::{Task, spawn, yield_now};
use smolio_sync::{AcquireToken, BorrowError, CapacityLimiter, CapacityToken, TryBorrowError};
use smolio_test::all_blocked;

use crate::support::{Log, Wakes, explore};

/// Five borrowers, and the limit is 2, 4, and 1. trio: `test_CapacityLimiter_change_total_tokens`.
#[test]
fn n12_a_limit_that_changes() {
    let limiter = CapacityLimiter::new(2);
    let wakes = [(); 5].map(|()| Wakes::new());
    let mut futures: Vec<AcquireToken<'_>> = (0..5)
        .map(|number| limiter.acquire_on_behalf_of(number))
        .collect();
    let mut holders: [Option<CapacityToken>; 5] = Default::default();
    let poll = |futures: &mut Vec<AcquireToken<'_>>,
                holders: &mut [Option<CapacityToken>; 5],
                number: usize| {
        let wakes: &Wakes = &wakes[number];
        match wakes.poll(&mut futures[number]) {
            std::task::Poll::Ready(token) => holders[number] = Some(token.unwrap()),
            std::task::Poll::Pending => assert!(holders[number].is_none()),
        }
    };
    let who = |holders: &[Option<CapacityToken>; 5]| {
        let held = (0..5).filter(|&number| holders[number].is_some());
        Vec::from_iter(held)
    };
    for number in 0..5 {
        poll(&mut futures, &mut holders, number);
    }
    assert_eq!((who(&holders), limiter.stats().waiters), (vec![0, 1], 3));

    limiter.set_total_tokens(4);
    for number in 2..5 {
        poll(&mut futures, &mut holders, number);
    }
    assert_eq!(
        (who(&holders), limiter.stats().waiters),
        (vec![0, 1, 2, 3], 1)
    );

    limiter.set_total_tokens(1);
    let stats = limiter.stats();
    assert_eq!((stats.total, stats.borrowed, stats.available), (1, 4, 0));
    for number in 0..3 {
        holders[number] = None;
        poll(&mut futures, &mut holders, 4);
    }
    assert_eq!((who(&holders), limiter.stats().waiters), (vec![3], 1));

    holders[3] = None;
    poll(&mut futures, &mut holders, 4);
    assert_eq!((who(&holders), limiter.stats().waiters), (vec![4], 0));
    assert_eq!(wakes.each_ref().map(Wakes::count), [0, 0, 1, 1, 1]);

    let again = Wakes::new().poll_ready(&mut limiter.acquire_on_behalf_of(4));
    assert!(again.is_err(), "twice by the same borrower");
}

#[test]
fn n12_with_tasks() {
    explore(|| async {
        let limiter = CapacityLimiter::new(2);
        let hold = |number: i32| -> Task<()> {
            let limiter = limiter.clone();
            spawn(async move {
                let _token = limiter.acquire().await.unwrap();
                assert!(limiter.acquire().await.is_err(), "{number} has one");
                std::future::pending::<()>().await;
            })
        };
        let mut tasks = Vec::new();
        for number in 0..5 {
            tasks.push(hold(number));
            all_blocked().await;
        }
        let numbers = |limiter: &CapacityLimiter| {
            let stats = limiter.stats();
            (stats.borrowed, stats.waiters)
        };
        assert_eq!(numbers(&limiter), (2, 3));
        limiter.set_total_tokens(4);
        all_blocked().await;
        assert_eq!(numbers(&limiter), (4, 1));
        limiter.set_total_tokens(1);
        for left in (1..5).rev() {
            tasks.remove(0).cancel().await;
            all_blocked().await;
            assert_eq!(
                numbers(&limiter),
                if left > 1 { (left - 1, 1) } else { (1, 0) }
            );
        }
    });
}

/// trio: `test_CapacityLimiter`: a borrower can have one token, and who waits for one cannot wait again.
#[test]
fn twice_by_the_same_borrower_is_an_error() {
    let limiter = CapacityLimiter::new(1);
    let wakes = Wakes::new();
    let token = limiter.try_acquire_on_behalf_of("a").unwrap();
    let message =
        "cannot acquire a token: this borrower has one of this limiter already, or waits for one";
    assert_eq!(
        limiter
            .try_acquire_on_behalf_of("a")
            .unwrap_err()
            .to_string(),
        message
    );
    let mut waiter = limiter.acquire_on_behalf_of("b");
    wakes.poll_pending(&mut waiter);
    let mut again = limiter.acquire_on_behalf_of("b");
    assert_eq!(
        wakes.poll_ready(&mut again).unwrap_err().to_string(),
        message
    );
    assert_eq!(
        limiter.try_acquire_on_behalf_of("c").unwrap_err(),
        TryBorrowError::NoneFree
    );
    // A refused one leaves nothing behind.
    assert_eq!(
        limiter.try_acquire_on_behalf_of("c").unwrap_err(),
        TryBorrowError::NoneFree
    );
    drop(token);
    let token = wakes.poll_ready(&mut waiter).unwrap();
    assert_eq!(
        limiter.try_acquire_on_behalf_of("b").unwrap_err(),
        TryBorrowError::Twice
    );
    drop(token);
    drop(limiter.try_acquire_on_behalf_of("b").unwrap());
    let mut waiter = limiter.acquire_on_behalf_of("b");
    drop(wakes.poll_ready(&mut waiter));
}

#[test]
fn one_that_is_dropped_is_a_borrower_no_more() {
    let (limiter, wakes) = (CapacityLimiter::new(1), Wakes::new());
    let token = limiter.try_acquire_on_behalf_of(0).unwrap();
    for granted in [false, true] {
        let mut waiter = limiter.acquire_on_behalf_of(1);
        wakes.poll_pending(&mut waiter);
        if granted {
            limiter.set_total_tokens(2);
        }
        drop(waiter);
        assert_eq!(limiter.stats().borrowed, 1);
    }
    drop(limiter.try_acquire_on_behalf_of(1).unwrap());
    drop(token);
    assert_eq!(limiter.stats().available, 2);
}

#[test]
fn the_borrower_is_the_task_that_awaits() {
    smolio_test::run(async {
        let limiter = CapacityLimiter::new(3);
        let token = limiter.acquire().await.unwrap();
        assert_eq!(limiter.try_acquire().unwrap_err(), TryBorrowError::Twice);
        // Made here, and awaited there.
        let there = limiter.clone();
        let other = spawn(async move { there.acquire().await });
        let other = other.await.unwrap();
        assert_eq!(limiter.stats().borrowed, 2);
        // The task by its id is the same borrower.
        let id = smolio_context::current_task().unwrap().id();
        assert!(limiter.acquire_on_behalf_of(id).await.is_err());
        drop(token);
        yield_now().await;
        drop(limiter.acquire_on_behalf_of(id).await.unwrap());
        drop(other);
    });
}

#[test]
fn outside_of_tasks_each_is_a_borrower_of_its_own() {
    let limiter = CapacityLimiter::new(2);
    let _one = limiter.try_acquire().unwrap();
    let _other = limiter.try_acquire().unwrap();
    assert_eq!(limiter.try_acquire().unwrap_err(), TryBorrowError::NoneFree);
}

#[test]
fn borrowers_of_two_types_are_never_the_same() {
    let limiter = CapacityLimiter::new(9);
    let _tokens = (
        limiter.try_acquire_on_behalf_of(1_u8).unwrap(),
        limiter.try_acquire_on_behalf_of(1_i8).unwrap(),
        limiter.try_acquire_on_behalf_of("1").unwrap(),
        limiter.try_acquire_on_behalf_of(String::from("1")).unwrap(),
    );
    assert!(limiter.try_acquire_on_behalf_of(1_i8).is_err());
}

/// All have the same hash, and to hash and compare them uses the limiter.
struct Meddler(u32, CapacityLimiter);

impl PartialEq for Meddler {
    fn eq(&self, other: &Self) -> bool {
        self.1.stats();
        drop(self.1.try_acquire_on_behalf_of("meddler"));
        self.0 == other.0
    }
}

impl Eq for Meddler {}

impl Hash for Meddler {
    fn hash<H: Hasher>(&self, _: &mut H) {
        drop(self.1.try_acquire_on_behalf_of("meddler"));
    }
}

impl Drop for Meddler {
    fn drop(&mut self) {
        drop(self.1.try_acquire_on_behalf_of("meddler"));
    }
}

#[test]
fn borrowers_may_use_the_limiter() {
    let limiter = CapacityLimiter::new(10);
    let meddler = |number| Meddler(number, limiter.clone());
    let mut tokens = Vec::from_iter(
        (0..5).map(|number| limiter.try_acquire_on_behalf_of(meddler(number)).unwrap()),
    );
    for number in 0..5 {
        let again = limiter.try_acquire_on_behalf_of(meddler(number));
        assert_eq!(again.unwrap_err(), TryBorrowError::Twice);
    }
    drop(tokens.remove(2));
    assert!(limiter.try_acquire_on_behalf_of(meddler(2)).is_ok());
    assert_eq!(limiter.stats().borrowed, 4);
}

/// Asks for a token as "a" when it is woken.
struct AsksForA(CapacityLimiter, Log<TryBorrowError>);

impl Wake for AsksForA {
    fn wake(self: Arc<Self>) {
        let refused = self.0.try_acquire_on_behalf_of("a").unwrap_err();
        self.1.add(refused);
    }
}

#[test]
fn whoever_is_woken_finds_the_borrower_gone() {
    let (limiter, log, wakes) = (CapacityLimiter::new(1), Log::new(), Wakes::new());
    let waker = Waker::from(Arc::new(AsksForA(limiter.clone(), log.clone())));
    let token = limiter.try_acquire_on_behalf_of("a").unwrap();
    let mut next = limiter.acquire_on_behalf_of("b");
    assert!(
        Pin::new(&mut next)
            .poll(&mut Context::from_waker(&waker))
            .is_pending()
    );
    drop(token);
    drop(next);

    // The same of one that is dropped when it has been given the token.
    let token = limiter.try_acquire_on_behalf_of("c").unwrap();
    let mut given = limiter.acquire_on_behalf_of("a");
    wakes.poll_pending(&mut given);
    let mut next = limiter.acquire_on_behalf_of("b");
    assert!(
        Pin::new(&mut next)
            .poll(&mut Context::from_waker(&waker))
            .is_pending()
    );
    drop(token);
    drop(given);
    assert_eq!(log.entries(), [TryBorrowError::NoneFree; 2]);
}

#[test]
fn from_several_threads_only_one_of_the_same() {
    let limiter = CapacityLimiter::new(100);
    let start = Arc::new(std::sync::Barrier::new(4));
    let threads: Vec<_> = (0..4)
        .map(|_| {
            let (limiter, start) = (limiter.clone(), start.clone());
            std::thread::spawn(move || {
                start.wait();
                let tokens = (0..200).map(|number| limiter.try_acquire_on_behalf_of(number));
                let tokens: Vec<CapacityToken> = tokens.filter_map(Result::ok).take(25).collect();
                start.wait();
                tokens.len()
            })
        })
        .collect();
    let tokens: usize = threads
        .into_iter()
        .map(|thread| thread.join().unwrap())
        .sum();
    assert!((25..=100).contains(&tokens));
    assert_eq!(limiter.stats().borrowed, 0);
}

#[test]
fn a_limit_of_none_lets_nobody_in_until_it_is_raised() {
    let (limiter, wakes) = (CapacityLimiter::new(0), Wakes::new());
    let mut waiter = limiter.acquire();
    wakes.poll_pending(&mut waiter);
    limiter.set_total_tokens(1);
    let token: Result<CapacityToken, BorrowError> = wakes.poll_ready(&mut waiter);
    assert!(token.is_ok());
    assert_eq!(limiter.total_tokens(), 1);
}
