//! Our side of the scenarios, by the names that they have in Python.

mod context;
mod gathering;
mod groups;
mod queues;
mod streams;
mod sync;
mod tasks;
mod timeouts;

use std::{
    mem,
    sync::{Arc, Mutex},
    time::Duration,
};

use smolio::sleep;

use crate::trace::{Line, Trace};

/// What is played, and traced.
pub(crate) struct Scenario {
    pub(crate) name: &'static str,
    pub(crate) play: fn() -> Vec<Line>,
}

macro_rules! scenarios {
    ($($module:ident: $($name:ident)+;)+) => {
        pub(crate) const ALL: &[Scenario] = &[
            $($(Scenario { name: stringify!($name), play: || play($module::$name) },)+)+
        ];
    };
}

scenarios! {
    tasks:
        tasks_start_in_the_order_of_their_spawns
        tasks_take_turns
        an_await_gives_the_value
        an_await_gives_the_error
        a_task_that_is_cancelled_at_once_never_starts
        a_cancelled_task_is_gone_when_its_end_was_awaited
        a_clean_up_may_wait
        cancelling_what_has_ended_does_nothing
        the_end_of_run_cancels_what_is_left
        a_task_has_a_name
        sleepers_wake_by_deadline_then_by_order;
    groups:
        a_group_waits_for_its_children
        a_child_gives_its_value_to_the_body
        a_failure_cancels_the_siblings
        a_failure_cancels_the_body
        a_failing_body_cancels_the_children
        two_that_fail_in_the_same_moment
        groups_nest_and_so_do_their_errors
        a_child_may_spawn_siblings
        a_child_that_is_cancelled_is_no_failure
        cancelling_the_task_cancels_its_group
        a_timeout_around_a_group
        a_group_waits_for_the_clean_ups_of_its_children;
    gathering:
        gather_keeps_the_order_of_its_arguments
        gather_of_nothing
        gather_gives_each_error_in_its_place
        gather_that_stops_at_the_first_error
        cancelling_a_gather_cancels_all_of_it
        as_completed_gives_the_fastest_first
        wait_for_the_first_that_is_done
        wait_for_the_first_that_fails
        wait_no_longer_than_so_long;
    timeouts:
        a_timeout_that_expires
        a_timeout_that_is_not_needed
        wait_for_expires
        a_timeout_of_zero_lets_pass_what_need_not_wait
        a_deadline_in_the_past
        the_inner_timeout_is_the_shorter_one
        the_outer_timeout_is_the_shorter_one
        a_timeout_that_is_moved
        a_timeout_waits_for_the_clean_up
        an_error_in_time_is_the_error
        a_shielded_operation_goes_on
        a_shield_gives_the_value
        who_ignores_its_cancellation;
    queues:
        items_come_out_as_they_went_in
        a_full_queue_holds_its_producer_up
        who_waits_longest_gets_the_first_item
        producers_are_let_in_in_their_order
        the_last_in_is_the_first_out
        the_smallest_is_the_first_out
        nothing_to_get_and_no_room_to_put
        join_waits_until_all_is_done
        done_more_often_than_there_were_items
        a_consumer_that_gives_up_takes_nothing_along
        a_producer_that_gives_up_has_put_nothing
        a_queue_that_is_shut_down_gives_what_it_has
        a_queue_that_is_shut_down_at_once_gives_nothing
        a_shutdown_wakes_those_who_wait;
    context:
        a_task_copies_the_variables_of_its_spawner
        a_child_of_a_group_copies_them_too
        what_is_awaited_shares_them
        a_member_of_gather_sets_them
        a_thread_sees_them
        a_thread_gives_its_value_and_its_error;
    streams:
        read_exactly_so_many_bytes
        read_as_far_as_a_separator
        a_message_that_is_too_long_stays_where_it_is
        line_by_line;
    sync:
        a_lock_goes_to_who_waits_longest
        who_gives_up_is_passed_over
        who_gives_up_when_it_was_woken_loses_no_lock
        an_event_lets_all_go_on
        an_event_that_is_set_holds_nobody_up
        a_condition_notifies_in_the_order_of_waiting
        a_condition_is_looked_at_again
        a_semaphore_lets_so_many_in_in_their_order
        a_bounded_semaphore_takes_no_more_than_it_gave
        a_barrier_gives_positions
        a_barrier_that_is_aborted_sends_all_away
        a_barrier_begins_again_after_a_reset
        a_future_gives_what_was_set
        who_waits_for_a_value_may_give_up;
}

/// Plays a scenario in virtual time, with what comes after its end.
fn play<F: Future<Output = ()>>(scenario: impl FnOnce(Trace) -> F) -> Vec<Line> {
    let lines = Arc::new(Mutex::new(Vec::new()));
    smolio::test::run(async { scenario(Trace::new(lines.clone())).await });
    mem::take(&mut *lines.lock().expect("nothing panics with it"))
}

fn seconds(seconds: f64) -> Duration {
    Duration::from_secs_f64(seconds)
}

/// Takes its time, and says how it ended.
async fn work(trace: &Trace, name: &'static str, time: f64) -> &'static str {
    let mut cancelled = SaysSo::new(trace, format!("{name} cancelled"));
    sleep(seconds(time)).await;
    cancelled.defuse();
    trace.note(format_args!("{name} done"));
    name
}

/// Takes its time, and fails.
async fn fail(trace: &Trace, name: &'static str, time: f64) -> Result<&'static str, String> {
    work(trace, name, time).await;
    Err(format!("{name} failed"))
}

/// Notes a line when it is dropped: what an `except CancelledError` does elsewhere.
struct SaysSo<'t> {
    trace: &'t Trace,
    line: Option<String>,
}

impl<'t> SaysSo<'t> {
    fn new(trace: &'t Trace, line: String) -> Self {
        let line = Some(line);
        Self { trace, line }
    }

    fn defuse(&mut self) {
        self.line = None;
    }
}

impl Drop for SaysSo<'_> {
    fn drop(&mut self) {
        if let Some(line) = &self.line {
            self.trace.note(line);
        }
    }
}
