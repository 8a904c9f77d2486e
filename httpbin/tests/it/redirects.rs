//! Redirects, and where they lead.

use crate::support::{Answer, get};

#[test]
fn each_redirect_is_one_less() {
    let location = |answer: &Answer| answer.header("location").map(str::to_owned);
    let first = get("/redirect/2");
    assert_eq!(first.status, 302);
    assert_eq!(location(&first).unwrap(), "/relative-redirect/1");
    assert_eq!(location(&get("/relative-redirect/1")).unwrap(), "/get");
    let absolute = get("/absolute-redirect/2");
    let expected = "http://localhost/absolute-redirect/1";
    assert_eq!(location(&absolute).unwrap(), expected);
}

#[test]
fn one_leads_anywhere() {
    let answer = get("/redirect-to?url=http%3A%2F%2Felsewhere%2F&status_code=307");
    assert_eq!(answer.status, 307);
    assert_eq!(answer.header("location"), Some("http://elsewhere/"));
    assert_eq!(get("/redirect-to?url=/&status_code=200").status, 400);
    assert_eq!(get("/redirect-to").status, 400);
}
