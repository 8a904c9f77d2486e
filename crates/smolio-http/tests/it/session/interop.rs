//! A server that nobody here has written: that of Python, if there is one.

use std::{
    io::{self, BufRead, BufReader},
    process::{Child, Command, Stdio},
};

use smolio_http::ClientSession;

use crate::support::block_on;

/// It prints its port, and ends when its input does. `HTTP/1.1` so that connections are kept.
const SERVER: &str = r#"
import http.server, sys, threading
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def log_message(self, *arguments): pass
    def answer(self, body, **headers):
        self.send_response(200)
        for name, value in headers.items(): self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD": self.wfile.write(body)
    def do_GET(self):
        if self.path == "/redirect":
            self.send_response(302)
            self.send_header("Location", "/connection")
            self.send_header("Content-Length", "0")
            self.end_headers()
        elif self.path == "/chunks":
            self.send_response(200)
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            for number in range(1000):
                part = b"%d " % number
                self.wfile.write(b"%x\r\n%s\r\n" % (len(part), part))
            self.wfile.write(b"0\r\n\r\n")
        elif self.path == "/old":
            self.close_connection = True
            self.wfile.write(b"HTTP/1.0 200 Fine\r\n\r\nuntil the end")
        else:
            self.answer(str(self.client_address[1]).encode())
    do_HEAD = do_GET
    def do_POST(self):
        if self.headers.get("Transfer-Encoding") == "chunked":
            body = b""
            while size := int(self.rfile.readline(), 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
        else:
            body = self.rfile.read(int(self.headers["Content-Length"]))
        self.answer(body, **{"Set-Cookie": "seen=yes"})
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
server.daemon_threads = True
print(server.server_address[1], flush=True)
threading.Thread(target=server.serve_forever, daemon=True).start()
sys.stdin.read()
"#;

#[allow(clippy::print_stdout, reason = "whoever runs the tests is told")]
fn skip() {
    println!("skipped: python3 is not installed");
}

/// Ended when it is dropped.
struct Server(Child);

impl Server {
    /// None where there is no Python.
    fn start() -> Option<(Self, String)> {
        let mut command = Command::new("python3");
        command.args(["-c", SERVER]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = match command.spawn() {
            Ok(child) => child,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                skip();
                return None;
            }
            Err(error) => panic!("python3: {error}"),
        };
        let output = child.stdout.take().unwrap();
        let mut port = String::new();
        BufReader::new(output).read_line(&mut port).unwrap();
        let url = format!("http://127.0.0.1:{}", port.trim());
        Some((Self(child), url))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn the_server_of_python_is_understood() {
    let Some((_server, url)) = Server::start() else {
        return;
    };
    block_on(async {
        let session = ClientSession::new();
        let get = async |path: &str| {
            let response = session.get(format!("{url}{path}")).await.unwrap();
            response.text().await.unwrap()
        };
        let connection = get("/connection").await;
        let numbers: Vec<_> = (0..1000).map(|number| format!("{number} ")).collect();
        assert_eq!(get("/chunks").await, numbers.concat());
        assert_eq!(get("/redirect").await, connection);
        let head = session.head(format!("{url}/")).await.unwrap();
        assert!(head.content_length() > Some(0));
        assert_eq!(head.bytes().await.unwrap(), "");
        let large = "large ".repeat(100_000);
        let response = session
            .post(format!("{url}/"))
            .body(large.clone())
            .await
            .unwrap();
        assert!(response.text().await.unwrap() == large);
        let parts = futures_lite::stream::iter(["in ", "chunks"].map(|part| Ok(part.into())));
        let body = smolio_http::Body::stream(parts);
        let response = session.post(format!("{url}/")).body(body).await.unwrap();
        assert_eq!(response.text().await.unwrap(), "in chunks");
        assert_eq!(get("/connection").await, connection, "it is still the same");
        assert_eq!(get("/old").await, "until the end");
        let page = format!("{url}/").parse().unwrap();
        assert_eq!(session.cookies().get(&page, "seen").as_deref(), Some("yes"));
        let stats = session.stats();
        assert_eq!((stats.open, stats.connected, stats.in_use), (0, 1, 0));
    });
}
