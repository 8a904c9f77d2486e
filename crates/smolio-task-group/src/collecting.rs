//! An iterator's futures, and the results that there are so far: what `gather` and `try_gather` have in common.

use std::{
    future::{Future, IntoFuture},
    mem,
    ops::ControlFlow,
    task::{Context, Poll},
};

use smolio_context::waiting_for_members;

use crate::{
    keep::Keep,
    panics::resume_after,
    set::{Order, Set},
    source::Source,
};

pub(crate) struct Collecting<I, F, T> {
    /// `None` when it is over.
    running: Option<Running<I, F, T>>,
}

struct Running<I, F, T> {
    set: Set<F>,
    source: Source<I>,
    /// In the order of the futures, which are ready in any order.
    values: Vec<Option<T>>,
}

impl<I, F, T> Collecting<I, F, T> {
    /// For so many values there is room from the first poll on, if the iterator says that as many will come: a quarter of a
    /// megabyte. Where there are more, or where it is wrong, the room grows with what does come.
    const MOST_AT_ONCE: usize = match size_of::<Option<T>>() {
        0 => 0,
        size => (1 << 18) / size,
    };

    pub(crate) fn new(iterator: I) -> Self {
        let running = Running {
            set: Set::new(Order::Wakes),
            source: Source::new(iterator),
            values: Vec::new(),
        };
        Self {
            running: Some(running),
        }
    }

    #[track_caller]
    pub(crate) fn set_limit(&mut self, futures: usize) {
        if let Some(running) = &mut self.running {
            running.source.set_limit(futures);
        }
    }

    /// How many of the futures are not ready yet.
    pub(crate) fn pending(&self) -> usize {
        self.running.as_ref().map_or(0, |running| running.set.len())
    }

    /// The values, or what stopped it; then the other futures are gone.
    pub(crate) fn poll<K, S>(
        &mut self,
        cx: &Context<'_>,
        name: &'static str,
    ) -> Poll<Result<Vec<T>, S>>
    where
        I: Iterator<Item: IntoFuture<IntoFuture = F>>,
        F: Future,
        K: Keep<F::Output, Value = T, Stop = S>,
    {
        let running = self.running.as_mut().expect("polled after it was ready");
        let Running {
            set,
            source,
            values,
        } = running;
        if values.capacity() == 0 {
            values.reserve(source.at_least().min(Self::MOST_AT_ONCE));
        }
        let mut stop = None;
        let done = |index, output| match K::keep(output) {
            Ok(value) => {
                put(values, index, value);
                ControlFlow::Continue(())
            }
            Err(reason) => {
                stop = Some(reason);
                ControlFlow::Break(())
            }
        };
        match set.poll(cx, |members| source.fill(members), done) {
            Ok(Poll::Pending) => {
                waiting_for_members(|| format!("{name} ({} futures)", set.len()));
                return Poll::Pending;
            }
            Ok(Poll::Ready(())) => {}
            Err(payload) => resume_after(payload, || self.running = None),
        }
        let values = mem::take(values);
        // Where it was stopped, this is where the others are dropped.
        self.running = None;
        Poll::Ready(match stop {
            None => Ok(values.into_iter().flatten().collect()),
            Some(reason) => Err(reason),
        })
    }
}

#[inline]
fn put<T>(values: &mut Vec<Option<T>>, index: usize, value: T) {
    // Where they are ready in their order, which is often so.
    if values.len() == index {
        return values.push(Some(value));
    }
    if values.len() < index {
        values.resize_with(index + 1, || None);
    }
    values[index] = Some(value);
}
