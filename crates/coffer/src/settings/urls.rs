//! What URLs merchants may send customers to.

use std::path::PathBuf;

use coffer_outside::url_screen::BlocklistFile;

use super::section::Section;

/// Merchants' URLs.
#[derive(Clone, Debug)]
pub struct UrlSettings {
    /// Whether a URL on a host that nobody has screened is taken.
    pub unknown_allowed: bool,
    /// Whether sandbox keys may name http URLs on loopback.
    pub allow_loopback: bool,
    /// A file of domains that are refused.
    pub blocklist: Option<PathBuf>,
}

pub(super) fn read(mut section: Section<'_>) -> Option<UrlSettings> {
    let unknown_allowed = section.word("unknown", &[("allow", true), ("refuse", false)]);
    let allow_loopback = section.flag("allow_loopback");
    let blocklist = section.file("blocklist");
    if let Some(Err(refused)) = blocklist.as_deref().map(BlocklistFile::open) {
        section.refuse("blocklist", &refused.to_string());
    }
    if unknown_allowed == Some(false) && !section.has("blocklist") {
        section.refuse("unknown", "nothing screens, so every URL would be refused; set blocklist");
    }
    section.finish();
    Some(UrlSettings { unknown_allowed: unknown_allowed?, allow_loopback, blocklist })
}
