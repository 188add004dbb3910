//! What was found, as a table or as rows of JSON.

use std::{
    fmt::Write as _,
    io::{self, Write as _},
};

use serde::Serialize;
use serde_json::Number;

use super::{
    Failed,
    options::{Order, Stored},
    sample::Sample,
};

/// One line of the table.
pub(super) struct Row {
    pub(super) stored: Stored,
    pub(super) order: Order,
    pub(super) connections: usize,
    pub(super) sample: Sample,
    /// KiB of the server's process after the measurement.
    pub(super) memory: u64,
    /// Microseconds on processors for each answer, in each round, of the server's process alone.
    pub(super) processor: Vec<u64>,
}

/// A row for machines.
#[derive(Serialize)]
struct JsonRow {
    store: &'static str,
    connections: usize,
    per_second: u64,
    p50_ms: Number,
    p99_ms: Number,
    p999_ms: Number,
    rss_mib: Number,
    foreign_id: &'static str,
    /// Requests a second in each round.
    rounds: Vec<u64>,
    /// Microseconds on processors for each answer in each round; the server's process alone.
    cpu_us: Vec<u64>,
}

impl Row {
    /// Whether both measured the same.
    pub(super) fn is_of(&self, other: &Self) -> bool {
        (self.stored, self.order, self.connections)
            == (other.stored, other.order, other.connections)
    }

    /// Adds what a later round found.
    pub(super) fn add(&mut self, later: Self) {
        self.memory = self.memory.max(later.memory);
        self.sample.add(later.sample);
        self.processor.extend(later.processor);
    }

    fn json(&self) -> JsonRow {
        let millis = |share| number(&millis(self.sample.micros_of(share)));
        JsonRow {
            store: self.stored.name(),
            connections: self.connections,
            per_second: self.sample.per_second(),
            p50_ms: millis(500),
            p99_ms: millis(990),
            p999_ms: millis(999),
            rss_mib: number(&mebibytes(self.memory)),
            foreign_id: self.order.name(),
            rounds: self.sample.rates().to_vec(),
            cpu_us: self.processor.clone(),
        }
    }
}

/// Tells, beside the answer, how far the bench is.
pub(super) fn progress(round: u16, row: &Row) {
    let line = format!(
        "round {round}: {} {}, {} connections: {}/s, {} µs of CPU each",
        row.stored.name(),
        row.order.name(),
        row.connections,
        row.sample.per_second(),
        row.processor.last().copied().unwrap_or_default(),
    );
    // Progress that cannot be shown is not missed.
    let _ = writeln!(io::stderr(), "{line}");
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
        "| c | store | foreign_id | requests/s | each round | of ceiling | p50 ms | p99 ms | \
         p99.9 ms | memory MiB | CPU µs |\n|---|---|---|---|---|---|---|---|---|---|---|\n",
    );
    for row in rows {
        let ceiling = rows
            .iter()
            .find(|other| other.stored == Stored::Ceiling && other.connections == row.connections);
        let ceiling = ceiling.map(|ceiling| ceiling.sample.per_second());
        let processor: Vec<String> = row.processor.iter().map(ToString::to_string).collect();
        let rounds: Vec<String> = row.sample.rates().iter().map(|rate| grouped(*rate)).collect();
        // Writing to a text does not fail.
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {} | {} | {} | {} | {} | {} | {} |",
            row.connections,
            row.stored.name(),
            row.order.name(),
            grouped(row.sample.per_second()),
            rounds.join(" / "),
            ceiling.map_or_else(String::new, |all| ratio(row.sample.per_second(), all)),
            millis(row.sample.micros_of(500)),
            millis(row.sample.micros_of(990)),
            millis(row.sample.micros_of(999)),
            mebibytes(row.memory),
            processor.join(" / "),
        );
    }
}

fn millis(micros: u32) -> String {
    format!("{}.{:02}", micros / 1_000, micros % 1_000 / 10)
}

fn mebibytes(kibibytes: u64) -> String {
    format!("{}.{}", kibibytes / 1_024, kibibytes % 1_024 * 10 / 1_024)
}

pub(super) fn ratio(part: u64, whole: u64) -> String {
    let percent = (part * 100).checked_div(whole).unwrap_or_default();
    format!("{}.{:02}", percent / 100, percent % 100)
}

pub(super) fn grouped(number: u64) -> String {
    if number < 1_000 {
        return number.to_string();
    }
    format!("{},{:03}", grouped(number / 1_000), number % 1_000)
}

/// A decimal as a number of JSON, with no more zeros at its end than one: how the library keeps a
/// number's text depends on what else is built with it.
pub(super) fn number(decimal: &str) -> Number {
    let short = match decimal.split_once('.') {
        Some((whole, part)) => {
            let part = part.trim_end_matches('0');
            format!("{whole}.{}", if part.is_empty() { "0" } else { part })
        }
        None => decimal.to_owned(),
    };
    serde_json::from_str(&short).unwrap_or_else(|_| 0.into())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn row(stored: Stored, answers: u32) -> Row {
        let sample = Sample::new((1..=answers).map(|n| n * 100).collect(), Duration::from_secs(1));
        let (order, connections, memory) = (Order::Rising, 64, 1_536);
        Row { stored, order, connections, sample, memory, processor: vec![30] }
    }

    #[test]
    fn rows_for_machines_have_the_names_others_rely_on() {
        let text = serde_json::to_string(&row(Stored::Sqlite, 200).json()).unwrap();
        let wanted = concat!(
            r#"{"store":"sqlite","connections":64,"per_second":200,"p50_ms":10.0,"#,
            r#""p99_ms":19.8,"p999_ms":20.0,"rss_mib":1.5,"foreign_id":"rising","#,
            r#""rounds":[200],"cpu_us":[30]}"#
        );
        assert_eq!(text, wanted);
    }

    #[test]
    fn the_table_compares_with_the_ceiling_of_as_many_connections() {
        let mut text = String::new();
        table(&[row(Stored::Sqlite, 1_350), row(Stored::Ceiling, 3_000)], &mut text);
        let line =
            "| 64 | sqlite | rising | 1,350 | 1,350 | 0.45 | 67.50 | 133.70 | 134.90 | 1.5 | 30 |";
        assert_eq!(text.lines().nth(2), Some(line));
    }
}
