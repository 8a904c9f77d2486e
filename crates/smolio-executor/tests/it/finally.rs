//! `finally` and `with_cleanup`, whichever way the body ends: the clean-up runs exactly once, to its end, and is waited for.

use std::{
    future::{Future, pending},
    panic::AssertUnwindSafe,
    pin::Pin,
    sync::{Arc, Mutex},
    task::Poll,
    time::Duration,
};

use futures_lite::FutureExt;
use smolio_context::{ContextVar, Instant, collect, current_task};
use smolio_executor::{Runner, TaskBuilder, finally, run, spawn, spawn_local, with_cleanup};
use smolio_timer::{sleep, timeout};

use crate::support::{Counter, Hook, dropped_after, panic_of, under_100_seeds, until, yields};

type Sent<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// One of the two, as a function.
type Way<T> = fn(Sent<T>, Sent<()>) -> Pin<Box<dyn Future<Output = T>>>;

fn by_finally<T: 'static>(body: Sent<T>, clean_up: Sent<()>) -> Pin<Box<dyn Future<Output = T>>> {
    Box::pin(finally(body, clean_up))
}

fn by_with_cleanup<T: 'static>(
    body: Sent<T>,
    clean_up: Sent<()>,
) -> Pin<Box<dyn Future<Output = T>>> {
    Box::pin(with_cleanup(
        (),
        async move |(): &mut ()| body.await,
        move |()| clean_up,
    ))
}

fn both<T: 'static>() -> [Way<T>; 2] {
    [by_finally, by_with_cleanup]
}

/// A body and a clean-up of several polls each, which record how far they came.
#[derive(Clone, Default)]
struct Trace {
    body_drops: Counter,
    begun: Counter,
    ended: Counter,
}

impl Trace {
    fn body<T: Send + 'static>(&self, end: impl FnOnce() -> T + Send + 'static) -> Sent<T> {
        let guard = self.body_drops.guard();
        Box::pin(async move {
            let _guard = guard;
            yields(3).await;
            end()
        })
    }

    fn endless<T: Send + 'static>(&self) -> Sent<T> {
        let guard = self.body_drops.guard();
        Box::pin(async move {
            let _guard = guard;
            pending().await
        })
    }

    fn clean_up(&self) -> Sent<()> {
        let trace = self.clone();
        Box::pin(async move {
            // The body is gone before its clean-up begins.
            assert_eq!(trace.body_drops.get(), 1);
            trace.begun.add();
            yields(3).await;
            trace.ended.add();
        })
    }

    #[track_caller]
    fn assert_cleaned(&self) {
        let counts = (self.body_drops.get(), self.begun.get(), self.ended.get());
        assert_eq!(counts, (1, 1, 1));
    }
}

#[test]
fn f1_value_and_error() {
    under_100_seeds(|| {
        for way in both() {
            let trace = Trace::default();
            run(async {
                assert_eq!(
                    way(trace.body(|| Ok("value")), trace.clean_up()).await,
                    Ok("value")
                );
                // Before it is ready, not after.
                trace.assert_cleaned();
                let trace = Trace::default();
                assert_eq!(
                    way(trace.body(|| Err("error")), trace.clean_up()).await,
                    Err("error")
                );
                trace.assert_cleaned();
            });
        }
    });
}

#[test]
fn f1_panic() {
    let hook = Hook::install();
    for way in both::<()>() {
        let trace = Trace::default();
        run(async {
            let future = way(trace.body(|| panic!("the body")), trace.clean_up());
            let payload = AssertUnwindSafe(future).catch_unwind().await.unwrap_err();
            assert_eq!(payload.downcast_ref::<&str>(), Some(&"the body"));
            trace.assert_cleaned();
        });
    }
    hook.assert_silent();
}

#[test]
fn f1_drop_at_every_poll() {
    let hook = Hook::install();
    under_100_seeds(|| {
        for way in both() {
            let mut polls = 0;
            loop {
                let trace = Trace::default();
                let value = run(async {
                    let future = way(trace.body(|| 42), trace.clean_up());
                    let value = dropped_after(polls, future).await;
                    if value.is_some() {
                        trace.assert_cleaned();
                    }
                    value
                });
                // The close has waited for what was left of it.
                trace.assert_cleaned();
                polls += 1;
                if value == Some(42) {
                    break;
                }
            }
            // One for each of the six yields, and one to be ready.
            assert_eq!(polls, 8);
        }
    });
    hook.assert_silent();
}

/// Clean-ups that were left to the loop go on beside all else; nobody has to wait for the close.
#[test]
fn f1_after_a_drop_the_loop_goes_on_with_it() {
    under_100_seeds(|| {
        for way in both::<()>() {
            let trace = Trace::default();
            run(async {
                drop(way(trace.endless(), trace.clean_up()));
                assert_eq!(trace.begun.get(), 0);
                until("it is cleaned up", || trace.ended.get() == 1).await;
                trace.assert_cleaned();
            });
        }
    });
}

#[test]
fn f1_at_the_end_of_run() {
    under_100_seeds(|| {
        for way in both::<()>() {
            let (waiting, unpolled) = (Trace::default(), Trace::default());
            run(async {
                spawn_local(way(waiting.endless(), waiting.clean_up())).detach();
                yields(5).await;
                spawn_local(way(unpolled.endless(), unpolled.clean_up())).detach();
            });
            waiting.assert_cleaned();
            unpolled.assert_cleaned();
        }
    });
}

/// On workers the clean-up runs on whichever thread the body was dropped; the close waits for all of them.
#[test]
fn f1_on_workers() {
    for _ in 0..20 {
        let traces: Vec<_> = (0..20).map(|_| Trace::default()).collect();
        Runner::builder().workers(3).run(async {
            for (index, trace) in traces.iter().enumerate() {
                let task = spawn(finally(trace.endless::<()>(), trace.clean_up()));
                match index % 3 {
                    0 => drop(task),
                    1 => assert_eq!(task.cancel().await, None),
                    _ => task.detach(),
                }
            }
        });
        for trace in traces {
            trace.assert_cleaned();
        }
    }
}

#[test]
fn f1_timeout() {
    for way in both::<()>() {
        let trace = Trace::default();
        let (slow, ended) = (Duration::from_secs(2), trace.ended.clone());
        smolio_test::run(async {
            let start = Instant::now();
            let clean_up = trace.clean_up();
            let clean_up = Box::pin(async move {
                sleep(slow).await;
                clean_up.await;
            });
            let body = timeout(Duration::from_secs(1), way(trace.endless(), clean_up));
            assert!(body.await.is_err());
            // The timeout does not wait: its time is over.
            assert_eq!((start.elapsed().as_secs(), ended.get()), (1, 0));
        });
        trace.assert_cleaned();
    }
}

/// Whoever collects drops gets the clean-up, not the loop; the innermost collector, through any wrapper.
#[test]
fn f1_inside_of_nested_collectors() {
    for way in both::<()>() {
        for polls in 0..=6 {
            let trace = Trace::default();
            run(async {
                let wrapped = way(trace.body(|| ()), trace.clean_up());
                let mut future = Box::pin(async move { Box::pin(wrapped).await });
                for _ in 0..polls {
                    assert!(futures_lite::future::poll_once(&mut future).await.is_none());
                }
                let (outer, outer_clean_ups) = collect(|| {
                    let (inner, clean_ups) = collect(|| drop(future));
                    inner.unwrap();
                    clean_ups
                });
                assert_eq!(outer_clean_ups.len(), 0);
                let clean_ups = outer.unwrap();
                assert_eq!(clean_ups.len(), 1);
                // It is theirs: the loop does nothing by itself.
                let before = trace.ended.get();
                yields(10).await;
                assert_eq!((before, trace.ended.get()), (0, 0));
                for clean_up in clean_ups {
                    clean_up.await;
                }
            });
            trace.assert_cleaned();
        }
    }
}

#[test]
fn f1_nested() {
    under_100_seeds(|| {
        for way in both::<()>() {
            for polls in 0..=13 {
                let (inner, outer) = (Trace::default(), Trace::default());
                run(async {
                    let body = finally(inner.body(|| ()), inner.clean_up());
                    let guard = outer.body_drops.guard();
                    let body = Box::pin(async move {
                        let _guard = guard;
                        body.await;
                    });
                    dropped_after(polls, way(body, outer.clean_up())).await;
                });
                inner.assert_cleaned();
                outer.assert_cleaned();
            }
        }
    });
}

#[test]
fn f1_a_panic_of_the_clean_up() {
    let hook = Hook::install();
    for way in both::<u8>() {
        let text = panic_of(|| {
            run(async {
                let clean_up = Box::pin(async { panic!("the clean-up") });
                way(Box::pin(async { 42 }), clean_up).await
            })
        });
        assert_eq!(text, "the clean-up");
        hook.assert_silent();

        // Both: neither is lost.
        let text = panic_of(|| {
            run(async {
                let clean_up = Box::pin(async { panic!("the clean-up") });
                way(Box::pin(async { panic!("the body") }), clean_up).await
            })
        });
        assert_eq!(text, "the clean-up");
        assert_eq!(hook.take_one().message(), "the body");

        // Dropped: nobody is there but the hook.
        run(async {
            let clean_up = Box::pin(async { panic!("the clean-up") });
            drop(way(Box::pin(pending()), clean_up));
        });
        assert_eq!(hook.take_one().message(), "the clean-up");
    }
}

/// A future may panic when it is polled, and again when it is dropped.
#[test]
fn f1_a_panic_in_the_poll_and_one_in_the_drop() {
    struct TwiceOver;
    impl Future for TwiceOver {
        type Output = ();
        fn poll(self: Pin<&mut Self>, _: &mut std::task::Context<'_>) -> Poll<()> {
            panic!("the poll");
        }
    }
    impl Drop for TwiceOver {
        fn drop(&mut self) {
            panic!("the drop");
        }
    }
    let hook = Hook::install();
    let cleaned = Counter::new();
    let counter = cleaned.clone();
    let text = panic_of(|| run(finally(TwiceOver, async move { counter.add() })));
    assert_eq!((&*text, cleaned.get()), ("the drop", 1));
    assert_eq!(hook.take_one().message(), "the poll");
}

/// A body that panics while it is dropped half-way does not lose its clean-up.
#[test]
fn f1_a_panic_in_the_drop() {
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("the drop");
        }
    }
    let hook = Hook::install();
    for way in both::<()>() {
        let cleaned = Counter::new();
        let counter = cleaned.clone();
        run(async {
            let bomb = Bomb;
            let body = Box::pin(async move {
                let _bomb = bomb;
                pending::<()>().await;
            });
            let task = spawn_local(way(body, Box::pin(async move { counter.add() })));
            yields(3).await;
            task.cancel().await;
        });
        assert_eq!(cleaned.get(), 1);
        assert_eq!(hook.take_one().message(), "the drop");
    }
}

/// Wherever it runs, a clean-up is part of the task that it cleans up for.
#[test]
fn f1_a_clean_up_sees_its_task() {
    static REQUEST: ContextVar<u32> = ContextVar::new(|| 0);
    for way in both::<()>() {
        let seen = Arc::new(Mutex::new(Vec::new()));
        run(async {
            let log = seen.clone();
            let clean_up = Box::pin(async move {
                yields(1).await;
                let name = current_task().unwrap().name().into_owned();
                log.lock().unwrap().push((name, REQUEST.get()));
            });
            let task = TaskBuilder::new().name("request").spawn_local(async move {
                REQUEST.set(7).unwrap();
                way(Box::pin(pending()), clean_up).await;
            });
            yields(3).await;
            task.cancel().await;
        });
        assert_eq!(*seen.lock().unwrap(), [("request".to_string(), 7)]);
    }
}

/// Outside of loops there is nobody to run it, and the hook is told.
#[test]
fn f1_without_a_loop_the_hook_is_told() {
    let hook = Hook::install();
    for way in both::<()>() {
        drop(way(Box::pin(pending()), Box::pin(async {})));
        assert_eq!(
            hook.take_one().message(),
            "a clean-up that was dropped where no loop runs"
        );
    }
    // Awaited there, all is as inside.
    let trace = Trace::default();
    let value = futures_lite::future::block_on(finally(trace.body(|| 42), trace.clean_up()));
    assert_eq!(value, 42);
    trace.assert_cleaned();
    hook.assert_silent();
}
