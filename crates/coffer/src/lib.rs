//! The program: settings, subcommands and wiring.

pub mod bench;
pub mod cli;
pub mod demo;
pub mod failure;
pub mod network_name;
pub mod nodes;
pub mod serve;
pub mod settings;
pub mod simulate;
pub mod soak;
pub mod system;
pub mod terminal;
pub mod wiring;
