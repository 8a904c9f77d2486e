//! The shapes in which people write groups: what must compile, infer its types, and be `Send`.
use futures_lite::future::{block_on, yield_now};
use smolio_task_group::{Supervisor, TaskGroup, TaskGroupError};
use std::future::Future;
fn send<T: Send>(t: T) -> T {
    t
}
#[derive(Debug)]
struct MyErr(String);
impl std::fmt::Display for MyErr {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}
impl std::error::Error for MyErr {}
impl From<std::num::ParseIntError> for MyErr {
    fn from(e: std::num::ParseIntError) -> Self {
        MyErr(e.to_string())
    }
}
impl From<TaskGroupError<MyErr>> for MyErr {
    fn from(e: TaskGroupError<MyErr>) -> Self {
        MyErr(e.to_string())
    }
}
struct Session;
async fn fetch(_s: &Session, u: &str) -> Result<u64, MyErr> {
    yield_now().await;
    Ok(u.parse()?)
}
fn ex<T: Send + 'static>(f: impl Future<Output = T> + Send + 'static) -> T {
    let ex = smol::Executor::new();
    let t = ex.spawn(send(f));
    block_on(ex.run(t))
}
#[test]
fn design_example() {
    let r: Result<(u64, u64), TaskGroupError<MyErr>> = ex(async {
        let urls = ["1".to_string(), "2".into()];
        let session = Session;
        let group = TaskGroup::new();
        let x = group
            .run(async {
                let a = group.spawn(fetch(&session, &urls[0]));
                let b = group.spawn(fetch(&session, &urls[1]));
                Ok((a.await, b.await))
            })
            .await?;
        Ok(x)
    });
    assert_eq!(r.unwrap(), (1, 2));
}
#[test]
fn question_mark_into_anyhow_and_box() {
    async fn f() -> anyhow::Result<u64> {
        let urls = ["1".to_string(), "x".into()];
        let session = Session;
        let group = TaskGroup::new();
        let v = group
            .run(async {
                let mut hs = vec![];
                for u in &urls {
                    hs.push(group.spawn(fetch(&session, u)));
                    yield_now().await;
                }
                let mut s = 0;
                for h in hs {
                    s += h.await;
                }
                let n: u64 = "5".parse()?;
                Ok(s + n)
            })
            .await?;
        Ok(v)
    }
    assert!(ex(f()).is_err());
    async fn g() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        let group = TaskGroup::<anyhow::Error>::new();
        group
            .run(async {
                group.spawn(async {
                    let _: u32 = "x".parse()?;
                    Ok(())
                });
                group.spawn(async {
                    yield_now().await;
                });
                std::future::pending::<()>().await;
                Ok(())
            })
            .await?;
        Ok(())
    }
    assert!(ex(g()).is_err());
}
#[test]
fn async_block_child_infers_e_from_group() {
    let r = ex(async {
        let group = TaskGroup::<MyErr>::new();
        let c = 3;
        let c = &c;
        let _ = c;
        group
            .run(async {
                let a = group.spawn(async {
                    let v: u32 = "7".parse()?;
                    Ok(v)
                });
                Ok(a.await)
            })
            .await
    });
    assert_eq!(r.unwrap(), 7);
}
#[test]
fn infallible_borrowed() {
    let n = ex(async {
        let data = [1u64, 2, 3];
        let group = TaskGroup::infallible();

        group
            .run_value(async {
                let a = group.spawn_value(async {
                    yield_now().await;
                    data.iter().sum::<u64>()
                });
                group.spawn(async {
                    yield_now().await;
                });
                a.await
            })
            .await
            .unwrap()
    });
    assert_eq!(n, 6);
}
#[test]
fn nested_spawner_children_await_children() {
    let r = ex(async {
        let session = Session;
        let urls = ["1".to_string(), "2".into()];
        let outer = TaskGroup::new();
        outer
            .run(async {
                let sp = outer.spawner();
                let (session, urls) = (&session, &urls);
                let a = outer.spawn(fetch(session, &urls[0]));
                let b = outer.spawn(async move {
                    let x = a.await;
                    let y = sp.spawn(fetch(session, &urls[1]));
                    Ok(x + y.await)
                });
                let c = outer.spawn(async move {
                    let inner = TaskGroup::new();
                    let local = String::from("9");
                    let local = &local;
                    let _ = local;
                    let z = inner
                        .run(async {
                            let q = inner.spawn(fetch(session, &urls[0]));
                            Ok(q.await)
                        })
                        .await?;
                    Ok(z)
                });
                Ok::<_, MyErr>((b.await, c.await))
            })
            .await
    });
    assert_eq!(r.unwrap(), (3, 1));
}
#[test]
fn start_and_supervisor() {
    let r = ex(async {
        let group = TaskGroup::<MyErr>::new();
        let port = 80u16;
        let _ = &port;
        group
            .run(async {
                let addr = group
                    .start(|ready| async move {
                        yield_now().await;
                        ready.set(8080u16);
                        Ok(())
                    })
                    .await
                    .map_err(|_| MyErr("no".into()))?;
                Ok(addr)
            })
            .await
    });
    assert_eq!(r.unwrap(), 8080);
    ex(async {
        let d = [1, 99];
        let s = Supervisor::<MyErr>::new();
        s.run(async {
            for i in d.iter() {
                drop(s.spawn(async move {
                    yield_now().await;
                    if *i == 99 {
                        Err(MyErr("x".into()))
                    } else {
                        Ok(*i)
                    }
                }));
            }
            let failure = s.next_failure().await.expect("99 fails");
            assert_eq!(failure.error.to_string(), "x");
            assert!(s.next_failure().await.is_none());
        })
        .await
        .unwrap();
    });
}
#[test]
fn cancel() {
    let r = ex(async {
        let group = TaskGroup::<MyErr>::new();
        group
            .run_until_cancelled(async {
                group.cancel_with_grace(async {});
                group.cancel();
                std::future::pending::<()>().await;
                Ok(())
            })
            .await
    });
    assert!(r.unwrap().is_none());
}
#[test]
fn many() {
    ex(async {
        let g = TaskGroup::infallible();
        g.run_value(async {
            for i in 0..100_000u64 {
                g.spawn_value(async move {
                    yield_now().await;
                    i
                });
            }
        })
        .await
        .unwrap();
    });
}

#[test]
fn executor_task_as_child() {
    let ex = std::sync::Arc::new(smol::Executor::new());
    let e2 = ex.clone();
    let r: Result<u32, TaskGroupError<MyErr>> = block_on(ex.run(async move {
        let g = TaskGroup::new();
        g.run(async {
            let a = g.spawn(e2.spawn(async { Ok::<_, MyErr>(5u32) }));
            Ok(a.await)
        })
        .await
    }));
    assert_eq!(r.unwrap(), 5);
}

#[test]
fn the_causes_of_an_error_are_told() {
    let error = ex(async {
        let group = TaskGroup::<anyhow::Error>::new();
        let run = group.run(async {
            let cause = anyhow::anyhow!("connection refused");
            Err::<(), _>(cause.context("could not fetch"))
        });
        run.await.unwrap_err()
    });
    let text = error.to_string();
    assert!(
        text.ends_with(": could not fetch: connection refused"),
        "{text}"
    );
}

#[test]
fn a_refusal_goes_into_anyhow_without_the_future() {
    let group = TaskGroup::<String>::new();
    group.cancel();
    let refused = group.try_spawn(async { Ok(1) }).unwrap_err();
    let error = anyhow::Error::from(refused.without_future());
    assert!(error.to_string().contains("takes no more children"));
}
