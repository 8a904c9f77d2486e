//! A network that is made up: each address has its fate, and what happens is written down with the time.

use std::{
    cell::RefCell,
    future::{Future, pending},
    io,
    net::SocketAddr,
    rc::Rc,
    time::Duration,
};

use smolio_context::Instant;
use smolio_net::{AttemptsError, happy_eyeballs};
use smolio_timer::sleep;

/// What becomes of an attempt, after how many milliseconds.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Fate {
    Connects(u64),
    Fails(u64),
    Hangs,
}

pub(crate) struct Network {
    fates: Vec<Fate>,
    start: Instant,
    log: RefCell<Vec<String>>,
}

impl Network {
    /// The first fate is that of address 1.
    pub(crate) fn new(fates: &[Fate]) -> Rc<Self> {
        Rc::new(Self {
            fates: fates.to_vec(),
            start: Instant::now(),
            log: RefCell::default(),
        })
    }

    /// All addresses of the network are of one family: which family's turn it is has tests of its own.
    pub(crate) fn address(number: usize) -> SocketAddr {
        ([10, 0, 0, u8::try_from(number).unwrap()], 80).into()
    }

    fn number(address: SocketAddr) -> usize {
        let SocketAddr::V4(address) = address else {
            panic!("{address} is not of this network");
        };
        address.ip().octets()[3].into()
    }

    fn note(&self, what: String) {
        let time = self.start.elapsed().as_millis();
        self.log.borrow_mut().push(format!("{time} ms: {what}"));
    }

    /// What happened, since the log was last read.
    pub(crate) fn log(&self) -> Vec<String> {
        self.log.take()
    }

    /// Connects to any of its addresses; the stream is the number of the one that won.
    pub(crate) fn connect(
        self: &Rc<Self>,
    ) -> impl Future<Output = Result<usize, AttemptsError>> + 'static + use<> {
        let addresses: Vec<_> = (1..=self.fates.len()).map(Self::address).collect();
        let network = self.clone();
        happy_eyeballs(addresses, move |address| {
            network.clone().attempt(Self::number(address))
        })
    }

    async fn attempt(self: Rc<Self>, number: usize) -> io::Result<usize> {
        self.note(format!("{number} starts"));
        let mut attempt = Attempt {
            network: &self,
            number,
            has_ended: false,
        };
        let result = match self.fates[number - 1] {
            Fate::Hangs => pending().await,
            Fate::Connects(time) => {
                wait(time).await;
                Ok(number)
            }
            Fate::Fails(time) => {
                wait(time).await;
                Err(io::Error::other(format!("failure of {number}")))
            }
        };
        attempt.has_ended = true;
        result
    }
}

async fn wait(milliseconds: u64) {
    if milliseconds > 0 {
        sleep(Duration::from_millis(milliseconds)).await;
    }
}

/// Says whether the attempt came to its end, when that is known.
struct Attempt<'n> {
    network: &'n Network,
    number: usize,
    has_ended: bool,
}

impl Drop for Attempt<'_> {
    fn drop(&mut self) {
        let what = if self.has_ended { "ends" } else { "is dropped" };
        self.network.note(format!("{} {what}", self.number));
    }
}
