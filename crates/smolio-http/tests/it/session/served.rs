//! The session and the server, each as the other's peer.

use std::{collections::HashMap, future::Future};

use axum::{
    Json, Router,
    body::{Body, Bytes},
    extract::{Path, Query},
    http::{HeaderMap, StatusCode, header},
    response::Redirect,
    routing::{any, get, post},
};
use smolio_http::{ClientSession, serve};
use smolio_net::TcpListener;
use smolio_task_group::gather;

use super::session;

fn app() -> Router {
    let greet = |Query(query): Query<HashMap<String, String>>| async move {
        format!("hello {}", query["name"])
    };
    let double = |Json(numbers): Json<Vec<i64>>| async move {
        Json(
            numbers
                .into_iter()
                .map(|number| 2 * number)
                .collect::<Vec<_>>(),
        )
    };
    let log_in = || async {
        (
            [(header::SET_COOKIE, "user=fox; path=/")],
            Redirect::to("/user"),
        )
    };
    let user = |headers: HeaderMap| async move {
        let cookie = headers
            .get(header::COOKIE)
            .map(|value| value.to_str().unwrap().to_owned());
        cookie.ok_or(StatusCode::UNAUTHORIZED)
    };
    let echo = |headers: HeaderMap, body: Bytes| async move {
        let content_type = headers.get(header::CONTENT_TYPE).cloned().unwrap();
        ([(header::CONTENT_TYPE, content_type)], body)
    };
    let many = |Path(count): Path<u32>| async move {
        let chunks = (0..count).map(|number| Ok::<_, std::io::Error>(number.to_string()));
        Body::from_stream(futures_lite::stream::iter(chunks))
    };
    Router::new()
        .route("/greet", get(greet))
        .route("/double", post(double))
        .route("/login", post(log_in))
        .route("/user", get(user))
        .route("/echo", any(echo))
        .route("/many/{count}", get(many))
}

/// Runs a client against the application.
fn with_app<F: Future<Output = anyhow::Result<()>>>(client: impl FnOnce(ClientSession) -> F) {
    let served = smolio_executor::run(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}/", listener.local_addr().unwrap());
        let session = session(|builder| builder.base_url(base));
        serve(listener, app()).until(client(session)).await
    });
    served.reason.unwrap();
}

#[test]
fn an_api_is_used() {
    with_app(|session| async move {
        let text = session
            .get("greet")
            .query(&[("name", "red fox")])
            .await?
            .text()
            .await?;
        assert_eq!(text, "hello red fox");
        let numbers: Vec<i64> = session.post("double").json(&[1, -2]).await?.json().await?;
        assert_eq!(numbers, [2, -4]);
        let missing = session
            .get("missing")
            .await?
            .error_for_status()
            .unwrap_err();
        assert_eq!(missing.status(), 404);
        let error = session
            .post("double")
            .json("no list")
            .await?
            .error_for_status();
        assert_eq!(error.unwrap_err().status(), 422);
        Ok(())
    });
}

#[test]
fn one_logs_in() {
    with_app(|session| async move {
        assert_eq!(session.get("user").await?.status(), 401);
        let response = session.post("login").await?;
        assert_eq!(response.url().path(), "/user");
        assert_eq!(response.history().len(), 1);
        assert_eq!(response.text().await?, "user=fox");
        Ok(())
    });
}

#[test]
fn large_bodies_go_there_and_back() {
    with_app(|session| async move {
        let large: Vec<u8> = (0..1_000_000_u32)
            .map(|number| (number % 251) as u8)
            .collect();
        let request = session
            .put("echo")
            .header("content-type", "x/y")
            .body(large.clone());
        let response = request.await?;
        assert_eq!(response.headers()["content-type"], "x/y");
        assert!(response.bytes().await? == large);
        let text = session.get("many/1000").await?.text().await?;
        let expected: String = (0..1000).map(|number| number.to_string()).collect();
        assert_eq!(text, expected);
        Ok(())
    });
}

#[test]
fn a_hundred_at_once() {
    with_app(|session| async move {
        let names: Vec<_> = (0..100).map(|number| format!("fox{number}")).collect();
        let greet = async |name: &String| -> anyhow::Result<String> {
            let response = session.get("greet").query(&[("name", name)]).await?;
            Ok(response.text().await?)
        };
        let texts = gather(names.iter().map(greet)).limit(20).await;
        for (text, name) in texts.into_iter().zip(&names) {
            assert_eq!(text?, format!("hello {name}"));
        }
        let stats = session.stats();
        assert_eq!((stats.in_use, stats.waiting, stats.requests), (0, 0, 100));
        assert!(stats.connected <= 20, "{stats:?}");
        Ok(())
    });
}
