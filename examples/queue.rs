//! A producer and a consumer, and a queue with room for three items between them.
//!
//! `cargo run --release --example queue`
//!
//! In asyncio: `queue = asyncio.Queue(maxsize=3)`, `await queue.put(item)` every 0.2 s, `await queue.get()`, and a `None` that
//! tells the consumer to end. Here the queue ends by itself, with its last producer; the `None` works as well.

use std::time::Duration;

use smolio::{
    Queue, TaskGroup,
    queue::{Producer, PutError},
    sleep,
};

#[smolio::main]
async fn main() -> anyhow::Result<()> {
    println!("until the producer is gone:");
    println!("got {:?}", until_the_producer_is_gone().await?);
    println!("until a sentinel comes:");
    println!("got {:?}", until_a_sentinel_comes().await?);
    Ok(())
}

pub async fn until_the_producer_is_gone() -> anyhow::Result<Vec<u32>> {
    let queue = Queue::bounded(3);
    let group = TaskGroup::<PutError<u32>>::new();
    let got = group.run(async {
        group.spawn(produce(queue.producer()));
        let mut got = Vec::new();
        while let Some(number) = queue.next().await {
            println!("  got {number}");
            got.push(number);
        }
        Ok(got)
    });
    Ok(got.await?)
}

async fn produce(producer: Producer<u32>) -> Result<(), PutError<u32>> {
    for number in 1..=5 {
        sleep(Duration::from_millis(200)).await;
        println!("  put {number}");
        producer.put(number).await?;
    }
    Ok(()) // the producer is dropped here, and with it the queue ends
}

pub async fn until_a_sentinel_comes() -> anyhow::Result<Vec<u32>> {
    let queue = Queue::bounded(3);
    let group = TaskGroup::<PutError<Option<u32>>>::new();
    let got = group.run(async {
        group.spawn(produce_and_say_so(&queue));
        let mut got = Vec::new();
        while let Ok(Some(number)) = queue.get().await {
            println!("  got {number}");
            got.push(number);
        }
        Ok(got)
    });
    Ok(got.await?)
}

async fn produce_and_say_so(queue: &Queue<Option<u32>>) -> Result<(), PutError<Option<u32>>> {
    for number in 1..=5 {
        sleep(Duration::from_millis(200)).await;
        println!("  put {number}");
        queue.put(Some(number)).await?;
    }
    queue.put(None).await // with two consumers there would have to be two of them
}
