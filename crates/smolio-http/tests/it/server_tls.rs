//! The server over TLS, in both versions of HTTP, and clients of others.

use std::{
    error::Error,
    io,
    net::SocketAddr,
    process::{Command, Output},
    sync::Arc,
    time::Duration,
};

use axum::{Router, routing::get};
use futures_lite::future::yield_now;
use smol::lock::Barrier;
use smolio_executor::{run, to_thread};
use smolio_http::{
    serve,
    server::{ServerTls, ServerTlsError},
};
use smolio_net::TcpStream;
use smolio_task_group::{Or2, race};

use crate::{
    guest::{Client, app, listen, soon, tell},
    support::certificates::{Identity, self_signed},
};

fn tls(identity: &Identity) -> ServerTls {
    ServerTls::from_pem(&identity.chain_pem, &identity.key_pem).unwrap()
}

#[expect(clippy::print_stdout, reason = "whoever looks at the test shall know")]
fn skip(why: &str) {
    println!("skipped: {why}");
}

/// Runs a program of others, where it is installed.
async fn program(name: &'static str, arguments: Vec<String>) -> Option<Output> {
    let output = to_thread(move || Command::new(name).args(arguments).output()).await;
    match output {
        Ok(output) => Some(output),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            skip(&format!("{name} is not installed"));
            None
        }
        Err(error) => panic!("{name}: {error}"),
    }
}

/// What curl prints, which it has done in peace.
async fn curl(arguments: &[&str]) -> Option<String> {
    let common = [
        "--silent",
        "--show-error",
        "--noproxy",
        "*",
        "--max-time",
        "20",
    ];
    let arguments = common.iter().chain(arguments).map(ToString::to_string);
    let output = program("curl", arguments.collect()).await?;
    let errors = String::from_utf8_lossy(&output.stderr);
    if errors.contains("does not support") {
        skip(&errors);
        return None;
    }
    assert!(output.status.success(), "{errors}");
    Some(String::from_utf8(output.stdout).unwrap())
}

const PRIOR_KNOWLEDGE: &str = "--http2-prior-knowledge";
const WRITE: &str = "|%{http_version} %{http_code}";

#[test]
fn curl_speaks_both_versions() {
    run(async {
        let identity = self_signed(&["localhost", "127.0.0.1"]);
        for encrypted in [false, true] {
            let (listener, address) = listen().await;
            let server = serve(listener, app());
            let (server, scheme) = if encrypted {
                (server.tls(tls(&identity)), "https")
            } else {
                (server, "http")
            };
            let client = async {
                let url = |path: &str| format!("{scheme}://{address}{path}");
                let (one, two) = (url("/number/1"), url("/number/2"));
                let (echo, root, panic) = (url("/echo"), url("/"), url("/panic"));
                let large = "x".repeat(100_000);
                for (option, version) in versions(encrypted) {
                    let ask = ["--insecure", "--write-out", WRITE, option];
                    // curl 7.88 cannot use such a connection again.
                    let is_once = option == PRIOR_KNOWLEDGE;
                    let urls = [one.as_str(), two.as_str()];
                    let urls = if is_once { &urls[..1] } else { &urls[..] };
                    let Some(answer) = curl(&[&ask[..], urls].concat()).await else {
                        continue;
                    };
                    let both = format!("1|{version} 2002|{version} 200");
                    assert!(both.starts_with(&answer), "{answer}");
                    assert_eq!(answer.len() < both.len(), is_once, "{answer}");
                    let post = [&ask[..], &["--data", &large, &echo]].concat();
                    let answer = curl(&post).await.unwrap();
                    assert_eq!(answer, format!("{large}|{version} 200"));
                    let head = [&ask[..], &["--head", &root]].concat();
                    assert!(curl(&head).await.unwrap().contains("content-length: 5"));
                    let panics = [&ask[..], &[&panic]].concat();
                    let answer = curl(&panics).await.unwrap();
                    assert_eq!(answer, format!("Internal Server Error|{version} 500"));
                }
            };
            let served = server.until(client).await;
            assert_eq!((served.stats.open, served.stats.running), (0, 0));
            assert_eq!((served.stats.refused, served.stats.cut_off), (0, 0));
        }
    });
}

/// What to tell curl, and the version that it shall speak.
fn versions(encrypted: bool) -> Vec<(&'static str, &'static str)> {
    let mut versions = vec![("--http1.1", "1.1"), ("--http1.0", "1")];
    if cfg!(feature = "http2") {
        let option = if encrypted {
            "--http2"
        } else {
            PRIOR_KNOWLEDGE
        };
        versions.push((option, "2"));
    }
    versions
}

/// In both versions: what runs when the server is told to stop is answered, and then it ends without the grace.
#[test]
fn it_closes_in_good_order_in_both_versions() {
    run(async {
        for option in ["--http1.1", PRIOR_KNOWLEDGE] {
            if option == PRIOR_KNOWLEDGE && !cfg!(feature = "http2") {
                continue;
            }
            let (listener, address) = listen().await;
            let gate = Arc::new(Barrier::new(2));
            let inside = gate.clone();
            let slow = move || async move {
                inside.wait().await;
                // By now it closes.
                while TcpStream::connect(address).await.is_ok() {
                    yield_now().await;
                }
                "finished"
            };
            let app = Router::new().route("/", get(slow));
            let url = format!("http://{address}/");
            let question = [option, &url];
            let mut client = Box::pin(curl(&question));
            let stop = async {
                match race((&mut client, gate.wait())).await {
                    Or2::A(None) => false,
                    Or2::A(Some(answer)) => panic!("{answer}"),
                    Or2::B(_) => true,
                }
            };
            let served = soon(serve(listener, app).grace(HOUR).until(stop)).await;
            if served.reason {
                assert_eq!(client.await.as_deref(), Some("finished"));
                assert_eq!((served.stats.requests, served.stats.cut_off), (1, 0));
            }
        }
    });
}

const HOUR: Duration = Duration::from_secs(3600);

const PYTHON: &str = r#"
import http.client, sys
connection = http.client.HTTPConnection("127.0.0.1", int(sys.argv[1]), timeout=20)
for number in range(20):
    connection.request("GET", f"/number/{number}")
    answer = connection.getresponse()
    assert (answer.status, answer.read()) == (200, str(number).encode())
connection.request("POST", "/echo", body=iter([b"in ", b"chunks"]), encode_chunked=True,
                   headers={"Transfer-Encoding": "chunked"})
answer = connection.getresponse()
assert (answer.status, answer.read()) == (200, b"in chunks")
connection.request("POST", "/echo", body=b"x" * 2000000)
assert connection.getresponse().status == 413
"#;

#[test]
fn python_keeps_its_connection() {
    run(async {
        let (listener, address) = listen().await;
        let arguments = ["-c", PYTHON, &address.port().to_string()].map(ToOwned::to_owned);
        let client = program("python3", arguments.into());
        let served = serve(listener, app()).until(client).await;
        if let Some(output) = served.reason {
            let errors = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{errors}");
            assert_eq!((served.stats.accepted, served.stats.requests), (1, 22));
        }
    });
}

#[test]
fn a_handshake_that_is_none_is_refused_and_one_without_end_is_cut_off() {
    smolio_test::Test::new().io().run(async {
        let (listener, address) = listen().await;
        let client = async {
            let answer = tell(address, "GET / HTTP/1.1\r\nhost: here\r\n\r\n").await;
            assert!(!answer.contains("HTTP"), "{answer}");
            silent(address).await;
        };
        let server = serve(listener, app()).tls(tls(&self_signed(&["localhost"])));
        let server = server.header_timeout(Duration::from_secs(10));
        let served = server.until(client).await;
        assert_eq!((served.stats.refused, served.stats.timed_out), (1, 1));
    });
}

async fn silent(address: SocketAddr) {
    let mut client = Client::new(address).await;
    client.send([22, 3, 1]).await;
    assert_eq!(soon(client.rest()).await, "");
}

#[test]
fn what_is_no_certificate_is_an_error() {
    fn error<E: Error + Send + Sync + 'static>(_: &E) {}
    let (one, other) = (self_signed(&["localhost"]), self_signed(&["localhost"]));
    let refused = ServerTls::from_pem("", &one.key_pem).unwrap_err();
    error::<ServerTlsError>(&refused);
    assert_eq!(refused.to_string(), "there is no certificate in the chain");
    let refused = ServerTls::from_pem(&one.chain_pem, "").unwrap_err();
    let text = refused.to_string();
    assert!(
        text.starts_with("the private key cannot be read: "),
        "{text}"
    );
    assert!(refused.source().is_some());
    let refused = ServerTls::from_pem(&one.chain_pem, &other.key_pem).unwrap_err();
    let text = refused.to_string();
    assert!(
        text.starts_with("the certificate and its key cannot be used: "),
        "{text}"
    );
    assert_eq!(format!("{:?}", tls(&one)), "ServerTls { .. }");
}
