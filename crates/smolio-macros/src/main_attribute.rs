//! `#[smolio::main]`: from an async function to one that runs it on a loop.

use proc_macro::{Span, TokenStream};

use crate::{error::Error, expansion, function::Function, options, template};

/// What the attribute's arguments say, as tokens for the expansion.
struct Options {
    crate_path: TokenStream,
    /// `.workers(4)`, `.tokio(true)`, both or nothing.
    calls: TokenStream,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            crate_path: template::fill("::smolio", Span::call_site(), &[]),
            calls: TokenStream::new(),
        }
    }
}

impl Options {
    fn parse(arguments: TokenStream) -> Result<Self, Error> {
        let mut options = Self::default();
        for argument in options::parse_arguments(arguments)? {
            match argument.name().as_str() {
                "workers" => {
                    let number = argument.number(1)?;
                    let call = template::fill(".workers(N)", Span::mixed_site(), &[("N", number)]);
                    options.calls.extend(call);
                }
                "tokio" => {
                    argument.tokio_flag()?;
                    let call = template::fill(".tokio(true)", Span::mixed_site(), &[]);
                    options.calls.extend(call);
                }
                "crate" => options.crate_path = argument.path()?,
                name => {
                    let message = format!(
                        "`#[smolio::main]` has no option `{name}`: there are `workers`, `tokio` and `crate`"
                    );
                    return Err(argument.error(message));
                }
            }
        }
        Ok(options)
    }
}

pub(crate) fn expand(arguments: TokenStream, item: TokenStream) -> TokenStream {
    expansion::expand(item, |function| {
        check(function)?;
        let options = Options::parse(arguments)?;
        Ok(expand_function(function, options))
    })
}

fn check(function: &Function) -> Result<(), Error> {
    function.check_signature()?;
    if !function.parameters.stream().is_empty() {
        let message = "nobody could pass arguments to this function: see `std::env::args`";
        return Err(Error::new(function.parameters.span(), message));
    }
    Ok(())
}

/// The user's function goes inside as it was written: then the compiler explains a wrong type in the body as in any other
/// function, and `-> impl Trait` and `-> !` work as well.
fn expand_function(function: &Function, options: Options) -> TokenStream {
    let mut holes = function.holes();
    let call = template::fill("NAME()", Span::mixed_site(), &holes);
    holes.extend([
        ("CRATE", options.crate_path),
        ("OPTIONS", options.calls),
        ("RUN", function.run(call)),
    ]);
    template::fill(
        "ATTRIBUTES VISIBILITY QUALIFIERS fn NAME PARAMETERS OUTPUT {
            #[allow(clippy::unused_async)]
            async fn NAME PARAMETERS OUTPUT BODY
            CRATE::Runner::builder().handle_signals(true) OPTIONS .RUN
        }",
        Span::mixed_site(),
        &holes,
    )
}
