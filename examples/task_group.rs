//! A group waits for its tasks. They borrow what was declared before it, and more of them may be started on the way.
//!
//! `cargo run --release --example task_group`
//!
//! In asyncio: `async with asyncio.TaskGroup() as group:`, `group.create_task(...)`, and `task.result()` after it.

use std::time::Duration;

use smolio::{TaskGroup, sleep};

#[smolio::main]
async fn main() -> anyhow::Result<()> {
    let report = inspect(&["Oslo", "Paris", "Madrid"].map(str::to_owned)).await?;
    println!("{report}");
    Ok(())
}

pub async fn inspect(cities: &[String]) -> anyhow::Result<String> {
    let group = TaskGroup::<anyhow::Error>::new();
    let report = group.run(async {
        let weather: Vec<_> = cities
            .iter()
            .map(|city| group.spawn(weather(city)))
            .collect();
        let population = group.spawn(count(cities));
        println!("all are under way");
        let mut report = format!("{} letters", population.await);
        for (city, weather) in cities.iter().zip(weather) {
            report += &format!(", {city}: {}", weather.await);
        }
        Ok(report)
    });
    Ok(report.await?)
}

async fn weather(city: &str) -> anyhow::Result<&'static str> {
    let delay = 100 * city.len() as u64;
    sleep(Duration::from_millis(delay)).await; // in real life: a request
    println!("{city} has answered");
    Ok(if city.starts_with('M') { "sun" } else { "rain" })
}

async fn count(cities: &[String]) -> anyhow::Result<usize> {
    sleep(Duration::from_millis(200)).await;
    println!("all are counted");
    Ok(cities.iter().map(String::len).sum())
}
