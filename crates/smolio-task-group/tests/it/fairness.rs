//! Children that are always ready starve nobody: neither their siblings nor whoever is beside their group.

use std::{
    io::{Read, Write},
    net::{TcpListener, TcpStream},
};

use smol::Async;
use smolio_context::VirtualClock;
use smolio_executor::{run, spawn, yield_now};
use smolio_task_group::TaskGroup;
use smolio_timer::{sleep, timeout};

use crate::support::{Counter, Manual, Polls, ms, yields};

const CHILDREN: usize = 10_000;
/// How many polls of tasks a loop has in one turn, and how many of children a group in one poll.
const TURN: usize = 61;
const GROUP_POLL: usize = 64;

async fn busy(polls: &Counter) {
    loop {
        polls.add();
        yield_now().await;
    }
}

/// A group of children that are always ready, until somebody drops it.
async fn busy_group(polls: Counter) {
    let group = TaskGroup::infallible();
    let run = group.run_value(async {
        for _ in 0..CHILDREN {
            group.spawn(busy(&polls));
        }
    });
    run.await.unwrap();
}

#[test]
fn t31_a_timer_beside_the_group() {
    let clock = VirtualClock::new();
    let _guard = clock.install();
    let polls = Counter::new();
    let late = run(async {
        let group = spawn(busy_group(polls.clone()));
        let sleeper = spawn(async { sleep(ms(1000)).await });
        while polls.get() < 2 * CHILDREN {
            yield_now().await;
        }
        // The time passes while everybody is busy.
        clock.advance(ms(1000));
        let before = polls.get();
        sleeper.await;
        drop(group);
        polls.get() - before
    });
    let two_turns = 2 * TURN * GROUP_POLL;
    assert!(late <= two_turns, "{late} polls of children");
}

#[test]
fn t31_a_socket_beside_the_group() {
    let polls = Counter::new();
    let late = run(async {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut peer = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (accepted, _) = listener.accept().unwrap();
        let socket = Async::new(accepted).unwrap();
        let group = spawn(busy_group(polls.clone()));
        let waiting = Counter::new();
        let reader = spawn(Polls::new(&waiting, async move {
            let mut byte = [0];
            let read = socket.read_with(|mut socket| socket.read(&mut byte));
            read.await.unwrap()
        }));
        while waiting.get() == 0 || polls.get() < 2 * CHILDREN {
            yield_now().await;
        }
        peer.write_all(&[1]).unwrap();
        let before = polls.get();
        assert_eq!(reader.await, 1);
        drop(group);
        polls.get() - before
    });
    // Loopback is quick, but it is the kernel's business when the byte is there.
    let bound = 200 * TURN * GROUP_POLL;
    assert!(late <= bound, "{late} polls of children");
}

#[test]
fn t31_a_timer_among_the_children() {
    let clock = VirtualClock::new();
    let _guard = clock.install();
    let (polls, sleeping) = (Counter::new(), Counter::new());
    let late = std::sync::Mutex::new(None);
    run(async {
        let group = TaskGroup::infallible();
        let result = group
            .run_value(async {
                for _ in 0..CHILDREN {
                    group.spawn(busy(&polls));
                }
                let sleeper = group.spawn_value(Polls::new(&sleeping, async {
                    sleep(ms(1000)).await;
                    polls.get()
                }));
                while sleeping.get() == 0 {
                    yield_now().await;
                }
                clock.advance(ms(1000));
                let before = polls.get();
                *late.lock().unwrap() = Some(sleeper.await - before);
                group.cancel();
            })
            .await;
        assert!(result.is_err());
    });
    // One turn of the loop to notice, then a round of the group, of which it is one member.
    let late = late.into_inner().unwrap().unwrap();
    assert!(
        late <= TURN * GROUP_POLL + CHILDREN + GROUP_POLL,
        "{late} polls of children"
    );
}

#[test]
fn t31_a_timeout_around_the_group() {
    let clock = VirtualClock::new();
    let _guard = clock.install();
    let polls = Counter::new();
    let late = run(async {
        let group = busy_group(polls.clone());
        let (theirs, clock) = (polls.clone(), &clock);
        let limited = async move {
            timeout(ms(1000), group).await.unwrap_err();
            theirs.get()
        };
        let advance = async {
            while polls.get() < 2 * CHILDREN {
                yield_now().await;
            }
            clock.advance(ms(1000));
            polls.get()
        };
        let (after, before) = futures_lite::future::zip(limited, advance).await;
        after - before
    });
    let two_turns = 2 * TURN * GROUP_POLL;
    assert!(late <= two_turns, "{late} polls of children");
}

#[test]
fn one_poll_of_a_group_polls_64_children() {
    let polls = Counter::new();
    let mut group = Manual::new(busy_group(polls.clone()));
    let mut before = 0;
    for _ in 0..500 {
        let wakes = group.wakes.count();
        group.poll_pending();
        // The body is the first, and children that it spawned follow.
        let polled = polls.get() - before;
        assert!((63..=64).contains(&polled), "{polled}");
        before = polls.get();
        assert_eq!(group.wakes.count(), wakes + 1);
    }
}

#[test]
fn all_children_get_their_turn_before_one_gets_two() {
    let counters = Vec::from_iter((0..1000).map(|_| Counter::new()));
    let group = TaskGroup::infallible();
    let mut run = Manual::new(group.run_value(async {
        for counter in &counters {
            group.spawn(busy(counter));
        }
    }));
    for _ in 0..200 {
        run.poll_pending();
        let most = counters.iter().map(Counter::get).max().unwrap();
        let fewest = counters.iter().map(Counter::get).min().unwrap();
        assert!(most - fewest <= 1, "{fewest} and {most}");
    }
}

#[test]
fn a_wake_from_outside_is_not_starved_by_busy_children() {
    let (polls, late) = (Counter::new(), Counter::new());
    let place = std::sync::Mutex::new(None::<std::task::Waker>);
    let group = TaskGroup::infallible();
    let mut run = Manual::new(group.run_value(async {
        for _ in 0..100 {
            group.spawn(busy(&polls));
        }
        group.spawn_value(Polls::new(
            &late,
            std::future::poll_fn(|cx| {
                *place.lock().unwrap() = Some(cx.waker().clone());
                std::task::Poll::<()>::Pending
            }),
        ));
    }));
    while late.get() == 0 {
        run.poll_pending();
    }
    // From another thread, and while the group is not being polled.
    let waker = place.lock().unwrap().clone().unwrap();
    std::thread::spawn(move || waker.wake()).join().unwrap();
    let before = polls.get();
    while late.get() == 1 {
        run.poll_pending();
    }
    assert!(polls.get() - before <= 100 + GROUP_POLL);
}

#[test]
fn the_body_gets_its_turn_as_well() {
    smolio_test::run(async {
        let polls = Counter::new();
        let group = TaskGroup::infallible();
        let result = group
            .run_value(async {
                for _ in 0..100 {
                    group.spawn(busy(&polls));
                }
                for _ in 0..10 {
                    let before = polls.get();
                    yields(1).await;
                    assert!(polls.get() - before <= 100);
                }
                group.cancel();
            })
            .await;
        assert!(result.is_err());
    });
}
