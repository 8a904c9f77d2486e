//! E0502, E0505, E0506: a group that has run is still there, and what its children borrowed is borrowed until it goes.

#![allow(unused_assignments, reason = "that is another complaint")]

use smolio_task_group::TaskGroup;

async fn changed() {
    let mut words = vec![String::from("structured")];
    let group = TaskGroup::infallible();
    group.run_value(async { group.spawn_value(async { words[0].len() }).await }).await;
    words.push(String::from("concurrency"));
}

async fn moved() {
    let words = vec![String::from("structured")];
    let group = TaskGroup::infallible();
    group.run_value(async { group.spawn_value(async { words[0].len() }).await }).await;
    drop(words);
}

async fn assigned() {
    let mut words = vec![String::from("structured")];
    let group = TaskGroup::infallible();
    group.run_value(async { group.spawn_value(async { words[0].len() }).await }).await;
    words = Vec::new();
}

fn main() {}
