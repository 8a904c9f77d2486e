//! futures: combinators, channels and streams know no runtime. They run within one task, as `gather` does.

use ::futures::{
    SinkExt, StreamExt,
    channel::mpsc,
    future::{join_all, select},
    pin_mut,
    stream::{self, FuturesUnordered},
};
use smolio::{sleep, spawn};
use std::time::Duration;

use crate::support::as_it_is;

const SHORT: Duration = Duration::from_millis(1);

async fn double(number: u32) -> u32 {
    sleep(SHORT).await;
    2 * number
}

#[test]
fn combinators_work_as_they_are() {
    as_it_is(async {
        assert_eq!(join_all((1..=3).map(double)).await, [2, 4, 6]);
        assert_eq!(::futures::join!(double(1), double(2)), (2, 4));
        let mut unordered: FuturesUnordered<_> = (1..=100).map(double).collect();
        let mut sum = 0;
        while let Some(number) = unordered.next().await {
            sum += number;
        }
        assert_eq!(sum, 10_100);
        let few_at_a_time = stream::iter(1..=3).map(double).buffered(2);
        assert_eq!(few_at_a_time.collect::<Vec<_>>().await, [2, 4, 6]);
        let (soon, late) = (double(1), sleep(Duration::from_secs(3600)));
        pin_mut!(soon, late);
        assert!(matches!(
            select(soon, late).await,
            ::futures::future::Either::Left((2, _))
        ));
        anyhow::Ok(())
    });
}

#[test]
fn channels_work_as_they_are() {
    as_it_is(async {
        let (mut sender, receiver) = mpsc::channel(1);
        let producer = spawn(async move {
            for number in 1..=100 {
                sender.send(number).await?;
            }
            Ok::<_, mpsc::SendError>(())
        });
        assert_eq!(
            receiver.fold(0, async |sum, number| sum + number).await,
            5050
        );
        producer.await
    });
}
