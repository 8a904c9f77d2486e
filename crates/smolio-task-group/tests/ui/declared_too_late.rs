//! E0597: what a child borrows is declared after its group.

use smolio_task_group::TaskGroup;

fn main() {
    futures_lite::future::block_on(async {
        let group = TaskGroup::infallible();
        let word = String::from("structured");
        group
            .run_value(async {
                group.spawn_value(async { word.len() });
            })
            .await;
    });
}
