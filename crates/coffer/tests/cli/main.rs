//! The program as people and scripts use it: commands, their answers, their complaints, and the
//! server's beginning and end.

mod commands;
mod config;
mod demo;
mod home;
mod server;
