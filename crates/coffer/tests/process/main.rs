//! The program as a process: killed, starved, traced and searched, on real databases.
#![expect(clippy::unwrap_used, reason = "tests")]
#![expect(clippy::print_stdout, reason = "a test of many rounds says what became of each")]
#![expect(
    clippy::disallowed_methods,
    reason = "tests are told by environment where PostgreSQL is, and speak HTTP on tasks of theirs"
)]

mod bad_days;
mod blocks;
mod canary;
mod durability;
mod kill;
mod several;
mod support;
