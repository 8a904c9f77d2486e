//! Locks and permits that are awaited: each library's own. smol's are those of async-lock, which it re-exports.

/// A lock around a number.
pub(crate) trait Lock: Send + Sync + 'static {
    fn new() -> Self;

    /// Locks, adds one, unlocks, and gives the sum.
    fn add_one(&self) -> impl Future<Output = u64> + Send;
}

/// A number of permits.
pub(crate) trait Semaphore: Send + Sync + 'static {
    fn new(permits: usize) -> Self;

    /// Waits for a permit and holds it for as long as the future takes.
    fn hold(&self, future: impl Future<Output = ()> + Send) -> impl Future<Output = ()> + Send;
}

impl Lock for smolio_sync::Lock<u64> {
    fn new() -> Self {
        Self::new(0)
    }

    async fn add_one(&self) -> u64 {
        let mut number = self.lock().await;
        *number += 1;
        *number
    }
}

impl Lock for tokio::sync::Mutex<u64> {
    fn new() -> Self {
        Self::new(0)
    }

    async fn add_one(&self) -> u64 {
        let mut number = self.lock().await;
        *number += 1;
        *number
    }
}

impl Lock for smol::lock::Mutex<u64> {
    fn new() -> Self {
        Self::new(0)
    }

    async fn add_one(&self) -> u64 {
        let mut number = self.lock().await;
        *number += 1;
        *number
    }
}

impl Semaphore for smolio_sync::Semaphore {
    fn new(permits: usize) -> Self {
        Self::new(permits)
    }

    async fn hold(&self, future: impl Future<Output = ()> + Send) {
        let _permit = self.acquire().await;
        future.await;
    }
}

impl Semaphore for tokio::sync::Semaphore {
    fn new(permits: usize) -> Self {
        Self::new(permits)
    }

    async fn hold(&self, future: impl Future<Output = ()> + Send) {
        let _permit = self.acquire().await.expect("nobody closes it");
        future.await;
    }
}

impl Semaphore for smol::lock::Semaphore {
    fn new(permits: usize) -> Self {
        Self::new(permits)
    }

    async fn hold(&self, future: impl Future<Output = ()> + Send) {
        let _permit = self.acquire().await;
        future.await;
    }
}
