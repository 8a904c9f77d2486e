//! The outline of the function under an attribute.
//!
//! The compiler has parsed the item before it calls an attribute, so the tokens are known to be *some* item. What is left to
//! do is to tell its parts from each other. Types and statements stay tokens: an expansion that does not look into them
//! works with all that Rust may get.

use proc_macro::{Delimiter, Group, Ident, Spacing, Span, TokenStream, TokenTree};

use crate::{error::Error, template};

/// A function, cut into the parts that the attributes move about.
pub(crate) struct Function {
    /// The attributes on the function and those at the head of its body, doc comments among them.
    pub(crate) attributes: TokenStream,
    pub(crate) visibility: TokenStream,
    /// `unsafe`, `const`, `extern "C"`: everything before `fn`, except for `async`.
    pub(crate) qualifiers: TokenStream,
    pub(crate) is_async: bool,
    pub(crate) fn_keyword: Ident,
    pub(crate) name: Ident,
    /// `<T>`, empty for most.
    pub(crate) generics: Vec<TokenTree>,
    pub(crate) parameters: Group,
    /// From `->` up to the body, with the `where` clause.
    pub(crate) output: TokenStream,
    /// The type alone; empty where the function returns nothing.
    pub(crate) return_type: Vec<TokenTree>,
    pub(crate) body: Group,
}

impl Function {
    pub(crate) fn parse(item: TokenStream) -> Result<Self, Error> {
        let mut cursor = Cursor::new(item);
        let mut attributes = cursor.attributes();
        let visibility = cursor.visibility();
        let (qualifiers, is_async) = cursor.qualifiers();
        let fn_keyword = cursor.ident("this attribute goes on a function")?;
        if fn_keyword.to_string() != "fn" {
            let message = "this attribute goes on a function";
            return Err(Error::new(fn_keyword.span(), message));
        }
        let name = cursor.ident("a function has a name")?;
        let generics = cursor.generics();
        let parameters = cursor.group(Delimiter::Parenthesis, "a function has parameters")?;
        let (output, body) = cursor.output_and_body(&name)?;
        let (inner_attributes, body) = lift_inner_attributes(&body);
        attributes.extend(inner_attributes);
        Ok(Self {
            attributes,
            visibility,
            qualifiers,
            is_async,
            fn_keyword,
            name,
            generics,
            parameters,
            return_type: return_type(&output),
            output: output.into_iter().collect(),
            body,
        })
    }

    /// Checks what holds for both attributes.
    pub(crate) fn check_signature(&self) -> Result<(), Error> {
        if !self.is_async {
            let message = "the function must be `async`: write `async fn`";
            return Err(Error::new(self.fn_keyword.span(), message));
        }
        if !self.generics.is_empty() {
            let message = "nobody could choose the generic parameters of this function";
            return Err(Error::at(&self.generics, self.name.span(), message));
        }
        Ok(())
    }

    /// The parts as holes of a template, under their names in capitals.
    pub(crate) fn holes(&self) -> Vec<(&'static str, TokenStream)> {
        let tree = |tree: TokenTree| TokenStream::from(tree);
        vec![
            ("ATTRIBUTES", self.attributes.clone()),
            ("VISIBILITY", self.visibility.clone()),
            ("QUALIFIERS", self.qualifiers.clone()),
            ("NAME", tree(self.name.clone().into())),
            ("GENERICS", self.generics.iter().cloned().collect()),
            ("PARAMETERS", tree(self.parameters.clone().into())),
            ("OUTPUT", self.output.clone()),
            ("BODY", tree(self.body.clone().into())),
        ]
    }

    /// `run(argument)` as if it stood where the function's name stands: `#[track_caller]` methods report that line then, not
    /// the attribute's.
    pub(crate) fn run(&self, argument: TokenStream) -> TokenStream {
        template::fill("run(ARGUMENT)", self.name.span(), &[("ARGUMENT", argument)])
    }
}

/// Goes through the tokens of an item, one part after the other.
struct Cursor {
    tokens: std::iter::Peekable<std::vec::IntoIter<TokenTree>>,
    /// Where the last token taken stood.
    span: Span,
}

impl Cursor {
    fn new(item: TokenStream) -> Self {
        let tokens: Vec<TokenTree> = item.into_iter().collect();
        Self {
            tokens: tokens.into_iter().peekable(),
            span: Span::call_site(),
        }
    }

    fn next(&mut self) -> Option<TokenTree> {
        let token = self.tokens.next()?;
        self.span = token.span();
        Some(token)
    }

    fn next_if(&mut self, wanted: impl FnOnce(&TokenTree) -> bool) -> Option<TokenTree> {
        let token = self.tokens.next_if(|token| wanted(token))?;
        self.span = token.span();
        Some(token)
    }

    fn attributes(&mut self) -> TokenStream {
        let mut attributes = Vec::new();
        while let Some(hash) = self.next_if(|token| is_punct(token, '#')) {
            attributes.push(hash);
            attributes.extend(self.next());
        }
        attributes.into_iter().collect()
    }

    /// `pub`, `pub(crate)`, nothing; or what a `$vis:vis` of a macro stands for, which is a group without delimiters.
    fn visibility(&mut self) -> TokenStream {
        let mut visibility = Vec::new();
        if let Some(group) = self.next_if(|token| has_delimiter(token, Delimiter::None)) {
            visibility.push(group);
        } else if let Some(public) = self.next_if(|token| is_ident(token, "pub")) {
            visibility.push(public);
            visibility.extend(self.next_if(|token| has_delimiter(token, Delimiter::Parenthesis)));
        }
        visibility.into_iter().collect()
    }

    fn qualifiers(&mut self) -> (TokenStream, bool) {
        let mut qualifiers = Vec::new();
        let mut is_async = false;
        let is_qualifier = |token: &TokenTree| {
            let words = ["async", "const", "extern", "safe", "unsafe"];
            // The name of an ABI, as in `extern "C"`.
            let is_literal = matches!(token, TokenTree::Literal(_));
            is_literal || words.iter().any(|word| is_ident(token, word))
        };
        while let Some(token) = self.next_if(is_qualifier) {
            if is_ident(&token, "async") {
                is_async = true;
            } else {
                qualifiers.push(token);
            }
        }
        (qualifiers.into_iter().collect(), is_async)
    }

    fn ident(&mut self, message: &str) -> Result<Ident, Error> {
        match self.next() {
            Some(TokenTree::Ident(ident)) => Ok(ident),
            _ => Err(Error::new(self.span, message)),
        }
    }

    fn group(&mut self, delimiter: Delimiter, message: &str) -> Result<Group, Error> {
        match self.next() {
            Some(TokenTree::Group(group)) if group.delimiter() == delimiter => Ok(group),
            _ => Err(Error::new(self.span, message)),
        }
    }

    fn generics(&mut self) -> Vec<TokenTree> {
        let mut generics = Vec::new();
        let mut depth = 0;
        let mut after_minus = false;
        while let Some(token) = self.next_if(|token| depth > 0 || is_punct(token, '<')) {
            if is_punct(&token, '<') {
                depth += 1;
            } else if is_punct(&token, '>') && !after_minus {
                depth -= 1;
            }
            after_minus = is_joint_minus(&token);
            generics.push(token);
        }
        generics
    }

    fn output_and_body(&mut self, name: &Ident) -> Result<(Vec<TokenTree>, Group), Error> {
        let mut output: Vec<TokenTree> = self.tokens.by_ref().collect();
        match output.pop().map(without_invisible_group) {
            Some(TokenTree::Group(body)) if body.delimiter() == Delimiter::Brace => {
                Ok((output, body))
            }
            _ => Err(Error::new(name.span(), "the function needs a body")),
        }
    }
}

/// The type behind `->`, without a `where` clause.
fn return_type(output: &[TokenTree]) -> Vec<TokenTree> {
    let arrow = output
        .windows(2)
        .position(|pair| is_joint_minus(&pair[0]) && is_punct(&pair[1], '>'));
    let Some(arrow) = arrow else {
        return Vec::new();
    };
    let behind = output[arrow + 2..].iter().cloned();
    behind
        .take_while(|token| !is_ident(token, "where"))
        .collect()
}

/// Takes `#![..]` from the head of the body and gives it as `#[..]` for the function: in the block that the body becomes,
/// inner attributes are not allowed.
fn lift_inner_attributes(body: &Group) -> (TokenStream, Group) {
    let mut attributes = Vec::new();
    let mut tokens: Vec<TokenTree> = body.stream().into_iter().collect();
    while let [hash, bang, content, ..] = tokens.as_slice() {
        if !(is_punct(hash, '#')
            && is_punct(bang, '!')
            && has_delimiter(content, Delimiter::Bracket))
        {
            break;
        }
        attributes.extend([hash.clone(), content.clone()]);
        tokens.drain(..3);
    }
    let mut rest = Group::new(Delimiter::Brace, tokens.into_iter().collect());
    rest.set_span(body.span());
    (attributes.into_iter().collect(), rest)
}

/// What a macro's `$body:block` or `$number:literal` stands for arrives in a group without delimiters.
pub(crate) fn without_invisible_group(token: TokenTree) -> TokenTree {
    let TokenTree::Group(group) = &token else {
        return token;
    };
    let mut content = group.stream().into_iter();
    match (group.delimiter(), content.next(), content.next()) {
        (Delimiter::None, Some(only), None) => without_invisible_group(only),
        _ => token,
    }
}

pub(crate) fn is_punct(token: &TokenTree, character: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == character)
}

pub(crate) fn is_ident(token: &TokenTree, name: &str) -> bool {
    matches!(token, TokenTree::Ident(ident) if ident.to_string() == name)
}

fn has_delimiter(token: &TokenTree, delimiter: Delimiter) -> bool {
    matches!(token, TokenTree::Group(group) if group.delimiter() == delimiter)
}

/// The first half of `->`.
fn is_joint_minus(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == '-' && punct.spacing() == Spacing::Joint)
}
