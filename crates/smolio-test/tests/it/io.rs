//! Virtual time beside real sockets and real threads.

use std::{
    future::poll_fn,
    io,
    task::Poll,
    time::{Duration, SystemTime},
};

use async_net::{TcpListener, TcpStream};
use futures_lite::{AsyncReadExt, AsyncWriteExt};
use smolio_context::Instant;
use smolio_executor::spawn;
use smolio_test::Test;
use smolio_timer::{sleep, timeout};

const SECOND: Duration = Duration::from_secs(1);

/// Answers one request on a new port.
async fn start_server() -> io::Result<(std::net::SocketAddr, smolio_executor::Task<io::Result<()>>)>
{
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let address = listener.local_addr()?;
    let server = spawn(async move {
        let (mut stream, _) = listener.accept().await?;
        let mut request = [0; 4];
        stream.read_exact(&mut request).await?;
        stream.write_all(b"pong").await?;
        Ok(())
    });
    Ok((address, server))
}

async fn request(address: std::net::SocketAddr) -> io::Result<String> {
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(b"ping").await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    Ok(answer)
}

#[test]
fn v2_a_loopback_request_is_not_jumped_over() {
    let answers = Test::new().io().run(async {
        let start = Instant::now();
        let mut answers = Vec::new();
        for _ in 0..20 {
            let (address, server) = start_server().await?;
            let answer = timeout(30 * SECOND, request(address)).await;
            answers.push(answer.expect("the answer comes before any jump")?);
            server.await?;
        }
        assert_eq!(start.elapsed(), Duration::ZERO);
        io::Result::Ok(answers)
    });
    assert_eq!(answers.unwrap(), vec!["pong"; 20]);
}

#[test]
fn time_passes_once_the_sockets_are_silent() {
    let test = Test::new().io().run(async {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let _silent = TcpStream::connect(listener.local_addr()?).await?;
        let (mut stream, _) = listener.accept().await?;
        let start = Instant::now();
        let answer = timeout(3600 * SECOND, stream.read(&mut [0; 1])).await;
        assert!(answer.is_err());
        assert_eq!(start.elapsed(), 3600 * SECOND);
        io::Result::Ok(())
    });
    test.unwrap();
}

#[test]
fn each_jump_waits_for_real_idleness() {
    let before = SystemTime::now();
    Test::new().io().run(async {
        for _ in 0..10 {
            sleep(SECOND).await;
        }
    });
    assert!(before.elapsed().unwrap() >= Duration::from_millis(50));
}

#[test]
fn being_woken_for_nothing_does_not_end_the_wait() {
    let before = SystemTime::now();
    Test::new().io().run(async {
        // The waker of a task that has ended: it wakes the loop, and nobody runs.
        let waker = spawn(poll_fn(|cx| Poll::Ready(cx.waker().clone()))).await;
        let knocking = std::thread::spawn(move || {
            for _ in 0..100 {
                waker.wake_by_ref();
                std::thread::sleep(Duration::from_micros(500));
            }
        });
        for _ in 0..10 {
            sleep(SECOND).await;
        }
        knocking.join().unwrap();
    });
    assert!(before.elapsed().unwrap() >= Duration::from_millis(50));
}
