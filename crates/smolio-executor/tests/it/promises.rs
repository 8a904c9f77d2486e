//! What the types promise about threads and errors, compiled; nothing runs but the last test.

use std::{cell::Cell, error::Error, future::Ready, rc::Rc};

use smolio_executor::{
    BuildError, Builder, Cancel, Closed, CtrlC, Finally, Handle, Interrupted, Join, JoinError,
    Runner, Shield, ShutdownSignal, Task, ThreadLimit, YieldNow, run, spawn, spawn_local,
    to_thread, with_cleanup, yield_now,
};

fn is_send<T: Send>() {}
fn is_sync<T: Sync>() {}
fn is_unpin<T: Unpin>() {}
fn is_error<T: Error + Send + Sync + 'static>() {}

/// Does not compile if the type implements the trait: the call is ambiguous then.
macro_rules! assert_not {
    ($type:ty: $trait:path) => {
        const _: fn() = || {
            trait Ambiguous<A> {
                fn item() {}
            }
            impl<T: ?Sized> Ambiguous<()> for T {}
            #[allow(dead_code, reason = "it only makes the call ambiguous")]
            struct Implemented;
            impl<T: ?Sized + $trait> Ambiguous<Implemented> for T {}
            let _ = <$type as Ambiguous<_>>::item;
        };
    };
}

// A handle carries the value: it goes where the value may go, and nowhere else.
assert_not!(Task<Rc<()>>: Send);
assert_not!(Join<Rc<()>>: Send);
assert_not!(Cancel<Rc<()>>: Send);
// Polling needs the handle for oneself, so sharing it needs nothing of the value but that it may be sent.
assert_not!(Task<Rc<()>>: Sync);

assert_not!(Runner: Send);
assert_not!(Runner: Sync);
// It may hold a policy, which stays on its thread.
assert_not!(Builder: Send);
assert_not!(Finally<Ready<Rc<()>>>: Send);

#[test]
fn threads() {
    is_send::<Task<Cell<u8>>>();
    is_send::<Join<Cell<u8>>>();
    is_send::<Cancel<Cell<u8>>>();
    is_sync::<Task<u8>>();
    is_unpin::<Task<std::marker::PhantomPinned>>();
    is_send::<Handle>();
    is_sync::<Handle>();
    is_send::<ThreadLimit>();
    is_sync::<ThreadLimit>();
    is_send::<YieldNow>();
    is_send::<Shield<u8>>();
    is_send::<Finally<Ready<u8>>>();
    is_send::<CtrlC>();
    is_send::<ShutdownSignal>();
}

#[test]
fn errors() {
    is_error::<JoinError>();
    is_error::<BuildError>();
    is_error::<Interrupted>();
    is_error::<Closed<Ready<()>>>();
}

/// Futures of ours are `Send` where their parts are, so that they can be spawned.
#[test]
fn futures_can_be_spawned() {
    run(async {
        let future = async {
            yield_now().await;
            let value = to_thread(|| 1).await;
            let shielded: Result<i32, std::io::Error> =
                smolio_executor::shield(async { Ok(1) }).await;
            let finished = smolio_executor::finally(async { 1 }, async {}).await;
            let cleaned = with_cleanup(1, async |one: &mut i32| *one, |_| async {}).await;
            let joined = spawn(async { 1 }).join().await.unwrap();
            let cancelled = spawn(async { 1 }).cancel().await.unwrap_or(0);
            value + shielded.unwrap() + finished + cleaned + joined + cancelled
        };
        assert_eq!(spawn(future).await, 5);
        // What is not `Send` has its place too.
        let rc = Rc::new(1);
        assert_eq!(*spawn_local(async move { rc }).await, 1);
    });
}

#[test]
fn errors_go_into_anyhow() {
    fn all() -> anyhow::Result<()> {
        let runner = Runner::builder().workers(1).build()?;
        runner.try_run(async {
            spawn(async {}).join().await?;
            anyhow::Ok(())
        })??;
        let handle = runner.handle();
        handle.spawn(async {})?.detach();
        runner.close();
        handle.spawn(std::future::ready(()))?.detach();
        Ok(())
    }
    let error = all().unwrap_err();
    assert_eq!(error.to_string(), "the loop has closed and takes no tasks");
}
