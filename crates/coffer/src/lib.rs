//! The program: settings, subcommands and wiring.

pub mod failure;
pub mod serve;
pub mod settings;
pub mod simulate;
pub mod system;
pub mod wiring;
