//! What the clients are to do.

use rustix::time::ClockId;

use super::client::Client;
use super::peer::Peer;
use super::{Served, Setting, responder};
use crate::allocator;
use crate::library::{Library, Workers};
use crate::rows::{Scale, time_per_operation};

/// How many requests a measurement makes, however many connections share them.
const REQUESTS: u64 = 50_000;
/// With one connection a request takes as long as the way there and back.
const REQUESTS_OF_ONE: u64 = 10_000;
/// No fewer than this over each connection, so that connecting does not count.
const REQUESTS_PER_CONNECTION: u64 = 10;

const ADDRESSES: u64 = 100;
const MILLISECONDS: u64 = 1_000;

const DOWNLOADS: u64 = 10;
const BYTES: u64 = 50_000_000;

const IDLE_CONNECTIONS: u64 = 1_000;
/// Long enough for all of them to be connected before the first is answered, and so to be free for another request.
const MILLISECONDS_TO_CONNECT: u64 = 1_000;

/// How many requests are made, over so many connections.
pub(super) fn requests(connections: u64, scale: Scale) -> u64 {
    let requests = scale.of(if connections == 1 {
        REQUESTS_OF_ONE
    } else {
        REQUESTS
    });
    let each = (requests / connections).max(REQUESTS_PER_CONNECTION);
    each * connections
}

/// The time per request when there are always as many of them under way as there are connections.
pub(super) fn keep_alive<C: Client>(connections: u64, setting: &Setting) -> f64 {
    let server = Peer::start(Served::Responder, Workers::One);
    let requests = requests(connections, setting.scale);
    let address = C::address(&server.address("/"));
    C::Library::run(Workers::One, async move {
        let client = C::new(connections as usize);
        time_per_operation(ClockId::Monotonic, requests, || {
            side_by_side(connections, &client, &address, requests / connections)
        })
        .await
    })
}

/// A task for each of the connections, which makes its requests one after the other.
fn side_by_side<C: Client>(
    connections: u64,
    client: &C,
    address: &C::Address,
    requests: u64,
) -> impl Future<Output = ()> + Send + use<C> {
    let tasks: Vec<_> = (0..connections)
        .map(|_| {
            let (client, address) = (client.clone(), address.clone());
            C::Library::spawn(async move {
                for _ in 0..requests {
                    client.get(&address).await;
                }
            })
        })
        .collect();
    async {
        for task in tasks {
            task.await;
        }
    }
}

/// The wall time of a hundred requests at once, each of which takes the server a second.
pub(super) fn slow_addresses<C: Client>(setting: &Setting) -> f64 {
    let server = Peer::start(Served::Responder, Workers::One);
    let path = format!("{}{}", responder::WAIT, setting.scale.of(MILLISECONDS));
    let address = C::address(&server.address(&path));
    C::Library::run(Workers::One, async move {
        let client = C::new(ADDRESSES as usize);
        time_per_operation(ClockId::Monotonic, 1, || {
            side_by_side(ADDRESSES, &client, &address, 1)
        })
        .await
    })
}

/// The time that it takes to read a long answer to its end.
pub(super) fn download<C: Client>(setting: &Setting) -> f64 {
    let server = Peer::start(Served::Responder, Workers::One);
    let bytes = setting.scale.of(BYTES);
    let address = C::address(&server.address(&format!("{}{bytes}", responder::BYTES)));
    C::Library::run(Workers::One, async move {
        let client = C::new(1);
        // In a task, as in the other rows: it is not main that is measured.
        let task = C::Library::spawn(async move {
            time_per_operation(ClockId::Monotonic, DOWNLOADS, || async {
                for _ in 0..DOWNLOADS {
                    assert_eq!(client.download(&address).await, bytes);
                }
            })
            .await
        });
        task.await
    })
}

/// What the client keeps of a connection that nobody uses. What the system keeps is not in it.
pub(super) fn idle_memory<C: Client>(setting: &Setting) -> f64 {
    let server = Peer::start(Served::Responder, Workers::One);
    let connections = setting.scale.of(IDLE_CONNECTIONS);
    let wait = setting.scale.of(MILLISECONDS_TO_CONNECT);
    let address = C::address(&server.address("/"));
    let slow = C::address(&server.address(&format!("{}{wait}", responder::WAIT)));
    C::Library::run(Workers::One, async move {
        let client = C::new(connections as usize);
        // What is made once, for the first request of all, is not part of a connection.
        side_by_side(1, &client, &address, 1).await;
        allocator::start_counting();
        side_by_side(connections, &client, &slow, 1).await;
        allocator::live_bytes() as f64 / connections as f64
    })
}
