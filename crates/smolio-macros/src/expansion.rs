//! What both attributes do around their own expansion: take the function apart, and stay useful when something is wrong.

use proc_macro::{Span, TokenStream};

use crate::{error::Error, function::Function, template};

/// Expands `item` by `expand_function`; on an error, to the error and something that the compiler can go on with.
pub(crate) fn expand(
    item: TokenStream,
    expand_function: impl FnOnce(&Function) -> Result<TokenStream, Error>,
) -> TokenStream {
    let function = match Function::parse(item.clone()) {
        Ok(function) => function,
        // Not a function: it stays as it is, so that the rest of the program can be checked.
        Err(error) => return TokenStream::from_iter([item, error.into_tokens()]),
    };
    expand_function(&function)
        .unwrap_or_else(|error| TokenStream::from_iter([stand_in(&function), error.into_tokens()]))
}

/// A function of the same name around the user's own: `main` is not reported as missing on top of the real mistake, and an
/// editor goes on completing in the body, with the parameters that are in it.
fn stand_in(function: &Function) -> TokenStream {
    let keyword = if function.is_async { "async fn" } else { "fn" };
    let mut holes = function.holes();
    holes.push(("FN", template::fill(keyword, Span::mixed_site(), &[])));
    template::fill(
        "#[allow(dead_code)] ATTRIBUTES VISIBILITY fn NAME() {
            #[allow(dead_code)]
            FN NAME GENERICS PARAMETERS OUTPUT BODY
        }",
        Span::mixed_site(),
        &holes,
    )
}
