//! What accounts hold of the coin after a block, as two endpoints say.

use std::sync::PoisonError;

use alloy::primitives::Address;
use coffer_domain::{money::Units, ports::ChainError, time::Span, transfer::BlockRef};
use futures_util::{FutureExt, StreamExt, TryStreamExt, stream};
use serde_json::json;

use super::{EvmChain, answer::Quantity, block::CALLS_AT_ONCE, endpoint::Endpoint, fault::Fault};

/// Where half of an endpoint's calls are used, one balance is still asked for so often.
const SQUEEZED_EVERY: Span = Span::from_seconds(10);

impl EvmChain {
    /// The balances of the first accounts, in their order: of as many as there is room for, up to
    /// one that is in doubt.
    ///
    /// # Errors
    /// When no endpoint tells them, or half of an endpoint's calls are used: blocks go before
    /// audits. Of the first account also when two tell otherwise of it, or one tells alone of more
    /// than a second one must confirm.
    pub(super) async fn read_balances(
        &self,
        at: &BlockRef,
        accounts: &[Vec<u8>],
    ) -> Result<Vec<Units>, ChainError> {
        let accounts = &accounts[..self.room_for(accounts.len())?];
        let answer = self.failover.ask(|endpoint| {
            async move { Ok((endpoint.number(), read(endpoint, at, accounts).await?)) }.boxed()
        });
        let (network, height) = (self.network, at.height);
        let (told_by, mut balances) =
            answer.await.map_err(|failure| failure.into_error(network, height))?;
        // What an account holds is never less than what arrived there since the last audit.
        let cap = self.pinned.coin.and_then(|coin| self.second_source_above.get(&coin));
        let over = cap.and_then(|cap| balances.iter().position(|balance| balance > cap));
        let mut confirmed = false;
        // One that is only slow to tell its tip may be the only one that can confirm them.
        let asked = |endpoint: &&Endpoint| over.is_some() || !self.is_down(endpoint);
        for endpoint in self.others(told_by).into_iter().filter(asked) {
            let told = match endpoint.identify(&self.failover.identity).await {
                Ok(()) => read(endpoint, at, accounts).await,
                Err(fault) => Err(fault),
            };
            match told {
                Ok(told) => {
                    self.failover.answered(endpoint);
                    let pairs = told.iter().zip(&balances);
                    let same = pairs.take_while(|(told, balance)| told == balance).count();
                    if same == 0 && !balances.is_empty() {
                        let reason = format!("{} tells other balances", endpoint.label());
                        return Err(ChainError::EndpointsDisagree { network, height, reason });
                    }
                    balances.truncate(same);
                    confirmed = true;
                    break;
                }
                Err(fault) => self.failover.note(endpoint, &fault),
            }
        }
        let Some(alone) = over.filter(|_| !confirmed) else { return Ok(balances) };
        if alone == 0 {
            let reason = format!(
                "after block {height} an address holds more than second_source_above, which a \
                 second endpoint must confirm before the audit books it"
            );
            return Err(ChainError::Unconfirmed { network, reason });
        }
        balances.truncate(alone);
        Ok(balances)
    }

    /// How many of so many calls may be made now for an audit. Where blocks take more than half of
    /// an endpoint's calls for good, one call now and then keeps the audit going.
    fn room_for(&self, wanted: usize) -> Result<usize, ChainError> {
        let busiest = self.failover.endpoints.iter().min_by_key(|endpoint| endpoint.room());
        let Some(busiest) = busiest.filter(|endpoint| endpoint.room() < wanted) else {
            return Ok(wanted);
        };
        if busiest.room() > 0 {
            return Ok(busiest.room());
        }
        let now = self.clock.now();
        let mut squeezed = self.squeezed.lock().unwrap_or_else(PoisonError::into_inner);
        if squeezed.is_some_and(|last| now.since(last) < SQUEEZED_EVERY) {
            let label = busiest.label();
            let reason = format!("the audit waits for {label}: half of its calls are used");
            return Err(ChainError::Unreachable { network: self.network, reason });
        }
        *squeezed = Some(now);
        Ok(wanted.min(1))
    }
}

pub(super) async fn read(
    endpoint: &Endpoint,
    at: &BlockRef,
    accounts: &[Vec<u8>],
) -> Result<Vec<Units>, Fault> {
    let calls = accounts.iter().map(|account| of(endpoint, at, account)).collect::<Vec<_>>();
    stream::iter(calls).buffered(CALLS_AT_ONCE).try_collect().await
}

pub(super) async fn of(endpoint: &Endpoint, at: &BlockRef, account: &[u8]) -> Result<Units, Fault> {
    let account = Address::try_from(account);
    let account = account.map_err(|_| Fault::Nonsense("an account is no account".to_owned()))?;
    let asked = json!([format!("{account:#x}"), { "blockHash": at.hash }]);
    let balance = endpoint.call::<Quantity>("eth_getBalance", asked).await?;
    let units = u128::try_from(balance.0).map(Units::new);
    units.map_err(|_| Fault::Nonsense("a balance is more than there is of any coin".to_owned()))
}
