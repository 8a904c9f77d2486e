//! E0277: what a child gives is neither a `Result` with the error of the group nor `()`.

use smolio_task_group::TaskGroup;

async fn fetch(url: &str) -> Result<usize, std::io::Error> {
    Ok(url.len())
}

fn main() {
    futures_lite::future::block_on(async {
        let group = TaskGroup::<std::fmt::Error>::new();
        group
            .run(async {
                group.spawn(async { 1 });
                group.spawn(fetch("/a"));
                Ok(())
            })
            .await;
    });
}
