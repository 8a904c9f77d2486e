//! A group: what it costs to start children that belong together, to poll each of them twice, and to
//! wait for all.

use rustix::time::ClockId;

use super::{Program, Row, Scale, Unit, run, time_per_operation};
use crate::library::Library;

const CHILDREN: u64 = 10_000;

/// One group is over before a clock has much to say.
const GROUPS: u64 = 100;

pub(super) const ROW: Row = Row {
    name: "group of 10,000 children, one yield each",
    unit: Unit::Time,
    goal_one_thread: 4.0,
    goal_two_workers: 4.0,
    goal_smol: None,
    run: run::<Groups>,
};

struct Groups;

impl Program for Groups {
    async fn run<L: Library>(scale: Scale) -> f64 {
        let groups = scale.of(GROUPS);
        time_per_operation(ClockId::Monotonic, groups * CHILDREN, || async move {
            for _ in 0..groups {
                let sum = L::group(CHILDREN).await;
                assert_eq!(sum, CHILDREN * (CHILDREN - 1) / 2, "a child was lost");
            }
        })
        .await
    }
}
