//! What a child of a group may give: `Result<T, E>` with the group's error, or nothing.

/// What the future of a child gives: a `Result` with the group's error type, or `()`.
///
/// A bare value goes through `spawn_value`: if every type were an outcome, a `Result` with another error type would be
/// taken for a value, and its errors would be lost.
#[diagnostic::on_unimplemented(
    message = "a child of this group must give `Result<_, {E}>` or `()`, not `{Self}`",
    label = "this child's output is `{Self}`",
    note = "a child that cannot fail: use `spawn_value`",
    note = "another error type: convert it inside the child, `async {{ Ok(work().await?) }}`"
)]
pub trait Outcome<E>: sealed::Sealed {
    /// What the handle of the child gives.
    type Value;

    /// The value, or the error that ends the group.
    ///
    /// # Errors
    /// The child's.
    fn into_result(self) -> Result<Self::Value, E>;
}

impl<T, E> Outcome<E> for Result<T, E> {
    type Value = T;

    fn into_result(self) -> Self {
        self
    }
}

impl<E> Outcome<E> for () {
    type Value = ();

    fn into_result(self) -> Result<(), E> {
        Ok(())
    }
}

mod sealed {
    use crate::task::Value;

    pub trait Sealed {}
    impl<T, E> Sealed for Result<T, E> {}
    impl Sealed for () {}
    impl<T> Sealed for Value<T> {}
}
