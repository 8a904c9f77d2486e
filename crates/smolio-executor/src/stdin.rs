//! Standard input, line by line, read by a thread that nobody waits for.
//!
//! There is one standard input for the whole process, and so one reader and one buffer for all handles. A read that has begun
//! cannot be taken back: it blocks its thread until there is something. So that thread is not one of `to_thread`, for which a
//! loop waits when it closes, but one that the end of the process takes along.

mod error;
mod input;

use std::{
    fmt,
    future::poll_fn,
    io::{self, BufRead},
    pin::Pin,
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker, ready},
    thread,
};

use futures_core::Stream;
use smolio_context::{poll_budget, spend_budget, waiting_for};

use input::Input;

pub use error::{LongLine, StdinError};

/// How long a line may be where nothing else is said: asyncio's number for its readers.
const DEFAULT_LIMIT: usize = 64 * 1024;

static INPUT: Mutex<Input> = Mutex::new(Input::new());
/// Told when something is to be read.
static WANTED: Condvar = Condvar::new();

/// The lines of standard input: of a terminal, a pipe, or a file.
///
/// It never holds up the end of the program: while a line is waited for the loop can close, and `main` return. Nothing is read
/// before a line is asked for, so what was not asked for is left to others, up to the size of one read.
///
/// All handles read the same input, in this loop or another; each line goes to one of them. Beside this, `std::io::stdin()` can be
/// used as long as nothing is being waited for here.
///
/// ```no_run
/// # smolio_executor::run(async {
/// use smolio_executor::stdin;
///
/// let mut lines = stdin();
/// while let Some(line) = lines.next().await {
///     println!("you said {}", line?);
/// }
/// # Ok::<(), smolio_executor::StdinError>(())
/// # });
/// ```
#[doc(alias("connect_read_pipe", "ainput", "aioconsole", "read_line"))]
pub fn stdin() -> Stdin {
    Stdin {
        limit: DEFAULT_LIMIT,
        place: None,
    }
}

/// A handle to standard input, made by [`stdin`]: [`next`](Self::next) gives its lines, and so does the `Stream`.
#[must_use = "nothing is read before `next`"]
pub struct Stdin {
    limit: usize,
    /// Where the waker lies of one who waits.
    place: Option<u64>,
}

impl Stdin {
    /// How many bytes a line may have at most, 64 KiB by default; its end does not count.
    pub fn limit(mut self, bytes: usize) -> Self {
        self.limit = bytes;
        self
    }

    /// The next line, without its `\n` or `\r\n`; `None` at the end of the input, and from then on.
    ///
    /// # Errors
    /// [`StdinError::TooLong`] with the beginning of a line that is longer than the limit: the rest of it is passed by, and the
    /// next call goes on with the line after it. [`StdinError::NotUtf8`] with the bytes of a line that is no text: likewise.
    /// [`StdinError::Io`] when it cannot be read: the next call tries again. So a loop that goes on after that may never end.
    ///
    /// # Cancel safety
    /// Cancel safe: a line that comes after the future was dropped is kept for the next call.
    #[doc(alias = "input")]
    pub async fn next(&mut self) -> Option<Result<String, StdinError>> {
        poll_fn(|cx| self.poll_line(cx)).await
    }

    fn poll_line(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<String, StdinError>>> {
        ready!(poll_budget(cx));
        // A waker is foreign code: it is cloned and dropped while the lock is free.
        let waker = cx.waker().clone();
        let mut input = lock();
        if let Some(outcome) = input.next_line(self.limit) {
            let former = self.place.take().and_then(|place| input.leave(place));
            drop(input);
            drop((waker, former));
            spend_budget();
            return Poll::Ready(outcome);
        }
        let former = input.wait(&mut self.place, waker);
        let started = want(&mut input);
        drop(input);
        drop(former);
        if let Err(error) = started {
            return Poll::Ready(Some(Err(StdinError::Io(error))));
        }
        waiting_for(|| "a line from standard input".to_owned());
        Poll::Pending
    }
}

impl Stream for Stdin {
    type Item = Result<String, StdinError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll_line(cx)
    }
}

impl Drop for Stdin {
    fn drop(&mut self) {
        if let Some(place) = self.place {
            let waker = lock().leave(place);
            drop(waker);
        }
    }
}

impl fmt::Debug for Stdin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stdin")
            .field("limit", &self.limit)
            .finish_non_exhaustive()
    }
}

/// No foreign code runs under the lock, so a poisoned one is still in order.
fn lock() -> MutexGuard<'static, Input> {
    INPUT.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Has something read, by the thread that does it; the first time this starts it.
fn want(input: &mut Input) -> io::Result<()> {
    if !input.has_reader {
        let reader = thread::Builder::new().name("smolio-stdin".to_owned());
        // Not joined by anybody.
        drop(reader.spawn(read)?);
        input.has_reader = true;
    }
    input.is_wanted = true;
    WANTED.notify_one();
    Ok(())
}

/// The thread's: reads when somebody wants it, until the end of the input or of the process.
fn read() {
    loop {
        let input = lock();
        let wanted = WANTED.wait_while(input, |input| !input.is_wanted);
        drop(wanted.unwrap_or_else(PoisonError::into_inner));
        let piece = read_piece();
        let mut input = lock();
        let ended = input.accept(piece);
        let waiting = input.take_waiting();
        drop(input);
        waiting.into_values().for_each(Waker::wake);
        if ended {
            return;
        }
    }
}

/// What there is, as soon as there is something; nothing at the end.
fn read_piece() -> io::Result<Vec<u8>> {
    // The standard library's own buffer: what a program has read by other means is in there.
    let mut stdin = io::stdin().lock();
    loop {
        match stdin.fill_buf() {
            Ok(piece) => {
                let piece = piece.to_vec();
                stdin.consume(piece.len());
                return Ok(piece);
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}
