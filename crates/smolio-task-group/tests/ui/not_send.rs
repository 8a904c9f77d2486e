//! A child that holds an `Rc`, in a group whose children are to be `Send`.

use std::{cell::Cell, rc::Rc};

use smolio_task_group::TaskGroup;

fn main() {
    futures_lite::future::block_on(async {
        let count = Rc::new(Cell::new(0));
        let group = TaskGroup::infallible();
        group
            .run_value(async {
                let count = count.clone();
                group.spawn_value(async move { count.set(1) });
            })
            .await;
    });
}
