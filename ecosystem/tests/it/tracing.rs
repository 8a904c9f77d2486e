//! tracing: an instrumented future enters its span at each poll, so a span follows a task whatever polls others in between.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicU64, Ordering},
};

use ::tracing::{
    Event, Instrument, Metadata, Subscriber, info, info_span,
    span::{Attributes, Id, Record},
};
use smolio::{spawn, yield_now};

use crate::support::as_it_is;

/// Writes down in which span each event was.
#[derive(Default)]
struct Journal {
    names: Mutex<Vec<&'static str>>,
    entered: Mutex<Vec<u64>>,
    events: Mutex<Vec<Option<&'static str>>>,
    next: AtomicU64,
}

impl Subscriber for Journal {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        self.names.lock().unwrap().push(span.metadata().name());
        Id::from_u64(self.next.fetch_add(1, Ordering::Relaxed) + 1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, _: &Event<'_>) {
        let entered = self.entered.lock().unwrap().last().copied();
        let names = self.names.lock().unwrap();
        let index = entered.and_then(|id| usize::try_from(id - 1).ok());
        self.events
            .lock()
            .unwrap()
            .push(index.map(|index| names[index]));
    }

    fn enter(&self, span: &Id) {
        self.entered.lock().unwrap().push(span.into_u64());
    }

    fn exit(&self, _: &Id) {
        self.entered.lock().unwrap().pop();
    }
}

#[test]
fn a_span_follows_its_task() {
    let journal = Arc::new(Journal::default());
    ::tracing::subscriber::with_default(journal.clone(), || {
        as_it_is(async {
            let work = || async {
                for _ in 0..2 {
                    info!("step");
                    yield_now().await;
                }
            };
            let first = spawn(work().instrument(info_span!("first")));
            let second = spawn(work().instrument(info_span!("second")));
            first.await;
            second.await;
            info!("no span");
            anyhow::Ok(())
        });
    });
    let events = std::mem::take(&mut *journal.events.lock().unwrap());
    let expected = [
        Some("first"),
        Some("second"),
        Some("first"),
        Some("second"),
        None,
    ];
    assert_eq!(events, expected);
}
