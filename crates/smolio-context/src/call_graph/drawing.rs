//! The call graph as text: a tree, as far as it is one.
//!
//! A task stands below the one that polls it (a child of a group) or awaits it. Where several do, it stands below the
//! first, and the others name it by its id. Children that are all alike are counted.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    panic::Location,
};

use super::{
    CallGraph,
    circles::{self, Link},
};
use crate::{
    Instant, ResourceId, TaskId, TaskInfo, TaskState, Wait, WaitTarget, Waiter,
    observation::InWords,
};

const INDENT: &str = "    ";

/// Groups are seldom nested any deeper, and a line must have room for its text.
const DEEPEST: usize = 8;

/// So many of those that are alike are drawn; one or two more are not worth a line of their own.
const DRAWN: usize = 3;
const MOST_DRAWN: usize = DRAWN + 2;

/// So many holders of one thing are named.
const NAMED: usize = 3;

impl fmt::Display for CallGraph {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.is_observed {
            return f.write_str(
                "what tasks wait for is recorded only while somebody looks: in debug mode (SMOLIO_DEBUG=1, or \
                 `Runner::builder().debug(true)`), or from `observe()` on\n",
            );
        }
        if self.tasks.is_empty() {
            return f
                .write_str("no task is known that was spawned or polled since somebody looks\n");
        }
        let circles = circles::find(self);
        let mut drawing = Drawing {
            graph: self,
            now: Instant::now(),
            in_circles: circles.iter().flatten().map(|link| link.task).collect(),
            drawn: BTreeSet::new(),
        };
        for circle in &circles {
            drawing.write_circle(f, circle)?;
        }
        drawing.write_all(f)
    }
}

struct Drawing<'a> {
    graph: &'a CallGraph,
    now: Instant,
    /// They have to be seen, however many are like them.
    in_circles: BTreeSet<TaskId>,
    drawn: BTreeSet<TaskId>,
}

/// What is still to be written, and how far to the right.
enum Line {
    Task(usize, TaskId),
    MoreLikeIt(usize, usize),
}

/// What those have in common that are not drawn one by one.
type Likeness<'a> = (&'static Location<'static>, TaskState, Vec<&'a str>);

impl<'a> Drawing<'a> {
    fn write_circle(&self, f: &mut fmt::Formatter<'_>, circle: &[Link<'_>]) -> fmt::Result {
        match circle.len() {
            1 => writeln!(f, "this one waits for itself, and will for ever:")?,
            count => writeln!(f, "these {count} wait for each other, and will for ever:")?,
        }
        for Link { task, wait } in circle {
            let (who, what) = (self.name(*task), self.in_words(*task, wait));
            writeln!(f, "{INDENT}{who}, waits for {what}")?;
        }
        writeln!(f)
    }

    fn write_all(&mut self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut below = BTreeSet::new();
        for task in self.graph.tasks.keys() {
            below.extend(self.below(*task).filter(|other| other != task));
        }
        let all: Vec<_> = self.graph.tasks.keys().copied().collect();
        let roots: Vec<_> = all
            .iter()
            .copied()
            .filter(|task| !below.contains(task))
            .collect();
        self.write_trees(f, &roots)?;
        // Those who await each other are below one another.
        for task in all {
            self.write_trees(f, &[task])?;
        }
        Ok(())
    }

    fn write_trees(&mut self, f: &mut fmt::Formatter<'_>, roots: &[TaskId]) -> fmt::Result {
        let mut lines = Vec::new();
        self.queue(&mut lines, 0, roots);
        while let Some(line) = lines.pop() {
            match line {
                Line::MoreLikeIt(depth, count) => {
                    writeln!(f, "{}... and {count} more like it", indent(depth))?;
                }
                Line::Task(depth, task) => {
                    if self.drawn.insert(task) {
                        self.write_task(f, depth, task)?;
                        let below: Vec<_> = self.below(task).collect();
                        self.queue(&mut lines, depth + 1, &below);
                    }
                }
            }
        }
        Ok(())
    }

    /// Puts siblings on the stack, the first on top.
    fn queue(&mut self, lines: &mut Vec<Line>, depth: usize, siblings: &[TaskId]) {
        let mut alike: BTreeMap<Likeness<'a>, Vec<TaskId>> = BTreeMap::new();
        for task in siblings {
            if let Some(likeness) = self.likeness(*task) {
                alike.entry(likeness).or_default().push(*task);
            }
        }
        let mut more = BTreeMap::new();
        let mut left_out = BTreeSet::new();
        for tasks in alike.values().filter(|tasks| tasks.len() > MOST_DRAWN) {
            more.insert(tasks[DRAWN - 1], tasks.len() - DRAWN);
            left_out.extend(&tasks[DRAWN..]);
        }
        for task in siblings
            .iter()
            .rev()
            .filter(|task| !left_out.contains(*task))
        {
            if let Some(count) = more.get(task) {
                lines.push(Line::MoreLikeIt(depth, *count));
            }
            lines.push(Line::Task(depth, *task));
        }
        self.drawn.append(&mut left_out);
    }

    /// `None` for one that is to be drawn in any case, or not again.
    fn likeness(&self, task: TaskId) -> Option<Likeness<'a>> {
        let graph = self.graph;
        let waiter = graph.tasks.get(&task)?;
        let is_special = self.in_circles.contains(&task) || self.drawn.contains(&task);
        if is_special || self.below(task).next().is_some() {
            return None;
        }
        let waits = waiter.waits.iter().map(Wait::what).collect();
        Some((waiter.task.location(), waiter.state, waits))
    }

    /// The children of its groups, and the tasks whose end it awaits.
    fn below(&self, task: TaskId) -> impl Iterator<Item = TaskId> + use<'a> {
        let graph = self.graph;
        let awaited = graph
            .waits(task)
            .iter()
            .filter_map(|wait| match wait.target() {
                WaitTarget::Task(other) => Some(other),
                _ => None,
            });
        let is_known = |other: &TaskId| graph.tasks.contains_key(other);
        let children = graph.children(task).iter().copied();
        children.chain(awaited.filter(is_known))
    }

    /// One line that names it, and one for each thing that it waits for.
    fn write_task(&self, f: &mut fmt::Formatter<'_>, depth: usize, task: TaskId) -> fmt::Result {
        let Some(waiter) = self.graph.tasks.get(&task) else {
            return Ok(());
        };
        let Waiter { state, waits, .. } = waiter;
        let (indent, name) = (indent(depth), self.name(task));
        let place = waiter.task.location();
        let for_long = InWords(self.now.duration_since(waiter.since));
        if *state != TaskState::Waiting {
            return writeln!(
                f,
                "{indent}{name}, {state} for {for_long} (spawned at {place})"
            );
        }
        writeln!(f, "{indent}{name}, {state} (spawned at {place})")?;
        if waits.is_empty() {
            let what = "something that does not say what it is";
            writeln!(f, "{indent}{INDENT}waits for {what} (for {for_long})")?;
        }
        for wait in waits {
            let for_long = InWords(self.now.duration_since(wait.since()));
            let what = self.in_words(task, wait);
            writeln!(f, "{indent}{INDENT}waits for {what} (for {for_long})")?;
        }
        Ok(())
    }

    fn name(&self, task: TaskId) -> String {
        match self.graph.tasks.get(&task) {
            Some(waiter) => waiter.task.with_id(),
            None => format!("a task with id {task}"),
        }
    }

    /// What is waited for, as it is now.
    fn in_words(&self, task: TaskId, wait: &Wait) -> String {
        match wait.target() {
            WaitTarget::Resource(resource) => {
                let held = self.held_by(task, resource);
                format!("{}, {held}{}", wait.what(), self.others_at(resource, wait))
            }
            WaitTarget::Signal(resource) => {
                format!("{}{}", wait.what(), self.others_at(resource, wait))
            }
            WaitTarget::Task(other) if self.graph.tasks.contains_key(&other) => {
                format!("the end of {}", self.name(other))
            }
            // The drawing has one moment for all.
            WaitTarget::Time(deadline) => {
                let left = InWords(deadline.duration_since(self.now));
                format!("{}, {left} left", wait.what())
            }
            _ => wait.to_string(),
        }
    }

    fn others_at(&self, resource: ResourceId, wait: &Wait) -> String {
        let same = (resource, wait.what().to_string());
        match self.graph.waiters.get(&same) {
            Some(count) if *count > 1 => format!(", {count} waiters"),
            _ => String::new(),
        }
    }

    fn held_by(&self, task: TaskId, resource: ResourceId) -> String {
        let holders = self.graph.holders(resource);
        if holders.is_empty() {
            return "held by nobody who is known, or since before anybody looked".to_string();
        }
        let name = |holder: &Option<TaskInfo>| match holder {
            Some(holder) if holder.id() == task => "itself".to_string(),
            Some(holder) => holder.with_id(),
            None => "somebody outside of tasks".to_string(),
        };
        let names: Vec<_> = holders.iter().take(NAMED).map(name).collect();
        let others = match holders.len() - names.len() {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        format!("held by {}{others}", names.join(" and by "))
    }
}

fn indent(depth: usize) -> String {
    INDENT.repeat(depth.min(DEEPEST))
}
