//! Why a test cannot go on, for the one who has to find out: who waits for what, since when, and who started them.

use std::{collections::BTreeMap, fmt::Write};

use smolio_context::{Instant, TaskId, TaskInfo, Wait, Waiter, all_waits};
use smolio_executor::all_tasks;

use crate::{session::Session, test::Time};

const INDENT: &str = "    ";

/// Groups are seldom nested any deeper, and a line must have room for its text.
const DEEPEST: usize = 8;

/// The message of a test in which all are blocked and no timer is left.
pub(crate) fn all_blocked(session: &Session, time: Time) -> String {
    let at = Instant::now() - session.start();
    let mut report = Report {
        session,
        waiters: Waiters::now(),
        text: format!(
            "all tasks are blocked, and no timer is left to wake one ({at:?} into the test)\n"
        ),
    };
    let mut tasks = all_tasks();
    tasks.sort_by_key(TaskInfo::id);
    for task in &tasks {
        report.add_task(task);
    }
    let mut text = report.text;
    text.push('\n');
    text.push_str(match time {
        Time::VirtualWithIo => {
            "5 s of real time have brought no event. If what the test waits for takes longer, run it in real time."
        }
        Time::Virtual | Time::Real => {
            "If it waits for a socket, a file, a process or a thread of its own, tell the test: `io`."
        }
    });
    text
}

/// All who wait in this process, in other tests too.
struct Waiters {
    by_id: BTreeMap<TaskId, Waiter>,
    /// For each task or child of a group, those children that it has spawned.
    below: BTreeMap<TaskId, Vec<TaskId>>,
}

impl Waiters {
    fn now() -> Self {
        let all = all_waits().into_iter();
        let by_id: BTreeMap<_, _> = all.map(|waiter| (waiter.task.id(), waiter)).collect();
        let mut below: BTreeMap<TaskId, Vec<TaskId>> = BTreeMap::new();
        for (id, waiter) in &by_id {
            let Some(task) = waiter.inside else { continue };
            let lives_there = |parent: &TaskId| {
                let parent = by_id.get(parent);
                parent.is_some_and(|parent| parent.inside == Some(task))
            };
            // A sibling that has ended may have spawned it: then it is put directly below the task.
            let above = waiter.task.parent().filter(lives_there).unwrap_or(task);
            below.entry(above).or_default().push(*id);
        }
        Self { by_id, below }
    }

    fn waits_of(&self, id: TaskId) -> &[Wait] {
        self.by_id.get(&id).map_or(&[], |waiter| &waiter.waits)
    }

    fn below(&self, id: TaskId) -> impl DoubleEndedIterator<Item = &Waiter> {
        let ids = self.below.get(&id).into_iter().flatten();
        ids.filter_map(|id| self.by_id.get(id))
    }
}

struct Report<'a> {
    session: &'a Session,
    waiters: Waiters,
    text: String,
}

impl Report<'_> {
    /// A task of the loop and, below it, the children of the groups in it.
    fn add_task(&mut self, task: &TaskInfo) {
        self.text.push('\n');
        let mut to_write = vec![(0, task.clone())];
        while let Some((depth, who)) = to_write.pop() {
            self.add(depth, &who);
            let below = self.waiters.below(who.id()).rev();
            to_write.extend(below.map(|child| (depth + 1, child.task.clone())));
        }
    }

    /// One line that names it, and one for each thing that it waits for.
    fn add(&mut self, depth: usize, who: &TaskInfo) {
        let indent = INDENT.repeat(depth.min(DEEPEST));
        // Writing to a String cannot fail.
        let _ = writeln!(self.text, "{indent}{who}");
        let waits = self.waiters.waits_of(who.id());
        if waits.is_empty() {
            let what = "something that does not say what it is";
            let _ = writeln!(self.text, "{indent}{INDENT}waits for {what}");
        }
        for wait in waits {
            let since = wait.since() - self.session.start();
            let _ = writeln!(
                self.text,
                "{indent}{INDENT}waits for {wait} (since {since:?})"
            );
        }
    }
}
