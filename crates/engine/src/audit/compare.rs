//! One comparison: what an address holds beyond what is booked is booked, in the block after which
//! it was compared.

use coffer_domain::{
    inner_transfers::InnerTransfers,
    money::{AssetId, Units},
    payment_request::{PaymentRequest, TrackedTransfer},
    time::Timestamp,
    transfer::{Observation, Position, TransferReference},
};
use coffer_store::{
    audit::{Audit, NEVER},
    chain_cursor::Cursor,
    tx::Tx,
};

use super::{
    FOUND, Measure, all_remembered,
    arrived::{Arrived, Before, Now, add, arrived},
    begin::UNKNOWN,
    is_found, pause,
};
use crate::{
    alarms::Alarm,
    engine::Engine,
    error::EngineError,
    follow::{Found, as_if_new},
};

/// What became of a comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It was noted, or somebody else has noted one.
    Noted,
    /// It stays due: nothing may be said now, or not before a higher block.
    Later,
    /// It stays due: the block compared with is not there any more.
    Dropped,
}

/// What an address holds after the measure's block, and held after the one at a fork.
#[derive(Clone, Copy)]
pub(super) struct Held {
    pub(super) now: Units,
    /// None where nothing was forked, or no node knows any more.
    pub(super) at_fork: Option<Units>,
}

impl Engine {
    /// Books what an address holds beyond what is known, and notes the comparison.
    pub(super) async fn compare(
        &self,
        measure: &Measure,
        audit: Audit,
        held: Held,
    ) -> Result<Outcome, EngineError> {
        let (engine, measure, now) = (self.clone(), measure.clone(), self.now());
        self.store()
            .write(async move |tx: &mut Tx<'_>| {
                engine.compare_in(tx, &measure, &audit, held, now).await
            })
            .await
    }

    async fn compare_in(
        &self,
        tx: &mut Tx<'_>,
        measure: &Measure,
        audit: &Audit,
        held: Held,
        now: Timestamp,
    ) -> Result<Outcome, EngineError> {
        let chain = measure.cursor.chain;
        if !self.may_move(tx, chain).await? {
            return Ok(Outcome::Later);
        }
        // A network that is behind, or was stopped meanwhile, credits nothing.
        let cursor = tx.cursor(chain).await?.filter(|cursor| cursor.behind_since.is_none());
        let way = tx.inner_way(chain).await?.filter(|way| measure.is_after(*way));
        let (Some(cursor), Some(way)) = (cursor, way) else { return Ok(Outcome::Later) };
        let blocks = tx.remembered_blocks(chain, all_remembered()).await?;
        if !blocks.iter().any(|(at, _)| *at == measure.at) {
            return Ok(Outcome::Dropped);
        }
        let Some(stored) = tx.request(audit.request).await? else { return Ok(Outcome::Noted) };
        let Compared { mut after, again, new, doubtful, too_soon, waits } =
            compared(&stored.request, measure, audit, held, now);
        if way.how != InnerTransfers::Audit && !waits {
            // That was the last time.
            after.due_at = NEVER;
        }
        if too_soon {
            return Ok(Outcome::Later);
        }
        if !tx.step_audit(chain, audit.height, &after).await? {
            return Ok(Outcome::Noted);
        }
        if !doubtful.is_zero() {
            self.tell_doubtful(tx, audit, measure.coin, doubtful, now).await?;
        }
        let found: Vec<_> = again.into_iter().chain(new).collect();
        if found.is_empty() {
            return Ok(Outcome::Noted);
        }
        let sum = found.iter().fold(Units::ZERO, |sum, (_, units)| add(sum, *units));
        let deep = measure.chain.one_suffices(measure.coin, sum);
        let address = &audit.address.text;
        tracing::warn!(%chain, request = %after.request, %address, "found by the balance audit");
        let look = |(reference, units)| {
            let look = observation(measure, &cursor, address, reference, units, now);
            if deep { look } else { as_if_new(look) }
        };
        let found =
            Found { observations: found.into_iter().map(look).collect(), ..Found::default() };
        self.tell_request(tx, after.request, &found, &cursor, now).await?;
        Ok(Outcome::Noted)
    }

    /// Tells the operator of what nobody can say whether it has arrived.
    async fn tell_doubtful(
        &self,
        tx: &mut Tx<'_>,
        audit: &Audit,
        coin: AssetId,
        units: Units,
        now: Timestamp,
    ) -> Result<(), EngineError> {
        let (request, text) = (audit.request, &audit.address.text);
        let height = audit.height;
        let about = format_args!("payment request {request}");
        let detail = if audit.balance == UNKNOWN {
            format!(
                "nobody could tell in time what {text} held after block {height}; it holds {units} \
                 base units of {coin} that are not booked, and nothing of that is credited: look \
                 whether the payer sent it"
            )
        } else {
            format!(
                "after a reorganisation below block {height} {text} holds {units} base units of \
                 {coin} that are not booked: they were paid since, or what had been taken out is \
                 back; nothing of that is credited: look which it is"
            )
        };
        Ok(self.raise(tx, Alarm::TransferRefused, about, detail, now).await?)
    }
}

/// What a comparison came to.
struct Compared {
    /// The row of the address after it.
    after: Audit,
    /// What had been found and is there again.
    again: Vec<(TransferReference, Units)>,
    /// What is new.
    new: Option<(TransferReference, Units)>,
    /// What nobody can say of whether it is new.
    doubtful: Units,
    /// Whether something that had been final is missed, and may come in a block not higher than
    /// where it was: what this came to is not to be noted.
    too_soon: bool,
    /// Whether something that had been found is in no block now.
    waits: bool,
}

fn compared(
    request: &PaymentRequest,
    measure: &Measure,
    audit: &Audit,
    held: Held,
    now: Timestamp,
) -> Compared {
    let (coin, height, address) = (measure.coin, measure.at.height, &audit.address.text);
    let booked = booked(request, coin, address, height);
    let waiting = waiting(request, coin, address);
    let units: Vec<_> = waiting.iter().map(|transfer| transfer.units).collect();
    let Held { now: balance, at_fork } = held;
    let before = if audit.is_forked() {
        Before::Forked { held: audit.balance, booked: audit.booked, at_fork }
    } else {
        Before::Stands(audit.balance)
    };
    let booked_since = booked_above(request, coin, address, audit.height, height);
    let Arrived { again, new, doubtful } =
        arrived(before, Now { held: balance, booked, booked_since, waiting: &units });
    let again = waiting.iter().zip(again).filter(|(_, again)| *again);
    let again: Vec<_> = again.map(|(it, _)| (it.reference.clone(), it.units)).collect();
    let found = again.iter().map(|(_, units)| *units).fold(new, add);
    // What it held at first is known no more.
    let lost = audit.is_forked() && audit.balance == UNKNOWN && at_fork.is_none();
    let unbooked = balance.saturating_sub(add(booked, found));
    let doubtful = if lost { unbooked } else { doubtful };
    let waits = again.len() < waiting.len();
    let was_at = waiting.iter().filter_map(|it| it.confirmed.as_ref()).map(|it| it.at.height).max();
    let too_soon = waits && audit.is_forked() && was_at.is_some_and(|was_at| height < was_at);
    let after = Audit {
        height,
        balance,
        booked: add(booked, found),
        audited_at: now,
        due_at: now.plus(pause(request, coin, waits, now)),
        ..audit.clone()
    };
    let new = (!new.is_zero()).then(|| (fresh_reference(request, coin, address, height), new));
    Compared { after, again, new, doubtful, too_soon, waits }
}

/// One look at what was found.
fn observation(
    measure: &Measure,
    cursor: &Cursor,
    address: &str,
    reference: TransferReference,
    units: Units,
    now: Timestamp,
) -> Observation {
    let height = measure.at.height;
    let reaches = |named: Option<u64>| named.is_some_and(|named| named >= height);
    let confirmations = cursor.at.height.saturating_sub(height) + 1;
    Observation {
        reference,
        asset: measure.coin,
        address: address.to_owned(),
        units,
        observed_at: now,
        look: cursor.look,
        // Nobody saw it on its way.
        blind: true,
        unseen_since: Timestamp::MAX,
        position: Position::Block {
            at: measure.at.clone(),
            time: measure.time,
            confirmations: u32::try_from(confirmations).unwrap_or(u32::MAX),
            safe: reaches(measure.tip.safe_height),
            finalized: reaches(measure.tip.final_height),
        },
    }
}

/// What something new is called: by the block after which it was found, and where another was found
/// after one of that height before a reorganisation, by a number.
fn fresh_reference(
    request: &PaymentRequest,
    coin: AssetId,
    address: &str,
    height: u64,
) -> TransferReference {
    let named = |position: String| TransferReference {
        network: coin.network,
        transaction: format!("{FOUND}{address}"),
        position,
    };
    let first = named(height.to_string());
    let further = (2_u32..).map(|number| named(format!("{height}/{number}")));
    let mut all = std::iter::once(first.clone()).chain(further);
    all.find(|it| request.transfer(it).is_none()).unwrap_or(first)
}

/// What the audit had booked of a coin for an address, in blocks that are gone.
fn waiting<'a>(
    request: &'a PaymentRequest,
    coin: AssetId,
    address: &str,
) -> Vec<&'a TrackedTransfer> {
    let waits = |transfer: &&TrackedTransfer| {
        is_found(&transfer.reference)
            && transfer.position == Position::Pending
            && transfer.asset == coin
            && transfer.address == address
    };
    request.transfers.iter().filter(waits).collect()
}

/// What is booked of a coin for an address of a request, up to a block.
pub(super) fn booked(request: &PaymentRequest, coin: AssetId, address: &str, to: u64) -> Units {
    in_blocks(request, coin, address, |height| height <= to)
}

/// What is booked of it above one block, up to another.
fn booked_above(
    request: &PaymentRequest,
    coin: AssetId,
    address: &str,
    from: u64,
    to: u64,
) -> Units {
    in_blocks(request, coin, address, |height| height > from && height <= to)
}

fn in_blocks(
    request: &PaymentRequest,
    coin: AssetId,
    address: &str,
    counts: impl Fn(u64) -> bool,
) -> Units {
    let there = request.transfers.iter().filter(|transfer| {
        let there = matches!(&transfer.position, Position::Block { at, .. } if counts(at.height));
        there && transfer.asset == coin && transfer.address == address
    });
    there.map(|transfer| transfer.units).fold(Units::ZERO, add)
}
