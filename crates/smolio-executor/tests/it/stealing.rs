//! Who of several workers runs a task: not the one that is busy, if another has time.

use std::{
    future::poll_fn,
    sync::{
        Arc, Barrier, Mutex,
        mpsc::{self, Receiver, Sender},
    },
    task::{Poll, Waker},
    thread,
    time::Duration,
};

use smolio_executor::{Runner, run, spawn, spawn_local, to_thread, yield_now};

use crate::support::{block_elsewhere, yields};

fn workers(count: usize) -> Runner {
    Runner::builder().workers(count).build().unwrap()
}

/// Far more than it takes: that of somebody who waits in vain.
const IN_VAIN: Duration = Duration::from_secs(10);

/// Keeps the thread until the other end has been used.
#[track_caller]
fn block_until_told(news: &Receiver<()>) {
    news.recv_timeout(IN_VAIN)
        .expect("somebody else should have run it meanwhile");
}

fn tell(news: &Sender<()>) {
    news.send(()).unwrap();
}

/// The one that was spawned last waits for the end of the poll that has spawned it: but not for long.
#[test]
fn a_task_that_is_spawned_by_one_who_then_blocks() {
    for count in [2, 3] {
        workers(count).run(async {
            for _ in 0..20 {
                spawn(async {
                    let (sender, news) = mpsc::channel();
                    spawn(async move { tell(&sender) }).detach();
                    block_until_told(&news);
                })
                .await;
            }
        });
    }
}

#[test]
fn several_that_are_spawned_by_one_who_then_blocks() {
    workers(2).run(spawn_and_block(5));
}

async fn spawn_and_block(count: usize) {
    spawn(async move {
        let (sender, news) = mpsc::channel();
        for _ in 0..count {
            let sender = sender.clone();
            spawn(async move {
                yields(3).await;
                tell(&sender);
            })
            .detach();
        }
        for _ in 0..count {
            block_until_told(&news);
        }
    })
    .await;
}

/// The same for one that is woken.
#[test]
fn a_task_that_is_woken_by_one_who_then_blocks() {
    workers(2).run(async {
        for _ in 0..20 {
            let (sender, news) = mpsc::channel();
            let waiting = Arc::new(Mutex::new(None::<Waker>));
            let place = waiting.clone();
            let waiter = spawn(async move {
                let mut waits = true;
                poll_fn(|cx| {
                    if std::mem::take(&mut waits) {
                        *place.lock().unwrap() = Some(cx.waker().clone());
                        return Poll::Pending;
                    }
                    Poll::Ready(())
                })
                .await;
                tell(&sender);
            });
            spawn(async move {
                let waker = loop {
                    let waker = waiting.lock().unwrap().take();
                    match waker {
                        Some(waker) => break waker,
                        None => yield_now().await,
                    }
                };
                waker.wake();
                block_until_told(&news);
            })
            .await;
            waiter.await;
        }
    });
}

/// Main, and what is local to a thread, block a worker, too.
#[test]
fn a_task_behind_what_is_local() {
    workers(2).run(async {
        for _ in 0..5 {
            let (sender, news) = mpsc::channel();
            spawn(async move { tell(&sender) }).detach();
            block_until_told(&news);

            let (sender, news) = mpsc::channel();
            spawn_local(async move {
                spawn(async move { tell(&sender) }).detach();
                block_until_told(&news);
            })
            .await;
            yield_now().await;
        }
    });
}

/// A guard that is called away has another to follow it.
#[test]
fn a_task_behind_the_second_who_blocks() {
    workers(3).run(async {
        let (outer_sender, outer) = mpsc::channel();
        let (all_sender, all) = mpsc::channel();
        let first = spawn(async move {
            spawn(async move {
                let (sender, news) = mpsc::channel();
                spawn(async move { tell(&sender) }).detach();
                tell(&outer_sender);
                block_until_told(&news);
                tell(&all_sender);
            })
            .detach();
            block_until_told(&outer);
            block_until_told(&all);
        });
        first.await;
    });
}

/// What one spawns is for all.
#[test]
fn the_tasks_of_one_are_run_by_all() {
    workers(3).run(async {
        for _ in 0..20 {
            spawn(async {
                let meeting = Arc::new(Barrier::new(3));
                let tasks: Vec<_> = (0..3)
                    .map(|_| {
                        let meeting = meeting.clone();
                        spawn(async move {
                            meeting.wait();
                        })
                    })
                    .collect();
                for task in tasks {
                    task.await;
                }
            })
            .await;
        }
    });
}

/// Two tasks that always have something to say to each other leave room for a third, even where nobody else is there.
#[test]
fn two_that_wake_each_other_starve_nobody() {
    workers(2).run(async {
        let release = block_elsewhere("stuck").await;
        spawn(async {
            let third = spawn(yields(100));
            while !third.is_finished() {
                spawn(async {}).await;
            }
        })
        .await;
        release.open();
    });
}

/// A thousand and more at once, more than the queue of one worker holds.
#[test]
fn a_crowd_is_seen_through() {
    workers(2).run(async {
        for count in [1_000, 5_000] {
            let tasks: Vec<_> = (0..count).map(|_| spawn(yields(3))).collect();
            for task in tasks {
                task.await;
            }
            spawn(async move {
                let tasks: Vec<_> = (0..count).map(|_| spawn(yields(3))).collect();
                for task in tasks {
                    task.await;
                }
            })
            .await;
        }
    });
}

/// Between two runs the main loop's thread runs nothing: what it was to run is for the others.
#[test]
fn what_main_leaves_behind_is_run_by_the_others() {
    let runner = workers(2);
    for count in 1..5 {
        let (sender, news) = mpsc::channel();
        runner.run(async {
            for _ in 0..count {
                let sender = sender.clone();
                spawn(async move { tell(&sender) }).detach();
            }
        });
        for _ in 0..count {
            block_until_told(&news);
        }
    }
}

/// From outside, while all sleep, with pauses in which they fall asleep, and without.
#[test]
fn work_from_elsewhere_wakes_somebody() {
    let runner = workers(2);
    let handle = runner.handle();
    let others = thread::spawn(move || {
        for round in 0..50 {
            let value = handle.block_on(async move { round }).unwrap();
            assert_eq!(value, round);
            if round % 2 == 0 {
                thread::sleep(Duration::from_micros(300));
            }
        }
    });
    runner.run(async { to_thread(move || others.join().unwrap()).await });
}

/// A loop that is alone is as before: in the order in which they were spawned.
#[test]
fn one_worker_has_one_queue() {
    let order = run(async {
        let order = Arc::new(Mutex::new(Vec::new()));
        let tasks: Vec<_> = (0..5)
            .map(|number| {
                let order = order.clone();
                spawn(async move { order.lock().unwrap().push(number) })
            })
            .collect();
        for task in tasks {
            task.await;
        }
        order.lock().unwrap().clone()
    });
    assert_eq!(order, [0, 1, 2, 3, 4]);
}
