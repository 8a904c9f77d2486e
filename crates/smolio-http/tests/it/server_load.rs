//! Many connections at once, and the log.

use std::sync::{Mutex, OnceLock};

use futures_lite::future::yield_now;
use smolio_executor::{Runner, run};
use smolio_http::serve;
use smolio_task_group::gather;

use crate::guest::{Client, GET, LAST, app, listen, soon, tell};

/// All of them are open before the first one is asked. Each takes two files of this process, of which there may be no more.
async fn many(count: usize) {
    let (listener, address) = listen().await;
    let server = serve(listener, app());
    let handle = server.handle();
    let clients = async {
        let connected = gather((0..count).map(|_| Client::new(address)).collect::<Vec<_>>());
        let clients = connected.limit(100).await.into_iter().collect::<Vec<_>>();
        soon(async {
            while handle.stats().open < count {
                yield_now().await;
            }
        })
        .await;
        let asked = clients.into_iter().map(|mut client| async move {
            for _ in 0..2 {
                assert_eq!(client.ask(GET).await.body, "hello");
            }
            client
        });
        gather(asked.collect::<Vec<_>>()).limit(500).await
    };
    let served = server.until(clients).await;
    assert_eq!(served.stats.accepted, count as u64);
    assert_eq!(served.stats.requests, 2 * count as u64);
    assert_eq!(served.stats.cut_off, 0);
    assert_eq!((served.stats.open, served.stats.running), (0, 0));
}

#[test]
fn a_thousand_connections() {
    run(many(1000));
    Runner::builder()
        .workers(2)
        .build()
        .unwrap()
        .run(many(1000));
}

struct Log(Mutex<Vec<String>>);

impl log::Log for Log {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        if record.target() == "smolio_http::access" {
            let line = record.args().to_string();
            self.0.lock().unwrap().push(line);
        }
    }

    fn flush(&self) {}
}

#[test]
fn the_access_log_has_a_line_for_each_request() {
    static LOG: OnceLock<Log> = OnceLock::new();
    let log = LOG.get_or_init(|| Log(Mutex::default()));
    log::set_logger(log).unwrap();
    log::set_max_level(log::LevelFilter::Info);
    run(async {
        for wanted in [false, true] {
            let (listener, address) = listen().await;
            let client = async {
                tell(address, LAST.replace("GET /", "GET /log\"\\")).await;
                tell(address, LAST.replace("GET /", "HEAD /log")).await;
            };
            serve(listener, app())
                .access_log(wanted)
                .until(client)
                .await;
        }
    });
    log::set_max_level(log::LevelFilter::Off);
    let lines = log.0.lock().unwrap();
    let lines: Vec<_> = lines.iter().filter(|line| line.contains("log")).collect();
    let [odd, head] = lines[..] else {
        panic!("{lines:?}");
    };
    assert!(odd.starts_with("127.0.0.1:"), "{odd}");
    let text = r#" "GET /log\"\\ HTTP/1.1" 404 0 "#;
    assert!(odd.contains(text), "{odd}");
    assert!(odd.ends_with(" ms"), "{odd}");
    assert!(head.contains(r#" "HEAD /log HTTP/1.1" 404 0 "#), "{head}");
}
