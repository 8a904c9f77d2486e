//! Room for one task that is ready: taken out by whoever is first.

use std::{
    ptr::{self, NonNull},
    sync::atomic::{AtomicPtr, Ordering},
};

use async_task::Runnable;

/// Metadata that may be anywhere: a task in here may be taken by another thread than has put it in.
pub(crate) struct Slot<M: Send + Sync>(AtomicPtr<()>, std::marker::PhantomData<Runnable<M>>);

impl<M: Send + Sync> Slot<M> {
    pub(crate) fn new() -> Self {
        Self(AtomicPtr::new(ptr::null_mut()), std::marker::PhantomData)
    }

    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.0.load(Ordering::SeqCst).is_null()
    }

    /// Puts a task in, and gives the former.
    #[inline]
    pub(crate) fn replace(&self, task: Runnable<M>) -> Option<Runnable<M>> {
        self.swap(task.into_raw().as_ptr())
    }

    #[inline]
    pub(crate) fn take(&self) -> Option<Runnable<M>> {
        if self.is_empty() {
            return None;
        }
        self.swap(ptr::null_mut())
    }

    #[inline]
    fn swap(&self, task: *mut ()) -> Option<Runnable<M>> {
        let former = NonNull::new(self.0.swap(task, Ordering::SeqCst));
        // SAFETY: `replace` has put it in, with the same metadata, and the swap gives it to one caller only.
        former.map(|former| unsafe { Runnable::from_raw(former) })
    }
}
