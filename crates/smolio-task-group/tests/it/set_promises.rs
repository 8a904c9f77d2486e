//! What is promised to the compiler of `gather` and its relatives: the shapes in which people write them, and what can be sent.

use std::{
    cell::Cell,
    fmt::Debug,
    future::{Future, Ready, ready},
    marker::PhantomPinned,
    rc::Rc,
};

use futures_lite::future::{Boxed, block_on, yield_now};
use smolio_task_group::{
    All, AsCompleted, EmptyRace, Gathered, Or2, WaitSet, as_completed, gather, race, try_gather,
    wait,
};

struct Session(Cell<u32>);

async fn fetch(session: &Session2, url: &str) -> Result<usize, std::io::Error> {
    yield_now().await;
    Ok(session.0 + url.len())
}

/// Can be shared.
struct Session2(usize);

fn send<T: Send>(value: T) -> T {
    value
}

fn send_and_debug<T: Send + Debug>(value: T) -> T {
    value
}

/// As a spawned task would be.
fn run<T>(future: impl Future<Output = T> + Send) -> T {
    block_on(send(future))
}

/// That what is awaited in it can be sent must not depend on the iterator being "general enough" for the compiler.
#[test]
fn iterators_with_closures_that_borrow_can_be_awaited_in_tasks() {
    async fn lengths(session: &Session2, urls: &[String]) -> std::io::Result<Vec<usize>> {
        let all = gather(urls.iter().map(|url| fetch(session, url))).await;
        let all: Vec<_> = all.into_iter().collect::<Result<_, _>>()?;
        let limited = urls.iter().map(async |url| fetch(session, url).await);
        assert_eq!(try_gather(limited).limit(2).await?, all);
        let words = urls.iter().flat_map(|url| url.split('/'));
        let mut values = as_completed(words.map(|word| fetch(session, word)));
        while let Some((_, length)) = values.next().await {
            assert!(length? < 10);
        }
        let (index, first) = race(urls.iter().map(|url| fetch(session, url)))
            .await
            .expect("there are two");
        assert_eq!((index, first?), (0, all[0]));
        let mut set: WaitSet<_> = urls.iter().map(|url| fetch(session, url)).collect();
        assert_eq!(wait(&mut set, All).await.len(), urls.len());
        Ok(all)
    }
    let lengths = run(async {
        let (session, urls) = (Session2(1), ["/a".to_string(), "/b/c".to_string()]);
        lengths(&session, &urls).await
    });
    assert_eq!(lengths.unwrap(), [3, 5]);
}

#[test]
fn tuples_that_borrow_can_be_awaited_in_tasks() {
    let result: std::io::Result<usize> = run(async {
        let (session, urls) = (Session2(1), ["/a".to_string(), "/b/c".to_string()]);
        let (a, b) = gather((fetch(&session, &urls[0]), fetch(&session, &urls[1]))).await;
        let (c, d) = try_gather((fetch(&session, &urls[0]), fetch(&session, &urls[1]))).await?;
        match race((fetch(&session, &urls[0]), yield_now())).await {
            Or2::A(length) => Ok(a? + b? + c + d + length?),
            Or2::B(()) => unreachable!("the first wins"),
        }
    });
    assert_eq!(result.unwrap(), 3 + 5 + 3 + 5 + 3);
}

#[test]
fn all_can_be_sent_when_the_futures_can() {
    /// Can be sent, but not shared.
    type Value = Boxed<Cell<u8>>;
    let member = || -> Value { Box::pin(ready(Cell::new(1))) };
    let fallible = || -> Boxed<Result<Cell<u8>, Cell<u8>>> { Box::pin(ready(Ok(Cell::new(1)))) };
    drop(send_and_debug(gather((member(), member()))));
    drop(send_and_debug(gather(vec![member()]).limit(1)));
    drop(send_and_debug(try_gather((fallible(), fallible()))));
    drop(send_and_debug(try_gather(vec![fallible()])));
    drop(send_and_debug(race((member(), member()))));
    drop(send_and_debug(race(vec![member()])));
    let mut values = send_and_debug(as_completed(vec![member()]));
    drop(send_and_debug(values.next()));
    let mut set: WaitSet<Value> = send_and_debug([member()].into_iter().collect());
    drop(send_and_debug(wait(&mut set, All)));
    drop(send_and_debug(block_on(gather(vec![member()]))));
}

#[test]
fn what_cannot_be_sent_may_be_gathered_all_the_same() {
    let session = Rc::new(Session(Cell::new(0)));
    let member = |number: u32| {
        let session = session.clone();
        async move {
            yield_now().await;
            session.0.set(session.0.get() + number);
        }
    };
    let _ = block_on(gather((0..5).map(member)));
    let ((), ()) = block_on(gather((member(10), member(20))));
    assert_eq!(session.0.get(), 40);
}

#[test]
fn what_holds_its_futures_elsewhere_needs_no_pinning() {
    fn unpin<T: Unpin>(_: T) {}
    async fn pinned(_: PhantomPinned) {
        yield_now().await;
    }
    unpin(gather([PhantomPinned].map(pinned)));
    unpin(race([PhantomPinned].map(pinned)));
    unpin(as_completed([PhantomPinned].map(pinned)));
    unpin(
        [PhantomPinned]
            .map(pinned)
            .into_iter()
            .collect::<WaitSet<_>>(),
    );
}

#[test]
fn types_can_be_named() {
    struct Downloads {
        pending: AsCompleted<std::vec::IntoIter<Boxed<u8>>, Boxed<u8>>,
        others: WaitSet<Boxed<u8>>,
        results: Gathered<u8>,
    }
    let future = || -> Boxed<u8> { Box::pin(ready(1)) };
    let mut downloads = Downloads {
        pending: as_completed(vec![future()]),
        others: WaitSet::new(),
        results: Gathered::default(),
    };
    downloads.others.push(future());
    block_on(async {
        assert_eq!(downloads.pending.next().await, Some((0, 1)));
        assert_eq!(wait(&mut downloads.others, All).await, [(0, 1)]);
    });
    assert!(downloads.results.is_empty());
}

#[test]
fn errors_go_where_errors_go() {
    fn error<T: std::error::Error + Send + Sync + 'static>() {}
    error::<EmptyRace>();
    let first = |names: Vec<Ready<u8>>| async { anyhow::Ok(race(names).await?.1) };
    assert_eq!(block_on(first(vec![ready(1)])).unwrap(), 1);
    assert!(block_on(first(vec![])).is_err());
}
