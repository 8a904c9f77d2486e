//! What is particular to `with_cleanup`: the resource, and to the drop collector: tasks.

use std::{
    future::pending,
    panic::AssertUnwindSafe,
    sync::{Arc, Mutex},
};

use futures_lite::FutureExt;
use smolio_context::collect;
use smolio_executor::{Runner, finally, run, spawn, spawn_local, with_cleanup};

use crate::support::{
    Counter, Hook, Latch, begin_elsewhere, dropped_after, under_100_seeds, until, yields,
};

/// Something that must be closed, with what was done to it.
struct Connection {
    sent: Vec<u8>,
    log: Arc<Mutex<Vec<Vec<u8>>>>,
}

impl Connection {
    async fn close(self) {
        yields(2).await;
        self.log.lock().unwrap().push(self.sent);
    }
}

/// The body lends the resource, the close owns it; whatever the body did to it by then is seen.
#[test]
fn f1_the_resource_is_lent_and_given_back() {
    under_100_seeds(|| {
        for polls in 0..=6 {
            let log = Arc::new(Mutex::new(Vec::new()));
            let connection = Connection {
                sent: vec![0],
                log: log.clone(),
            };
            let steps = run(async {
                let future = with_cleanup(
                    connection,
                    async |connection| {
                        for step in 1..=3 {
                            connection.sent.push(step);
                            yields(1).await;
                        }
                        connection.sent.len()
                    },
                    Connection::close,
                );
                dropped_after(polls, future).await
            });
            let sent = log.lock().unwrap();
            assert_eq!(sent.len(), 1);
            let expected = [0, 1, 2, 3];
            assert_eq!(sent[0], expected[..=polls.min(3)]);
            assert_eq!(steps, (polls == 6).then_some(4));
        }
    });
}

/// The body may borrow what surrounds it; only the close must not.
#[test]
fn f1_the_body_borrows() {
    let surroundings = String::from("borrowed");
    let length = run(async {
        with_cleanup(
            1,
            async |one: &mut usize| surroundings.len() + *one,
            |_| async {},
        )
        .await
    });
    assert_eq!(length, 9);
}

/// `close` itself, before its future, is foreign code too.
#[test]
fn f1_a_panic_in_making_the_close() {
    let hook = Hook::install();
    run(async {
        let close = |()| {
            panic!("the closure");
            #[expect(unreachable_code, reason = "gives the closure its type")]
            async {}
        };
        let future = with_cleanup((), async |()| 42, close);
        let payload = AssertUnwindSafe(future).catch_unwind().await.unwrap_err();
        assert_eq!(payload.downcast_ref::<&str>(), Some(&"the closure"));
        hook.assert_silent();
        let future = with_cleanup((), async |()| panic!("the body"), close);
        let payload = AssertUnwindSafe::<_>(future)
            .catch_unwind()
            .await
            .unwrap_err();
        assert_eq!(payload.downcast_ref::<&str>(), Some(&"the closure"));
        assert_eq!(hook.take_one().message(), "the body");
    });
    hook.assert_silent();
}

/// Who collects a task waits until it is gone: the future of one that is being polled on another worker included.
#[test]
fn collecting_a_task_waits_for_its_end() {
    let (go_on, drops, ended) = (Latch::new(), Counter::new(), Latch::new());
    Runner::builder().workers(2).run(async {
        let here = std::thread::current().id();
        let (free, guard, entered) = (go_on.clone(), drops.guard(), Latch::new());
        let inside = entered.clone();
        let task = spawn(async move {
            let _guard = guard;
            while std::thread::current().id() == here {
                yields(1).await;
            }
            inside.open();
            free.block();
            pending::<()>().await;
        });
        while !entered.is_open() {
            yields(1).await;
        }
        let (dropped, clean_ups) = collect(|| drop(task));
        dropped.unwrap();
        let [clean_up] = <[_; 1]>::try_from(clean_ups).unwrap();
        let mut clean_up = Box::pin(clean_up);
        for _ in 0..100 {
            assert!(
                futures_lite::future::poll_once(&mut clean_up)
                    .await
                    .is_none()
            );
            yields(1).await;
        }
        assert_eq!(drops.get(), 0);
        go_on.open();
        clean_up.await;
        assert_eq!(drops.get(), 1);
        begin_elsewhere("last", |entered| {
            let end = ended.clone();
            async move {
                entered.open();
                end.open();
            }
        })
        .await;
    });
    assert!(ended.is_open());
}

/// A task that has ended leaves nothing; one on this loop resolves when it is gone; detached and joined ones are not waited for.
#[test]
fn collecting_tasks_of_the_loop() {
    let hook = Hook::install();
    under_100_seeds(|| {
        run(async {
            let drops = Counter::new();
            let ended = spawn(async {});
            until("it has ended", || ended.is_finished()).await;
            let guard = drops.guard();
            let waiting = spawn_local(async move {
                let _guard = guard;
                pending::<()>().await;
            });
            let (dropped, clean_ups) = collect(|| drop((ended, waiting)));
            dropped.unwrap();
            assert_eq!(clean_ups.len(), 1);
            for clean_up in clean_ups {
                clean_up.await;
                assert_eq!(drops.get(), 1);
            }
        });
    });
    hook.assert_silent();
}

/// When the collected task has a clean-up of its own, that one goes to the loop: its drop was not collected.
#[test]
fn the_clean_ups_of_a_cancelled_task_go_to_its_loop() {
    let done = Counter::new();
    run(async {
        let counter = done.clone();
        let task = spawn(finally(pending::<()>(), async move {
            yields(3).await;
            counter.add();
        }));
        yields(2).await;
        let (dropped, clean_ups) = collect(|| drop(task));
        dropped.unwrap();
        for clean_up in clean_ups {
            clean_up.await;
        }
    });
    assert_eq!(done.get(), 1);
}
