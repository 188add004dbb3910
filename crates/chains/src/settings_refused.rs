//! What is said of settings that cannot be used, the same for every family.

use coffer_domain::code::NetworkName;

/// Settings that cannot be used; the text names the setting.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("network {network}: {reason}")]
pub struct SettingsRefused {
    /// The network.
    pub network: NetworkName,
    /// What is wrong, without secrets.
    pub reason: String,
}
