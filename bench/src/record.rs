//! The numbers as a file, for programs to read: what the tables print, and under which conditions. And what failed, so that
//! one row that does not work costs nobody the others.

use std::error::Error;
use std::fs::File;
use std::io::Write;
use std::path::PathBuf;
use std::time::SystemTime;

use serde_json::{Map, Value, json};

use crate::arguments::Table;
use crate::library::Workers;
use crate::measure::Outcome;
use crate::report;
use crate::rows::{Row, Scale, Unit};

/// What was measured so far.
pub(crate) struct Record {
    file: Option<(PathBuf, File)>,
    conditions: Value,
    lists: Map<String, Value>,
    failures: usize,
}

/// One of those that a row of its own kind compares.
pub(crate) struct Entry<'e> {
    pub(crate) name: &'e str,
    pub(crate) number: f64,
    /// Its number over that of the first, which is ours.
    pub(crate) ratio: f64,
    pub(crate) goal: Option<f64>,
}

impl Record {
    /// Makes the file at once: that it cannot be made must not come out after an hour.
    pub(crate) fn create(table: &Table) -> Result<Self, Box<dyn Error>> {
        let create = |path: &PathBuf| match File::create(path) {
            Ok(file) => Ok((path.clone(), file)),
            Err(error) => Err(format!("could not create {}: {error}", path.display())),
        };
        Ok(Self {
            file: table.json.as_ref().map(create).transpose()?,
            conditions: conditions(table),
            lists: ["rows", "python_rows", "curves", "failed"]
                .map(|list| (list.to_owned(), json!([])))
                .into_iter()
                .collect(),
            failures: 0,
        })
    }

    /// A row of the table. Its numbers are called the same whatever they count: `unit` tells.
    pub(crate) fn row(&mut self, row: &Row, workers: Workers, outcome: &Outcome) {
        let row = json!({
            "name": row.name,
            "threads": workers.count(),
            "unit": unit(row.unit),
            "ours_ns": outcome.ours,
            "tokio_ns": outcome.tokio,
            "smol_ns": outcome.smol,
            "ratio": outcome.tokio_to_ours.median,
            "ratio_lowest": outcome.tokio_to_ours.lowest,
            "ratio_highest": outcome.tokio_to_ours.highest,
            "goal": row.goal(workers),
            "smol_ratio": outcome.smol_to_ours.median,
            "smol_goal": row.goal_smol,
        });
        self.push("rows", row);
    }

    /// A row whose peers are neither tokio nor smol themselves.
    pub(crate) fn contest(
        &mut self,
        list: &str,
        name: &str,
        threads: usize,
        unit: &str,
        entries: &[Entry<'_>],
    ) {
        let contestants: Vec<Value> = entries
            .iter()
            .map(|entry| {
                json!({
                    "name": entry.name,
                    "number": entry.number,
                    "ratio": entry.ratio,
                    "goal": entry.goal,
                })
            })
            .collect();
        let row = json!({
            "name": name,
            "threads": threads,
            "unit": unit,
            "ours_ns": entries.first().map(|ours| ours.number),
            "tokio_ns": null,
            "smol_ns": null,
            "ratio": null,
            "goal": null,
            "contestants": contestants,
        });
        self.push(list, row);
    }

    /// A curve: the numbers of each library, one for each size.
    pub(crate) fn curve(&mut self, name: &str, sizes: &[u64], libraries: [&[f64]; 3]) {
        let [ours, tokio, smol] = libraries;
        let curve = json!({
            "name": name,
            "threads": 1,
            "unit": unit(Unit::Time),
            "sizes": sizes,
            "ours_ns": ours,
            "tokio_ns": tokio,
            "smol_ns": smol,
        });
        self.push("curves", curve);
    }

    /// Tells what failed, now and in the file.
    pub(crate) fn failed(&mut self, name: &str, workers: Workers, error: &dyn Error) {
        eprintln!("smolio-bench: {name}, {}: {error}", workers.name());
        self.failures += 1;
        let failure = json!({
            "name": name,
            "threads": workers.count(),
            "error": error.to_string(),
        });
        self.push("failed", failure);
    }

    /// Writes the file, if one was asked for. That something failed is an error, now that nothing is lost by it.
    pub(crate) fn finish(self) -> Result<(), Box<dyn Error>> {
        let text = self.text();
        if let Some((path, mut file)) = self.file {
            let written = file.write_all(text.as_bytes());
            written.map_err(|error| format!("could not write {}: {error}", path.display()))?;
        }
        match self.failures {
            0 => Ok(()),
            failures => Err(format!("{failures} could not be measured, see above").into()),
        }
    }

    fn text(&self) -> String {
        let mut all = self.lists.clone();
        all.insert("conditions".to_owned(), self.conditions.clone());
        format!("{:#}\n", Value::Object(all))
    }

    fn push(&mut self, list: &str, value: Value) {
        let list = self.lists.get_mut(list).and_then(Value::as_array_mut);
        list.expect("the list is one of those that a record has")
            .push(value);
    }
}

/// What a program calls it.
pub(crate) fn unit(unit: Unit) -> &'static str {
    match unit {
        Unit::Time => "ns",
        Unit::Bytes => "bytes",
    }
}

fn conditions(table: &Table) -> Value {
    let versions: Map<String, Value> = report::versions()
        .map(|(package, version)| (package.to_owned(), version.into()))
        .into_iter()
        .collect();
    json!({
        "versions": versions,
        "cores": report::cores(),
        "rounds": table.rounds,
        "quick": table.scale == Scale::Quick,
        "date": httpdate::fmt_http_date(SystemTime::now()),
    })
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;
    use crate::arguments::{self, Request};
    use crate::measure::Ratio;
    use crate::rows::ROWS;

    fn record(arguments: &[&str]) -> Record {
        let arguments = arguments.iter().map(|&argument| argument.to_owned());
        let Ok(Request::Table(table)) = arguments::parse(arguments) else {
            panic!("these ask for a table");
        };
        Record::create(&table).unwrap()
    }

    fn outcome(ours: f64, tokio: f64, smol: f64) -> Outcome {
        let ratio = |median| Ratio {
            median,
            lowest: median,
            highest: median,
        };
        Outcome {
            ours,
            tokio,
            smol,
            tokio_to_ours: ratio(tokio / ours),
            smol_to_ours: ratio(smol / ours),
        }
    }

    fn read(record: &Record) -> Value {
        serde_json::from_str(&record.text()).unwrap()
    }

    #[test]
    fn a_row_has_its_numbers_and_its_goal() {
        let mut record = record(&["--rounds", "5"]);
        let [with_goal, without] = [true, false].map(|has| {
            let mut rows = ROWS.iter();
            rows.find(|row| row.goal(Workers::Two).is_some() == has)
                .unwrap()
        });
        record.row(with_goal, Workers::Two, &outcome(100.0, 250.0, 300.0));
        record.row(without, Workers::One, &outcome(1.5, 3.0, 3.0));

        let all = read(&record);
        let [first, second] = all["rows"].as_array().unwrap().as_slice() else {
            panic!("there are two rows");
        };
        assert_eq!(first["name"], with_goal.name);
        assert_eq!(first["threads"], 2);
        assert_eq!(first["ours_ns"], 100.0);
        assert_eq!(first["tokio_ns"], 250.0);
        assert_eq!(first["smol_ns"], 300.0);
        assert_eq!(first["ratio"], 2.5);
        assert_eq!(first["goal"].as_f64(), with_goal.goal(Workers::Two));
        assert_eq!(second["threads"], 1);
        assert_eq!(second["goal"], Value::Null);
        assert_eq!(all["conditions"]["rounds"], 5);
        assert!(all["conditions"]["versions"]["tokio"].is_string());
    }

    #[test]
    fn the_unit_is_said() {
        let mut record = record(&[]);
        for counted in [Unit::Time, Unit::Bytes] {
            let row = ROWS.iter().find(|row| row.unit == counted).unwrap();
            record.row(row, Workers::One, &outcome(1.0, 1.0, 1.0));
        }
        let all = read(&record);
        assert_eq!(all["rows"][0]["unit"], "ns");
        assert_eq!(all["rows"][1]["unit"], "bytes");
    }

    #[test]
    fn a_contest_names_all_who_took_part() {
        let mut record = record(&[]);
        let entry = |name, number, goal| Entry {
            name,
            number,
            ratio: number / 2.0,
            goal,
        };
        let entries = [entry("ours", 2.0, None), entry("theirs", 3.0, Some(1.2))];
        record.contest("rows", "a request", 1, "ns", &entries);
        let all = read(&record);
        let row = &all["rows"][0];
        assert_eq!(row["ours_ns"], 2.0);
        assert_eq!(row["contestants"][1]["name"], "theirs");
        assert_eq!(row["contestants"][1]["ratio"], 1.5);
        assert_eq!(row["contestants"][1]["goal"], 1.2);
    }

    #[test]
    fn what_fails_is_told_at_the_end_and_costs_nobody_the_rest() {
        let path = std::env::temp_dir().join(format!("bench-record-{}.json", std::process::id()));
        let mut record = record(&["--json", path.to_str().unwrap()]);
        record.row(&ROWS[0], Workers::One, &outcome(1.0, 2.0, 3.0));
        record.failed("a row", Workers::Two, &io::Error::other("it hung"));
        let error = record.finish().unwrap_err();
        assert_eq!(error.to_string(), "1 could not be measured, see above");

        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        let all: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(all["rows"][0]["name"], ROWS[0].name);
        assert_eq!(all["failed"][0]["error"], "it hung");
    }

    #[test]
    fn a_file_that_cannot_be_made_is_told_before_anything_is_measured() {
        let arguments = ["--json", "no-such-directory/numbers.json"].map(str::to_owned);
        let Ok(Request::Table(table)) = arguments::parse(arguments.into_iter()) else {
            panic!("these ask for a table");
        };
        let error = Record::create(&table)
            .err()
            .expect("there is no such directory");
        let told = error.to_string();
        assert!(told.contains("no-such-directory/numbers.json"), "{told}");
    }

    #[test]
    fn a_curve_has_a_number_for_each_size() {
        let mut record = record(&[]);
        record.curve("spawn", &[10, 100], [&[1.0, 2.0], &[3.0, 4.0], &[5.0, 6.0]]);
        let all = read(&record);
        assert_eq!(all["curves"][0]["sizes"], json!([10, 100]));
        assert_eq!(all["curves"][0]["tokio_ns"], json!([3.0, 4.0]));
    }
}
