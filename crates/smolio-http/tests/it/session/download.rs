//! Bodies that go into files.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
};

use futures_lite::future::poll_once;
use smolio_http::{BodyErrorKind, ClientSession, DownloadError, Progress, Response};

use crate::support::{
    block_on,
    peer::Peer,
    script::{Step, answer, ok},
};

/// An empty directory that is there as long as this is.
struct Directory(PathBuf);

impl Directory {
    fn new() -> Self {
        let name = format!("smolio-http-{}-{:x}", std::process::id(), fastrand::u64(..));
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir(&path).unwrap();
        Self(path)
    }

    fn names(&self) -> Vec<String> {
        let entries = std::fs::read_dir(&self.0).unwrap();
        let name = |entry: std::io::Result<std::fs::DirEntry>| entry.unwrap().file_name();
        let mut names: Vec<_> = entries
            .map(|entry| name(entry).into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    fn join(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

async fn response(step: Step) -> (Response, Peer) {
    let peer = Peer::new([vec![Step::Request, step, Step::Hang]]);
    let response = ClientSession::new().get(peer.url("/")).await.unwrap();
    (response, peer)
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap()
}

#[test]
fn a_file_is_whole_or_as_it_was() {
    let directory = Directory::new();
    let path = directory.join("fox.txt");
    block_on(async {
        let (first, _peer) = response(ok("red")).await;
        assert_eq!(first.download_to(&path).await.unwrap(), 3);
        assert_eq!(read(&path), "red");

        let (second, _peer) = response(ok("")).await;
        assert_eq!(second.download_to(&path).await.unwrap(), 0);
        assert_eq!(read(&path), "");
        std::fs::write(&path, "before").unwrap();

        // The peer hangs up half-way.
        let head = ["HTTP/1.1 200 OK", "content-length: 10"];
        let peer = Peer::new([vec![Step::Request, answer(&head, "half")]]);
        let third = ClientSession::new().get(peer.url("/")).await.unwrap();
        let error = third.download_to(&path).await.unwrap_err();
        let DownloadError::Body(error) = error else {
            panic!("not the body: {error}");
        };
        assert_eq!(error.kind(), BodyErrorKind::Disconnected);
        assert_eq!(read(&path), "before");
    });
    assert_eq!(directory.names(), ["fox.txt"]);
}

#[test]
fn a_download_that_is_dropped_leaves_nothing() {
    let directory = Directory::new();
    for polls in 1..20 {
        block_on(async {
            let head = ["HTTP/1.1 200 OK", "content-length: 10"];
            let (response, peer) = response(answer(&head, "half")).await;
            let mut download = response
                .download_to(directory.join("fox.txt"))
                .into_future();
            for _ in 0..polls {
                assert!(poll_once(&mut download).await.is_none());
                futures_lite::future::yield_now().await;
            }
            drop(download);
            peer.wait_closed();
        });
        assert!(directory.names().is_empty());
    }
}

#[test]
fn what_cannot_be_written_is_an_error() {
    let directory = Directory::new();
    for path in [
        directory.join("no/such/directory"),
        PathBuf::new(),
        directory.0.clone(),
    ] {
        block_on(async {
            let (response, _peer) = response(ok("red")).await;
            let error = response.download_to(&path).await.unwrap_err();
            assert!(
                matches!(error, DownloadError::File(_)),
                "{}: {error}",
                path.display()
            );
            assert!(
                error
                    .to_string()
                    .starts_with("the file cannot be written: "),
                "{error}"
            );
        });
    }
    assert!(directory.names().is_empty());
}

#[test]
fn the_progress_is_told() {
    let directory = Directory::new();
    let told = Arc::new(Mutex::new(Vec::<Progress>::new()));
    block_on(async {
        let large = vec![7; 300_000];
        let (response, _peer) = response(ok(&large)).await;
        let path = directory.join("large");
        let tell = {
            let told = told.clone();
            move |progress| told.lock().unwrap().push(progress)
        };
        assert_eq!(
            response.download_to(&path).on_progress(tell).await.unwrap(),
            300_000
        );
        assert_eq!(std::fs::read(&path).unwrap(), large);
    });
    let told = told.lock().unwrap();
    assert!(told.is_sorted_by_key(|progress| progress.done));
    assert!(told.iter().all(|progress| progress.total == Some(300_000)));
    assert_eq!(told.last().unwrap().done, 300_000);
}

#[cfg(unix)]
#[test]
fn links_are_followed_and_devices_written_to() {
    let directory = Directory::new();
    let (real, link) = (directory.join("real"), directory.join("link"));
    std::fs::write(&real, "before").unwrap();
    std::os::unix::fs::symlink(&real, &link).unwrap();
    block_on(async {
        let (first, _peer) = response(ok("red")).await;
        first.download_to(&link).await.unwrap();
        assert_eq!(read(&real), "red");
        assert!(link.is_symlink());
        let (second, _peer) = response(ok("red")).await;
        assert_eq!(second.download_to("/dev/null").await.unwrap(), 3);
        assert!(!Path::new("/dev/null").is_file());
    });
}
