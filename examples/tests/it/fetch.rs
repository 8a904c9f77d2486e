//! The pages come all at once, and one that is not there is told of.

use smolio_httpbin::Httpbin;

use crate::{lines_of, program};

#[test]
fn a_hundred_pages_take_as_long_as_one() {
    let printed = lines_of(&mut program("fetch"));
    assert_eq!(printed.len(), 13, "a head, ten pages, the others, the sum");
    let sum = printed.last().unwrap();
    let seconds = sum.strip_prefix("100 of 100 pages after ").unwrap();
    let seconds: f64 = seconds.split_once(' ').unwrap().0.parse().unwrap();
    assert!((1.0..3.0).contains(&seconds), "{sum}");
}

#[test]
fn pages_that_are_named_come_and_those_that_fail_are_told() {
    let httpbin = Httpbin::start().unwrap();
    let (here, missing) = (httpbin.url("/bytes/1000"), httpbin.url("/status/404"));
    let printed = lines_of(program("fetch").args([&here, &missing, "nowhere"]));
    assert_eq!(printed.len(), 5);
    assert!(
        printed[1].ends_with(&format!("    1000  200 {here}")),
        "{}",
        printed[1]
    );
    assert!(
        printed[2].starts_with(&format!("failed: GET {missing}: ")),
        "{}",
        printed[2]
    );
    assert!(
        printed[3].starts_with("failed: ") && printed[3].contains("nowhere"),
        "{}",
        printed[3]
    );
    assert!(
        printed[4].starts_with("1 of 3 pages after "),
        "{}",
        printed[4]
    );
}
