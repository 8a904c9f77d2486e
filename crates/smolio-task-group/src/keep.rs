//! What `gather` and `try_gather` want of each future: the one difference between them.

use std::convert::Infallible;

/// What is kept of the output of a future, if it lets the others go on.
pub trait Keep<O> {
    /// What is kept.
    type Value;
    /// What stops the others.
    type Stop;

    #[doc(hidden)]
    fn keep(output: O) -> Result<Self::Value, Self::Stop>;
}

/// All that is given.
pub enum Anything {}

impl<O> Keep<O> for Anything {
    type Value = O;
    type Stop = Infallible;

    fn keep(output: O) -> Result<O, Infallible> {
        Ok(output)
    }
}

/// What is not an error.
pub enum Successes {}

impl<T, E> Keep<Result<T, E>> for Successes {
    type Value = T;
    type Stop = E;

    fn keep(output: Result<T, E>) -> Result<T, E> {
        output
    }
}
