//! The attributes' option `tokio`: what they write down is there, and does what it says.

use std::time::Duration;

use smolio::{spawn, to_thread};

async fn ask() -> u8 {
    tokio::time::sleep(Duration::from_millis(1)).await;
    let on_tokio = spawn(async { tokio::spawn(async { 20 }).await });
    let in_thread = to_thread(|| tokio::runtime::Handle::current().block_on(async { 22 }));
    on_tokio.await.expect("nobody panics") + in_thread.await
}

#[smolio::main(tokio, workers = 2)]
async fn program() -> u8 {
    ask().await
}

#[test]
fn a_program_has_a_handle() {
    assert_eq!(program(), 42);
}

#[smolio::test(tokio, time = "real")]
async fn a_test_has_a_handle() {
    assert_eq!(ask().await, 42);
}
