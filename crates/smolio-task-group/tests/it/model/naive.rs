//! A naive group: it polls all it has, in the order of spawning, each time that it is polled. No ready queue, no seats, no
//! wakers of its own.

use std::{
    any::Any,
    future::{Future, poll_fn},
    mem,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, Weak},
    task::{Context, Poll, Waker},
};

use smolio_context::{
    CleanUp, Unhandled, clean_up_later, collect, report_shield, report_unhandled, watch_shields,
};
use smolio_task_group::ChildError;

use super::{
    program::Actor,
    world::{Boxed, End, Fail, Kind},
};

type Payload = Box<dyn Any + Send>;
type Future1 = Boxed<Result<Actor, Fail>>;

/// What the group's handle and its spawners share.
struct Door {
    limit: usize,
    state: Mutex<DoorState>,
}

#[derive(Default)]
struct DoorState {
    refuses: bool,
    is_closed: bool,
    is_cancelled: bool,
    new: Vec<Member>,
    /// All that want to look again when anything happens.
    wakers: Vec<Waker>,
}

impl Door {
    fn lock(&self) -> MutexGuard<'_, DoorState> {
        self.state.lock().unwrap()
    }

    fn wake_all(&self) {
        let wakers = mem::take(&mut self.lock().wakers);
        wakers.into_iter().for_each(Waker::wake);
    }
}

struct Member {
    future: Option<Future1>,
    handle: Arc<Handle>,
    is_admitted: bool,
    is_shielded: bool,
}

/// What a child and whoever holds its handle share.
pub(super) struct Handle {
    door: Weak<Door>,
    state: Mutex<HandleState>,
}

#[derive(Default)]
struct HandleState {
    is_cancelled: bool,
    outcome: Option<Result<Actor, (ChildError, WithGroup)>>,
    waker: Option<Waker>,
}

type WithGroup = bool;

impl Handle {
    fn settle(&self, outcome: Result<Actor, (ChildError, WithGroup)>) {
        let mut state = self.state.lock().unwrap();
        if state.outcome.is_none() {
            state.outcome = Some(outcome);
        }
        let waker = state.waker.take();
        drop(state);
        waker.into_iter().for_each(Waker::wake);
    }

    fn poll(&self, cx: &Context<'_>) -> Poll<Result<Actor, (ChildError, WithGroup)>> {
        let mut state = self.state.lock().unwrap();
        match state.outcome {
            Some(outcome) => Poll::Ready(outcome),
            None => {
                state.waker = Some(cx.waker().clone());
                Poll::Pending
            }
        }
    }
}

#[derive(Clone)]
pub(super) struct NaiveSpawner(Weak<Door>);

pub(super) struct Naive(Arc<Door>);

impl Kind for Naive {
    type Spawner = NaiveSpawner;
    type Child = Arc<Handle>;

    fn new(limit: usize) -> Self {
        Self(Arc::new(Door {
            limit,
            state: Mutex::default(),
        }))
    }

    fn spawner(&self) -> NaiveSpawner {
        NaiveSpawner(Arc::downgrade(&self.0))
    }

    fn spawn(spawner: &NaiveSpawner, future: Future1) -> Arc<Handle> {
        let handle = Arc::new(Handle {
            door: spawner.0.clone(),
            state: Mutex::default(),
        });
        let member = Member {
            future: Some(future),
            handle: handle.clone(),
            is_admitted: false,
            is_shielded: false,
        };
        let door = spawner.0.upgrade();
        let refused_by = match &door {
            Some(door) => {
                let mut state = door.lock();
                if state.refuses {
                    Some((member, state.is_closed))
                } else {
                    state.new.push(member);
                    None
                }
            }
            None => Some((member, true)),
        };
        if let Some((member, is_closed)) = refused_by {
            handle.settle(Err((ChildError::Refused, true)));
            drop(member);
            if is_closed {
                let what = "a child that was spawned into a task group that had ended";
                report_unhandled(Unhandled::given_up(None, what));
            }
        }
        door.iter().for_each(|door| door.wake_all());
        handle
    }

    fn cancel(spawner: &NaiveSpawner) {
        if let Some(door) = spawner.0.upgrade() {
            let mut state = door.lock();
            // A group that is ending already is not cancelled.
            if !state.refuses {
                state.refuses = true;
                state.is_cancelled = true;
            }
            drop(state);
            door.wake_all();
        }
    }

    fn cancel_child(child: &Arc<Handle>) {
        child.state.lock().unwrap().is_cancelled = true;
        if let Some(door) = child.door.upgrade() {
            door.wake_all();
        }
    }

    fn wait(child: Arc<Handle>) -> Boxed<Actor> {
        Box::pin(poll_fn(move |cx| {
            let (why, with_group) = match child.poll(cx) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Ok(value)) => return Poll::Ready(value),
                Poll::Ready(Err(gone)) => gone,
            };
            if let (true, Some(door)) = (with_group, child.door.upgrade()) {
                let mut state = door.lock();
                if !state.is_closed {
                    state.wakers.push(cx.waker().clone());
                    return Poll::Pending;
                }
            }
            panic!("awaited {why}; `join()` gives this as an error")
        }))
    }

    fn join(child: Arc<Handle>) -> Boxed<Result<Actor, ChildError>> {
        Box::pin(poll_fn(move |cx| {
            child
                .poll(cx)
                .map(|outcome| outcome.map_err(|(why, _)| why))
        }))
    }

    fn run(self, body: Future1) -> Boxed<End> {
        Box::pin(Run {
            door: self.0,
            body: Some(body),
            is_body_shielded: false,
            members: Vec::new(),
            clean_ups: Vec::new(),
            value: None,
            failures: Vec::new(),
            failure_of_body: None,
            panic: None,
            is_ending: false,
            is_over: false,
        })
    }
}

struct Run {
    door: Arc<Door>,
    body: Option<Future1>,
    is_body_shielded: bool,
    members: Vec<Member>,
    clean_ups: Vec<CleanUp>,
    value: Option<Actor>,
    failures: Vec<Fail>,
    failure_of_body: Option<Fail>,
    panic: Option<Payload>,
    is_ending: bool,
    is_over: bool,
}

impl Future for Run {
    type Output = End;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<End> {
        let this = &mut *self;
        // Whoever is woken or comes in the middle of a poll is polled in it: after it all may be dropped by a group around.
        loop {
            let (changed, left) = collect(|| this.round(cx));
            let changed = changed.expect("all panics are caught one by one") || !left.is_empty();
            this.clean_ups.extend(left);
            if !changed && this.door.lock().new.is_empty() {
                break;
            }
        }
        let mut door = this.door.lock();
        door.wakers.push(cx.waker().clone());
        let nobody = this.body.is_none() && this.members.is_empty() && this.clean_ups.is_empty();
        if nobody && door.new.is_empty() && (!door.is_cancelled || this.is_ending) {
            door.refuses = true;
            door.is_closed = true;
            let is_cancelled = door.is_cancelled;
            drop(door);
            this.is_over = true;
            return Poll::Ready(this.finish(is_cancelled));
        }
        drop(door);
        if this.is_body_shielded || this.members.iter().any(|member| member.is_shielded) {
            report_shield();
        }
        Poll::Pending
    }
}

impl Run {
    /// Polls everybody once. Whether anything has changed.
    fn round(&mut self, cx: &mut Context<'_>) -> bool {
        let mut changed = self.end_if_due();
        changed |= self.poll_body(cx);
        changed |= self.end_if_due();
        let new = mem::take(&mut self.door.lock().new);
        self.members.extend(new);
        for index in 0..self.members.len() {
            changed |= self.poll_member(index, cx);
            changed |= self.end_if_due();
        }
        self.members.retain(|member| member.future.is_some());
        let mut index = 0;
        while index < self.clean_ups.len() {
            match catch_unwind(AssertUnwindSafe(|| {
                Pin::new(&mut self.clean_ups[index]).poll(cx)
            })) {
                Ok(Poll::Pending) => index += 1,
                Ok(Poll::Ready(())) => drop(self.clean_ups.remove(index)),
                Err(payload) => {
                    drop(self.clean_ups.remove(index));
                    self.panicked(payload);
                }
            }
        }
        changed | self.end_if_due()
    }

    fn poll_body(&mut self, cx: &mut Context<'_>) -> bool {
        let Some(body) = &mut self.body else {
            return false;
        };
        let poll = || catch_unwind(AssertUnwindSafe(|| body.as_mut().poll(cx)));
        let (result, is_shielded) = watch_shields(poll);
        self.is_body_shielded = is_shielded;
        match result {
            Ok(Poll::Pending) if self.is_ending && !is_shielded => {}
            Ok(Poll::Pending) => return false,
            Ok(Poll::Ready(Ok(value))) => self.value = Some(value),
            Ok(Poll::Ready(Err(fail))) => self.failure_of_body = Some(fail),
            Err(payload) => self.panicked(payload),
        }
        self.is_body_shielded = false;
        let body = self.body.take();
        self.dropping(|| drop(body));
        true
    }

    fn poll_member(&mut self, index: usize, cx: &mut Context<'_>) -> bool {
        let admitted = self
            .members
            .iter()
            .filter(|one| one.is_admitted && one.future.is_some());
        let has_place = admitted.count() < self.door.limit;
        let member = &mut self.members[index];
        let Some(future) = &mut member.future else {
            return false;
        };
        let handle = member.handle.clone();
        let is_cancelled = || handle.state.lock().unwrap().is_cancelled;
        if is_cancelled() && !member.is_shielded {
            self.let_go(index, Err((ChildError::Cancelled, false)));
            return true;
        }
        if !member.is_admitted && !has_place {
            return false;
        }
        member.is_admitted = true;
        let poll = || catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(cx)));
        let (result, is_shielded) = watch_shields(poll);
        member.is_shielded = is_shielded;
        let outcome = match result {
            Ok(Poll::Pending) if is_shielded => return false,
            Ok(Poll::Pending) if is_cancelled() => Err((ChildError::Cancelled, false)),
            Ok(Poll::Pending) if self.is_ending => Err((ChildError::Cancelled, true)),
            Ok(Poll::Pending) => return false,
            Ok(Poll::Ready(Ok(value))) => Ok(value),
            Ok(Poll::Ready(Err(fail))) => {
                self.failures.push(fail);
                Err((ChildError::Failed, true))
            }
            Err(payload) => {
                self.panicked(payload);
                Err((ChildError::Panicked, true))
            }
        };
        self.let_go(index, outcome);
        true
    }

    fn let_go(&mut self, index: usize, outcome: Result<Actor, (ChildError, WithGroup)>) {
        let member = &mut self.members[index];
        member.is_shielded = false;
        let (future, handle) = (member.future.take(), member.handle.clone());
        self.dropping(|| drop(future));
        handle.settle(outcome);
    }

    /// Something has happened after which the others are not wanted: drops all that can be dropped.
    fn end_if_due(&mut self) -> bool {
        let is_cancelled = self.door.lock().is_cancelled;
        let has_failed = !self.failures.is_empty() || self.failure_of_body.is_some();
        if self.is_ending || !(is_cancelled || has_failed || self.panic.is_some()) {
            return false;
        }
        self.is_ending = true;
        self.drop_all(false);
        true
    }

    fn drop_all(&mut self, even_shielded: bool) {
        let mut door = self.door.lock();
        door.refuses = true;
        let new = mem::take(&mut door.new);
        drop(door);
        self.members.extend(new);
        if even_shielded || !self.is_body_shielded {
            let body = self.body.take();
            self.dropping(|| drop(body));
        }
        for index in (0..self.members.len()).rev() {
            let member = &self.members[index];
            if member.future.is_some() && (even_shielded || !member.is_shielded) {
                self.let_go(index, Err((ChildError::Cancelled, true)));
            }
        }
    }

    fn dropping(&mut self, drop_it: impl FnOnce()) {
        if let Err(payload) = catch_unwind(AssertUnwindSafe(drop_it)) {
            self.panicked(payload);
        }
    }

    fn panicked(&mut self, payload: Payload) {
        if self.panic.is_none() {
            self.panic = Some(payload);
        } else {
            report_unhandled(Unhandled::panic(None, &*payload));
        }
    }

    fn take_failures(&mut self) -> Vec<Fail> {
        let mut failures = mem::take(&mut self.failures);
        failures.extend(self.failure_of_body.take());
        failures
    }

    fn report_failures(&mut self) {
        for fail in self.take_failures() {
            report_unhandled(Unhandled::error(None, fail));
        }
    }

    fn finish(&mut self, is_cancelled: bool) -> End {
        self.door.wake_all();
        if let Some(payload) = self.panic.take() {
            self.report_failures();
            resume_unwind(payload);
        }
        let failures = self.take_failures();
        match self.value {
            _ if !failures.is_empty() => End::Failures(failures),
            Some(value) if !is_cancelled => End::Value(value),
            _ => End::Cancelled,
        }
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        if self.is_over {
            return;
        }
        self.drop_all(true);
        for clean_up in mem::take(&mut self.clean_ups) {
            clean_up_later(clean_up);
        }
        self.report_failures();
        if let Some(payload) = self.panic.take() {
            report_unhandled(Unhandled::panic(None, &*payload));
        }
        self.door.lock().is_closed = true;
        self.door.wake_all();
    }
}
