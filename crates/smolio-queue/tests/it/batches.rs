//! Many items at once.

use crate::support::{Kind, Wakes, for_all_kinds};

for_all_kinds!(
    many_come_in_the_order_of_single_gets,
    never_more_than_wanted_or_there,
    none_wanted_none_waited_for,
    a_batch_larger_than_the_queue_goes_in_piece_by_piece,
    a_cancelled_batch_leaves_what_is_in_and_gives_the_rest,
    a_batch_refused_half_way_gives_the_rest,
    one_batch_wakes_one_batch,
    a_batch_of_items_wakes_as_many_as_it_serves,
    a_batch_got_wakes_as_many_as_have_room,
);

fn many_come_in_the_order_of_single_gets<Q: Kind>() {
    let (queue, wakes) = (Q::unbounded(), Wakes::new());
    let items = vec![3, 1, 4, 1, 5, 9, 2, 6];
    wakes.poll_ready(&mut queue.put_all(items.clone())).unwrap();
    let got = wakes.poll_ready(&mut queue.get_many(8)).unwrap();
    assert_eq!(got, Q::in_order(items));
}

fn never_more_than_wanted_or_there<Q: Kind>() {
    let (queue, wakes) = (Q::unbounded(), Wakes::new());
    wakes.poll_ready(&mut queue.put_all(vec![1, 2, 3])).unwrap();
    let got = wakes.poll_ready(&mut queue.get_many(2)).unwrap();
    assert_eq!(got.len(), 2);
    let got = wakes.poll_ready(&mut queue.get_many(usize::MAX)).unwrap();
    assert_eq!(got.len(), 1);
    assert_eq!(queue.stats().accepted, 3);
}

fn none_wanted_none_waited_for<Q: Kind>() {
    let (queue, wakes) = (Q::unbounded(), Wakes::new());
    let got = wakes.poll_ready(&mut queue.get_many(0)).unwrap();
    assert_eq!(got, []);
    wakes.poll_ready(&mut queue.put_all(vec![])).unwrap();
    assert_eq!(queue.stats().accepted, 0);
}

fn a_batch_larger_than_the_queue_goes_in_piece_by_piece<Q: Kind>() {
    let (queue, wakes) = (Q::bounded(3), Wakes::new());
    let mut put = queue.put_all((0..8).collect());
    let mut got = Vec::new();
    wakes.poll_pending(&mut put);
    assert_eq!(queue.len(), 3);
    got.push(queue.try_get().unwrap());
    assert_eq!(wakes.count(), 1);
    wakes.poll_pending(&mut put);
    got.extend(wakes.poll_ready(&mut queue.get_many(8)).unwrap());
    assert_eq!(wakes.count(), 2);
    wakes.poll_pending(&mut put);
    got.extend(wakes.poll_ready(&mut queue.get_many(8)).unwrap());
    wakes.poll_ready(&mut put).unwrap();
    got.extend(wakes.poll_ready(&mut queue.get_many(8)).unwrap());
    got.sort_unstable();
    assert_eq!(got, Vec::from_iter(0..8));
    assert_eq!(wakes.clones(), 0);
}

fn a_cancelled_batch_leaves_what_is_in_and_gives_the_rest<Q: Kind>() {
    let (queue, wakes) = (Q::bounded(2), Wakes::new());
    let mut put = queue.put_all(vec![1, 2, 3, 4]);
    wakes.poll_pending(&mut put);
    assert_eq!(put.into_rest(), [3, 4]);
    assert_eq!(queue.stats().putters, 0);
    assert_eq!(queue.len(), 2);
    // One that was never polled.
    assert_eq!(queue.put_all(vec![5]).into_rest(), [5]);
}

fn a_batch_refused_half_way_gives_the_rest<Q: Kind>() {
    let (queue, wakes) = (Q::bounded(2), Wakes::new());
    let mut put = queue.put_all(vec![1, 2, 3]);
    wakes.poll_pending(&mut put);
    queue.shutdown();
    let refused = wakes.poll_ready(&mut put).unwrap_err();
    assert_eq!(refused.accepted(), 2);
    assert_eq!(
        refused.to_string(),
        "cannot put 1 of 3 items: the queue is shut down"
    );
    assert_eq!(refused.into_inner(), [3]);
    assert_eq!(queue.len(), 2);
}

/// Who wants a batch counts for as many as it wants: the others would be woken for nothing.
fn one_batch_wakes_one_batch<Q: Kind>() {
    let queue = Q::bounded(10);
    let wakes = [Wakes::new(), Wakes::new()];
    let mut puts = [queue.put_all(vec![7; 10]), queue.put_all(vec![8; 10])];
    queue.try_put(1).unwrap();
    for (put, wakes) in puts.iter_mut().zip(&wakes) {
        wakes.poll_pending(put);
    }
    let mut gets = queue.get_many(10);
    wakes[0].poll_ready(&mut gets).unwrap();
    // The first wants room for one, and the other for the rest.
    assert_eq!([wakes[0].count(), wakes[1].count()], [1, 1]);
    // The other is quicker, and the first keeps its place.
    wakes[1].poll_ready(&mut puts[1]).unwrap();
    wakes[0].poll_pending(&mut puts[0]);
    let got = wakes[0].poll_ready(&mut queue.get_many(1)).unwrap();
    assert_eq!(got.len(), 1);
    assert_eq!([wakes[0].count(), wakes[1].count()], [2, 1]);
}

fn a_batch_of_items_wakes_as_many_as_it_serves<Q: Kind>() {
    let queue = Q::unbounded();
    let wakes = [(); 5].map(|()| Wakes::new());
    let mut gets = [(); 5].map(|()| queue.get());
    for (get, wakes) in gets.iter_mut().zip(&wakes) {
        wakes.poll_pending(get);
    }
    wakes[0]
        .poll_ready(&mut queue.put_all(vec![1, 2, 3]))
        .unwrap();
    assert_eq!(wakes.each_ref().map(Wakes::count), [1, 1, 1, 0, 0]);
}

fn a_batch_got_wakes_as_many_as_have_room<Q: Kind>() {
    let queue = Q::bounded(3);
    let wakes = [(); 5].map(|()| Wakes::new());
    wakes[0]
        .poll_ready(&mut queue.put_all(vec![1, 2, 3]))
        .unwrap();
    let mut puts = [4, 5, 6, 7, 8].map(|item| queue.put(item));
    for (put, wakes) in puts.iter_mut().zip(&wakes) {
        wakes.poll_pending(put);
    }
    wakes[0].poll_ready(&mut queue.get_many(2)).unwrap();
    assert_eq!(wakes.each_ref().map(Wakes::count), [1, 1, 0, 0, 0]);
}
