//! async-stream: generators. They know no runtime.

use std::time::Duration;

use ::async_stream::{stream, try_stream};
use futures::{StreamExt, TryStreamExt, pin_mut};
use smolio::{sleep, timeout};

use crate::support::as_it_is;

#[test]
fn it_works_as_it_is() {
    as_it_is(async {
        let ticks = stream! {
            for tick in 1..=3 {
                sleep(Duration::from_millis(1)).await;
                yield tick;
            }
        };
        assert_eq!(ticks.collect::<Vec<_>>().await, [1, 2, 3]);

        let slow = try_stream! {
            yield 1;
            timeout(Duration::from_millis(1), std::future::pending::<()>()).await?;
            yield 2;
        };
        pin_mut!(slow);
        let first: Result<Option<i32>, smolio::Elapsed> = slow.try_next().await;
        assert_eq!(first?, Some(1));
        assert!(slow.try_next().await.is_err());
        anyhow::Ok(())
    });
}
