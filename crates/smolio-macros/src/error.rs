//! What was wrong with an attribute or with the function under it, and where.

use proc_macro::{Delimiter, Group, Ident, Literal, Punct, Spacing, Span, TokenStream, TokenTree};

/// A message for the user of an attribute, shown at the code from `start` to `end`.
pub(crate) struct Error {
    message: String,
    start: Span,
    end: Span,
}

impl Error {
    pub(crate) fn new(span: Span, message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            start: span,
            end: span,
        }
    }

    /// An error about all of `tokens`, or about `fallback` where there are none.
    pub(crate) fn at(tokens: &[TokenTree], fallback: Span, message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            start: tokens.first().map_or(fallback, TokenTree::span),
            end: tokens.last().map_or(fallback, TokenTree::span),
        }
    }

    /// `::core::compile_error! { "message" }`.
    ///
    /// Spans cannot be joined on stable Rust, but the compiler underlines from the first token of the macro call to the
    /// last one, so these two carry the ends.
    pub(crate) fn into_tokens(self) -> TokenStream {
        let punct = |character, spacing| {
            let mut punct = Punct::new(character, spacing);
            punct.set_span(self.start);
            TokenTree::from(punct)
        };
        let ident = |name| TokenTree::from(Ident::new(name, self.start));
        let mut message = Literal::string(&self.message);
        message.set_span(self.end);
        let mut braces = Group::new(Delimiter::Brace, TokenTree::from(message).into());
        braces.set_span(self.end);
        TokenStream::from_iter([
            punct(':', Spacing::Joint),
            punct(':', Spacing::Alone),
            ident("core"),
            punct(':', Spacing::Joint),
            punct(':', Spacing::Alone),
            ident("compile_error"),
            punct('!', Spacing::Alone),
            braces.into(),
        ])
    }
}
