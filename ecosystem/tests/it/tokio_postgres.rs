//! tokio-postgres connects with tokio's socket. The connection is a future, which may be a task of ours.

use std::net::SocketAddr;

use ::tokio_postgres::{Config, NoTls, SimpleQueryMessage};
use smolio::{compat, spawn};

use crate::{
    peers::postgres,
    support::{NO_HANDLE, as_it_is, panic_as_it_is, with_the_switch},
};

fn config(address: SocketAddr) -> Config {
    let mut config = Config::new();
    config.host("127.0.0.1").port(address.port()).user("smolio");
    config
}

async fn ask(address: SocketAddr) -> anyhow::Result<()> {
    let (client, connection) = config(address).connect(NoTls).await?;
    let connection = spawn(compat(connection));
    let messages = client.simple_query("SELECT 42").await?;
    let answer = messages.iter().find_map(|message| match message {
        SimpleQueryMessage::Row(row) => row.get(0),
        _ => None,
    });
    assert_eq!(answer, Some("42"));
    drop(client); // which ends the connection
    connection.await?;
    Ok(())
}

#[test]
fn it_works_with_the_switch() {
    with_the_switch(postgres(ask));
}

#[test]
fn compat_is_enough() {
    as_it_is(postgres(|address| compat(ask(address))));
}

#[test]
fn as_it_is_it_panics() {
    let panic = panic_as_it_is(async {
        let address = SocketAddr::from(([127, 0, 0, 1], 9));
        config(address).connect(NoTls).await.is_ok()
    });
    assert!(panic.contains(NO_HANDLE), "{panic}");
}
