//! Every item by its path in the facade. It fails to compile when one has gone, and the test below fails when one has come.

#![allow(unused_imports, reason = "the paths are what is tested")]

mod flat {
    #[cfg(feature = "tokio-compat")]
    use smolio::compat;
    use smolio::{
        All, Barrier, BoundedSemaphore, BuildError, Builder, CallError, CancelScope, CancelToken,
        CapacityLimiter, Closed, Condition, ContextVar, Elapsed, Event, FirstCompleted, FirstError,
        Gathered, Handle, Instant, Interrupted, JoinError, LifoQueue, LocalTaskGroup, Lock, Or2,
        Or3, Or4, Or5, Or6, Or7, Or8, Or9, Or10, Or11, Or12, Or13, Or14, Or15, Or16, OutsideTask,
        Portal, PriorityQueue, Queue, Runner, Semaphore, Supervisor, Task, TaskBuilder, TaskGroup,
        TaskId, TaskInfo, ThreadLimit, WaitSet, all_tasks, as_completed, compile_errors, ctrl_c,
        current_task, finally, format_call_graph, gather, interval, race, run, shield,
        shield_value, shutdown_signal, sleep, spawn, spawn_local, timeout, to_thread,
        to_thread_with, try_gather, unconstrained, wait, with_cleanup, yield_now,
    };
    #[cfg(feature = "macros")]
    use smolio::{main, test};
}

mod time {
    use smolio::time::{
        Backoff, Interval, MissedTick, MoveOnAfter, RateError, RateLimiter, RateLimiterStats,
        RescheduleError, RetryError, ScopedTimeout, Sleep, Timeout, TimeoutHandle, TimeoutScope,
        TryAcquireRateError, TryTimeout, VirtualClock, current_deadline, interval_at,
        move_on_after, retry, sleep_until, timeout_at, try_timeout,
    };
}

mod task_group {
    use smolio::task_group::{
        AsCompleted, AsCompletedStats, CancelScopeStats, CancelTokenStats, Cancelled, Child,
        ChildError, ChildPanic, EmptyRace, Failure, Gather, Join, LocalSpawner, Outcome, Race,
        ReadySignal, SpawnError, Spawner, StartError, SupervisedError, SupervisorStats,
        TaskGroupError, TaskGroupStats, TryGather, Until, WaitSetStats,
    };
}

mod sync {
    use smolio::sync::{
        Acquire, AcquireLock, AcquireLockOwned, AcquireManyError, AcquireRead, AcquireReadOwned,
        AcquireToken, AcquireWrite, AcquireWriteOwned, BarrierSizeError, BarrierStats, BarrierWait,
        BorrowError, Broadcast, BroadcastCapacityError, BroadcastReceiver, BroadcastRecv,
        BroadcastRecvError, BroadcastSendError, BroadcastStats, BroadcastTryRecvError,
        BrokenBarrier, CapacityLimiterStats, CapacityToken, Changed, ConditionStats, ConditionWait,
        EventStats, EventWait, HeldLock, LockGuard, LockStats, OwnedLockGuard, OwnedReadGuard,
        OwnedWriteGuard, Permit, ReadGuard, ReleaseError, RwLock, RwLockStats, SemaphoreStats,
        TryAcquireError, TryBorrowError, TryChangedError, TryLockError, TryReadError,
        TryWriteError, Watch, WatchClosed, WatchReceiver, WatchStats, WriteGuard, oneshot,
    };
}

mod queue {
    use smolio::queue::{
        CapacityError, Get, GetError, GetJob, GetMany, Job, Join, Next, Producer, Put, PutAll,
        PutAllError, PutError, QueueStats, TaskDoneError, TryGetError, TryPutError,
    };
}

mod io {
    use smolio::io::{LongLine, Stdin, StdinError, stdin};
}

#[cfg(feature = "process")]
mod process {
    #[cfg(unix)]
    use smolio::process::unix;
    #[cfg(windows)]
    use smolio::process::windows;
    use smolio::process::{
        Child, ChildStderr, ChildStdin, ChildStdout, Command, ExitStatus, Output, Stdio, driver,
    };
}

#[cfg(feature = "fs")]
mod fs {
    #[cfg(unix)]
    use smolio::fs::unix;
    #[cfg(windows)]
    use smolio::fs::windows;
    use smolio::fs::{
        DirBuilder, DirEntry, File, FileType, Metadata, OpenOptions, Permissions, ReadDir,
        canonicalize, copy, create_dir, create_dir_all, hard_link, metadata, read, read_dir,
        read_link, read_to_string, remove_dir, remove_dir_all, remove_file, rename,
        set_permissions, symlink_metadata, write,
    };
}

#[cfg(feature = "signal")]
mod signal {
    use smolio::signal::{Signal, Signals};
}

#[cfg(feature = "net")]
mod net {
    use smolio::net::{
        Address, AttemptsError, ConnectCause, ConnectError, Connection, FailedAttempt,
        HandlerOutcome, IncompleteRead, LimitOverrun, LineError, Lines, ListenCause, ListenError,
        Listener, OpenConnection, ReadExactlyError, ReadUntilError, Served, Server, ServerStats,
        StreamReader, TcpConnection, TcpListener, TcpStream, accept, happy_eyeballs,
        open_connection, start_server,
    };
    #[cfg(unix)]
    use smolio::net::{
        OpenUnixConnection, UnixConnectError, UnixListener, UnixStream, open_unix_connection,
    };
}

#[cfg(feature = "http")]
mod http {
    use smolio::http::server::{
        Anywhere, Here, PeerAddress, RequestBody, Serve, Served, ServerHandle, ServerStats,
        ServerTls, ServerTlsError, ServiceFn, Upgrade, Upgraded, service_fn,
    };
    use smolio::http::{
        Body, BodyError, BodyErrorKind, ClientSession, CookieError, CookieJar, Download,
        DownloadError, Event, EventError, EventErrorKind, EventSource, EventStream, IncomingBody,
        IntoUrl, InvalidEventField, JsonError, Multipart, Part, Phase, Progress, Proxies,
        ProxyError, Redirect, RequestBuilder, RequestError, RequestErrorKind, Response,
        ResponseReader, RetryPolicy, SendRequest, SessionBuilder, SessionError, SmolTransport,
        StatusError, Timeouts, TlsError, TlsErrorKind, TlsOptions, TransportBuilder,
        TransportStats, events_body, events_response, serve, serve_local,
    };
    #[cfg(feature = "websocket")]
    use smolio::http::{
        CloseCode, CloseFrame, ConnectWebSocket, Message, WebSocket, WebSocketAcceptor,
        WebSocketBuilder, WebSocketError, WebSocketErrorKind, WebSocketReceiver, WebSocketSender,
    };
}

mod debug {
    use smolio::debug::{
        CallGraph, ObservationGuard, Observer, ObserverGuard, Resource, ResourceId, TaskState,
        Wait, WaitTarget, Waiter, capture_call_graph, is_debug, observe, print_call_graph,
        register_observer, waiting_on,
    };
}

mod unhandled {
    use smolio::unhandled::{
        Unhandled, UnhandledHook, UnhandledKind, report_unhandled, set_unhandled_hook,
    };
}

#[cfg(feature = "macros")]
mod test_module {
    use smolio::test::{Exploration, Test, TestOutcome, advance, all_blocked, explore, run};
}

mod futures {
    #[cfg(feature = "tokio-compat")]
    use smolio::futures::Compat;
    use smolio::futures::{
        AcquireRate, Cancel, CtrlC, Finally, GatherIter, GatherTuple, Join, NextCompleted,
        RaceIter, RaceTuple, Shield, Shielded, ShutdownSignal, TryGatherIter, TryGatherTuple,
        Unconstrained, Wait, YieldNow,
    };
}

/// The sources of the facade.
const MODULES: [&str; 8] = [
    include_str!("../../src/lib.rs"),
    include_str!("../../src/fs.rs"),
    include_str!("../../src/http.rs"),
    include_str!("../../src/io.rs"),
    include_str!("../../src/net.rs"),
    include_str!("../../src/process.rs"),
    include_str!("../../src/signal.rs"),
    include_str!("../../src/sync.rs"),
];

/// What it has from our crates.
fn ours() -> Vec<String> {
    let sources = MODULES.into_iter();
    sources
        .flat_map(|source| used(source, "pub use smolio_"))
        .collect()
}

/// The words within the `use` items of a source.
fn used(source: &str, keyword: &str) -> Vec<String> {
    let mut words = Vec::new();
    for item in source.split(keyword).skip(1) {
        let item = item.split(';').next().unwrap_or_default();
        let list = item.split_once("::").map_or(item, |(_, list)| list);
        let split = list.split(|c: char| !c.is_alphanumeric() && c != '_');
        words.extend(split.filter(|word| !word.is_empty()).map(str::to_owned));
    }
    words
}

#[test]
fn every_item_of_the_facade_is_named_here() {
    let here = used(include_str!("names.rs"), "    use smolio::");
    let mut facade = ours();
    for source in MODULES {
        facade.extend(used(source, "pub use async_"));
    }
    assert!(facade.len() > 50, "found only {facade:?}");
    for item in &facade {
        assert!(here.contains(item), "{item} is not named in names.rs");
    }
}

#[test]
fn one_noun_has_one_path() {
    let mut facade = ours();
    // A handle's future has the same name wherever there are handles, a test is run as a program is, and what a server tells at
    // its end is called so whatever it serves. What a server sends as an event is called so by its standard, and what tasks wait for
    // by asyncio. `wait` has a future, and a task a wait.
    let same = ["Event", "Join", "run", "Served", "ServerStats", "Wait"];
    let elsewhere = |item: &String| same.contains(&item.as_str());
    facade.retain(|item| !elsewhere(item));
    let count = facade.len();
    facade.sort();
    facade.dedup();
    assert_eq!(facade.len(), count, "an item has two paths: {facade:?}");
}
