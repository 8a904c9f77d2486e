//! The loop that accepts, and what it does when it cannot.

use std::{
    fmt,
    future::{Future, poll_fn},
    io,
    task::{Poll, ready},
    time::Duration,
};

use smolio_context::{Unhandled, current_task, poll_budget, report_unhandled, spend_budget};
use smolio_timer::sleep;

use crate::{error::Lower, listener::Listener};

/// How long it waits after a failure: twice as long each time. asyncio waits a second, in which nobody is let in even if a
/// file was closed at once.
const SHORTEST_PAUSE: Duration = Duration::from_millis(10);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// The next connection, however long that takes: for servers that are not a [`Server`](crate::Server).
///
/// Where the machine has no files left, or no memory, nothing is gained by an end of the server: others leave, and then there
/// are some. So the unhandled hook is told once, and it is tried again after a pause. One that has gone before it was let in is
/// passed over.
///
/// # Cancel safety
/// A connection is given or stays: none is lost with a dropped future.
///
/// ```
/// # futures_lite::future::block_on(async {
/// use smolio_net::{TcpListener, accept, open_connection};
/// let listener = TcpListener::bind("127.0.0.1:0").await?;
/// let guest = open_connection(listener.local_addr()?).await?;
/// let (_stream, peer) = accept(&listener).await;
/// assert_eq!(peer, guest.local_addr()?);
/// # Ok::<(), std::io::Error>(())
/// # }).unwrap();
/// ```
#[doc(alias = "sock_accept")]
pub async fn accept<L: Listener>(listener: &L) -> (L::Stream, L::Peer) {
    let mut pause = SHORTEST_PAUSE;
    loop {
        let_others_run().await;
        match listener.accept().await {
            Ok(connection) => return connection,
            Err(error) if concerns_one_only(&error) => {}
            Err(error) => {
                if pause == SHORTEST_PAUSE {
                    report(&Lower(&error));
                }
                sleep(pause).await;
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
        }
    }
}

fn report(error: &impl fmt::Display) {
    let text = format!("cannot accept a connection, and tries again: {error}");
    report_unhandled(Unhandled::error(current_task(), text));
}

/// It had gone before it was let in.
fn concerns_one_only(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionReset, Interrupted};
    [ConnectionAborted, ConnectionReset, Interrupted].contains(&error.kind())
}

/// Where many wait to be let in the listener is always ready.
fn let_others_run() -> impl Future<Output = ()> {
    poll_fn(|cx| {
        ready!(poll_budget(cx));
        spend_budget();
        Poll::Ready(())
    })
}
