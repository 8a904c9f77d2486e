//! sqlx has a feature for smol and one for tokio. Here both are on: it takes tokio where it finds a handle.

use std::net::SocketAddr;

use ::sqlx::{
    ConnectOptions, Executor, Row,
    postgres::{PgConnectOptions, PgSslMode},
    sqlite::SqlitePoolOptions,
};
use smolio::{compat, spawn};

use crate::{
    peers::postgres,
    support::{as_it_is, with_the_switch},
};

/// In memory: one connection, or each would have a database of its own.
async fn sqlite() -> anyhow::Result<()> {
    let pool = SqlitePoolOptions::new()
        .max_connections(1)
        .connect("sqlite::memory:")
        .await?;
    ::sqlx::query("CREATE TABLE page (url TEXT)")
        .execute(&pool)
        .await?;
    let insert = {
        let pool = pool.clone();
        async move {
            ::sqlx::query("INSERT INTO page VALUES (?)")
                .bind("/a")
                .execute(&pool)
                .await
        }
    };
    // The connection goes back to the pool by itself, in a task of the runtime.
    spawn(insert).await?;
    let url: String = ::sqlx::query_scalar("SELECT url FROM page")
        .fetch_one(&pool)
        .await?;
    assert_eq!(url, "/a");
    pool.close().await;
    Ok(())
}

/// A scripted server, which knows simple queries only: these are `raw_sql`.
async fn ask_postgres(address: SocketAddr) -> anyhow::Result<()> {
    let options = PgConnectOptions::new_without_pgpass()
        .host("127.0.0.1")
        .port(address.port())
        .username("smolio")
        .ssl_mode(PgSslMode::Disable);
    let mut connection = options.connect().await?;
    let row = connection.fetch_one(::sqlx::raw_sql("SELECT 42")).await?;
    assert_eq!(row.try_get::<String, _>(0)?, "42");
    Ok(())
}

#[test]
fn sqlite_works_as_it_is() {
    as_it_is(sqlite());
}

#[test]
fn sqlite_works_with_the_switch() {
    with_the_switch(sqlite());
}

#[test]
fn postgres_works_as_it_is() {
    as_it_is(postgres(ask_postgres));
}

#[test]
fn postgres_works_with_the_switch() {
    with_the_switch(postgres(ask_postgres));
    as_it_is(postgres(|address| compat(ask_postgres(address))));
}
