//! The adapters against servers on loopback that behave and misbehave. Nothing here needs the
//! internet, and nothing sleeps: what must end at a limit gets a short one.

mod callback_transport;
mod loopback;
mod mailer;
mod operator;
mod rate_source;
