//! smolio-task-group alone, on an executor that is not ours.
// dependencies: futures-lite = "2"

use smolio_task_group::TaskGroup;

fn main() {
    let words = ["pick".to_string(), "one".to_string()];
    let group = TaskGroup::infallible();
    let letters = futures_lite::future::block_on(group.run_value(async {
        let first = group.spawn_value(async { words[0].len() });
        let second = group.spawn_value(async { words[1].len() });
        first.await + second.await
    }));
    assert_eq!(letters, Ok(7));
}
