//! The curves as text: a block for each, with a line for each library.

use std::error::Error;
use std::fs;
use std::path::Path;

use super::plot::{self, Panel};
use super::{CURVES, Curve, POINT, growth};
use crate::arguments::Table;
use crate::library::Workers;
use crate::measure::Numbers;
use crate::record::Record;
use crate::report;
use crate::rows::{Scale, Side, Unit};

/// More than this is not flat any more. Memory that no longer fits into the caches has its part in it.
const MOST_GROWTH: f64 = 2.0;

/// Measures the curves that are wanted, prints each when it is done, and plots all of them.
pub(crate) fn print_table(
    table: &Table,
    file: Option<&Path>,
    record: &mut Record,
) -> Result<(), Box<dyn Error>> {
    let mut panels = Vec::new();
    for curve in CURVES.iter().filter(|curve| table.has(curve.name)) {
        let sizes = curve.sizes(table.scale);
        match measure(curve, &sizes, table) {
            Ok(costs) => {
                println!("{}", block(curve.name, &sizes, &costs, table.scale));
                record.curve(curve.name, &sizes, costs.each_ref().map(Vec::as_slice));
                panels.push(Panel {
                    title: curve.name,
                    sizes,
                    costs,
                });
            }
            Err(error) => record.failed(curve.name, Workers::One, &error),
        }
    }
    println!("{FOOTER}");
    if let Some(file) = file.filter(|_| !panels.is_empty()) {
        fs::write(file, plot::draw(&panels))
            .map_err(|error| format!("could not write {}: {error}", file.display()))?;
        println!("Plotted in {}.", file.display());
    }
    println!("{}", report::conditions(table.scale, table.rounds));
    Ok(())
}

const FOOTER: &str = "\
Times per operation, medians, with one thread. The libraries take turns, each size in a process of its
own that does the work twice and times the second go. Growth: the last number over the first; up to 2
is flat, since there are caches that a million does not fit into. Timers expire in processor time.
";

/// The costs of each library, one for each size.
fn measure(curve: &Curve, sizes: &[u64], table: &Table) -> std::io::Result<[Vec<f64>; 3]> {
    let mut costs = [const { Vec::new() }; 3];
    for size in sizes.iter().map(u64::to_string) {
        let programs =
            Side::ALL.map(|side| [POINT, curve.name, side.name(), &size, table.scale.name()]);
        let numbers = Numbers::take(&programs, table.scale, table.rounds)?;
        for (side, costs) in costs.iter_mut().enumerate() {
            costs.push(numbers.median(side));
        }
    }
    Ok(costs)
}

fn block(name: &str, sizes: &[u64], costs: &[Vec<f64>; 3], scale: Scale) -> String {
    let sizes: Vec<String> = sizes.iter().map(|size| plot::size(*size)).collect();
    let mut block = columns(name, &sizes, "growth");
    for (side, costs) in Side::ALL.into_iter().zip(costs) {
        let numbers: Vec<String> = costs
            .iter()
            .map(|cost| report::number(Unit::Time, *cost))
            .collect();
        block.push('\n');
        block.push_str(&columns(
            &format!("    {}", side.name()),
            &numbers,
            &verdict(growth(costs), scale),
        ));
    }
    block.push('\n');
    block
}

/// The growth, and whether it is none; a quick run cannot tell.
fn verdict(growth: f64, scale: Scale) -> String {
    match scale {
        Scale::Quick => format!("{growth:.2}"),
        Scale::Full if growth <= MOST_GROWTH => format!("{growth:.2} flat"),
        Scale::Full => format!("{growth:.2} grows"),
    }
}

fn columns(name: &str, numbers: &[String], growth: &str) -> String {
    let width = CURVES
        .iter()
        .map(|curve| curve.name.len())
        .max()
        .unwrap_or(0);
    let numbers: String = numbers
        .iter()
        .map(|number| format!("{number:>11}"))
        .collect();
    format!("{name:<width$}{numbers:<55}   {growth}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn up_to_twice_the_cost_is_flat() {
        assert_eq!(verdict(2.0, Scale::Full), "2.00 flat");
        assert_eq!(verdict(2.1, Scale::Full), "2.10 grows");
        assert_eq!(verdict(2.1, Scale::Quick), "2.10");
    }

    #[test]
    fn each_library_has_a_line_with_its_numbers_and_their_growth() {
        let costs = [vec![10.0, 15.0], vec![20.0, 50.0], vec![30.0, 30.0]];
        let block = block("arm", &[64, 1_000_000], &costs, Scale::Full);
        let lines: Vec<Vec<&str>> = block
            .lines()
            .map(|line| line.split_whitespace().collect())
            .collect();
        assert_eq!(lines[0], ["arm", "64", "1M", "growth"]);
        assert_eq!(
            lines[1],
            ["ours", "10.0", "ns", "15.0", "ns", "1.50", "flat"]
        );
        assert_eq!(
            lines[2],
            ["tokio", "20.0", "ns", "50.0", "ns", "2.50", "grows"]
        );
        assert_eq!(
            lines[3],
            ["smol", "30.0", "ns", "30.0", "ns", "1.00", "flat"]
        );
    }
}
