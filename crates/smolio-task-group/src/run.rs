//! The run of a group: one future that polls the body and the children, and is done when all of them are gone.

use std::{
    fmt,
    future::Future,
    panic::{AssertUnwindSafe, Location, catch_unwind, resume_unwind},
    pin::Pin,
    task::{Context, Poll},
};

use pin_project_lite::pin_project;
use smolio_context::{collect, current_task, report_shield, waiting_for_children, watch_shields};

use crate::{
    Failure, TaskGroupError,
    cell::NodeRef,
    core::{BODY, CONTROL, Core, Request},
    error::report_panic,
    members::Members,
    queue::Queue,
    ready::Turn,
    task::{AnyChild, ChildBox},
};

/// How many polls of children go into one poll of the group, before the task that it is in lets others run.
const POLLS_PER_TURN: usize = 64;

pin_project! {
    /// The future of a group's `run`. It gives `None` when the group was cancelled.
    ///
    /// The body is dropped before the children: it may hold what they borrow only if that was declared before the group.
    pub(crate) struct Run<'g, C, E, B, R>
    where
        C: ChildBox<E>,
        E: fmt::Display,
        B: Future<Output = Result<R, E>>,
    {
        #[pin]
        body: Option<B>,
        group: Group<'g, C, E, R>,
        // What is ready, between two polls.
        queue: Queue,
    }

    impl<'g, C, E, B, R> PinnedDrop for Run<'g, C, E, B, R>
    where
        C: ChildBox<E>,
        E: fmt::Display,
        B: Future<Output = Result<R, E>>,
    {
        fn drop(this: Pin<&mut Self>) {
            let this = this.project();
            if this.group.has_begun && !this.group.is_over {
                this.group.abandon(this.body);
            }
        }
    }
}

/// All of the run but the body, which is pinned in place.
struct Group<'g, C, E, R> {
    core: &'g Core<C, E>,
    location: &'static Location<'static>,
    body_node: NodeRef,
    /// The future of the grace period, while there is one.
    grace: Option<C>,
    members: Members<C, E>,
    value: Option<R>,
    is_body_shielded: bool,
    has_begun: bool,
    is_over: bool,
}

/// Why a turn ended.
enum TurnEnd {
    /// Nothing is ready; the waker is in place.
    Parked,
    /// The share of polls is used up.
    Exhausted,
    /// Body, children and clean-ups are gone.
    Empty,
}

impl<'g, C, E, B, R> Run<'g, C, E, B, R>
where
    C: ChildBox<E>,
    E: fmt::Display,
    B: Future<Output = Result<R, E>>,
{
    pub(crate) fn new(core: &'g Core<C, E>, location: &'static Location<'static>, body: B) -> Self {
        let body_node = NodeRef::new(core.ready().clone());
        body_node.take_seat(BODY);
        Self {
            body: Some(body),
            group: Group {
                core,
                location,
                body_node,
                grace: None,
                members: Members::new(),
                value: None,
                is_body_shielded: false,
                has_begun: false,
                is_over: false,
            },
            queue: Queue::default(),
        }
    }
}

impl<C, E, B, R> Future for Run<'_, C, E, B, R>
where
    C: ChildBox<E>,
    E: fmt::Display,
    B: Future<Output = Result<R, E>>,
{
    type Output = Result<Option<R>, TaskGroupError<E>>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let group = this.group;
        if !group.has_begun && !group.begin(this.queue) {
            return Poll::Ready(Err(TaskGroupError::already_run()));
        }
        let mut polls_left = POLLS_PER_TURN;
        loop {
            let turn = || group.turn(this.body.as_mut(), this.queue, &mut polls_left, cx);
            let (end, clean_ups) = collect(turn);
            let has_clean_ups = !clean_ups.is_empty();
            group.members.take_in(group.core, clean_ups);
            match end {
                // Only a waker or an allocation can have panicked: children are caught one by one.
                Err(payload) => resume_unwind(payload),
                Ok(_) if has_clean_ups => continue,
                Ok(TurnEnd::Empty) if group.try_close() => return Poll::Ready(group.finish()),
                Ok(TurnEnd::Empty) => continue,
                Ok(TurnEnd::Parked) => {}
                Ok(TurnEnd::Exhausted) => cx.waker().wake_by_ref(),
            }
            group.say_what_is_waited_for();
            return Poll::Pending;
        }
    }
}

impl<C, E, R> Group<'_, C, E, R>
where
    C: ChildBox<E>,
    E: fmt::Display,
{
    /// Whether this is the first run of the group.
    fn begin(&mut self, queue: &mut Queue) -> bool {
        if !self.core.begin_run() {
            return false;
        }
        self.has_begun = true;
        self.members.begin(self.core);
        // In front of the children that were spawned before the run.
        self.body_node.queue_in(queue);
        true
    }

    /// Closes the door, unless somebody has just come in.
    fn try_close(&mut self) -> bool {
        self.is_over = self.core.try_close();
        self.is_over
    }

    fn turn<B>(
        &mut self,
        body: Pin<&mut Option<B>>,
        queue: &mut Queue,
        polls_left: &mut usize,
        cx: &Context<'_>,
    ) -> TurnEnd
    where
        B: Future<Output = Result<R, E>>,
    {
        let ready = self.core.ready();
        ready.turn(queue, |turn| self.polls(turn, body, polls_left, cx))
    }

    /// Polls whoever is ready until nobody is, or the share of polls is used up, or all are gone.
    fn polls<B>(
        &mut self,
        turn: &Turn<'_>,
        mut body: Pin<&mut Option<B>>,
        polls_left: &mut usize,
        cx: &Context<'_>,
    ) -> TurnEnd
    where
        B: Future<Output = Result<R, E>>,
    {
        loop {
            if let Some(request) = self.core.take_request() {
                self.grant(request);
            }
            if self.members.end.is_due && !self.members.end.is_ending {
                self.begin_ending(body.as_mut());
            }
            if body.is_none() && self.members.is_empty(self.core) {
                self.drop_grace();
                self.members.release(self.core);
                return TurnEnd::Empty;
            }
            if *polls_left == 0 {
                self.members.release(self.core);
                return TurnEnd::Exhausted;
            }
            match turn.next() {
                Some(BODY) => {
                    // It may ask how many are alive.
                    self.members.release(self.core);
                    self.poll_body(body.as_mut());
                }
                Some(CONTROL) => self.poll_grace(),
                Some(seat) => self.members.poll(seat, self.core),
                None => {
                    self.members.release(self.core);
                    if !turn.refill_or_park(cx.waker()) {
                        return TurnEnd::Parked;
                    }
                    continue;
                }
            }
            *polls_left -= 1;
        }
    }

    fn poll_body<B>(&mut self, mut body: Pin<&mut Option<B>>)
    where
        B: Future<Output = Result<R, E>>,
    {
        if !self.body_node.take_wake() {
            return;
        }
        let Some(running) = body.as_mut().as_pin_mut() else {
            return;
        };
        let waker = self.body_node.waker();
        let mut cx = Context::from_waker(&waker);
        let (result, is_shielded) =
            watch_shields(|| catch_unwind(AssertUnwindSafe(|| running.poll(&mut cx))));
        self.is_body_shielded = is_shielded;
        let end = &mut self.members.end;
        match result {
            Ok(Poll::Pending) if !end.is_ending || is_shielded => return,
            Ok(Poll::Pending) => {}
            Ok(Poll::Ready(Ok(value))) => self.value = Some(value),
            Ok(Poll::Ready(Err(error))) => {
                let failure = Failure::of_body(current_task(), self.location, error);
                end.body_failed(failure);
            }
            Err(payload) => end.panicked(current_task(), payload),
        }
        self.is_body_shielded = false;
        self.drop_body(body);
    }

    fn drop_body<B>(&mut self, mut body: Pin<&mut Option<B>>) {
        let dropping = catch_unwind(AssertUnwindSafe(|| body.set(None)));
        if let Err(payload) = dropping {
            self.members.end.panicked(current_task(), payload);
        }
    }

    fn grant(&mut self, request: Request<C>) {
        match request {
            Request::Cancel => self.members.end.cancelled(),
            Request::CancelAfter(grace) => {
                self.grace = Some(grace);
                self.core.control().schedule();
            }
        }
    }

    fn poll_grace(&mut self) {
        let control = self.core.control();
        let Some(grace) = self.grace.as_mut().filter(|_| control.take_wake()) else {
            return;
        };
        let waker = control.waker();
        let mut cx = Context::from_waker(&waker);
        let result = catch_unwind(AssertUnwindSafe(|| grace.parts().0.poll(&mut cx)));
        let end = &mut self.members.end;
        match result {
            Ok(Poll::Pending) => return,
            Ok(Poll::Ready(_)) => end.cancelled(),
            Err(payload) => end.panicked(Some(grace.info().clone()), payload),
        }
        self.drop_grace();
    }

    fn drop_grace(&mut self) {
        let grace = self.grace.take();
        if let Err(payload) = catch_unwind(AssertUnwindSafe(|| drop(grace))) {
            self.members.end.panicked(None, payload);
        }
    }

    /// Nobody comes in any more; all go, but for those who have a shield open: the body first, then the children.
    fn begin_ending<B>(&mut self, body: Pin<&mut Option<B>>) {
        self.members.end.is_ending = true;
        let late = self.core.begin_ending();
        self.drop_grace();
        if !self.is_body_shielded {
            self.drop_body(body);
        }
        self.members.drop_children(late, false, self.core);
    }

    fn say_what_is_waited_for(&self) {
        if self.is_body_shielded || self.members.shielded > 0 {
            report_shield();
        }
        waiting_for_children(|| {
            let (count, ending) = (self.members.seats.len(), self.members.end.is_ending);
            let noun = if count == 1 { "child" } else { "children" };
            let state = if ending { ", ending" } else { "" };
            format!("{}: {count} {noun}{state}", self.core.title())
        });
    }

    /// All are gone: what came of it.
    fn finish(&mut self) -> Result<Option<R>, TaskGroupError<E>> {
        self.report_unread();
        let end = &mut self.members.end;
        if let Some((_, payload)) = end.panic.take() {
            end.report_failures();
            resume_unwind(payload);
        }
        let failures = end.take_failures();
        if !failures.is_empty() {
            return Err(TaskGroupError::failed(failures));
        }
        Ok(self.value.take().filter(|_| !end.is_cancelled))
    }

    /// A supervisor's failures that nobody has read.
    fn report_unread(&self) {
        if let Some(supervision) = self.core.supervision() {
            supervision
                .take_unread()
                .into_iter()
                .for_each(Failure::report);
        }
    }

    /// The run is dropped half-way: as at an end, but shields are of no use, and others must wait for the clean-ups.
    fn abandon<B>(&mut self, body: Pin<&mut Option<B>>) {
        let late = self.core.begin_ending();
        self.drop_grace();
        self.drop_body(body);
        self.members.drop_children(late, true, self.core);
        self.members.release(self.core);
        self.members.hand_on_clean_ups();
        self.report_unread();
        self.members.end.report_failures();
        if let Some((task, payload)) = self.members.end.panic.take() {
            report_panic(task, payload);
        }
        self.core.close();
    }
}
