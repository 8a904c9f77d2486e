//! Panics in code that is not ours: comparisons, wakers, destructors. The queue stays usable, and nothing else is lost.

use std::{
    cell::Cell,
    cmp::Ordering,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    task::{Context, Wake, Waker},
};

use smolio_context::UnhandledKind;
use smolio_queue::{PriorityQueue, Queue};

use crate::support::{Counter, Hook, PanicWaker, Wakes};

thread_local! {
    /// How many comparisons there may still be before one panics.
    static COMPARISONS: Cell<Option<usize>> = const { Cell::new(None) };
}

/// Counts its drops, and panics when it is compared too often.
#[derive(Debug)]
struct Touchy(u32, Counter);

impl Drop for Touchy {
    fn drop(&mut self) {
        self.1.add();
    }
}

impl PartialEq for Touchy {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Touchy {}

impl PartialOrd for Touchy {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Touchy {
    fn cmp(&self, other: &Self) -> Ordering {
        if let Some(left) = COMPARISONS.get() {
            let left = left.checked_sub(1).expect("compared too often");
            COMPARISONS.set(Some(left));
        }
        self.0.cmp(&other.0)
    }
}

/// Lets comparison number `allowed` panic within `work`. Gives what `work` gave, if it came to an end.
fn with_comparisons<R>(allowed: usize, work: impl FnOnce() -> R) -> Option<R> {
    COMPARISONS.set(Some(allowed));
    let result = catch_unwind(AssertUnwindSafe(work));
    COMPARISONS.set(None);
    result.ok()
}

struct Fixture {
    queue: PriorityQueue<Touchy>,
    drops: Counter,
    wakes: Wakes,
}

impl Fixture {
    fn new(items: impl IntoIterator<Item = u32>) -> Self {
        let (queue, drops) = (PriorityQueue::unbounded(), Counter::default());
        for item in items {
            queue.try_put(Touchy(item, drops.clone())).unwrap();
        }
        Self {
            queue,
            drops,
            wakes: Wakes::new(),
        }
    }

    fn item(&self, number: u32) -> Touchy {
        Touchy(number, self.drops.clone())
    }

    /// All that is in, in order.
    fn drain(&self) -> Vec<u32> {
        std::iter::from_fn(|| self.queue.try_get().ok())
            .map(|item| item.0)
            .collect()
    }
}

const ITEMS: [u32; 9] = [5, 3, 8, 1, 9, 7, 2, 6, 4];
const SORTED: [u32; 9] = [1, 2, 3, 4, 5, 6, 7, 8, 9];

#[test]
fn a_comparison_that_panics_in_a_put_leaves_the_item_outside() {
    let mut panics = 0;
    for allowed in 0.. {
        let fixture = Fixture::new(ITEMS);
        let mut put = fixture.queue.put(fixture.item(0));
        if with_comparisons(allowed, || fixture.wakes.poll_ready(&mut put).unwrap()).is_some() {
            break;
        }
        panics += 1;
        assert_eq!(fixture.drops.get(), 0);
        assert_eq!(fixture.queue.stats().accepted, 9);
        assert_eq!(put.into_item().map(|item| item.0), Some(0));
        assert_eq!(fixture.drain(), SORTED);
    }
    assert!(panics > 2);
}

#[test]
fn a_comparison_that_panics_in_a_get_leaves_the_item_inside() {
    let mut panics = 0;
    for allowed in 0.. {
        let fixture = Fixture::new(ITEMS);
        if with_comparisons(allowed, || fixture.queue.try_get().unwrap()).is_some() {
            break;
        }
        panics += 1;
        assert_eq!(fixture.drops.get(), 0);
        assert_eq!(fixture.drain(), SORTED);
    }
    assert!(panics > 2);
}

#[test]
fn a_comparison_that_panics_in_a_batch_of_puts_leaves_the_rest_outside() {
    let mut panics = 0;
    for allowed in 0.. {
        let fixture = Fixture::new(ITEMS);
        let mut put = fixture
            .queue
            .put_all([0, 10, 11].map(|number| fixture.item(number)));
        if with_comparisons(allowed, || fixture.wakes.poll_ready(&mut put).unwrap()).is_some() {
            break;
        }
        panics += 1;
        let rest = put.into_rest();
        let accepted = 3 - rest.len();
        let mut expected = [&[0, 10, 11][..accepted], &SORTED].concat();
        expected.sort_unstable();
        assert_eq!(fixture.queue.stats().unfinished, 9 + accepted as u64);
        assert_eq!(fixture.drain(), expected);
        assert_eq!(
            Vec::from_iter(rest.iter().map(|item| item.0)),
            [0, 10, 11][accepted..]
        );
    }
    assert!(panics > 4);
}

#[test]
fn a_batch_that_panics_half_way_wakes_for_what_is_in() {
    let fixture = Fixture::new([]);
    let getter = Wakes::new();
    let mut get = fixture.queue.get();
    assert!(getter.poll(&mut get).is_pending());
    // The first item has nothing to be compared with.
    let mut put = fixture
        .queue
        .put_all([1, 2].map(|number| fixture.item(number)));
    assert!(with_comparisons(0, || fixture.wakes.poll_ready(&mut put).is_ok()).is_none());
    assert_eq!(getter.count(), 1);
    assert_eq!(getter.poll_ready(&mut get).unwrap().0, 1);
}

#[test]
fn a_comparison_that_panics_in_a_batch_of_gets_loses_nothing() {
    let hook = Hook::install();
    let (mut panics, mut reports) = (0, 0);
    for allowed in 0.. {
        let fixture = Fixture::new(ITEMS);
        let mut get = fixture.queue.get_many(9);
        let got = with_comparisons(allowed, || fixture.wakes.poll_ready(&mut get).unwrap());
        let got = Vec::from_iter(got.iter().flatten().map(|item| item.0));
        if got.len() == 9 {
            break;
        }
        match got.len() {
            0 => panics += 1,
            _ => reports += 1,
        }
        assert_eq!([got, fixture.drain()].concat(), SORTED);
    }
    assert!(panics > 2 && reports > 4);
    let told = hook.take();
    assert_eq!(told.len(), reports);
    assert!(told.iter().all(|one| one.kind() == UnhandledKind::Panic));
}

#[test]
fn a_waker_that_panics_takes_nothing_with_it() {
    let hook = Hook::install();
    let bad = PanicWaker::waker();
    let good = Wakes::new();
    let queue = Queue::bounded(1);
    queue.try_put(1).unwrap();
    let mut puts = [queue.put(2), queue.put(3)];
    assert!(
        std::pin::Pin::new(&mut puts[0])
            .poll(&mut Context::from_waker(&bad))
            .is_pending()
    );
    good.poll_pending(&mut puts[1]);
    // The one who gets is not to blame.
    assert_eq!(queue.try_get(), Ok(1));
    queue.shutdown();
    assert_eq!(good.count(), 1);

    let mut gets = [queue.get(), queue.get()];
    assert!(good.poll(&mut gets[0]).is_ready());
    let queue = Queue::<u32>::unbounded();
    let mut gets = [queue.get(), queue.get(), queue.get()];
    for get in &mut gets[..2] {
        assert!(
            std::pin::Pin::new(get)
                .poll(&mut Context::from_waker(&bad))
                .is_pending()
        );
    }
    good.poll_pending(&mut gets[2]);
    queue.shutdown();
    assert_eq!(good.count(), 2, "those behind it are woken");
    let panicked = (UnhandledKind::Panic, PanicWaker::MESSAGE.to_string());
    assert_eq!(hook.take_messages(), vec![panicked; 3]);
}

/// A waker that uses the queue when it is cloned, woken and dropped: none of that happens under the lock.
struct Uses(Queue<u32>, Counter);

impl Wake for Uses {
    fn wake(self: Arc<Self>) {
        self.0.len();
        self.1.add();
    }
}

impl Drop for Uses {
    fn drop(&mut self) {
        self.0.len();
        self.1.add();
    }
}

#[test]
fn wakers_may_use_the_queue() {
    let (queue, uses) = (Queue::bounded(1), Counter::default());
    let waker = || Waker::from(Arc::new(Uses(queue.clone(), uses.clone())));
    let poll = |get: &mut smolio_queue::Get<'_, u32>| {
        // Only the queue keeps the waker.
        let waker = waker();
        std::pin::Pin::new(get).poll(&mut Context::from_waker(&waker))
    };
    let mut get = queue.get();
    assert!(poll(&mut get).is_pending());
    assert!(poll(&mut get).is_pending()); // drops the one before
    assert_eq!(uses.get(), 1);
    queue.try_put(1).unwrap(); // wakes and drops
    assert_eq!(uses.get(), 3);
    assert!(poll(&mut get).is_ready());
    drop(get);
    let mut get = queue.get();
    assert!(poll(&mut get).is_pending());
    drop(get); // drops the waker that waits
    assert_eq!(uses.get(), 5);
}

#[test]
fn an_item_whose_destructor_panics_is_done_with() {
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("this item cannot be dropped");
        }
    }
    let queue = Queue::unbounded();
    assert!(queue.try_put(Bomb).is_ok());
    assert!(queue.try_put(Bomb).is_ok());
    let wakes = Wakes::new();
    let job = match wakes.poll(&mut queue.get_job()) {
        std::task::Poll::Ready(Ok(job)) => job,
        _ => panic!("there is a job"),
    };
    assert!(catch_unwind(AssertUnwindSafe(|| drop(job))).is_err());
    assert_eq!(queue.stats().unfinished, 1);
    assert!(catch_unwind(AssertUnwindSafe(|| queue.shutdown_now())).is_err());
    assert_eq!(queue.stats().unfinished, 0);
    wakes.poll_ready(&mut queue.join());
}
