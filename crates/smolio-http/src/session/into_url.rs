//! What a request may be told as its address.

use url::{ParseError, Url};

use crate::auth::without_credentials;

/// An address: a `&str`, a `String`, a [`Url`], or a reference to one of these.
///
/// A text is parsed as the web does it, relative to the session's base address if that has one. One that cannot be parsed is
/// an error when the request is awaited, not a panic.
///
/// This trait is sealed: there are no other addresses.
pub trait IntoUrl: sealed::Sealed {}

impl<T: sealed::Sealed> IntoUrl for T {}

pub(crate) mod sealed {
    use super::InvalidAddress;

    pub trait Sealed {
        fn into_url(self, base: Option<&url::Url>) -> Result<url::Url, InvalidAddress>;
    }
}

/// A text that is no address, and why.
#[derive(Debug)]
pub struct InvalidAddress {
    /// Without a password that may have been in it.
    text: String,
    reason: ParseError,
}

impl std::fmt::Display for InvalidAddress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { text, reason } = self;
        write!(f, "{text:?}: {reason}")
    }
}

impl std::error::Error for InvalidAddress {}

impl sealed::Sealed for &str {
    fn into_url(self, base: Option<&Url>) -> Result<Url, InvalidAddress> {
        let parsed = match base {
            None => Url::parse(self),
            Some(base) => base.join(self),
        };
        parsed.map_err(|reason| InvalidAddress {
            text: without_credentials(self).into_owned(),
            reason,
        })
    }
}

impl sealed::Sealed for Url {
    fn into_url(self, _: Option<&Url>) -> Result<Url, InvalidAddress> {
        Ok(self)
    }
}

/// Passes on to what can be got of it.
macro_rules! address_as {
    ($($from:ty: $this:ident => $into:expr),* $(,)?) => {
        $(
            impl sealed::Sealed for $from {
                fn into_url(self, base: Option<&Url>) -> Result<Url, InvalidAddress> {
                    let $this = self;
                    sealed::Sealed::into_url($into, base)
                }
            }
        )*
    };
}

address_as! {
    String: text => text.as_str(),
    &String: text => text.as_str(),
    &&str: text => *text,
    &Url: url => url.clone(),
}
