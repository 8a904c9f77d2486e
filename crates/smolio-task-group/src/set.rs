//! A set of futures of one type, of which only those are polled that were woken: the engine of `gather`, `race`,
//! `as_completed` and `wait`.
//!
//! A wake costs one poll, however many members there are. A member is freed when it is ready. Members are no tasks: they
//! share the identity, the variables, the deadlines and the budget of whoever polls the set.

use std::{
    collections::VecDeque,
    future::Future,
    mem,
    ops::ControlFlow,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    task::{Context, Poll},
    thread,
};

use smolio_context::{report_shield, watch_shields};

use crate::{
    cell::Owner,
    panics::FirstPanic,
    ready::{Ready, Turn},
};

/// How many polls of members go into one poll of the set, before the task that it is in lets others run; as in a group.
const POLLS_PER_TURN: usize = 64;

/// When it is dropped its members are, first in first.
pub(crate) struct Set<F> {
    ready: Arc<Ready>,
    order: Order,
    /// What is ready, between two polls.
    queue: VecDeque<u32>,
    members: Members<F>,
}

/// Who is polled first among those that are ready.
pub(crate) enum Order {
    /// Whoever was woken first, or as the seed of a test has it.
    Wakes,
    /// Whoever came in first. In rounds, so that a member that wakes itself all the time does not keep the others out;
    /// what is left of this round, its last one first.
    Arrival { round: Vec<u32> },
}

/// Those that are not ready yet, by the number of their seat.
pub(crate) struct Members<F> {
    ready: Arc<Ready>,
    seats: Vec<Option<Member<F>>>,
    free: Vec<u32>,
    /// How many have a shielded scope open.
    shielded: usize,
}

struct Member<F> {
    cell: Owner<F>,
    /// What the set's owner calls it; in the order of arrival.
    index: usize,
    /// A shielded scope was open in it at the end of its last poll.
    is_shielded: bool,
}

impl<F> Set<F> {
    pub(crate) fn new(order: Order) -> Self {
        let ready = Ready::new();
        Self {
            members: Members {
                ready: ready.clone(),
                seats: Vec::new(),
                free: Vec::new(),
                shielded: 0,
            },
            ready,
            order,
            queue: VecDeque::new(),
        }
    }

    /// How many are not ready yet.
    pub(crate) fn len(&self) -> usize {
        self.members.len()
    }

    /// Takes a future in while the set is not being polled; it is polled with the set's next poll.
    pub(crate) fn insert(&mut self, index: usize, future: F) {
        let member = self.members.insert(index, future);
        member.cell.node().queue_in(&mut self.queue);
    }
}

impl<F: Future> Set<F> {
    /// Polls those that were woken. `admit` may let others in, before the first and after each that was ready; `done` is
    /// given what came of it.
    ///
    /// Ready, if `done` says so, or if there is nobody left. An error is a panic, of a member or one of the two: the set is
    /// to be dropped then.
    pub(crate) fn poll(
        &mut self,
        cx: &Context<'_>,
        admit: impl FnMut(&mut Members<F>),
        done: impl FnMut(usize, F::Output) -> ControlFlow<()>,
    ) -> thread::Result<Poll<()>> {
        let turn = || self.turn(cx, admit, done);
        // Once per turn and not per member: whoever it was, it is the end of all.
        let poll = catch_unwind(AssertUnwindSafe(turn))?;
        if poll.is_pending() && self.members.shielded > 0 {
            report_shield();
        }
        Ok(poll)
    }

    fn turn(
        &mut self,
        cx: &Context<'_>,
        mut admit: impl FnMut(&mut Members<F>),
        mut done: impl FnMut(usize, F::Output) -> ControlFlow<()>,
    ) -> Poll<()> {
        let turn = Turn::begin(&self.ready, &mut self.queue);
        admit(&mut self.members);
        let mut polls_left = POLLS_PER_TURN;
        while !self.members.is_empty() {
            if polls_left == 0 {
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            let Some(seat) = self.order.next(&turn) else {
                if turn.refill_or_park(cx.waker()) {
                    continue;
                }
                return Poll::Pending;
            };
            polls_left -= 1;
            if let Some((member, output)) = self.members.poll(seat) {
                let flow = done(member.index, output);
                drop(member);
                if flow.is_break() {
                    return Poll::Ready(());
                }
                admit(&mut self.members);
            }
        }
        Poll::Ready(())
    }
}

impl Order {
    #[inline]
    fn next(&mut self, turn: &Turn<'_>) -> Option<u32> {
        let Self::Arrival { round } = self else {
            return turn.next();
        };
        if round.is_empty() {
            round.extend(std::iter::from_fn(|| turn.next()));
            round.sort_unstable_by(|a, b| b.cmp(a));
        }
        round.pop()
    }
}

impl<F> Members<F> {
    pub(crate) fn len(&self) -> usize {
        self.seats.len() - self.free.len()
    }

    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Takes a future in while the set is being polled.
    pub(crate) fn admit(&mut self, index: usize, future: F) {
        self.insert(index, future).cell.node().schedule();
    }

    fn insert(&mut self, index: usize, future: F) -> &mut Member<F> {
        let cell = Owner::new(self.ready.clone(), future);
        let member = Member {
            cell,
            index,
            is_shielded: false,
        };
        let seat = self.free.pop().unwrap_or_else(|| {
            let seat = u32::try_from(self.seats.len()).expect("2^32 futures at once");
            self.seats.push(None);
            seat
        });
        member.cell.node().take_seat(seat);
        self.seats[seat as usize].insert(member)
    }

    /// Polls whoever sits on `seat`, if that is whom the wake was for. It leaves if it is ready.
    #[inline]
    fn poll(&mut self, seat: u32) -> Option<(Member<F>, F::Output)>
    where
        F: Future,
    {
        let place = self.seats.get_mut(seat as usize)?;
        let member = place.as_mut()?;
        if !member.cell.node().take_wake() {
            return None; // The wake of one who has gone.
        }
        let (future, waker) = member.cell.parts();
        let (poll, is_shielded) = watch_shields(|| future.poll(&mut Context::from_waker(&waker)));
        self.shielded -= usize::from(member.is_shielded);
        match poll {
            Poll::Pending => {
                self.shielded += usize::from(is_shielded);
                member.is_shielded = is_shielded;
                None
            }
            Poll::Ready(output) => {
                self.free.push(seat);
                place.take().map(|member| (member, output))
            }
        }
    }
}

impl<F> Drop for Set<F> {
    fn drop(&mut self) {
        // First, so that they do not wake each other, nor the task.
        self.ready.close();
        let seats = mem::take(&mut self.members.seats);
        let mut members: Vec<_> = seats.into_iter().flatten().collect();
        members.sort_by_key(|member| member.index);
        let mut panic = FirstPanic::none();
        for member in members {
            panic.catch(|| drop(member));
        }
        panic.resume();
    }
}
