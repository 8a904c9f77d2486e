//! Where to connect to, as the caller has it: a text, a name and a port, or addresses; and how names become addresses.

use std::{
    fmt, io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6, ToSocketAddrs as _},
};

/// Where to connect to: a name and a port, or one or more socket addresses.
///
/// It is made of a text `"host:port"`, of a pair `(host, port)`, or of what the standard library has for addresses. A host is
/// a name, an IPv4 address, or an IPv6 address; a text needs the brackets around the latter, as in `"[::1]:80"`. Nothing is
/// looked up before the connection is opened, and a text that makes no sense is refused then.
///
/// ```
/// use smolio_net::Address;
/// assert_eq!(Address::from("example.org:80").to_string(), "example.org:80");
/// assert_eq!(Address::from(("example.org", 80)).to_string(), "example.org:80");
/// assert_eq!(Address::from(("::1", 80)).to_string(), "[::1]:80");
/// assert_eq!(Address::from(([127, 0, 0, 1], 80)).to_string(), "127.0.0.1:80");
/// ```
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Address(Target);

#[derive(Clone, PartialEq, Eq, Hash, Debug)]
enum Target {
    /// To be looked up.
    Name { host: String, port: u16 },
    /// In the order of preference.
    Known(Vec<SocketAddr>),
    /// A text without a host or a port.
    Invalid(String),
}

/// Why an address has not become socket addresses.
pub(crate) enum Unresolved {
    InvalidAddress,
    Lookup(io::Error),
    NoAddresses,
}

impl Address {
    fn parse(text: &str) -> Self {
        if let Ok(address) = text.parse::<SocketAddr>() {
            return address.into();
        }
        let Some((host, port)) = text.rsplit_once(':') else {
            return Self(Target::Invalid(text.to_owned()));
        };
        let in_brackets = host.starts_with('[') && host.ends_with(']');
        match port.parse() {
            // More colons: an IPv6 address without its brackets, whose last group is not a port.
            Ok(port) if in_brackets || !host.is_empty() && !host.contains(':') => {
                Self::named(host, port)
            }
            _ => Self(Target::Invalid(text.to_owned())),
        }
    }

    fn named(host: &str, port: u16) -> Self {
        // The brackets belong to the notation of URLs, not to the address.
        let inner = host.strip_prefix('[');
        let host = inner
            .and_then(|inner| inner.strip_suffix(']'))
            .unwrap_or(host);
        if let Ok(ip) = host.parse::<IpAddr>() {
            return SocketAddr::new(ip, port).into();
        }
        let host = host.to_owned();
        Self(Target::Name { host, port })
    }

    /// The addresses, in the order of the resolver, after a lookup where one is needed.
    pub(crate) async fn resolve(self) -> Result<Vec<SocketAddr>, Unresolved> {
        let addresses = match self.0 {
            Target::Invalid(_) => return Err(Unresolved::InvalidAddress),
            Target::Known(addresses) => addresses,
            Target::Name { host, port } => look_up(host, port).await.map_err(Unresolved::Lookup)?,
        };
        if addresses.is_empty() {
            return Err(Unresolved::NoAddresses);
        }
        Ok(addresses)
    }
}

/// On a thread for blocking calls: the system's resolver has no other way. A lookup that has begun cannot be stopped; when
/// nobody waits for it any more it ends unheard.
async fn look_up(host: String, port: u16) -> io::Result<Vec<SocketAddr>> {
    let look_up = move || (host.as_str(), port).to_socket_addrs();
    Ok(blocking::unblock(look_up).await?.collect())
}

/// As it was given, for errors and for whoever asks what a task waits for.
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            // An address with a scope has colons too, and is looked up.
            Target::Name { host, port } if host.contains(':') => write!(f, "[{host}]:{port}"),
            Target::Name { host, port } => write!(f, "{host}:{port}"),
            Target::Known(addresses) if addresses.is_empty() => f.write_str("no address"),
            Target::Known(addresses) => {
                for (index, address) in addresses.iter().enumerate() {
                    let separator = if index == 0 { "" } else { ", " };
                    write!(f, "{separator}{address}")?;
                }
                Ok(())
            }
            Target::Invalid(text) => write!(f, "{text:?}"),
        }
    }
}

impl From<&str> for Address {
    fn from(text: &str) -> Self {
        Self::parse(text)
    }
}

impl From<&String> for Address {
    fn from(text: &String) -> Self {
        Self::parse(text)
    }
}

impl From<String> for Address {
    fn from(text: String) -> Self {
        Self::parse(&text)
    }
}

impl From<(&str, u16)> for Address {
    fn from((host, port): (&str, u16)) -> Self {
        Self::named(host, port)
    }
}

impl From<(&String, u16)> for Address {
    fn from((host, port): (&String, u16)) -> Self {
        Self::named(host, port)
    }
}

impl From<(String, u16)> for Address {
    fn from((host, port): (String, u16)) -> Self {
        Self::named(&host, port)
    }
}

/// What becomes one socket address in the standard library becomes an address here.
macro_rules! from_one {
    ($($one:ty),*) => {$(
        impl From<$one> for Address {
            fn from(one: $one) -> Self {
                Self(Target::Known(vec![one.into()]))
            }
        }
    )*};
}

from_one!(
    SocketAddr,
    SocketAddrV4,
    SocketAddrV6,
    (IpAddr, u16),
    (Ipv4Addr, u16),
    (Ipv6Addr, u16),
    ([u8; 4], u16)
);

impl From<&[SocketAddr]> for Address {
    fn from(addresses: &[SocketAddr]) -> Self {
        Self(Target::Known(addresses.to_vec()))
    }
}

impl<const N: usize> From<[SocketAddr; N]> for Address {
    fn from(addresses: [SocketAddr; N]) -> Self {
        Self(Target::Known(addresses.to_vec()))
    }
}

impl From<Vec<SocketAddr>> for Address {
    fn from(addresses: Vec<SocketAddr>) -> Self {
        Self(Target::Known(addresses))
    }
}

impl From<&Address> for Address {
    fn from(address: &Address) -> Self {
        address.clone()
    }
}
