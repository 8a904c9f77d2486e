//! E0283: nothing says into which error the `?` converts.

use smolio_task_group::TaskGroup;

async fn fetch(url: &str) -> Result<usize, std::io::Error> {
    Ok(url.len())
}

fn main() {
    futures_lite::future::block_on(async {
        let group = TaskGroup::new();
        let length = group
            .run(async {
                let child = group.spawn(async { Ok(fetch("/a").await?) });
                Ok(child.await)
            })
            .await;
    });
}
