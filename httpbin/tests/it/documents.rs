//! Documents, links, and answers of any status.

use crate::support::{get, send};

#[test]
fn a_status_may_be_unknown() {
    for code in [200, 204, 404, 418, 520, 999] {
        assert_eq!(get(&format!("/status/{code}")).status.as_u16(), code);
    }
    assert_eq!(
        get("/status/401").header("www-authenticate").map(str::len),
        Some(24)
    );
    for code in ["100", "101", "99", "1000", "70000", "ok"] {
        assert_eq!(get(&format!("/status/{code}")).status, 400, "{code}");
    }
}

#[test]
fn a_late_answer_comes() {
    let answer = send("POST", "/delay/0.01", &[], "x");
    assert_eq!(answer.json()["data"], "x");
    assert_eq!(get("/delay/-1").status, 200, "that is at once");
}

#[test]
fn links_lead_to_the_other_pages() {
    let page = get("/links/3/1");
    let links: Vec<_> = page.text().split("href='").skip(1).collect();
    assert_eq!(links.len(), 2);
    assert!(links[0].starts_with("/links/3/0'"));
    assert!(links[1].starts_with("/links/3/2'"));
}

#[test]
fn documents_are_what_they_say() {
    assert_eq!(get("/json").json()["slideshow"]["author"], "Yours Truly");
    assert!(get("/html").text().starts_with("<!DOCTYPE html>"));
    assert_eq!(get("/xml").header("content-type"), Some("application/xml"));
    assert!(get("/encoding/utf8").text().contains("Здравствуйте"));
    assert!(get("/robots.txt").text().contains("Disallow: /deny"));
}

#[test]
fn a_uuid_is_of_version_4() {
    let json = get("/uuid").json();
    let uuid = json["uuid"].as_str().unwrap();
    let groups: Vec<_> = uuid.split('-').map(str::len).collect();
    assert_eq!(groups, [8, 4, 4, 4, 12]);
    assert_eq!(&uuid[14..15], "4");
    assert!("89ab".contains(&uuid[19..20]), "{uuid}");
}

#[test]
fn base64_is_decoded() {
    assert_eq!(get("/base64/SGVsbG8=").text(), "Hello");
    assert_eq!(get("/base64/!").status, 400);
}

#[test]
fn headers_are_as_asked() {
    let answer = get("/response-headers?x-one=1&x-two=2");
    assert_eq!(answer.header("x-two"), Some("2"));
    assert_eq!(answer.json()["x-one"], "1");
    assert_eq!(get("/response-headers?x=%0a").status, 400);
}
