//! The name by which a primitive goes in reports of who waits for what.

use std::fmt;

use smolio_context::waiting_for;

pub(crate) struct Resource {
    kind: &'static str,
    name: Option<Box<str>>,
}

impl Resource {
    pub(crate) const fn new(kind: &'static str) -> Self {
        Self { kind, name: None }
    }
    pub(crate) const fn permits(kind: &'static str) -> Self {
        Self::new(kind)
    }
    pub(crate) fn named(mut self, name: &str) -> Self {
        self.name = Some(name.into());
        self
    }
    pub(crate) fn taken(&self) {}
    pub(crate) fn released(&self) {}
}

impl fmt::Display for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind)?;
        match &self.name {
            Some(name) => write!(f, " {name:?}"),
            None => Ok(()),
        }
    }
}

pub(crate) fn waiting_on(_: &Resource, what: impl FnOnce() -> String) {
    waiting_for(what);
}
