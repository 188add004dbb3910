//! What is on the chains beside what Coffer holds.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{chains::Which, course::Course};
use crate::failure::Failure;

/// Less than this many hundredths of the price does not pay, whatever the tolerance.
const TOO_LITTLE: u128 = 80;

/// So many differences are told in full.
const SHOWN_MAX: usize = 5;

/// Compares every address; what was compared, as words.
pub(super) async fn totals(course: &Course) -> Result<String, Failure> {
    let mut wrong = Vec::new();
    let (mut addresses, mut paid) = (0, 0);
    for which in Which::ALL {
        let own = course.requests.iter().filter(|(on, _)| *on == which);
        let own: BTreeMap<String, &str> =
            own.map(|(_, created)| (created.address.clone(), created.id.as_str())).collect();
        let asked: Vec<String> = own.keys().cloned().collect();
        let on_chain = course.chains.totals(which, &asked).await?;
        for (address, id) in &own {
            let shown = course.installation.shown(id).await?;
            let held = held(&shown, which)?;
            let there = on_chain.get(address).copied().unwrap_or_default();
            addresses += 1;
            if held != there {
                wrong.push(format!("{address}: {there} on the chain, {held} in Coffer: {shown}"));
            }
            let is_paid = shown["status"] == "paid";
            paid += u32::from(is_paid);
            let enough = there >= which.price();
            let too_little = there * 100 < which.price() * TOO_LITTLE;
            if (enough && !is_paid) || (too_little && is_paid) {
                wrong.push(format!("{address}: {there} on the chain: {shown}"));
            }
            let told = course.sink.paid(id);
            if told != usize::from(is_paid) {
                wrong.push(format!("{address}: told {told} times that it is paid: {shown}"));
            }
        }
    }
    if wrong.is_empty() {
        Ok(format!("{addresses} addresses hold what Coffer holds, {paid} requests paid"))
    } else {
        let shown = wrong.iter().take(SHOWN_MAX).cloned().collect::<Vec<_>>().join("\n");
        Err(Failure::new(format!("{} differences, such as:\n{shown}", wrong.len())))
    }
}

/// The books add up, and say of every asset what its chain says; what was compared, as words.
pub(super) fn books(course: &Course) -> Result<String, Failure> {
    let checked = course.installation.books(&["check"])?;
    let mut arrivals = 0;
    for which in Which::ALL {
        let network = which.network();
        let proof = course.installation.books(&["prove", network])?;
        let assets = proof["assets"].as_array().map(Vec::as_slice).unwrap_or_default();
        for asset in assets {
            let differs = ["moved_away", "not_booked"].iter().any(|name| asset[*name] != "0");
            if differs {
                return Err(Failure::new(format!("the books of {network}: {asset}")));
            }
            arrivals += asset["arrivals"].as_u64().unwrap_or_default();
        }
        if assets.is_empty() {
            return Err(Failure::new(format!("the books have nothing of {network}")));
        }
    }
    let entries = &checked["entries"];
    Ok(format!("{entries} entries booked, {arrivals} arrivals proved with a difference of 0"))
}

/// The transfers of a request that are in a block, in base units.
fn held(shown: &Value, which: Which) -> Result<u128, Failure> {
    let transactions = shown["transactions"].as_array().into_iter().flatten();
    let in_block = transactions.filter(|it| it["confirmations"] != "0");
    in_block.map(|it| units(it["amount"].as_str().unwrap_or_default(), which.decimals())).sum()
}

/// A decimal in base units.
fn units(text: &str, decimals: usize) -> Result<u128, Failure> {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    format!("{whole}{part:0<decimals$}")
        .parse()
        .map_err(|_| Failure::new(format!("{text:?} is no amount")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decimal_is_read_to_its_last_digit() {
        assert_eq!(units("0.0011", 8).unwrap(), 110_000);
        assert_eq!(units("0.0264", 18).unwrap(), Which::Anvil.price());
        assert_eq!(units("2", 8).unwrap(), 200_000_000);
        assert!(units("", 8).is_ok_and(|none| none == 0));
    }
}
