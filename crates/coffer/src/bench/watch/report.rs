//! What was found, as a table or as rows of JSON, held against the lines it must meet.

use std::{
    fmt::Write as _,
    io::{self, Write as _},
    time::Duration,
};

use serde::Serialize;
use serde_json::Number;

use super::{Failed, Loads, measure::Times};
use crate::bench::report::{grouped, number, ratio};

/// Most bytes of an address.
const BYTES_MAX: u64 = 48;
/// Most of the time of the fewest addresses that the most may take, in percent.
const GROWTH_MAX: u64 = 150;
/// Most of the bare parse that a block of Bitcoin's kind may take, in percent.
const OF_PARSE_MAX: u64 = 300;

/// One line of the table.
pub(super) struct Row {
    pub(super) family: &'static str,
    pub(super) addresses: u32,
    pub(super) times: Times,
    /// Bytes of all addresses together.
    pub(super) bytes: usize,
    pub(super) load: Loads,
}

/// A row for machines.
#[derive(Serialize)]
struct JsonRow {
    family: &'static str,
    addresses: u32,
    ms_per_block: Number,
    parse_ms: Number,
    bytes_per_address: Number,
    load_seconds: Number,
    #[serde(skip_serializing_if = "Option::is_none")]
    load_seconds_postgres: Option<Number>,
}

impl Row {
    fn json(&self) -> JsonRow {
        JsonRow {
            family: self.family,
            addresses: self.addresses,
            ms_per_block: number(&thousandth(self.times.block.as_micros())),
            parse_ms: number(&thousandth(self.times.parse.as_micros())),
            bytes_per_address: number(&self.bytes_each()),
            load_seconds: number(&thousandth(self.load.sqlite.as_millis())),
            load_seconds_postgres: self.load.postgres.map(|took| number(&seconds(took))),
        }
    }

    fn bytes_each(&self) -> String {
        let tenths = u64::try_from(self.bytes).unwrap_or(u64::MAX).saturating_mul(10);
        let tenths = tenths / u64::from(self.addresses.max(1));
        format!("{}.{}", tenths / 10, tenths % 10)
    }
}

/// Prints the rows.
pub(super) fn print(rows: &[Row], json: bool) -> Result<(), Failed> {
    let mut text = String::new();
    if json {
        for row in rows {
            let line = serde_json::to_string(&row.json());
            text.push_str(&line.map_err(|error| Failed::because("JSON")(&error))?);
            text.push('\n');
        }
    } else {
        table(rows, &mut text);
    }
    io::stdout().write_all(text.as_bytes()).map_err(|error| Failed::because("printing")(&error))
}

fn table(rows: &[Row], text: &mut String) {
    text.push_str(
        "| family | addresses | ms a block | of the fewest | parse ms | of parse | \
         bytes an address | load s, SQLite | load s, PostgreSQL |\n\
         |---|---|---|---|---|---|---|---|---|\n",
    );
    for row in rows {
        let fewest = fewest(rows, row.family).map_or(0, |row| micros(row.times.block));
        // Writing to a text does not fail.
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {} | {} | {} | {} | {} |",
            row.family,
            grouped(row.addresses.into()),
            thousandth(row.times.block.as_micros()),
            ratio(micros(row.times.block), fewest),
            thousandth(row.times.parse.as_micros()),
            ratio(micros(row.times.block), micros(row.times.parse)),
            row.bytes_each(),
            seconds(row.load.sqlite),
            row.load.postgres.map_or_else(String::new, seconds),
        );
    }
}

/// The lines that were not met, each as a sentence.
pub(super) fn lines_not_met(rows: &[Row]) -> Vec<String> {
    let mut broken = Vec::new();
    for row in rows {
        let (family, addresses) = (row.family, grouped(row.addresses.into()));
        let block = micros(row.times.block);
        let fewest = fewest(rows, family).map_or(0, |row| micros(row.times.block));
        if block * 100 > fewest * GROWTH_MAX {
            let times = ratio(block, fewest);
            broken.push(format!("{family}: a block takes {times} times as long at {addresses}"));
        }
        let parse = micros(row.times.parse);
        if family == "utxo" && block * 100 > parse * OF_PARSE_MAX {
            let times = ratio(block, parse);
            broken.push(format!("{family}: a block takes {times} times its parse at {addresses}"));
        }
        let most = u64::from(row.addresses) * BYTES_MAX;
        if u64::try_from(row.bytes).unwrap_or(u64::MAX) > most {
            let bytes = row.bytes_each();
            broken.push(format!("{family}: an address takes {bytes} bytes at {addresses}"));
        }
    }
    broken
}

fn fewest<'a>(rows: &'a [Row], family: &str) -> Option<&'a Row> {
    rows.iter().filter(|row| row.family == family).min_by_key(|row| row.addresses)
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

fn seconds(time: Duration) -> String {
    thousandth(time.as_millis())
}

fn thousandth(of: u128) -> String {
    format!("{}.{:03}", of / 1_000, of % 1_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(addresses: u32, block: u64, bytes: usize) -> Row {
        Row {
            family: "utxo",
            addresses,
            times: Times { block: Duration::from_micros(block), parse: Duration::from_micros(100) },
            bytes,
            load: Loads { sqlite: Duration::from_millis(1_500), postgres: None },
        }
    }

    #[test]
    fn rows_for_machines_have_the_names_others_rely_on() {
        let text = serde_json::to_string(&row(1_000, 250, 30_500).json()).unwrap();
        let wanted = concat!(
            r#"{"family":"utxo","addresses":1000,"ms_per_block":0.25,"parse_ms":0.1,"#,
            r#""bytes_per_address":30.5,"load_seconds":1.5}"#
        );
        assert_eq!(text, wanted);
    }

    #[test]
    fn a_line_that_is_not_met_is_named() {
        assert!(lines_not_met(&[row(10, 200, 480), row(20, 300, 960)]).is_empty());
        let broken = lines_not_met(&[row(10, 200, 481), row(20, 301, 960)]);
        assert_eq!(broken.len(), 3, "{broken:?}");
    }
}
