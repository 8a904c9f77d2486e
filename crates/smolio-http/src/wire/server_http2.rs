//! A server's connection over HTTP/2, as hyper reads and writes it.
//!
//! hyper wants to spawn a task for each stream. Ours are the children of a group that lives in the connection's own future: so they
//! end with it, are counted against no executor, and a connection is one task to those who share out work. Requests of one
//! connection run at the same time, but on one worker. Clients that want more open more connections, as browsers do.

use std::{
    convert::Infallible,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use futures_io::{AsyncRead, AsyncWrite};
use hyper::{
    rt::{Executor, bounds::Http2ServerConnExec},
    server::conn::http2,
};
use smolio_task_group::{LocalSpawner, LocalTaskGroup, Spawner, TaskGroup};

use super::{
    Io,
    server::{Answering, Ending, HeadLimits, Protocol, Respond},
};

/// Where streams run. For hyper it has to be known at compile time whether they are `Send`.
#[derive(Clone)]
pub(crate) struct Streams<S>(S);

impl<'a, F: Future<Output = ()> + Send + 'a> Executor<F> for Streams<Spawner<'a, Infallible>> {
    fn execute(&self, stream: F) {
        drop(self.0.spawn(stream));
    }
}

impl<'a, F: Future<Output = ()> + 'a> Executor<F> for Streams<LocalSpawner<'a, Infallible>> {
    fn execute(&self, stream: F) {
        drop(self.0.spawn(stream));
    }
}

/// A group for the streams of one connection.
pub(crate) trait StreamGroup<R: Respond> {
    type Streams: Http2ServerConnExec<R::Future, R::Body> + Unpin;

    fn new() -> Self;

    fn streams(&self) -> Self::Streams;

    /// Drives the connection; streams that are left when it has ended are dropped.
    fn run<F: Future>(&self, connection: F) -> impl Future<Output = F::Output>;
}

macro_rules! stream_group {
    ($Group:ident, $Spawner:ident) => {
        impl<'a, R: Respond> StreamGroup<R> for $Group<'a, Infallible>
        where
            Streams<$Spawner<'a, Infallible>>: Http2ServerConnExec<R::Future, R::Body>,
        {
            type Streams = Streams<$Spawner<'a, Infallible>>;

            fn new() -> Self {
                Self::infallible()
            }

            fn streams(&self) -> Self::Streams {
                Streams(self.spawner())
            }

            async fn run<F: Future>(&self, connection: F) -> F::Output {
                let mut output = None;
                let body = async {
                    output = Some(connection.await);
                    self.cancel();
                };
                // It says that it was cancelled, or that there was nobody to cancel.
                let _ = self.run_value(body).await;
                output.expect("the group is cancelled by its body only, which has set it")
            }
        }
    };
}

stream_group!(TaskGroup, Spawner);
stream_group!(LocalTaskGroup, LocalSpawner);

/// A connection over HTTP/2.
pub(crate) struct Http2Connection<S, R, E>(http2::Connection<Io<S>, Answering<R>, E>)
where
    R: Respond;

impl<S, R, E> Http2Connection<S, R, E>
where
    S: AsyncRead + AsyncWrite + Unpin + 'static,
    R: Respond,
    E: Http2ServerConnExec<R::Future, R::Body>,
{
    pub(crate) fn new(stream: S, respond: R, limits: HeadLimits, streams: E) -> Self {
        let mut builder = http2::Builder::new(streams);
        let size = u32::try_from(limits.size).unwrap_or(u32::MAX);
        builder.max_header_list_size(size);
        Self(builder.serve_connection(Io::new(stream), Answering(respond)))
    }
}

impl<S, R, E> Protocol for Http2Connection<S, R, E>
where
    S: AsyncRead + AsyncWrite + Unpin + 'static,
    R: Respond,
    E: Http2ServerConnExec<R::Future, R::Body> + Unpin,
{
    const IS_MULTIPLEXED: bool = true;

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Ending> {
        Pin::new(&mut self.0).poll(cx).map(|end| match end {
            Ok(()) => Ending::Finished,
            Err(_) => Ending::Failed,
        })
    }

    fn finish(&mut self) {
        Pin::new(&mut self.0).graceful_shutdown();
    }
}
