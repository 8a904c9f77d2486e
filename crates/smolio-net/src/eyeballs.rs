//! Happy Eyeballs, version 2 (RFC 8305): several addresses, tried so that a dead one does not hold up a live one.

use std::{
    future::{Future, IntoFuture, poll_fn},
    io,
    net::SocketAddr,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
    vec,
};

use smolio_context::Instant;
use smolio_timer::{Sleep, sleep};

use crate::{
    error::{AttemptsError, FailedAttempt},
    order::interleaved,
};

/// How long an attempt has for itself: what RFC 8305 recommends, and asyncio's users set.
const DELAY: Duration = Duration::from_millis(250);

/// Tries addresses until one can be connected to, without waiting long for any: Happy Eyeballs, version 2 ([RFC 8305]).
///
/// The addresses are taken by turns of their families, IPv6 and IPv4, beginning with the family of the first; apart from that
/// in the order given. The next attempt starts 250 ms after the one before, or at once when one has failed. The ones before go
/// on meanwhile. The first that connects wins, and all others are dropped, which closes their sockets. An address that comes
/// twice is tried once.
///
/// `connect` makes one attempt. [`open_connection`](crate::open_connection) calls this with a plain TCP connection; use it
/// directly for sockets with options of their own.
///
/// [RFC 8305]: https://www.rfc-editor.org/rfc/rfc8305
///
/// # Errors
/// When all attempts have failed: an [`AttemptsError`] with each address and its error, in the order in which they were
/// tried. It is empty when there were no addresses.
///
/// # Panics
/// As `connect` and its futures do; the other attempts are dropped then.
///
/// # Cancel safety
/// As cancel safe as the futures of `connect`: when it is dropped all of them are.
///
/// ```
/// # futures_lite::future::block_on(async {
/// use smolio_net::happy_eyeballs;
/// use std::{io, net::SocketAddr, time::Duration};
///
/// let addresses = ["[2001:db8::1]:80", "[2001:db8::2]:80", "192.0.2.1:80"];
/// let addresses = addresses.map(|text| text.parse::<SocketAddr>().unwrap());
/// // In this example IPv6 is broken.
/// let connect = |address: SocketAddr| async move {
///     if address.is_ipv6() {
///         return Err(io::Error::from(io::ErrorKind::NetworkUnreachable));
///     }
///     Ok(format!("a stream to {address}"))
/// };
/// assert_eq!(happy_eyeballs(addresses, connect).await?, "a stream to 192.0.2.1:80");
/// # Ok::<(), smolio_net::AttemptsError>(())
/// # }).unwrap();
/// ```
#[doc(alias = "RFC8305")]
#[doc(alias = "staggered_race")]
pub async fn happy_eyeballs<C, F, T>(
    addresses: impl IntoIterator<Item = SocketAddr>,
    connect: C,
) -> Result<T, AttemptsError>
where
    C: FnMut(SocketAddr) -> F,
    F: IntoFuture<Output = io::Result<T>>,
{
    let mut race = Race {
        waiting: interleaved(addresses).into_iter(),
        running: Vec::new(),
        failed: Vec::new(),
        delay: sleep(DELAY),
        connect,
    };
    poll_fn(|cx| race.poll(cx)).await
    // Those that lost go with the race, before the winner is handed out.
}

/// Each address is in one of the three: not tried yet, being tried, or failed.
struct Race<C, F> {
    waiting: vec::IntoIter<SocketAddr>,
    /// In the order of their start.
    running: Vec<Attempt<F>>,
    /// With their places in the order, for they fail in any.
    failed: Vec<(usize, FailedAttempt)>,
    /// Until the next attempt, while there is one to come.
    delay: Sleep,
    connect: C,
}

struct Attempt<F> {
    place: usize,
    address: SocketAddr,
    future: Pin<Box<F>>,
}

impl<C, F, G, T> Race<C, F>
where
    C: FnMut(SocketAddr) -> G,
    G: IntoFuture<IntoFuture = F>,
    F: Future<Output = io::Result<T>>,
{
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<T, AttemptsError>> {
        loop {
            let failures_before = self.failed.len();
            if let Some(stream) = self.poll_running(cx) {
                return Poll::Ready(Ok(stream));
            }
            if self.waiting.as_slice().is_empty() {
                return if self.running.is_empty() {
                    Poll::Ready(Err(self.all_failed()))
                } else {
                    Poll::Pending
                };
            }
            let one_has_failed = self.failed.len() > failures_before;
            let may_wait = !one_has_failed && !self.running.is_empty();
            if may_wait && Pin::new(&mut self.delay).poll(cx).is_pending() {
                return Poll::Pending;
            }
            // It is polled in the next round.
            self.start_next();
        }
    }

    /// Polls all attempts: there are few, and which of them was woken is not known.
    fn poll_running(&mut self, cx: &mut Context<'_>) -> Option<T> {
        let mut index = 0;
        while let Some(attempt) = self.running.get_mut(index) {
            match attempt.future.as_mut().poll(cx) {
                Poll::Pending => index += 1,
                Poll::Ready(Err(error)) => {
                    let Attempt { place, address, .. } = self.running.remove(index);
                    self.failed.push((place, FailedAttempt { address, error }));
                }
                Poll::Ready(Ok(stream)) => return Some(stream),
            }
        }
        None
    }

    fn start_next(&mut self) {
        if let Some(address) = self.waiting.next() {
            self.running.push(Attempt {
                place: self.failed.len() + self.running.len(),
                address,
                future: Box::pin((self.connect)(address).into_future()),
            });
            self.delay.reset(Instant::now().saturating_add(DELAY));
        }
    }

    fn all_failed(&mut self) -> AttemptsError {
        self.failed.sort_by_key(|(place, _)| *place);
        AttemptsError::new(self.failed.drain(..).map(|(_, attempt)| attempt).collect())
    }
}
