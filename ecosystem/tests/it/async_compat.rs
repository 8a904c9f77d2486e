//! async-compat: what it wraps finds our runtime under the switch, and starts its own otherwise. Its adapters of I/O need
//! neither.

use std::time::Duration;

use ::async_compat::{Compat, CompatExt};
use futures::{AsyncReadExt, AsyncWriteExt};

use crate::support::{as_it_is, with_the_switch};

async fn nap_and_echo() -> anyhow::Result<()> {
    tokio::time::sleep(Duration::from_millis(1)).await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    // A stream of tokio's, as futures' traits have it.
    let mut guest = tokio::net::TcpStream::connect(listener.local_addr()?)
        .await?
        .compat();
    let (host, _) = listener.accept().await?;
    let mut host = Compat::new(host);
    guest.write_all(b"hello").await?;
    guest.close().await?;
    let mut text = String::new();
    host.read_to_string(&mut text).await?;
    assert_eq!(text, "hello");
    Ok(())
}

#[test]
fn its_futures_work_as_they_are() {
    as_it_is(Compat::new(nap_and_echo()));
}

#[test]
fn under_the_switch_it_uses_our_runtime() {
    with_the_switch(async {
        let ours = tokio::runtime::Handle::current().id();
        Compat::new(async move { assert_eq!(tokio::runtime::Handle::current().id(), ours) }).await;
        Compat::new(nap_and_echo()).await
    });
}
