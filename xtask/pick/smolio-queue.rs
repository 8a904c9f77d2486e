//! smolio-queue alone, on an executor that is not ours.
// dependencies: futures-lite = "2"

fn main() {
    futures_lite::future::block_on(async {
        let queue = smolio_queue::PriorityQueue::bounded(2);
        queue.put(2).await.expect("there is room for two");
        queue.put(1).await.expect("there is room for two");
        queue.shutdown();
        assert_eq!(queue.next().await, Some(1));
        assert_eq!(queue.next().await, Some(2));
        assert_eq!(queue.next().await, None);
    });
}
