//! Who is woken, in which order, and with which waker.

use std::{
    sync::{Arc, Barrier},
    thread,
};

use smolio_queue::TryPutError;

use crate::support::{Kind, Wakes, for_all_kinds};

for_all_kinds!(
    getters_are_woken_in_the_order_they_came,
    putters_are_woken_in_the_order_they_came,
    no_more_are_woken_than_there_are_items_for,
    who_is_overtaken_keeps_its_place,
    several_who_are_overtaken_keep_their_places,
    a_waiter_in_the_middle_leaves_the_others_in_order,
    the_last_waker_is_the_one_that_is_called,
    a_poll_without_news_keeps_the_place,
    wakes_from_other_threads,
    ten_thousand_cancelled_in_any_order,
);

fn getters_are_woken_in_the_order_they_came<Q: Kind>() {
    let queue = Q::unbounded();
    let wakes = [(); 4].map(|()| Wakes::new());
    let mut gets = [(); 4].map(|()| queue.get());
    for (get, wakes) in gets.iter_mut().zip(&wakes) {
        wakes.poll_pending(get);
    }
    for number in 0..4 {
        queue.try_put(number as u32).unwrap();
        let woken = wakes.each_ref().map(|wakes| wakes.count() == 1);
        assert_eq!(woken, std::array::from_fn(|index| index <= number));
    }
}

fn putters_are_woken_in_the_order_they_came<Q: Kind>() {
    let queue = Q::bounded(4);
    (0..4).for_each(|item| queue.try_put(item).unwrap());
    let wakes = [(); 4].map(|()| Wakes::new());
    let mut puts = [5, 6, 7, 8].map(|item| queue.put(item));
    for (put, wakes) in puts.iter_mut().zip(&wakes) {
        wakes.poll_pending(put);
    }
    for number in 0..4 {
        queue.try_get().unwrap();
        let woken = wakes.each_ref().map(|wakes| wakes.count() == 1);
        assert_eq!(woken, std::array::from_fn(|index| index <= number));
    }
}

fn no_more_are_woken_than_there_are_items_for<Q: Kind>() {
    let (queue, first, second) = (Q::unbounded(), Wakes::new(), Wakes::new());
    let (mut one, mut two) = (queue.get(), queue.get());
    first.poll_pending(&mut one);
    second.poll_pending(&mut two);
    queue.try_put(1).unwrap();
    queue.try_get().unwrap();
    // The first has been woken for it already, and is there for this one.
    queue.try_put(2).unwrap();
    assert_eq!((first.count(), second.count()), (1, 0));
    assert_eq!(first.poll_ready(&mut one), Ok(2));
}

fn who_is_overtaken_keeps_its_place<Q: Kind>() {
    let (queue, first, second) = (Q::bounded(1), Wakes::new(), Wakes::new());
    let (mut one, mut two) = (queue.get(), queue.get());
    first.poll_pending(&mut one);
    second.poll_pending(&mut two);
    queue.try_put(1).unwrap();
    assert_eq!(queue.try_get(), Ok(1));
    first.poll_pending(&mut one);
    queue.try_put(2).unwrap();
    assert_eq!((first.count(), second.count()), (2, 0));
    assert_eq!(first.poll_ready(&mut one), Ok(2));

    drop(two);

    // The same for room.
    let (mut one, mut two) = (queue.put(3), queue.put(4));
    queue.try_put(5).unwrap();
    first.poll_pending(&mut one);
    second.poll_pending(&mut two);
    queue.try_get().unwrap();
    queue.try_put(6).unwrap();
    first.poll_pending(&mut one);
    queue.try_get().unwrap();
    assert_eq!((first.count(), second.count()), (4, 0));
    assert_eq!(queue.try_put(7), Ok(()));
    assert_eq!(queue.try_put(8), Err(TryPutError::Full(8)));
}

fn several_who_are_overtaken_keep_their_places<Q: Kind>() {
    let queue = Q::unbounded();
    let wakes = [(); 5].map(|()| Wakes::new());
    let mut gets = [(); 5].map(|()| queue.get());
    for (get, wakes) in gets.iter_mut().zip(&wakes) {
        wakes.poll_pending(get);
    }
    let overtaker = Wakes::new();
    overtaker
        .poll_ready(&mut queue.put_all(vec![1, 2, 3]))
        .unwrap();
    overtaker.poll_ready(&mut queue.get_many(3)).unwrap();
    for index in [1, 2, 0] {
        wakes[index].poll_pending(&mut gets[index]);
    }
    let mut counts = wakes.each_ref().map(Wakes::count);
    for item in 0..5 {
        queue.try_put(item).unwrap();
        counts[item as usize] += 1;
        assert_eq!(wakes.each_ref().map(Wakes::count), counts);
    }
}

fn a_waiter_in_the_middle_leaves_the_others_in_order<Q: Kind>() {
    for gone in 0..4 {
        let queue = Q::unbounded();
        let wakes = [(); 4].map(|()| Wakes::new());
        let mut gets = Vec::from([(); 4].map(|()| Some(queue.get())));
        for (get, wakes) in gets.iter_mut().zip(&wakes) {
            wakes.poll_pending(get.as_mut().unwrap());
        }
        gets[gone] = None;
        for item in 0..4 {
            queue.try_put(item).unwrap();
            let woken: Vec<usize> = (0..4).filter(|&index| wakes[index].count() == 1).collect();
            let expected = (0..4).filter(|&index| index != gone);
            let expected: Vec<usize> = expected.take(item as usize + 1).collect();
            assert_eq!(woken, expected);
        }
    }
}

fn the_last_waker_is_the_one_that_is_called<Q: Kind>() {
    let (queue, old, new) = (Q::unbounded(), Wakes::new(), Wakes::new());
    let mut get = queue.get();
    old.poll_pending(&mut get);
    new.poll_pending(&mut get);
    assert_eq!(old.clones(), 0);
    queue.try_put(1).unwrap();
    assert_eq!((old.count(), new.count()), (0, 1));
    assert_eq!(old.poll_ready(&mut get), Ok(1));
}

fn a_poll_without_news_keeps_the_place<Q: Kind>() {
    let (queue, first, second) = (Q::unbounded(), Wakes::new(), Wakes::new());
    let (mut one, mut two) = (queue.get(), queue.get());
    first.poll_pending(&mut one);
    second.poll_pending(&mut two);
    first.poll_pending(&mut one);
    assert_eq!((first.clones(), queue.stats().getters), (1, 2));
    queue.try_put(1).unwrap();
    assert_eq!((first.count(), second.count()), (1, 0));
}

fn wakes_from_other_threads<Q: Kind>() {
    let queue = Q::bounded(1);
    let both = Arc::new(Barrier::new(2));
    let thread = {
        let (queue, both) = (queue.clone(), both.clone());
        thread::spawn(move || {
            both.wait();
            for item in 0..1000 {
                futures_lite::future::block_on(queue.put(item)).unwrap();
            }
            queue.shutdown();
        })
    };
    both.wait();
    let mut sum = 0;
    while let Some(item) = futures_lite::future::block_on(queue.next()) {
        sum += item;
    }
    assert_eq!(sum, 499_500);
    thread.join().unwrap();
}

fn ten_thousand_cancelled_in_any_order<Q: Kind>() {
    let (queue, wakes) = (Q::unbounded(), Wakes::new());
    let mut gets: Vec<_> = (0..10_000).map(|_| queue.get()).collect();
    gets.iter_mut().for_each(|get| wakes.poll_pending(get));
    fastrand::Rng::with_seed(3).shuffle(&mut gets);
    gets.truncate(1);
    queue.try_put(1).unwrap();
    assert_eq!((wakes.count(), queue.stats().getters), (1, 1));
    assert_eq!(wakes.poll_ready(&mut gets[0]), Ok(1));
    assert_eq!(wakes.clones(), 0);
}
