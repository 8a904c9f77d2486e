//! E0277: what runs futures together is given something else.

use smolio_task_group::{gather, race, try_gather};

struct One;
struct Two;
struct Three;

fn main() {
    gather(One);
    try_gather(Two);
    race(Three);
}
