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
    values: Values<T>,
}

/// In the order of the futures, which are ready in any order.
enum Values<T> {
    /// As long as each is the next one, which is often so to the end.
    InOrder(Vec<T>),
    WithGaps(Vec<Option<T>>),
}

impl<T> Values<T> {
    fn reserve(&mut self, values: usize) {
        if let Self::InOrder(list) = self {
            if list.capacity() == 0 {
                list.reserve(values);
            }
        }
    }

    #[inline]
    fn put(&mut self, index: usize, value: T) {
        match self {
            Self::InOrder(list) if list.len() == index => list.push(value),
            _ => self.put_anywhere(index, value),
        }
    }

    #[inline(never)]
    fn put_anywhere(&mut self, index: usize, value: T) {
        if let Self::InOrder(list) = self {
            *self = Self::WithGaps(mem::take(list).into_iter().map(Some).collect());
        }
        if let Self::WithGaps(list) = self {
            if list.len() <= index {
                list.resize_with(index + 1, || None);
            }
            list[index] = Some(value);
        }
    }

    /// All of them, when there are no gaps any more.
    fn take(&mut self) -> Vec<T> {
        match mem::replace(self, Self::InOrder(Vec::new())) {
            Self::InOrder(list) => list,
            Self::WithGaps(list) => list.into_iter().flatten().collect(),
        }
    }
}

impl<I, F, T> Collecting<I, F, T> {
    /// For so many values there is room from the first poll on, if the iterator says that as many will come: a quarter of a
    /// megabyte. Where there are more, or where it is wrong, the room grows with what does come.
    const MOST_AT_ONCE: usize = match size_of::<T>() {
        0 => 0,
        size => (1 << 18) / size,
    };

    pub(crate) fn new(iterator: I) -> Self {
        let running = Running {
            set: Set::new(Order::Wakes),
            source: Source::new(iterator),
            values: Values::InOrder(Vec::new()),
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
        values.reserve(source.at_least().min(Self::MOST_AT_ONCE));
        let mut stop = None;
        let done = |index, output| match K::keep(output) {
            Ok(value) => {
                values.put(index, value);
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
        let values = values.take();
        // Where it was stopped, this is where the others are dropped.
        self.running = None;
        Poll::Ready(match stop {
            None => Ok(values),
            Some(reason) => Err(reason),
        })
    }
}
