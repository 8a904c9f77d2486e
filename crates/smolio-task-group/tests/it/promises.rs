//! What is promised to the compiler.

use std::{cell::Cell, error::Error, fmt, future::Future, rc::Rc};

use smolio_task_group::{
    CancelScope, CancelToken, Cancelled, Child, ChildError, ChildPanic, Failure, Join,
    LocalSpawner, LocalTaskGroup, ReadySignal, SpawnError, Spawner, StartError, SupervisedError,
    Supervisor, SupervisorStats, TaskGroup, TaskGroupError, TaskGroupStats,
};

use crate::support::Manual;

fn send_and_sync<T: Send + Sync>() {}
fn unpin<T: Unpin>() {}
fn error<T: Error + Send + Sync + 'static>() {}
fn send<T: Send>(value: T) -> T {
    value
}
fn send_and_static<T: Send + 'static>(value: T) -> T {
    value
}

/// Can be sent, but not shared.
type Value = Cell<u32>;

#[test]
fn all_can_be_sent_and_shared_when_what_is_in_them_can_be_sent() {
    send_and_sync::<TaskGroup<'_>>();
    send_and_sync::<TaskGroup<'_, Value>>();
    send_and_sync::<Spawner<'_, Value>>();
    send_and_sync::<Supervisor<'_, Value>>();
    send_and_sync::<Child<Value>>();
    send_and_sync::<Join<Value>>();
    send_and_sync::<ReadySignal<Value>>();
    send_and_sync::<CancelScope>();
    send_and_sync::<CancelToken>();
    send_and_sync::<ChildPanic>();
    send_and_sync::<TaskGroupStats>();
    send_and_sync::<SupervisorStats>();
}

#[test]
fn no_handle_needs_pinning() {
    struct Pinned(std::marker::PhantomPinned);
    unpin::<Child<Pinned>>();
    unpin::<Join<Pinned>>();
    unpin::<CancelToken>();
    unpin::<TaskGroup<'_, Pinned>>();
}

#[test]
fn errors_go_where_errors_go() {
    error::<TaskGroupError<String>>();
    error::<TaskGroupError<anyhow::Error>>();
    error::<TaskGroupError<TaskGroupError<String>>>();
    error::<Failure<String>>();
    error::<Failure<SupervisedError<String>>>();
    error::<SupervisedError<String>>();
    error::<StartError<String>>();
    error::<Cancelled>();
    error::<ChildError>();
    error::<ChildPanic>();
    error::<SpawnError<String>>();
    // Whatever the future is, and without any words from it.
    fn an_error<T: Error>() {}
    an_error::<SpawnError<Rc<()>>>();
}

#[test]
fn question_marks_go_into_anyhow_and_into_a_box() {
    async fn everything(group: &TaskGroup<'_, String>) -> anyhow::Result<()> {
        let never = TaskGroup::infallible();
        never.run_value(async {}).await?;
        group.try_spawn(async {})?;
        group.spawn(async {}).join().await?;
        let started = group.start(|ready| async {
            ready.set(1);
            Ok(())
        });
        started.await?;
        TaskGroup::<String>::new().run(async { Ok(()) }).await?;
        Ok(())
    }
    async fn boxed(group: &TaskGroup<'_, String>) -> Result<(), Box<dyn Error + Send + Sync>> {
        group
            .run(async { Err::<(), _>("the first".into()) })
            .await?;
        Ok(())
    }
    let group = TaskGroup::new();
    let text = Manual::new(boxed(&group))
        .poll_ready()
        .unwrap_err()
        .to_string();
    assert!(text.ends_with(": the first"), "{text}");
    let error = Manual::new(everything(&group)).poll_ready().unwrap_err();
    assert!(error.is::<SpawnError<()>>() || error.to_string().contains("takes no more"));
}

/// Has a text, and nothing else: neither `Debug` nor `Error`.
struct OnlyText;

impl fmt::Display for OnlyText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("only text")
    }
}

#[test]
fn an_error_needs_a_text_and_nothing_else() {
    let group = TaskGroup::<OnlyText>::new();
    group.spawn_named("child", async { Err::<(), _>(OnlyText) });
    let mut run = Manual::new(group.run(async { Ok(()) }));
    let Err(error) = run.poll_ready() else {
        panic!("the child has failed")
    };
    assert!(error.to_string().ends_with("): only text"));
    let mut failures = error.into_failures();
    assert!(
        failures
            .remove(0)
            .to_string()
            .starts_with("child (spawned at ")
    );

    let supervisor = Supervisor::<OnlyText>::new();
    let mut run = Manual::new(supervisor.run(async {
        drop(supervisor.spawn(async { Err::<(), _>(OnlyText) }));
        supervisor.next_failure().await.unwrap().to_string()
    }));
    assert!(run.poll_ready().unwrap().ends_with("): only text"));
}

#[test]
fn a_group_that_cannot_fail_needs_not_even_run_to_have_a_text() {
    // What needs a text is the run. All before it works with any error.
    struct Nothing;
    let group = TaskGroup::<Nothing>::new();
    let child = group.spawn(async { Err::<(), _>(Nothing) });
    assert!(!child.is_finished());
}

/// All shapes of `run` at once, as a future.
#[expect(clippy::manual_async_fn, reason = "that it is `Send` is the point")]
fn everything(number: u32) -> impl Future<Output = u32> + Send {
    async move {
        let borrowed = [1, 2, 3];
        let group = TaskGroup::<String>::new().limit(2);
        let body = async {
            let spawner = group.spawner();
            let child = group.spawn_value(async { borrowed.iter().sum::<u32>() });
            let grandchild = group.spawn(async move { Ok(spawner.spawn_value(async { 4 }).await) });
            let waiting = group.spawn_when_ready(async {}).await;
            let started = group
                .start(|ready| async {
                    ready.set(5);
                    Ok(())
                })
                .await;
            group.ready().await;
            waiting.join().await.ok();
            Ok(child.await + grandchild.await + started.unwrap_or(0) + number)
        };
        let sum = group.run(body).await.unwrap_or(0);
        let supervisor = Supervisor::<String>::new();
        let unread = supervisor.run(async { supervisor.next_failure().await.is_none() });
        assert_eq!(unread.await, Ok(true));
        CancelScope::new().run(async { sum }).await.unwrap_or(0)
    }
}

#[test]
fn futures_of_groups_can_be_sent_when_all_in_them_can() {
    let mut future = Manual::new(send(everything(6)));
    assert_eq!(future.poll_while_woken(), std::task::Poll::Ready(21));
    drop(send_and_static(async {
        let group = TaskGroup::infallible();
        group.run_value(async {}).await
    }));
}

#[test]
fn an_error_and_a_value_need_not_be_shared_for_that() {
    struct Odd(Cell<u32>);
    impl fmt::Display for Odd {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "{} is odd", self.0.get())
        }
    }
    let mut future = Manual::new(send_and_static(async {
        let group = TaskGroup::<Odd>::new();
        let body = async {
            let two = group.spawn_value(async { Cell::new(2) }).await;
            group.spawn(async { Err::<(), _>(Odd(Cell::new(3))) });
            std::future::pending::<()>().await;
            Ok(two)
        };
        let error = group.run(body).await.map(|_| ()).unwrap_err();
        error.into_first().map(|odd| odd.to_string())
    }));
    assert_eq!(future.poll_ready().as_deref(), Some("3 is odd"));
}

#[test]
fn children_of_a_local_group_may_be_anything() {
    let shared = Rc::new(Cell::new(0));
    let group = LocalTaskGroup::<Rc<str>>::new();
    let spawner: LocalSpawner<'_, Rc<str>> = group.spawner();
    let theirs = shared.clone();
    let mut run = Manual::new(group.run(async {
        group.spawn(async move {
            let value = theirs.clone();
            spawner
                .spawn_value(async move { value.set(value.get() + 1) })
                .await;
            Err::<Rc<()>, _>(Rc::from("an error that stays here"))
        });
        std::future::pending::<Result<Rc<()>, _>>().await
    }));
    let error = run.poll_ready().unwrap_err();
    assert_eq!(&*error.into_first().unwrap(), "an error that stays here");
    assert_eq!(shared.get(), 1);
}

#[test]
fn debug_says_something_and_never_blocks() {
    let group = TaskGroup::<String>::new();
    let child = group.spawn(async {});
    let text = format!("{group:?}");
    assert!(text.contains("alive: 1"), "{text}");
    for text in [
        format!("{:?}", group.spawner()),
        format!("{child:?}"),
        format!("{:?}", child.join()),
        format!("{:?}", group.cancelled()),
        format!("{:?}", CancelScope::new()),
        format!("{:?}", Supervisor::<String>::new()),
        format!("{:?}", LocalTaskGroup::<String>::new()),
        format!("{:?}", LocalTaskGroup::<String>::new().spawner()),
        format!("{:?}", group.stats()),
    ] {
        assert!(text.len() > 4, "{text}");
    }
}

#[test]
fn futures_and_handles_stay_small() {
    assert!(size_of::<Child<String>>() <= 24);
    assert!(size_of::<Join<String>>() <= 24);
    assert!(size_of::<TaskGroup<'_>>() <= 8);
    assert!(size_of::<Spawner<'_>>() <= 8);
}
