//! Several endpoints as witnesses of one another. What one endpoint tells of a block in which we
//! were paid is believed once another one tells the same. Where another one answers otherwise
//! nothing is credited: one of them lies, or follows other rules. Where none answers, the one is
//! believed, up to the amount that the settings name.

use std::collections::BTreeMap;

use coffer_domain::{
    money::{AssetId, Units},
    ports::{ChainError, Watched},
    transfer::{BlockRef, ChainTransfer, ChainUnits},
};
use serde::de::IgnoredAny;
use serde_json::json;

use super::{
    EvmChain,
    answer::NodeBlock,
    balance,
    block::{Draft, Inner, Placed, Reading, text},
    endpoint::Endpoint,
    fault::Fault,
};

/// What another endpoint says of a block.
enum Testimony {
    /// The same block with the same transfers.
    Same,
    /// The same block; its transfers it could not tell.
    SameBlock(String),
    /// Something else.
    Other(String),
    /// What cannot be true of the same block, however new it is.
    Contrary(String),
    /// It has no such block.
    Absent,
    /// Nothing.
    Silent(String),
}

/// What came of asking the others.
pub(super) enum Confirmed {
    /// The block may be believed.
    Yes,
    /// They differ, and may do so for a moment: the block is new.
    NotYet,
}

impl EvmChain {
    /// Has the transfers of a block confirmed by another endpoint.
    ///
    /// # Errors
    /// When another endpoint tells otherwise of a block that is not new any more, or none confirms
    /// an amount that must be.
    pub(super) async fn confirm(
        &self,
        draft: &Draft,
        inner: &Inner,
        watched: &Watched<'_>,
    ) -> Result<Confirmed, ChainError> {
        let (network, height) = (self.network, draft.height);
        let paid = draft.placed.iter().chain(&inner.placed).map(|(_, transfer)| transfer);
        if draft.placed.is_empty() && inner.placed.is_empty() {
            return Ok(Confirmed::Yes);
        }
        let needed = self.needs_second(paid);
        let (mut silent, mut absent) = (Vec::new(), Vec::new());
        for endpoint in self.others(draft.told_by) {
            match self.testimony(endpoint, draft, (inner, needed), watched).await {
                Testimony::Same => return Ok(Confirmed::Yes),
                Testimony::SameBlock(_) if !needed => return Ok(Confirmed::Yes),
                Testimony::SameBlock(why) | Testimony::Silent(why) => {
                    silent.push(format!("{}: {why}", endpoint.label()));
                }
                Testimony::Other(reason) if self.settles(draft) => {
                    tracing::debug!(%network, height, reason, "endpoints differ");
                    return Ok(Confirmed::NotYet);
                }
                Testimony::Other(reason) | Testimony::Contrary(reason) => {
                    return Err(ChainError::EndpointsDisagree { network, height, reason });
                }
                Testimony::Absent => absent.push(endpoint),
            }
        }
        for endpoint in absent {
            if self.settles(draft) {
                return Ok(Confirmed::NotYet);
            }
            if self.in_step(endpoint).await {
                let reason = format!("{} has no such block", endpoint.label());
                return Err(ChainError::EndpointsDisagree { network, height, reason });
            }
            silent.push(format!("{}: is not in step with the network", endpoint.label()));
        }
        if !needed {
            return Ok(Confirmed::Yes);
        }
        let silent = match silent.is_empty() {
            true => "there is no second one".to_owned(),
            false => silent.join("; "),
        };
        let reason = format!(
            "block {height} holds a payment above second_source_above, which a second endpoint \
             must confirm: {silent}"
        );
        Err(ChainError::Unreachable { network, reason })
    }

    /// Whether the transfers of a block are of an asset and amount that a second endpoint must
    /// confirm.
    fn needs_second<'a>(&self, paid: impl Iterator<Item = &'a ChainTransfer>) -> bool {
        let mut sums = BTreeMap::<AssetId, Units>::new();
        for transfer in paid {
            let units = match transfer.units {
                ChainUnits::Units(units) => units,
                ChainUnits::Beyond(_) => Units::new(u128::MAX),
            };
            let sum = sums.entry(transfer.asset).or_default();
            *sum = sum.checked_add(units).unwrap_or(Units::new(u128::MAX));
        }
        let cap = |asset| self.second_source_above.get(asset);
        sums.iter().any(|(asset, sum)| cap(asset).is_some_and(|cap| sum > cap))
    }

    async fn testimony(
        &self,
        endpoint: &Endpoint,
        draft: &Draft,
        (inner, needed): (&Inner, bool),
        watched: &Watched<'_>,
    ) -> Testimony {
        // One that is only slow to tell its tip may be the only one that can confirm it.
        if !needed && self.is_down(endpoint) {
            return Testimony::Silent("gave no answer lately".to_owned());
        }
        if let Err(fault) = endpoint.identify(&self.failover.identity).await {
            self.failover.note(endpoint, &fault);
            return Testimony::Silent(fault.reason());
        }
        let reading = Reading::of(endpoint, &self.pinned, watched);
        let mut told = reading.block(draft.height).await;
        if let Err(Fault::Logless(block, _)) = told
            && block == draft.block.hash
            && !self.has_tokens(draft)
        {
            // Both tell no logs, and what it tells of the coin counts.
            let logless = Some(block);
            let reading = Reading { logless, ..Reading::of(endpoint, &self.pinned, watched) };
            told = reading.block(draft.height).await;
        }
        let told = match told {
            Ok(told) => told,
            Err(Fault::Absent) => return Testimony::Absent,
            Err(Fault::Logless(block, _)) if block == draft.block.hash => {
                let label = endpoint.label();
                return Testimony::Other(format!("{label} tells other transfers of it: no logs"));
            }
            Err(fault) => {
                self.failover.note(endpoint, &fault);
                return of_header(endpoint, draft, &fault).await;
            }
        };
        self.failover.answered(endpoint);
        let differ = |what: String| Testimony::Other(format!("{} {what}", endpoint.label()));
        if let Some(other) = of_other_block(endpoint, draft, &told.block) {
            return other;
        }
        if !same(&draft.placed, &told.placed) {
            return differ("tells other transfers of it".to_owned());
        }
        if inner.placed.is_empty() {
            return Testimony::Same;
        }
        self.testimony_of_calls(&reading, draft, inner, needed).await
    }

    /// What another than the one that told them says of calls inside a block's transactions: its
    /// own traces, or else, where that is needed, what it says of balances. Who told the calls does
    /// not confirm them: then it is the balances at the endpoint that told the block.
    async fn testimony_of_calls(
        &self,
        reading: &Reading<'_>,
        draft: &Draft,
        inner: &Inner,
        needed: bool,
    ) -> Testimony {
        let endpoint = reading.endpoint;
        let (by, why) = if endpoint.number() == inner.told_by {
            let others = &self.failover.endpoints;
            let teller = others.iter().find(|other| other.number() == draft.told_by);
            (teller, "told the calls inside transactions itself".to_owned())
        } else {
            match reading.internal_transfers(&draft.block).await {
                Ok(told) if same(&inner.placed, &told) => return Testimony::Same,
                Ok(_) => {
                    let label = endpoint.label();
                    let reason = format!("{label} tells other calls inside its transactions");
                    return Testimony::Other(reason);
                }
                Err(fault @ (Fault::Traceless | Fault::Refused(_) | Fault::Pruned(_))) => {
                    (Some(endpoint), fault.reason())
                }
                Err(fault) => {
                    self.failover.note(endpoint, &fault);
                    return Testimony::SameBlock(fault.reason());
                }
            }
        };
        let Some(by) = by.filter(|_| needed) else { return Testimony::SameBlock(why) };
        match rose(by, draft, &inner.placed).await {
            true => Testimony::Same,
            false => {
                let label = by.label();
                Testimony::SameBlock(format!("{why}; balances at {label} do not bear it out"))
            }
        }
    }

    /// Whether a token was paid in a block.
    fn has_tokens(&self, draft: &Draft) -> bool {
        draft.placed.iter().any(|(_, transfer)| Some(transfer.asset) != self.pinned.coin)
    }

    /// Whether an endpoint follows its network, so that a block it lacks is a contradiction.
    async fn in_step(&self, endpoint: &Endpoint) -> bool {
        self.tip_at(endpoint).await.is_ok_and(|tip| tip.live)
    }
}

/// Whether the balances at an endpoint rose by all that arrived in the block.
async fn rose(endpoint: &Endpoint, draft: &Draft, inner: &[Placed]) -> bool {
    let mut arrived = BTreeMap::<&[u8], Units>::new();
    let coin = inner.first().map(|(_, transfer)| transfer.asset);
    let paid = draft.placed.iter().chain(inner).map(|(_, transfer)| transfer);
    for transfer in paid.filter(|transfer| Some(transfer.asset) == coin) {
        let ChainUnits::Units(units) = transfer.units else { return false };
        let sum = arrived.entry(&transfer.to.account).or_default();
        let Some(more) = sum.checked_add(units) else { return false };
        *sum = more;
    }
    let accounts = arrived.keys().map(|account| account.to_vec()).collect::<Vec<_>>();
    let at = |height, hash| BlockRef { height, hash: text(hash) };
    let after = at(draft.height, draft.block.hash.0);
    let before = at(draft.height.saturating_sub(1), draft.block.parent_hash.0);
    let Ok(after) = balance::read(endpoint, &after, &accounts).await else { return false };
    let Ok(before) = balance::read(endpoint, &before, &accounts).await else { return false };
    let rises = after.iter().zip(&before).map(|(after, before)| after.saturating_sub(*before));
    rises.zip(arrived.values()).all(|(rise, units)| rise >= *units)
}

/// What the header alone says, where an endpoint cannot tell the transfers.
async fn of_header(endpoint: &Endpoint, draft: &Draft, fault: &Fault) -> Testimony {
    let asked = json!([format!("{:#x}", draft.height), false]);
    let told = endpoint.call::<Option<NodeBlock<IgnoredAny>>>("eth_getBlockByNumber", asked).await;
    match told {
        Ok(Some(told)) if told.number == draft.block.number => {
            let same = || Testimony::SameBlock(fault.reason());
            of_other_block(endpoint, draft, &told).unwrap_or_else(same)
        }
        Ok(None) => Testimony::Absent,
        Ok(Some(_)) | Err(_) => Testimony::Silent(fault.reason()),
    }
}

/// What differs in a block's header; none where it is the same. Nobody computes the hash anew, so
/// that the time, which decides what rate a payment gets, is only as good as its witness.
fn of_other_block<T>(endpoint: &Endpoint, draft: &Draft, told: &NodeBlock<T>) -> Option<Testimony> {
    let (block, label) = (&draft.block, endpoint.label());
    if told.hash != block.hash {
        let (other, hash) = (text(told.hash.0), text(block.hash.0));
        return Some(Testimony::Other(format!("{label} has {other} there, not {hash}")));
    }
    let what = if told.timestamp != block.timestamp {
        "time"
    } else if told.parent_hash != block.parent_hash {
        "parent"
    } else {
        return None;
    };
    Some(Testimony::Contrary(format!("{label} tells another {what} of it")))
}

/// Whether two endpoints tell the same transfers, in whatever order.
fn same(one: &[Placed], other: &[Placed]) -> bool {
    let sorted = |placed: &[Placed]| {
        let mut transfers = placed.iter().map(|(_, transfer)| transfer.clone()).collect::<Vec<_>>();
        transfers.sort_by(|one, other| one.reference.cmp(&other.reference));
        transfers
    };
    sorted(one) == sorted(other)
}
