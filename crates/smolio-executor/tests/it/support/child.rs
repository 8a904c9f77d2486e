//! A test that runs itself again as a child process: for signals, exit codes and the environment.

use std::{
    env,
    io::{BufRead, BufReader, Read},
    process::{ChildStdin, Command, ExitStatus, Stdio},
};

const VARIABLE: &str = "SMOLIO_IT_CHILD";

/// Whether this process is the child of `test`.
pub(crate) fn is_child(test: &str) -> bool {
    env::var_os(VARIABLE).is_some_and(|value| value == test)
}

/// One child: the same test, with [`is_child`] true.
pub(crate) struct Child {
    process: std::process::Child,
    output: BufReader<std::process::ChildStdout>,
    errors: BufReader<std::process::ChildStderr>,
}

impl Child {
    /// Starts `test` (its whole path, such as `signals::r2_once`) in a process of its own.
    pub(crate) fn start(test: &str, variables: &[(&str, &str)]) -> Self {
        Self::start_with(test, variables, Stdio::null())
    }

    /// The same, with something to read.
    pub(crate) fn start_with(test: &str, variables: &[(&str, &str)], input: Stdio) -> Self {
        let mut process = Command::new(env::current_exe().unwrap())
            .args(["--exact", test, "--nocapture", "--test-threads=1"])
            .env(VARIABLE, test)
            .env_remove("RUST_LOG")
            .envs(variables.iter().copied())
            .stdin(input)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let output = BufReader::new(process.stdout.take().unwrap());
        let errors = BufReader::new(process.stderr.take().unwrap());
        Self {
            process,
            output,
            errors,
        }
    }

    /// Waits until the child prints `line`.
    #[track_caller]
    pub(crate) fn expect(&mut self, line: &str) {
        let mut seen = String::new();
        while !seen.lines().any(|other| other.ends_with(line)) {
            if self.output.read_line(&mut seen).unwrap() == 0 {
                let mut errors = String::new();
                self.errors.read_to_string(&mut errors).unwrap();
                panic!("the child never said {line:?}, but:\n{seen}\n{errors}");
            }
        }
    }

    /// The other end of what it reads, where that is a pipe.
    pub(crate) fn input(&mut self) -> ChildStdin {
        self.process.stdin.take().unwrap()
    }

    /// Waits until the child says a line with this on standard error; gives all that it has said there until then.
    #[track_caller]
    pub(crate) fn expect_error(&mut self, text: &str) -> String {
        let mut seen = String::new();
        while !seen.contains(text) || !seen.ends_with('\n') {
            if self.errors.read_line(&mut seen).unwrap() == 0 {
                panic!("the child never said {text:?}, but:\n{seen}");
            }
        }
        seen
    }

    #[cfg(unix)]
    pub(crate) fn signal(&self, signal: rustix::process::Signal) {
        let pid = rustix::process::Pid::from_child(&self.process);
        rustix::process::kill_process(pid, signal).unwrap();
    }

    /// Whether the child has not ended yet.
    #[cfg(unix)]
    pub(crate) fn is_running(&mut self) -> bool {
        self.process.try_wait().unwrap().is_none()
    }

    /// Waits for the child's end: how it ended, and what it had still to say on standard output and standard error.
    pub(crate) fn wait(mut self) -> (ExitStatus, String, String) {
        let mut output = String::new();
        self.output.read_to_string(&mut output).unwrap();
        let mut errors = String::new();
        self.errors.read_to_string(&mut errors).unwrap();
        (self.process.wait().unwrap(), output, errors)
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        // Only where a test has failed is it still running.
        self.process.kill().ok();
        self.process.wait().ok();
    }
}
