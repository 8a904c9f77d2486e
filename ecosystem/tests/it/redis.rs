//! redis has a feature for smol and one for tokio. Here both are on: it takes tokio where it finds a handle.

use std::net::SocketAddr;

use ::redis::{AsyncCommands, Client};

use crate::{
    peers::resp,
    support::{as_it_is, with_the_switch},
};

async fn set_and_get(address: SocketAddr) -> anyhow::Result<()> {
    let client = Client::open(format!("redis://{address}/"))?;
    let mut connection = client.get_multiplexed_async_connection().await?;
    let () = connection.set("greeting", "hello").await?;
    let greeting: String = connection.get("greeting").await?;
    assert_eq!(greeting, "hello");
    Ok(())
}

#[test]
fn it_works_as_it_is() {
    as_it_is(resp(set_and_get));
}

#[test]
fn it_works_with_the_switch() {
    with_the_switch(resp(set_and_get));
}
