//! A download that goes on where it broke off, at once or when the program is run again.
//!
//! `cargo run --release --example download` shows it, with a server of its own that hangs up now and then;
//! `cargo run --release --example download -- https://example.org/large.iso large.iso`
//!
//! In asyncio: aiohttp's `async for chunk in response.content.iter_chunked(n)`, with the headers `Range` and `If-Range`.

use std::{
    env, io,
    path::{Path, PathBuf},
};

use anyhow::{Context, bail, ensure};
use async_fs::{File, OpenOptions};
use futures_lite::AsyncWriteExt;
use indicatif::ProgressBar;
use smolio::{
    http::{BodyError, ClientSession, RequestError, Response},
    sleep,
    time::Backoff,
};
use smolio_httpbin::Httpbin;

/// So often we go on before we give up. What has come until then stays, for the next run.
const RETRIES: u32 = 4;

#[smolio::main]
async fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match &arguments[..] {
        [] => play().await,
        [url, target] => download(url, Path::new(target)).await,
        _ => bail!("usage: download [URL FILE]"),
    }
}

/// Gets 3 MB from a server that hangs up after 1.4 MB.
async fn play() -> anyhow::Result<()> {
    let httpbin = Httpbin::start()?;
    let target = env::temp_dir().join(format!("smolio-download-{}", std::process::id()));
    download(&httpbin.url("/range/3000000?break_after=1400000"), &target).await?;
    Ok(async_fs::remove_file(&target).await?)
}

async fn download(url: &str, target: &Path) -> anyhow::Result<()> {
    let session = ClientSession::new();
    let mut partial = Partial::open(target).await?;
    if partial.length > 0 {
        println!("{} bytes are here from last time", partial.length);
    }
    let progress = ProgressBar::no_length(); // on a terminal only
    let mut pauses = Backoff::new(RETRIES);
    while let Err(error) = partial.fetch(&session, url, &progress).await {
        match pauses.next().filter(|_| is_the_networks(&error)) {
            Some(pause) => {
                println!("after {} bytes: {error}", partial.length);
                sleep(pause).await;
            }
            None => return Err(error),
        }
    }
    progress.finish_and_clear();
    println!("{} bytes are here", partial.length);
    partial.finish(target).await
}

/// Whether it may be better next time.
fn is_the_networks(error: &anyhow::Error) -> bool {
    error.is::<BodyError>() || error.is::<RequestError>()
}

/// What has come, in a file beside the one that it will be; and the version that it is of.
struct Partial {
    path: PathBuf,
    file: File,
    length: u64,
    /// In a file of its own, so that it is known when the program is run again.
    etag: PathBuf,
}

impl Partial {
    async fn open(target: &Path) -> anyhow::Result<Self> {
        let beside = |extension| {
            let mut path = target.as_os_str().to_owned();
            path.push(extension);
            PathBuf::from(path)
        };
        let (path, etag) = (beside(".part"), beside(".etag"));
        let file = OpenOptions::new()
            .create(true)
            .append(true)
            .open(&path)
            .await;
        let file = file.with_context(|| format!("could not open {}", path.display()))?;
        let length = file.metadata().await?.len();
        Ok(Self {
            path,
            file,
            length,
            etag,
        })
    }

    /// Gets the rest.
    async fn fetch(
        &mut self,
        session: &ClientSession,
        url: &str,
        progress: &ProgressBar,
    ) -> anyhow::Result<()> {
        // What is compressed on the way cannot be asked for from the middle.
        let mut request = session.get(url).decompress(false);
        if self.length > 0 {
            // The rest of this version; and if there is another one now, all of it.
            if let Ok(etag) = async_fs::read_to_string(&self.etag).await {
                let range = format!("bytes={}-", self.length);
                request = request.header("range", range).header("if-range", etag);
            }
        }
        let mut response = request.await?.error_for_status()?;
        let whole = self.begin(&response).await?;
        if let Some(whole) = whole {
            progress.set_length(whole);
        }
        let received = self.receive(&mut response, progress).await;
        // What has come is to stay, also where it breaks off: until then some of it may be on its way to the file.
        self.file.sync_all().await?;
        received?;
        if let Some(whole) = whole {
            ensure!(
                self.length == whole,
                "{} of {whole} bytes have come",
                self.length
            );
        }
        Ok(())
    }

    /// Writes what comes to the file.
    async fn receive(
        &mut self,
        response: &mut Response,
        progress: &ProgressBar,
    ) -> anyhow::Result<()> {
        while let Some(chunk) = response.chunk().await? {
            self.file.write_all(&chunk).await?;
            self.length += chunk.len() as u64;
            progress.set_position(self.length);
        }
        Ok(())
    }

    /// Decides by the answer where its bytes belong. Gives the length of the whole, if the server tells it.
    async fn begin(&mut self, response: &Response) -> anyhow::Result<Option<u64>> {
        let header = |name| {
            response
                .headers()
                .get(name)
                .and_then(|value| value.to_str().ok())
        };
        if response.status() == 206 {
            let range = header("content-range").context("a part, but which one?")?;
            let start = format!("bytes {}-", self.length);
            ensure!(
                range.starts_with(&start),
                "{range} is not what was asked for"
            );
            let (_, whole) = range.rsplit_once('/').context("a range without a length")?;
            return Ok(whole.parse().ok());
        }
        self.file.set_len(0).await?;
        self.length = 0;
        match header("etag") {
            // A weak one (W/) does not promise the same bytes.
            Some(etag) if !etag.starts_with("W/") => async_fs::write(&self.etag, etag).await?,
            _ => remove(&self.etag).await?,
        }
        Ok(header("content-length").and_then(|length| length.parse().ok()))
    }

    /// Gives the file its name, now that it is whole.
    async fn finish(self, target: &Path) -> anyhow::Result<()> {
        async_fs::rename(&self.path, target).await?;
        Ok(remove(&self.etag).await?)
    }
}

/// Removes a file if there is one.
async fn remove(path: &Path) -> io::Result<()> {
    match async_fs::remove_file(path).await {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
