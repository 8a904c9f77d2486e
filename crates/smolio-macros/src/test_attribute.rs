//! `#[smolio::test]`: from an async function to a test that owns its time.

use proc_macro::{Span, TokenStream, TokenTree};

use crate::{
    error::Error,
    expansion,
    function::{Function, is_ident, is_punct},
    options::{self, Argument},
    template,
};

/// Which clock the test has, and how it says so to the builder.
#[derive(Clone, Copy, PartialEq)]
enum Time {
    Virtual,
    VirtualWithIo,
    Real,
}

/// What the attribute's arguments say.
struct Options {
    crate_path: TokenStream,
    time: Time,
    seed: Option<TokenStream>,
    explore: Option<TokenStream>,
    tokio: bool,
}

impl Options {
    fn parse(arguments: TokenStream) -> Result<Self, Error> {
        let arguments = options::parse_arguments(arguments)?;
        let mut options = Self {
            crate_path: template::fill("::smolio", Span::call_site(), &[]),
            time: Time::Virtual,
            seed: None,
            explore: None,
            tokio: false,
        };
        for argument in &arguments {
            options.apply(argument)?;
        }
        options.check_combination(&arguments)?;
        Ok(options)
    }

    fn apply(&mut self, argument: &Argument) -> Result<(), Error> {
        match argument.name().as_str() {
            "io" => {
                argument.flag()?;
                // `time = "real"` beside it is refused once all arguments are known.
                if self.time == Time::Virtual {
                    self.time = Time::VirtualWithIo;
                }
            }
            "time" => self.time = parse_time(argument)?,
            "seed" => self.seed = Some(argument.number(0)?),
            "explore" => self.explore = Some(argument.number(1)?),
            "tokio" => {
                argument.tokio_flag()?;
                self.tokio = true;
            }
            "crate" => self.crate_path = argument.path()?,
            name => {
                let message = format!(
                    "`#[smolio::test]` has no option `{name}`: there are `io`, `time`, `seed`, `explore`, `tokio` and `crate`"
                );
                return Err(argument.error(message));
            }
        }
        Ok(())
    }

    fn check_combination(&self, arguments: &[Argument]) -> Result<(), Error> {
        if self.time != Time::Real {
            return refuse(
                arguments,
                &[(
                    "tokio",
                    "`tokio` needs `time = \"real\"` beside it: a virtual clock does not see what tokio waits for, and jumps over it",
                )],
            );
        }
        let conflicts = [
            (
                "io",
                "`io` is about virtual time, and this test has real time",
            ),
            (
                "explore",
                "`explore` needs virtual time: in real time a seed would not give the same run again",
            ),
        ];
        refuse(arguments, &conflicts)
    }

    /// The calls on the builder, in front of `run`.
    fn calls(&self) -> TokenStream {
        let fill = |text, holes: &[_]| template::fill(text, Span::mixed_site(), holes);
        let mut calls = match self.time {
            Time::Virtual => TokenStream::new(),
            Time::VirtualWithIo => fill(".io()", &[]),
            Time::Real => fill(".real_time()", &[]),
        };
        if let Some(seed) = &self.seed {
            calls.extend(fill(".seed(N)", &[("N", seed.clone())]));
        }
        if self.tokio {
            calls.extend(fill(".tokio()", &[]));
        }
        if let Some(runs) = &self.explore {
            calls.extend(fill(".explore(N)", &[("N", runs.clone())]));
        }
        calls
    }
}

/// The error of the first argument that is in the list: its name, and why it does not go with the others.
fn refuse(arguments: &[Argument], conflicts: &[(&str, &str)]) -> Result<(), Error> {
    for argument in arguments {
        let name = argument.name();
        if let Some((_, message)) = conflicts.iter().find(|(other, _)| *other == name) {
            return Err(argument.error(*message));
        }
    }
    Ok(())
}

fn parse_time(argument: &Argument) -> Result<Time, Error> {
    let (text, span) = argument.text("real")?;
    match text.as_str() {
        "virtual" => Ok(Time::Virtual),
        "real" => Ok(Time::Real),
        _ => {
            let message = format!("`time` is \"virtual\" (the default) or \"real\", not {text:?}");
            Err(Error::new(span, message))
        }
    }
}

pub(crate) fn expand(arguments: TokenStream, item: TokenStream) -> TokenStream {
    expansion::expand(item, |function| {
        function.check_signature()?;
        check_only_test_attribute(function)?;
        let options = Options::parse(arguments)?;
        Ok(expand_function(function, &options))
    })
}

/// A second `#[test]` would register the test twice.
fn check_only_test_attribute(function: &Function) -> Result<(), Error> {
    for token in function.attributes.clone() {
        let TokenTree::Group(group) = &token else {
            continue;
        };
        let path: Vec<TokenTree> = group.stream().into_iter().collect();
        let names: Vec<&TokenTree> = path.iter().filter(|token| !is_punct(token, ':')).collect();
        let is_test = match names.as_slice() {
            [only] => is_ident(only, "test"),
            [.., prelude, _edition, test] => is_ident(prelude, "prelude") && is_ident(test, "test"),
            _ => false,
        };
        if is_test {
            let message = "a second test attribute: `#[smolio::test]` brings `#[test]` with it";
            return Err(Error::new(group.span(), message));
        }
    }
    Ok(())
}

/// The body becomes an async block, where the parameters can be seen that rstest and its like pass. One that is run once
/// owns them, as an async function does; one that is run many times borrows them.
fn expand_function(function: &Function, options: &Options) -> TokenStream {
    let block = if options.explore.is_some() {
        "|| async { RETURN_TYPE_IS_KNOWN BODY }"
    } else {
        "async move { RETURN_TYPE_IS_KNOWN BODY }"
    };
    let mut holes = function.holes();
    holes.push(("RETURN_TYPE_IS_KNOWN", state_return_type(function)));
    let block = template::fill(block, Span::mixed_site(), &holes);
    holes.extend([
        ("CRATE", options.crate_path.clone()),
        ("OPTIONS", options.calls()),
        ("RUN", function.run(block)),
    ]);
    template::fill(
        "ATTRIBUTES #[::core::prelude::v1::test] VISIBILITY QUALIFIERS fn NAME PARAMETERS OUTPUT {
            CRATE::test::Test::new() OPTIONS .RUN
        }",
        Span::mixed_site(),
        &holes,
    )
}

/// An async block cannot be given its type. A `return` that is never reached tells the compiler before it gets to the body,
/// which then sees wrong types there, where they are, and knows what `?` and `into()` convert to.
fn state_return_type(function: &Function) -> TokenStream {
    // `let x: impl Trait` and `let x: !` do not exist. Such a type is only checked at the end of the block.
    let is_type_of_variable =
        |token: &TokenTree| !(is_ident(token, "impl") || is_punct(token, '!'));
    if !function.return_type.iter().all(is_type_of_variable) {
        return TokenStream::new();
    }
    let mut return_type: TokenStream = function.return_type.iter().cloned().collect();
    if return_type.is_empty() {
        return_type = template::fill("()", Span::mixed_site(), &[]);
    }
    template::fill(
        "#[allow(unreachable_code, clippy::all, clippy::pedantic)]
        if false {
            let never: TYPE = loop {};
            return never;
        }",
        Span::mixed_site(),
        &[("TYPE", return_type)],
    )
}
