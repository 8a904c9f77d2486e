//! What a group's handle, its spawners and its run share: the door through which children come in.
//!
//! | phase | spawn | cancel |
//! |---|---|---|
//! | open: before the run, and in it | accepted | goes over to graceful or ending |
//! | graceful: cancelled, in its grace period | refused | ends the grace |
//! | ending: body and children are being dropped | refused | nothing |
//! | closed: `run` has returned, or was dropped | refused, and told to the hook | nothing |

use std::{
    fmt, mem,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    task::{Poll, Waker},
    thread,
};

use smolio_context::{
    TaskInfo, Unhandled, current_task, is_collecting, is_debug, report_unhandled, warn_of_task,
};

use crate::{
    CancelToken,
    cell::{Answer, NodeRef, Slab},
    error::report_panic,
    ready::Ready,
    supervision::Supervision,
    waiters::{Ticket, Waiters, wake},
};

pub(crate) struct Core<C, E> {
    ready: Arc<Ready>,
    /// Wakes the run to look at `request`.
    control: NodeRef,
    /// There is a request that the run has not seen. Looked at after each poll of a child.
    is_urgent: AtomicBool,
    inbox: Mutex<Inbox<C>>,
    /// There for a supervisor only.
    supervision: Option<Supervision<E>>,
}

/// The seat of the group's body.
pub(crate) const BODY: u32 = 0;
/// The seat of the group's grace period, and of its wishes.
pub(crate) const CONTROL: u32 = 1;
const FIRST_CHILD: u32 = 2;

struct Inbox<C> {
    /// For reports.
    name: Option<Box<str>>,
    phase: Phase,
    has_run: bool,
    new: Vec<NewChild<C>>,
    /// Where children lie.
    slab: Slab,
    /// Seats whose children have ended, to be taken again.
    free: Vec<u32>,
    seats: u32,
    spawned: u64,
    alive: usize,
    limit: usize,
    waiting_for_place: Waiters,
    request: Option<Request<C>>,
    token: Option<CancelToken>,
    /// The first child that was spawned in debug mode.
    first: Option<TaskInfo>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Phase {
    Open,
    Graceful,
    Ending,
    Closed,
}

/// A child on its way into the run.
pub(crate) struct NewChild<C> {
    pub(crate) seat: u32,
    /// How many were spawned before it.
    pub(crate) order: u64,
    pub(crate) child: C,
}

/// What somebody wants of the run.
pub(crate) enum Request<C> {
    Cancel,
    CancelAfter(C),
}

impl<C, E> Core<C, E> {
    pub(crate) fn new(supervision: Option<Supervision<E>>) -> Arc<Self> {
        let ready = Ready::new();
        let inbox = Inbox {
            name: None,
            phase: Phase::Open,
            has_run: false,
            new: Vec::new(),
            slab: Slab::default(),
            free: Vec::new(),
            seats: FIRST_CHILD,
            spawned: 0,
            alive: 0,
            limit: usize::MAX,
            waiting_for_place: Waiters::default(),
            request: None,
            token: None,
            first: None,
        };
        let control = NodeRef::new(ready.clone());
        control.take_seat(CONTROL);
        Arc::new(Self {
            control,
            is_urgent: AtomicBool::new(false),
            ready,
            inbox: Mutex::new(inbox),
            supervision,
        })
    }

    pub(crate) fn ready(&self) -> &Arc<Ready> {
        &self.ready
    }

    pub(crate) fn control(&self) -> &NodeRef {
        &self.control
    }

    pub(crate) fn supervision(&self) -> Option<&Supervision<E>> {
        self.supervision.as_ref()
    }

    fn lock(&self) -> MutexGuard<'_, Inbox<C>> {
        self.inbox.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the child in that `make` gives, or refuses it, and then `make` is not called.
    // The child is made where it is to stay, and not handed on: see `Slab::child`.
    #[inline(always)]
    pub(crate) fn accept<T>(
        &self,
        make: impl FnOnce(&Arc<Ready>, &mut Slab) -> (C, Answer<T>),
    ) -> Option<Answer<T>> {
        let mut inbox = self.lock();
        if inbox.phase != Phase::Open {
            return None;
        }
        let (child, answer) = make(&self.ready, &mut inbox.slab);
        let seat = inbox.take_seat();
        answer.node().take_seat(seat);
        let order = inbox.spawned;
        inbox.spawned += 1;
        inbox.alive += 1;
        inbox.new.push(NewChild { seat, order, child });
        drop(inbox);
        answer.node().schedule();
        Some(answer)
    }

    /// In debug mode: a child is about to be let in.
    #[cold]
    pub(crate) fn note(&self, child: &TaskInfo) {
        self.lock().first.get_or_insert_with(|| child.clone());
    }

    /// A child was refused and nobody holds an error of it: that is no news while the group is ending, but a mistake after.
    pub(crate) fn tell_refused(&self) {
        if self.lock().phase == Phase::Closed {
            tell_late();
        }
    }

    // --- what the run does ---

    /// Whether this is the first run; it is closed to any other.
    pub(crate) fn begin_run(&self) -> bool {
        !mem::replace(&mut self.lock().has_run, true)
    }

    pub(crate) fn limit(&self) -> usize {
        self.lock().limit
    }

    #[track_caller]
    pub(crate) fn set_name(&self, name: &str) {
        self.lock().name = Some(name.into());
    }

    /// What this is, for reports: `TaskGroup "fetch"`.
    pub(crate) fn title(&self) -> String {
        let noun = match &self.supervision {
            Some(_) => "Supervisor",
            None => "TaskGroup",
        };
        match &self.lock().name {
            Some(name) => format!("{noun} {name:?}"),
            None => noun.to_owned(),
        }
    }

    pub(crate) fn set_limit(&self, limit: usize) {
        assert!(
            limit > 0,
            "the limit of a task group is at least one child at a time"
        );
        self.lock().limit = limit;
    }

    /// Puts those who have come in into `empty`, whose room the next ones take.
    pub(crate) fn take_new(&self, empty: &mut Vec<NewChild<C>>) {
        mem::swap(&mut self.lock().new, empty);
    }

    /// A seat for something that is no child: a clean-up.
    pub(crate) fn seat(&self) -> u32 {
        self.lock().take_seat()
    }

    /// Children have ended: their seats can be taken again, their places are free.
    pub(crate) fn release(&self, seats: &mut Vec<u32>, ended: usize) {
        let mut inbox = self.lock();
        inbox.alive -= ended;
        inbox.free.append(seats);
        let alive = inbox.alive;
        inbox.slab.trim(alive);
        let next = if ended > 0 {
            inbox.next_in_line()
        } else {
            None
        };
        let is_idle = inbox.alive == 0;
        drop(inbox);
        if let Some(waker) = next {
            wake(waker);
        }
        self.tell_readers(is_idle);
    }

    /// Whether no child is alive.
    pub(crate) fn is_idle(&self) -> bool {
        self.lock().alive == 0
    }

    pub(crate) fn take_request(&self) -> Option<Request<C>> {
        if !self.is_urgent.load(Ordering::Relaxed) {
            return None;
        }
        let mut inbox = self.lock();
        self.is_urgent.store(false, Ordering::Relaxed);
        inbox.request.take()
    }

    /// From now on nobody comes in. Gives those who had not been let in yet.
    pub(crate) fn begin_ending(&self) -> Vec<NewChild<C>> {
        self.go_to(Phase::Ending, self.lock())
    }

    /// The run has gone.
    pub(crate) fn close(&self) -> Vec<NewChild<C>> {
        let left = self.go_to(Phase::Closed, self.lock());
        self.ready.close();
        left
    }

    /// Closes the group, unless somebody has come meanwhile or wants something.
    pub(crate) fn try_close(&self) -> bool {
        let inbox = self.lock();
        if !inbox.new.is_empty() || inbox.request.is_some() {
            return false;
        }
        self.go_to(Phase::Closed, inbox);
        self.ready.close();
        true
    }

    fn go_to(&self, phase: Phase, mut inbox: MutexGuard<'_, Inbox<C>>) -> Vec<NewChild<C>> {
        inbox.phase = phase;
        let left = mem::take(&mut inbox.new);
        inbox.alive -= left.len();
        let request = inbox.request.take();
        // Also for those who ask only when it is over.
        let token = (phase == Phase::Ending).then(|| inbox.token().clone());
        let waiting = inbox.waiting_for_place.take_all();
        let is_idle = inbox.alive == 0;
        drop(inbox);
        drop(request);
        if let Some(token) = token {
            token.cancel();
        }
        waiting.for_each(wake);
        self.tell_readers(is_idle);
        left
    }

    /// Whoever waits for a failure is to hear that none is to come.
    fn tell_readers(&self, is_idle: bool) {
        if let (true, Some(supervision)) = (is_idle, &self.supervision) {
            supervision.wake_readers();
        }
    }

    // --- what the handles do ---

    /// Asks the run to drop everything, at once or after `grace`.
    pub(crate) fn cancel(&self, grace: Option<C>) {
        let mut inbox = self.lock();
        let request = match (inbox.phase, grace) {
            (Phase::Open, Some(grace)) => Request::CancelAfter(grace),
            (Phase::Open | Phase::Graceful, None) => Request::Cancel,
            (_, grace) => {
                drop(inbox);
                drop(grace);
                return;
            }
        };
        inbox.phase = Phase::Graceful;
        let before = inbox.request.replace(request);
        self.is_urgent.store(true, Ordering::Relaxed);
        let token = inbox.token().clone();
        let waiting = inbox.waiting_for_place.take_all();
        drop(inbox);
        self.control.schedule();
        token.cancel();
        waiting.for_each(wake);
        drop(before);
    }

    pub(crate) fn token(&self) -> CancelToken {
        self.lock().token().clone()
    }

    /// Waits until a child would start at once, or be refused.
    pub(crate) fn poll_place(&self, ticket: &mut Ticket, waker: &Waker) -> Poll<()> {
        let waker = waker.clone();
        let mut inbox = self.lock();
        let places = inbox.limit.saturating_sub(inbox.alive);
        if inbox.phase == Phase::Open && !inbox.waiting_for_place.is_among_first(places, *ticket) {
            let before = inbox.waiting_for_place.wait(ticket, waker);
            drop(inbox);
            drop(before);
            return Poll::Pending;
        }
        drop(inbox);
        self.leave_line(ticket);
        Poll::Ready(())
    }

    /// Leaves the line for a place, whether or not it is taken.
    pub(crate) fn leave_line(&self, ticket: &mut Ticket) {
        if ticket.is_none() {
            return;
        }
        let mut inbox = self.lock();
        let own = inbox.waiting_for_place.leave(ticket);
        let next = inbox.next_in_line();
        drop(inbox);
        if let Some(waker) = next {
            wake(waker);
        }
        drop(own);
    }

    pub(crate) fn stats(&self) -> TaskGroupStats {
        let inbox = self.lock();
        TaskGroupStats {
            alive: inbox.alive,
            spawned: inbox.spawned,
            is_open: inbox.phase == Phase::Open,
        }
    }
}

impl<C> Inbox<C> {
    fn token(&mut self) -> &CancelToken {
        self.token.get_or_insert_with(CancelToken::new)
    }

    fn take_seat(&mut self) -> u32 {
        if let Some(seat) = self.free.pop() {
            return seat;
        }
        let seat = self.seats;
        self.seats = seat.checked_add(1).expect("2^32 children at once");
        seat
    }

    /// In debug mode: the children of a group that nobody has run, and nobody has cancelled, were meant to run.
    #[cold]
    fn warn_of_never_run(&self) {
        let was_wanted = self.phase == Phase::Open && !self.has_run;
        let Some(first) = self.first.as_ref().filter(|_| was_wanted) else {
            return;
        };
        // Where a group ends, or a panic goes by, whatever was begun is meant to end.
        if !is_collecting() && !thread::panicking() {
            let what = "was spawned into a task group that was dropped without being run";
            warn_of_task(first, what, "`.await` the group's `run`");
        }
    }

    /// Who may take the last free place. Everybody in front of it has been woken before.
    fn next_in_line(&mut self) -> Option<Waker> {
        let places = self.limit.saturating_sub(self.alive);
        self.waiting_for_place.take_nth(places)
    }
}

impl<C, E> Drop for Core<C, E> {
    fn drop(&mut self) {
        let inbox = self.inbox.get_mut().unwrap_or_else(PoisonError::into_inner);
        if is_debug() {
            inbox.warn_of_never_run();
        }
        // The group was never run: last come, first gone, as in a run, and a panic of one is not the end of all.
        while let Some(last) = inbox.new.pop() {
            if let Err(payload) = catch_unwind(AssertUnwindSafe(|| drop(last))) {
                report_panic(None, payload);
            }
        }
        // Whoever awaits one of them from outside.
        self.ready.close();
    }
}

/// Somebody spawned into a group that is over, and has no error in hand.
pub(crate) fn tell_late() {
    report_unhandled(Unhandled::given_up(
        current_task(),
        "a child that was spawned into a task group that had ended",
    ));
}

/// What a group is up to, from [`TaskGroup::stats`](crate::TaskGroup::stats).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct TaskGroupStats {
    /// Children that were spawned and have not ended.
    pub alive: usize,
    /// Children that were spawned since the group was made.
    pub spawned: u64,
    /// Whether it takes more.
    pub is_open: bool,
}

impl<C, E> fmt::Debug for Core<C, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Only a short critical section of ours can hold the lock; but `Debug` must not wait even for that.
        let mut debug = f.debug_struct("TaskGroup");
        if let Ok(inbox) = self.inbox.try_lock() {
            debug
                .field("phase", &inbox.phase)
                .field("alive", &inbox.alive);
        }
        debug.finish_non_exhaustive()
    }
}
