//! Logs to standard error.

use std::{io, panic};

use tracing_subscriber::{
    filter::Targets, layer::SubscriberExt as _, util::SubscriberInitExt as _,
};

use crate::settings::LogSettings;

/// Begins to log; panics from now on are log lines, too. Only the first call counts.
pub fn start(settings: &LogSettings) {
    let targets: Targets = settings.level.parse().unwrap_or_default();
    let registry = tracing_subscriber::registry().with(targets);
    let started = if settings.json {
        let layer = tracing_subscriber::fmt::layer().json().with_writer(io::stderr);
        registry.with(layer).try_init()
    } else {
        let colours = io::IsTerminal::is_terminal(&io::stderr());
        let layer = tracing_subscriber::fmt::layer().with_ansi(colours).with_writer(io::stderr);
        registry.with(layer).try_init()
    };
    if started.is_err() {
        return;
    }
    panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        let said = panic.payload_as_str().unwrap_or("something");
        tracing::error!(place, "a bug: the program panicked: {said}");
    }));
}
