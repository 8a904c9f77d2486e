//! E0277: there is no first error among futures that cannot fail.

use smolio_task_group::{FirstError, WaitSet, wait};

fn main() {
    futures_lite::future::block_on(async {
        let mut set: WaitSet<_> = [std::future::ready(1_u8)].into_iter().collect();
        wait(&mut set, FirstError).await;
    });
}
