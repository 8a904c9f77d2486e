//! `gather` and its relatives under other people's executors.

use std::{future::Future, time::Duration};

use smolio_task_group::{All, Or2, WaitSet, as_completed, gather, race, try_gather, wait};

use crate::support::ms;

/// A bit of everything, with timers that `nap` makes.
async fn program<F>(nap: impl Fn(Duration) -> F + Send + Sync) -> Result<u64, String>
where
    F: Future<Output = ()> + Send,
{
    let nap = &nap;
    let fetch = |number: u64| async move {
        nap(ms(number % 5)).await;
        if number > 1000 {
            return Err(number.to_string());
        }
        Ok(number)
    };
    let sum: u64 = try_gather((0..100).map(fetch))
        .limit(10)
        .await?
        .iter()
        .sum();
    assert_eq!(sum, 4950);
    let (a, b) = gather((fetch(1), fetch(2))).await;
    let all = gather([3, 1001, 4].map(fetch)).await;
    assert_eq!(all[1], Err("1001".to_string()));
    let (some, _) = all.partition();
    let slow = nap(Duration::from_secs(1000));
    let Or2::B(won) = race((slow, fetch(5))).await else {
        return Err("the slow one won".to_string());
    };
    let mut values = as_completed([6, 7].map(fetch));
    let mut total = a? + b? + some.iter().sum::<u64>() + won?;
    while let Some((_, value)) = values.next().await {
        total += value?;
    }
    let mut set: WaitSet<_> = [8, 9].into_iter().map(fetch).collect();
    for (_, value) in wait(&mut set, All).await {
        total += value?;
    }
    Ok(total)
}

const TOTAL: Result<u64, String> = Ok(1 + 2 + 3 + 4 + 5 + 6 + 7 + 8 + 9);

#[test]
fn x1_on_tokio() {
    let one_thread = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build();
    assert_eq!(
        one_thread.unwrap().block_on(program(tokio::time::sleep)),
        TOTAL
    );
    let workers = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_time()
        .build();
    let task = workers.as_ref().unwrap().spawn(program(tokio::time::sleep));
    assert_eq!(workers.unwrap().block_on(task).unwrap(), TOTAL);
}

#[test]
fn x1_on_smol() {
    let nap = |duration| async move {
        smol::Timer::after(duration).await;
    };
    assert_eq!(smol::block_on(program(nap)), TOTAL);
    assert_eq!(smol::block_on(smol::spawn(program(nap))), TOTAL);
}

#[test]
fn x1_on_ours_with_workers() {
    let runner = smolio_executor::Runner::builder().workers(2).build();
    let program = || smolio_executor::spawn(program(smolio_timer::sleep));
    let both = runner
        .unwrap()
        .run(async { gather((program(), program())).await });
    assert_eq!(both, (TOTAL, TOTAL));
}
