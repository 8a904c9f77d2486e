//! TCP echo over the loopback device: the reactor, and what the loop adds to each system call.
//!
//! Servers and clients run on the same runtime, so a round trip is four system calls that do the
//! work and those with which the library waits.

use std::io;

use rustix::time::ClockId;

use super::{Program, Row, Scale, Unit, now, run};
use crate::library::{Library, Stream};

const CONNECTIONS: u64 = 64;
const ROUND_TRIPS: u64 = 1_000;
const BYTES: usize = 512;

pub(super) const ROW: Row = Row::shown(
    "TCP echo, 64 connections, 512 bytes",
    Unit::Time,
    run::<Echo>,
)
.with_goals(1.0, 1.0);

struct Echo;

impl Program for Echo {
    async fn run<L: Library>(scale: Scale) -> f64 {
        let round_trips = scale.of(ROUND_TRIPS);
        // Like the other rows: once to warm up, once to count.
        time_of_echo::<L>(round_trips)
            .await
            .expect("the loopback device works");
        let elapsed = time_of_echo::<L>(round_trips)
            .await
            .expect("the loopback device works");
        elapsed / (CONNECTIONS * round_trips) as f64
    }
}

/// Connects everyone, and only then starts the clock.
async fn time_of_echo<L: Library>(round_trips: u64) -> io::Result<f64> {
    let (listener, address) = L::Stream::listen().await?;
    let mut pairs = Vec::new();
    for _ in 0..CONNECTIONS {
        let client = L::Stream::connect(address).await?;
        let server = L::Stream::accept(&listener).await?;
        pairs.push((client, server));
    }

    let start = now(ClockId::Monotonic);
    let mut tasks = Vec::new();
    for (client, server) in pairs {
        tasks.push(L::spawn(serve(server)));
        tasks.push(L::spawn(call(client, round_trips)));
    }
    for task in tasks {
        task.await?;
    }
    Ok((now(ClockId::Monotonic) - start).as_nanos() as f64)
}

/// Sends back what comes, until the client hangs up.
async fn serve<S: Stream>(mut stream: S) -> io::Result<()> {
    let mut buffer = [0; BYTES];
    loop {
        let count = stream.read(&mut buffer).await?;
        if count == 0 {
            return Ok(());
        }
        stream.write_all(&buffer[..count]).await?;
    }
}

/// Sends a message, waits for its echo, and sends the next.
async fn call<S: Stream>(mut stream: S, round_trips: u64) -> io::Result<()> {
    let mut buffer = [1; BYTES];
    for _ in 0..round_trips {
        stream.write_all(&buffer).await?;
        stream.read_exact(&mut buffer).await?;
    }
    assert_eq!(buffer, [1; BYTES], "what came back is what was sent");
    Ok(())
}
