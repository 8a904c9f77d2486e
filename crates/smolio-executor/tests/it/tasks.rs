//! Who is there: `all_tasks` and `current_task`.

use std::{future::pending, thread};

use smolio_context::{TaskInfo, current_task};
use smolio_executor::{
    Handle, Runner, TaskBuilder, all_tasks, finally, run, spawn, spawn_local, to_thread,
};

use crate::support::{
    Counter, Gate, begin_elsewhere, block_elsewhere, under_100_seeds, until, yields,
};

fn names() -> Vec<String> {
    let mut names: Vec<_> = all_tasks()
        .iter()
        .map(|task| task.name().into_owned())
        .collect();
    names.sort_unstable();
    names
}

#[test]
fn all_tasks_lists_the_living() {
    under_100_seeds(|| {
        assert!(all_tasks().is_empty());
        run(async {
            let main = current_task().unwrap();
            assert_eq!(
                all_tasks().iter().map(TaskInfo::id).collect::<Vec<_>>(),
                [main.id()]
            );
            let named = |name| TaskBuilder::new().name(name);
            let waiting = named("waiting").spawn(pending::<()>());
            let running = named("running").spawn_local(async {
                yields(2).await;
                names()
            });
            let ended = named("ended").spawn(async {});
            until("it has ended", || ended.is_finished()).await;
            let seen = running.await;
            assert!(seen.iter().any(|name| name == "running"), "{seen:?}");
            let new = named("new").spawn_local(pending::<()>());
            let mut seen = names();
            seen.retain(|name| *name != main.name());
            assert_eq!(seen, ["new", "waiting"]);
            assert_eq!(all_tasks().len(), 3);
            waiting.cancel().await;
            assert_eq!(all_tasks().len(), 2);
            // Clean-ups are not tasks.
            let gate = Gate::new();
            drop(finally(pending::<()>(), gate.wait()));
            yields(3).await;
            assert_eq!(all_tasks().len(), 2);
            gate.open();
            new.cancel().await;
        });
        assert!(all_tasks().is_empty());
    });
}

#[test]
fn all_tasks_lists_those_of_other_threads() {
    let runner = Runner::new();
    let handle = runner.handle();
    runner.run(async {
        let gate = Gate::new();
        let wait = gate.wait();
        let task = thread::spawn(move || handle.spawn(wait).unwrap())
            .join()
            .unwrap();
        until("it has arrived", || all_tasks().len() == 2).await;
        assert!(all_tasks().iter().any(|info| info.id() == task.id()));
        assert_eq!(task.info().location().file(), file!());
        gate.open();
        task.await;
        assert_eq!(all_tasks().len(), 1);
    });
}

#[test]
fn all_tasks_on_workers() {
    Runner::builder().workers(2).run(async {
        let waiting: Vec<_> = (0..10)
            .map(|_| TaskBuilder::new().name("waiting").spawn(pending::<()>()))
            .collect();
        let go_on = block_elsewhere("running").await;
        let names = names();
        assert_eq!(names.iter().filter(|name| *name == "waiting").count(), 10);
        assert_eq!(names.iter().filter(|name| *name == "running").count(), 1);
        assert_eq!(names.len(), 12);
        go_on.open();
        for task in waiting {
            task.cancel().await;
        }
        until("all but main are gone", || all_tasks().len() == 1).await;
    });
}

/// Main is listed wherever one asks.
#[test]
fn all_tasks_on_another_worker_lists_main() {
    Runner::builder().workers(2).run(async {
        let main = current_task().unwrap().id();
        let (sender, seen) = std::sync::mpsc::channel();
        begin_elsewhere("asks", |entered| async move {
            sender.send(all_tasks()).unwrap();
            entered.open();
        })
        .await;
        let mut seen: Vec<_> = seen.recv().unwrap().iter().map(TaskInfo::id).collect();
        assert!(seen.contains(&main), "{seen:?}");
        // And nobody twice.
        let length = seen.len();
        seen.sort_unstable();
        seen.dedup();
        assert_eq!((seen.len(), length), (2, 2));
    });
}

#[test]
fn current_task_is_the_one_that_runs() {
    assert!(current_task().is_none());
    for workers in [1, 2] {
        Runner::builder().workers(workers).run(async {
            let main = current_task().unwrap();
            assert_eq!(main.parent(), None);
            assert_eq!(main.location().file(), file!());
            let task = spawn(async { current_task().unwrap() });
            let id = task.id();
            let child = task.await;
            assert_eq!((child.id(), child.parent()), (id, Some(main.id())));
            // Back in main, it is main again; also after a panic further down.
            assert_eq!(current_task().unwrap().id(), main.id());
            spawn_local(async { panic!("further down") })
                .join()
                .await
                .unwrap_err();
            assert_eq!(current_task().unwrap().id(), main.id());
            let grandchild = spawn(async { spawn(async { current_task().unwrap() }).await });
            let parent = grandchild.id();
            assert_eq!(grandchild.await.parent(), Some(parent));
        });
    }
    assert!(current_task().is_none());
}

/// In a value's drop, a task's drop and the loop's close, on whatever thread.
#[test]
fn current_task_in_destructors_is_the_task_that_is_dropped() {
    struct Look(std::sync::mpsc::Sender<Option<TaskInfo>>);
    impl Drop for Look {
        fn drop(&mut self) {
            self.0.send(current_task()).unwrap();
        }
    }
    for workers in [1, 2] {
        let (sender, seen) = std::sync::mpsc::channel();
        let look = || Look(sender.clone());
        let runner = Runner::builder().workers(workers).build().unwrap();
        let seen_id = async || loop {
            if let Ok(task) = seen.try_recv() {
                break task.unwrap().id();
            }
            yields(1).await;
        };
        let at_close = runner.run(async {
            let begun = Counter::new();
            let (inside, looks) = (begun.clone(), look());
            let task = spawn(async move {
                let _looks = looks;
                inside.add();
                pending::<()>().await;
            });
            until("it waits", || begun.get() == 1).await;
            let id = task.id();
            drop(task);
            until("it is gone", || all_tasks().len() == 1).await;
            assert_eq!(seen_id().await, id);

            let looks = look();
            let task = spawn(async move { drop(looks) });
            let id = task.id();
            task.cancel().await;
            assert_eq!(seen_id().await, id);

            let looks = look();
            let task = spawn(async move {
                let _looks = looks;
                panic!("unwinds");
            });
            let id = task.id();
            task.join().await.unwrap_err();
            assert_eq!(seen_id().await, id);

            let looks = look();
            let handle = Handle::current().unwrap();
            let task = handle.spawn(async move { drop(looks) }).unwrap();
            let id = task.id();
            drop(task);
            until("it is gone", || all_tasks().len() == 1).await;
            assert_eq!(seen_id().await, id);

            let looks = look();
            let closure = to_thread(move || {
                let _looks = looks;
                current_task().unwrap().id()
            });
            let id = closure.await;
            assert_eq!(seen_id().await, id);

            let looks = look();
            let task = spawn(async move {
                let _looks = looks;
                pending::<()>().await;
            });
            let id = task.id();
            task.detach();
            id
        });
        runner.close();
        assert_eq!(seen.try_recv().unwrap().unwrap().id(), at_close);
    }
}

/// Whoever asks is among them once, in its first poll as in a later one.
#[test]
fn all_tasks_names_each_one_once() {
    run(async move {
        let waiting = TaskBuilder::new().name("waits").spawn(pending::<()>());
        yields(1).await;
        let asking = TaskBuilder::new().name("asks").spawn(async move {
            let first = names();
            yields(1).await;
            (first, names())
        });
        let (first, later) = asking.await;
        assert_eq!(first, ["asks", "main", "waits"]);
        assert_eq!(later, first);
        drop(waiting);
    });
}
