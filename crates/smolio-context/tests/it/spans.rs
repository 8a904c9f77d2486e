//! Each task a span: entered while it is polled, within that of whoever spawned it, closed at its end.

use std::{
    fmt,
    future::{Future, poll_fn},
    pin::pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll, Waker},
};

use smolio_context::{CleanUp, Scoped, TaskContext};
use tracing::{
    Event, Metadata, Subscriber,
    field::{Field, Visit},
    span::{Attributes, Id, Record},
    subscriber::with_default,
};

use crate::poll;

/// Writes down which spans are made, entered, left and closed, by the names of their tasks.
#[derive(Clone, Default)]
struct Diary(Arc<Pages>);

#[derive(Default)]
struct Pages {
    next: AtomicU64,
    /// The name of each span, and how many hold it.
    spans: Mutex<Vec<(String, usize)>>,
    entered: Mutex<Vec<usize>>,
    lines: Mutex<Vec<String>>,
}

impl Diary {
    fn note(&self, what: &str, span: &Id) {
        let name = self.0.spans.lock().unwrap()[index(span)].0.clone();
        self.0.lines.lock().unwrap().push(format!("{what} {name}"));
    }

    fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lines.lock().unwrap())
    }

    /// Runs `f` with this as the subscriber of the thread.
    fn during<R>(&self, f: impl FnOnce() -> R) -> R {
        with_default(self.clone(), f)
    }
}

fn index(span: &Id) -> usize {
    usize::try_from(span.into_u64()).unwrap() - 1
}

#[derive(Default)]
struct Fields {
    name: String,
    others: Vec<String>,
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        match field.name() {
            "name" => self.name = format!("{value:?}"),
            other => self.others.push(format!("{other}={value:?}")),
        }
    }
}

impl Subscriber for Diary {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, attributes: &Attributes<'_>) -> Id {
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        let metadata = attributes.metadata();
        assert_eq!((metadata.target(), metadata.name()), ("smolio", "task"));
        let [id, location] = &fields.others[..] else {
            panic!("{:?}", fields.others);
        };
        assert!(id.starts_with("id=") && location.starts_with("location="));
        assert!(location.contains("tests/it/spans.rs:"), "{location}");
        let mut spans = self.0.spans.lock().unwrap();
        let inside = match self.0.entered.lock().unwrap().last() {
            Some(outer) => format!("in {}", spans[*outer].0),
            None => "alone".to_string(),
        };
        let line = format!("made {} {inside}", fields.name);
        self.0.lines.lock().unwrap().push(line);
        spans.push((fields.name, 1));
        Id::from_u64(self.0.next.fetch_add(1, Ordering::Relaxed) + 1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, _: &Event<'_>) {}

    fn enter(&self, span: &Id) {
        self.0.entered.lock().unwrap().push(index(span));
        self.note("entered", span);
    }

    fn exit(&self, span: &Id) {
        let left = self.0.entered.lock().unwrap().pop();
        assert_eq!(left, Some(index(span)));
        self.note("left", span);
    }

    fn clone_span(&self, span: &Id) -> Id {
        self.0.spans.lock().unwrap()[index(span)].1 += 1;
        span.clone()
    }

    fn try_close(&self, span: Id) -> bool {
        let is_last = {
            let held = &mut self.0.spans.lock().unwrap()[index(&span)].1;
            *held -= 1;
            *held == 0
        };
        if is_last {
            self.note("closed", &span);
        }
        is_last
    }
}

/// Pending once, then ready.
fn two_polls() -> impl Future<Output = ()> {
    let mut is_second = false;
    poll_fn(move |_| match std::mem::replace(&mut is_second, true) {
        true => Poll::Ready(()),
        false => Poll::Pending,
    })
}

#[test]
fn it_is_entered_for_each_poll_and_closed_at_the_end() {
    let diary = Diary::default();
    diary.during(|| {
        let context = TaskContext::child(Some("task"));
        let info = context.info().clone();
        let mut task = pin!(Scoped::new(context, two_polls()));
        assert_eq!(diary.take(), ["made task alone"]);
        assert!(poll(task.as_mut()).is_pending());
        assert_eq!(diary.take(), ["entered task", "left task"]);
        assert!(poll(task.as_mut()).is_ready());
        // Whatever is left of it.
        assert_eq!(diary.take(), ["entered task", "left task", "closed task"]);
        assert_eq!(info.name(), "task");
    });
}

#[test]
fn it_is_closed_after_a_drop_and_after_a_panic() {
    let diary = Diary::default();
    diary.during(|| {
        let task = Scoped::new(TaskContext::child(Some("dropped")), two_polls());
        drop(task);
        let expected = [
            "made dropped alone",
            "entered dropped",
            "left dropped",
            "closed dropped",
        ];
        assert_eq!(diary.take(), expected);
        let panics = async { panic!("on purpose") };
        let mut task = Box::pin(Scoped::new(TaskContext::child(Some("panics")), panics));
        crate::panic_of(|| poll(task.as_mut()));
        drop(task);
        assert_eq!(diary.take().last().unwrap(), "closed panics");
    });
}

#[test]
fn a_child_is_within_its_parent() {
    let diary = Diary::default();
    diary.during(|| {
        let parent = TaskContext::child(Some("parent"));
        let child = parent.enter(|| TaskContext::child(Some("child")));
        // A child of a group is polled in its parent's poll; a task that was spawned is not.
        parent.enter(|| child.enter_child(|| ()));
        child.enter(|| ());
        let expected = [
            "made parent alone",
            "entered parent",
            "made child in parent",
            "left parent",
            "entered parent",
            "entered child",
            "left child",
            "left parent",
            "entered child",
            "left child",
        ];
        assert_eq!(diary.take(), expected);
    });
}

#[test]
fn a_clean_up_goes_on_in_the_span_of_its_task() {
    let diary = Diary::default();
    diary.during(|| {
        let task = TaskContext::child(Some("task"));
        let mut clean_up = task.enter(|| CleanUp::new("a farewell", two_polls()));
        task.ended();
        drop(task);
        diary.take();
        let mut cx = Context::from_waker(Waker::noop());
        assert!(std::pin::Pin::new(&mut clean_up).poll(&mut cx).is_pending());
        assert_eq!(diary.take(), ["entered task", "left task"]);
        drop(clean_up);
        assert_eq!(diary.take(), ["entered task", "left task", "closed task"]);
    });
}

#[test]
fn what_is_nobodys_task_has_none() {
    let diary = Diary::default();
    diary.during(|| TaskContext::unlisted("internal").enter(|| ()));
    assert_eq!(diary.take(), [""; 0]);
    // Without a subscriber there is nothing to be told.
    TaskContext::root().enter(|| ());
    assert_eq!(diary.take(), [""; 0]);
}
