//! A service with an API: it takes jobs, does them in the background, and tells what has become of them. Ctrl-C and SIGTERM close
//! it in good order: requests are answered to their end, and what was accepted is done.
//!
//! `cargo run --release --example microservice` uses its own service for a moment;
//! `cargo run --release --example microservice -- --port 8080` serves:
//!
//! ```sh
//! curl http://127.0.0.1:8080/health
//! curl --json '{"text": "hello"}' http://127.0.0.1:8080/jobs
//! curl http://127.0.0.1:8080/jobs/1
//! ```
//!
//! In asyncio: `aiohttp.web` with an `asyncio.Queue` in the app, workers started in `on_startup`, and `web.run_app(app)`.

use std::{
    collections::BTreeMap,
    env,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use anyhow::{Context, bail};
use axum::{
    Json, Router,
    extract::{Path, State},
    http::StatusCode,
    routing::{get, post},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use smolio::{
    Queue, TaskGroup,
    http::{self, ClientSession},
    net::TcpListener,
    shutdown_signal, sleep,
};

const WORKERS: usize = 2;
/// More jobs than that are refused, so that nobody waits for long.
const MOST_WAITING: usize = 100;

/// What handlers and workers share.
struct Service {
    waiting: Queue<Job>,
    jobs: Mutex<BTreeMap<usize, Status>>,
}

struct Job {
    id: usize,
    text: String,
}

#[derive(Clone, Serialize)]
#[serde(tag = "status", rename_all = "lowercase")]
enum Status {
    Waiting,
    Done { result: String },
}

#[smolio::main]
async fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let port = match &arguments[..] {
        [] => return play().await,
        [option, port] if option == "--port" => port.parse().context("--port takes a number")?,
        _ => bail!("usage: microservice [--port PORT]"),
    };
    let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], port))).await?;
    println!("listening on {}", listener.local_addr()?);
    serve(listener, async {
        match shutdown_signal().await {
            Ok(signal) => println!("{signal}"),
            Err(error) => eprintln!("closing, for want of signals: {error}"),
        }
    })
    .await
}

/// Serves until `stop` is done, and then until all that was accepted is done.
async fn serve(listener: TcpListener, stop: impl Future<Output = ()>) -> anyhow::Result<()> {
    let service = Arc::new(Service {
        waiting: Queue::bounded(MOST_WAITING),
        jobs: Mutex::default(),
    });
    let group = TaskGroup::<anyhow::Error>::new();
    let served = group.run(async {
        for _ in 0..WORKERS {
            group.spawn_value(service.work());
        }
        http::serve(listener, routes(service.clone()))
            .until(stop)
            .await;
        // No request is under way any more, so no job can come. The workers end when the queue is empty.
        service.waiting.shutdown();
        Ok(())
    });
    served.await?;
    let jobs = service.jobs();
    let done = jobs
        .values()
        .filter(|job| matches!(job, Status::Done { .. }));
    println!("closed: {} of {} jobs are done", done.count(), jobs.len());
    Ok(())
}

fn routes(service: Arc<Service>) -> Router {
    Router::new()
        .route("/health", get(health))
        .route("/jobs", post(accept))
        .route("/jobs/{id}", get(status))
        .with_state(service)
}

async fn health(State(service): State<Arc<Service>>) -> Json<Value> {
    Json(json!({ "status": "ok", "waiting": service.waiting.len() }))
}

#[derive(Deserialize)]
struct Wanted {
    text: String,
}

/// 202 says that it will be done, so from here on it must be.
async fn accept(
    State(service): State<Arc<Service>>,
    Json(wanted): Json<Wanted>,
) -> (StatusCode, Json<Value>) {
    let mut jobs = service.jobs();
    let id = jobs.len() + 1;
    let job = Job {
        id,
        text: wanted.text,
    };
    match service.waiting.try_put(job) {
        Ok(()) => {
            jobs.insert(id, Status::Waiting);
            (StatusCode::ACCEPTED, Json(json!({ "id": id })))
        }
        Err(refused) => {
            let reason = json!({ "error": refused.to_string() });
            (StatusCode::SERVICE_UNAVAILABLE, Json(reason))
        }
    }
}

async fn status(
    State(service): State<Arc<Service>>,
    Path(id): Path<usize>,
) -> Result<Json<Status>, StatusCode> {
    let status = service.jobs().get(&id).cloned();
    status.map(Json).ok_or(StatusCode::NOT_FOUND)
}

impl Service {
    fn jobs(&self) -> MutexGuard<'_, BTreeMap<usize, Status>> {
        self.jobs.lock().expect("nothing panics with it")
    }

    /// A worker: it ends when the queue is shut down and empty.
    async fn work(&self) {
        while let Some(Job { id, text }) = self.waiting.next().await {
            sleep(Duration::from_millis(200)).await; // in real life: work
            let result = text.to_uppercase();
            self.jobs().insert(id, Status::Done { result });
        }
    }
}

/// Uses the service as a client does, and stops it while a job is waiting.
async fn play() -> anyhow::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let base = format!("http://{}/", listener.local_addr()?);
    serve(listener, async {
        if let Err(error) = ask(&base).await {
            println!("{error}");
        }
    })
    .await
}

async fn ask(base: &str) -> anyhow::Result<()> {
    let session = ClientSession::builder().base_url(base).build()?;
    let health: Value = session.get("health").await?.json().await?;
    println!("GET /health: {health}");
    for text in ["hello", "world"] {
        let response = session.post("jobs").json(&json!({ "text": text })).await?;
        let status = response.status();
        let answer: Value = response.error_for_status()?.json().await?;
        println!("POST /jobs: {status}, {answer}");
    }
    sleep(Duration::from_millis(300)).await;
    let job: Value = session.get("jobs/1").await?.json().await?;
    println!("GET /jobs/1: {job}");
    let unknown = session.get("jobs/3").await?.status();
    println!("GET /jobs/3: {unknown}");
    session
        .post("jobs")
        .json(&json!({ "text": "the last one" }))
        .await?;
    Ok(())
}
