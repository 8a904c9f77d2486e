//! The server of tests and examples: it has a thread and a loop of its own, so that whoever asks it may block, or have any loop.

use std::{fmt, io, net::SocketAddr, thread};

use axum::Router;
use smolio_net::TcpListener;
use smolio_task_group::CancelScope;

/// A server on this machine with the paths of [`router`](crate::router). It stops when it is dropped.
pub struct Httpbin {
    address: SocketAddr,
    scope: CancelScope,
    thread: Option<thread::JoinHandle<()>>,
}

impl Httpbin {
    /// Starts one, on a port that is free.
    ///
    /// # Errors
    /// If there is no free port, or no thread to be had.
    pub fn start() -> io::Result<Self> {
        Self::with_routes(Router::new())
    }

    /// The same, with routes of one's own beside those that there are.
    ///
    /// # Errors
    /// Those of [`start`](Self::start).
    ///
    /// # Panics
    /// If one of the routes is there already.
    pub fn with_routes(routes: Router) -> io::Result<Self> {
        let app = crate::router().merge(routes);
        let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let listener = TcpListener::try_from(listener)?;
        let scope = CancelScope::new();
        let serving = scope.clone();
        let serve = move || {
            let server = smolio_http::serve(listener, app).body_limit(crate::LARGEST_BODY);
            // Nobody waits for answers that are still under way when it is dropped: the scope ends them at once.
            smolio_executor::run(serving.run(server.into_future()));
        };
        let thread = thread::Builder::new()
            .name("httpbin".to_owned())
            .spawn(serve)?;
        Ok(Self {
            address,
            scope,
            thread: Some(thread),
        })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where a path is to be found.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }
}

impl fmt::Debug for Httpbin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Httpbin")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

impl Drop for Httpbin {
    /// # Panics
    /// If the server has panicked, unless there is a panic already.
    fn drop(&mut self) {
        self.scope.cancel();
        let outcome = self.thread.take().map(thread::JoinHandle::join);
        if let Some(Err(panic)) = outcome {
            if !thread::panicking() {
                std::panic::resume_unwind(panic);
            }
        }
    }
}
