//! Why a test cannot go on, for the one who has to find out: who waits for what, since when, and who started them.

use smolio_context::{Instant, capture_call_graph};
use smolio_executor::all_tasks;

use crate::{session::Session, test::Time};

/// The message of a test in which all are blocked and no timer is left.
pub(crate) fn all_blocked(session: &Session, time: Time) -> String {
    let at = Instant::now() - session.start();
    // Others in this process, in other tests too, are none of its business.
    let graph = capture_call_graph().of(&all_tasks());
    let advice = match time {
        Time::VirtualWithIo => {
            "5 s of real time have brought no event. If what the test waits for takes longer, run it in real time."
        }
        Time::Virtual | Time::Real => {
            "If it waits for a socket, a file, a process or a thread of its own, tell the test: `io`."
        }
    };
    format!(
        "all tasks are blocked, and no timer is left to wake one ({at:?} into the test)\n\n{graph}\n{advice}"
    )
}
