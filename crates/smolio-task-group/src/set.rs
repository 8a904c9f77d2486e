//! A set of futures of one type, of which only those are polled that were woken: the engine of `gather`, `race`,
//! `as_completed` and `wait`.
//!
//! A wake costs one poll, however many members there are. A member is freed when it is ready. Members are no tasks: they
//! share the identity, the variables, the deadlines and the budget of whoever polls the set.

use std::{
    future::Future,
    mem,
    ops::ControlFlow,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    task::{Context, Poll},
    thread,
};

use smolio_context::{ShieldMark, report_shield};

use crate::{
    cell::Arena,
    panics::FirstPanic,
    queue::Queue,
    ready::{Ready, Turn},
};

/// How many polls of members go into one poll of the set, before the task that it is in lets others run; as in a group.
const POLLS_PER_TURN: usize = 64;

/// How many may be let in during one poll of the set, however many are ready already.
const FEWEST_ADMISSIONS: usize = 16;

/// When it is dropped its members are, first in first.
pub(crate) struct Set<F> {
    ready: Arc<Ready>,
    order: Order,
    /// What is ready, between two polls.
    queue: Queue,
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
    seats: Arena<F>,
    /// How many more may be let in during this poll of the set.
    admissions_left: usize,
    /// How many have a shielded scope open.
    shielded: usize,
}

impl<F> Set<F> {
    pub(crate) fn new(order: Order) -> Self {
        let ready = Ready::new();
        Self {
            members: Members {
                ready: ready.clone(),
                seats: Arena::new(ready.clone()),
                admissions_left: 0,
                shielded: 0,
            },
            ready,
            order,
            queue: Queue::default(),
        }
    }

    /// How many are not ready yet.
    pub(crate) fn len(&self) -> usize {
        self.members.len()
    }

    /// Takes a future in while the set is not being polled; it is polled with the set's next poll.
    pub(crate) fn insert(&mut self, index: usize, future: F) {
        let flags = self.members.seats.insert(index, future);
        flags.queue_in(&mut self.queue);
    }
}

impl<F: Future> Set<F> {
    /// Polls those that were woken. `admit` may [let others in](Members::admit), before the first and after each that was
    /// ready; `done` is given what came of it.
    ///
    /// Ready, if `done` says so, or if there is nobody left. An error is a panic, of a member or one of the two: the set is
    /// to be dropped then.
    pub(crate) fn poll(
        &mut self,
        cx: &Context<'_>,
        admit: impl FnMut(&mut Members<F>),
        done: impl FnMut(usize, F::Output) -> ControlFlow<()>,
    ) -> thread::Result<Poll<()>> {
        let Self {
            ready,
            order,
            queue,
            members,
        } = self;
        let mark = ShieldMark::now();
        let turn = || {
            ready.turn(queue, |turn| {
                polls(turn, order, members, mark, cx, admit, done)
            })
        };
        // Once per turn and not per member: whoever it was, it is the end of all.
        let poll = catch_unwind(AssertUnwindSafe(turn));
        // What a member has reported goes no further by itself, also if that one has panicked.
        mark.strike_off();
        let poll = poll?;
        if poll.is_pending() && self.members.shielded > 0 {
            report_shield();
        }
        Ok(poll)
    }
}

fn polls<F: Future>(
    turn: &Turn<'_>,
    order: &mut Order,
    members: &mut Members<F>,
    mark: ShieldMark,
    cx: &Context<'_>,
    mut admit: impl FnMut(&mut Members<F>),
    mut done: impl FnMut(usize, F::Output) -> ControlFlow<()>,
) -> Poll<()> {
    let mut polls_left = POLLS_PER_TURN;
    members.begin_turn(turn.len());
    let mut may_admit = true;
    loop {
        // In this one place, so that the compiler puts it here as a whole.
        if mem::take(&mut may_admit) {
            admit(members);
            if members.len() == 0 {
                return Poll::Ready(());
            }
        }
        if polls_left == 0 {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let Some(seat) = order.next(turn) else {
            if turn.refill_or_park(cx.waker()) {
                continue;
            }
            return Poll::Pending;
        };
        polls_left -= 1;
        let is_left = members.poll(seat, mark, &mut done);
        if let Some(flow) = is_left {
            if flow.is_break() {
                return Poll::Ready(());
            }
            may_admit = true;
        }
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
        self.seats.len()
    }

    /// A turn begins in which so many are ready already.
    fn begin_turn(&mut self, ready: usize) {
        // Whoever is let in is to be polled, so more than the polls would only lie there, and the more of them the longer.
        // One more, because whoever lets them in learns from it whether there are more. And a few in any case: those who
        // wake themselves all the time do not keep others out.
        let room = (POLLS_PER_TURN + 1).saturating_sub(ready);
        self.admissions_left = room.max(FEWEST_ADMISSIONS);
    }

    /// Whether another one may be let in during this poll of the set.
    #[inline]
    pub(crate) fn may_admit(&self) -> bool {
        self.admissions_left > 0
    }

    /// Takes a future in while the set is being polled.
    #[inline]
    pub(crate) fn admit(&mut self, index: usize, future: F) {
        self.admissions_left -= 1;
        self.seats.insert(index, future).schedule(&self.ready);
    }

    /// Polls whoever has the seat, if that is whom the wake was for. Whoever is ready leaves, after `done` was given what came
    /// of it. No shield has been reported since `mark`.
    #[inline]
    fn poll<R>(
        &mut self,
        number: u32,
        mark: ShieldMark,
        done: impl FnOnce(usize, F::Output) -> R,
    ) -> Option<R>
    where
        F: Future,
    {
        // If there is none, or not: the wake of one who has gone, and somebody else may have the seat.
        let mut member = self.seats.get(number)?;
        if !member.flags().take_wake() {
            return None;
        }
        let parts = member.parts();
        let poll = parts.future.poll(&mut Context::from_waker(&parts.waker));
        let is_shielded = mark.is_shielded();
        if is_shielded {
            mark.strike_off();
        }
        let is_shielded = is_shielded && poll.is_pending();
        if *parts.is_shielded != is_shielded {
            *parts.is_shielded = is_shielded;
            self.shielded = if is_shielded {
                self.shielded + 1
            } else {
                self.shielded - 1
            };
        }
        let Poll::Ready(output) = poll else {
            return None;
        };
        let result = done(parts.index, output);
        member.leave();
        Some(result)
    }
}

impl<F> Drop for Set<F> {
    fn drop(&mut self) {
        // First, so that they do not wake each other, nor the task.
        self.ready.close();
        let mut panic = FirstPanic::none();
        let seats = &mut self.members.seats;
        for number in seats.in_order() {
            if let Some(member) = seats.get(number) {
                panic.catch(|| member.leave());
            }
        }
        panic.resume();
    }
}
