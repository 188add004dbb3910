//! Which of the outputs that paid us are not spent.

use std::str::FromStr;

use bitcoin::{OutPoint, Txid};
use coffer_domain::{
    money::{Units, parse_decimal},
    ports::{ChainError, Claim},
    transfer::TransferReference,
};
use futures_util::FutureExt;
use serde::Deserialize;
use serde_json::{json, value::RawValue};

use super::{
    UtxoChain,
    fault::{Failure, Fault},
    link::COIN_DECIMALS,
    node::Node,
};

/// Outputs that are asked for in one call.
const OUTPUTS_AT_ONCE: usize = 100;

/// What `gettxout` answers.
#[derive(Deserialize)]
struct Unspent {
    value: Box<RawValue>,
}

impl UtxoChain {
    /// One call for a hundred outputs, to a node: an Esplora server is told no transaction of ours.
    pub(super) async fn unspent(
        &self,
        height: u64,
        claims: &[Claim],
    ) -> Result<Option<Vec<Units>>, ChainError> {
        let answer = self.sources.ask(|source| {
            async move {
                match source.node() {
                    Some(node) => all(node, claims).await,
                    None => Err(Fault::Unseen),
                }
            }
            .boxed()
        });
        match answer.await {
            Ok((_, held)) => Ok(Some(held)),
            Err(Failure(faults)) if faults.iter().all(|(_, fault)| *fault == Fault::Unseen) => {
                Ok(None)
            }
            Err(failure) => Err(failure.into_error(self.network, height)),
        }
    }
}

async fn all(node: &Node, claims: &[Claim]) -> Result<Vec<Units>, Fault> {
    let arrivals = claims.iter().flat_map(|claim| &claim.arrivals);
    let outputs = arrivals.map(output_of).collect::<Result<Vec<_>, _>>()?;
    let mut unspent = Vec::with_capacity(outputs.len());
    for outputs in outputs.chunks(OUTPUTS_AT_ONCE) {
        let asked =
            outputs.iter().map(|output| json!([output.txid.to_string(), output.vout, false]));
        let read = |result: &RawValue| value(node.rpc.read("gettxout", result)?);
        for answer in node.rpc.call_each("gettxout", asked.collect(), read).await? {
            unspent.push(answer?);
        }
    }
    let mut unspent = unspent.into_iter();
    let held = claims.iter().map(|claim| {
        let mut own = unspent.by_ref().take(claim.arrivals.len());
        own.try_fold(Units::ZERO, Units::checked_add)
    });
    let too_much = || Fault::Nonsense("gettxout: more than there is of any coin".to_owned());
    held.collect::<Option<Vec<_>>>().ok_or_else(too_much)
}

/// What an output holds in blocks; nothing where it is spent, or never was.
fn value(unspent: Option<Unspent>) -> Result<Units, Fault> {
    let Some(unspent) = unspent else { return Ok(Units::ZERO) };
    parse_decimal(unspent.value.get(), COIN_DECIMALS)
        .map_err(|_| Fault::Nonsense("gettxout: a value is unreadable".to_owned()))
}

fn output_of(arrival: &TransferReference) -> Result<OutPoint, Fault> {
    let txid = Txid::from_str(&arrival.transaction).ok();
    let output =
        txid.and_then(|txid| Some(OutPoint { txid, vout: arrival.position.parse().ok()? }));
    output.ok_or_else(|| Fault::Refused(format!("{arrival} is no output")))
}
