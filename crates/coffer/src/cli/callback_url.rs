//! Callback URLs of merchants that callbacks refuse, or that a trial has left behind.

use coffer_domain::{merchant::Environment, merchant::Merchant, merchant_url::parse_callback_url};
use coffer_engine::{
    doctor::{Finding, Grade},
    engine::Engine,
    error::EngineError,
};

use crate::settings::Settings;

/// What is wrong with a merchant's callback URL.
pub(super) struct Doubt {
    /// Callbacks are refused; else they go there while the settings admit it.
    pub(super) refused: bool,
    what: String,
    advice: String,
}

impl Doubt {
    /// About this merchant's URL; none where callbacks go there under any settings. No name is
    /// looked up.
    pub(super) fn of(merchant: &Merchant, settings: &Settings) -> Option<Self> {
        let url = merchant.callback_url.as_deref()?;
        let private = settings.allow_private_callbacks;
        let reason = parse_callback_url(url, false).err()?;
        let still = parse_callback_url(url, private).is_ok();
        let what = match still {
            false => format!("callbacks are refused: the callback URL {url} {reason}"),
            true => format!(
                "callbacks go to {url} only while callbacks.allow_private_networks is set: \
                 without it, the callback URL {reason}"
            ),
        };
        let set = format!("coffer merchant set {} --callback-url URL", merchant.id.text());
        Some(Self { refused: !still, what, advice: set })
    }

    /// In one sentence.
    pub(super) fn sentence(&self, merchant: &Merchant) -> String {
        format!("{}: {} ({})", merchant.name, self.what, self.advice)
    }
}

/// What the doctor says of the callback URLs. One that the settings admit is in the way of nobody
/// who has no live key.
pub(super) async fn findings(
    engine: &Engine,
    settings: &Settings,
) -> Result<Vec<Finding>, EngineError> {
    let mut findings = Vec::new();
    for merchant in engine.merchants().await? {
        let Some(doubt) = Doubt::of(&merchant, settings) else { continue };
        let keys = engine.keys_of(merchant.id).await?;
        let mut active = keys.iter().filter(|key| key.disabled_at.is_none());
        let grade = match doubt.refused {
            true if active.next().is_some() => Grade::Wrong,
            false if !active.any(|key| key.scope.environment == Environment::Live) => continue,
            _ => Grade::Notable,
        };
        findings.push(Finding {
            grade,
            about: format!("merchant {}", merchant.name),
            what: doubt.what,
            advice: doubt.advice,
        });
    }
    Ok(findings)
}
