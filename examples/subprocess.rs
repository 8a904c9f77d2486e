//! Other programs: three at once, each with a limit of time, and lines from one that go through this program into another.
//!
//! `cargo run --release --example subprocess`
//!
//! In asyncio: `asyncio.create_subprocess_shell(..., stdout=PIPE)`, `await process.communicate()` within
//! `asyncio.timeout(...)`, and a `process.kill()` in a `finally:` that one must not forget.

use std::{io, time::Duration};

use futures_lite::AsyncWriteExt;
use smolio::{
    gather,
    net::StreamReader,
    process::{Command, Output, Stdio, driver},
    spawn, timeout, try_gather,
};

const LIMIT: Duration = Duration::from_millis(500);
/// How long a line may be.
const LINE: usize = 1024;

#[smolio::main]
async fn main() -> anyhow::Result<()> {
    spawn(driver()).detach(); // this loop reaps, and no thread is needed for it
    three_at_once().await;
    println!("the fruits in their order: {}", sorted_fruits().await?);
    Ok(())
}

/// They take as long as the slowest, or as the limit allows.
async fn three_at_once() {
    let scripts = [
        "echo all is well",
        "echo it is not >&2; exit 3",
        "exec sleep 60",
    ];
    let outputs = gather(scripts.map(|script| timeout(LIMIT, shell(script).output()))).await;
    for (script, output) in scripts.iter().zip(outputs) {
        match output {
            Ok(Ok(output)) => println!("`{script}`: {}", in_words(&output)),
            Ok(Err(error)) => println!("`{script}` could not be run: {error}"),
            Err(elapsed) => println!("`{script}` {elapsed}, and is dead"),
        }
    }
}

/// Without `kill_on_drop` it would go on when its time is up.
fn shell(script: &str) -> Command {
    let mut command = Command::new("sh");
    command.arg("-c").arg(script).kill_on_drop(true);
    command.stdin(Stdio::null());
    command
}

fn in_words(output: &Output) -> String {
    let said = [&output.stdout[..], &output.stderr[..]].concat();
    let said = String::from_utf8_lossy(&said);
    match output.status.code() {
        Some(0) => format!("said \"{}\"", said.trim_end()),
        Some(code) => format!("failed with {code} and said \"{}\"", said.trim_end()),
        None => "was killed".to_owned(),
    }
}

/// One program says what fruits there are, we choose, and another sorts.
async fn sorted_fruits() -> anyhow::Result<String> {
    let mut fruits = shell("for fruit in pear apple beet fig; do echo $fruit; done")
        .stdout(Stdio::piped())
        .spawn()?;
    let mut sort = Command::new("sort")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    let from = fruits.stdout.take().expect("it is a pipe");
    let mut to = sort.stdin.take().expect("it is a pipe");
    let choose = async move {
        let mut reader = StreamReader::new(from);
        let mut lines = reader.lines(LINE);
        while let Some(line) = lines.next().await {
            let line = line?;
            if line != "beet" {
                to.write_all(format!("{line}\n").as_bytes()).await?;
            }
        }
        io::Result::Ok(()) // here its input is closed, and it knows that it has all
    };
    let (_, output) = try_gather((choose, sort.output())).await?;
    let sorted = String::from_utf8(output.stdout)?;
    Ok(sorted.lines().collect::<Vec<_>>().join(", "))
}
