//! What addresses held of a network's coin when that was last compared with what was booked.

use coffer_domain::{
    code::NetworkName,
    id::{PaymentRequestId, WalletId},
    money::Units,
    time::Timestamp,
    transfer::Address,
};

use crate::{codec, error::DbError, sql, tx::Tx, vals, value::Row};

/// When an address is due that is not compared any more, because coin that contracts move is found
/// in another way now.
pub const NEVER: Timestamp = Timestamp::from_seconds(253_402_300_799);

/// The last comparison of one address on one chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Audit {
    /// The wallet of the address.
    pub wallet: WalletId,
    /// Its number.
    pub number: u32,
    /// The address.
    pub address: Address,
    /// The request it was shown to.
    pub request: PaymentRequestId,
    /// The block after which was compared; since a fork below it, the one at the fork.
    pub height: u64,
    /// What it held when it was compared.
    pub balance: Units,
    /// What had been booked for it up to then.
    pub booked: Units,
    /// When that was, by our clock.
    pub audited_at: Timestamp,
    /// When it is compared next; [`FORKED`] since a fork below the block after which was compared,
    /// and where nobody could tell what it held after that.
    pub due_at: Timestamp,
}

/// Due before everything else: the block after which was compared is not on the chain any more, or
/// nobody could tell what the address held after it. What it held must be asked once more.
pub const FORKED: Timestamp = Timestamp::from_seconds(0);

impl Audit {
    /// Whether must be asked once more what it held after its block.
    #[must_use]
    pub fn is_forked(&self) -> bool {
        self.due_at == FORKED
    }
}

/// Which address of a chain is due longest, or next where none is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NextAudit {
    /// When it was compared last.
    pub audited_at: Timestamp,
    /// When it is to be compared again.
    pub due_at: Timestamp,
}

impl Tx<'_> {
    /// The number of the first address of a wallet that is not compared on a chain yet.
    ///
    /// # Errors
    /// When the database refuses or a row makes no sense.
    pub async fn audited_to(
        &mut self,
        chain: NetworkName,
        wallet: WalletId,
    ) -> Result<u32, DbError> {
        let next = self
            .one(
                sql!(
                    "SELECT number + 1 FROM audit WHERE chain = $1 AND wallet_id = $2 \
                     ORDER BY number DESC LIMIT 1"
                ),
                vals![chain.as_str(), &wallet.text()],
                |row| codec::count(row, 0),
            )
            .await?;
        Ok(next.unwrap_or(0))
    }

    /// Begins to compare an address; one that is compared already stays as it is.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn insert_audit(
        &mut self,
        chain: NetworkName,
        audit: &Audit,
    ) -> Result<bool, DbError> {
        let inserted = self
            .exec(
                sql!(
                    "INSERT INTO audit (chain, wallet_id, number, height, balance, booked, \
                 audited_at, due_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) \
                 ON CONFLICT (chain, wallet_id, number) DO NOTHING"
                ),
                vals![
                    chain.as_str(),
                    &audit.wallet.text(),
                    audit.number,
                    codec::stored(audit.height),
                    &audit.balance.get().to_string(),
                    &audit.booked.get().to_string(),
                    audit.audited_at.millis(),
                    audit.due_at.millis(),
                ],
            )
            .await?;
        Ok(inserted == 1)
    }

    /// Up to `limit` addresses that are to be compared by now and were last below a height, the
    /// longest due first.
    ///
    /// # Errors
    /// When the database refuses or a row makes no sense.
    pub async fn due_audits(
        &mut self,
        chain: NetworkName,
        now: Timestamp,
        below: u64,
        limit: u32,
    ) -> Result<Vec<Audit>, DbError> {
        self.many(
            sql!(
                "SELECT audit.wallet_id, audit.number, address.text, address.account, \
                 address.request_id, audit.height, audit.balance, audit.booked, \
                 audit.audited_at, audit.due_at FROM audit JOIN address ON \
                 address.wallet_id = audit.wallet_id AND address.number = audit.number \
                 WHERE audit.chain = $1 AND audit.due_at <= $2 AND audit.height < $3 \
                 ORDER BY audit.due_at LIMIT $4"
            ),
            vals![chain.as_str(), now.millis(), codec::stored(below), limit],
            read_audit,
        )
        .await
    }

    /// The addresses of a chain that were not compared since a fork below their last comparison, or
    /// were compared last after a block above `fork`; each with its request.
    ///
    /// # Errors
    /// When the database refuses or a row makes no sense.
    pub async fn forked_audits(
        &mut self,
        chain: NetworkName,
        fork: u64,
    ) -> Result<Vec<(PaymentRequestId, String)>, DbError> {
        self.many(
            sql!(
                "SELECT address.request_id, address.text FROM audit JOIN address ON \
                 address.wallet_id = audit.wallet_id AND address.number = audit.number \
                 WHERE audit.chain = $1 AND (audit.due_at = $2 OR audit.height > $3)"
            ),
            vals![chain.as_str(), FORKED.millis(), codec::stored(fork)],
            |row| Ok((codec::id(row, 0)?, row.text(1)?)),
        )
        .await
    }

    /// Makes those addresses due at once that were compared after a block above a fork.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn fork_audits(&mut self, chain: NetworkName, fork: u64) -> Result<(), DbError> {
        self.exec(
            sql!("UPDATE audit SET height = $1, due_at = $2 WHERE chain = $3 AND height > $4"),
            vals![codec::stored(fork), FORKED.millis(), chain.as_str(), codec::stored(fork)],
        )
        .await?;
        Ok(())
    }

    /// Notes a comparison; false when somebody else has compared meanwhile.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn step_audit(
        &mut self,
        chain: NetworkName,
        from: u64,
        to: &Audit,
    ) -> Result<bool, DbError> {
        let stepped = self
            .exec(
                sql!(
                    "UPDATE audit SET height = $1, balance = $2, booked = $3, audited_at = $4, \
                     due_at = $5 WHERE chain = $6 AND wallet_id = $7 AND number = $8 \
                     AND height = $9"
                ),
                vals![
                    codec::stored(to.height),
                    &to.balance.get().to_string(),
                    &to.booked.get().to_string(),
                    to.audited_at.millis(),
                    to.due_at.millis(),
                    chain.as_str(),
                    &to.wallet.text(),
                    to.number,
                    codec::stored(from),
                ],
            )
            .await?;
        Ok(stepped == 1)
    }

    /// Makes all addresses of a chain due that are not yet; how many.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn hasten_audits(
        &mut self,
        chain: NetworkName,
        now: Timestamp,
    ) -> Result<u64, DbError> {
        self.exec(
            sql!("UPDATE audit SET due_at = $1 WHERE chain = $2 AND due_at > $3"),
            vals![now.millis(), chain.as_str(), now.millis()],
        )
        .await
    }

    /// The next comparison of a chain's addresses; none where none is compared.
    ///
    /// # Errors
    /// When the database refuses or a row makes no sense.
    pub async fn next_audit(&mut self, chain: NetworkName) -> Result<Option<NextAudit>, DbError> {
        self.one(
            sql!(
                "SELECT audited_at, due_at FROM audit WHERE chain = $1 AND due_at < $2 \
                 ORDER BY due_at LIMIT 1"
            ),
            vals![chain.as_str(), NEVER.millis()],
            |row| {
                let (audited_at, due_at) = (codec::time(row, 0)?, codec::time(row, 1)?);
                // What is due before everything else is not late because of that.
                Ok(NextAudit { audited_at, due_at: due_at.max(audited_at) })
            },
        )
        .await
    }
}

fn read_audit(row: &Row<'_>) -> Result<Audit, DbError> {
    Ok(Audit {
        wallet: codec::id(row, 0)?,
        number: codec::count(row, 1)?,
        address: Address { text: row.text(2)?, account: row.bytes(3)? },
        request: codec::id(row, 4)?,
        height: codec::count::<u64>(row, 5)?,
        balance: codec::units(row, 6)?,
        booked: codec::units(row, 7)?,
        audited_at: codec::time(row, 8)?,
        due_at: codec::time(row, 9)?,
    })
}
