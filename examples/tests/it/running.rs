//! A program that runs beside the test, until it is told to stop.

use std::{
    io::{self, BufRead, BufReader},
    process::{Child, ChildStderr, ChildStdout, Command, ExitStatus, Stdio},
    time::Duration,
};

/// Far more than any answer takes; a test that fails is to fail, not to hang.
pub(crate) const LIMIT: Duration = Duration::from_secs(20);

/// The program, until it is dropped.
pub(crate) struct Running {
    process: Child,
    output: BufReader<ChildStdout>,
}

impl Running {
    pub(crate) fn start(program: &mut Command) -> Self {
        let mut process = program.stdout(Stdio::piped()).spawn().unwrap();
        let output = BufReader::new(process.stdout.take().unwrap());
        Self { process, output }
    }

    /// The next line that it prints; nothing at the end.
    pub(crate) fn line(&mut self) -> String {
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    }

    /// What it says on standard error, if that was piped.
    pub(crate) fn errors(&mut self) -> ChildStderr {
        self.process.stderr.take().unwrap()
    }

    /// Where it says that it listens.
    #[track_caller]
    pub(crate) fn address(&mut self) -> String {
        let line = self.line();
        line.strip_prefix("listening on ").unwrap().to_owned()
    }

    /// Sends what Ctrl-C sends (`INT`), or `kill` (`TERM`).
    pub(crate) fn signal(&self, name: &str) {
        let id = self.process.id().to_string();
        let kill = Command::new("kill").args(["-s", name, &id]).status();
        assert!(kill.unwrap().success());
    }

    /// To be called when it is about to end by itself.
    pub(crate) fn end(&mut self) -> ExitStatus {
        self.process.wait().unwrap()
    }

    /// All lines that are left.
    pub(crate) fn rest(&mut self) -> Vec<String> {
        (&mut self.output).lines().map(io::Result::unwrap).collect()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It has ended already, where a test has seen to that.
        self.process.kill().ok();
        self.process.wait().ok();
    }
}
