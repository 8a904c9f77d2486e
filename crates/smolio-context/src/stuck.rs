//! What a watchdog finds: threads that do not get on because of one poll, and things that are held for long while others
//! wait for them.
//!
//! It looks from outside, so that it finds them while they last. Where in the code a stuck thread is it cannot tell: to
//! unwind the stack of another thread takes a signal handler that walks it, and std's backtraces allocate and lock, which
//! the thread may be in the midst of. A debugger stops the process first, so the report says how to ask one. What the kernel
//! knows of the thread it tells: whether it computes, or sits in a system call.

use std::{fs, sync::Arc, time::Duration};

use crate::{
    TaskInfo,
    attention::is_debug,
    observation::{self, Nature},
    polls::ThreadPolls,
    report::warn,
};

/// As long as a thread may be in one poll, and a lock may be held while others wait.
const LIMIT: Duration = Duration::from_secs(1);

/// For executors in debug mode, some times a second, on a thread of its own: reports each poll that has kept its thread for
/// over a second, and each lock that is held for over a second while others wait, once.
pub fn report_stuck() {
    if !is_debug() {
        return;
    }
    for thread in ThreadPolls::all() {
        if let Some(stuck) = Stuck::find(&thread) {
            stuck.report(&thread);
        }
    }
    for held in long_held() {
        held.report();
    }
}

/// A poll that does not end.
struct Stuck {
    /// Who is being polled: a task, or a child in it.
    task: TaskInfo,
    /// How long the thread has not come back to its loop.
    busy: Duration,
}

impl Stuck {
    /// One that was not spoken of. It is so no longer.
    fn find(thread: &Arc<ThreadPolls>) -> Option<Self> {
        thread.with(|polls| {
            // Threads that are there to be blocked may have a loop of their own.
            let first = polls.iter().rposition(|poll| poll.may_be_slow);
            let polls = &mut polls[first.map_or(0, |index| index + 1)..];
            let outermost = polls.first_mut()?;
            let busy = outermost.watch.elapsed();
            if busy < LIMIT || std::mem::replace(&mut outermost.is_told, true) {
                return None;
            }
            let innermost = polls.last_mut()?;
            innermost.is_told = true;
            let task = innermost.task.clone();
            Some(Self { task, busy })
        })
    }

    fn report(&self, thread: &ThreadPolls) {
        let Self { task, busy } = self;
        let (id, name) = (task.id(), &thread.name);
        let (state, hint) = thread.number.map_or_else(Default::default, of_thread);
        warn(format_args!(
            "the loop of thread {name:?} has not turned for {busy:.1?}: {task}, id {id}, holds it{state}. Blocking call? move \
             it to to_thread; long computation? yield_now().await now and then{hint}"
        ));
    }
}

/// What the kernel knows of a thread, and how to ask a debugger.
fn of_thread(number: u32) -> (String, String) {
    let state = match state_of(number) {
        Some('R') => ", computing".to_string(),
        Some(_) => format!(", in a system call{}", call_of(number)),
        None => String::new(),
    };
    let process = std::process::id();
    let hint = format!(
        ". Where exactly: gdb -p {process} -batch -ex 'thread apply all backtrace', there LWP {number}"
    );
    (state, hint)
}

/// As `ps` shows it: `R` for one that runs, `S` or `D` for one that waits in the kernel.
fn state_of(number: u32) -> Option<char> {
    let text = fs::read_to_string(format!("/proc/self/task/{number}/stat")).ok()?;
    // Behind the name, which may hold anything, and is in brackets.
    text.rsplit_once(") ")?.1.chars().next()
}

/// The function of the kernel in which the thread waits, where one may know it.
fn call_of(number: u32) -> String {
    let function = fs::read_to_string(format!("/proc/self/task/{number}/wchan"));
    match function.as_deref() {
        Err(_) | Ok("" | "0") => String::new(),
        Ok(function) => format!(" ({function})"),
    }
}

/// A lock that others wait for, and who has held it for long.
struct LongHeld {
    what: String,
    holder: Option<TaskInfo>,
    held: Duration,
    waiters: usize,
    first: TaskInfo,
}

/// Those that were not spoken of. They are so no longer.
fn long_held() -> Vec<LongHeld> {
    let mut found = Vec::new();
    observation::with_waiters(|resource, waiters| {
        let is_lock = resource.nature == Nature::Exclusive;
        let Some(first) = waiters.first().filter(|_| is_lock) else {
            return;
        };
        let held = resource.holdings.iter_mut();
        let long = held.filter(|holding| !holding.is_told && holding.watch.elapsed() >= LIMIT);
        for holding in long {
            holding.is_told = true;
            found.push(LongHeld {
                what: resource.name.clone(),
                holder: holding.task.clone(),
                held: holding.watch.elapsed(),
                waiters: waiters.len(),
                first: (*first).clone(),
            });
        }
    });
    found
}

impl LongHeld {
    fn report(&self) {
        let (what, held, waiters) = (&self.what, self.held, self.waiters);
        let holder = match &self.holder {
            Some(holder) => format!("{holder}, id {}", holder.id()),
            None => "somebody outside of tasks".to_string(),
        };
        let (first, id) = (&self.first, self.first.id());
        let wait = match waiters {
            1 => " waits".to_string(),
            more => format!(" and {} more wait", more - 1),
        };
        warn(format_args!(
            "{holder}, has held {what} for {held:.1?}, while {first}, id {id},{wait} for it: hold it for less, above all over \
             no `.await` that takes long"
        ));
    }
}
