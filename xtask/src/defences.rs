//! The table of `docs/defences.md`: each bad day that Coffer must come through, the tests that show
//! it, and the node that they ran on. It is checked against the tests that passed in this very run.

use std::{collections::BTreeSet, fmt::Write as _, fs};

use crate::{Failed, nodes, root};

/// Where the table stands.
const PAGE: &str = "docs/defences.md";
/// What the rows of the table are found by: its own header.
const HEADER: &str = "| bad day | test | node |";

/// One bad day.
#[derive(Debug, PartialEq, Eq)]
struct Row {
    day: String,
    tests: Vec<String>,
    nodes: Vec<String>,
}

/// The table as it came out in this run, given the names of the tests that passed.
///
/// # Errors
/// When the page cannot be read, or a line is without a test that passed; the text is the table and
/// what is missing.
pub fn report(passed: &BTreeSet<String>) -> Result<String, Failed> {
    let page = root().join(PAGE);
    let text = fs::read_to_string(page).map_err(|e| Failed(format!("{PAGE}: {e}")))?;
    judge(&rows(&text), passed, &nodes::node_versions())
}

fn judge(
    rows: &[Row],
    passed: &BTreeSet<String>,
    versions: &[(&'static str, String)],
) -> Result<String, Failed> {
    if rows.is_empty() {
        return Err(Failed(format!("{PAGE} has no table \"{HEADER}\"")));
    }
    let mut table = String::new();
    let mut wrong = Vec::new();
    for row in rows {
        let missing: Vec<&str> = row
            .tests
            .iter()
            .map(String::as_str)
            .filter(|test| !passed.iter().any(|name| is(name, test)))
            .collect();
        if row.tests.is_empty() {
            wrong.push(format!("\"{}\" names no test", row.day));
        }
        for test in &missing {
            wrong.push(format!("\"{}\": {test} did not pass", row.day));
        }
        let verdict = if row.tests.is_empty() || !missing.is_empty() { "FAILED" } else { "ok" };
        // Writing to a text does not fail.
        let _ = writeln!(table, "{verdict:<7} {}", row.day);
        for test in &row.tests {
            let _ = writeln!(table, "        - {test}");
        }
        for node in &row.nodes {
            let version = versions.iter().find(|(name, _)| node.starts_with(name));
            let version = version.map(|(_, version)| format!(" ({version})")).unwrap_or_default();
            let _ = writeln!(table, "        on {node}{version}");
        }
    }
    if wrong.is_empty() { Ok(table) } else { Err(Failed(format!("{table}{}", wrong.join("\n")))) }
}

/// Whether a test of the report is the one that the page names, which may leave out its modules.
fn is(name: &str, test: &str) -> bool {
    name.strip_suffix(test).is_some_and(|before| before.is_empty() || before.ends_with("::"))
}

fn rows(page: &str) -> Vec<Row> {
    let table = page.lines().skip_while(|line| *line != HEADER).skip(2);
    let lines = table.take_while(|line| line.starts_with('|'));
    let rows = lines.filter_map(|line| {
        let mut cells = line.trim_matches('|').split('|').map(str::trim);
        let (day, tests, nodes) = (cells.next()?, cells.next()?, cells.next()?);
        let tests = tests.split('`').skip(1).step_by(2).map(str::to_owned).collect();
        let nodes = nodes.split(';').map(|node| node.trim().to_owned()).collect();
        Some(Row { day: day.to_owned(), tests, nodes })
    });
    rows.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "# Bad\n\n| bad day | test | node |\n| --- | --- | --- |\n\
                         | dust | `dust_pays_nothing`, `big::it_is_told` | bitcoind; litecoind |\n\
                         | rain | | sandbox |\n\nend\n";

    fn passed(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(|&name| name.to_owned()).collect()
    }

    fn text(result: Result<String, Failed>) -> String {
        result.unwrap_or_else(|Failed(text)| text)
    }

    #[test]
    fn a_line_is_shown_with_its_tests_and_the_version_of_its_node() {
        let passed = passed(&["utxo::dust_pays_nothing", "a::big::it_is_told"]);
        let versions = [("bitcoind", "v1".to_owned())];
        let shown = judge(&rows(TABLE)[..1], &passed, &versions).unwrap();
        let wanted = "ok      dust\n        - dust_pays_nothing\n        - big::it_is_told\n";
        assert_eq!(shown, format!("{wanted}        on bitcoind (v1)\n        on litecoind\n"));
    }

    #[test]
    fn a_line_whose_test_did_not_pass_fails() {
        // A name that only ends in the same letters is another test.
        let passed = passed(&["utxo::more_dust_pays_nothing", "big::it_is_told"]);
        let judged = judge(&rows(TABLE)[..1], &passed, &[]);
        assert!(judged.is_err());
        assert!(text(judged).contains("\"dust\": dust_pays_nothing did not pass"));
    }

    #[test]
    fn a_line_without_a_test_and_a_page_without_a_table_fail() {
        let passed = passed(&["dust_pays_nothing", "big::it_is_told"]);
        assert!(text(judge(&rows(TABLE), &passed, &[])).contains("\"rain\" names no test"));
        assert!(judge(&rows("# Nothing"), &passed, &[]).is_err());
    }
}
