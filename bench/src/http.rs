//! The rows about HTTP: what a request costs whoever makes it, and whoever answers it.
//!
//! They are a table of their own, because their peers are not the runtimes but what is built on them,
//! and others in each row. A measurement is a process, as in the other table, and it starts a second
//! one for the other side of the connections: a client is measured against a server that does next to
//! nothing ([`responder`]), a server by a generator that does as little ([`load`]). So both have a
//! core to themselves where there are two, and what is measured waits for itself alone.

mod aiohttp;
mod client;
mod load;
mod peer;
mod responder;
mod served;
mod table;
mod work;

use crate::http::client::{HyperUtil, Reqwest, Session, Surf, Transport};
use crate::http::work::{download, idle_memory, keep_alive, slow_addresses};
use crate::library::Workers;
use crate::rows::{Scale, Unit};

pub(crate) use self::served::Served;
pub(crate) use self::table::print_table;

/// The argument that makes a process of this program a single measurement of this table.
pub(crate) const PROGRAM: &str = "--http";

/// The argument that makes a process of this program the other side of one.
pub(crate) const SERVE: &str = "--serve";

/// Every row that there is.
pub(crate) const ROWS: &[Row] = &[
    Row {
        name: "HTTP client: keep-alive, 1 connection",
        workers: Workers::One,
        unit: Unit::Time,
        contestants: &[
            Contestant::ours("ClientSession", |setting| keep_alive::<Session>(1, setting)),
            Contestant::shown("SmolTransport", |setting| {
                keep_alive::<Transport>(1, setting)
            }),
            Contestant::shown("surf on it", |setting| keep_alive::<Surf>(1, setting)),
            Contestant::shown("reqwest", |setting| keep_alive::<Reqwest>(1, setting)),
            Contestant::shown("hyper-util", |setting| keep_alive::<HyperUtil>(1, setting)),
            Contestant::shown(aiohttp::NAME, |setting| aiohttp::keep_alive(1, setting)),
        ],
    },
    Row {
        name: "HTTP client: keep-alive, 64 connections",
        workers: Workers::One,
        unit: Unit::Time,
        contestants: &[
            Contestant::ours("ClientSession", |setting| {
                keep_alive::<Session>(64, setting)
            }),
            Contestant::shown("SmolTransport", |setting| {
                keep_alive::<Transport>(64, setting)
            }),
            Contestant::shown("surf on it", |setting| keep_alive::<Surf>(64, setting)),
            Contestant::peer("reqwest", 1.2, |setting| keep_alive::<Reqwest>(64, setting)),
            Contestant::shown("hyper-util", |setting| keep_alive::<HyperUtil>(64, setting)),
            Contestant::peer(aiohttp::NAME, 6.0, |setting| {
                aiohttp::keep_alive(64, setting)
            }),
        ],
    },
    Row {
        name: "HTTP client: keep-alive, 1,000 connections",
        workers: Workers::One,
        unit: Unit::Time,
        contestants: &[
            Contestant::ours("ClientSession", |setting| {
                keep_alive::<Session>(1_000, setting)
            }),
            Contestant::shown("SmolTransport", |setting| {
                keep_alive::<Transport>(1_000, setting)
            }),
            Contestant::shown("surf on it", |setting| keep_alive::<Surf>(1_000, setting)),
            Contestant::shown("reqwest", |setting| keep_alive::<Reqwest>(1_000, setting)),
            Contestant::shown("hyper-util", |setting| {
                keep_alive::<HyperUtil>(1_000, setting)
            }),
            Contestant::shown(aiohttp::NAME, |setting| aiohttp::keep_alive(1_000, setting)),
        ],
    },
    Row {
        name: "HTTP client: 100 addresses that take 1 s each",
        workers: Workers::One,
        unit: Unit::Time,
        contestants: &[
            Contestant::ours("ClientSession", slow_addresses::<Session>),
            Contestant::shown("reqwest", slow_addresses::<Reqwest>),
        ],
    },
    Row {
        name: "HTTP client: 50 MB down",
        workers: Workers::One,
        unit: Unit::Time,
        contestants: &[
            Contestant::ours("ClientSession", download::<Session>),
            Contestant::shown("reqwest", download::<Reqwest>),
        ],
    },
    Row {
        name: "HTTP client: memory per idle connection, of 1,000",
        workers: Workers::One,
        unit: Unit::Bytes,
        contestants: &[
            Contestant::ours("ClientSession", idle_memory::<Session>),
            Contestant::shown("reqwest", idle_memory::<Reqwest>),
        ],
    },
    Row {
        name: "HTTP server: a text, one thread",
        workers: Workers::One,
        unit: Unit::Time,
        contestants: &[
            Contestant::ours("serve", |setting| text(Served::Ours, Workers::One, setting)),
            Contestant::peer("axum::serve", 1.0, |setting| {
                text(Served::Axum, Workers::One, setting)
            }),
            Contestant::shown(aiohttp::NAME, |setting| aiohttp::answers("/", setting)),
        ],
    },
    Row {
        name: "HTTP server: JSON, one thread",
        workers: Workers::One,
        unit: Unit::Time,
        contestants: &[
            Contestant::ours("serve", |setting| json(Served::Ours, Workers::One, setting)),
            Contestant::peer("axum::serve", 1.0, |setting| {
                json(Served::Axum, Workers::One, setting)
            }),
            Contestant::shown(aiohttp::NAME, |setting| aiohttp::answers("/json", setting)),
        ],
    },
    Row {
        name: "HTTP server: a text, two workers",
        workers: Workers::Two,
        unit: Unit::Time,
        contestants: &[
            Contestant::ours("serve", |setting| text(Served::Ours, Workers::Two, setting)),
            Contestant::peer("axum::serve", 1.0, |setting| {
                text(Served::Axum, Workers::Two, setting)
            }),
        ],
    },
    Row {
        name: "HTTP server: JSON, two workers",
        workers: Workers::Two,
        unit: Unit::Time,
        contestants: &[
            Contestant::ours("serve", |setting| json(Served::Ours, Workers::Two, setting)),
            Contestant::peer("axum::serve", 1.0, |setting| {
                json(Served::Axum, Workers::Two, setting)
            }),
        ],
    },
];

/// A piece of work that is done by several.
pub(crate) struct Row {
    /// Says what is done; filters look for their text in it.
    pub(crate) name: &'static str,
    /// How many threads whoever is measured has.
    workers: Workers,
    /// What the numbers are.
    pub(crate) unit: Unit,
    /// Who does it. The first is ours.
    pub(crate) contestants: &'static [Contestant],
}

/// One of those who do it.
pub(crate) struct Contestant {
    pub(crate) name: &'static str,
    /// Its number over ours, to reach. Where there is none, the number is there to compare.
    goal: Option<f64>,
    run: fn(&Setting) -> f64,
}

/// How it is to be done.
pub(crate) struct Setting {
    pub(crate) scale: Scale,
    /// The Python that has aiohttp; empty, and of no interest to any contestant, where none takes part.
    pub(crate) python: String,
}

impl Contestant {
    const fn ours(name: &'static str, run: fn(&Setting) -> f64) -> Self {
        Self::shown(name, run)
    }

    const fn shown(name: &'static str, run: fn(&Setting) -> f64) -> Self {
        let goal = None;
        Self { name, goal, run }
    }

    const fn peer(name: &'static str, goal: f64, run: fn(&Setting) -> f64) -> Self {
        let goal = Some(goal);
        Self { name, goal, run }
    }

    /// Does the work in this process, and gives the number.
    pub(crate) fn measure(&self, setting: &Setting) -> f64 {
        peer::allow_many_sockets();
        (self.run)(setting)
    }
}

/// The cost of an answer that is a text.
fn text(served: Served, workers: Workers, setting: &Setting) -> f64 {
    let server = peer::Peer::start(served, workers);
    load::time_per_answer(server.port(), "/", setting.scale)
}

/// The cost of an answer that is a structure as JSON.
fn json(served: Served, workers: Workers, setting: &Setting) -> f64 {
    let server = peer::Peer::start(served, workers);
    load::time_per_answer(server.port(), "/json", setting.scale)
}
