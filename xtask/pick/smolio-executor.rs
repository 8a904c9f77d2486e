//! smolio-executor alone: a loop and a task.

fn main() {
    let one = smolio_executor::run(async { smolio_executor::spawn(async { 1 }).await });
    assert_eq!(one, 1);
}
