//! Rust text with holes, for writing down an expansion so that it can be read: what `quote!` is for, without the crate.

use proc_macro::{Group, Span, TokenStream, TokenTree};

/// The tokens of `text`, in which every identifier that is the name of a hole is replaced by the hole's tokens.
///
/// What comes from the text gets the `span`, what comes from a hole keeps its own.
pub(crate) fn fill(text: &str, span: Span, holes: &[(&str, TokenStream)]) -> TokenStream {
    let tokens = text
        .parse()
        .expect("the templates of this crate consist of Rust's tokens");
    fill_tokens(tokens, span, holes)
}

fn fill_tokens(tokens: TokenStream, span: Span, holes: &[(&str, TokenStream)]) -> TokenStream {
    let fill_one = |mut token: TokenTree| -> TokenStream {
        match &token {
            TokenTree::Ident(ident) => {
                let name = ident.to_string();
                if let Some((_, content)) = holes.iter().find(|(hole, _)| *hole == name) {
                    return content.clone();
                }
            }
            TokenTree::Group(group) => {
                let content = fill_tokens(group.stream(), span, holes);
                token = Group::new(group.delimiter(), content).into();
            }
            TokenTree::Punct(_) | TokenTree::Literal(_) => {}
        }
        token.set_span(span);
        token.into()
    };
    tokens.into_iter().flat_map(fill_one).collect()
}
