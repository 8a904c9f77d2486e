//! A body that goes into a file: all of it, or the file is not there.

use std::{
    fmt,
    fs::OpenOptions,
    future::{Future, IntoFuture},
    io,
    path::{Path, PathBuf},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use async_fs::File;
use futures_lite::AsyncWriteExt;

use super::{error::DownloadError, random::random_bits, response::Response};
use crate::progress::{OnProgress, Progress};

/// The body of a response on its way into a file: made by [`Response::download_to`], and started by awaiting it. It gives
/// the number of bytes.
///
/// They are written to a file beside it with a name of its own, which gets the name that is wanted when it is whole. So
/// there is never half a file, and one that was there before stays until then. What is no plain file, such as a device, is
/// written to directly.
///
/// The status is not looked at: see [`error_for_status`](Response::error_for_status).
///
/// ```
/// # use std::{io::{Read, Write}, net::TcpListener};
/// # let listener = TcpListener::bind("127.0.0.1:0")?;
/// # let url = format!("http://{}/fox.txt", listener.local_addr()?);
/// # let server = std::thread::spawn(move || {
/// #     let (mut peer, _) = listener.accept().unwrap();
/// #     let _ = peer.read(&mut [0; 1024]).unwrap();
/// #     let text = "a red fox";
/// #     write!(peer, "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{text}", text.len()).unwrap();
/// # });
/// # futures_lite::future::block_on(async {
/// use smolio_http::ClientSession;
///
/// let path = std::env::temp_dir().join(format!("fox-{}.txt", std::process::id()));
/// let response = ClientSession::new().get(url).await?.error_for_status()?;
/// let download = response.download_to(&path).on_progress(|progress| {
///     println!("{} of {:?} bytes", progress.done, progress.total);
/// });
/// assert_eq!(download.await?, 9);
/// assert_eq!(std::fs::read_to_string(&path)?, "a red fox");
/// # std::fs::remove_file(path)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # server.join().unwrap();
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// A [`DownloadError`] when the body ends too early, or the file cannot be written. The unfinished file is gone then.
///
/// # Cancel safety
/// When it is dropped, the unfinished file is removed, and the connection is closed.
#[must_use = "a download begins when it is awaited"]
pub struct Download {
    response: Response,
    path: PathBuf,
    on_progress: Option<OnProgress>,
}

impl Download {
    pub(super) fn new(response: Response, path: PathBuf) -> Self {
        Self {
            response,
            path,
            on_progress: None,
        }
    }

    /// Calls a function with the [`Progress`] after each chunk. The total is known when the headers say it, and the body is
    /// not decompressed.
    pub fn on_progress(mut self, report: impl Fn(Progress) + Send + Sync + 'static) -> Self {
        self.on_progress = Some(Arc::new(report));
        self
    }

    async fn run(mut self) -> Result<u64, DownloadError> {
        let place = Place::find(&self.path).await.map_err(DownloadError::File)?;
        let (unfinished, mut file) = place.open().map_err(DownloadError::File)?;
        let total = self.response.content_length();
        let mut done = 0;
        while let Some(chunk) = self.response.chunk().await.map_err(DownloadError::Body)? {
            file.write_all(&chunk).await.map_err(DownloadError::File)?;
            done += chunk.len() as u64;
            if let Some(report) = &self.on_progress {
                report(Progress { done, total });
            }
        }
        // Until then errors of the file may be unknown.
        file.flush().await.map_err(DownloadError::File)?;
        drop(file);
        if let (Some(unfinished), Place::Name(path)) = (unfinished, place) {
            unfinished
                .finish(&path)
                .await
                .map_err(DownloadError::File)?;
        }
        Ok(done)
    }
}

impl fmt::Debug for Download {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Download")
            .field("response", &self.response)
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

impl IntoFuture for Download {
    type Output = Result<u64, DownloadError>;
    type IntoFuture = RunDownload;

    fn into_future(self) -> RunDownload {
        RunDownload(Box::pin(self.run()))
    }
}

/// The future of a [`Download`].
#[must_use = "futures do nothing unless they are awaited"]
pub struct RunDownload(Pin<Box<dyn Future<Output = Result<u64, DownloadError>> + Send>>);

impl Future for RunDownload {
    type Output = Result<u64, DownloadError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.as_mut().poll(cx)
    }
}

impl fmt::Debug for RunDownload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RunDownload").finish_non_exhaustive()
    }
}

/// Where a download is to go.
enum Place {
    /// A name that is free, or that of a plain file.
    Name(PathBuf),
    /// Something else that can be written to.
    Device(PathBuf),
}

impl Place {
    async fn find(path: &Path) -> io::Result<Self> {
        // What a link leads to is to be replaced, not the link.
        match async_fs::canonicalize(path).await {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Ok(Self::Name(path.to_owned()))
            }
            Err(error) => Err(error),
            Ok(real) if async_fs::metadata(&real).await?.is_file() => Ok(Self::Name(real)),
            Ok(real) => Ok(Self::Device(real)),
        }
    }

    /// Here and now: an opening on another thread that is dropped half-way would leave a file behind.
    fn open(&self) -> io::Result<(Option<Unfinished>, File)> {
        match self {
            Self::Device(path) => Ok((None, OpenOptions::new().write(true).open(path)?.into())),
            Self::Name(path) => {
                let name = path.file_name().ok_or_else(|| {
                    io::Error::new(
                        io::ErrorKind::InvalidInput,
                        "the path has no name of a file",
                    )
                })?;
                let mut unfinished = std::ffi::OsString::from(".");
                unfinished.push(name);
                unfinished.push(format!(".{:016x}.part", random_bits()));
                let unfinished = path.with_file_name(unfinished);
                let mut options = OpenOptions::new();
                let file = options.write(true).create_new(true).open(&unfinished)?;
                Ok((Some(Unfinished(Some(unfinished))), file.into()))
            }
        }
    }
}

/// A file that is removed, unless it is finished.
struct Unfinished(Option<PathBuf>);

impl Unfinished {
    async fn finish(mut self, path: &Path) -> io::Result<()> {
        if let Some(unfinished) = &self.0 {
            async_fs::rename(unfinished, path).await?;
        }
        self.0 = None;
        Ok(())
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        if let Some(path) = &self.0 {
            if let Err(error) = std::fs::remove_file(path) {
                log::warn!("{} could not be removed: {error}", path.display());
            }
        }
    }
}
