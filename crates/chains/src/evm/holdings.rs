//! What our accounts hold of coin and pinned tokens after a block.

use alloy::primitives::{Address, U256};
use coffer_domain::{
    money::Units,
    ports::{ChainError, Claim},
    transfer::BlockRef,
};
use futures_util::{FutureExt, future::try_join_all};
use serde_json::json;

use super::{
    EvmChain, balance, block::CALLS_AT_ONCE, block::call_contract, endpoint::Endpoint,
    fault::Fault, pinned::Pinned, token,
};

impl EvmChain {
    /// One call for each account and asset.
    pub(super) async fn read_holdings(
        &self,
        at: &BlockRef,
        claims: &[Claim],
    ) -> Result<Vec<Units>, ChainError> {
        let pinned = &self.pinned;
        let answer = self.failover.ask(|endpoint| {
            async move {
                let mut held = Vec::with_capacity(claims.len());
                for claims in claims.chunks(CALLS_AT_ONCE) {
                    let calls = claims.iter().map(|claim| one(endpoint, pinned, at, claim));
                    held.extend(try_join_all(calls).await?);
                }
                Ok(held)
            }
            .boxed()
        });
        answer.await.map_err(|failure| failure.into_error(self.network, at.height))
    }
}

async fn one(
    endpoint: &Endpoint,
    pinned: &Pinned,
    at: &BlockRef,
    claim: &Claim,
) -> Result<Units, Fault> {
    if pinned.coin == Some(claim.asset) {
        return balance::of(endpoint, at, &claim.account).await;
    }
    let token = pinned.tokens.iter().find(|(_, token)| token.asset == claim.asset);
    let Some((contract, _)) = token else {
        return Err(Fault::Refused(format!("{} is not pinned here any more", claim.asset)));
    };
    let holder = Address::try_from(claim.account.as_slice());
    let holder = holder.map_err(|_| Fault::Nonsense("an account is no account".to_owned()))?;
    let block = json!({ "blockHash": at.hash });
    let answer = call_contract(endpoint, *contract, &token::balance_call(holder), block).await?;
    let word = <[u8; 32]>::try_from(answer.0.as_ref());
    let word = word.map_err(|_| Fault::Nonsense(format!("{contract} has unreadable balances")))?;
    // More than can be booked is more than was.
    Ok(u128::try_from(U256::from_be_bytes(word)).map_or(Units::new(u128::MAX), Units::new))
}
