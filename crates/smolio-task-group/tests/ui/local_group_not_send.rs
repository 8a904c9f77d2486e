//! A task that is to be `Send` cannot hold a group whose children need not be.

use smolio_task_group::LocalTaskGroup;

fn spawn(_: impl Future<Output = ()> + Send) {}

fn main() {
    spawn(async {
        let group = LocalTaskGroup::infallible();
        group.run_value(async {}).await.unwrap();
    });
}
