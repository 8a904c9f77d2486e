//! The reader on real sockets, whose peers send byte by byte, hang up half-way, and reset.

use std::{io, net::Shutdown, time::Duration};

use futures_lite::{AsyncWriteExt, future::zip};
use smolio_net::{
    LineError, ReadExactlyError, StreamReader, TcpListener, TcpStream, open_connection,
};
use smolio_test::Test;
use smolio_timer::{sleep, timeout};

/// The two ends of a connection.
async fn pair() -> (StreamReader<TcpStream>, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (near, far) = zip(open_connection(address), listener.accept()).await;
    (StreamReader::new(near.unwrap()), far.unwrap().0)
}

#[test]
fn a_peer_that_sends_byte_by_byte_while_each_read_times_out() {
    Test::new().io().run(async {
        let (mut reader, mut peer) = pair().await;
        let sending = async {
            for byte in b"hello\r\nworld" {
                sleep(Duration::from_secs(1)).await;
                peer.write_all(&[*byte]).await.unwrap();
            }
            drop(peer);
        };
        let receiving = async {
            let short = Duration::from_millis(300);
            let mut lines = reader.lines(100);
            let mut timeouts = 0;
            let line = loop {
                match timeout(short, lines.next()).await {
                    Ok(line) => break line,
                    Err(_) => timeouts += 1,
                }
            };
            assert_eq!(line.unwrap().unwrap(), "hello");
            let word = loop {
                match timeout(short, reader.read_exactly(5)).await {
                    Ok(word) => break word,
                    Err(_) => timeouts += 1,
                }
            };
            assert_eq!(word.unwrap(), b"world");
            assert!(timeouts >= 20, "{timeouts}");
        };
        zip(sending, receiving).await;
    });
}

#[test]
fn a_peer_that_closes_its_half_still_hears_the_answer() {
    Test::new().io().run(async {
        let (mut reader, mut peer) = pair().await;
        peer.write_all(b"question without an end").await.unwrap();
        peer.shutdown(Shutdown::Write).unwrap();
        let question = reader.lines(100).next().await.unwrap().unwrap();
        assert_eq!(question, "question without an end");
        assert!(reader.lines(100).next().await.is_none());

        let mut writer = reader.get_ref().clone();
        writer.write_all(b"answer\n").await.unwrap();
        let answer = StreamReader::new(peer).read_until("\n", 100).await;
        assert_eq!(answer.unwrap(), b"answer\n");
    });
}

#[test]
fn a_peer_that_hangs_up_in_the_middle_of_a_message() {
    Test::new().io().run(async {
        let (mut reader, mut peer) = pair().await;
        peer.write_all(b"abc").await.unwrap();
        drop(peer);
        let Err(ReadExactlyError::Incomplete(incomplete)) = reader.read_exactly(4).await else {
            panic!("there are three bytes");
        };
        assert_eq!(incomplete.partial, b"abc");
    });
}

#[test]
fn a_peer_that_resets() {
    Test::new().io().run(async {
        let (mut reader, peer) = pair().await;
        let mut writer = reader.get_ref().clone();
        // Who closes with something unread resets.
        writer.write_all(b"unread").await.unwrap();
        peer.peek(&mut [0; 1]).await.unwrap();
        drop(peer);
        let line = reader.lines(100).next().await.unwrap();
        let Err(LineError::Io(error)) = line else {
            panic!("{line:?}");
        };
        assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
    });
}

#[test]
fn a_megabyte_in_one_message_and_small_ones_after_it() {
    Test::new().io().run(async {
        let (mut reader, mut peer) = pair().await;
        let message: Vec<u8> = (0..1 << 20)
            .map(|index: u32| index.to_le_bytes()[1])
            .collect();
        let sending = async {
            peer.write_all(&message).await.unwrap();
            for number in 0..1000 {
                let line = format!("line {number}\r\n");
                peer.write_all(line.as_bytes()).await.unwrap();
            }
            drop(peer);
        };
        let receiving = async {
            let read = reader.read_exactly(message.len()).await;
            assert!(read.unwrap() == message);
            let mut lines = reader.lines(100);
            for number in 0..1000 {
                let line = lines.next().await.unwrap().unwrap();
                assert_eq!(line, format!("line {number}"));
            }
            assert!(lines.next().await.is_none());
        };
        zip(sending, receiving).await;
    });
}
