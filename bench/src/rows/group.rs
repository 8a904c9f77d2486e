//! Groups: what it costs to start children that belong together, to poll each of them twice, and to
//! wait for all. tokio's structure for that is the `JoinSet`, and that of futures-util, in smol's column, the
//! `FuturesUnordered`.

use rustix::time::ClockId;

use super::{Program, Row, Scale, Side, Unit, run, time_per_operation};
use crate::library::{Library, Workers};

/// In all groups of a row together: a small group is over before a clock has much to say.
const CHILDREN: u64 = 1_000_000;

pub(super) const OF_10: Row = row("group of 10 children, one yield each", run::<GroupsOf<10>>);
pub(super) const OF_1_000: Row = row(
    "group of 1,000 children, one yield each",
    run::<GroupsOf<1_000>>,
);
pub(super) const OF_10_000: Row = row(
    "group of 10,000 children, one yield each",
    run::<GroupsOf<10_000>>,
)
.with_goals(4.0, 4.0);
pub(super) const OF_100_000: Row = row(
    "group of 100,000 children, one yield each",
    run::<GroupsOf<100_000>>,
);

const fn row(name: &'static str, run: fn(Side, Workers, Scale) -> f64) -> Row {
    Row::shown(name, Unit::Time, run)
}

struct GroupsOf<const CHILDREN: u64>;

impl<const CHILDREN_OF_ONE: u64> Program for GroupsOf<CHILDREN_OF_ONE> {
    async fn run<L: Library>(scale: Scale) -> f64 {
        let groups = (scale.of(CHILDREN) / CHILDREN_OF_ONE).max(1);
        time_per_operation(ClockId::Monotonic, groups * CHILDREN_OF_ONE, || {
            one_after_the_other::<L>(groups, CHILDREN_OF_ONE)
        })
        .await
    }
}

/// So many groups of so many children.
pub(crate) async fn one_after_the_other<L: Library>(groups: u64, children: u64) {
    for _ in 0..groups {
        let sum = L::group((0..children).map(yield_once::<L>)).await;
        assert_eq!(sum, children * (children - 1) / 2, "a child was lost");
    }
}

async fn yield_once<L: Library>(number: u64) -> u64 {
    L::yield_now().await;
    number
}
