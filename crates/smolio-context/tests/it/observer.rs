//! Those who are told of each step of each task.

use std::{
    future::{Future, poll_fn},
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Mutex},
    task::{Context, Poll, Wake, Waker},
    time::Duration,
};

use smolio_context::{
    Observer, Scoped, TaskContext, TaskInfo, is_observed, register_observer, waits_of,
};

use crate::{Wakes, take_turn};

/// Writes down what it is told.
#[derive(Default)]
struct Diary(Mutex<Vec<String>>);

impl Diary {
    fn note(&self, what: &str, task: &TaskInfo) {
        // It may look at what is known: no lock is held.
        waits_of(task.id());
        self.0
            .lock()
            .unwrap()
            .push(format!("{what} {}", task.name()));
    }

    fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}

impl Observer for Diary {
    fn spawned(&self, task: &TaskInfo) {
        self.note("spawned", task);
    }

    fn woken(&self, task: &TaskInfo) {
        self.note("woken", task);
    }

    fn polled(&self, task: &TaskInfo, took: Duration) {
        assert!(took < Duration::from_secs(60));
        self.note("polled", task);
    }

    fn ended(&self, task: &TaskInfo) {
        self.note("ended", task);
    }
}

/// Ready in its second poll; its waker is left in `waker`.
fn second_poll(waker: Arc<Mutex<Option<Waker>>>) -> impl Future<Output = ()> {
    let mut is_second = false;
    poll_fn(move |cx| {
        if std::mem::replace(&mut is_second, true) {
            return Poll::Ready(());
        }
        *waker.lock().unwrap() = Some(cx.waker().clone());
        Poll::Pending
    })
}

/// As an executor does.
fn spawn<F>(name: &str, future: F) -> Scoped<F> {
    let context = TaskContext::child(Some(name));
    context.spawned();
    // One that was refused, and is let in elsewhere.
    context.spawned();
    Scoped::new(context, future)
}

#[test]
fn each_step_is_told() {
    let _turn = take_turn();
    let diary = Arc::new(Diary::default());
    let guard = register_observer(diary.clone());
    assert!(is_observed());
    let (wakes, waker) = (Arc::new(Wakes::default()), Arc::default());
    let outer = Waker::from(wakes.clone());
    let cx = &mut Context::from_waker(&outer);
    let task = spawn("task", second_poll(Arc::clone(&waker)));
    let mut task = Box::pin(task);
    assert_eq!(diary.take(), ["spawned task"]);
    assert!(task.as_mut().poll(cx).is_pending());
    assert_eq!(diary.take(), ["polled task"]);
    // From whatever thread, and on to the waker of whoever polls it.
    let inner = waker.lock().unwrap().take().unwrap();
    std::thread::scope(|scope| scope.spawn(|| inner.wake_by_ref()).join().unwrap());
    assert_eq!(
        (diary.take(), wakes.count()),
        (vec!["woken task".to_string()], 1)
    );
    assert!(task.as_mut().poll(cx).is_ready());
    assert_eq!(diary.take(), ["polled task", "ended task"]);
    // A wake that comes late is none of a task any more.
    inner.wake();
    assert_eq!((diary.take(), wakes.count()), (vec![], 2));
    drop(task);
    drop(spawn("dropped", second_poll(waker)));
    // The drop runs as the task.
    assert_eq!(
        diary.take(),
        ["spawned dropped", "polled dropped", "ended dropped"]
    );
    drop(guard);
    assert!(!is_observed());
    TaskContext::root().enter(|| ());
    assert_eq!(diary.take(), [""; 0]);
}

#[test]
fn the_waker_is_the_same_as_long_as_that_behind_it_is() {
    let _turn = take_turn();
    let _guard = register_observer(Arc::new(Diary::default()));
    let mut seen: Vec<Waker> = Vec::new();
    let task = poll_fn(|cx| {
        seen.push(cx.waker().clone());
        Poll::<()>::Pending
    });
    let mut task = Box::pin(Scoped::new(TaskContext::root(), task));
    let (one, other) = (Arc::new(Wakes::default()), Arc::new(Wakes::default()));
    for wakes in [&one, &one, &other] {
        let waker = Waker::from(wakes.clone());
        assert!(
            task.as_mut()
                .poll(&mut Context::from_waker(&waker))
                .is_pending()
        );
    }
    drop(task);
    assert!(seen[0].will_wake(&seen[1]) && !seen[1].will_wake(&seen[2]));
    drop(seen);
    // And nobody keeps it when the task has gone.
    assert_eq!((Arc::strong_count(&one), Arc::strong_count(&other)), (1, 1));
}

#[test]
fn a_panic_is_ignored_and_the_others_are_told() {
    struct Careless;
    impl Observer for Careless {
        fn spawned(&self, _: &TaskInfo) {
            panic!("careless");
        }
        fn polled(&self, _: &TaskInfo, _: Duration) {
            panic!("careless");
        }
    }
    let _turn = take_turn();
    let diary = Arc::new(Diary::default());
    let _guards = (
        register_observer(Arc::new(Careless)),
        register_observer(diary.clone()),
    );
    let task = TaskContext::child(Some("task"));
    task.spawned();
    let unwound = catch_unwind(AssertUnwindSafe(|| task.enter(|| panic!("the task's own"))));
    assert!(unwound.is_err());
    task.enter(|| ());
    assert_eq!(diary.take(), ["spawned task", "polled task", "polled task"]);
}

/// It would have no end.
#[test]
fn what_an_observer_does_itself_it_is_not_told() {
    struct Spawner(Diary);
    impl Observer for Spawner {
        fn polled(&self, task: &TaskInfo, took: Duration) {
            self.0.polled(task, took);
            TaskContext::child(Some("its own")).enter(|| ());
        }
    }
    let _turn = take_turn();
    let spawner = Arc::new(Spawner(Diary::default()));
    let _guard = register_observer(spawner.clone());
    TaskContext::child(Some("task")).enter(|| ());
    assert_eq!(spawner.0.take(), ["polled task"]);
}

#[test]
fn a_clean_up_is_not_its_task() {
    let _turn = take_turn();
    let diary = Arc::new(Diary::default());
    let _guard = register_observer(diary.clone());
    let task = TaskContext::child(Some("task"));
    let copy = task.enter(|| TaskContext::copy_current().unwrap());
    diary.take();
    copy.spawned();
    copy.enter(|| ());
    copy.woken();
    copy.ended();
    assert_eq!(diary.take(), [""; 0]);
}

/// Its destructor is code like any other: it may register, and look.
#[test]
fn an_observer_may_do_anything_in_its_drop() {
    struct Last;
    impl Observer for Last {}
    impl Drop for Last {
        fn drop(&mut self) {
            drop(register_observer(Arc::new(Diary::default())));
            TaskContext::root().enter(|| ());
        }
    }
    let _turn = take_turn();
    drop(register_observer(Arc::new(Last)));
    assert!(!is_observed());
}

#[test]
fn it_may_come_and_go_within_a_poll() {
    let _turn = take_turn();
    let diary = Arc::new(Diary::default());
    let task = TaskContext::child(Some("task"));
    let guard = task.enter(|| register_observer(diary.clone()));
    assert_eq!(diary.take(), [""; 0]);
    task.enter(|| drop(guard));
    assert_eq!(diary.take(), [""; 0]);
}

/// What the tests above say of wakers holds for those that are made from an `Arc`.
#[test]
fn promises() {
    fn is_shared<T: Send + Sync + 'static>() {}
    is_shared::<smolio_context::ObserverGuard>();
    is_shared::<smolio_context::Resource>();
    is_shared::<smolio_context::CallGraph>();
    is_shared::<smolio_context::Wait>();
    fn wakes<W: Wake>() {}
    wakes::<Wakes>();
}
