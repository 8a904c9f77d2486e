//! How cost grows: the price of an operation among few and among a million. What is flat here can be used without a
//! thought for how many there are.

mod plot;
mod table;
mod timers;
mod work;

use crate::curves::timers::{Arming, Cancelling, Expiring};
use crate::curves::work::{Groups, Queues, Spawns};
use crate::library::{Library, Ours, SmolLocal, Tokio, Workers};
use crate::rows::{Scale, Side};

pub(crate) use self::table::print_table;

/// The argument that makes a process of this program a single measurement of a curve.
pub(crate) const POINT: &str = "--point";

/// Up to a million, which is as many as anyone has in one process.
const SIZES: [u64; 4] = [1_000, 10_000, 100_000, 1_000_000];

/// Timers from where they fit into a line of the cache or two.
const SIZES_OF_TIMERS: [u64; 5] = [64, 1_000, 10_000, 100_000, 1_000_000];

/// A quick run stops here.
const LARGEST_WHEN_QUICK: u64 = 10_000;

/// Every curve that there is; each with one thread, where nothing but the number can make a difference.
pub(crate) const CURVES: &[Curve] = &[
    Curve {
        name: "spawn + join",
        sizes: &SIZES,
        run: run::<Spawns>,
    },
    Curve {
        name: "group, one yield each",
        sizes: &SIZES,
        run: run::<Groups>,
    },
    Curve {
        name: "queue: put and get",
        sizes: &SIZES,
        run: run::<Queues>,
    },
    Curve {
        name: "timers: arm",
        sizes: &SIZES_OF_TIMERS,
        run: run::<Arming>,
    },
    Curve {
        name: "timers: cancel",
        sizes: &SIZES_OF_TIMERS,
        run: run::<Cancelling>,
    },
    Curve {
        name: "timers: expire (CPU)",
        sizes: &SIZES_OF_TIMERS,
        run: run::<Expiring>,
    },
];

/// An operation, and among how many it is done.
pub(crate) struct Curve {
    /// Says what is done; filters look for their text in it.
    pub(crate) name: &'static str,
    sizes: &'static [u64],
    /// Does the work at one size and gives nanoseconds per operation.
    pub(crate) run: fn(Side, u64, Scale) -> f64,
}

impl Curve {
    fn sizes(&self, scale: Scale) -> Vec<u64> {
        let most = match scale {
            Scale::Full => u64::MAX,
            Scale::Quick => LARGEST_WHEN_QUICK,
        };
        let sizes = self.sizes.iter().copied();
        sizes.filter(|size| *size <= most).collect()
    }
}

/// A curve's work, written once for every library.
trait Growing: 'static {
    fn cost<L: Library>(size: u64, scale: Scale) -> impl Future<Output = f64> + Send + 'static;
}

fn run<G: Growing>(side: Side, size: u64, scale: Scale) -> f64 {
    match side {
        Side::Ours => Ours::run(Workers::One, cost::<G, Ours>(size, scale)),
        Side::Tokio => Tokio::run(Workers::One, cost::<G, Tokio>(size, scale)),
        Side::Smol => SmolLocal::run(Workers::One, cost::<G, SmolLocal>(size, scale)),
    }
}

/// In a task, because it is not main that is measured.
async fn cost<G: Growing, L: Library>(size: u64, scale: Scale) -> f64 {
    L::spawn(G::cost::<L>(size, scale)).await
}

/// How much more an operation costs among the most than among the fewest.
fn growth(costs: &[f64]) -> f64 {
    match costs {
        [first, .., last] => last / first,
        _ => 1.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn growth_is_from_the_smallest_to_the_largest() {
        assert_eq!(growth(&[2.0, 9.0, 3.0]), 1.5);
        assert_eq!(growth(&[4.0, 2.0]), 0.5);
        assert_eq!(growth(&[4.0]), 1.0);
    }

    #[test]
    fn a_quick_run_leaves_out_the_large_sizes() {
        for curve in CURVES {
            assert_eq!(curve.sizes(Scale::Full).last(), Some(&1_000_000));
            assert_eq!(curve.sizes(Scale::Quick).last(), Some(&10_000));
            assert!(curve.sizes.is_sorted());
        }
    }
}
