//! Under other people's executors, and from one run of ours to the next.

use std::{
    future::{Future, pending},
    time::Duration,
};

use smolio_context::Instant;
use smolio_executor::Runner;
use smolio_task_group::{
    CancelScope, LocalTaskGroup, StartError, Supervisor, TaskGroup, TaskGroupError,
};
use smolio_timer::{sleep, timeout};

use crate::support::{Counter, ms};

/// A bit of everything, with timers of ours and with those that `nap` makes.
async fn program<F>(
    nap: impl Fn(Duration) -> F + Send + Sync,
) -> Result<u64, TaskGroupError<String>>
where
    F: Future<Output = ()> + Send,
{
    let urls = Vec::from_iter((1..=20).map(|number| format!("{number}")));
    let (dropped, nap) = (Counter::new(), &nap);
    let group = TaskGroup::<String>::new().limit(7);
    let sum = group
        .run(async {
            let mut children = Vec::new();
            for url in &urls {
                children.push(group.spawn(async move {
                    nap(ms(url.len() as u64)).await;
                    sleep(ms(1)).await;
                    url.parse::<u64>().map_err(|error| error.to_string())
                }));
            }
            let mut sum = 0;
            for child in children {
                sum += child.await;
            }
            let port = group.start(|ready| async move {
                nap(ms(1)).await;
                ready.set(7);
                sleep(ms(1)).await;
                Ok(())
            });
            match port.await {
                Ok(port) => sum += port,
                Err(StartError::Failed(error)) => return Err(error),
                Err(error) => return Err(error.to_string()),
            }
            let guard = dropped.guard();
            let late = group.spawn(async move {
                let _guard = guard;
                timeout(ms(2), pending::<()>()).await.unwrap_err();
                let scope = CancelScope::new().cancel_at(sleep(ms(1)));
                assert_eq!(scope.run(pending::<()>()).await, None);
            });
            late.await;
            Ok(sum)
        })
        .await?;
    assert_eq!(dropped.get(), 1);

    let failing = TaskGroup::<String>::new();
    let result: Result<(), _> = failing
        .run(async {
            let guard = dropped.guard();
            failing.spawn(async {
                let _guard = guard;
                pending::<()>().await;
            });
            failing.spawn(async {
                nap(ms(1)).await;
                Err::<(), _>("end".to_string())
            });
            pending().await
        })
        .await;
    assert_eq!(result.unwrap_err().into_first().as_deref(), Some("end"));
    assert_eq!(dropped.get(), 2);

    let supervisor = Supervisor::<String>::new();
    let failures = supervisor
        .run(async {
            for number in 0..10 {
                drop(supervisor.spawn(async move {
                    nap(ms(1)).await;
                    if number % 3 == 0 {
                        Err("three".to_string())
                    } else {
                        Ok(())
                    }
                }));
            }
            let mut failures = 0;
            while supervisor.next_failure().await.is_some() {
                failures += 1;
            }
            failures
        })
        .await;
    assert_eq!(failures, Ok(4));
    Ok(sum)
}

const SUM: u64 = 210 + 7;

#[test]
fn x1_inside_tokio_on_one_thread() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    runtime.block_on(async {
        assert_eq!(program(tokio::time::sleep).await.unwrap(), SUM);
        let task = tokio::spawn(program(tokio::time::sleep));
        assert_eq!(task.await.unwrap().unwrap(), SUM);
    });
}

#[test]
fn x1_inside_tokio_on_two_threads() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_time()
        .build()
        .unwrap();
    runtime.block_on(async {
        let programs = Vec::from_iter((0..20).map(|_| tokio::spawn(program(tokio::time::sleep))));
        for program in programs {
            assert_eq!(program.await.unwrap().unwrap(), SUM);
        }
    });
}

#[test]
fn x1_inside_smol() {
    let nap = |duration| async move {
        smol::Timer::after(duration).await;
    };
    smol::block_on(async {
        assert_eq!(program(nap).await.unwrap(), SUM);
        let programs = Vec::from_iter((0..20).map(|_| smol::spawn(program(nap))));
        for program in programs {
            assert_eq!(program.await.unwrap(), SUM);
        }
    });
}

#[test]
fn x1_without_any_executor() {
    futures_lite::future::block_on(async {
        assert_eq!(program(sleep_of_ours).await.unwrap(), SUM);
    });
}

async fn sleep_of_ours(duration: Duration) {
    sleep(duration).await;
}

#[test]
fn in_our_own_loop_on_one_thread_and_on_three() {
    smolio_test::run(async {
        let start = Instant::now();
        assert_eq!(program(sleep_of_ours).await.unwrap(), SUM);
        assert!(start.elapsed() < ms(100));
    });
    let runner = Runner::builder().workers(3).build().unwrap();
    runner.run(async {
        let spawn = |_| smolio_executor::spawn(program(sleep_of_ours));
        for task in Vec::from_iter((0..20).map(spawn)) {
            assert_eq!(task.await.unwrap(), SUM);
        }
    });
}

#[test]
fn x1_children_that_are_tasks_of_tokio_use_its_threads() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .build()
        .unwrap();
    let sum = runtime.block_on(async {
        let group = TaskGroup::<tokio::task::JoinError>::new();
        group
            .run(async {
                let tasks = (0..10).map(|number| group.spawn(tokio::spawn(async move { number })));
                let mut sum = 0;
                for child in Vec::from_iter(tasks) {
                    sum += child.await;
                }
                Ok(sum)
            })
            .await
    });
    assert_eq!(sum.unwrap(), 45);
    let error = runtime.block_on(async {
        let group = TaskGroup::<tokio::task::JoinError>::new();
        let result: Result<(), _> = group
            .run(async {
                let task = tokio::spawn(pending::<()>());
                task.abort();
                group.spawn(task);
                pending().await
            })
            .await;
        result.unwrap_err()
    });
    assert!(error.into_first().unwrap().is_cancelled());
}

#[test]
fn a_group_that_is_not_send_inside_tokio() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    let local = tokio::task::LocalSet::new();
    let count = local.block_on(&runtime, async {
        let count = std::rc::Rc::new(std::cell::Cell::new(0));
        let theirs = count.clone();
        let task = tokio::task::spawn_local(async move {
            let group = LocalTaskGroup::infallible();
            let body = async {
                for _ in 0..3 {
                    let theirs = theirs.clone();
                    group.spawn_value(async move {
                        tokio::time::sleep(ms(1)).await;
                        theirs.set(theirs.get() + 1);
                    });
                }
            };
            group.run_value(body).await.unwrap();
        });
        task.await.unwrap();
        count.get()
    });
    assert_eq!(count, 3);
}

/// A group may wait from one run of a loop to the next.
#[test]
#[expect(clippy::async_yields_async, reason = "the task is for the second run")]
fn r3_a_group_goes_on_in_the_next_run() {
    let runner = Runner::new();
    let done = Counter::new();
    let theirs = done.clone();
    let task = runner.run(async {
        let task = smolio_executor::spawn(async move {
            let group = TaskGroup::infallible();
            let body = async {
                for _ in 0..3 {
                    group.spawn(async {
                        crate::support::yields(1000).await;
                        theirs.add();
                    });
                }
            };
            group.run_value(body).await.unwrap();
        });
        smolio_executor::yield_now().await;
        task
    });
    assert_eq!(done.get(), 0);
    runner.run(task);
    assert_eq!(done.get(), 3);
}
