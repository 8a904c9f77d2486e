//! lapin is told which runtime to use; by itself it takes tokio's.

use std::net::SocketAddr;

use ::lapin::{
    BasicProperties, Connection, ConnectionProperties,
    options::{BasicPublishOptions, QueueDeclareOptions},
    types::FieldTable,
};
use async_rs::Runtime;

use crate::{
    peers::amqp,
    support::{NO_HANDLE, as_it_is, panic_as_it_is, with_the_switch},
};

fn uri(address: SocketAddr) -> String {
    format!("amqp://{address}/%2f")
}

async fn publish(connection: Connection) -> anyhow::Result<()> {
    let channel = connection.create_channel().await?;
    let queue = channel
        .queue_declare(
            "jobs".into(),
            QueueDeclareOptions::default(),
            FieldTable::default(),
        )
        .await?;
    assert_eq!(queue.name().as_str(), "jobs");
    let published = channel
        .basic_publish(
            "".into(),
            "jobs".into(),
            BasicPublishOptions::default(),
            b"hello",
            BasicProperties::default(),
        )
        .await?;
    // Nobody asked for confirmations.
    published.await?;
    connection.close(200, "done".into()).await?;
    Ok(())
}

#[test]
fn with_smols_runtime_it_works_as_it_is() {
    as_it_is(amqp(async |address| {
        let properties = ConnectionProperties::default();
        let uri = uri(address);
        publish(Connection::connect_with_runtime(&uri, properties, Runtime::smol()).await?).await
    }));
}

#[test]
fn with_the_switch_it_works_by_itself() {
    with_the_switch(amqp(async |address| {
        publish(Connection::connect(&uri(address), ConnectionProperties::default()).await?).await
    }));
}

#[test]
fn by_itself_it_panics_as_it_is() {
    let uri = uri(SocketAddr::from(([127, 0, 0, 1], 9)));
    let panic = panic_as_it_is(Connection::connect(&uri, ConnectionProperties::default()));
    assert!(panic.contains(NO_HANDLE), "{panic}");
}
