//! Other programs under our loop: what a drop does to them, and who sees to it that they do not stay as zombies.

use std::{future::pending, io, time::Duration};

use rustix::process::{Pid, Signal, kill_process, test_kill_process};
use smolio::{
    TaskGroup,
    process::{Child, Command, Stdio},
    spawn, timeout, yield_now,
};

/// Far more than it takes; a test that fails is to fail, not to hang.
const LIMIT: Duration = Duration::from_secs(20);

/// A program that does not end by itself while the test runs.
fn endless() -> Command {
    let mut command = Command::new("sleep");
    command.arg("1000");
    command
}

fn id_of(child: &Child) -> Pid {
    Pid::from_raw(child.id().try_into().unwrap()).unwrap()
}

/// Also as a zombie.
fn is_there(process: Pid) -> bool {
    test_kill_process(process).is_ok()
}

#[track_caller]
fn assert_goes(process: Pid) {
    let gone = async {
        while is_there(process) {
            yield_now().await;
        }
    };
    let waited = smolio::run(timeout(LIMIT, gone));
    assert!(waited.is_ok(), "it is there still, or is a zombie");
}

#[test]
fn one_in_a_group_that_is_cancelled_is_killed_and_reaped() {
    let process = smolio::run(async {
        let group = TaskGroup::<io::Error>::new();
        let mut process = None;
        let mut child = endless().kill_on_drop(true).spawn().unwrap();
        let ended = group.run_until_cancelled(async {
            process = Some(id_of(&child));
            group.spawn(async move { child.status().await });
            for _ in 0..10 {
                yield_now().await;
            }
            assert!(is_there(process.unwrap()));
            group.cancel();
            pending::<io::Result<()>>().await
        });
        assert!(ended.await.unwrap().is_none());
        process.unwrap()
    });
    assert_goes(process);
}

#[test]
fn one_in_a_group_of_which_another_fails_is_killed_too() {
    let process = smolio::run(async {
        let group = TaskGroup::<io::Error>::new();
        let mut child = endless().kill_on_drop(true).spawn().unwrap();
        let process = id_of(&child);
        let failed = group.run(async {
            group.spawn(async move { child.status().await });
            group.spawn(async { Command::new("no such program").status().await });
            pending::<io::Result<()>>().await
        });
        let error = failed.await.unwrap_err().into_first().unwrap();
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
        process
    });
    assert_goes(process);
}

#[test]
fn a_timeout_kills_what_is_to_be_killed() {
    let process = smolio::run(async {
        let mut child = endless().kill_on_drop(true).spawn().unwrap();
        let process = id_of(&child);
        let status = async move { child.status().await };
        assert!(timeout(Duration::from_millis(5), status).await.is_err());
        process
    });
    assert_goes(process);
}

#[test]
fn the_end_of_the_loop_kills_what_its_tasks_hold() {
    let process = smolio::run(async {
        let mut child = endless().kill_on_drop(true).spawn().unwrap();
        let process = id_of(&child);
        spawn(async move { child.status().await }).detach();
        yield_now().await;
        process
    });
    assert_goes(process);
}

#[test]
fn one_that_is_only_dropped_goes_on_and_is_reaped_when_it_ends() {
    let process = smolio::run(async {
        let child = endless().spawn().unwrap();
        let process = id_of(&child);
        drop(child);
        for _ in 0..1000 {
            yield_now().await;
        }
        process
    });
    assert!(is_there(process));
    kill_process(process, Signal::TERM).unwrap();
    assert_goes(process);
}

#[test]
fn many_at_the_same_time() {
    smolio::run(async {
        let scripts = (0..30).map(|code| format!("echo {code}; exit {code}"));
        let outputs = smolio::gather(scripts.map(|script| {
            let mut command = Command::new("sh");
            command.arg("-c").arg(script);
            command.stdin(Stdio::null()).kill_on_drop(true).output()
        }));
        for (code, output) in (0..30).zip(outputs.limit(8).await) {
            let output = output.unwrap();
            assert_eq!(output.status.code(), Some(code));
            assert_eq!(output.stdout, format!("{code}\n").into_bytes());
        }
    });
}

/// A loop that reaps by itself has no thread that does, and takes the events of its sockets.
#[cfg(target_os = "linux")]
#[test]
fn with_a_driver_there_is_no_thread() {
    use smolio::process::driver;

    const NAME: &str = "process::with_a_driver_there_is_no_thread";
    const VARIABLE: &str = "SMOLIO_IT_CHILD";
    // The thread is the process's, and other tests start it.
    if std::env::var_os(VARIABLE).is_none() {
        let mut again = std::process::Command::new(std::env::current_exe().unwrap());
        again
            .args(["--exact", NAME, "--nocapture"])
            .env(VARIABLE, NAME);
        let output = again.output().unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        return;
    }
    let has_thread = || {
        let threads = std::fs::read_dir("/proc/self/task").unwrap();
        let names =
            threads.map(|thread| std::fs::read_to_string(thread.unwrap().path().join("comm")));
        names
            .filter_map(Result::ok)
            .any(|name| name.trim_end() == "async-process")
    };
    smolio::run(async {
        let driver = spawn(driver());
        yield_now().await;
        assert!(Command::new("true").status().await.unwrap().success());
        let killed = endless().kill_on_drop(true).spawn().unwrap();
        let process = id_of(&killed);
        drop(killed);
        let gone = async {
            while is_there(process) {
                yield_now().await;
            }
        };
        timeout(LIMIT, gone).await.unwrap();
        assert!(!has_thread());
        driver.cancel().await;
    });
    // Without one there is, so the test would see it.
    smolio::run(async {
        assert!(Command::new("true").status().await.unwrap().success());
        // It gives itself its name, when it gets to it.
        let has_begun = async {
            while !has_thread() {
                yield_now().await;
            }
        };
        timeout(LIMIT, has_begun).await.unwrap();
    });
}
