//! The clock, its instants, and deadlines.

use std::{
    pin::pin,
    task::{Context, Poll, Waker},
    thread,
    time::{Duration, Instant as MachineInstant},
};

use smolio_context::{
    Instant, Scoped, TaskContext, VirtualClock, current_deadline, enter_deadline,
};

use crate::panic_of;

const SECOND: Duration = Duration::from_secs(1);
const YEAR: Duration = Duration::from_secs(365 * 24 * 60 * 60);

#[test]
fn the_machines_clock_is_the_default() {
    let before = MachineInstant::now();
    let now: MachineInstant = Instant::now().into();
    assert!(before <= now && now <= MachineInstant::now());
}

#[test]
fn a_virtual_clock_stands_still() {
    let clock = VirtualClock::new();
    let guard = clock.install();
    let start = Instant::now();
    assert_eq!(Instant::now(), start);
    assert_eq!(clock.now(), start);
    clock.advance(SECOND);
    assert_eq!((start.elapsed(), Instant::now() - start), (SECOND, SECOND));
    clock.advance_to(start + 3 * SECOND);
    assert_eq!(start.elapsed(), 3 * SECOND);
    // It does not run backwards.
    clock.advance_to(start);
    assert_eq!(start.elapsed(), 3 * SECOND);
    let same = clock.clone();
    same.advance(SECOND);
    assert_eq!(start.elapsed(), 4 * SECOND);
    assert_eq!(format!("{clock:?}"), "VirtualClock { elapsed: 4s }");
    drop(guard);
    assert_ne!(Instant::now(), clock.now());
}

#[test]
fn clocks_nest_and_belong_to_their_thread() {
    assert!(VirtualClock::current().is_none());
    let (outer, inner) = (VirtualClock::new(), VirtualClock::new());
    outer.advance(5 * SECOND);
    let outer_guard = outer.install();
    {
        let _inner = inner.install();
        assert_eq!(Instant::now(), inner.now());
    }
    assert_eq!(Instant::now(), outer.now());
    thread::scope(|scope| {
        scope.spawn(|| {
            assert!(VirtualClock::current().is_none());
            // Installed by hand there, it is the same clock.
            let _guard = outer.install();
            outer.advance(SECOND);
        });
    });
    assert_eq!(Instant::now(), outer.now());
    drop(outer_guard);
    assert!(VirtualClock::current().is_none());
}

#[test]
fn a_clock_stops_at_its_end() {
    let clock = VirtualClock::new();
    let start = clock.now();
    clock.advance(300 * YEAR);
    assert_eq!(clock.now() - start, 300 * YEAR);
    clock.advance(Duration::MAX);
    let end = clock.now();
    assert!(end > start + 300 * YEAR);
    clock.advance(Duration::MAX);
    clock.advance_to(end.saturating_add(SECOND));
    assert_eq!(clock.now(), end);
}

#[test]
fn arithmetic() {
    let start = Instant::now();
    let later = start + SECOND;
    assert_eq!((later - start, later - SECOND), (SECOND, start));
    // Never below zero.
    assert_eq!(
        (start - later, start.duration_since(later)),
        (Duration::ZERO, Duration::ZERO)
    );
    assert_eq!(later.elapsed(), Duration::ZERO);
    let mut moving = start;
    moving += 2 * SECOND;
    moving -= SECOND;
    assert_eq!(moving, later);
    assert_eq!(start.checked_add(SECOND), Some(later));
    assert_eq!(later.checked_sub(SECOND), Some(start));
    assert_eq!(start.checked_add(Duration::MAX), None);
    assert!(start < later && later.max(start) == later);
    let machine: MachineInstant = later.into();
    assert_eq!(Instant::from(machine), later);
    panic_of(|| start + Duration::MAX);
    panic_of(|| start - Duration::MAX);
}

/// Those that are counted from the start of the process are the machine's all the same.
#[test]
fn moments_far_away_are_those_of_the_machine() {
    let machine = MachineInstant::now();
    let now = Instant::from(machine);
    let machine_in_a_century = machine + 100 * YEAR;
    assert_eq!(Instant::from(machine_in_a_century), now + 100 * YEAR);
    assert_eq!(MachineInstant::from(now + 100 * YEAR), machine_in_a_century);
    // Not on each platform there is a time before it was started.
    if let Some(machine_long_ago) = machine.checked_sub(100 * YEAR) {
        assert_eq!(Instant::from(machine_long_ago), now - 100 * YEAR);
        assert_eq!(MachineInstant::from(now - 100 * YEAR), machine_long_ago);
    }
    let too_far = now
        .checked_add(400 * YEAR)
        .and_then(|then| then.checked_add(400 * YEAR));
    assert_eq!(too_far, None);
    // As far as it goes, where the machine goes further.
    if let Some(machine_much_later) = machine.checked_add(1000 * YEAR) {
        assert!(Instant::from(machine_much_later) >= now + 400 * YEAR);
    }
    if let Some(machine_much_earlier) = machine.checked_sub(1000 * YEAR) {
        assert!(Instant::from(machine_much_earlier) <= now - 100 * YEAR);
    }
}

#[test]
fn adding_for_ever_saturates() {
    let start = Instant::now();
    assert_eq!(start.saturating_add(SECOND), start + SECOND);
    let never = start.saturating_add(Duration::MAX);
    assert!(never >= start + 100 * YEAR);
    // Once more from there still gives a moment, and none before it.
    assert!(never.saturating_add(Duration::MAX) >= never);
}

#[test]
fn the_earliest_deadline_holds() {
    let start = Instant::now();
    let at = |seconds: u32| start + seconds * SECOND;
    assert_eq!(current_deadline(), None);
    let outer = enter_deadline(Some(at(5)));
    assert_eq!((outer.enclosing(), current_deadline()), (None, Some(at(5))));
    {
        let inner = enter_deadline(Some(at(3)));
        assert_eq!(
            (inner.enclosing(), current_deadline()),
            (Some(at(5)), Some(at(3)))
        );
        let later = enter_deadline(Some(at(9)));
        assert_eq!(
            (later.enclosing(), current_deadline()),
            (Some(at(3)), Some(at(3)))
        );
        let none = enter_deadline(None);
        assert_eq!(
            (none.enclosing(), current_deadline()),
            (Some(at(3)), Some(at(3)))
        );
    }
    assert_eq!(current_deadline(), Some(at(5)));
    // Put back by a panic, too.
    panic_of(|| {
        let _guard = enter_deadline(Some(at(1)));
        panic!("inside")
    });
    assert_eq!(current_deadline(), Some(at(5)));
    drop(outer);
    assert_eq!(current_deadline(), None);
}

/// A child of a group is inside of the group's timeouts; a task is not inside of those of whoever happens to poll it.
#[test]
fn deadlines_reach_children_and_not_tasks() {
    let deadline = Some(Instant::now() + SECOND);
    let _guard = enter_deadline(deadline);
    let mut cx = Context::from_waker(Waker::noop());
    let child = pin!(Scoped::new(TaskContext::child(None), async {
        current_deadline()
    }));
    assert_eq!(child.poll_child(&mut cx), Poll::Ready(deadline));
    let task = pin!(Scoped::new(TaskContext::child(None), async {
        current_deadline()
    }));
    assert_eq!(task.poll(&mut cx), Poll::Ready(None));
    assert_eq!(current_deadline(), deadline);
}
