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
    ready::{Node, Ready, Turn},
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
    seats: Vec<Seat<F>>,
    /// The seat that was left last, if it has not been taken again.
    free: Option<u32>,
    taken: usize,
    /// How many more may be let in during this poll of the set.
    admissions_left: usize,
    /// How many have a shielded scope open.
    shielded: usize,
}

enum Seat<F> {
    Taken(Member<F>),
    Free {
        /// The seat that was left before this one.
        next: Option<u32>,
    },
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
                free: None,
                taken: 0,
                admissions_left: 0,
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
        let queue = &mut self.queue;
        self.members
            .insert(index, future, |node| node.queue_in(queue));
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
        let mut polls_left = POLLS_PER_TURN;
        // Whoever is let in is to be polled, so more than the polls would only lie there. One more, because whoever lets them
        // in learns from it whether there are more.
        self.members.admissions_left = POLLS_PER_TURN + 1;
        admit(&mut self.members);
        while self.members.len() > 0 {
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
        self.taken
    }

    /// Whether another one may be let in during this poll of the set.
    pub(crate) fn may_admit(&self) -> bool {
        self.admissions_left > 0
    }

    /// Takes a future in while the set is being polled.
    pub(crate) fn admit(&mut self, index: usize, future: F) {
        self.admissions_left -= 1;
        self.insert(index, future, Node::schedule);
    }

    /// Gives the future a seat, and has `queue` see to its first poll.
    fn insert(&mut self, index: usize, future: F, queue: impl FnOnce(&Node)) {
        let cell = Owner::new(self.ready.clone(), future);
        let number = match self.free {
            Some(number) => number,
            None => u32::try_from(self.seats.len()).expect("2^32 futures at once"),
        };
        cell.node().take_seat(number);
        queue(cell.node());
        let taken = Seat::Taken(Member {
            cell,
            index,
            is_shielded: false,
        });
        self.taken += 1;
        match self.seats.get_mut(number as usize) {
            None => self.seats.push(taken),
            Some(seat) => {
                if let Seat::Free { next } = mem::replace(seat, taken) {
                    self.free = next;
                }
            }
        }
    }

    /// Polls whoever has the seat, if that is whom the wake was for. Whoever is ready leaves.
    #[inline]
    fn poll(&mut self, number: u32) -> Option<(Member<F>, F::Output)>
    where
        F: Future,
    {
        let seat = self.seats.get_mut(number as usize)?;
        let Seat::Taken(member) = seat else {
            return None; // The wake of one who has gone.
        };
        if !member.cell.node().take_wake() {
            return None; // Likewise, and somebody else has the seat.
        }
        let (future, waker) = member.cell.parts();
        let (poll, is_shielded) = watch_shields(|| future.poll(&mut Context::from_waker(&waker)));
        self.shielded -= usize::from(member.is_shielded);
        let Poll::Ready(output) = poll else {
            self.shielded += usize::from(is_shielded);
            member.is_shielded = is_shielded;
            return None;
        };
        self.taken -= 1;
        let next = self.free.replace(number);
        match mem::replace(seat, Seat::Free { next }) {
            Seat::Taken(member) => Some((member, output)),
            Seat::Free { .. } => None,
        }
    }

    /// All of them, in the order of their arrival.
    fn take_all(&mut self) -> Vec<Member<F>> {
        self.taken = 0;
        let seats = mem::take(&mut self.seats).into_iter();
        let members = seats.filter_map(|seat| match seat {
            Seat::Taken(member) => Some(member),
            Seat::Free { .. } => None,
        });
        let mut members: Vec<_> = members.collect();
        members.sort_unstable_by_key(|member| member.index);
        members
    }
}

impl<F> Drop for Set<F> {
    fn drop(&mut self) {
        // First, so that they do not wake each other, nor the task.
        self.ready.close();
        let mut panic = FirstPanic::none();
        for member in self.members.take_all() {
            panic.catch(|| drop(member));
        }
        panic.resume();
    }
}
