//! Extended public keys and the addresses issued from them.

use coffer_domain::{
    code::NetworkName,
    id::{MerchantId, PaymentRequestId, WalletId},
    merchant::Environment,
    time::Timestamp,
    transfer::{Address, BlockRef},
};

use crate::{codec, error::DbError, sql, tx::Tx, vals, value::Row};

/// An extended public key as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wallet {
    /// Identity.
    pub id: WalletId,
    /// Whose money it takes; none serves every merchant without a wallet of his own.
    pub merchant: Option<MerchantId>,
    /// The environment it serves.
    pub environment: Environment,
    /// Where it receives: `evm` for all networks of that family, the network's name for one of
    /// Bitcoin's kind, or `sandbox`.
    pub family: String,
    /// The extended public key.
    pub public_key: String,
    /// The number of the first address it gives out.
    pub first_number: u32,
    /// The number its next address gets; never lower than before.
    pub next_number: u32,
    /// When it was added.
    pub created_at: Timestamp,
}

impl Wallet {
    /// How many addresses it has given out.
    #[must_use]
    pub const fn issued(&self) -> u32 {
        self.next_number.saturating_sub(self.first_number)
    }
}

/// An address that was issued, with whom it belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IssuedAddress {
    /// The extended public key it came from.
    pub wallet: WalletId,
    /// Its number under that key.
    pub number: u32,
    /// The network it was shown for.
    pub network: NetworkName,
    /// The address.
    pub address: Address,
    /// The request it was shown to; never another.
    pub request: PaymentRequestId,
    /// The newest block of its chain that had been read when it was shown; none where that is not
    /// known.
    pub shown_after: Option<BlockRef>,
}

impl Tx<'_> {
    /// Adds a wallet.
    ///
    /// # Errors
    /// When the database refuses; a key that stands already in this environment is not unique.
    pub async fn insert_wallet(&mut self, wallet: &Wallet) -> Result<(), DbError> {
        self.exec(
            sql!(
                "INSERT INTO wallet (id, merchant_id, environment, family, public_key, \
                 first_number, next_number, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"
            ),
            vals![
                &wallet.id.text(),
                wallet.merchant.map(|id| id.text()).as_deref(),
                wallet.environment.as_str(),
                &wallet.family,
                &wallet.public_key,
                wallet.first_number,
                wallet.next_number,
                wallet.created_at.millis(),
            ],
        )
        .await?;
        Ok(())
    }

    /// Every wallet, oldest first.
    ///
    /// # Errors
    /// When the database refuses or a row makes no sense.
    pub async fn wallets(&mut self) -> Result<Vec<Wallet>, DbError> {
        self.many(
            sql!(
                "SELECT id, merchant_id, environment, family, public_key, first_number, \
                 next_number, created_at FROM wallet ORDER BY id"
            ),
            vals![],
            read_wallet,
        )
        .await
    }

    /// Lets a wallet begin with another number; false where it has given out an address.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn begin_wallet_at(&mut self, wallet: WalletId, first: u32) -> Result<bool, DbError> {
        let changed = self
            .exec(
                sql!(
                    "UPDATE wallet SET first_number = $1, next_number = $1 \
                     WHERE id = $2 AND next_number = first_number"
                ),
                vals![first, &wallet.text()],
            )
            .await?;
        Ok(changed > 0)
    }

    /// Takes the next address number of a wallet; it is never given again once committed.
    ///
    /// # Errors
    /// When the database refuses or there is no such wallet.
    pub async fn take_address_number(&mut self, wallet: WalletId) -> Result<u32, DbError> {
        let number = self
            .one(
                sql!(
                    "UPDATE wallet SET next_number = next_number + 1 WHERE id = $1 \
                     RETURNING next_number - 1"
                ),
                vals![&wallet.text()],
                |row| codec::count(row, 0),
            )
            .await?;
        number.ok_or_else(|| DbError::inconsistent("wallet", &wallet.text()))
    }

    /// Records an address as shown to a request.
    ///
    /// # Errors
    /// When the database refuses; a number that was used already is not unique.
    pub async fn insert_address(
        &mut self,
        issued: &IssuedAddress,
        now: Timestamp,
    ) -> Result<(), DbError> {
        self.exec(
            sql!(
                "INSERT INTO address (wallet_id, number, network, text, account, request_id, \
                 created_at, shown_height, shown_hash) \
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)"
            ),
            vals![
                &issued.wallet.text(),
                issued.number,
                issued.network.as_str(),
                &issued.address.text,
                &issued.address.account,
                &issued.request.text(),
                now.millis(),
                issued.shown_after.as_ref().map(|at| codec::stored(at.height)),
                issued.shown_after.as_ref().map(|at| at.hash.as_str()),
            ],
        )
        .await?;
        Ok(())
    }

    /// The addresses of that text, and when each was issued. Reads every address: a random index
    /// would be paid for by every request that takes one.
    ///
    /// # Errors
    /// When the database refuses or a row makes no sense.
    pub async fn addresses_of_text(
        &mut self,
        text: &str,
    ) -> Result<Vec<(IssuedAddress, Timestamp)>, DbError> {
        self.many(
            sql!(
                "SELECT wallet_id, number, network, text, account, request_id, shown_height, \
                 shown_hash, created_at FROM address WHERE text = $1"
            ),
            vals![text],
            |row| Ok((read_address(row)?, codec::time(row, 8)?)),
        )
        .await
    }

    /// The numbers of up to `limit` addresses of a wallet, from number `from` on, to which
    /// something was paid that is still there.
    ///
    /// # Errors
    /// When the database refuses or a row makes no sense.
    pub async fn paid_numbers_from(
        &mut self,
        wallet: WalletId,
        from: u32,
        limit: u32,
    ) -> Result<Vec<u32>, DbError> {
        self.many(
            sql!(
                "SELECT number FROM address WHERE wallet_id = $1 AND number >= $2 AND EXISTS \
                 (SELECT 1 FROM transfer WHERE transfer.request_id = address.request_id \
                 AND transfer.address = address.text AND transfer.position <> 'gone') \
                 ORDER BY number LIMIT $3"
            ),
            vals![&wallet.text(), from, limit],
            |row| codec::count(row, 0),
        )
        .await
    }

    /// Up to `limit` addresses of a wallet from number `from` on, in order.
    ///
    /// # Errors
    /// When the database refuses or a row makes no sense.
    pub async fn addresses_from(
        &mut self,
        wallet: WalletId,
        from: u32,
        limit: u32,
    ) -> Result<Vec<IssuedAddress>, DbError> {
        self.many(
            sql!(
                "SELECT wallet_id, number, network, text, account, request_id, shown_height, \
                 shown_hash FROM address \
                 WHERE wallet_id = $1 AND number >= $2 ORDER BY number LIMIT $3"
            ),
            vals![&wallet.text(), from, limit],
            read_address,
        )
        .await
    }

    /// Up to `limit` accounts of a wallet from number `from` on, in order: the number and account
    /// of each.
    ///
    /// # Errors
    /// When the database refuses or a row makes no sense.
    pub async fn accounts_from(
        &mut self,
        wallet: WalletId,
        from: u32,
        limit: u32,
    ) -> Result<Vec<(u32, Vec<u8>)>, DbError> {
        self.many(
            sql!(
                "SELECT number, account FROM address \
                 WHERE wallet_id = $1 AND number >= $2 ORDER BY number LIMIT $3"
            ),
            vals![&wallet.text(), from, limit],
            |row| Ok((codec::count(row, 0)?, row.bytes(1)?)),
        )
        .await
    }

    /// The address of a number under a wallet's key; none where it was not issued.
    ///
    /// # Errors
    /// When the database refuses or the row makes no sense.
    pub async fn address(
        &mut self,
        wallet: WalletId,
        number: u32,
    ) -> Result<Option<IssuedAddress>, DbError> {
        self.one(
            sql!(
                "SELECT wallet_id, number, network, text, account, request_id, shown_height, \
                 shown_hash FROM address WHERE wallet_id = $1 AND number = $2"
            ),
            vals![&wallet.text(), number],
            read_address,
        )
        .await
    }
}

fn read_wallet(row: &Row<'_>) -> Result<Wallet, DbError> {
    Ok(Wallet {
        id: codec::id(row, 0)?,
        merchant: codec::opt_parsed(row, 1)?,
        environment: codec::environment(row, 2)?,
        family: row.text(3)?,
        public_key: row.text(4)?,
        first_number: codec::count(row, 5)?,
        next_number: codec::count(row, 6)?,
        created_at: codec::time(row, 7)?,
    })
}

fn read_address(row: &Row<'_>) -> Result<IssuedAddress, DbError> {
    Ok(IssuedAddress {
        wallet: codec::id(row, 0)?,
        number: codec::count(row, 1)?,
        network: codec::parsed(row, 2)?,
        address: Address { text: row.text(3)?, account: row.bytes(4)? },
        request: codec::id(row, 5)?,
        shown_after: match (codec::opt_count(row, 6)?, row.opt_text(7)?) {
            (Some(height), Some(hash)) => Some(BlockRef { height, hash }),
            _ => None,
        },
    })
}
