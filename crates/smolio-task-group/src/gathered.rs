//! The results of several futures, which are not to be thrown away unread.

use std::{
    fmt,
    ops::{Deref, DerefMut},
    slice, vec,
};

use smolio_context::{Unhandled, current_task, report_unhandled};

/// The results of [`gather`](crate::gather), in the order of the futures, or of [`wait`](crate::wait).
///
/// It is a `Vec` in all but one respect: the compiler warns when it is thrown away, because that is how errors get lost.
/// Futures that give `Result` are all run to their end, and all their results are here; [`ok`](Self::ok) is for those who
/// want all or nothing, [`partition`](Self::partition) for those who want what there is. `let _ = ...` says that the results
/// are not wanted.
///
/// ```
/// # futures_lite::future::block_on(async {
/// use smolio_task_group::gather;
///
/// async fn parse(text: &str) -> Result<u32, std::num::ParseIntError> {
///     text.parse() // in real life: a request
/// }
/// let results = gather(["1", "two", "3"].map(parse)).await;
/// assert!(results[1].is_err());
/// let (numbers, errors) = results.partition();
/// assert_eq!(numbers, [1, 3]);
/// assert_eq!(errors.len(), 1);
/// # });
/// ```
///
/// This does not compile:
///
/// ```compile_fail
/// #![deny(unused_must_use)]
/// # use smolio_task_group::gather;
/// async fn save(n: u32) -> Result<(), String> {
///     Err(format!("no room for {n}"))
/// }
/// # futures_lite::future::block_on(async {
/// gather([save(1), save(2)]).await; // unused `Gathered` that must be used
/// # });
/// ```
///
/// Nor does it with a tuple, whose results are a tuple:
///
/// ```compile_fail
/// #![deny(unused_must_use)]
/// # use smolio_task_group::gather;
/// # async fn save(n: u32) -> Result<(), String> {
/// #     Err(format!("no room for {n}"))
/// # }
/// # futures_lite::future::block_on(async {
/// gather((save(1), save(2))).await; // unused `Result` in tuple element 0 that must be used
/// # });
/// ```
///
/// With the word for it, it does:
///
/// ```
/// #![deny(unused_must_use)]
/// # use smolio_task_group::gather;
/// # async fn save(n: u32) -> Result<(), String> {
/// #     Err(format!("no room for {n}"))
/// # }
/// # futures_lite::future::block_on(async {
/// let _ = gather([save(1), save(2)]).await;
/// let _ = gather((save(1), save(2))).await;
/// # });
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
#[must_use = "there may be errors among the results; `let _ = ...` throws them away"]
pub struct Gathered<T>(Vec<T>);

impl<T> Gathered<T> {
    pub(crate) fn new(results: Vec<T>) -> Self {
        Self(results)
    }

    /// The results, as a plain `Vec`.
    pub fn into_vec(self) -> Vec<T> {
        self.0
    }
}

impl<T, E> Gathered<Result<T, E>> {
    /// All values, or the first error in the order of the results. The unhandled hook is told of the other errors;
    /// [`partition`](Self::partition) gives them.
    ///
    /// # Errors
    /// The first error.
    ///
    /// ```
    /// # futures_lite::future::block_on(async {
    /// use smolio_task_group::gather;
    /// use std::future::ready;
    ///
    /// let sizes = gather([ready(Ok::<_, String>(1)), ready(Ok(2))]).await.ok();
    /// assert_eq!(sizes, Ok(vec![1, 2]));
    /// # });
    /// ```
    pub fn ok(self) -> Result<Vec<T>, E>
    where
        E: fmt::Display,
    {
        let (values, errors) = self.partition();
        let mut errors = errors.into_iter();
        let Some(first) = errors.next() else {
            return Ok(values);
        };
        for error in errors {
            report_unhandled(Unhandled::error(current_task(), error));
        }
        Err(first)
    }

    /// The values and the errors, each in the order of the results.
    #[must_use = "the errors are part of it"]
    pub fn partition(self) -> (Vec<T>, Vec<E>) {
        let (mut values, mut errors) = (Vec::new(), Vec::new());
        for result in self.0 {
            match result {
                Ok(value) => values.push(value),
                Err(error) => errors.push(error),
            }
        }
        (values, errors)
    }
}

impl<T> Deref for Gathered<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.0
    }
}

impl<T> DerefMut for Gathered<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        &mut self.0
    }
}

impl<T> From<Gathered<T>> for Vec<T> {
    fn from(results: Gathered<T>) -> Self {
        results.0
    }
}

impl<T> IntoIterator for Gathered<T> {
    type Item = T;
    type IntoIter = vec::IntoIter<T>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'a, T> IntoIterator for &'a Gathered<T> {
    type Item = &'a T;
    type IntoIter = slice::Iter<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

impl<'a, T> IntoIterator for &'a mut Gathered<T> {
    type Item = &'a mut T;
    type IntoIter = slice::IterMut<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter_mut()
    }
}

impl<T: PartialEq<U>, U> PartialEq<Vec<U>> for Gathered<T> {
    fn eq(&self, other: &Vec<U>) -> bool {
        self.0 == *other
    }
}

impl<T: PartialEq<U>, U, const N: usize> PartialEq<[U; N]> for Gathered<T> {
    fn eq(&self, other: &[U; N]) -> bool {
        self.0 == *other
    }
}
