//! What is said of a request.

use serde_json::json;

use crate::support::{get_with, send};

#[test]
fn a_query_and_headers_are_shown() {
    let answer = get_with(
        "/get?a=1&a=2&b=x%20y",
        &[("x-test", "one"), ("x-test", "two")],
    );
    let json = answer.json();
    assert_eq!(json["args"], json!({ "a": ["1", "2"], "b": "x y" }));
    assert_eq!(json["headers"]["X-Test"], "one,two");
    assert_eq!(json["url"], "http://localhost/get?a=1&a=2&b=x%20y");
    assert_eq!(json["origin"], "127.0.0.1");
}

#[test]
fn json_is_understood() {
    let json = send("PUT", "/put", &[], r#"{"a": [1]}"#).json();
    assert_eq!(json["json"], json!({ "a": [1] }));
    assert_eq!(json["data"], r#"{"a": [1]}"#);
    assert_eq!(
        send("DELETE", "/delete", &[], "").json()["json"],
        json!(null)
    );
}

#[test]
fn a_form_is_understood() {
    let kind = [("content-type", "application/x-www-form-urlencoded")];
    let json = send("POST", "/post", &kind, "a=1&b=x+y").json();
    assert_eq!(json["form"], json!({ "a": "1", "b": "x y" }));
    assert_eq!(json["data"], "");
}

#[test]
fn a_form_with_a_file_is_understood() {
    let kind = [("content-type", "multipart/form-data; boundary=\"cut\"")];
    let body = "--cut\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n\
                --cut\r\ncontent-disposition: form-data; name=\"f\"; filename=\"f.txt\"\r\n\
                content-type: text/plain\r\n\r\ntwo\r\nlines\r\n--cut--\r\n";
    let json = send("PATCH", "/patch", &kind, body).json();
    assert_eq!(json["form"], json!({ "a": "1" }));
    assert_eq!(json["files"], json!({ "f": "two\r\nlines" }));
}

#[test]
fn what_is_no_form_is_an_empty_one() {
    let kind = [("content-type", "multipart/form-data; boundary=cut")];
    for body in [
        "",
        "--cut",
        "--cut\r\n",
        "--cut\r\n--cut--",
        "--cut\r\n\r\n--cut",
    ] {
        let json = send("POST", "/post", &kind, body).json();
        assert_eq!(json["form"], json!({}), "{body:?}");
    }
}

#[test]
fn any_method_goes_anywhere() {
    let json = send("REPORT", "/anything/at/all", &[], "x").json();
    assert_eq!(json["method"], "REPORT");
    assert_eq!(json["url"], "http://localhost/anything/at/all");
}

#[test]
fn a_body_comes_back() {
    let answer = send("POST", "/echo", &[("content-type", "text/x")], "echo");
    assert_eq!(answer.text(), "echo");
    assert_eq!(answer.header("content-type"), Some("text/x"));
}

#[test]
fn single_facts_are_shown() {
    let agent = [("user-agent", "me")];
    let json = get_with("/user-agent", &agent).json();
    assert_eq!(json, json!({ "user-agent": "me" }));
    assert_eq!(
        get_with("/ip", &[]).json(),
        json!({ "origin": "127.0.0.1" })
    );
    let json = get_with("/headers", &agent).json();
    assert_eq!(json["headers"]["User-Agent"], "me");
}
