//! The place for the value of a child, beside its future: the child writes it, the handle takes it.
//!
//! Two parties, on any two threads, and one word that both change by atomic operations:
//!
//! | state | who goes on from here | the value is |
//! |---|---|---|
//! | `EMPTY` | either | the child's |
//! | waiting: the address of a waker in a box, which is for whoever leaves the state | either | the child's |
//! | `VALUE`: the child has left its value | the handle | there; the handle's |
//! | `TAKEN`: the handle has taken it | nobody | nobody's |
//! | `GONE` and more: the child has said why there is none | nobody | nobody's |
//! | `DROPPED`: the handle has gone | the child | the child's |
//!
//! So a value is dropped by one of the two, whoever of them is later, and never by a waker that keeps the memory. The waker
//! is in a box because few handles ever wait, and each child would be larger by what a waker takes.

use std::{
    cell::UnsafeCell,
    marker::{PhantomData, PhantomPinned},
    mem::MaybeUninit,
    panic::{RefUnwindSafe, UnwindSafe},
    pin::Pin,
    ptr::{self, NonNull},
    sync::{
        Arc,
        atomic::{AtomicPtr, Ordering},
    },
    task::{Poll, Waker},
};

use super::{Node, NodeRef, Owner};
use crate::{ChildError, child::Gone, ready::Ready, task::ChildTask, waiters::wake};

const EMPTY: usize = 0;
const VALUE: usize = 1;
const TAKEN: usize = 2;
const DROPPED: usize = 3;
/// From here on: a `Gone`, see `Gone::to_bits`.
const GONE: usize = 8;
/// From here on: the address of a waker. No allocation lies so low.
const WAITING: usize = 64;

/// A state that is no waker.
fn word(state: usize) -> *mut Waker {
    ptr::without_provenance_mut(state)
}

fn gone_word(gone: Gone) -> *mut Waker {
    word(GONE + usize::from(gone.to_bits()))
}

/// # Safety
/// `waker` was the state, and whoever calls this has left that.
unsafe fn waker_of(waker: *mut Waker) -> Box<Waker> {
    // SAFETY: it comes from a box, and belongs to whoever left the state.
    unsafe { Box::from_raw(waker) }
}

/// The child's side.
///
/// It stays in its memory when it is dropped, for the handle to look at: none of its parts needs a drop.
pub(crate) struct Promise<T> {
    state: AtomicPtr<Waker>,
    value: UnsafeCell<MaybeUninit<T>>,
    /// The handle reaches this while the child is borrowed mutably. What is not `Unpin` the compiler takes for shared.
    _pinned: PhantomPinned,
}

impl<T> Promise<T> {
    /// Nobody waits for the value, yet.
    pub(crate) fn without_handle() -> Self {
        Self::in_state(word(DROPPED))
    }

    fn in_state(state: *mut Waker) -> Self {
        Self {
            state: AtomicPtr::new(state),
            value: UnsafeCell::new(MaybeUninit::uninit()),
            _pinned: PhantomPinned,
        }
    }

    /// The last word of the child. The first such word counts.
    pub(crate) fn settle(self: Pin<&mut Self>, outcome: Result<T, Gone>) {
        let this = &*self;
        if this.is_settled() {
            return;
        }
        let is_value = outcome.is_ok();
        let settled = match outcome {
            Ok(value) => {
                // SAFETY: the value is the child's as long as it has not settled, and the child is here, borrowed mutably.
                unsafe { (*this.value.get()).write(value) };
                word(VALUE)
            }
            Err(gone) => gone_word(gone),
        };
        // Release: the value is there for whoever sees this. Acquire: so is the waker, for this.
        let before = this.state.swap(settled, Ordering::AcqRel);
        match before.addr() {
            // SAFETY: the value was written just now, and nobody else will read or drop it.
            DROPPED if is_value => unsafe { (*this.value.get()).assume_init_drop() },
            // SAFETY: the state was left by this.
            WAITING.. => wake(*unsafe { waker_of(before) }),
            _ => {}
        }
    }

    fn is_settled(&self) -> bool {
        let state = self.state.load(Ordering::Relaxed).addr();
        state < WAITING && state != EMPTY && state != DROPPED
    }
}

impl<T> Drop for Promise<T> {
    fn drop(&mut self) {
        // Without a word it was dropped together with its group.
        // SAFETY: it is not moved any more.
        let this = unsafe { Pin::new_unchecked(self) };
        this.settle(Err(Gone {
            why: ChildError::Cancelled,
            with_group: true,
        }));
    }
}

/// The handle's side. It keeps the memory of the child, and not its future.
pub(crate) struct Answer<T> {
    promise: NonNull<Promise<T>>,
    /// What `promise` lies in.
    cell: NodeRef,
    owned: PhantomData<T>,
}

// SAFETY: a value comes from the child's thread and is taken or dropped on the handle's: `T` is `Send`. Wakers are.
unsafe impl<T: Send> Send for Answer<T> {}
// SAFETY: a shared one tells only whether the child has ended.
unsafe impl<T: Send> Sync for Answer<T> {}
// The value is not pinned.
impl<T> Unpin for Answer<T> {}
// A value is there or is not; no panic leaves it half-way.
impl<T> UnwindSafe for Answer<T> {}
impl<T> RefUnwindSafe for Answer<T> {}

impl<F, T> Owner<ChildTask<F, T>> {
    /// What the handle of a child holds. `child` is new, and has a reference for it.
    pub(super) fn with_answer(mut child: Self) -> (Self, Answer<T>) {
        let promise = child.parts().0.promise();
        promise.state.store(word(EMPTY), Ordering::Relaxed);
        let promise = NonNull::from(&*promise);
        let answer = Answer::new(promise, NodeRef(child.head()));
        (child, answer)
    }
}

impl<T> Answer<T> {
    /// `promise` lies in `cell`.
    fn new(promise: NonNull<Promise<T>>, cell: NodeRef) -> Self {
        Self {
            promise,
            cell,
            owned: PhantomData,
        }
    }

    /// That of a child that has never been, in the set of `ready`.
    pub(crate) fn gone(ready: Arc<Ready>, gone: Gone) -> Self {
        let promise = Promise::in_state(gone_word(gone));
        let promise = Owner::boxed(ready, promise, 2);
        Self::new(NonNull::from(promise.future()), NodeRef(promise.head()))
    }

    pub(crate) fn node(&self) -> &Node {
        &self.cell
    }

    fn promise(&self) -> &Promise<T> {
        // SAFETY: the cell is there as long as there is a reference to it. The promise is not moved, is shared for all its
        // life, and stays when it is dropped.
        unsafe { self.promise.as_ref() }
    }

    pub(crate) fn is_settled(&self) -> bool {
        self.promise().is_settled()
    }

    /// The value, or why there is none.
    ///
    /// # Panics
    /// When the value was taken before.
    pub(crate) fn poll_take(&mut self, waker: &Waker) -> Poll<Result<T, Gone>> {
        let promise = self.promise();
        // Acquire: the value is there if the state says so.
        let state = promise.state.load(Ordering::Acquire);
        match state.addr() {
            EMPTY => self.wait(Box::new(waker.clone())),
            VALUE => {
                promise.state.store(word(TAKEN), Ordering::Relaxed);
                // SAFETY: the value is there and the handle's, which takes it once: the state is another one now.
                Poll::Ready(Ok(unsafe { (*promise.value.get()).assume_init_read() }))
            }
            WAITING.. => self.wait_on(state, waker),
            TAKEN => panic!("a child's handle was polled again after it gave the value"),
            gone => Poll::Ready(Err(Gone::from_bits((gone - GONE) as u8))), // a few bits
        }
    }

    /// From `EMPTY`.
    fn wait(&mut self, waker: Box<Waker>) -> Poll<Result<T, Gone>> {
        let promise = self.promise();
        let waker = Box::into_raw(waker);
        // Release: the waker is there for whoever leaves the state.
        let change = promise.state.compare_exchange(
            word(EMPTY),
            waker,
            Ordering::Release,
            Ordering::Relaxed,
        );
        if change.is_ok() {
            return Poll::Pending;
        }
        // SAFETY: it comes from the box above, and was given to nobody.
        let waker = unsafe { Box::from_raw(waker) };
        // The child has settled meanwhile.
        self.poll_take(&waker)
    }

    /// Goes on waiting, with this waker from now on.
    fn wait_on(&mut self, state: *mut Waker, waker: &Waker) -> Poll<Result<T, Gone>> {
        let promise = self.promise();
        // Relaxed: it was the handle that has left the waker.
        let change = promise.state.compare_exchange(
            state,
            word(EMPTY),
            Ordering::Relaxed,
            Ordering::Relaxed,
        );
        if change.is_err() {
            // The child has settled meanwhile.
            return self.poll_take(waker);
        }
        // SAFETY: the state was left by this.
        let mut known = unsafe { waker_of(state) };
        if !known.will_wake(waker) {
            Waker::clone_from(&mut known, waker);
        }
        self.wait(known)
    }
}

impl<T> Drop for Answer<T> {
    fn drop(&mut self) {
        let promise = self.promise();
        // After these nothing more happens.
        let state = promise.state.load(Ordering::Relaxed).addr();
        if state == TAKEN || (GONE..WAITING).contains(&state) {
            return;
        }
        // Acquire: the value is there if the state says so.
        let before = promise.state.swap(word(DROPPED), Ordering::AcqRel);
        match before.addr() {
            // SAFETY: the value is there, and the handle's.
            VALUE => unsafe { (*promise.value.get()).assume_init_drop() },
            // SAFETY: the state was left by this.
            WAITING.. => drop(unsafe { waker_of(before) }),
            _ => {}
        }
    }
}
