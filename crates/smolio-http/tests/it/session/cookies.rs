//! Cookies: kept, sent where they belong, and nowhere else.

use smolio_http::{ClientSession, CookieJar};
use url::Url;

use super::{empty, session};
use crate::support::{
    block_on,
    peer::Peer,
    script::{Step, ok},
};

fn url(text: &str) -> Url {
    text.parse().unwrap()
}

#[test]
fn cookies_come_back_also_on_the_way_of_redirects() {
    let peer = Peer::new([vec![
        Step::Request,
        empty(
            "302 Found",
            &[
                "location: /next",
                "set-cookie: a=1; path=/",
                "set-cookie: b=2",
            ],
        ),
        Step::Request,
        empty(
            "302 Found",
            &["location: /last", "set-cookie: a=; path=/; max-age=0"],
        ),
        Step::Request,
        ok(""),
        Step::Request,
        ok(""),
    ]]);
    block_on(async {
        let session = ClientSession::new();
        session
            .get(peer.url("/"))
            .await
            .unwrap()
            .bytes()
            .await
            .unwrap();
        // What is set by hand goes instead of what is in the jar.
        session
            .get(peer.url("/"))
            .header("cookie", "own=1")
            .await
            .unwrap();
        let address = url(&peer.url("/"));
        assert_eq!(session.cookies().get(&address, "b").as_deref(), Some("2"));
        assert_eq!(session.cookies().get(&address, "a"), None);
    });
    let requests = peer.requests();
    let sent: Vec<_> = requests
        .iter()
        .map(|request| request.header("cookie"))
        .collect();
    assert_eq!(sent, [None, Some("a=1; b=2"), Some("b=2"), Some("own=1")]);
}

#[test]
fn a_session_may_keep_no_cookies() {
    let set = empty("200 OK", &["set-cookie: a=1"]);
    let peer = Peer::always(vec![Step::Request, set, Step::Again]);
    block_on(async {
        let session = session(|builder| builder.keep_cookies(false));
        let address = url(&peer.url("/"));
        session.get(&address).await.unwrap();
        session.cookies().set(&address, "own=1").unwrap();
        session.get(&address).await.unwrap();
    });
    let requests = peer.requests();
    assert_eq!(requests[0].header("cookie"), None);
    assert_eq!(requests[1].header("cookie"), Some("own=1"));
}

#[test]
fn sessions_share_a_jar_or_nothing() {
    let set = empty("200 OK", &["set-cookie: a=1"]);
    let peer = Peer::always(vec![Step::Request, set, Step::Again]);
    let jar = CookieJar::new();
    block_on(async {
        for session in [
            session(|builder| builder.cookie_jar(jar.clone())),
            session(|builder| builder.cookie_jar(jar.clone())),
            ClientSession::new(),
        ] {
            session.get(peer.url("/")).await.unwrap();
        }
    });
    let requests = peer.requests();
    let sent: Vec<_> = requests
        .iter()
        .map(|request| request.header("cookie"))
        .collect();
    assert_eq!(sent, [None, Some("a=1"), None]);
    assert_eq!(jar.len(), 1);
    jar.clear();
    assert!(jar.is_empty());
}

#[test]
fn they_go_where_they_belong() {
    let jar = CookieJar::new();
    let home = url("https://www.example.org/dir/page");
    jar.set(&home, "host=1").unwrap();
    jar.set(&home, "all=1; domain=example.org; path=/").unwrap();
    jar.set(&home, "safe=1; secure; path=/").unwrap();
    jar.set(&home, "gone=1; expires=Thu, 01 Jan 1970 00:00:00 GMT")
        .unwrap();
    let names = |address: &str| {
        let mut names: Vec<_> = jar
            .get_all(&url(address))
            .into_iter()
            .map(|(name, _)| name)
            .collect();
        names.sort();
        names.join(" ")
    };
    assert_eq!(names("https://www.example.org/dir/other"), "all host safe");
    assert_eq!(names("https://www.example.org/elsewhere"), "all safe");
    assert_eq!(names("http://www.example.org/dir/"), "all host");
    assert_eq!(names("https://example.org/dir/"), "all");
    assert_eq!(names("https://deep.www.example.org/dir/"), "all");
    assert_eq!(names("https://another-example.org/"), "");
    assert_eq!(names("https://example.com/"), "");
}

#[test]
fn what_a_server_may_not_set_is_refused() {
    let jar = CookieJar::new();
    let home = url("http://www.example.org/");
    for (cookie, reason) in [
        ("no cookie", ""),
        ("a=1; domain=other.org", ""),
        ("a=1; domain=org", "its domain is a whole top-level domain"),
        ("a=1; domain=.org", "its domain is a whole top-level domain"),
    ] {
        let error = jar.set(&home, cookie).unwrap_err();
        let text = error.to_string();
        let name = cookie.split('=').next().unwrap();
        assert!(
            text.starts_with(&format!("cookie {name:?} cannot be set: ")),
            "{text}"
        );
        assert!(text.to_lowercase().contains(reason), "{text}");
    }
    assert!(jar.is_empty());
    // A host without a dot is no domain of others.
    jar.set(&url("http://localhost/"), "a=1; domain=localhost")
        .unwrap();
}

#[test]
fn a_server_cannot_fill_the_memory() {
    let jar = CookieJar::new();
    let home = url("http://www.example.org/");
    let large = format!("a={}", "x".repeat(5000));
    let error = jar.set(&home, &large).unwrap_err();
    let text = r#"cookie "a" cannot be set: it is larger than 4096 bytes"#;
    assert_eq!(error.to_string(), text);
    for number in 0..180 {
        jar.set(&home, &format!("name{number}=1")).unwrap();
    }
    let error = jar.set(&home, "one=more").unwrap_err();
    assert!(
        error.to_string().ends_with("there are too many already"),
        "{error}"
    );
    // Others have their own, and what is there can be changed.
    jar.set(&url("http://other.org/"), "a=1").unwrap();
    jar.set(&home, "name0=2").unwrap();
    assert_eq!(jar.get(&home, "name0").as_deref(), Some("2"));
    // One that goes makes room.
    jar.set(&home, "name1=; max-age=0").unwrap();
    jar.set(&home, "one=more").unwrap();
    assert_eq!(jar.len(), 181);
}

#[test]
fn a_secret_is_not_shown() {
    let jar = CookieJar::new();
    jar.set(&url("http://localhost/"), "a=secret").unwrap();
    assert!(!format!("{jar:?}").contains("secret"));
    let session = session(|builder| builder.cookie_jar(jar).bearer_auth("secret"));
    assert!(!format!("{session:?}").contains("secret"));
    let request = session
        .get("http://u:secret@localhost/")
        .basic_auth("u", "secret");
    assert!(!format!("{request:?}").contains("secret"));
}
