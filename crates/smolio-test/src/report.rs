//! Why a test cannot go on, for the one who has to find out: who waits for what, since when, and who started them.

use std::fmt::Write;

use smolio_context::{Instant, TaskInfo, Wait, waits_of};
use smolio_executor::all_tasks;

use crate::{session::Session, test::Time};

/// The message of a test in which all are blocked and no timer is left.
pub(crate) fn all_blocked(session: &Session, time: Time) -> String {
    let at = Instant::now() - session.start();
    let mut report =
        format!("all tasks are blocked, and no timer is left to wake one ({at:?} into the test)\n");
    let mut tasks = all_tasks();
    tasks.sort_by_key(TaskInfo::id);
    for task in &tasks {
        // Writing to a String cannot fail.
        let _ = write!(report, "\n{task}\n{}", waits(session, task));
    }
    report.push('\n');
    report.push_str(match time {
        Time::VirtualWithIo => {
            "5 s of real time have brought no event. If what the test waits for takes longer, run it in real time."
        }
        Time::Virtual | Time::Real => {
            "If it waits for a socket, a file, a process or a thread of its own, tell the test: `io`."
        }
    });
    report
}

/// One line for each thing that the task waits for.
fn waits(session: &Session, task: &TaskInfo) -> String {
    let waits = waits_of(task.id());
    if waits.is_empty() {
        return "    waits for something that does not say what it is\n".to_string();
    }
    let line = |wait: &Wait| {
        let since = wait.since - session.start();
        format!("    waits for {} (since {since:?})\n", wait.what)
    };
    waits.iter().map(line).collect()
}
