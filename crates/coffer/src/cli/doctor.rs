//! `coffer doctor`

use coffer_domain::time::Timestamp;
use coffer_engine::{
    doctor::{CoinDiagnosis, Diagnosis, Finding, Grade, KeyDiagnosis, NetworkDiagnosis},
    engine::Engine,
    rates::Named,
};
use coffer_outside::{
    client::{GuardedClient, Limits},
    guard::{AddressGuard, Lookup},
};
use coffer_store::chain_stop::ChainStop;
use serde_json::{Value, json};

use super::{callback_url, moment};
use crate::{
    demo,
    failure::Failure,
    settings::Settings,
    terminal::{Terminal, columns},
};

/// Most bytes of a running server's answer.
const ANSWER_BYTES: usize = 1024 * 1024;

pub(super) async fn run(
    engine: &Engine,
    settings: &Settings,
    terminal: Terminal,
) -> Result<(), Failure> {
    let serving = serving(settings).await?;
    let mut found = engine.diagnose(serving).await?;
    found.findings.extend(callback_url::findings(engine, settings).await?);
    found.findings.sort_by_key(|finding| finding.grade);
    let now = engine.now();
    terminal.answer(|| object(&found, serving, now), || page(&found, now))?;
    let wrong = found.findings.iter().filter(|finding| finding.grade == Grade::Wrong).count();
    match wrong {
        0 => Ok(()),
        1 => Err(Failure::new("one thing is wrong")),
        many => Err(Failure::new(format!("{many} things are wrong"))),
    }
}

/// Whether a server answers where the settings say; unknown where they leave the port open.
async fn serving(settings: &Settings) -> Result<Option<bool>, Failure> {
    if settings.server.listen.port() == 0 {
        return Ok(None);
    }
    let client = GuardedClient::new(AddressGuard::new(true), Lookup::System, Limits::DEFAULT)
        .map_err(|refused| Failure::new(refused.to_string()))?;
    let url = format!("http://{}/health", demo::reachable(settings.server.listen));
    Ok(Some(client.get(&url, ANSWER_BYTES).await.is_ok()))
}

fn page(found: &Diagnosis, now: Timestamp) -> String {
    let mut text = String::new();
    for network in &found.networks {
        text += &network_lines(network, found, now);
    }
    if found.networks.is_empty() {
        text += "No network is set up; only the sandbox works.\n\n";
    }
    if !found.coins.is_empty() {
        text += &format!("Coins\n{}\n", indented(&columns(&coin_rows(&found.coins))));
    }
    if !found.keys.is_empty() {
        text += &format!("Keys\n{}\n", indented(&columns(&key_rows(&found.keys))));
    }
    text += &format!("Rates\n{}\n", indented(&columns(&source_rows(found, now))));
    for (grade, title) in [(Grade::Wrong, "Wrong"), (Grade::Notable, "Worth knowing")] {
        let of_grade: Vec<&Finding> =
            found.findings.iter().filter(|finding| finding.grade == grade).collect();
        if !of_grade.is_empty() {
            text += &format!("{title}\n");
        }
        for finding in of_grade {
            text += &format!("  {}: {}\n    -> {}\n", finding.about, finding.what, finding.advice);
        }
    }
    if found.is_well() {
        text += "Nothing is wrong.\n";
    }
    text
}

fn network_lines(network: &NetworkDiagnosis, found: &Diagnosis, now: Timestamp) -> String {
    let mut text = format!("Network {}\n", network.name);
    for report in &network.endpoints {
        let said = match &report.tip {
            Ok(tip) => {
                let age = now.since(tip.time).seconds().max(0);
                let step = if tip.live { "in step" } else { "NOT in step" };
                let word = |word: &str, height: Option<u64>| {
                    height.map_or_else(String::new, |height| format!(", {word} {height}"))
                };
                let words = word("safe", tip.safe_height) + &word("finalized", tip.final_height);
                format!("block {}, {age} s old, {step}{words}", tip.at.height)
            }
            Err(error) => error.to_string(),
        };
        text += &format!("  endpoint {} {}: {said}\n", report.number, report.label);
        if report.tip.is_ok() {
            let can = |(name, does): &(&str, bool)| match does {
                true => (*name).to_owned(),
                false => format!("no {name}"),
            };
            let mut can: Vec<String> = report.capabilities.iter().map(can).collect();
            can.extend(report.kept_from.map(|height| format!("keeps blocks from {height} on")));
            can.push(format!("asked with {} calls", report.calls_last_minute));
            text += &format!("    {}\n", can.join(", "));
        }
    }
    text += &match &network.cursor {
        Some(cursor) => format!(
            "  read up to block {}, through {}; {} addresses watched\n",
            cursor.at.height,
            moment::text(cursor.watermark),
            network.addresses
        ),
        None => "  never read\n".to_owned(),
    };
    if let Some(audit) = &network.audit {
        let age = now.since(audit.audited_at).seconds().max(0);
        text += &format!("  balance audit: the oldest of what is due is {age} s old\n");
    }
    if let Some(stop) = stop_of(network, found) {
        text += &format!("  stopped since {}: {}\n", moment::text(stop.since), stop.reason);
    }
    text.push('\n');
    text
}

fn stop_of<'a>(network: &NetworkDiagnosis, found: &'a Diagnosis) -> Option<&'a ChainStop> {
    found.stops.iter().find(|stop| stop.chain == network.name)
}

fn coin_rows(coins: &[CoinDiagnosis]) -> Vec<Vec<String>> {
    let row = |coin: &CoinDiagnosis| {
        let said = match &coin.refused {
            None => "can be taken".to_owned(),
            Some(reason) => format!("cannot be taken: {reason}"),
        };
        vec![coin.asset.to_string(), coin.environment.as_str().to_owned(), said]
    };
    coins.iter().map(row).collect()
}

fn source_rows(found: &Diagnosis, now: Timestamp) -> Vec<Vec<String>> {
    let row = |(name, answer): &(&str, Result<Named, String>)| {
        let said = match answer {
            Ok(Named { prices, newest: None }) => format!("{prices} prices"),
            Ok(Named { prices, newest: Some(at) }) => {
                format!("{prices} prices, the newest {} s old", now.since(*at).seconds().max(0))
            }
            Err(reason) => format!("none: {reason}"),
        };
        vec![(*name).to_owned(), said]
    };
    found.sources.iter().map(row).collect()
}

fn key_rows(keys: &[KeyDiagnosis]) -> Vec<Vec<String>> {
    let row = |key: &KeyDiagnosis| {
        let gap = key.gap;
        vec![
            key.wallet.text(),
            key.family.clone(),
            key.environment.as_str().to_owned(),
            format!(
                "{} addresses given out, {} unpaid since the last paid one",
                gap.issued, gap.unpaid
            ),
            format!("longest gap {}", gap.longest),
        ]
    };
    keys.iter().map(row).collect()
}

fn indented(lines: &str) -> String {
    lines.lines().map(|line| format!("  {line}\n")).collect()
}

fn object(found: &Diagnosis, serving: Option<bool>, now: Timestamp) -> Value {
    let findings = found.findings.iter().map(|finding| {
        let grade = match finding.grade {
            Grade::Wrong => "wrong",
            Grade::Notable => "notable",
        };
        json!({
            "grade": grade,
            "about": finding.about,
            "what": finding.what,
            "advice": finding.advice,
        })
    });
    let sources = found.sources.iter().map(|(name, answer)| {
        let newest = answer.as_ref().ok().and_then(|named| named.newest);
        let age = newest.map(|at| now.since(at).seconds().max(0));
        json!({
            "name": name,
            "prices": answer.as_ref().ok().map(|named| named.prices),
            "age_seconds": age,
            "error": answer.as_ref().err(),
        })
    });
    let coins = found.coins.iter().map(|coin| {
        json!({
            "iso": coin.asset.iso.as_str(),
            "network": coin.asset.network.as_str(),
            "environment": coin.environment.as_str(),
            "taken": coin.refused.is_none(),
            "reason": coin.refused,
        })
    });
    let keys = found.keys.iter().map(|key| {
        json!({
            "wallet": key.wallet.text(),
            "family": key.family,
            "environment": key.environment.as_str(),
            "addresses": key.gap.issued,
            "unpaid": key.gap.unpaid,
            "longest_gap": key.gap.longest,
            "gap_limit_needed": key.gap.limit_needed(),
        })
    });
    let networks = found.networks.iter().map(|one| network_object(one, found, now));
    json!({
        "well": found.is_well(),
        "serving": serving,
        "networks": networks.collect::<Vec<_>>(),
        "coins": coins.collect::<Vec<_>>(),
        "keys": keys.collect::<Vec<_>>(),
        "rate_sources": sources.collect::<Vec<_>>(),
        "findings": findings.collect::<Vec<_>>(),
    })
}

fn network_object(network: &NetworkDiagnosis, found: &Diagnosis, now: Timestamp) -> Value {
    let endpoints = network.endpoints.iter().map(|report| {
        let tip = report.tip.as_ref().ok();
        let can = report.capabilities.iter().map(|(name, does)| ((*name).to_owned(), json!(does)));
        json!({
            "number": report.number,
            "label": report.label,
            "error": report.tip.as_ref().err().map(ToString::to_string),
            "height": tip.map(|tip| tip.at.height),
            "tip_age_seconds": tip.map(|tip| now.since(tip.time).seconds()),
            "in_step": tip.map(|tip| tip.live),
            "safe_height": tip.and_then(|tip| tip.safe_height),
            "final_height": tip.and_then(|tip| tip.final_height),
            "kept_from": report.kept_from,
            "capabilities": can.collect::<serde_json::Map<_, _>>(),
            "calls_last_minute": report.calls_last_minute,
        })
    });
    let read = network.cursor.as_ref().map(|cursor| {
        json!({
            "height": cursor.at.height,
            "block_at": cursor.block_time.seconds(),
            "through": cursor.watermark.seconds(),
            "behind_since": cursor.behind_since.map(|at| at.seconds()),
            "behind_reason": cursor.behind_reason,
        })
    });
    json!({
        "name": network.name.as_str(),
        "error": network.probe.as_ref().err().map(ToString::to_string),
        "endpoints": endpoints.collect::<Vec<_>>(),
        "read": read,
        "addresses_watched": network.addresses,
        "unaudited_seconds": network.audit.map(|it| now.since(it.audited_at).seconds().max(0)),
        "stopped": stop_of(network, found).map(|stop| {
            json!({"since": stop.since.seconds(), "reason": stop.reason})
        }),
    })
}
