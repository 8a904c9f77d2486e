//! The order of the addresses, against a model that is slow and obvious: seen in the order of attempts that fail at once.

use std::{
    cell::RefCell,
    io,
    net::{Ipv6Addr, SocketAddr},
};

use futures_lite::future::block_on;
use smolio_net::happy_eyeballs;

fn order(addresses: &[SocketAddr]) -> Vec<SocketAddr> {
    let tried = RefCell::new(Vec::new());
    let connect = |address| {
        tried.borrow_mut().push(address);
        async { io::Result::<()>::Err(io::ErrorKind::ConnectionRefused.into()) }
    };
    let error = block_on(happy_eyeballs(addresses.iter().copied(), connect)).unwrap_err();
    let tried = tried.into_inner();
    // The error tells the same.
    let told = error.attempts().iter().map(|attempt| attempt.address);
    assert!(told.eq(tried.iter().copied()));
    tried
}

fn v4(number: u8) -> SocketAddr {
    ([10, 0, 0, number], 80).into()
}

fn v6(number: u8) -> SocketAddr {
    (Ipv6Addr::from(u128::from(number)), 80).into()
}

#[test]
fn the_families_take_turns() {
    assert_eq!(
        order(&[v6(1), v6(2), v4(1), v4(2)]),
        [v6(1), v4(1), v6(2), v4(2)]
    );
}

#[test]
fn the_family_of_the_first_address_begins() {
    assert_eq!(order(&[v4(1), v6(1), v6(2)]), [v4(1), v6(1), v6(2)]);
}

#[test]
fn what_is_left_of_one_family_follows() {
    assert_eq!(
        order(&[v4(1), v4(2), v4(3), v6(1)]),
        [v4(1), v6(1), v4(2), v4(3)]
    );
}

#[test]
fn an_address_that_comes_twice_is_tried_once() {
    assert_eq!(order(&[v4(1), v6(1), v4(1), v6(1)]), [v4(1), v6(1)]);
}

/// Takes one address after the other, always the first of the family whose turn it is.
fn model(addresses: &[SocketAddr]) -> Vec<SocketAddr> {
    let mut left = Vec::new();
    for address in addresses {
        if !left.contains(address) {
            left.push(*address);
        }
    }
    let mut order = Vec::new();
    let mut turn_of_v6 = left.first().is_some_and(SocketAddr::is_ipv6);
    while !left.is_empty() {
        let position = left
            .iter()
            .position(|address| address.is_ipv6() == turn_of_v6);
        order.push(left.remove(position.unwrap_or(0)));
        turn_of_v6 = !turn_of_v6;
    }
    order
}

#[test]
fn random_lists_are_ordered_as_the_model_says() {
    let mut random = fastrand::Rng::with_seed(8305);
    for _ in 0..2_000 {
        let share_of_v6 = random.f64();
        let length = random.usize(0..12);
        let addresses: Vec<_> = (0..length)
            .map(|_| {
                let number = random.u8(0..20);
                if random.f64() < share_of_v6 {
                    v6(number)
                } else {
                    v4(number)
                }
            })
            .collect();
        assert_eq!(order(&addresses), model(&addresses), "of {addresses:?}");
    }
}
