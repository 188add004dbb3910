//! Reads one block: what moved to watched accounts, in the coin and in pinned tokens.
//!
//! Calls to the endpoint: one for the block, one for the logs of all pinned tokens; then only for
//! what hit a watched account: one receipt for each of up to four coin payments (one for all
//! receipts where there are more), and two balances for each token and account. One more call tells
//! what was moved inside transactions, where that is read. The cost does not depend on how many
//! addresses are watched.

use std::collections::{BTreeMap, BTreeSet};

use alloy::primitives::{Address, B256, U256};
use coffer_domain::{
    ports::{Block, Watched},
    time::Timestamp,
    transfer::{BlockRef, ChainTransfer},
};
use futures_util::{StreamExt, TryStreamExt, stream};
use serde_json::{Value, json};

use super::{
    answer::{Data, Hash, NodeBlock, Receipt, Transaction},
    endpoint::Endpoint,
    fault::Fault,
    hits,
    logs::{self, Fetched},
    pinned::Pinned,
    token::{self, Movement},
    traces,
};

/// Position of a transaction's own value among its movements.
pub(super) const COIN_POSITION: &str = "coin";
/// Calls to one endpoint at the same time.
pub(super) const CALLS_AT_ONCE: usize = 8;
/// Up to this many coin payments in a block, their receipts are fetched one by one.
const SINGLE_RECEIPTS: usize = 4;

/// One reading of one block at one endpoint.
pub(super) struct Reading<'a> {
    pub(super) endpoint: &'a Endpoint,
    pub(super) pinned: &'a Pinned,
    pub(super) watched: &'a Watched<'a>,
    /// Logs that were fetched before, where the block is one of several.
    pub(super) fetched: Option<&'a Fetched>,
    /// A block of which two endpoints have told no logs already, so that there are none.
    pub(super) logless: Option<Hash>,
}

/// A transfer with its place in the block: number of the transaction, then the coin and what is
/// moved inside (0) before the tokens (number of the log, from 1).
pub(super) type Placed = ((usize, u64), ChainTransfer);

/// A block as one endpoint tells it.
pub(super) struct Draft {
    /// The endpoint's place in the settings.
    pub(super) told_by: usize,
    pub(super) block: NodeBlock<Transaction>,
    pub(super) height: u64,
    pub(super) time: Timestamp,
    pub(super) placed: Vec<Placed>,
}

/// Coin moved inside the transactions of a block, as one endpoint tells it; nothing where that is
/// not read.
#[derive(Default)]
pub(super) struct Inner {
    /// The endpoint's place in the settings.
    pub(super) told_by: usize,
    pub(super) placed: Vec<Placed>,
}

impl Draft {
    /// The block, its transfers in order.
    pub(super) fn finish(mut self) -> Block {
        self.placed.sort_by_key(|(place, _)| *place);
        Block {
            at: BlockRef { height: self.height, hash: text(self.block.hash.0) },
            parent: text(self.block.parent_hash.0),
            time: self.time,
            transfers: self.placed.into_iter().map(|(_, transfer)| transfer).collect(),
        }
    }
}

impl<'a> Reading<'a> {
    /// A reading of one block by itself.
    pub(super) const fn of(
        endpoint: &'a Endpoint,
        pinned: &'a Pinned,
        watched: &'a Watched<'a>,
    ) -> Self {
        Self { endpoint, pinned, watched, fetched: None, logless: None }
    }
}

impl Reading<'_> {
    /// The block of the best chain at that height, without what is moved inside transactions. When
    /// it is replaced while it is read, it is read once more.
    pub(super) async fn block(&self, height: u64) -> Result<Draft, Fault> {
        match self.block_once(height).await {
            Err(Fault::Moved(_)) => self.block_once(height).await,
            other => other,
        }
    }

    async fn block_once(&self, height: u64) -> Result<Draft, Fault> {
        let asked = json!([format!("{height:#x}"), true]);
        let block = self.endpoint.call("eth_getBlockByNumber", asked).await?;
        let block: NodeBlock<Transaction> = Option::ok_or(block, Fault::Absent)?;
        if block.number.small() != Some(height) {
            return Err(Fault::Nonsense(format!("asked for block {height}, got another")));
        }
        let time = timestamp(&block)?;
        let mut placed = self.coin_transfers(&block).await?;
        placed.extend(self.token_transfers(&block).await?);
        let told_by = self.endpoint.number();
        self.endpoint.count_block();
        Ok(Draft { told_by, block, height, time, placed })
    }

    /// Coin that was moved to watched accounts inside the transactions of a block.
    pub(super) async fn internal_transfers(
        &self,
        block: &NodeBlock<Transaction>,
    ) -> Result<Vec<Placed>, Fault> {
        let Some(coin) = self.pinned.coin else { return Ok(Vec::new()) };
        let way = self.endpoint.tracing().await?;
        let moved = traces::read(self.endpoint, way, block).await?;
        let hits = moved.into_iter().filter(|inner| self.watched.watches(inner.to.as_slice()));
        let hits = hits.collect::<Vec<_>>();
        if hits.is_empty() {
            return Ok(Vec::new());
        }
        let wanted = hits.iter().map(|hit| Hash(hit.transaction)).collect::<BTreeSet<_>>();
        let succeeded = self.succeeded(block.hash, wanted.into_iter().collect()).await?;
        let numbers = numbers(block);
        let hits = hits.into_iter().filter(|hit| succeeded.contains(&Hash(hit.transaction)));
        let placed = hits.map(|hit| {
            let unknown = || Fault::Nonsense("a trace of no transaction of the block".to_owned());
            let number = *numbers.get(&hit.transaction).ok_or_else(unknown)?;
            let (hash, position) = (text(hit.transaction), hit.position());
            Ok(((number, 0), self.pinned.transfer(coin, hash, position, hit.to, hit.units)))
        });
        placed.collect()
    }

    /// Transactions that carry the coin to a watched account and succeeded.
    async fn coin_transfers(&self, block: &NodeBlock<Transaction>) -> Result<Vec<Placed>, Fault> {
        let Some(coin) = self.pinned.coin else { return Ok(Vec::new()) };
        let hits = block.transactions.iter().enumerate().filter_map(|(number, transaction)| {
            let to = transaction.to?.0;
            hits::carries(transaction, self.watched).then_some((number, transaction, to))
        });
        let hits = hits.collect::<Vec<_>>();
        let wanted = hits.iter().map(|(_, transaction, _)| transaction.hash).collect();
        let succeeded = self.succeeded(block.hash, wanted).await?;
        let hits = hits.into_iter().filter(|(_, hit, _)| succeeded.contains(&hit.hash));
        let placed = hits.map(|(number, transaction, to)| {
            let (hash, position) = (text(transaction.hash.0), COIN_POSITION.to_owned());
            let units = transaction.value.0;
            ((number, 0), self.pinned.transfer(coin, hash, position, to, units))
        });
        Ok(placed.collect())
    }

    /// Which of the wanted transactions of a block succeeded.
    async fn succeeded(&self, block: Hash, wanted: Vec<Hash>) -> Result<BTreeSet<Hash>, Fault> {
        let mut receipts = Vec::new();
        if wanted.len() > SINGLE_RECEIPTS {
            receipts = self.all_receipts(block).await?;
        }
        if receipts.is_empty() {
            let calls = wanted.iter().map(|hash| self.receipt(*hash)).collect::<Vec<_>>();
            receipts = stream::iter(calls).buffered(CALLS_AT_ONCE).try_collect().await?;
        }
        let mut succeeded = BTreeSet::new();
        let mut missing = wanted.into_iter().collect::<BTreeSet<_>>();
        for receipt in receipts {
            if receipt.block_hash != block {
                return Err(Fault::Moved("a transaction is in another block now".to_owned()));
            }
            missing.remove(&receipt.transaction_hash);
            if receipt.status.small() == Some(1) {
                succeeded.insert(receipt.transaction_hash);
            }
        }
        match missing.is_empty() {
            true => Ok(succeeded),
            false => Err(Fault::Nonsense("a receipt of the block is missing".to_owned())),
        }
    }

    async fn receipt(&self, transaction: Hash) -> Result<Receipt, Fault> {
        let asked = json!([text(transaction.0)]);
        let receipt = self.endpoint.call("eth_getTransactionReceipt", asked).await?;
        Option::ok_or(receipt, Fault::Moved("a receipt is gone".to_owned()))
    }

    /// All receipts of a block; none where the endpoint does not give them in one call.
    async fn all_receipts(&self, block: Hash) -> Result<Vec<Receipt>, Fault> {
        let asked = json!([text(block.0)]);
        match self.endpoint.call::<Option<Vec<Receipt>>>("eth_getBlockReceipts", asked).await {
            Ok(Some(receipts)) => Ok(receipts),
            Ok(None) => Err(Fault::Moved("the block's receipts are gone".to_owned())),
            Err(Fault::Unsupported(_) | Fault::Refused(_)) => Ok(Vec::new()),
            Err(fault) => Err(fault),
        }
    }

    /// Token transfers to watched accounts, each with what arrived of it.
    async fn token_transfers(&self, block: &NodeBlock<Transaction>) -> Result<Vec<Placed>, Fault> {
        let movements = self.movements(block).await?;
        let hits = movements.iter().filter(|movement| hits::arrives(movement, self.watched));
        let hits = hits.map(|movement| (movement.token, movement.to)).collect::<BTreeSet<_>>();
        if hits.is_empty() {
            return Ok(Vec::new());
        }
        let numbers = numbers(block);
        let calls = hits.iter().map(|hit| self.balances(*hit, block)).collect::<Vec<_>>();
        let balances: Vec<_> = stream::iter(calls).buffered(CALLS_AT_ONCE).try_collect().await?;
        let mut placed = Vec::new();
        for ((token, holder), balances) in hits.into_iter().zip(balances) {
            let of_token = movements.iter().filter(|movement| movement.token == token);
            let of_token = of_token.copied().collect::<Vec<_>>();
            let arrived = match balances {
                Some((before, after)) => token::arrived(&of_token, holder, before, after),
                None => token::logged(&of_token, holder),
            };
            for (movement, units) in arrived {
                placed.push(self.placed(&numbers, movement, units)?);
            }
        }
        Ok(placed)
    }

    /// One transfer, in its place in the block.
    fn placed(
        &self,
        numbers: &BTreeMap<B256, usize>,
        movement: Movement,
        units: U256,
    ) -> Result<Placed, Fault> {
        let lie = |what: &str| Fault::Nonsense(format!("eth_getLogs: {what}"));
        let number = numbers.get(&movement.transaction);
        let number = number.ok_or_else(|| lie("a log of no transaction of the block"))?;
        let token = self.pinned.tokens.get(&movement.token);
        let token = token.ok_or_else(|| lie("a log that was not asked for"))?;
        if units != movement.units {
            tracing::warn!(
                network = %self.pinned.network, asset = %token.asset.iso,
                transaction = %movement.transaction, logged = %movement.units, arrived = %units,
                "less arrived than the token logged"
            );
        }
        let (hash, position) = (text(movement.transaction), movement.position());
        let transfer = self.pinned.transfer(token.asset, hash, position, movement.to, units);
        Ok(((*number, movement.log_index.saturating_add(1)), transfer))
    }

    /// What all pinned tokens logged in a block.
    async fn movements(&self, block: &NodeBlock<Transaction>) -> Result<Vec<Movement>, Fault> {
        if self.pinned.tokens.is_empty() {
            return Ok(Vec::new());
        }
        let fetched = self.fetched.and_then(|fetched| fetched.of(block, self.pinned));
        let logs = match fetched {
            Some(logs) => logs,
            None => logs::of_block(self.endpoint, self.pinned, block, self.logless).await?,
        };
        token::movements(logs, block.hash, |contract| self.pinned.tokens.contains_key(contract))
    }

    /// A holder's balance of a token after the parent block and after this one; none where the
    /// endpoint has forgotten it and the token's logs are as good.
    async fn balances(
        &self,
        (token, holder): (Address, Address),
        block: &NodeBlock<Transaction>,
    ) -> Result<Option<(U256, U256)>, Fault> {
        match self.both_balances((token, holder), block).await {
            Ok(balances) => Ok(Some(balances)),
            Err(Fault::Pruned(_)) if self.pinned.has_exact_logs(token) => Ok(None),
            Err(fault) => Err(fault),
        }
    }

    async fn both_balances(
        &self,
        (token, holder): (Address, Address),
        block: &NodeBlock<Transaction>,
    ) -> Result<(U256, U256), Fault> {
        let before = match block.number.0.is_zero() {
            true => None,
            false => self.balance(token, holder, block.parent_hash).await?,
        };
        let after = self.balance(token, holder, block.hash).await?;
        let gone = || Fault::Nonsense(format!("{token} logged a transfer but has no balances"));
        // Before the block the contract may not have existed.
        Ok((before.unwrap_or(U256::ZERO), after.ok_or_else(gone)?))
    }

    /// None where there is no contract.
    async fn balance(
        &self,
        token: Address,
        holder: Address,
        block: Hash,
    ) -> Result<Option<U256>, Fault> {
        let at = json!({ "blockHash": text(block.0) });
        let answer = call_contract(self.endpoint, token, &token::balance_call(holder), at).await?;
        if answer.0.is_empty() {
            return Ok(None);
        }
        let word = <[u8; 32]>::try_from(answer.0.as_ref());
        let word = word.map_err(|_| Fault::Nonsense(format!("{token} has unreadable balances")))?;
        Ok(Some(U256::from_be_bytes(word)))
    }
}

/// The place of each transaction in its block.
fn numbers(block: &NodeBlock<Transaction>) -> BTreeMap<B256, usize> {
    block.transactions.iter().enumerate().map(|(number, it)| (it.hash.0, number)).collect()
}

/// Calls a contract without a transaction, in the state after a block.
pub(super) async fn call_contract(
    endpoint: &Endpoint,
    contract: Address,
    input: &[u8],
    at: Value,
) -> Result<Data, Fault> {
    let input = format!("0x{}", alloy::primitives::hex::encode(input));
    let call = json!({ "to": format!("{contract:#x}"), "data": input });
    endpoint.call("eth_call", json!([call, at])).await
}

/// The time a block names.
pub(super) fn timestamp<T>(block: &NodeBlock<T>) -> Result<Timestamp, Fault> {
    let seconds = block.timestamp.small().and_then(|seconds| i64::try_from(seconds).ok());
    let nonsense = || Fault::Nonsense("a block's time is not a time".to_owned());
    seconds.map(Timestamp::from_seconds).ok_or_else(nonsense)
}

/// A hash in its usual spelling.
pub(super) fn text(hash: B256) -> String {
    format!("{hash:#x}")
}
