//! Tasks that wait for each other, and for nothing that could come to pass otherwise: a deadlock.
//!
//! A task is *stuck* if all that it waits for is hopeless. The end of a task is hopeless if that task is stuck; a thing that
//! others hold, if all of its holders are; the children of a group, if one of them is. Whoever waits for a moment, or for an
//! event, is not stuck. This is deadlock detection in a graph with "and" and "or" (Knapp 1987, "Deadlock Detection in
//! Distributed Databases", calls it the AND-OR model): all count as stuck at first, and whoever has a way out is taken off,
//! until nobody is left who has.

use std::collections::BTreeSet;

use super::CallGraph;
use crate::{TaskId, TaskInfo, Wait, WaitTarget};

/// One in a circle, and why it waits for the next.
pub(super) struct Link<'a> {
    pub(super) task: TaskId,
    pub(super) wait: &'a Wait,
}

/// All circles, each beginning with its oldest task. Those who only wait for somebody in a circle are in none.
pub(super) fn find(graph: &CallGraph) -> Vec<Vec<Link<'_>>> {
    let stuck = stuck(graph);
    let mut visited = BTreeSet::new();
    let mut circles = Vec::new();
    for &first in &stuck {
        let mut path: Vec<Link<'_>> = Vec::new();
        let mut task = first;
        while visited.insert(task) {
            let Some((wait, next)) = hopeless_wait(graph, task, &stuck) else {
                break;
            };
            path.push(Link { task, wait });
            task = next;
        }
        // Where the path has come back to itself; if it has run into another one, that was looked at before.
        if let Some(begin) = path.iter().position(|link| link.task == task) {
            let mut circle = path.split_off(begin);
            let oldest = (0..circle.len()).min_by_key(|index| circle[*index].task);
            circle.rotate_left(oldest.unwrap_or(0));
            circles.push(circle);
        }
    }
    circles
}

fn stuck(graph: &CallGraph) -> BTreeSet<TaskId> {
    let waits = |task: &TaskId| graph.is_waiting(*task);
    let mut stuck: BTreeSet<TaskId> = graph.tasks.keys().copied().filter(waits).collect();
    loop {
        let before = stuck.len();
        // Whoever is waited for was mostly spawned later: so one pass does for most programs.
        let all: Vec<_> = stuck.iter().rev().copied().collect();
        for task in all {
            if !has_no_way_out(graph, task, &stuck) {
                stuck.remove(&task);
            }
        }
        if stuck.len() == before {
            return stuck;
        }
    }
}

fn has_no_way_out(graph: &CallGraph, task: TaskId, stuck: &BTreeSet<TaskId>) -> bool {
    let mut waits = own_waits(graph, task).peekable();
    // One that does not say what it waits for may wait for anything.
    waits.peek().is_some() && waits.all(|wait| blocker(graph, task, wait, stuck).is_some())
}

/// Without those of which the futures inside say more.
fn own_waits(graph: &CallGraph, task: TaskId) -> impl Iterator<Item = &Wait> {
    let waits = graph.waits(task).iter();
    waits.filter(|wait| wait.target() != WaitTarget::Members)
}

fn hopeless_wait<'a>(
    graph: &'a CallGraph,
    task: TaskId,
    stuck: &BTreeSet<TaskId>,
) -> Option<(&'a Wait, TaskId)> {
    own_waits(graph, task).find_map(|wait| Some((wait, blocker(graph, task, wait, stuck)?)))
}

/// Somebody stuck, because of whom the wait of `task` is hopeless.
fn blocker(
    graph: &CallGraph,
    task: TaskId,
    wait: &Wait,
    stuck: &BTreeSet<TaskId>,
) -> Option<TaskId> {
    match wait.target() {
        WaitTarget::Task(other) => stuck.contains(&other).then_some(other),
        WaitTarget::Children => {
            let children = graph.children(task).iter().copied();
            children.into_iter().find(|child| stuck.contains(child))
        }
        WaitTarget::Resource(resource) => {
            let holders = graph.holders(resource);
            let is_stuck = |holder: &Option<TaskInfo>| {
                let holder = holder.as_ref().map(TaskInfo::id);
                holder.is_some_and(|holder| stuck.contains(&holder))
            };
            let first = holders.first()?.as_ref().map(TaskInfo::id);
            first.filter(|_| holders.iter().all(is_stuck))
        }
        WaitTarget::Event | WaitTarget::Time(_) | WaitTarget::Signal(_) | WaitTarget::Members => {
            None
        }
    }
}
