//! What accounts hold of the coin after a block, as two endpoints say.

use alloy::primitives::Address;
use coffer_domain::{money::Units, ports::ChainError, transfer::BlockRef};
use futures_util::{FutureExt, StreamExt, TryStreamExt, stream};
use serde_json::json;

use super::{EvmChain, answer::Quantity, block::CALLS_AT_ONCE, endpoint::Endpoint, fault::Fault};

impl EvmChain {
    /// The balances of accounts, in their order.
    ///
    /// # Errors
    /// When no endpoint tells them, or two tell otherwise, or half of an endpoint's calls are used:
    /// blocks go before audits.
    pub(super) async fn read_balances(
        &self,
        at: &BlockRef,
        accounts: &[Vec<u8>],
    ) -> Result<Vec<Units>, ChainError> {
        let wanted = u32::try_from(accounts.len()).unwrap_or(u32::MAX);
        if let Some(busy) = self.failover.endpoints.iter().find(|it| !it.has_room(wanted)) {
            let reason =
                format!("the audit waits for {}: half of its calls are used", busy.label());
            return Err(ChainError::Unreachable { network: self.network, reason });
        }
        let answer = self.failover.ask(|endpoint| {
            async move { Ok((endpoint.number(), read(endpoint, at, accounts).await?)) }.boxed()
        });
        let (network, height) = (self.network, at.height);
        let (told_by, balances) =
            answer.await.map_err(|failure| failure.into_error(network, height))?;
        let others = self.failover.endpoints.iter().filter(|it| it.number() != told_by);
        for endpoint in others.filter(|endpoint| !self.is_down(endpoint)) {
            let told = match endpoint.identify(&self.failover.identity).await {
                Ok(()) => read(endpoint, at, accounts).await,
                Err(fault) => Err(fault),
            };
            match told {
                Ok(told) if told == balances => break,
                Ok(_) => {
                    let reason = format!("{} tells other balances", endpoint.label());
                    return Err(ChainError::EndpointsDisagree { network, height, reason });
                }
                Err(fault) => self.failover.note(endpoint, &fault),
            }
        }
        Ok(balances)
    }
}

async fn read(
    endpoint: &Endpoint,
    at: &BlockRef,
    accounts: &[Vec<u8>],
) -> Result<Vec<Units>, Fault> {
    let calls = accounts.iter().map(|account| of(endpoint, at, account)).collect::<Vec<_>>();
    stream::iter(calls).buffered(CALLS_AT_ONCE).try_collect().await
}

async fn of(endpoint: &Endpoint, at: &BlockRef, account: &[u8]) -> Result<Units, Fault> {
    let account = Address::try_from(account);
    let account = account.map_err(|_| Fault::Nonsense("an account is no account".to_owned()))?;
    let asked = json!([format!("{account:#x}"), { "blockHash": at.hash }]);
    let balance = endpoint.call::<Quantity>("eth_getBalance", asked).await?;
    let units = u128::try_from(balance.0).map(Units::new);
    units.map_err(|_| Fault::Nonsense("a balance is more than there is of any coin".to_owned()))
}
