//! Debug mode: each thing that it reports, provoked on purpose. The reports come on standard error: which task, where it was
//! spawned, for how long, and what to do.
//!
//! `cargo run --release --example debug`; for a program that does not ask for it: `SMOLIO_DEBUG=1`, without a rebuild.
//!
//! In asyncio: `asyncio.run(main(), debug=True)`, or `PYTHONASYNCIODEBUG=1`.

use std::{future::pending, hint, io, sync::Arc, thread, time::Duration};

use smolio::{Instant, Lock, Runner, TaskBuilder, TaskGroup, interval, sleep, spawn, yield_now};

pub fn main() {
    Runner::builder().debug(true).run(async {
        println!("-- one blocks the loop");
        one_blocks().await;
        println!("-- a handle is dropped");
        a_handle_is_dropped().await;
        println!("-- an error is not read");
        an_error_is_not_read().await;
        println!("-- a group is never run");
        a_group_is_never_run();
        println!("-- a lock is held for long");
        a_lock_is_held_for_long().await;
        println!("-- the loop does not turn");
        the_loop_does_not_turn().await;
        println!("-- work for the processor, on a single loop");
        work_for_the_processor().await;
    });
}

async fn one_blocks() {
    let ticker = spawn(tick());
    let careless = TaskBuilder::new().name("careless").spawn(async {
        // It holds everybody up. `to_thread(|| ...)` is for calls that block, and `smolio::sleep` would not.
        thread::sleep(Duration::from_millis(300));
    });
    careless.await;
    println!("the careless one is done");
    ticker.cancel().await;
}

async fn tick() {
    let mut ticks = interval(Duration::from_millis(100));
    loop {
        ticks.tick().await;
        println!("tick");
    }
}

async fn a_handle_is_dropped() {
    // asyncio: "Task was destroyed but it is pending". `.detach()` is the word for a task that goes on by itself.
    drop(TaskBuilder::new().name("forgotten").spawn(async {}));
    let begun = TaskBuilder::new().name("begun").spawn(pending::<()>());
    yield_now().await;
    drop(begun);
}

async fn an_error_is_not_read() {
    // asyncio: "Task exception was never retrieved".
    let save = async { Err::<(), _>(io::Error::other("disk full")) };
    TaskBuilder::new().name("save").spawn(save).detach();
    yield_now().await;
}

fn a_group_is_never_run() {
    let group = TaskGroup::infallible();
    group.spawn_named("left alone", async {});
    // Here `group.run(...)` is missing.
}

async fn a_lock_is_held_for_long() {
    let accounts = Arc::new(Lock::new(()).named("accounts"));
    let held = accounts.clone();
    let holder = TaskBuilder::new().name("holder").spawn(async move {
        let _guard = held.lock().await;
        sleep(Duration::from_millis(1500)).await; // a request to another host, say
    });
    yield_now().await;
    drop(accounts.lock().await);
    holder.await;
}

async fn the_loop_does_not_turn() {
    // This is reported while it lasts, by a thread that looks on: a program that hangs for good is explained, too.
    let stuck = async { thread::sleep(Duration::from_millis(1500)) };
    TaskBuilder::new().name("stuck").spawn(stuck).await;
}

/// What would be worth a thread of its own.
fn hash() {
    let start = Instant::now();
    while start.elapsed() < Duration::from_millis(150) {
        hint::spin_loop();
    }
}

async fn work_for_the_processor() {
    for _ in 0..3 {
        // Each of them is a poll that is too slow, and after the third the advice is another.
        TaskBuilder::new()
            .name("hash")
            .spawn(async { hash() })
            .await;
    }
}
