//! Who may, and who has it already.

use crate::support::{get, get_with};

#[test]
fn the_right_password_is_let_in() {
    let right = [("authorization", "Basic YWRhOnNlY3JldA==")];
    let answer = get_with("/basic-auth/ada/secret", &right);
    assert_eq!(answer.status, 200);
    assert_eq!(answer.json()["user"], "ada");

    let wrong = get_with("/basic-auth/bob/secret", &right);
    assert_eq!(wrong.status, 401);
    assert!(wrong.header("www-authenticate").is_some());
    assert_eq!(get("/hidden-basic-auth/ada/secret").status, 404);
}

#[test]
fn a_bearer_needs_a_token() {
    assert_eq!(get("/bearer").status, 401);
    let answer = get_with("/bearer", &[("authorization", "bearer abc")]);
    assert_eq!(answer.json()["token"], "abc");
}

#[test]
fn what_one_has_is_not_sent_again() {
    assert_eq!(get("/etag/one").header("etag"), Some("\"one\""));
    let have = get_with("/etag/one", &[("if-none-match", "\"zero\", W/\"one\"")]);
    assert_eq!(have.status, 304);
    let other = get_with("/etag/one", &[("if-match", "\"zero\"")]);
    assert_eq!(other.status, 412);
    assert_eq!(get("/cache").status, 200);
    let cached = get_with("/cache", &[("if-none-match", "\"cached\"")]);
    assert_eq!(cached.status, 304);
    let header = get("/cache/60");
    assert_eq!(header.header("cache-control"), Some("public, max-age=60"));
}

#[test]
fn cookies_come_and_go() {
    let set = get("/cookies/set?one=1&two=2");
    assert_eq!(set.status, 302);
    let cookies: Vec<_> = set.headers.get_all("set-cookie").iter().collect();
    assert_eq!(cookies, ["one=1; Path=/", "two=2; Path=/"]);

    let shown = get_with("/cookies", &[("cookie", "one=1; two=2")]);
    assert_eq!(shown.json()["cookies"]["two"], "2");
    let deleted = get("/cookies/delete?one");
    assert_eq!(
        deleted.header("set-cookie"),
        Some("one=; Max-Age=0; Path=/")
    );
}
