//! Unix sockets.

use std::{error::Error, io, path::PathBuf};

use futures_lite::{
    AsyncReadExt, AsyncWriteExt,
    future::{block_on, zip},
};
use smolio_net::{UnixListener, open_unix_connection};

/// A path for a socket, in a directory that goes with it.
pub(crate) struct Place(PathBuf);

impl Place {
    pub(crate) fn new(name: &str) -> Self {
        let name = format!("smolio-net-{name}-{}", std::process::id());
        let directory = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&directory).unwrap();
        Self(directory)
    }

    pub(crate) fn socket(&self) -> PathBuf {
        self.0.join("socket")
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[test]
fn a_word_each_way() {
    let place = Place::new("word");
    block_on(async {
        let listener = UnixListener::bind(place.socket()).unwrap();
        let client = async {
            let mut stream = open_unix_connection(place.socket()).await.unwrap();
            stream.write_all(b"ping").await.unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).await.unwrap();
            assert_eq!(answer, "pong");
        };
        let server = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut question = [0; 4];
            stream.read_exact(&mut question).await.unwrap();
            stream.write_all(b"pong").await.unwrap();
        };
        zip(client, server).await;
    });
}

#[test]
fn the_error_says_which_path() {
    let place = Place::new("nobody");
    let path = place.socket();
    let error = block_on(open_unix_connection(&path)).unwrap_err();
    assert_eq!(error.path(), path);
    assert_eq!(error.kind(), io::ErrorKind::NotFound);
    assert_eq!(error.error().kind(), io::ErrorKind::NotFound);
    assert!(error.source().unwrap().is::<io::Error>());
    let text = error.to_string();
    let start = format!("cannot connect to {path:?}: no such file");
    assert!(text.starts_with(&start), "{text}");
    assert_eq!(io::Error::from(error).to_string(), text);
}

#[test]
fn a_socket_that_nobody_listens_on_refuses() {
    let place = Place::new("refused");
    drop(UnixListener::bind(place.socket()).unwrap());
    let error = block_on(open_unix_connection(place.socket())).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
}
