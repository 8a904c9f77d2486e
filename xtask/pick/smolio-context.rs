//! smolio-context alone: a variable that follows a task, and our clock.

use smolio_context::{ContextVar, Instant, TaskContext};

static REQUEST: ContextVar<u64> = ContextVar::new(|| 0);

fn main() {
    let start = Instant::now();
    TaskContext::root().enter(|| {
        REQUEST
            .set(7)
            .expect("inside of a task a variable can be set");
        assert_eq!(REQUEST.get(), 7);
    });
    assert_eq!(REQUEST.get(), 0);
    assert!(start <= Instant::now());
}
