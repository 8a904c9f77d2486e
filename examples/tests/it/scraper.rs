//! The scraper: each page once, and a good end at Ctrl-C.

use std::collections::BTreeSet;

use serde_json::Value;
use smolio_httpbin::Httpbin;

use crate::{lines_of, program, running::Running};

fn parsed(line: &str) -> Value {
    serde_json::from_str(line).unwrap_or_else(|error| panic!("{line}: {error}"))
}

#[test]
fn each_page_comes_once() {
    let pages: Vec<Value> = lines_of(&mut program("scraper"))
        .iter()
        .map(|line| parsed(line))
        .collect();
    let addresses: BTreeSet<_> = pages.iter().map(|page| page["url"].as_str()).collect();
    assert_eq!((pages.len(), addresses.len()), (20, 20));
    for page in pages {
        assert_eq!(page["status"], 200);
        assert_eq!(page["links"], 19);
        assert!(
            page["title"].as_str().unwrap().starts_with("Links "),
            "{page}"
        );
    }
}

#[test]
fn a_page_that_is_not_there_is_a_line_too() {
    let httpbin = Httpbin::start().unwrap();
    let printed = lines_of(program("scraper").arg(httpbin.url("/status/404")));
    assert_eq!(printed.len(), 1);
    let error = parsed(&printed[0])["error"].to_string();
    assert!(error.contains("404"), "{error}");
}

#[test]
fn ctrl_c_lets_the_pages_come_that_are_on_their_way() {
    let httpbin = Httpbin::start().unwrap();
    // With the pause between two requests all of them would take 10 s.
    let mut scraper = Running::start(program("scraper").arg(httpbin.url("/links/200/0")));
    let mut count = 0;
    while count < 3 {
        parsed(&scraper.line());
        count += 1;
    }
    scraper.signal("INT");
    let rest = scraper.rest();
    assert_eq!(scraper.end().code(), Some(0));
    for line in &rest {
        assert_eq!(parsed(line)["status"], 200);
    }
    assert!(count + rest.len() < 200, "it went on");
}
