//! The attribute goes on a function.

#[smolio_macros::main]
struct Main;

#[smolio_macros::main]
pub(crate) mod module {
    //! Not a function either.
}

fn main() {}
