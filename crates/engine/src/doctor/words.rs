//! An endpoint whose `safe` or `finalized` block is far below another's. No endpoint alone makes a
//! block final, so that the lowest word holds, and every payment waits for it.

use coffer_domain::{
    ports::{EndpointReport, Tip},
    time::{Span, Timestamp},
};

/// Such a word may be so far below another's, in usual blocks, without anybody being told: networks
/// call many blocks final at once.
const MAY_DIFFER: Span = Span::from_minutes(10);
/// What an endpoint says whose newest block is so much older than another's does not count.
const LAG: Span = Span::from_seconds(60);

/// How far what one endpoint calls final, or safe, is below what another one does; none where that
/// holds no payment up for long.
pub(crate) fn holds_up(
    report: &EndpointReport,
    all: &[EndpointReport],
    block_seconds: u32,
    now: Timestamp,
) -> Option<String> {
    let live = all.iter().filter_map(|one| one.tip.as_ref().ok()).filter(|tip| tip.live);
    // Who dates its own ahead of us puts nobody else out of step.
    let newest = live.clone().map(|tip| tip.time.min(now)).max()?;
    let counts = |tip: &&Tip| tip.live && newest.since(tip.time) <= LAG;
    let tip = report.tip.as_ref().ok().filter(counts)?;
    let bound = MAY_DIFFER.seconds() / i64::from(block_seconds.max(1));
    let bound = u64::try_from(bound).unwrap_or_default();
    let below = |word: &str, of: fn(&Tip) -> Option<u64>| {
        let highest = live.clone().filter(counts).filter_map(of).max()?;
        let its = of(tip)?;
        let blocks = highest.saturating_sub(its);
        let what = || {
            format!(
                "its {word} block, {its}, is {blocks} below another endpoint's, and payments wait \
                 for it"
            )
        };
        (blocks > bound).then(what)
    };
    below("finalized", |tip| tip.final_height).or_else(|| below("safe", |tip| tip.safe_height))
}
