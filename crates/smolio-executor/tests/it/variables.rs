//! Context variables, across spawns and threads.

use smolio_context::{ContextVar, current_task};
use smolio_executor::{Handle, Runner, run, spawn, spawn_local, to_thread, yield_now};

use crate::support::{Counter, under_100_seeds, until, yields};

static USER: ContextVar<&'static str> = ContextVar::new(|| "nobody");

#[test]
fn c3_a_child_copies_at_the_spawn() {
    under_100_seeds(|| {
        run(async {
            USER.set("first").unwrap();
            let child = spawn(async {
                let inherited = USER.get();
                USER.set("the child's").unwrap();
                yields(3).await;
                (inherited, USER.get())
            });
            let local = spawn_local(async { USER.get() });
            USER.set("second").unwrap();
            let sibling = spawn(async {
                yields(2).await;
                USER.get()
            });
            assert_eq!(child.await, ("first", "the child's"));
            assert_eq!(local.await, "first");
            assert_eq!(sibling.await, "second");
            assert_eq!(USER.get(), "second");
        });
    });
}

#[test]
fn c3_on_workers() {
    Runner::builder().workers(2).run(async {
        USER.set("first").unwrap();
        let children: Vec<_> = (0..50)
            .map(|_| {
                spawn(async {
                    let inherited = USER.get();
                    USER.set("the child's").unwrap();
                    yield_now().await;
                    (inherited, USER.get())
                })
            })
            .collect();
        USER.set("second").unwrap();
        for child in children {
            assert_eq!(child.await, ("first", "the child's"));
        }
        assert_eq!(USER.get(), "second");
    });
}

#[test]
fn c3_to_thread_copies_at_the_call() {
    run(async {
        USER.set("first").unwrap();
        let me = current_task().unwrap().id();
        let call = to_thread(move || {
            let inherited = USER.get();
            USER.set("the thread's").unwrap();
            (inherited, USER.get(), current_task().unwrap().parent())
        });
        USER.set("second").unwrap();
        assert_eq!(call.await, ("first", "the thread's", Some(me)));
        assert_eq!(USER.get(), "second");
    });
}

/// What comes from another thread has no parent to copy from.
#[test]
fn c3_a_task_of_a_foreign_thread_begins_with_the_defaults() {
    let runner = Runner::new();
    let handle = runner.handle();
    runner.run(async {
        USER.set("main's").unwrap();
        let foreign = std::thread::spawn(move || {
            let task = handle.spawn(async { (USER.get(), current_task().unwrap().parent()) });
            futures_lite::future::block_on(task.unwrap())
        });
        let seen = to_thread(move || foreign.join().unwrap()).await;
        assert_eq!(seen, ("nobody", None));
        // On the loop's own thread the handle is as good as `spawn`.
        let own = Handle::current().unwrap().spawn(async { USER.get() });
        assert_eq!(own.unwrap().await, "main's");
    });
}

#[test]
fn c3_each_run_begins_with_the_defaults() {
    let runner = Runner::new();
    runner.run(async { USER.set("left over").map(drop).unwrap() });
    assert_eq!(runner.run(async { USER.get() }), "nobody");
    assert_eq!(USER.get(), "nobody");
    assert_eq!(USER.set("outside").unwrap_err().into_inner(), "outside");
}

/// A destructor sees the task that it belongs to: its name and its variables, whoever drops it.
#[test]
fn c3_destructors_see_their_own_task() {
    struct Look(std::rc::Rc<std::cell::RefCell<Vec<(String, &'static str)>>>);
    impl Drop for Look {
        fn drop(&mut self) {
            let task = current_task().map_or("none".into(), |task| task.name().into_owned());
            self.0.borrow_mut().push((task, USER.get()));
        }
    }
    under_100_seeds(|| {
        let seen = std::rc::Rc::new(std::cell::RefCell::new(Vec::new()));
        let builder = smolio_executor::TaskBuilder::new;
        run(async {
            USER.set("main's").unwrap();
            let looks: [_; 4] = std::array::from_fn(|_| Look(seen.clone()));
            let [waiting, unpolled, at_close, ended] = looks;
            let begun = Counter::new();
            let inside = begun.clone();
            let task = builder().name("waiting").spawn_local(async move {
                let _look = waiting;
                USER.set("its own").unwrap();
                inside.add();
                std::future::pending::<()>().await;
            });
            until("it waits", || begun.get() == 1).await;
            task.cancel().await;
            let task = builder()
                .name("unpolled")
                .spawn_local(async move { drop(unpolled) });
            task.cancel().await;
            builder()
                .name("ended")
                .spawn_local(async move { drop(ended) })
                .await;
            let task = builder().name("at close").spawn_local(async move {
                let _look = at_close;
                std::future::pending::<()>().await;
            });
            task.detach();
        });
        let expected = [
            ("waiting".to_string(), "its own"),
            ("unpolled".to_string(), "main's"),
            ("ended".to_string(), "main's"),
            ("at close".to_string(), "main's"),
        ];
        assert_eq!(*seen.borrow(), expected);
    });
}
