//! Tasks that nobody waits for, and what becomes of their panics.

use smolio_context::UnhandledKind;
use smolio_executor::{Runner, TaskBuilder, all_tasks, run, spawn, spawn_local};

use crate::support::{Child, Counter, Hook, is_child, under_100_seeds, until, yields};

#[test]
fn c2_a_detached_panic_is_told_once() {
    let hook = Hook::install();
    under_100_seeds(|| {
        let others = Counter::new();
        run(async {
            let line = line!() + 3;
            let task = TaskBuilder::new()
                .name("fetch")
                .spawn(async { panic!("no route") });
            let id = task.id();
            task.detach();
            let (before, after) = (others.clone(), others.clone());
            spawn(async move { before.add() }).detach();
            yields(3).await;
            spawn(async move { after.add() }).detach();
            until("the others go on", || others.get() == 2).await;
            until("it has panicked", || all_tasks().len() == 1).await;

            let told = hook.take_one();
            assert_eq!(told.kind(), UnhandledKind::Panic);
            assert_eq!(told.message(), "no route");
            let info = told.task().unwrap();
            assert_eq!((info.id(), &*info.name()), (id, "fetch"));
            assert_eq!(info.location().file(), file!());
            assert_eq!(info.location().line(), line);
        });
        hook.assert_silent();
    });
}

#[test]
fn c2_on_workers() {
    let hook = Hook::install();
    let others = Counter::new();
    Runner::builder().workers(2).run(async {
        spawn(async { panic!("on a worker") }).detach();
        let other = others.clone();
        spawn(async move { other.add() }).await;
    });
    assert_eq!(others.get(), 1);
    // The loop has closed, so the task has ended, or was cancelled before it began; then there was no panic.
    let told = hook.take();
    assert!(told.len() <= 1, "{told:?}");
    assert!(told.iter().all(|one| one.message() == "on a worker"));
}

#[test]
fn c2_a_handle_dropped_unread_after_the_panic() {
    let hook = Hook::install();
    under_100_seeds(|| {
        run(async {
            let task = spawn(async { panic!("unread") });
            until("it has ended", || task.is_finished()).await;
            hook.assert_silent();
            drop(task);
            assert_eq!(hook.take_one().message(), "unread");

            let task = spawn_local(async { panic!("detached late") });
            until("it has ended", || task.is_finished()).await;
            task.detach();
            assert_eq!(hook.take_one().message(), "detached late");

            let task = spawn_local(async { panic!("cancelled late") });
            until("it has ended", || task.is_finished()).await;
            assert_eq!(task.cancel().await, None::<()>);
            assert_eq!(hook.take_one().message(), "cancelled late");
        });
        hook.assert_silent();
    });
}

#[test]
fn c2_a_hook_that_panics_is_ignored() {
    let hook = Hook::install();
    let calls = Counter::new();
    let counter = calls.clone();
    smolio_context::set_unhandled_hook(Some(std::sync::Arc::new(move |_| {
        counter.add();
        panic!("the hook itself");
    })));
    let value = run(async {
        spawn(async { panic!("first") }).detach();
        spawn(async { panic!("second") }).detach();
        yields(5).await;
        spawn(async { 42 }).await
    });
    assert_eq!((value, calls.get()), (42, 2));
    drop(hook);
}

/// The value of a detached task is dropped, once, and in silence.
#[test]
fn c2_a_detached_value_is_dropped() {
    let hook = Hook::install();
    under_100_seeds(|| {
        let drops = Counter::new();
        run(async {
            let guard = drops.guard();
            spawn(async move { guard }).detach();
            let guard = drops.guard();
            let task = spawn(async move { guard });
            until("it has ended", || task.is_finished()).await;
            assert!(drops.get() <= 1);
            task.detach();
            until("both are dropped", || drops.get() == 2).await;
        });
        hook.assert_silent();
    });
}

#[test]
fn c2_the_exit_code_is_mains() {
    const NAME: &str = "detached::c2_the_exit_code_is_mains";
    if is_child(NAME) {
        let code = run(async {
            spawn(async { panic!("a detached one") }).detach();
            yields(3).await;
            7
        });
        std::process::exit(code);
    }
    let (status, _, errors) = Child::start(NAME, &[]).wait();
    assert_eq!(status.code(), Some(7), "{errors}");
    // No hook and no logger: the last resort is standard error, once.
    let told = errors.matches("panicked and nobody saw it: a detached one");
    assert_eq!(told.count(), 1, "{errors}");
    assert!(errors.contains("spawned at"), "{errors}");
}
