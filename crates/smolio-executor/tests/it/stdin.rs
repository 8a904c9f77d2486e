//! Standard input, each time that of a child process.

use std::{
    fs::File,
    io::{self, Write},
    path::Path,
    process::Stdio,
};

use futures_lite::{StreamExt, future::poll_once};
use smolio_executor::{Stdin, StdinError, run, spawn, stdin};

use crate::support::{Child, is_child};

/// In front of what is meant for the parent: what the harness of the tests prints goes the same way.
const MARK: &str = "> ";

/// The child tells its parent.
#[expect(clippy::print_stdout, reason = "its parent reads it")]
fn say(line: &str) {
    println!("{MARK}{line}");
}

/// What the child has to say of a line.
fn in_words(line: Option<Result<String, StdinError>>) -> String {
    match line {
        None => "the end".to_owned(),
        Some(Ok(line)) => format!("line {line:?}"),
        Some(Err(StdinError::TooLong(line))) => {
            format!(
                "too long after {:?}",
                String::from_utf8_lossy(&line.beginning)
            )
        }
        Some(Err(StdinError::NotUtf8(error))) => format!("not a text: {:?}", error.as_bytes()),
        Some(Err(error)) => format!("failed: {error}"),
    }
}

/// The child's part in most tests: says what each line is, and ends after the end has come twice.
fn tell_all(mut lines: Stdin) {
    run(async {
        let mut ends = 0;
        while ends < 2 {
            let line = lines.next().await;
            ends += usize::from(line.is_none());
            say(&in_words(line));
        }
    });
}

/// What a child says of `input`, which it gets in pieces of so many bytes.
#[track_caller]
fn told_of(test: &str, input: &[u8], piece: usize) -> Vec<String> {
    let mut child = Child::start_with(test, &[], Stdio::piped());
    let mut pipe = child.input();
    for piece in input.chunks(piece) {
        pipe.write_all(piece).unwrap();
        pipe.flush().unwrap();
    }
    drop(pipe);
    told(child)
}

#[track_caller]
fn told(child: Child) -> Vec<String> {
    let (status, output, errors) = child.wait();
    assert!(status.success(), "{output}{errors}");
    let said = output.lines().filter_map(|line| line.split_once(MARK));
    said.map(|(_, line)| line.to_owned()).collect()
}

#[test]
fn lines_come_in_their_order() {
    const NAME: &str = "stdin::lines_come_in_their_order";
    if is_child(NAME) {
        return tell_all(stdin());
    }
    let input = b"one\n\ntwo\r\nth\rree\n\r\nwithout an end\r";
    let expected = [
        "line \"one\"",
        "line \"\"",
        "line \"two\"",
        "line \"th\\rree\"",
        "line \"\"",
        "line \"without an end\\r\"",
        "the end",
        "the end",
    ];
    for piece in [1, 3, 1000] {
        assert_eq!(told_of(NAME, input, piece), expected);
    }
}

/// It takes several reads, and is whole all the same.
#[test]
fn a_line_may_come_in_pieces() {
    const NAME: &str = "stdin::a_line_may_come_in_pieces";
    if is_child(NAME) {
        return tell_all(stdin());
    }
    let long: String = ('a'..='z').cycle().take(30_000).collect();
    let told = told_of(NAME, format!("{long}\n{long}").as_bytes(), 1000);
    let line = format!("line {long:?}");
    assert_eq!(told, [&line, &line, "the end", "the end"]);
}

#[test]
fn a_line_that_is_too_long_costs_only_itself() {
    const NAME: &str = "stdin::a_line_that_is_too_long_costs_only_itself";
    if is_child(NAME) {
        return tell_all(stdin().limit(4));
    }
    let mut input = b"1234\r\n12345\n1234\n".to_vec();
    // More than is read at once.
    input.extend([b'x'; 100_000]);
    input.extend(b"\nnext\nlast one");
    let expected = [
        "line \"1234\"",
        "too long after \"1234\"",
        "line \"1234\"",
        "too long after \"xxxx\"",
        "line \"next\"",
        "too long after \"last\"",
        "the end",
        "the end",
    ];
    for piece in [3, 200_000] {
        assert_eq!(told_of(NAME, &input, piece), expected);
    }
}

#[test]
fn a_line_that_is_no_text_costs_only_itself() {
    const NAME: &str = "stdin::a_line_that_is_no_text_costs_only_itself";
    if is_child(NAME) {
        return tell_all(stdin());
    }
    let told = told_of(NAME, b"\xffab\nna\xc3\xafve\n\xc3", 1);
    let expected = [
        "not a text: [255, 97, 98]",
        "line \"naïve\"",
        "not a text: [195]",
    ];
    assert_eq!(told[..3], expected);
}

#[test]
fn a_dropped_next_loses_nothing() {
    const NAME: &str = "stdin::a_dropped_next_loses_nothing";
    if is_child(NAME) {
        return run(async {
            let mut lines = stdin();
            assert!(poll_once(lines.next()).await.is_none());
            // Of this handle nobody asks any more.
            drop(lines);
            assert!(poll_once(stdin().next()).await.is_none());
            say("ready");
            for _ in 0..3 {
                say(&in_words(stdin().next().await));
            }
        });
    }
    let mut child = Child::start_with(NAME, &[], Stdio::piped());
    let mut pipe = child.input();
    child.expect("ready");
    pipe.write_all(b"one\ntwo\n").unwrap();
    drop(pipe);
    assert_eq!(told(child), ["line \"one\"", "line \"two\"", "the end"]);
}

#[test]
fn the_end_of_the_program_does_not_wait_for_a_line() {
    const NAME: &str = "stdin::the_end_of_the_program_does_not_wait_for_a_line";
    if is_child(NAME) {
        run(async {
            // One is left behind when the loop closes, and one before.
            let task = spawn(async { stdin().next().await });
            assert!(poll_once(stdin().next()).await.is_none());
            smolio_executor::yield_now().await;
            assert!(!task.is_finished());
            task.detach();
        });
        return say("the end of main");
    }
    let mut child = Child::start_with(NAME, &[], Stdio::piped());
    // Held open until the child has ended.
    let pipe = child.input();
    assert_eq!(told(child), ["the end of main"]);
    drop(pipe);
}

#[test]
fn it_belongs_to_no_loop() {
    const NAME: &str = "stdin::it_belongs_to_no_loop";
    if is_child(NAME) {
        let mut lines = stdin();
        say(&in_words(run(lines.next())));
        say(&in_words(run(lines.next())));
        return say(&in_words(futures_lite::future::block_on(lines.next())));
    }
    assert_eq!(
        told_of(NAME, b"one\ntwo", 100),
        ["line \"one\"", "line \"two\"", "the end"]
    );
}

#[test]
fn each_line_goes_to_one_of_those_who_wait() {
    const NAME: &str = "stdin::each_line_goes_to_one_of_those_who_wait";
    if is_child(NAME) {
        return run(async {
            let tasks: Vec<_> = (0..4)
                .map(|_| {
                    spawn(async {
                        let (mut sum, mut lines) = (0, stdin());
                        // The stream gives the same.
                        while let Some(line) = StreamExt::next(&mut lines).await {
                            sum += line.unwrap().parse::<u64>().unwrap();
                        }
                        sum
                    })
                })
                .collect();
            let mut sum = 0;
            for task in tasks {
                sum += task.await;
            }
            say(&format!("line {sum}"));
        });
    }
    let input: String = (1..=1000).map(|number| format!("{number}\n")).collect();
    for piece in [7, 100_000] {
        assert_eq!(told_of(NAME, input.as_bytes(), piece), ["line 500500"]);
    }
}

#[test]
fn what_std_has_read_and_left_comes_first() {
    const NAME: &str = "stdin::what_std_has_read_and_left_comes_first";
    if is_child(NAME) {
        let mut first = String::new();
        io::stdin().read_line(&mut first).unwrap();
        say(&format!("first {first:?}"));
        return say(&in_words(run(stdin().next())));
    }
    assert_eq!(
        told_of(NAME, b"one\ntwo\n", 100),
        ["first \"one\\n\"", "line \"two\""]
    );
}

#[test]
fn where_there_is_nothing_that_is_the_end() {
    const NAME: &str = "stdin::where_there_is_nothing_that_is_the_end";
    if is_child(NAME) {
        return tell_all(stdin());
    }
    assert_eq!(told(Child::start(NAME, &[])), ["the end", "the end"]);
}

#[cfg(unix)]
#[test]
fn what_cannot_be_read_is_an_error_each_time() {
    const NAME: &str = "stdin::what_cannot_be_read_is_an_error_each_time";
    if is_child(NAME) {
        return run(async {
            for _ in 0..2 {
                let error = stdin().next().await.unwrap().unwrap_err();
                assert_eq!(io::Error::from(error).kind(), io::ErrorKind::IsADirectory);
                say("failed");
            }
        });
    }
    let directory = File::open(Path::new("/")).unwrap();
    let child = Child::start_with(NAME, &[], directory.into());
    assert_eq!(told(child), ["failed", "failed"]);
}

/// Line by line, whatever the terminal has in its own buffer; Ctrl-D ends it.
#[cfg(unix)]
#[test]
fn of_a_terminal() {
    use rustix::{
        fs::{Mode, OFlags, open},
        pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt},
    };
    const NAME: &str = "stdin::of_a_terminal";
    if is_child(NAME) {
        return tell_all(stdin());
    }
    let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&ours).unwrap();
    unlockpt(&ours).unwrap();
    let theirs = ptsname(&ours, Vec::new()).unwrap();
    let theirs = open(theirs, OFlags::RDWR | OFlags::NOCTTY, Mode::empty()).unwrap();
    let mut ours = File::from(ours);
    let mut child = Child::start_with(NAME, &[], theirs.into());
    ours.write_all(b"one\n").unwrap();
    child.expect("line \"one\"");
    ours.write_all(b"two\n\x04").unwrap();
    assert_eq!(told(child), ["line \"two\"", "the end", "the end"]);
}

#[test]
fn promises() {
    fn shared<T: Send + Sync + Unpin + 'static>() {}
    fn error<T: std::error::Error + Send + Sync + 'static>() {}
    shared::<Stdin>();
    error::<StdinError>();
    fn send<T: Send>(_: &T) {}
    send(&stdin().next());
}
