//! The text form of evidence: lines of fields separated by one space.

use std::fmt::Write as _;

use super::{Evidence, EvidenceRefused, Leg, Step, Verdict, Witness};
use crate::{
    code::Iso,
    rate::{Rate, RateRules, Side},
    time::{Span, Timestamp},
};

pub(super) fn write(evidence: &Evidence) -> String {
    let Evidence { base, quote, side, now, rules, .. } = evidence;
    let mut text = format!("rate 1 {base} {quote} {} {}\n", side.as_str(), now.millis());
    line(&mut text, rules_line(rules));
    for leg in &evidence.legs {
        let guarded = if leg.guarded { "guarded" } else { "free" };
        let Leg { base, quote, result, .. } = leg;
        line(&mut text, format!("leg {base} {quote} {} {guarded} {result}", leg.side.as_str()));
        for witness in &leg.witnesses {
            line(&mut text, witness_line(witness));
        }
    }
    line(&mut text, format!("path {}", path_text(&evidence.path)));
    line(&mut text, format!("result {}", evidence.result));
    text
}

pub(super) fn read(source: &str) -> Result<Evidence, EvidenceRefused> {
    let mut reader = Reader::default();
    for (index, text) in source.lines().enumerate() {
        let line = index.saturating_add(1);
        reader.take(text).ok_or(EvidenceRefused::NotEvidence { line })?;
    }
    let line = source.lines().count();
    reader.finish().ok_or(EvidenceRefused::NotEvidence { line })
}

fn line(text: &mut String, line: String) {
    text.push_str(&line);
    text.push('\n');
}

fn rules_line(rules: &RateRules) -> String {
    let RateRules { max_age, fiat_max_age, deviation_ppm, quorum, depeg_ppm, fixed } = rules;
    let (age, fiat_age) = (max_age.millis(), fiat_max_age.millis());
    let kind = if *fixed { "fixed" } else { "market" };
    format!("rules {age} {fiat_age} {deviation_ppm} {quorum} {depeg_ppm} {kind}")
}

/// The source stands last, so that its name may hold spaces.
fn witness_line(witness: &Witness) -> String {
    let Witness { source, base, quote, bid, ask, .. } = witness;
    let value = witness.value.map_or_else(|| "-".to_owned(), |value| value.to_string());
    let (at, via) = (witness.at.millis(), path_text(&witness.via));
    let verdict = witness.verdict.as_str();
    format!("by {base} {quote} {bid} {ask} {at} {via} {value} {verdict} {source}")
}

fn path_text(path: &[Step]) -> String {
    if path.is_empty() {
        return "-".to_owned();
    }
    let mut text = String::new();
    for (index, step) in path.iter().enumerate() {
        let comma = if index == 0 { "" } else { "," };
        let mark = if step.inverted { "/" } else { "" };
        // Writing to a String cannot fail.
        let _ = write!(text, "{comma}{mark}{}", step.leg);
    }
    text
}

#[derive(Default)]
struct Reader {
    head: Option<(Iso, Iso, Side, Timestamp)>,
    rules: Option<RateRules>,
    legs: Vec<Leg>,
    path: Option<Vec<Step>>,
    result: Option<Rate>,
}

impl Reader {
    fn take(&mut self, text: &str) -> Option<()> {
        let (word, rest) = text.split_once(' ')?;
        match word {
            "rate" if self.head.is_none() => self.head = Some(read_head(rest)?),
            "rules" if self.rules.is_none() => self.rules = Some(read_rules(rest)?),
            "leg" if self.path.is_none() => self.legs.push(read_leg(rest)?),
            "by" if self.path.is_none() => {
                self.legs.last_mut()?.witnesses.push(read_witness(rest)?);
            }
            "path" if self.path.is_none() => self.path = Some(read_path(rest)?),
            "result" if self.result.is_none() => self.result = Some(rest.parse().ok()?),
            _ => return None,
        }
        Some(())
    }

    fn finish(self) -> Option<Evidence> {
        let (base, quote, side, now) = self.head?;
        let (rules, path, result) = (self.rules?, self.path?, self.result?);
        Some(Evidence { base, quote, side, now, rules, legs: self.legs, path, result })
    }
}

fn read_head(text: &str) -> Option<(Iso, Iso, Side, Timestamp)> {
    let [version, base, quote, side, now] = fields(text)?;
    let known = version == "1";
    let now = Timestamp::from_millis(now.parse().ok()?);
    known.then_some((base.parse().ok()?, quote.parse().ok()?, Side::parse(side)?, now))
}

fn read_rules(text: &str) -> Option<RateRules> {
    let [age, fiat_age, deviation, quorum, depeg, kind] = fields(text)?;
    Some(RateRules {
        max_age: Span::from_millis(age.parse().ok()?),
        fiat_max_age: Span::from_millis(fiat_age.parse().ok()?),
        deviation_ppm: deviation.parse().ok()?,
        quorum: quorum.parse().ok()?,
        depeg_ppm: depeg.parse().ok()?,
        fixed: either(kind, "fixed", "market")?,
    })
}

fn read_leg(text: &str) -> Option<Leg> {
    let [base, quote, side, guarded, result] = fields(text)?;
    Some(Leg {
        base: base.parse().ok()?,
        quote: quote.parse().ok()?,
        side: Side::parse(side)?,
        guarded: either(guarded, "guarded", "free")?,
        witnesses: Vec::new(),
        result: result.parse().ok()?,
    })
}

fn read_witness(text: &str) -> Option<Witness> {
    let [base, quote, bid, ask, at, via, value, verdict, source] = fields(text)?;
    Some(Witness {
        source: source.to_owned(),
        base: base.parse().ok()?,
        quote: quote.parse().ok()?,
        bid: bid.parse().ok()?,
        ask: ask.parse().ok()?,
        at: Timestamp::from_millis(at.parse().ok()?),
        via: read_path(via)?,
        value: if value == "-" { None } else { Some(value.parse().ok()?) },
        verdict: Verdict::parse(verdict)?,
    })
}

fn read_path(text: &str) -> Option<Vec<Step>> {
    if text == "-" {
        return Some(Vec::new());
    }
    let step = |text: &str| {
        let number = text.strip_prefix('/');
        let leg = number.unwrap_or(text).parse().ok()?;
        Some(Step { leg, inverted: number.is_some() })
    };
    text.split(',').map(step).collect()
}

/// Exactly `N` fields; the last takes whatever remains.
fn fields<const N: usize>(text: &str) -> Option<[&str; N]> {
    text.splitn(N, ' ').collect::<Vec<_>>().try_into().ok()
}

fn either(text: &str, yes: &str, no: &str) -> Option<bool> {
    if text == yes { Some(true) } else { (text == no).then_some(false) }
}
