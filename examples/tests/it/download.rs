//! The download: what has come is kept, and the rest is got by the next run.

use std::{env, fs, path::PathBuf, process};

use smolio_httpbin::Httpbin;

use crate::{lines_of, program};

/// A file that is removed with all that lies beside it.
struct Target(PathBuf);

impl Target {
    fn new(name: &str) -> Self {
        let name = format!("smolio-test-{name}-{}", process::id());
        Self(env::temp_dir().join(name))
    }

    fn beside(&self, extension: &str) -> PathBuf {
        self.0.with_extension(extension)
    }
}

impl Drop for Target {
    fn drop(&mut self) {
        for path in [self.0.clone(), self.beside("part"), self.beside("etag")] {
            fs::remove_file(path).ok();
        }
    }
}

/// What `/range` gives.
fn alphabet(length: usize) -> Vec<u8> {
    (b'a'..=b'z').cycle().take(length).collect()
}

#[test]
fn it_comes_in_spite_of_a_server_that_hangs_up() {
    let printed = lines_of(&mut program("download"));
    assert_eq!(printed.last().unwrap(), "3000000 bytes are here");
    assert!(printed.len() > 2, "it did not break off: {printed:?}");
}

#[test]
fn what_has_come_is_not_asked_for_again() {
    let (httpbin, target) = (Httpbin::start().unwrap(), Target::new("resume"));
    // Five times 30,000 bytes come, then it gives up.
    let url = httpbin.url("/range/250000?break_after=30000");
    let mut download = program("download");
    download.arg(&url).arg(&target.0);
    let first = download.output().unwrap();
    assert_eq!(first.status.code(), Some(1), "it gives up");
    let here = fs::metadata(target.beside("part")).unwrap().len();
    assert_eq!(here, 150_000);

    let printed = lines_of(&mut download);
    assert_eq!(printed[0], "150000 bytes are here from last time");
    assert_eq!(printed.last().unwrap(), "250000 bytes are here");
    assert_eq!(fs::read(&target.0).unwrap(), alphabet(250_000));
    assert!(!target.beside("part").exists() && !target.beside("etag").exists());
}

#[test]
fn another_version_is_got_from_its_beginning() {
    let (httpbin, target) = (Httpbin::start().unwrap(), Target::new("version"));
    fs::write(target.beside("part"), "of an old version").unwrap();
    fs::write(target.beside("etag"), "\"old\"").unwrap();
    let mut download = program("download");
    lines_of(download.arg(httpbin.url("/range/1000")).arg(&target.0));
    assert_eq!(fs::read(&target.0).unwrap(), alphabet(1000));
}

#[test]
fn what_is_not_there_is_not_asked_for_again_and_again() {
    let (httpbin, target) = (Httpbin::start().unwrap(), Target::new("missing"));
    let mut download = program("download");
    download.arg(httpbin.url("/status/404")).arg(&target.0);
    let output = download.output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("404"));
    assert!(output.stdout.is_empty());
}
