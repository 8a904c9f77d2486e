//! smolio, as the first lines of somebody's first program.

use std::time::Duration;

#[smolio::main]
async fn main() {
    let task = smolio::spawn(async {
        smolio::sleep(Duration::from_millis(1)).await;
        1
    });
    assert_eq!(task.await, 1);
}
