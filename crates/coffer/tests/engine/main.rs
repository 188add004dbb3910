//! The rules of the engine, each on both databases, with the sandbox chain and time in our hands.

#![expect(clippy::unwrap_used, reason = "tests")]

mod alarm_storms;
mod alarms;
mod books;
mod callbacks;
mod confirmations;
mod create;
mod customer;
mod deep;
mod events;
mod found;
mod house;
mod operator;
mod personal;
mod reorganised;
mod rescan;
mod simulated;
mod simulated_life;
mod stopped;
mod watched;
mod windows;
