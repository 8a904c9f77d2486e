//! smolio-net alone, on an executor that is not ours.
// dependencies: futures-lite = "2"

fn main() {
    futures_lite::future::block_on(async {
        let listener = smolio_net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let stream = smolio_net::open_connection(address).await.unwrap();
        assert_eq!(stream.peer_addr().unwrap(), address);
    });
}
