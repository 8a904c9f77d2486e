//! Under our own loop and other people's executors.

use futures_lite::{AsyncReadExt, AsyncWriteExt, future::zip};
use smolio_net::{TcpListener, open_connection};

/// A name is looked up, raced for, connected to, and a word comes through.
async fn program() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let client = async {
        let mut stream = open_connection(("localhost", port)).await.unwrap();
        let mut word = String::new();
        stream.read_to_string(&mut word).await.unwrap();
        assert_eq!(word, "hello");
    };
    let server = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        stream.write_all(b"hello").await.unwrap();
    };
    zip(client, server).await;
}

#[test]
fn x1_inside_a_loop_of_ours() {
    smolio_executor::run(program());
    smolio_executor::run(async { smolio_executor::spawn(program()).await });
}

#[test]
fn x1_in_virtual_time() {
    smolio_test::Test::new().io().run(program());
}

#[test]
fn x1_inside_tokio_on_one_thread() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    runtime.block_on(async { tokio::spawn(program()).await.unwrap() });
    runtime.block_on(program());
}

#[test]
fn x1_inside_tokio_on_two_threads() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .build()
        .unwrap();
    runtime.block_on(async {
        let programs: Vec<_> = (0..20).map(|_| tokio::spawn(program())).collect();
        for program in programs {
            program.await.unwrap();
        }
    });
}

#[test]
fn x1_inside_smol() {
    smol::block_on(program());
    smol::block_on(smol::spawn(program()));
}
