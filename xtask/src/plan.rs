//! Steps, one after the other, with the time each took and what came of them.

use std::{
    collections::BTreeSet,
    io::{BufRead, BufReader, Write},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use crate::{
    Failed, command, nodes,
    postgres::{Durability, Server},
};

/// Where tests find their PostgreSQL.
pub const TEST_POSTGRES: &str = "COFFER_TEST_POSTGRES";

/// One thing to do.
#[derive(Debug)]
pub struct Step {
    /// A word or two, shown in the summary.
    pub name: &'static str,
    /// What to do.
    pub work: Work,
    /// Steps without which this one makes no sense.
    pub after: &'static [&'static str],
}

/// What a step does.
#[derive(Debug)]
pub enum Work {
    /// Something of xtask's own.
    Own(fn() -> Result<(), Failed>),
    /// A program that succeeds or not.
    Run(Run),
    /// A test run of cargo, whose tests are counted one by one.
    Tests(Run),
    /// A table made of the names of the tests that passed in the steps before; shown at the end.
    Table(fn(&BTreeSet<String>) -> Result<String, Failed>),
}

/// A program to be started in the root of the checkout.
#[derive(Debug)]
pub struct Run {
    /// Its name; `cargo` is the cargo that started us.
    pub program: &'static str,
    /// Its arguments.
    pub arguments: &'static [&'static str],
    /// Variables set for it.
    pub variables: &'static [(&'static str, &'static str)],
    /// Variables that hold the URL of a fresh PostgreSQL; none is started when this is empty.
    pub postgres: &'static [&'static str],
}

impl Run {
    /// A plain run of cargo.
    pub const fn cargo(arguments: &'static [&'static str]) -> Self {
        Self { program: "cargo", arguments, variables: &[], postgres: &[] }
    }
}

/// What came of a step: checks that passed and that failed, and what to say of the failed ones.
#[derive(Debug, Default, PartialEq, Eq)]
struct Tally {
    passed: usize,
    failed: usize,
    notes: Vec<String>,
    /// The names of the tests that passed.
    names: BTreeSet<String>,
    /// What is to be shown at the end.
    table: String,
}

impl Tally {
    fn of(result: Result<(), Failed>) -> Self {
        match result {
            Ok(()) => Self { passed: 1, ..Self::default() },
            Err(failed) => Self { failed: 1, notes: vec![failed.to_string()], ..Self::default() },
        }
    }

    /// Takes in one line of a test run.
    fn read(&mut self, line: &str) {
        if let Some(name) = line.strip_prefix("test ").and_then(|l| l.strip_suffix(" ... FAILED")) {
            self.notes.push(name.to_owned());
        }
        if let Some(name) = line.strip_prefix("test ").and_then(|l| l.strip_suffix(" ... ok")) {
            self.names.insert(name.to_owned());
        }
        let Some(sums) = line.strip_prefix("test result: ") else { return };
        let sum = |word: &str| {
            let part =
                sums.split([';', '.']).map(str::trim).find_map(|part| part.strip_suffix(word));
            part.and_then(|number| number.trim().parse::<usize>().ok()).unwrap_or(0)
        };
        self.passed += sum("passed");
        self.failed += sum("failed");
        let ignored = sum("ignored");
        if ignored > 0 {
            self.failed += ignored;
            self.notes.push(format!("{ignored} tests were ignored; every test runs"));
        }
    }
}

/// Does every step, says what came of each, and ends with `N passed, M failed`: a test is one, and
/// so is any other step.
///
/// # Errors
/// When a step failed.
pub fn carry_out(steps: &[Step]) -> Result<(), Failed> {
    // The closing line is the last one, so the failure says no more.
    if summarise(&do_all(steps)) == 0 { Ok(()) } else { Err(Failed(String::new())) }
}

fn do_all(steps: &[Step]) -> Vec<(&Step, Tally, Duration)> {
    let mut done: Vec<(&Step, Tally, Duration)> = Vec::new();
    for step in steps {
        println!("\n=== {}", step.name);
        let started = now();
        let missing = step.after.iter().find(|name| failed(&done, name));
        let tally = match missing {
            Some(name) => Tally::of(Err(Failed(format!("not run, because {name} failed")))),
            None => do_step(step, &passed(&done)),
        };
        done.push((step, tally, now() - started));
    }
    done
}

fn failed(done: &[(&Step, Tally, Duration)], name: &str) -> bool {
    done.iter().any(|(step, tally, _)| step.name == name && tally.failed > 0)
}

/// The names of all tests that passed so far.
fn passed(done: &[(&Step, Tally, Duration)]) -> BTreeSet<String> {
    done.iter().flat_map(|(_, tally, _)| tally.names.iter().cloned()).collect()
}

fn do_step(step: &Step, passed: &BTreeSet<String>) -> Tally {
    match &step.work {
        Work::Own(work) => Tally::of(work()),
        Work::Run(run) => Tally::of(with_postgres(run, command::run)),
        Work::Tests(run) => {
            with_postgres(run, count).unwrap_or_else(|failed| Tally::of(Err(failed)))
        }
        Work::Table(table) => match table(passed) {
            Ok(table) => Tally { table, ..Tally::of(Ok(())) },
            Err(failed) => Tally::of(Err(failed)),
        },
    }
}

/// Starts the run with the PostgreSQL it asks for, which ends with it.
fn with_postgres<T>(
    run: &Run,
    start: impl FnOnce(Command) -> Result<T, Failed>,
) -> Result<T, Failed> {
    let cargo = command::cargo();
    let program = if run.program == "cargo" { &cargo } else { run.program };
    let mut started = command::command(program, run.arguments);
    started.envs(nodes::environment()).envs(run.variables.iter().copied());
    if run.postgres.is_empty() {
        return start(started);
    }
    let server = Server::start(Durability::ThrowAway)?;
    for variable in run.postgres {
        started.env(variable, server.url());
    }
    start(started)
}

/// Runs tests, shows what they print, and counts them.
fn count(mut tests: Command) -> Result<Tally, Failed> {
    let failed = |e: std::io::Error| Failed(format!("the tests cannot be run: {e}"));
    let mut child = tests.stdout(Stdio::piped()).spawn().map_err(failed)?;
    let mut tally = Tally::default();
    if let Some(stdout) = child.stdout.take() {
        for line in BufReader::new(stdout).split(b'\n') {
            let line = line.map_err(failed)?;
            let line = String::from_utf8_lossy(&line);
            println!("{line}");
            tally.read(line.trim_end());
        }
    }
    let status = child.wait().map_err(failed)?;
    if !status.success() && tally.failed == 0 {
        tally.failed = 1;
        tally.notes.push(format!("the test run ended with {status}"));
    }
    if tally.passed + tally.failed == 0 {
        tally.failed = 1;
        tally.notes.push("there was no test to run".to_owned());
    }
    Ok(tally)
}

/// Prints what came of each step and the closing line; how many checks failed.
fn summarise(done: &[(&Step, Tally, Duration)]) -> usize {
    println!("\n=== summary");
    let (mut passed, mut failed) = (0, 0);
    for (step, tally, took) in done {
        let verdict = if tally.failed == 0 { "ok" } else { "FAILED" };
        let counts = match step.work {
            Work::Tests(_) => format!("{} passed, {} failed", tally.passed, tally.failed),
            Work::Own(_) | Work::Run(_) | Work::Table(_) => String::new(),
        };
        let seconds = format!("{}.{} s", took.as_secs(), took.subsec_millis() / 100);
        println!("{:<20} {verdict:<7} {seconds:>9}  {counts}", step.name);
        for note in &tally.notes {
            println!("{:<20} - {note}", "");
        }
        passed += tally.passed;
        failed += tally.failed;
    }
    for (step, tally, _) in done.iter().filter(|(_, tally, _)| !tally.table.is_empty()) {
        println!("\n=== {}\n{}", step.name, tally.table.trim_end());
    }
    println!("\n{passed} passed, {failed} failed");
    let _ = std::io::stdout().flush();
    failed
}

#[expect(clippy::disallowed_methods, reason = "a stopwatch for people, not a decision")]
fn now() -> Instant {
    Instant::now()
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn own(name: &'static str, work: fn() -> Result<(), Failed>) -> Step {
        Step { name, work: Work::Own(work), after: &[] }
    }

    fn fails() -> Result<(), Failed> {
        Err(Failed("as meant".to_owned()))
    }

    #[test]
    fn one_failed_step_fails_the_whole() {
        assert!(carry_out(&[own("a", || Ok(())), own("b", || Ok(()))]).is_ok());
        assert!(carry_out(&[own("a", fails), own("b", || Ok(()))]).is_err());
    }

    #[test]
    fn a_step_without_its_ground_is_not_run_and_counts_as_failed() {
        let late = Step { name: "b", work: Work::Own(|| Ok(())), after: &["a"] };
        let steps = [own("a", fails), late];
        assert_eq!(summarise(&do_all(&steps)), 2);
    }

    #[test]
    fn tests_are_counted_over_all_their_programs() {
        let mut tally = Tally::default();
        tally.read("test money::a_sum_is_exact ... ok");
        tally.read("test result: ok. 12 passed; 0 failed; 0 ignored; 0 measured; 3 filtered out");
        tally.read("test store::a_row_is_kept ... FAILED");
        tally
            .read("test result: FAILED. 7 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out");
        assert_eq!((tally.passed, tally.failed), (19, 1));
        assert_eq!(tally.notes, ["store::a_row_is_kept"]);
        assert_eq!(tally.names, BTreeSet::from(["money::a_sum_is_exact".to_owned()]));
    }

    #[test]
    fn a_table_is_made_of_the_tests_that_passed() {
        let table = |passed: &BTreeSet<String>| Ok(format!("{} passed", passed.len()));
        let table = Step { name: "table", work: Work::Table(table), after: &[] };
        let tally = do_step(&table, &BTreeSet::from(["a".to_owned(), "b".to_owned()]));
        assert_eq!((tally.passed, tally.table.as_str()), (1, "2 passed"));
    }

    #[test]
    fn an_ignored_test_fails_the_run() {
        let mut tally = Tally::default();
        tally.read("test result: ok. 1 passed; 0 failed; 2 ignored; 0 measured; 0 filtered out");
        assert_eq!((tally.passed, tally.failed), (1, 2));
    }

    #[test]
    fn a_run_that_ends_before_its_tests_fails() {
        let broken = Run { program: "false", arguments: &[], variables: &[], postgres: &[] };
        let step = Step { name: "tests", work: Work::Tests(broken), after: &[] };
        assert_eq!(do_step(&step, &BTreeSet::new()).failed, 1);
    }
}
