//! Building and starting the programs of the workspace with what they need beside them.

use std::io::Read;

use serde_json::Value;

use crate::{
    Failed, command, nodes,
    plan::TEST_POSTGRES,
    postgres::{Durability, Server},
};

/// Where the benchmark finds its durable PostgreSQL.
const BENCH_POSTGRES: &str = "COFFER_BENCH_POSTGRES";

/// `cargo test` with a PostgreSQL (the one of the environment, if it names one) and the nodes.
///
/// # Errors
/// When PostgreSQL does not start or a test fails.
pub fn test(arguments: &[&str]) -> Result<(), Failed> {
    let one = arguments.iter().any(|a| a.starts_with("-p") || a.starts_with("--package"));
    let mut all = vec!["test", "--locked"];
    if !one {
        all.push("--workspace");
    }
    all.extend(arguments);
    with_postgres(TEST_POSTGRES, Durability::ThrowAway, &command::cargo(), &all)
}

/// A throw-away PostgreSQL for running tests by hand; ends with its standard input.
///
/// # Errors
/// When PostgreSQL does not start.
pub fn postgres() -> Result<(), Failed> {
    let server = Server::start(Durability::ThrowAway)?;
    println!("export {TEST_POSTGRES}={}", server.url());
    let mut rest = Vec::new();
    let _ = std::io::stdin().read_to_end(&mut rest);
    Ok(())
}

/// The benchmark, built for release, with a PostgreSQL as durable as in production.
///
/// # Errors
/// When it does not build or does not succeed.
pub fn bench(arguments: &[&str]) -> Result<(), Failed> {
    let program = release("coffer-bench")?;
    with_postgres(BENCH_POSTGRES, Durability::Durable, &program, arguments)
}

/// The simulation, built for release, with a throw-away PostgreSQL.
///
/// # Errors
/// When it does not build or does not succeed.
pub fn simulate(arguments: &[&str]) -> Result<(), Failed> {
    let program = release("coffer-simulate")?;
    with_postgres(TEST_POSTGRES, Durability::ThrowAway, &program, arguments)
}

/// The soak, built for release.
///
/// # Errors
/// When it does not build, or what Coffer holds is not what is on the chains.
pub fn soak(arguments: &[&str]) -> Result<(), Failed> {
    let mut started = command::command(&release("coffer-soak")?, arguments);
    started.envs(nodes::environment());
    command::run(started)
}

fn with_postgres(
    variable: &str,
    durability: Durability,
    program: &str,
    arguments: &[&str],
) -> Result<(), Failed> {
    let mut started = command::command(program, arguments);
    started.envs(nodes::environment());
    if command::variable(variable).is_some() {
        return command::run(started);
    }
    let server = Server::start(durability)?;
    started.env(variable, server.url());
    command::run(started)
}

/// Builds a program of the workspace for release; where it is then.
fn release(name: &str) -> Result<String, Failed> {
    let cargo = command::cargo();
    let build = ["build", "--release", "--locked", "--package", "coffer", "--bin", name];
    command::run(command::command(&cargo, &build))?;
    let text = command::output(&cargo, &["metadata", "--no-deps", "--format-version", "1"])?;
    let metadata: Value = serde_json::from_str(&text).map_err(|e| Failed(e.to_string()))?;
    let target = metadata["target_directory"].as_str();
    let target = target.ok_or_else(|| Failed("cargo names no target directory".to_owned()))?;
    Ok(format!("{target}/release/{name}"))
}
