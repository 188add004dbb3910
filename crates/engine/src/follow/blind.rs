//! Blindness: what could not be seen in time is found afterwards, and a report says what it was.

use std::collections::BTreeMap;

use coffer_domain::{
    money::{AssetId, Units, format_decimal},
    time::{Span, Timestamp},
};
use coffer_store::{blind_span::BlindSpan, chain_cursor::Cursor, error::DbError, tx::Tx};

use super::{BLIND_AFTER, Step};
use crate::{
    alarms::{Alarm, moment},
    engine::Engine,
};

/// A blind span shorter than this is not spoken of.
const WORTH_A_REPORT: Span = Span::from_seconds(60);

impl Engine {
    /// Notes that a chain has gone blind. The sandbox chain is in the database, where nothing
    /// happens unseen.
    pub(super) async fn begin_blindness(
        &self,
        tx: &mut Tx<'_>,
        cursor: &Cursor,
        reason: &str,
    ) -> Result<(), DbError> {
        if cursor.chain == self.home_chain() {
            return Ok(());
        }
        let since = self.read_through(cursor);
        tx.begin_blind_span(cursor.chain, since, cursor.at.height, reason).await
    }

    /// When a chain was read last, as far as that is known. The watermark alone does not say so:
    /// where a chain is read by its blocks alone it is ten minutes older than the last of them.
    fn read_through(&self, cursor: &Cursor) -> Timestamp {
        let stored = cursor.watermark.max(cursor.block_time.min(self.now()));
        self.conditions.last_read(cursor.chain).map_or(stored, |read| read.max(stored))
    }

    /// Begins or ends the blindness of a chain with a step, and reports once it is over.
    pub(super) async fn note_blindness(
        &self,
        tx: &mut Tx<'_>,
        step: &Step,
        after: &Cursor,
    ) -> Result<(), DbError> {
        // A chain read by its blocks alone knows nothing between two of them, which is as it should
        // be: only one that was not read is spoken of.
        let unread = step.asked_at.since(self.read_through(&step.cursor)) > BLIND_AFTER;
        let blind = step.cursor.behind_since.is_some() || (unread && !step.by_blocks);
        // Before the first look no address was given out, so there was nothing to miss.
        if !blind || step.cursor.look == 0 {
            return Ok(());
        }
        let reason = step.cursor.behind_reason.as_deref().unwrap_or("Coffer did not read it");
        self.begin_blindness(tx, &step.cursor, reason).await?;
        if after.behind_since.is_some() {
            return Ok(());
        }
        let Some(lasted) = tx.lasting_blind_span(after.chain).await? else { return Ok(()) };
        if step.asked_at.since(lasted.since) <= WORTH_A_REPORT {
            return tx.forget_blind_span(&lasted).await;
        }
        let met = tx.transfers_met_since(after.chain, lasted.from_height, lasted.since).await?;
        let over = BlindSpan {
            until: Some(step.asked_at),
            to_height: Some(after.at.height),
            payments: u32::try_from(met.len()).unwrap_or(u32::MAX),
            found: summed(met),
            ..lasted
        };
        tx.end_blind_span(&over).await?;
        self.report_blindness(tx, &over, step.asked_at).await
    }

    /// One message: the end of the alarm where one was raised, else a notice.
    async fn report_blindness(
        &self,
        tx: &mut Tx<'_>,
        span: &BlindSpan,
        now: Timestamp,
    ) -> Result<(), DbError> {
        let (chain, report) = (span.chain, self.blindness_in_words(span));
        let name = chain.as_str();
        if self.over_in(tx, Alarm::NetworkBehind, name, &report, now).await? {
            return Ok(());
        }
        self.notice(tx, Alarm::NetworkWasBlind, chain, report, now).await
    }

    /// `blind from … to …: 3 payments found (0.5 BTC), because …`
    fn blindness_in_words(&self, span: &BlindSpan) -> String {
        let since = moment(span.since);
        let until = span.until.map_or_else(|| "now".to_owned(), moment);
        let payments = match (span.until, span.payments) {
            (None, _) => String::new(),
            (_, 0) => ": no payment found".to_owned(),
            (_, 1) => format!(": 1 payment found ({})", self.sums_in_words(&span.found)),
            (_, many) => format!(": {many} payments found ({})", self.sums_in_words(&span.found)),
        };
        format!("blind from {since} to {until}{payments}; it was: {}", span.reason)
    }

    /// `0.5 BTC, 12 USDC`
    #[must_use]
    pub fn sums_in_words(&self, found: &[(AssetId, Units)]) -> String {
        let one = |(id, units): &(AssetId, Units)| match self.catalogue().asset(*id) {
            Some(asset) => format!("{} {}", format_decimal(*units, asset.decimals), id.iso),
            None => format!("{} base units of {}", units.get(), id.iso),
        };
        found.iter().map(one).collect::<Vec<_>>().join(", ")
    }
}

/// The sum of each asset; one that does not fit stays at the most that does.
fn summed(met: Vec<(AssetId, Units)>) -> Vec<(AssetId, Units)> {
    let mut sums: BTreeMap<AssetId, Units> = BTreeMap::new();
    for (asset, units) in met {
        let sum = sums.entry(asset).or_insert(Units::ZERO);
        *sum = Units::new(sum.get().saturating_add(units.get()));
    }
    sums.into_iter().collect()
}
