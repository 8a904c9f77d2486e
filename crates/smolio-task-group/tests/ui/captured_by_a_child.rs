//! E0597: a child, which lives in the group, borrows the group.

use smolio_task_group::TaskGroup;

fn main() {
    futures_lite::future::block_on(async {
        let group = TaskGroup::infallible();
        group
            .run_value(async {
                group.spawn_value(async {
                    group.spawn_value(async { "a sibling" }).await
                });
            })
            .await;
    });
}
