//! Everything that runs several futures at the same time, over the same four.

use std::{future::Future, pin::Pin};

use smolio_task_group::{
    All, FirstCompleted, WaitSet, as_completed, gather, race, try_gather, wait,
};

/// A future of the four.
pub(crate) type Member<'a> = Pin<Box<dyn Future<Output = Result<usize, usize>> + 'a>>;

/// One that runs four, and gives what came of it as a text.
pub(crate) type Kind<'a> = Pin<Box<dyn Future<Output = String> + 'a>>;

/// Makes one of four futures.
type Runs = fn([Member<'_>; 4]) -> Kind<'_>;

/// What takes four futures, by its name.
pub(crate) const KINDS: [(&str, Runs); 9] = [
    ("gather, a tuple", |[a, b, c, d]| text(gather((a, b, c, d)))),
    ("gather", |members| text(gather(members))),
    ("gather, limited", |members| text(gather(members).limit(4))),
    ("try_gather, a tuple", |[a, b, c, d]| {
        text(try_gather((a, b, c, d)))
    }),
    ("try_gather", |members| text(try_gather(members))),
    ("race, a tuple", |[a, b, c, d]| text(race((a, b, c, d)))),
    ("race", |members| text(race(members))),
    ("as_completed", |members| {
        let mut values = as_completed(members);
        Box::pin(async move {
            let mut seen = Vec::new();
            while let Some(value) = values.next().await {
                seen.push(value);
            }
            format!("{seen:?}")
        })
    }),
    ("wait", |members| {
        let mut set: WaitSet<_> = members.into_iter().collect();
        Box::pin(async move {
            let first = wait(&mut set, FirstCompleted).await;
            let rest = wait(&mut set, All).await;
            format!("{first:?}, {rest:?}")
        })
    }),
];

fn text<'a, F: Future<Output: std::fmt::Debug> + 'a>(future: F) -> Kind<'a> {
    Box::pin(async move { format!("{:?}", future.await) })
}
