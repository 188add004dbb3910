//! What an installation decides, parsed and checked by the program.

use coffer_domain::time::Span;

/// The settings the engine needs.
#[derive(Clone, Debug)]
pub struct EngineSettings {
    /// Where customers reach the checkout, without a slash at the end.
    pub public_url: String,
    /// Whether live keys may use test networks and fixed rates.
    pub allow_test_networks: bool,
    /// Whether sandbox keys may name http URLs on loopback (`urls.allow_loopback`).
    pub allow_loopback_urls: bool,
    /// Whether a URL whose host has not been screened yet is taken.
    pub unknown_urls_allowed: bool,
    /// Whether live quotes come from the fixed prices of the catalogue.
    pub fixed_rates: bool,
    /// How often the sandbox mines while something waits for a block.
    pub sandbox_block_every: Span,
    /// Whether other servers may work on the same database.
    pub shared_database: bool,
    /// When the operator is told.
    pub alarms: AlarmRules,
}

/// When the operator is told.
#[derive(Clone, Copy, Debug)]
pub struct AlarmRules {
    /// A network that is behind for so long is an alarm.
    pub behind_after: Span,
    /// An open alarm is told again after so long.
    pub remind_every: Span,
}

impl Default for AlarmRules {
    fn default() -> Self {
        Self { behind_after: Span::from_minutes(10), remind_every: Span::from_hours(24) }
    }
}

impl Default for EngineSettings {
    fn default() -> Self {
        Self {
            public_url: "http://127.0.0.1:8080".to_owned(),
            allow_test_networks: false,
            allow_loopback_urls: false,
            unknown_urls_allowed: true,
            fixed_rates: false,
            sandbox_block_every: Span::from_seconds(1),
            shared_database: false,
            alarms: AlarmRules::default(),
        }
    }
}
