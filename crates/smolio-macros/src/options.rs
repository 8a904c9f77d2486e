//! The arguments of the attributes: `io, seed = 7, crate = "my_smolio"`.

use proc_macro::{Ident, Literal, Span, TokenStream, TokenTree};

use crate::{
    error::Error,
    function::{is_punct, without_invisible_group},
};

/// One argument, `name` or `name = value`.
pub(crate) struct Argument {
    name: Ident,
    /// `None`: there was no `=`.
    value: Option<Vec<TokenTree>>,
}

/// Splits an attribute's arguments at the commas.
pub(crate) fn parse_arguments(arguments: TokenStream) -> Result<Vec<Argument>, Error> {
    let tokens: Vec<TokenTree> = arguments.into_iter().collect();
    let start = tokens.first().map_or_else(Span::call_site, TokenTree::span);
    let mut parsed: Vec<Argument> = Vec::new();
    let mut parts = tokens.split(|token| is_punct(token, ',')).peekable();
    while let Some(part) = parts.next() {
        // An attribute without arguments, or a comma at the end.
        if part.is_empty() && parts.peek().is_none() {
            break;
        }
        let argument = Argument::parse(part, start)?;
        let name = argument.name.to_string();
        if parsed.iter().any(|other| other.name.to_string() == name) {
            let message = format!("`{name}` is given twice");
            return Err(Error::new(argument.name.span(), message));
        }
        parsed.push(argument);
    }
    Ok(parsed)
}

impl Argument {
    /// `start` is shown where a part is empty: two commas in a row.
    fn parse(part: &[TokenTree], start: Span) -> Result<Self, Error> {
        match part {
            [TokenTree::Ident(name)] => Ok(Self {
                name: name.clone(),
                value: None,
            }),
            [TokenTree::Ident(name), equals, value @ ..] if is_punct(equals, '=') => Ok(Self {
                name: name.clone(),
                value: Some(value.iter().cloned().map(without_invisible_group).collect()),
            }),
            _ => {
                let message = "expected an option, such as `name` or `name = value`";
                Err(Error::at(part, start, message))
            }
        }
    }

    pub(crate) fn name(&self) -> String {
        self.name.to_string()
    }

    /// An error that shows the whole argument.
    pub(crate) fn error(&self, message: impl Into<String>) -> Error {
        let mut tokens = vec![TokenTree::from(self.name.clone())];
        tokens.extend(self.value.iter().flatten().cloned());
        Error::at(&tokens, self.name.span(), message)
    }

    /// That the argument is a word of its own, without a value.
    pub(crate) fn flag(&self) -> Result<(), Error> {
        match self.value {
            None => Ok(()),
            Some(_) => Err(self.error(format!("`{}` takes no value", self.name))),
        }
    }

    /// That the argument is a word of its own, and that the library has what it asks for.
    pub(crate) fn tokio_flag(&self) -> Result<(), Error> {
        self.flag()?;
        if cfg!(feature = "tokio-compat") {
            return Ok(());
        }
        let message = "`tokio` needs the feature `tokio-compat` of smolio: \
                       `cargo add smolio --features tokio-compat`";
        Err(self.error(message))
    }

    /// The value, a whole number of at least `minimum`.
    pub(crate) fn number(&self, minimum: u64) -> Result<TokenStream, Error> {
        let example = format!("such as `{} = {}`", self.name, minimum.max(4));
        if let Some([TokenTree::Literal(literal)]) = self.value.as_deref() {
            if let Some(number) = parse_integer(&literal.to_string()) {
                if number < minimum {
                    return Err(self.error(format!("`{}` is at least {minimum}", self.name)));
                }
                let mut number = Literal::u64_unsuffixed(number);
                number.set_span(literal.span());
                return Ok(TokenTree::from(number).into());
            }
        }
        Err(self.error(format!("`{}` takes a whole number, {example}", self.name)))
    }

    /// The value, a text in quotes, and where it stands; `example` is shown if it is something else.
    pub(crate) fn text(&self, example: &str) -> Result<(String, Span), Error> {
        if let Some([TokenTree::Literal(literal)]) = self.value.as_deref() {
            let source = literal.to_string();
            let text = source
                .strip_prefix('"')
                .and_then(|rest| rest.strip_suffix('"'));
            if let Some(text) = text {
                return Ok((text.to_string(), literal.span()));
            }
        }
        let message = format!("`{0}` takes a text, such as `{0} = {example:?}`", self.name);
        Err(self.error(message))
    }

    /// The value, a path in quotes. Its tokens stand where the text stands: an unknown crate is reported there.
    pub(crate) fn path(&self) -> Result<TokenStream, Error> {
        const EXAMPLE: &str = "my_smolio";
        let (text, span) = self.text(EXAMPLE)?;
        let not_a_path = || {
            let message = format!("`{text}` is not a path, such as {EXAMPLE:?}");
            Error::new(span, message)
        };
        let names = text.strip_prefix("::").unwrap_or(&text);
        if !names.split("::").all(is_name) {
            return Err(not_a_path());
        }
        let tokens: TokenStream = text.parse().map_err(|_| not_a_path())?;
        let located = |mut token: TokenTree| {
            token.set_span(span);
            token
        };
        Ok(tokens.into_iter().map(located).collect())
    }
}

fn is_name(text: &str) -> bool {
    let is_inside = |character: char| character.is_alphanumeric() || character == '_';
    text.starts_with(|first: char| first.is_alphabetic() || first == '_')
        && text.chars().all(is_inside)
}

/// The value of an integer literal in any of Rust's notations: `4`, `1_000`, `0xff`, `4usize`.
fn parse_integer(literal: &str) -> Option<u64> {
    let digits = literal.replace('_', "");
    let (digits, radix) = match digits.get(..2) {
        Some("0x") => (&digits[2..], 16),
        Some("0o") => (&digits[2..], 8),
        Some("0b") => (&digits[2..], 2),
        _ => (digits.as_str(), 10),
    };
    // A suffix, `u64` or `i32`, begins with a letter that is no digit in any radix.
    let digits = digits.split(['u', 'i']).next()?;
    u64::from_str_radix(digits, radix).ok()
}
