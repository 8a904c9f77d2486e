//! The unhandled hook: set, replaced, panicking, and what happens where none is set.

use std::sync::{Arc, Mutex};

use smolio_context::{
    TaskContext, Unhandled, UnhandledKind, panic_message, report_unhandled, set_unhandled_hook,
};

use crate::{child, take_turn};

fn error(text: &str) -> Unhandled {
    Unhandled::error(None, text)
}

#[test]
fn a_hook_is_told_until_it_is_replaced() {
    let _turn = take_turn();
    let log = Arc::new(Mutex::new(Vec::new()));
    let hook = |name: &'static str| {
        let log = log.clone();
        Some(Arc::new(move |unhandled: &Unhandled| {
            log.lock()
                .unwrap()
                .push((name, unhandled.message().to_string()));
        }) as Arc<dyn Fn(&Unhandled) + Send + Sync>)
    };
    let before = set_unhandled_hook(hook("first"));
    report_unhandled(error("a"));
    let first = set_unhandled_hook(hook("second"));
    report_unhandled(error("b"));
    let second = set_unhandled_hook(first);
    report_unhandled(error("c"));
    assert!(second.is_some());
    set_unhandled_hook(before);
    let expected = [("first", "a"), ("second", "b"), ("first", "c")];
    assert_eq!(
        *log.lock().unwrap(),
        expected.map(|(hook, text)| (hook, text.to_string()))
    );
}

/// It may do what it likes: report, set another hook, panic, and panic with something that panics.
#[test]
fn a_hook_may_do_what_it_likes() {
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("the payload");
        }
    }
    let _turn = take_turn();
    let calls = Arc::new(Mutex::new(Vec::new()));
    let log = calls.clone();
    let before = set_unhandled_hook(Some(Arc::new(move |unhandled| {
        log.lock().unwrap().push(unhandled.message().to_string());
        match unhandled.message() {
            "report" => report_unhandled(error("nested")),
            "panic" => panic!("the hook"),
            "bomb" => std::panic::panic_any(Bomb),
            "replace" => drop(set_unhandled_hook(Some(Arc::new(|_| ())))),
            _ => {}
        }
    })));
    for text in ["report", "panic", "bomb", "replace", "unheard"] {
        report_unhandled(error(text));
    }
    set_unhandled_hook(before);
    assert_eq!(
        *calls.lock().unwrap(),
        ["report", "nested", "panic", "bomb", "replace"]
    );
}

#[test]
fn what_it_says() {
    let task = TaskContext::child(Some("fetch"));
    let info = || Some(task.info().clone());
    let panic = Unhandled::panic(info(), &"no route");
    assert_eq!(
        (panic.kind(), panic.message()),
        (UnhandledKind::Panic, "no route")
    );
    assert_eq!(panic.task().unwrap().id(), task.info().id());
    assert_eq!(
        panic.to_string(),
        format!("{} panicked and nobody saw it: no route", task.info())
    );
    let error = Unhandled::error(info(), std::fmt::Error);
    assert_eq!(error.kind(), UnhandledKind::Error);
    assert!(error.to_string().contains(" failed and nobody saw it: "));
    let given_up = Unhandled::given_up(None, "a clean-up");
    assert_eq!(given_up.kind(), UnhandledKind::GivenUp);
    assert_eq!(
        given_up.to_string(),
        "outside of tasks, something was given up: a clean-up"
    );
}

#[test]
fn the_text_of_a_panic() {
    assert_eq!(panic_message(&"static"), "static");
    assert_eq!(panic_message(&String::from("formatted")), "formatted");
    assert_eq!(panic_message(&7_u8), "a panic whose payload is not a text");
}

#[test]
fn without_a_logger_it_goes_to_standard_error() {
    match child("unhandled::without_a_logger_it_goes_to_standard_error") {
        None => report_unhandled(error("disk full")),
        Some(errors) => assert_eq!(
            errors.trim(),
            "smolio: outside of tasks, something failed and nobody saw it: disk full"
        ),
    }
}

#[test]
fn with_a_logger_it_goes_there() {
    struct Logger(Mutex<Vec<String>>);
    static LOGGER: Logger = Logger(Mutex::new(Vec::new()));
    impl log::Log for Logger {
        fn enabled(&self, _: &log::Metadata<'_>) -> bool {
            true
        }
        fn log(&self, record: &log::Record<'_>) {
            let line = format!("{} {}: {}", record.level(), record.target(), record.args());
            self.0.lock().unwrap().push(line);
        }
        fn flush(&self) {}
    }
    match child("unhandled::with_a_logger_it_goes_there") {
        None => {
            log::set_logger(&LOGGER).unwrap();
            log::set_max_level(log::LevelFilter::Error);
            report_unhandled(error("disk full"));
            assert_eq!(
                *LOGGER.0.lock().unwrap(),
                ["ERROR smolio: outside of tasks, something failed and nobody saw it: disk full"]
            );
        }
        Some(errors) => assert_eq!(errors, ""),
    }
}
