//! E0373: the body is dropped before the children.

use smolio_task_group::TaskGroup;

fn main() {
    futures_lite::future::block_on(async {
        let group = TaskGroup::infallible();
        group
            .run_value(async {
                for number in 0..3 {
                    group.spawn_value(async { number + 1 });
                }
            })
            .await;
    });
}
