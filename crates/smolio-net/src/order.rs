//! In which order the addresses of a name are tried: a pure function of the order in which the resolver gave them.

use std::{
    collections::{HashSet, VecDeque},
    net::SocketAddr,
};

/// The families take turns, beginning with that of the first address; within a family the order stays. Where one family has
/// run out the rest of the other follows. An address that comes twice is there once.
///
/// The resolver's order is the system's opinion of which address is best (RFC 6724). So its first address stays the first,
/// and the second attempt is one that fails for other reasons (RFC 8305, section 4, with a "first address family count" of 1).
pub(crate) fn interleaved(addresses: impl IntoIterator<Item = SocketAddr>) -> Vec<SocketAddr> {
    let mut seen = HashSet::new();
    let mut families = [VecDeque::new(), VecDeque::new()];
    let mut first_is_v6 = None;
    for address in addresses {
        if seen.insert(address) {
            let first_is_v6 = *first_is_v6.get_or_insert(address.is_ipv6());
            families[usize::from(address.is_ipv6() != first_is_v6)].push_back(address);
        }
    }
    let mut order = Vec::with_capacity(seen.len());
    while order.len() < seen.len() {
        order.extend(families.iter_mut().filter_map(VecDeque::pop_front));
    }
    order
}
