//! gather: what it costs to poll many futures within one, twice each, and to collect their values.

use rustix::time::ClockId;

use super::{Program, Row, Scale, Unit, run, time_per_operation};
use crate::library::Library;

const FUTURES: u64 = 10_000;

/// One gather is over before a clock has much to say.
const GATHERS: u64 = 100;

/// tokio's way is to spawn. In the column of smol, which has nothing of the kind, is the `join_all` of
/// futures-util: the nearest relative, and so there is a goal against it as well.
pub(super) const ROW: Row = Row {
    goal_smol: Some(1.2),
    ..Row::shown(
        "gather of 10,000, one yield each",
        Unit::Time,
        run::<Gathers>,
    )
    .with_goals(20.0, 20.0)
};

struct Gathers;

impl Program for Gathers {
    async fn run<L: Library>(scale: Scale) -> f64 {
        let gathers = scale.of(GATHERS);
        time_per_operation(ClockId::Monotonic, gathers * FUTURES, || async move {
            for _ in 0..gathers {
                let sum = L::gather(FUTURES).await;
                assert_eq!(sum, FUTURES * (FUTURES - 1) / 2, "a future was lost");
            }
        })
        .await
    }
}
