//! The contract with those who write a test clock: when the policy is asked, what it is told, and what each answer does.

use std::{
    cell::{Cell, RefCell},
    future::pending,
    rc::Rc,
    sync::mpsc,
    task::Waker,
    thread,
    time::Duration,
};

use smolio_context::{Instant, UnhandledKind, VirtualClock};
use smolio_executor::{
    Runner, finally,
    idle::{IdleAction, IdlePolicy, IdleState},
    spawn, spawn_local, to_thread, yield_now,
};
use smolio_timer::sleep;

use crate::support::{Counter, Gate, Hook, Latch, NotSend, Polls, panic_of, yields};

const SECOND: Duration = Duration::from_secs(1);

/// Answers with a function, and remembers what it was told.
struct Answers<F> {
    answer: F,
    states: RefCell<Vec<IdleState>>,
}

impl<F: Fn(usize, &IdleState) -> IdleAction> IdlePolicy for Answers<F> {
    fn on_idle(&self, state: &IdleState) -> IdleAction {
        let number = self.states.borrow().len();
        assert!(number < 10_000, "the policy is asked again and again");
        self.states.borrow_mut().push(state.clone());
        (self.answer)(number, state)
    }
}

/// A policy that is told the number of the question, from 0 on.
fn answers<F: Fn(usize, &IdleState) -> IdleAction + 'static>(answer: F) -> Rc<Answers<F>> {
    Rc::new(Answers {
        answer,
        states: RefCell::default(),
    })
}

fn runner(policy: Rc<dyn IdlePolicy>) -> Runner {
    Runner::builder()
        .workers(1)
        .idle_policy(policy)
        .build()
        .unwrap()
}

#[test]
fn it_is_not_asked_while_anything_is_ready() {
    let policy = answers(|_, _| IdleAction::Park);
    let runner = runner(policy.clone());
    runner.run(async {
        let task = spawn(yields(500));
        yields(500).await;
        task.await;
    });
    runner.close();
    assert_eq!(policy.states.borrow().len(), 0);
}

/// Parking waits for other threads, as a loop without a policy does.
#[test]
fn park_waits_for_other_threads() {
    let policy = answers(|_, _| IdleAction::Park);
    let gate = Gate::new();
    let (opener, asked) = (gate.clone(), mpsc::channel::<()>());
    let (tell, told) = asked;
    let thread = thread::spawn(move || {
        told.recv().unwrap();
        opener.open();
    });
    runner(policy.clone()).run(async {
        let task = spawn_local(gate.wait());
        yields(3).await;
        tell.send(()).unwrap();
        task.await;
    });
    thread.join().unwrap();
    for state in policy.states.borrow().iter() {
        assert_eq!((state.next_timer, state.threads_in_flight), (None, 0));
    }
}

/// And for its own timers, in real time.
#[test]
fn park_waits_for_timers() {
    let policy = answers(|_, _| IdleAction::Park);
    runner(policy.clone()).run(sleep(Duration::from_millis(5)));
    let states = policy.states.borrow();
    assert!(states.iter().all(|state| state.next_timer.is_some()));
    assert!(
        (1..20).contains(&states.len()),
        "asked {} times",
        states.len()
    );
}

/// A wait that brings nothing is followed by another question, which says so.
#[test]
fn park_for_waits_at_most_that_long() {
    let gate = Gate::new();
    let opener = gate.clone();
    let policy = answers(move |number, state| {
        assert_eq!(state.still_idle, number > 0);
        if number == 3 {
            opener.open();
            return IdleAction::Continue;
        }
        IdleAction::ParkFor(Duration::from_millis(1))
    });
    runner(policy.clone()).run(gate.wait());
    assert_eq!(policy.states.borrow().len(), 4);
}

#[test]
fn turn_looks_without_waiting() {
    let gate = Gate::new();
    let opener = gate.clone();
    let policy = answers(move |number, state| {
        assert_eq!(state.still_idle, number > 0);
        if number == 100 {
            opener.open();
        }
        IdleAction::Turn
    });
    runner(policy.clone()).run(gate.wait());
    assert_eq!(policy.states.borrow().len(), 101);
}

/// Something has run since: then it says so, even if that brought nothing.
#[test]
fn still_idle_is_about_tasks_that_ran() {
    let waker = Rc::new(RefCell::new(None::<Waker>));
    let (slot, done) = (waker.clone(), Rc::new(Cell::new(false)));
    let finished = done.clone();
    let policy = answers(move |number, _| {
        match number {
            // Woken for nothing.
            2 => waker.borrow().as_ref().unwrap().wake_by_ref(),
            4 => {
                finished.set(true);
                waker.borrow().as_ref().unwrap().wake_by_ref();
            }
            _ => {}
        }
        IdleAction::Continue
    });
    runner(policy.clone()).run(std::future::poll_fn(move |cx| {
        slot.replace(Some(cx.waker().clone()));
        if done.get() {
            std::task::Poll::Ready(())
        } else {
            std::task::Poll::Pending
        }
    }));
    let still_idle: Vec<_> = policy
        .states
        .borrow()
        .iter()
        .map(|state| state.still_idle)
        .collect();
    assert_eq!(still_idle, [false, true, true, false, true]);
}

#[test]
fn it_is_told_the_next_timer() {
    let clock = VirtualClock::new();
    let _guard = clock.install();
    let start = Instant::now();
    let mover = clock.clone();
    let policy = answers(move |_, state| {
        mover.advance_to(state.next_timer.unwrap());
        IdleAction::Continue
    });
    runner(policy.clone()).run(async {
        let later = spawn(sleep(3 * SECOND));
        sleep(SECOND).await;
        assert_eq!(start.elapsed(), SECOND);
        later.await;
        assert_eq!(start.elapsed(), 3 * SECOND);
    });
    let states = policy.states.borrow();
    let timers: Vec<_> = states
        .iter()
        .filter(|state| !state.still_idle)
        .map(|state| state.next_timer)
        .collect();
    assert_eq!(timers.first(), Some(&Some(start + SECOND)));
    assert_eq!(timers.last(), Some(&Some(start + 3 * SECOND)));
}

#[test]
fn it_is_told_of_closures_on_threads() {
    let go_on = Latch::new();
    let free = go_on.clone();
    let policy = answers(move |_, state| {
        if state.threads_in_flight == 1 {
            free.open();
        }
        IdleAction::ParkFor(SECOND)
    });
    runner(policy.clone()).run(async {
        let blocked = go_on.clone();
        to_thread(move || blocked.block()).await;
    });
    assert!(go_on.is_open());
    // When the value is there the closure may just be on its way out of the count, but never the other way round.
    assert_eq!(policy.states.borrow()[0].threads_in_flight, 1);
}

#[test]
fn fail_ends_the_run_with_its_report() {
    let hook = Hook::install();
    let policy = answers(|_, _| IdleAction::Fail("who waits for whom".to_string()));
    let drops = Counter::new();
    let runner = runner(policy.clone());
    let (main, task) = (drops.guard(), NotSend::new(&drops));
    let text = panic_of(|| {
        runner.run(async {
            let _main = main;
            spawn_local(async move {
                task.touch();
                pending::<()>().await;
            })
            .detach();
            pending::<()>().await;
        });
    });
    assert_eq!(text, "who waits for whom");
    assert_eq!((policy.states.borrow().len(), drops.get()), (1, 1));
    // The loop can still be used, and closed.
    assert_eq!(runner.run(async { 42 }), 42);
    runner.close();
    assert_eq!(drops.get(), 2);
    hook.assert_silent();
}

/// A policy that gives up while the loop closes: what was left is given up as at the end of the grace, on its own thread, and
/// no waker that another thread keeps can harm it.
#[test]
fn fail_while_the_loop_closes_gives_up_the_rest() {
    let hook = Hook::install();
    let policy = answers(|_, _| IdleAction::Fail("enough".to_string()));
    let drops = Counter::new();
    let runner = runner(policy);
    let handle = runner.handle();
    let (sender, wakers) = mpsc::channel();
    let guard = drops.guard();
    runner.run(async {
        let endless = async move {
            let _guard = guard;
            std::future::poll_fn(|cx| -> std::task::Poll<()> {
                sender.send(cx.waker().clone()).unwrap();
                std::task::Poll::Pending
            })
            .await;
        };
        let polls = Counter::new();
        spawn(Polls::new(&polls, finally(pending::<()>(), endless))).detach();
        while polls.get() == 0 {
            yield_now().await;
        }
    });
    let text = panic_of(|| runner.close());
    assert_eq!(text, "enough");
    assert_eq!(drops.get(), 1);
    assert_eq!(hook.take_one().kind(), UnhandledKind::GivenUp);
    // Closed is closed.
    assert!(handle.is_closed() && handle.spawn(async {}).is_err());
    let waker = wakers.recv().unwrap();
    thread::spawn(move || waker.wake()).join().unwrap();
    hook.assert_silent();
}

/// The policy itself may wake, spawn through a handle, and look at the tasks: it is asked as part of the loop.
#[test]
fn it_is_asked_as_part_of_the_loop() {
    let gate = Gate::new();
    let opener = gate.clone();
    let policy = answers(move |_, _| {
        assert_eq!(smolio_executor::all_tasks().len(), 1);
        let opener = opener.clone();
        spawn(async move { opener.open() }).detach();
        IdleAction::Continue
    });
    runner(policy.clone()).run(gate.wait());
    assert_eq!(policy.states.borrow().len(), 1);
}
