//! smolio-http alone: a server and a session, on an executor that is not ours.
// dependencies: futures-lite = "2"
// dependencies: http = "1"
// dependencies: smolio-net = { path = "{root}/crates/smolio-net" }

use std::convert::Infallible;

use smolio_http::{
    Body, ClientSession, serve_local,
    server::{RequestBody, service_fn},
};
use smolio_net::TcpListener;

fn main() {
    futures_lite::future::block_on(async {
        let app = service_fn(async |_: http::Request<RequestBody>| {
            Ok::<_, Infallible>(http::Response::new(Body::from("hello")))
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let client = async {
            let response = ClientSession::new().get(url).await.unwrap();
            response.text().await.unwrap()
        };
        let served = serve_local(listener, app).until(client).await;
        assert_eq!(served.reason, "hello");
    });
}
