//! What is checked before a network is used: which chain the endpoints serve, and whether the
//! pinned tokens are what the catalogue says.

use alloy::primitives::{Address, U256};
use coffer_domain::{
    confirmations::NamedBlocks,
    ports::{ChainError, ChainProbe},
};
use serde::de::IgnoredAny;
use serde_json::json;

use super::{
    answer::{Data, NodeBlock},
    block::call_contract,
    endpoint::Endpoint,
    failover::Failover,
    fault::Fault,
    pinned::{Pinned, Token},
    token,
};

/// Refuses the network when any endpoint that answers serves another chain, even if others serve
/// the right one: the settings are wrong then, and the endpoint would take over some day.
pub(super) async fn identities(failover: &Failover) -> Result<(), ChainError> {
    for endpoint in &failover.endpoints {
        endpoint.doubt();
        if let Err(Fault::OtherChain { expected, found }) =
            endpoint.identify(&failover.identity).await
        {
            let found = format!("{found} at {}", endpoint.label());
            return Err(ChainError::OtherChain { network: failover.network, expected, found });
        }
    }
    Ok(())
}

/// Checks every pinned token and which blocks have a name. Two calls a token and two more.
pub(super) async fn read(endpoint: &Endpoint, pinned: &Pinned) -> Result<ChainProbe, Fault> {
    let mut refused_assets = Vec::new();
    for (contract, token) in &pinned.tokens {
        if let Some(reason) = refused(endpoint, *contract, *token).await? {
            refused_assets.push((token.asset, reason));
        }
    }
    let named = NamedBlocks {
        safe: named_height(endpoint, SAFE).await?.is_some(),
        finalized: named_height(endpoint, FINALIZED).await?.is_some(),
    };
    Ok(ChainProbe { refused_assets, named })
}

/// The network's words for blocks.
pub(super) const SAFE: &str = "safe";
pub(super) const FINALIZED: &str = "finalized";

/// The highest block of which the endpoint says that word; none where it says it of none.
pub(super) async fn named_height(endpoint: &Endpoint, word: &str) -> Result<Option<u64>, Fault> {
    let asked = json!([word, false]);
    let answer = endpoint.call::<Option<NodeBlock<IgnoredAny>>>("eth_getBlockByNumber", asked);
    match answer.await {
        Ok(block) => Ok(block.and_then(|block| block.number.small())),
        Err(Fault::Unsupported(_) | Fault::Refused(_) | Fault::Moved(_)) => Ok(None),
        Err(fault) => Err(fault),
    }
}

/// Why a token cannot be taken; none when it is as pinned.
async fn refused(
    endpoint: &Endpoint,
    contract: Address,
    token: Token,
) -> Result<Option<String>, Fault> {
    let asked = json!([format!("{contract:#x}"), "latest"]);
    if endpoint.call::<Data>("eth_getCode", asked).await?.0.is_empty() {
        return Ok(Some(format!("there is no contract at {contract}")));
    }
    let answer = call_contract(endpoint, contract, &token::DECIMALS, json!("latest")).await;
    let word = match answer {
        Ok(data) => <[u8; 32]>::try_from(data.0.as_ref()).ok(),
        Err(Fault::Refused(_)) => None,
        Err(fault) => return Err(fault),
    };
    let pinned = token.decimals;
    Ok(match word.map(U256::from_be_bytes) {
        None => Some(format!("{contract} does not tell its decimals")),
        Some(found) if found != U256::from(pinned) => {
            Some(format!("{contract} has {found} decimals on chain, the catalogue says {pinned}"))
        }
        Some(_) => None,
    })
}
