//! The program as people and scripts use it: commands, their answers, their complaints, and the
//! server's beginning and end.

#![expect(clippy::unwrap_used, reason = "tests")]

mod alarms;
mod books;
mod chain;
mod commands;
mod config;
mod demo;
mod deploy;
mod doctor;
mod find;
mod home;
mod new_wallet;
mod server;
