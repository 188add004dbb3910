//! Networks on which nothing is credited until a person says so.

use coffer_domain::{code::NetworkName, time::Timestamp};

use crate::{codec, error::DbError, sql, tx::Tx, vals, value::Row};

/// Why a network was stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StopKind {
    /// A payment that had been final is gone.
    Reversed,
    /// The chain was reorganised below every block that is remembered.
    TooDeep,
}

impl StopKind {
    /// The word used in the database and the CLI.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Reversed => "reversed",
            Self::TooDeep => "too_deep",
        }
    }
}

/// A network that was stopped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChainStop {
    /// The chain.
    pub chain: NetworkName,
    /// Why, in a word.
    pub kind: StopKind,
    /// The newest block that had been read.
    pub height: u64,
    /// Why, in a sentence.
    pub reason: String,
    /// Since when, by our clock.
    pub since: Timestamp,
    /// Since when it had been behind before, if it was.
    pub was_behind_since: Option<Timestamp>,
}

impl Tx<'_> {
    /// Stops a network; false where it is stopped already.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn stop_chain(&mut self, stop: &ChainStop) -> Result<bool, DbError> {
        let stopped = self
            .exec(
                sql!(
                    "INSERT INTO chain_stop (chain, kind, height, reason, since, \
                     was_behind_since) VALUES ($1, $2, $3, $4, $5, $6) \
                     ON CONFLICT (chain) DO NOTHING"
                ),
                vals![
                    stop.chain.as_str(),
                    stop.kind.as_str(),
                    codec::stored(stop.height),
                    &stop.reason,
                    stop.since.millis(),
                    stop.was_behind_since.map(Timestamp::millis),
                ],
            )
            .await?;
        Ok(stopped == 1)
    }

    /// Why a network is stopped; none while it is not.
    ///
    /// # Errors
    /// When the database refuses or the row makes no sense.
    pub async fn chain_stop(&mut self, chain: NetworkName) -> Result<Option<ChainStop>, DbError> {
        self.one(
            sql!(
                "SELECT chain, kind, height, reason, since, was_behind_since FROM chain_stop \
                 WHERE chain = $1"
            ),
            vals![chain.as_str()],
            read_stop,
        )
        .await
    }

    /// Every network that is stopped.
    ///
    /// # Errors
    /// When the database refuses or a row makes no sense.
    pub async fn chain_stops(&mut self) -> Result<Vec<ChainStop>, DbError> {
        self.many(
            sql!(
                "SELECT chain, kind, height, reason, since, was_behind_since FROM chain_stop \
                 ORDER BY chain"
            ),
            vals![],
            read_stop,
        )
        .await
    }

    /// Lets a network go on; false where it was not stopped.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn clear_chain(&mut self, chain: NetworkName) -> Result<bool, DbError> {
        let cleared = self
            .exec(sql!("DELETE FROM chain_stop WHERE chain = $1"), vals![chain.as_str()])
            .await?;
        Ok(cleared == 1)
    }
}

fn read_stop(row: &Row<'_>) -> Result<ChainStop, DbError> {
    let kind = row.text(1)?;
    Ok(ChainStop {
        chain: codec::parsed(row, 0)?,
        kind: match kind.as_str() {
            "reversed" => StopKind::Reversed,
            "too_deep" => StopKind::TooDeep,
            _ => return Err(DbError::inconsistent("kind", &kind)),
        },
        height: codec::count(row, 2)?,
        reason: row.text(3)?,
        since: codec::time(row, 4)?,
        was_behind_since: codec::opt_time(row, 5)?,
    })
}
