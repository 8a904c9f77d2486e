//! A program that has come to a halt, and is asked why: one signal, and it says who waits for what, and who for each other.
//!
//! `cargo run --release --example stuck -- wait` stays as it is until you end it: `kill -USR1` its process meanwhile. Without
//! an argument it prints what the signal would, and ends.
//!
//! In asyncio 3.14: `python -m asyncio pstree PID`.

use std::{env, future::pending, process, sync::Arc, time::Duration};

use smolio::{Lock, Queue, Runner, TaskBuilder, TaskGroup, format_call_graph, sleep};

fn main() {
    let waits = env::args().nth(1).as_deref() == Some("wait");
    // What `SMOLIO_DEBUG=1` does: the signal is answered.
    Runner::builder().debug(true).run(async {
        let jobs = Queue::bounded(10).named("jobs");
        let (current, savings) = (account("current"), account("savings"));
        let _transfer = TaskBuilder::new()
            .name("transfer")
            .spawn(both(current.clone(), savings.clone()));
        // In the other order: each will hold what the other waits for.
        let _audit = TaskBuilder::new()
            .name("audit")
            .spawn(both(savings, current));
        let _workers = TaskBuilder::new().name("workers").spawn(work(jobs.clone()));
        sleep(Duration::from_millis(100)).await;
        if waits {
            println!("stuck: kill -USR1 {}", process::id());
            pending::<()>().await;
        }
        print!("{}", format_call_graph());
        // Nothing of it will end by itself.
        process::exit(0);
    });
}

fn account(name: &str) -> Arc<Lock<u64>> {
    Arc::new(Lock::new(100).named(name))
}

/// Locks one account after the other.
async fn both(first: Arc<Lock<u64>>, second: Arc<Lock<u64>>) -> u64 {
    let first = first.lock().await;
    sleep(Duration::from_millis(10)).await;
    let second = second.lock().await;
    *first + *second
}

/// A hundred workers wait for jobs, which nobody brings.
async fn work(jobs: Queue<u32>) {
    let group = TaskGroup::infallible().named("workers");
    let body = async {
        for _ in 0..100 {
            group.spawn(async { while jobs.next().await.is_some() {} });
        }
    };
    group.run_value(body).await.ok();
}
