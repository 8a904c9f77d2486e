//! tokio inside: the switch of the builder, and `compat` for one future.

use std::{
    error::Error,
    io,
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};

use futures_lite::future::{block_on, poll_once};
use smolio_context::Instant;
use smolio_executor::{
    Builder, Runner, ThreadLimit, compat, finally, run, spawn, spawn_local, to_thread,
    to_thread_with, yield_now,
};
use tokio::{
    net::{TcpListener, TcpStream},
    runtime::{self, Handle},
    task::JoinHandle,
};

#[cfg(unix)]
use crate::support::{Child, is_child};
use crate::support::{Gate, Hook, Latch, begin_elsewhere, panic_of, virtual_runner};

const SHORT: Duration = Duration::from_millis(1);
/// What tokio says without a handle.
const NO_HANDLE: &str = "there is no reactor running";

/// One worker, whatever the environment says.
fn tokio() -> Builder {
    Runner::builder().workers(1).tokio(true)
}

fn has_handle() -> bool {
    Handle::try_current().is_ok()
}

/// One byte there and back, over tokio's sockets.
async fn echo() -> io::Result<u8> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let guest = TcpStream::connect(listener.local_addr()?).await?;
    let (host, _) = listener.accept().await?;
    write(&guest, 7).await?;
    let byte = read(&host).await?;
    write(&host, byte).await?;
    read(&guest).await
}

async fn write(stream: &TcpStream, byte: u8) -> io::Result<()> {
    loop {
        stream.writable().await?;
        match stream.try_write(&[byte]) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            result => return result.map(drop),
        }
    }
}

async fn read(stream: &TcpStream) -> io::Result<u8> {
    let mut byte = [0];
    loop {
        stream.readable().await?;
        match stream.try_read(&mut byte) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            result => return result.map(|_| byte[0]),
        }
    }
}

/// What crates call inside, all of it. The future itself stays where it is.
async fn all_of_tokio() {
    tokio::time::sleep(SHORT).await;
    assert!(
        tokio::time::timeout(SHORT, std::future::pending::<()>())
            .await
            .is_err()
    );
    assert_eq!(echo().await.unwrap(), 7);
    let here = thread::current().id();
    let there = tokio::spawn(async { thread::current().id() })
        .await
        .unwrap();
    assert_ne!(here, there);
    let blocking = tokio::task::spawn_blocking(|| thread::current().id());
    assert_ne!(here, blocking.await.unwrap());
    // Inside of tokio's own task too, which a current-thread runtime refuses.
    let blocked = tokio::spawn(async { tokio::task::block_in_place(|| 3) });
    assert_eq!(blocked.await.unwrap(), 3);
}

#[test]
fn all_of_it_works_on_the_loop() {
    tokio().run(async {
        let home = thread::current().id();
        all_of_tokio().await;
        spawn(all_of_tokio()).await;
        spawn_local(all_of_tokio()).await;
        assert_eq!(thread::current().id(), home);
    });
}

/// These belong to the thread, and the loop's is none of tokio's.
#[test]
fn what_does_not_go_over_to_tokio() {
    tokio().run(async {
        let home = thread::current().id();
        assert_eq!(tokio::task::block_in_place(|| thread::current().id()), home);
    });
    let local = async { drop(tokio::task::spawn_local(async {})) };
    let text = panic_of(|| tokio().run(local));
    assert!(text.contains("LocalSet"), "{text}");
}

#[test]
fn all_of_it_works_on_each_worker() {
    tokio().workers(2).run(async {
        all_of_tokio().await;
        let done = Gate::new();
        let end = done.clone();
        begin_elsewhere("on the other worker", |entered| async move {
            assert!(has_handle());
            entered.open();
            all_of_tokio().await;
            spawn_local(all_of_tokio()).await;
            end.open();
        })
        .await;
        done.wait().await;
    });
}

#[test]
fn all_of_it_works_in_a_thread() {
    let in_thread = || {
        assert!(has_handle());
        // What a synchronous interface of such a crate does.
        Handle::current().block_on(all_of_tokio());
    };
    for workers in [1, 2] {
        tokio().workers(workers).run(async move {
            to_thread(in_thread).await;
            to_thread_with(&ThreadLimit::new(1), in_thread).await;
            spawn(async move { to_thread(in_thread).await }).await;
        });
    }
}

#[test]
fn compat_alone_is_enough_for_one_future() {
    run(async {
        compat(all_of_tokio()).await;
        spawn(compat(all_of_tokio())).await;
        compat(to_thread(|| assert!(has_handle()))).await;
        assert!(!has_handle());
        assert!(!to_thread(has_handle).await);
    });
    // On any executor.
    block_on(compat(all_of_tokio()));
}

/// The text that stands in the documentation of the facade.
#[test]
fn without_either_tokio_panics() {
    for yes in [None, Some(false)] {
        let builder = Runner::builder().workers(1);
        let builder = match yes {
            Some(yes) => builder.tokio(yes),
            None => builder,
        };
        let text = panic_of(|| builder.run(async { tokio::time::sleep(SHORT).await }));
        assert!(text.contains(NO_HANDLE), "{text}");
    }
    let text = panic_of(|| run(async { drop(tokio::spawn(async {})) }));
    assert!(text.contains(NO_HANDLE), "{text}");
}

/// Calls tokio when it is dropped, as a connection does that goes back to its pool.
struct SpawnsOnDrop(Arc<Mutex<Vec<Option<JoinHandle<u8>>>>>);

impl Drop for SpawnsOnDrop {
    fn drop(&mut self) {
        let task = has_handle().then(|| tokio::spawn(async { 5 }));
        self.0.lock().unwrap().push(task);
    }
}

#[test]
fn futures_are_dropped_with_the_handle() {
    let spawned = Arc::new(Mutex::new(Vec::new()));
    let holder = || {
        let held = SpawnsOnDrop(spawned.clone());
        async move {
            let _held = held;
            std::future::pending::<()>().await;
        }
    };
    for workers in [1, 2] {
        let runner = tokio().workers(workers).build().unwrap();
        runner.run(async {
            spawn(holder()).cancel().await;
            spawn(holder()).detach();
            spawn_local(holder()).detach();
            poll_once(holder()).await;
            yield_now().await;
        });
        runner.close();
    }
    run(async {
        poll_once(compat(holder())).await;
        // Not even polled.
        drop(compat(holder()));
    });
    let spawned = std::mem::take(&mut *spawned.lock().unwrap());
    assert_eq!(spawned.len(), 10);
    for task in spawned {
        let task = task.expect("it was dropped with a handle");
        assert_eq!(block_on(task).unwrap(), 5);
    }
}

#[test]
fn clean_ups_have_the_handle() {
    let ended = Latch::new();
    let end = ended.clone();
    tokio().run(async move {
        let clean_up = async move {
            all_of_tokio().await;
            end.open();
        };
        spawn(finally(std::future::pending::<()>(), clean_up)).detach();
        yield_now().await;
    });
    assert!(ended.is_open());
}

/// They are not ours: neither a run's end nor the loop's ends them.
#[test]
fn what_is_spawned_on_tokio_outlives_the_loop() {
    let hook = Hook::install();
    let gate = Gate::new();
    let wait = gate.clone();
    let task = tokio().run(async {
        tokio::spawn(async move {
            wait.wait().await;
            tokio::time::sleep(SHORT).await;
            Handle::current().id()
        })
    });
    gate.open();
    let (id, own) = tokio().run(async { (task.await.unwrap(), Handle::current().id()) });
    assert_eq!(id, own, "there is one runtime for the process");
    hook.assert_silent();
}

#[test]
fn a_panic_there_is_an_error_of_tokios() {
    let hook = Hook::install();
    let joined = tokio().run(async { tokio::spawn(async { panic!("over there") }).await });
    assert!(joined.unwrap_err().is_panic());
    hook.assert_silent();
}

#[test]
fn the_handle_is_gone_after_the_run() {
    tokio().run(async { assert!(has_handle()) });
    assert!(!has_handle());
    let runner = tokio().build().unwrap();
    assert_eq!(
        panic_of(|| runner.run(async { panic!("in main") })),
        "in main"
    );
    assert!(!has_handle());
    runner.run(all_of_tokio());
    runner.close();
    let text = panic_of(|| run(compat(async { panic!("in one future") })));
    assert_eq!(text, "in one future");
    assert!(!has_handle());
}

#[test]
fn loops_in_threads_of_a_loop() {
    tokio().run(async {
        to_thread(|| {
            // It brings nothing of its own, and has what is around it.
            run(all_of_tokio());
            tokio().run(all_of_tokio());
            assert!(has_handle());
        })
        .await;
        all_of_tokio().await;
    });
}

/// Its thread waits for our loop: its timers stand still, and ours must not depend on them.
#[test]
fn inside_of_a_runtime_that_waits_for_us() {
    let around = runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    around.block_on(async {
        let outer = Handle::current().id();
        tokio().run(async move {
            assert_ne!(Handle::current().id(), outer);
            all_of_tokio().await;
        });
        assert_eq!(Handle::current().id(), outer);
        run(compat(all_of_tokio()));
        // Without the switch it is the one around that a thread gets.
        assert_eq!(to_thread(|| Handle::current().id()).await, outer);
    });
}

#[test]
fn tokios_time_is_the_machines() {
    let (runner, _clock) = virtual_runner(Duration::from_secs(1));
    let start = Instant::now();
    runner.run(compat(async { tokio::time::sleep(20 * SHORT).await }));
    assert_eq!(start.elapsed(), Duration::ZERO);
}

/// Without file descriptors there is no runtime; once there are some again there is one.
#[cfg(unix)]
#[test]
fn a_runtime_that_cannot_be_started() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

    const NAME: &str = "tokio_compat::a_runtime_that_cannot_be_started";
    if !is_child(NAME) {
        let (status, _, errors) = Child::start(NAME, &[]).wait();
        assert!(status.success(), "{errors}");
        return;
    }
    let before = getrlimit(Resource::Nofile);
    let none = Rlimit {
        current: Some(0),
        ..before
    };
    setrlimit(Resource::Nofile, none).unwrap();
    let error = tokio().build().unwrap_err();
    let panic = panic_of(|| block_on(compat(async {})));
    setrlimit(Resource::Nofile, before).unwrap();

    let expected = "tokio's runtime could not be started: ";
    assert!(error.to_string().starts_with(expected), "{error}");
    assert!(error.source().is_some());
    assert!(panic.starts_with(expected), "{panic}");
    tokio().run(all_of_tokio());
}

#[test]
fn types_promise_what_they_promised() {
    fn is_send<T: Send>(_: &T) {}
    let future = compat(std::future::ready(1));
    is_send(&future);
    assert_eq!(format!("{future:?}"), "Compat { .. }");
    assert_eq!(block_on(future), 1);
    let debug = format!("{:?}", tokio());
    assert!(debug.contains("tokio: true"), "{debug}");
}
