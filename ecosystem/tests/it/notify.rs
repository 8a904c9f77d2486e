//! notify calls back on a thread of its own: the callback puts events into a queue, and the loop waits for them.

use ::notify::{EventKind, RecursiveMode, Watcher, recommended_watcher};
use smolio::Queue;

use crate::support::as_it_is;

#[test]
fn it_works_as_it_is() {
    as_it_is(async {
        let directory = tempfile::tempdir()?;
        let events = Queue::unbounded();
        let sender = events.clone();
        let mut watcher = recommended_watcher(move |event| {
            // Full it never is; once the loop has gone nobody wants to know.
            sender.try_put(event).ok();
        })?;
        watcher.watch(directory.path(), RecursiveMode::NonRecursive)?;
        let file = directory.path().join("new");
        std::fs::write(&file, "hello")?;
        loop {
            let event: ::notify::Event = events.get().await??;
            if matches!(event.kind, EventKind::Create(_)) {
                assert!(event.paths.iter().any(|path| path.ends_with("new")));
                return anyhow::Ok(());
            }
        }
    });
}
