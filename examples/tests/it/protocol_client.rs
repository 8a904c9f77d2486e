//! The client of a protocol: each answer comes to the one who asked, over a connection that is slow, breaks, and comes back.

use crate::{lines_of, program};

#[test]
fn each_answer_comes_to_the_one_who_asked() {
    let mut printed = lines_of(&mut program("protocol_client"));
    // What the system says of a connection that was closed is the system's.
    let again = printed.remove(5);
    assert!(again.starts_with("connecting again: "), "{again}");
    assert_eq!(
        printed,
        [
            "PING: PONG",
            "INCR, 1000 at the same time",
            "GET: 1000",
            "LATE: timed out after 20 ms",
            "ECHO: hello",
            "HANGUP: the connection broke before the answer came",
            "INCR: 1001",
            "NONSENSE: the server says: ERR unknown command `NONSENSE`",
        ]
    );
}
