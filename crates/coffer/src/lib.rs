//! The program: settings, subcommands and wiring.
