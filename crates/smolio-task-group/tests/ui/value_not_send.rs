//! E0277: a child that gives an `Rc`, in a group whose children are to be `Send`.

use std::rc::Rc;

use smolio_task_group::TaskGroup;

fn main() {
    futures_lite::future::block_on(async {
        let group = TaskGroup::infallible();
        group
            .run_value(async {
                group.spawn_value(async { Rc::new(1) });
            })
            .await;
    });
}
