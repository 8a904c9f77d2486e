//! The children of a group that is running: polling them, letting them go, and what is known of the end so far.
//!
//! | state | goes over to |
//! |---|---|
//! | running | ending: a failure, a panic, or the cancellation of the group |
//! | ending: all that can be dropped is gone; what is shielded and the clean-ups are polled on | over, when the last of these has gone |

use std::{
    any::Any,
    collections::BTreeMap,
    fmt,
    future::Future,
    mem,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    task::{Context, Poll},
};

use smolio_context::{CleanUp, TaskInfo, clean_up_later, watch_shields};

use crate::{
    ChildError, ChildPanic, Failure, SupervisedError,
    cell::NodeRef,
    child::Gone,
    core::{Core, NewChild},
    error::report_panic,
    seats::{Occupant, Seat, Seats},
    task::{AnyChild, ChildBox},
};

pub(crate) type Payload = Box<dyn Any + Send>;

/// A crowd that came once leaves no more room than this for those who come together.
const ROOM_KEPT: usize = 1024;

pub(crate) struct Members<C, E> {
    pub(crate) seats: Seats<C>,
    pub(crate) end: End<E>,
    /// Empty. Its room is used again, or every child that comes alone would need a list of its own.
    incoming: Vec<NewChild<C>>,
    limit: usize,
    /// Somebody waits for places or for the last child: each end is told to the core at once.
    is_counting: bool,
    /// How many children have been let in.
    admitted: usize,
    /// The seats of those who have not been let in, by how many were spawned before them.
    waiting_for_place: BTreeMap<u64, u32>,
    /// Seats of children that have ended, and how many these were.
    released: Vec<u32>,
    ended: usize,
    /// How many of the children have a shielded scope open.
    pub(crate) shielded: usize,
}

/// What is known of the group's end.
pub(crate) struct End<E> {
    /// Something has happened after which the others are not wanted any more. Looked at after each poll.
    pub(crate) is_due: bool,
    pub(crate) is_ending: bool,
    pub(crate) is_cancelled: bool,
    failures: Vec<Failure<E>>,
    failure_of_body: Option<Failure<E>>,
    /// The first panic; it resumes when all are gone.
    pub(crate) panic: Option<(Option<TaskInfo>, Payload)>,
}

impl<C: ChildBox<E>, E: fmt::Display> Members<C, E> {
    pub(crate) fn new() -> Self {
        Self {
            seats: Seats::new(),
            end: End::new(),
            incoming: Vec::new(),
            limit: usize::MAX,
            is_counting: false,
            admitted: 0,
            waiting_for_place: BTreeMap::new(),
            released: Vec::new(),
            ended: 0,
            shielded: 0,
        }
    }

    pub(crate) fn begin(&mut self, core: &Core<C, E>) {
        self.limit = core.limit();
        self.is_counting = self.limit != usize::MAX || core.supervision().is_some();
    }

    /// Gives a seat to each of those who have come in.
    fn adopt(&mut self, core: &Core<C, E>) {
        core.take_new(&mut self.incoming);
        self.seats.reserve(self.incoming.len());
        for NewChild { seat, order, child } in self.incoming.drain(..) {
            self.seats.seat(seat, || Occupant::Child { child, order });
        }
        self.incoming.shrink_to(ROOM_KEPT);
    }

    /// Whether all have ended, also those who have just come in.
    pub(crate) fn is_empty(&mut self, core: &Core<C, E>) -> bool {
        if self.seats.is_empty() {
            self.adopt(core);
        }
        self.seats.is_empty()
    }

    /// Takes in what the drop of a child left to be waited for.
    pub(crate) fn take_in(&mut self, core: &Core<C, E>, clean_ups: Vec<CleanUp>) {
        for clean_up in clean_ups {
            let node = NodeRef::new(core.ready().clone());
            let seat = core.seat();
            node.take_seat(seat);
            node.schedule();
            let clean_up = Box::new(clean_up);
            self.seats
                .seat(seat, || Occupant::CleanUp { clean_up, node });
        }
    }

    /// Polls whoever sits on `seat`, once, if that is what its wake was about.
    pub(crate) fn poll(&mut self, seat: u32, core: &Core<C, E>) {
        if self.seats.get(seat).is_none() {
            self.adopt(core);
        }
        let limit = self.limit;
        let Some(taken) = self.seats.get(seat) else {
            return; // The wake of one who has gone.
        };
        let node = taken.occupant.node();
        if !node.take_wake() {
            return;
        }
        if node.is_cancelled() && !taken.is_shielded {
            return self.let_go(seat, Some(Gone::CANCELLED), core);
        }
        if let (Occupant::Child { order, .. }, false) = (&taken.occupant, taken.is_admitted) {
            if self.admitted >= limit {
                self.waiting_for_place.insert(*order, seat);
                return;
            }
            taken.is_admitted = true;
            self.admitted += 1;
        }
        let poll = || match &mut taken.occupant {
            Occupant::Child { child, .. } => {
                let (child, waker) = child.parts();
                child.poll(&mut Context::from_waker(&waker))
            }
            Occupant::CleanUp { clean_up, node } => {
                let waker = node.waker();
                let mut cx = Context::from_waker(&waker);
                Pin::new(&mut **clean_up).poll(&mut cx).map(Ok)
            }
        };
        let (result, is_shielded) = watch_shields(|| catch_unwind(AssertUnwindSafe(poll)));
        match result {
            Ok(Poll::Pending) => self.stay(seat, is_shielded, core),
            Ok(Poll::Ready(Ok(()))) => self.let_go(seat, None, core),
            Ok(Poll::Ready(Err(error))) => self.fail(seat, Ok(error), core),
            Err(payload) => self.fail(seat, Err(payload), core),
        }
    }

    /// It is pending: so it stays, unless it is not wanted any more and has only been waited for because of a shield.
    fn stay(&mut self, seat: u32, is_shielded: bool, core: &Core<C, E>) {
        let Some(taken) = self.seats.get(seat) else {
            return;
        };
        let was_shielded = mem::replace(&mut taken.is_shielded, is_shielded);
        let is_child = matches!(taken.occupant, Occupant::Child { .. });
        let is_cancelled = taken.occupant.node().is_cancelled();
        self.shielded += usize::from(is_shielded);
        self.shielded -= usize::from(was_shielded);
        if !is_child || is_shielded {
            return;
        }
        if is_cancelled {
            self.let_go(seat, Some(Gone::CANCELLED), core);
        } else if self.end.is_ending {
            self.let_go(seat, None, core);
        }
    }

    /// A child has failed or panicked: that is the end of the group, or news for the supervisor.
    fn fail(&mut self, seat: u32, cause: Result<E, Payload>, core: &Core<C, E>) {
        let info = self.info(seat);
        let gone = Gone {
            why: match &cause {
                Ok(_) => ChildError::Failed,
                Err(_) => ChildError::Panicked,
            },
            with_group: core.supervision().is_none(),
        };
        match (cause, info) {
            (Ok(error), Some(info)) => match core.supervision() {
                Some(supervision) => supervision
                    .keep_or_report(Failure::of_child(info, SupervisedError::Failed(error))),
                None => self.end.failed(Failure::of_child(info, error)),
            },
            // A clean-up gives no errors.
            (Ok(_), None) => {}
            (Err(payload), info) => self.panicked(info, payload, core),
        }
        self.let_go(seat, Some(gone), core);
    }

    /// A child, or what it left, has panicked.
    fn panicked(&mut self, info: Option<TaskInfo>, payload: Payload, core: &Core<C, E>) {
        match (core.supervision(), info) {
            (Some(supervision), Some(info)) => {
                let error = SupervisedError::Panicked(ChildPanic::new(payload));
                supervision.keep_or_report(Failure::of_child(info, error));
            }
            // A clean-up: nobody supervises it, and it must not cancel anybody either.
            (Some(_), None) => report_panic(None, payload),
            (None, info) => self.end.panicked(info, payload),
        }
    }

    fn info(&mut self, seat: u32) -> Option<TaskInfo> {
        match &self.seats.get(seat)?.occupant {
            Occupant::Child { child, .. } => Some(child.info().clone()),
            Occupant::CleanUp { .. } => None,
        }
    }

    /// Frees a seat: drops whoever sits there, after telling its handle why.
    ///
    /// What the drop leaves to be waited for goes to the collector that is in place around each turn of the group.
    fn let_go(&mut self, seat: u32, gone: Option<Gone>, core: &Core<C, E>) {
        let Some(leaving) = self.seats.get(seat) else {
            return;
        };
        let is_admitted = leaving.is_admitted;
        self.shielded -= usize::from(leaving.is_shielded);
        if let Occupant::Child { order, .. } = leaving.occupant {
            self.ended += 1;
            if is_admitted {
                self.free_place();
            } else {
                self.waiting_for_place.remove(&order);
            }
        }
        self.released.push(seat);
        self.vacate(seat, gone, core);
        if self.is_counting {
            self.release(core);
        }
    }

    /// Drops whoever sits there, where he sits.
    fn vacate(&mut self, seat: u32, gone: Option<Gone>, core: &Core<C, E>) {
        let info = self.info(seat);
        let seats = &mut self.seats;
        let dropping = catch_unwind(AssertUnwindSafe(|| {
            seats.vacate(seat, |occupant| {
                if let (Occupant::Child { child, .. }, Some(gone)) = (occupant, gone) {
                    child.parts().0.end(gone);
                }
            });
        }));
        if let Err(payload) = dropping {
            self.panicked(info, payload, core);
        }
    }

    /// The place goes to whoever has waited longest for one, before anybody new can take it.
    fn free_place(&mut self) {
        self.admitted -= 1;
        let Some((_, next)) = self.waiting_for_place.pop_first() else {
            return;
        };
        if let Some(Seat {
            occupant: Occupant::Child { child, .. },
            is_admitted,
            ..
        }) = self.seats.get(next)
        {
            *is_admitted = true;
            self.admitted += 1;
            child.node().schedule();
        }
    }

    /// Drops a child that had no seat yet.
    fn drop_late(&mut self, child: C, core: &Core<C, E>) {
        let info = child.info().clone();
        if let Err(payload) = catch_unwind(AssertUnwindSafe(|| drop(child))) {
            self.panicked(Some(info), payload, core);
        }
    }

    /// Hands the seats and places of those who have ended back to the core.
    pub(crate) fn release(&mut self, core: &Core<C, E>) {
        if !self.released.is_empty() {
            core.release(&mut self.released, mem::take(&mut self.ended));
        }
    }

    /// Drops the children, last spawned first; those that have a shield open only if `even_shielded`.
    pub(crate) fn drop_children(
        &mut self,
        late: Vec<NewChild<C>>,
        even_shielded: bool,
        core: &Core<C, E>,
    ) {
        // Not let in yet, and so spawned last.
        for NewChild { child, .. } in late.into_iter().rev() {
            self.drop_late(child, core);
        }
        let wanted = |seat: &Seat<C>| even_shielded || !seat.is_shielded;
        for seat in self.seats.children_in_reverse(wanted) {
            self.let_go(seat, None, core);
        }
    }

    /// The clean-ups that are still going on are for somebody else to wait for.
    pub(crate) fn hand_on_clean_ups(&mut self) {
        for occupant in self.seats.take_all() {
            if let Occupant::CleanUp { clean_up, .. } = occupant {
                clean_up_later(*clean_up);
            }
        }
    }
}

impl<E: fmt::Display> End<E> {
    fn new() -> Self {
        Self {
            is_due: false,
            is_ending: false,
            is_cancelled: false,
            failures: Vec::new(),
            failure_of_body: None,
            panic: None,
        }
    }

    pub(crate) fn cancelled(&mut self) {
        self.is_due = true;
        self.is_cancelled = true;
    }

    fn failed(&mut self, failure: Failure<E>) {
        self.is_due = true;
        self.failures.push(failure);
    }

    pub(crate) fn body_failed(&mut self, failure: Failure<E>) {
        self.is_due = true;
        self.failure_of_body = Some(failure);
    }

    /// The first panic is kept, the others are told to the hook.
    pub(crate) fn panicked(&mut self, task: Option<TaskInfo>, payload: Payload) {
        self.is_due = true;
        if self.panic.is_none() {
            self.panic = Some((task, payload));
        } else {
            report_panic(task, payload);
        }
    }

    /// All failures, the body's last.
    pub(crate) fn take_failures(&mut self) -> Vec<Failure<E>> {
        let mut failures = mem::take(&mut self.failures);
        failures.extend(self.failure_of_body.take());
        failures
    }

    /// Nobody will see these any more.
    pub(crate) fn report_failures(&mut self) {
        self.take_failures().into_iter().for_each(Failure::report);
    }
}
