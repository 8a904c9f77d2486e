//! rusqlite blocks, so it goes to a thread.

use std::sync::{Arc, Mutex};

use ::rusqlite::Connection;
use smolio::{ThreadLimit, gather, to_thread_with};

use crate::support::as_it_is;

#[test]
fn it_works_in_a_thread() {
    as_it_is(async {
        let connection = Connection::open_in_memory()?;
        connection.execute("CREATE TABLE page (number INTEGER)", ())?;
        let connection = Arc::new(Mutex::new(connection));
        // There is one connection: who has to wait for it waits on the loop.
        let one = ThreadLimit::new(1);
        let insert = |number: i64| {
            let connection = connection.clone();
            to_thread_with(&one, move || {
                let connection = connection.lock().expect("nobody panics with it");
                connection.execute("INSERT INTO page VALUES (?1)", [number])
            })
        };
        for inserted in gather((0..10).map(insert)).await {
            assert_eq!(inserted?, 1);
        }
        let sum = to_thread_with(&one, move || {
            let connection = connection.lock().expect("nobody panics with it");
            connection.query_row("SELECT sum(number) FROM page", (), |row| {
                row.get::<_, i64>(0)
            })
        });
        assert_eq!(sum.await?, 45);
        anyhow::Ok(())
    });
}
