//! The program without an async main: one call, then a loop that is kept for several.

use crate::{lines_of, program};

#[test]
fn the_order_is_added_up_taken_and_paid() {
    let mut printed = lines_of(&mut program("sync_program"));
    // How long the prices took is the clock's.
    let sum = printed.remove(3);
    assert!(sum.starts_with("320 in all, after "), "{sum}");
    assert_eq!(
        printed,
        [
            "3 apple at 50",
            "1 bread at 50",
            "2 cheese at 60",
            "apple: 3 taken",
            "bread: 1 taken",
            "cheese: 2 taken",
            "receipt: 320 paid"
        ]
    );
}
