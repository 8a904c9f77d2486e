//! What the compiler says about groups, why, and what to write instead. There is nothing in here but this page.
//!
//! Most of it comes from one rule: the children live in the group, so what they borrow must outlive the group. In Rust that
//! means: it is declared before it.
//!
//! # E0283: the group does not know its error type
//!
//! ```compile_fail,E0283
//! use smolio_task_group::TaskGroup;
//! # async fn fetch(url: &str) -> Result<usize, std::io::Error> { Ok(url.len()) }
//! # futures_lite::future::block_on(async {
//! let group = TaskGroup::new();
//! let length = group
//!     .run(async {
//!         let child = group.spawn(async { Ok(fetch("/a").await?) });
//!         Ok(child.await)
//!     })
//!     .await;
//! # });
//! ```
//! ```text
//! error[E0283]: type annotations needed for `TaskGroup<'_, _>`
//!   |     let group = TaskGroup::new();
//!   |         ^^^^^
//!   = note: cannot satisfy `_: Send`
//! ```
//! A `?` converts its error into another one, and nothing here says into which. Say it where the group is made:
//! ```
//! use smolio_task_group::TaskGroup;
//! # async fn fetch(url: &str) -> Result<usize, std::io::Error> { Ok(url.len()) }
//! # futures_lite::future::block_on(async {
//! let group = TaskGroup::<anyhow::Error>::new();
//! let length = group
//!     .run(async {
//!         let child = group.spawn(async { Ok(fetch("/a").await?) });
//!         Ok(child.await)
//!     })
//!     .await;
//! assert_eq!(length.unwrap(), 2);
//! # });
//! ```
//! If nothing in the group can fail, it is [`TaskGroup::infallible()`](crate::TaskGroup::infallible).
//!
//! # E0597: what the children borrow is declared after the group
//!
//! ```compile_fail,E0597
//! use smolio_task_group::TaskGroup;
//! # futures_lite::future::block_on(async {
//! let group = TaskGroup::infallible();
//! let word = String::from("structured");
//! group
//!     .run_value(async {
//!         group.spawn_value(async { word.len() });
//!     })
//!     .await;
//! # });
//! ```
//! ```text
//! error[E0597]: `word` does not live long enough
//!   |         group.spawn_value(async { word.len() });
//!   |                                   ^^^^ borrowed value does not live long enough
//!   | `word` dropped here while still borrowed
//!   | borrow might be used here, when `group` is dropped and runs the destructor for type `TaskGroup<'_>`
//!   = note: values in a scope are dropped in the opposite order they are defined
//! ```
//! The group would be dropped after `word`, and its children with it. Declare `word` first:
//! ```
//! use smolio_task_group::TaskGroup;
//! # futures_lite::future::block_on(async {
//! let word = String::from("structured");
//! let group = TaskGroup::infallible();
//! group
//!     .run_value(async {
//!         group.spawn_value(async { word.len() });
//!     })
//!     .await
//!     .unwrap();
//! # });
//! ```
//!
//! # E0597: a child captures its own group
//!
//! ```compile_fail,E0597
//! use smolio_task_group::TaskGroup;
//! # futures_lite::future::block_on(async {
//! let group = TaskGroup::infallible();
//! group
//!     .run_value(async {
//!         group.spawn_value(async {
//!             group.spawn_value(async { "a sibling" }).await
//!         });
//!     })
//!     .await;
//! # });
//! ```
//! ```text
//! error[E0597]: `group` does not live long enough
//!   |         group.spawn_value(async {
//!   |         ^^^^^ borrowed value does not live long enough
//!   | `group` dropped here while still borrowed
//! ```
//! The body borrows the group; a child, which lives in the group, cannot. It takes a
//! [`spawner`](crate::TaskGroup::spawner) along, **by value**: `async move`. (A spawner that is only borrowed gives the error of
//! the section before.)
//! ```
//! use smolio_task_group::TaskGroup;
//! # futures_lite::future::block_on(async {
//! let group = TaskGroup::infallible();
//! let spawner = group.spawner();
//! group
//!     .run_value(async {
//!         group.spawn_value(async move {
//!             spawner.spawn_value(async { "a sibling" }).await
//!         });
//!     })
//!     .await
//!     .unwrap();
//! # });
//! ```
//!
//! # E0373: a child borrows what belongs to the body
//!
//! ```compile_fail,E0373
//! use smolio_task_group::TaskGroup;
//! # futures_lite::future::block_on(async {
//! let group = TaskGroup::infallible();
//! group
//!     .run_value(async {
//!         for number in 0..3 {
//!             group.spawn_value(async { number + 1 });
//!         }
//!     })
//!     .await;
//! # });
//! ```
//! ```text
//! error[E0373]: async block may outlive the current function, but it borrows `number`, which is owned by the current function
//!   |             group.spawn_value(async { number + 1 });
//!   |                               ^^^^^   ------ `number` is borrowed here
//! help: to force the async block to take ownership of `number` (and any other referenced variables), use the `move` keyword
//! ```
//! The body is dropped before the children, so they cannot borrow from it. What is small is moved. What is not is
//! declared before the group, and a reference to it is moved:
//! ```
//! use smolio_task_group::TaskGroup;
//! # futures_lite::future::block_on(async {
//! let words = vec![String::from("structured"), String::from("concurrency")];
//! let words = &words; // so that `move` moves the reference
//! let group = TaskGroup::infallible();
//! group
//!     .run_value(async {
//!         for number in 0..2 {
//!             group.spawn_value(async move { words[number].len() });
//!         }
//!     })
//!     .await
//!     .unwrap();
//! # });
//! ```
//!
//! # E0502, E0505, E0506: it is still borrowed after the run
//!
//! ```compile_fail,E0502
//! use smolio_task_group::TaskGroup;
//! # futures_lite::future::block_on(async {
//! let mut words = vec![String::from("structured")];
//! let group = TaskGroup::infallible();
//! group
//!     .run_value(async {
//!         group.spawn_value(async { words[0].len() });
//!     })
//!     .await;
//! words.push(String::from("concurrency"));
//! # });
//! ```
//! ```text
//! error[E0502]: cannot borrow `words` as mutable because it is also borrowed as immutable
//!   |     words.push(String::from("concurrency"));
//!   |     ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ mutable borrow occurs here
//!   | - immutable borrow might be used here, when `group` is dropped and runs the destructor for type `TaskGroup<'_>`
//! ```
//! The same with E0505, "cannot move out of `words` because it is borrowed", if it is moved, and with E0506, "cannot assign
//! to `words` because it is borrowed", if it is assigned:
//! ```compile_fail,E0505
//! # use smolio_task_group::TaskGroup;
//! # futures_lite::future::block_on(async {
//! # let words = vec![String::from("structured")];
//! # let group = TaskGroup::infallible();
//! # group.run_value(async { group.spawn_value(async { words[0].len() }).await }).await;
//! drop(words);
//! # });
//! ```
//! ```compile_fail,E0506
//! # use smolio_task_group::TaskGroup;
//! # futures_lite::future::block_on(async {
//! # let mut words = vec![String::from("structured")];
//! # let group = TaskGroup::infallible();
//! # group.run_value(async { group.spawn_value(async { words[0].len() }).await }).await;
//! words = Vec::new();
//! # });
//! ```
//! All children have ended, but the compiler knows it only once the group is gone. Drop it, or put group and run into a
//! block or a function of their own:
//! ```
//! use smolio_task_group::TaskGroup;
//! # futures_lite::future::block_on(async {
//! let mut words = vec![String::from("structured")];
//! let group = TaskGroup::infallible();
//! group
//!     .run_value(async {
//!         group.spawn_value(async { words[0].len() });
//!     })
//!     .await
//!     .unwrap();
//! drop(group);
//! words.push(String::from("concurrency"));
//! # });
//! ```
//!
//! # An `Rc` in a group whose children are to be `Send`
//!
//! ```compile_fail
//! use smolio_task_group::TaskGroup;
//! use std::{cell::Cell, rc::Rc};
//! # futures_lite::future::block_on(async {
//! let count = Rc::new(Cell::new(0));
//! let group = TaskGroup::infallible();
//! group
//!     .run_value(async {
//!         let count = count.clone();
//!         group.spawn_value(async move { count.set(1) });
//!     })
//!     .await;
//! # });
//! ```
//! ```text
//! error: future cannot be sent between threads safely
//!   |         group.spawn_value(async move { count.set(1) });
//!   |               ^^^^^^^^^^^ future created by async block is not `Send`
//!   |                                        ^^^^^ has type `Rc<Cell<i32>>` which is not `Send`
//! ```
//! The same with E0277, "`Rc<Cell<i32>>` cannot be sent between threads safely", if the child is no `async` block, or has
//! such a value:
//! ```compile_fail,E0277
//! # use smolio_task_group::TaskGroup;
//! # use std::rc::Rc;
//! let group = TaskGroup::infallible();
//! group.spawn_value(async { Rc::new(1) });
//! ```
//! A `TaskGroup` may go to another thread with the task that it runs in, its children with it. One that stays where it is
//! takes anything:
//! ```
//! use smolio_task_group::LocalTaskGroup;
//! use std::{cell::Cell, rc::Rc};
//! # futures_lite::future::block_on(async {
//! let count = Rc::new(Cell::new(0));
//! let group = LocalTaskGroup::infallible();
//! group
//!     .run_value(async {
//!         let count = count.clone();
//!         group.spawn_value(async move { count.set(1) });
//!     })
//!     .await
//!     .unwrap();
//! assert_eq!(count.get(), 1);
//! # });
//! ```
//! In turn, a task with a `LocalTaskGroup` in it cannot be sent: it is for `run` and `spawn_local`.
//! ```compile_fail
//! use smolio_task_group::LocalTaskGroup;
//! fn spawn(future: impl Future<Output = ()> + Send) {}
//! spawn(async {
//!     let group = LocalTaskGroup::infallible();
//!     group.run_value(async {}).await.unwrap();
//! });
//! ```
//! ```text
//! error: future cannot be sent between threads safely
//!   |         let group = LocalTaskGroup::infallible();
//!   |             ----- has type `LocalTaskGroup<'_>` which is not `Send`
//! ```
//!
//! # E0277: a child that gives a bare value
//!
//! ```compile_fail,E0277
//! use smolio_task_group::TaskGroup;
//! # futures_lite::future::block_on(async {
//! let group = TaskGroup::<std::io::Error>::new();
//! group
//!     .run(async {
//!         let child = group.spawn(async { 1 });
//!         Ok(child.await)
//!     })
//!     .await;
//! # });
//! ```
//! ```text
//! error[E0277]: a child of this group must give `Result<_, std::io::Error>` or `()`, not `{integer}`
//!   |         let child = group.spawn(async { 1 });
//!   |                           ----- ^^^^^^^^^^^ this child's output is `{integer}`
//!   = note: a child that cannot fail: use `spawn_value`
//! ```
//! If `spawn` took any value, it would take a `Result` with another error for one, and that error would be lost.
//! ```
//! use smolio_task_group::TaskGroup;
//! # futures_lite::future::block_on(async {
//! let group = TaskGroup::<std::io::Error>::new();
//! let one = group
//!     .run(async {
//!         let child = group.spawn_value(async { 1 });
//!         Ok(child.await)
//!     })
//!     .await;
//! assert_eq!(one.unwrap(), 1);
//! # });
//! ```
//!
//! # E0277: a child with another error type
//!
//! ```compile_fail,E0277
//! use smolio_task_group::TaskGroup;
//! # async fn fetch(url: &str) -> Result<usize, std::io::Error> { Ok(url.len()) }
//! # futures_lite::future::block_on(async {
//! let group = TaskGroup::<anyhow::Error>::new();
//! group
//!     .run(async {
//!         let child = group.spawn(fetch("/a"));
//!         Ok(child.await)
//!     })
//!     .await;
//! # });
//! ```
//! ```text
//! error[E0277]: a child of this group must give `Result<_, anyhow::Error>` or `()`, not `Result<usize, std::io::Error>`
//!   |         let child = group.spawn(fetch("/a"));
//!   |                           ----- ^^^^^^^^^^^ this child's output is `Result<usize, std::io::Error>`
//!   = note: another error type: convert it inside the child, `async { Ok(work().await?) }`
//! ```
//! ```
//! use smolio_task_group::TaskGroup;
//! # async fn fetch(url: &str) -> Result<usize, std::io::Error> { Ok(url.len()) }
//! # futures_lite::future::block_on(async {
//! let group = TaskGroup::<anyhow::Error>::new();
//! let length = group
//!     .run(async {
//!         let child = group.spawn(async { Ok(fetch("/a").await?) });
//!         Ok(child.await)
//!     })
//!     .await;
//! assert_eq!(length.unwrap(), 2);
//! # });
//! ```
//! If all children have the same one, it may be the group's: `TaskGroup::<std::io::Error>::new()`.
//!
//! # E0277: a child that never ends
//!
//! ```compile_fail,E0277
//! use smolio_task_group::TaskGroup;
//! # async fn beat() -> Result<(), std::io::Error> { Ok(()) }
//! # futures_lite::future::block_on(async {
//! let group = TaskGroup::<std::io::Error>::new();
//! group
//!     .run(async {
//!         group.spawn(async {
//!             loop {
//!                 beat().await?;
//!             }
//!         });
//!         Ok(())
//!     })
//!     .await;
//! # });
//! ```
//! ```text
//! error[E0277]: a child of this group must give `Result<_, std::io::Error>` or `()`, not `!`
//! error[E0277]: the `?` operator can only be used in an async block that returns `Result` or `Option`
//! ```
//! A `loop` without a `break` gives nothing, so nothing says what the block would give. A function with a signature does. (If the
//! loop cannot fail either, `spawn_value` takes it as it is.)
//! ```
//! use smolio_task_group::TaskGroup;
//! # use std::{cell::Cell, io};
//! # thread_local! { static BEATS: Cell<u32> = const { Cell::new(0) }; }
//! # async fn beat() -> Result<(), io::Error> {
//! #     BEATS.set(BEATS.get() + 1);
//! #     if BEATS.get() < 3 { Ok(()) } else { Err(io::ErrorKind::TimedOut.into()) }
//! # }
//! async fn heart() -> Result<(), std::io::Error> {
//!     loop {
//!         beat().await?;
//!     }
//! }
//! # futures_lite::future::block_on(async {
//! let group = TaskGroup::<std::io::Error>::new();
//! let result = group
//!     .run(async {
//!         group.spawn(heart());
//!         Ok(())
//!     })
//!     .await;
//! # assert!(result.is_err());
//! # });
//! ```
//!
//! # E0277: `run` with an error that has no text
//!
//! ```compile_fail,E0277
//! use smolio_task_group::TaskGroup;
//! struct Refused;
//! # futures_lite::future::block_on(async {
//! let group = TaskGroup::<Refused>::new();
//! group.run(async { Err::<(), _>(Refused) }).await;
//! # });
//! ```
//! ```text
//! error[E0277]: `Refused` doesn't implement `std::fmt::Display`
//!   |     group.run(async { Err::<(), _>(Refused) }).await;
//!   |           ^^^ unsatisfied trait bound
//! ```
//! No error is lost in silence: one that nobody can be given any more is told to the unhandled hook, as a text. `Display` is all
//! that a group asks of its error type; with `Debug` as well, its own error is a [`std::error::Error`].
//! ```
//! use smolio_task_group::TaskGroup;
//! use std::fmt;
//!
//! struct Refused;
//!
//! impl fmt::Display for Refused {
//!     fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
//!         f.write_str("refused")
//!     }
//! }
//! # futures_lite::future::block_on(async {
//! let group = TaskGroup::<Refused>::new();
//! let result = group.run(async { Err::<(), _>(Refused) }).await;
//! assert_eq!(result.map_err(|error| error.failures().len()), Err(1));
//! # });
//! ```
//!
//! # E0521: a closure that spawns takes a reference
//!
//! ```compile_fail,E0521
//! use smolio_task_group::TaskGroup;
//! # futures_lite::future::block_on(async {
//! let words = ["structured".to_string(), "concurrency".to_string()];
//! let group = TaskGroup::infallible();
//! let letters = group
//!     .run_value(async {
//!         let count = |word: &String| group.spawn_value(async move { word.len() });
//!         count(&words[0]).await + count(&words[1]).await
//!     })
//!     .await;
//! # });
//! ```
//! ```text
//! error[E0521]: borrowed data escapes outside of closure
//!   |         let count = |word: &String| group.spawn_value(async move { word.len() });
//!   |                      ----           ^^^^^ `word` escapes the closure body here
//!   |                      `word` is a reference that is only valid in the closure body
//! ```
//! A parameter written as `&String` stands for a reference of any lifetime, however short; a child needs one that outlives the
//! group. Let the closure take what is not a reference, and borrow inside:
//! ```
//! use smolio_task_group::TaskGroup;
//! # futures_lite::future::block_on(async {
//! let words = ["structured".to_string(), "concurrency".to_string()];
//! let words = &words;
//! let group = TaskGroup::infallible();
//! let letters = group
//!     .run_value(async {
//!         let count = |index: usize| group.spawn_value(async move { words[index].len() });
//!         count(0).await + count(1).await
//!     })
//!     .await;
//! assert_eq!(letters, Ok(21));
//! # });
//! ```
//! Written right into an iterator's `map`, the closure needs no type for its parameter, and there is no such trouble.
