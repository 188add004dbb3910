//! What follows from what was seen: what is wrong, and what to do about it.

use coffer_domain::{
    merchant::Environment,
    ports::{ChainError, EndpointReport, Tip},
    rate::{ECB, FIXED, RateRules},
    time::{Span, Timestamp},
};
use coffer_store::{
    chain_cursor::Cursor,
    chain_stop::{ChainStop, StopKind},
};

use super::{CoinDiagnosis, KeyDiagnosis, NetworkDiagnosis, gap::limit_for, holds_up};
use crate::rates::Named;

/// Blocks that an endpoint may be behind another, and our reading behind the node, without a word.
const BLOCKS_BEHIND: u64 = 3;
/// Reading that is no older than this is not behind, however many blocks it is.
const SHORTLY: Span = Span::from_seconds(60);
/// An address whose balance is compared no later than this after it was due is not overdue.
const OVERDUE_AFTER: Span = Span::from_hours(1);

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Grade {
    /// Something cannot be taken, or is not seen.
    Wrong,
    /// Everything works, and may not for long.
    Notable,
}

/// Something that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// How bad it is.
    pub grade: Grade,
    /// What it is about: a network, a key, a coin.
    pub about: String,
    /// What is so.
    pub what: String,
    /// What to do.
    pub advice: String,
}

impl Finding {
    fn new(
        grade: Grade,
        about: impl ToString,
        what: impl Into<String>,
        advice: impl Into<String>,
    ) -> Self {
        Self { grade, about: about.to_string(), what: what.into(), advice: advice.into() }
    }
}

/// Everything found, the worst first.
pub(super) fn all(
    networks: &[NetworkDiagnosis],
    keys: &[KeyDiagnosis],
    coins: &[CoinDiagnosis],
    stops: &[ChainStop],
    serving: Option<bool>,
    now: Timestamp,
) -> Vec<Finding> {
    let mut findings: Vec<Finding> = stops.iter().map(|stop| of_stop(stop, now)).collect();
    if serving == Some(false) {
        findings.push(Finding::new(
            Grade::Notable,
            "server",
            "no server answers here",
            "networks are read and callbacks sent while coffer serve runs; start it, or ask where \
             it runs",
        ));
    }
    for network in networks {
        findings.extend(of_endpoints(network, now));
        findings.extend(of_probe(network));
        // Why a stopped network is not read has been said.
        if stops.iter().all(|stop| stop.chain != network.name) {
            findings.extend(of_reading(network, serving, now));
            findings.extend(of_audit(network, now));
        }
        findings.extend(network.used.iter().map(|(wallet, number)| {
            let what = format!(
                "its address {number}, which it gives out next or soon, holds money on {} already",
                network.name
            );
            Finding::new(Grade::Notable, format!("wallet {}", wallet.text()), what, USED)
        }));
    }
    findings.extend(keys.iter().filter_map(of_key));
    findings.extend(networks.iter().filter_map(|network| of_coins(network, coins)));
    findings.sort_by_key(|finding| finding.grade);
    findings
}

/// What a person looks at before he lets a stopped network go on.
fn of_stop(stop: &ChainStop, now: Timestamp) -> Finding {
    let age = length(now.since(stop.since).seconds().max(0));
    let what = format!("it has been stopped for {age}: {}", stop.reason);
    let from = match stop.kind {
        StopKind::Reversed => "",
        StopKind::TooDeep => " (--from HEIGHT names the block to go on from)",
    };
    let advice = format!(
        "nothing on it is credited; first compare the newest blocks of your node with those of an \
         explorer, and look at the payments that were taken back (coffer alarm list, coffer find); \
         then coffer chain clear {}{from}",
        stop.chain
    );
    Finding::new(Grade::Wrong, stop.chain, what, advice)
}

/// The balance audit does not get round to all addresses.
fn of_audit(network: &NetworkDiagnosis, now: Timestamp) -> Option<Finding> {
    let audit = network.audit?;
    let late = now.since(audit.due_at);
    let behind = network.cursor.as_ref().is_none_or(|cursor| cursor.behind_reason.is_some());
    (late > OVERDUE_AFTER && !behind).then(|| {
        let what = format!("its balance audit is {} late", length(late.seconds()));
        let advice = "coin that contracts pay is found late; raise calls_per_minute of its \
                      endpoints, or name an endpoint that gives traces";
        Finding::new(Grade::Notable, network.name, what, advice)
    })
}

fn of_endpoints(network: &NetworkDiagnosis, now: Timestamp) -> Vec<Finding> {
    let well = |report: &&EndpointReport| report.tip.as_ref().is_ok_and(|tip| tip.live);
    let another = network.endpoints.iter().any(|report| well(&report));
    let grade = if another { Grade::Notable } else { Grade::Wrong };
    let heights = network.endpoints.iter().filter_map(|it| Some(it.tip.as_ref().ok()?.at.height));
    let highest = heights.max().unwrap_or(0);
    let finding = |report: &EndpointReport| {
        let about = format!("{}, endpoint {} ({})", network.name, report.number, report.label);
        let (what, advice) = match &report.tip {
            Ok(tip) if !tip.live => (out_of_step(tip, now), OUT_OF_STEP.to_owned()),
            Ok(tip) if highest.saturating_sub(tip.at.height) > BLOCKS_BEHIND => {
                let blocks = highest.saturating_sub(tip.at.height);
                let what = format!("it is {blocks} blocks behind another endpoint");
                (what, "see that it has peers and room on its disk".to_owned())
            }
            Ok(_) => {
                let what = holds_up(report, &network.endpoints, network.block_seconds, now)?;
                return Some(Finding::new(Grade::Notable, about, what, HOLDS_UP));
            }
            Err(error) => {
                let whole = matches!(error, ChainError::OtherChain { .. });
                let grade = if whole { Grade::Wrong } else { grade };
                return Some(Finding::new(grade, about, error.to_string(), advice_on(error)));
            }
        };
        Some(Finding::new(grade, about, what, advice))
    };
    network.endpoints.iter().filter_map(finding).collect()
}

const USED: &str = "others know it, and what they send there pays whoever is shown it: add the key \
of an account that nothing else uses; the newest key is used";

const HOLDS_UP: &str = "what all endpoints in step call final counts; compare both with an \
                        explorer, and take the one out that is wrong";

const OUT_OF_STEP: &str = "wait until the node has caught up, and see that it has peers and that \
                           this machine's clock is right; nothing is lost meanwhile";

fn out_of_step(tip: &Tip, now: Timestamp) -> String {
    let age = now.since(tip.time).seconds().max(0);
    format!(
        "it is not in step with its network: its newest block, {}, is {} old",
        tip.at.height,
        length(age)
    )
}

fn advice_on(error: &ChainError) -> &'static str {
    match error {
        ChainError::OtherChain { .. } => {
            "name a node of this network in its endpoints; nothing is read from this one"
        }
        ChainError::NoAccess { .. } => {
            "put the user and password of the node (its rpcauth) into the address in the settings, \
             http://user:password@host:port, or name the cookie file that it writes while it runs \
             (cookie_file) and that Coffer may read; an HTTP 403 is the node's rpcallowip"
        }
        ChainError::Nonsense { .. } => "see what answers at that address, and in which version",
        ChainError::StatePruned { .. } | ChainError::BlockPruned { .. } => {
            "add an endpoint that keeps it; reading goes on by itself then"
        }
        ChainError::EndpointsDisagree { .. } => {
            "find out which of them is right, and take the other out; nothing is credited meanwhile"
        }
        _ => "start the node, or see that its address, port and password in the settings are right",
    }
}

fn of_probe(network: &NetworkDiagnosis) -> Vec<Finding> {
    match &network.probe {
        Ok(probe) => {
            let refused = probe.refused_assets.iter().map(|(asset, reason)| {
                let advice = "compare the contract with its issuer's page, or change the node";
                Finding::new(Grade::Wrong, asset, reason.as_str(), advice)
            });
            let nameless = network.unsaid_words.as_ref().map(|steps| {
                let what = format!("its node does not say all words of its confirmations, {steps}");
                let advice = "the numbers beside the words hold; another node may say them";
                Finding::new(Grade::Notable, network.name, what, advice)
            });
            refused.chain(nameless).collect()
        }
        // Where endpoints speak for themselves, they have said it.
        Err(_) if network.endpoints.iter().any(|report| report.tip.is_err()) => Vec::new(),
        Err(error) => {
            vec![Finding::new(Grade::Wrong, network.name, error.to_string(), advice_on(error))]
        }
    }
}

fn of_reading(network: &NetworkDiagnosis, serving: Option<bool>, now: Timestamp) -> Vec<Finding> {
    let start = match serving {
        Some(true) => "the log of the server says more",
        _ => "coffer serve reads it on",
    };
    let Some(cursor) = &network.cursor else {
        let what = "it has never been read, so its coins are not offered";
        return vec![Finding::new(Grade::Wrong, network.name, what, start)];
    };
    let mut findings = Vec::new();
    if let Some(gap) = pruned_gap(network, cursor) {
        findings.push(gap);
    }
    let tips = network.endpoints.iter().filter_map(|report| report.tip.as_ref().ok());
    let best = tips.max_by_key(|tip| tip.at.height);
    let late = best.and_then(|tip| lag(cursor, tip, network.block_seconds));
    if let Some(reason) = &cursor.behind_reason {
        let since = cursor.behind_since.map_or(0, |since| now.since(since).seconds().max(0));
        let what = format!("it has been behind for {}: {reason}", length(since));
        findings.push(Finding::new(Grade::Wrong, network.name, what, BEHIND));
    } else if let Some((blocks, span)) = late {
        let what = format!(
            "it was read up to block {}, {blocks} blocks ({}) behind its node",
            cursor.at.height,
            length(span.seconds())
        );
        findings.push(Finding::new(Grade::Wrong, network.name, what, start));
    }
    findings
}

const BEHIND: &str = "its coins are not offered and its windows stand still until it is read to \
                      its tip; mend what the endpoints above say";

/// How far our reading is behind a tip; none where that is nothing to speak of.
fn lag(cursor: &Cursor, tip: &Tip, block_seconds: u32) -> Option<(u64, Span)> {
    let blocks = tip.at.height.saturating_sub(cursor.at.height);
    let span = tip.time.since(cursor.block_time);
    let usual = Span::from_seconds(i64::from(block_seconds).saturating_mul(3));
    (blocks > BLOCKS_BEHIND && span > SHORTLY.max(usual)).then_some((blocks, span))
}

/// The next block to be read is kept by no endpoint that answers.
fn pruned_gap(network: &NetworkDiagnosis, cursor: &Cursor) -> Option<Finding> {
    let next = cursor.at.height.saturating_add(1);
    let answering = network.endpoints.iter().filter(|report| report.tip.is_ok());
    let kept = answering.map(|report| report.kept_from.unwrap_or(0)).min()?;
    (kept > next).then(|| {
        let what = format!(
            "blocks {next} to {} were not read and are kept by no endpoint",
            kept.saturating_sub(1)
        );
        let advice = "add an endpoint that keeps them (a node that is not pruned, or an Esplora \
                      server); they are read from it, and nothing behind them before";
        Finding::new(Grade::Wrong, network.name, what, advice)
    })
}

fn of_key(key: &KeyDiagnosis) -> Option<Finding> {
    let (gap, skipped) = (key.gap.longest, key.first);
    let limit = limit_for(gap.max(skipped))?;
    let what = match skipped > gap {
        true => format!(
            "its addresses begin with number {skipped}; an ordinary wallet that is restored looks \
             at 20 in a row that nobody paid"
        ),
        false => format!(
            "{gap} of its addresses in a row were given out and not paid; an ordinary wallet that \
             is restored looks at 20"
        ),
    };
    let advice = format!(
        "when you restore this wallet, set its gap limit to {limit} or more; coffer wallet export \
         {} lists every address",
        key.wallet.text()
    );
    Some(Finding::new(Grade::Notable, format!("wallet {}", key.wallet.text()), what, advice))
}

/// Coins that cannot be taken though their network can be read.
fn of_coins(network: &NetworkDiagnosis, coins: &[CoinDiagnosis]) -> Option<Finding> {
    let behind = network.cursor.as_ref().is_none_or(|cursor| cursor.behind_reason.is_some());
    let silent = !network.endpoints.is_empty()
        && !network.endpoints.iter().any(|it| it.tip.as_ref().is_ok_and(|tip| tip.live));
    let Ok(probe) = &network.probe else { return None };
    if behind || silent {
        return None;
    }
    let told = |coin: &&CoinDiagnosis| probe.refused_assets.iter().all(|(it, _)| *it != coin.asset);
    let coins = coins.iter().filter(|coin| coin.asset.network == network.name);
    let coins = coins.filter(|coin| coin.refused.is_some()).filter(|coin| told(coin));
    let coins: Vec<&CoinDiagnosis> = coins.collect();
    let reason = coins.first()?.refused.as_deref().unwrap_or_default();
    let names: Vec<String> = coins.iter().map(|coin| coin.asset.iso.to_string()).collect();
    let what = format!("{} cannot be taken: {reason}", names.join(", "));
    let advice = if reason.starts_with("no wallet") {
        format!("coffer wallet add --network {} KEY; coffer wallet new makes one", network.name)
    } else {
        "see what the rate sources above say; a quote needs two that agree".to_owned()
    };
    Some(Finding::new(Grade::Wrong, network.name, what, advice))
}

/// Too few sources name prices, whatever else keeps coins from being taken. Without a coin for live
/// payments nobody misses them yet.
pub(super) fn of_rates(
    sources: &[(&'static str, Result<Named, String>)],
    coins: &[CoinDiagnosis],
) -> Option<Finding> {
    let made_up = sources.iter().any(|(name, _)| *name == FIXED);
    let rules = if made_up { RateRules::FIXED } else { RateRules::MARKET };
    // Between currencies alone: it prices no coin.
    let mut markets = sources.iter().filter(|(name, _)| *name != ECB);
    let all = markets.clone().count();
    let naming = markets
        .by_ref()
        .filter(|(_, answer)| answer.as_ref().is_ok_and(|named| named.prices > 0))
        .count();
    let needed = usize::try_from(rules.quorum).unwrap_or(usize::MAX);
    (naming < needed).then(|| {
        let live = coins.iter().any(|coin| coin.environment == Environment::Live);
        let grade = if live { Grade::Wrong } else { Grade::Notable };
        let what = format!("{naming} of {all} markets name prices; a quote needs {needed}");
        let advice = "see what each says above, and that this machine may reach them by HTTPS; \
                      until then live payments in coins have no price";
        Finding::new(grade, "rates", what, advice)
    })
}

/// A length of time in its largest unit.
fn length(seconds: i64) -> String {
    match seconds {
        ..120 => format!("{seconds} s"),
        120..7_200 => format!("{} min", seconds / 60),
        7_200..172_800 => format!("{} h", seconds / 3_600),
        _ => format!("{} days", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests;
