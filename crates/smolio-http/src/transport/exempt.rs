//! Whom no proxy is for: the list that `NO_PROXY` is.

use std::net::IpAddr;

/// Hosts that are spoken to directly.
#[derive(Clone, Debug, Default)]
pub(crate) struct Exempt {
    everything: bool,
    entries: Vec<Entry>,
}

#[derive(Clone, Debug)]
struct Entry {
    host: HostPattern,
    port: Option<u16>,
}

#[derive(Clone, Debug)]
enum HostPattern {
    Address(IpAddr),
    /// In lower case, without a dot in front: itself, and all names below it.
    Name(String),
}

impl Exempt {
    /// Adds what is between the commas, or spaces.
    pub(crate) fn add(&mut self, list: &str) {
        let is_separator = |letter: char| letter == ',' || letter.is_whitespace();
        for entry in list.split(is_separator).filter(|entry| !entry.is_empty()) {
            if entry == "*" {
                self.everything = true;
            } else if let Some(entry) = Entry::parse(entry) {
                self.entries.push(entry);
            }
        }
    }

    pub(crate) fn contains(&self, host: &str, port: u16) -> bool {
        self.everything || self.entries.iter().any(|entry| entry.matches(host, port))
    }
}

impl Entry {
    /// None for what is left of a dot or a star alone, which is no host.
    fn parse(text: &str) -> Option<Self> {
        // An IPv6 address has colons of its own, and brackets only where there is a port.
        if let Ok(address) = text.parse() {
            let host = HostPattern::Address(address);
            return Some(Self { host, port: None });
        }
        let (host, port) = match text.rsplit_once(':') {
            Some((host, port)) => match port.parse() {
                Ok(port) => (host, Some(port)),
                Err(_) => (text, None),
            },
            None => (text, None),
        };
        let host = host.trim_start_matches('[').trim_end_matches(']');
        if let Ok(address) = host.parse() {
            let host = HostPattern::Address(address);
            return Some(Self { host, port });
        }
        let name = host.trim_start_matches('*').trim_start_matches('.');
        let name = name.trim_end_matches('.').to_ascii_lowercase();
        let host = (!name.is_empty()).then_some(HostPattern::Name(name))?;
        Some(Self { host, port })
    }

    fn matches(&self, host: &str, port: u16) -> bool {
        if self.port.is_some_and(|own| own != port) {
            return false;
        }
        match &self.host {
            HostPattern::Address(address) => host.parse() == Ok(*address),
            HostPattern::Name(name) => {
                let host = host.trim_end_matches('.').to_ascii_lowercase();
                match host.strip_suffix(name.as_str()) {
                    Some(before) => before.is_empty() || before.ends_with('.'),
                    None => false,
                }
            }
        }
    }
}
