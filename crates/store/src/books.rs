//! The books: journals with their entries, and what stands on each account.
//!
//! [`Tx::book`] writes a journal. What it moves is kept until the end of the transaction, which
//! then changes each account once, however many journals touched it: so that a block of payments
//! costs a busy account one row.

mod read;

use std::collections::BTreeMap;

use coffer_domain::{
    books::{Account, AccountKind, Arrival, Balance, Cause, Entry, Total},
    id::{JournalId, PaymentRequestId},
    merchant::{Environment, Scope},
    time::Timestamp,
};

pub use read::BookedEntry;

use crate::{codec, error::DbError, sql, tx::Tx, vals, value::Row};

/// What is booked together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Journal {
    /// Identity, by time.
    pub id: JournalId,
    /// Says what it books, so that it is booked once: `request:{id}:{version}`.
    pub key: String,
    /// Whose accounts it moves.
    pub scope: Scope,
    /// The request it belongs to, if any.
    pub request: Option<PaymentRequestId>,
    /// When it was booked.
    pub booked_at: Timestamp,
    /// What it moves.
    pub entries: Vec<Entry>,
}

/// An account with both its sides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredAccount {
    /// Which.
    pub account: Account,
    /// What was debited and credited.
    pub balance: Balance,
}

/// What a journal moves on an account, until the transaction ends.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Posting {
    account: Account,
    balance: Balance,
}

impl Tx<'_> {
    /// Books a journal. What it moves is on the accounts when the transaction commits.
    ///
    /// # Errors
    /// When it was booked before, when one of its arrivals was, or when the database refuses.
    pub async fn book(&mut self, journal: &Journal) -> Result<(), DbError> {
        self.exec(
            sql!(
                "INSERT INTO journal (id, idempotency_key, merchant_id, environment, request_id, \
                 booked_at) VALUES ($1, $2, $3, $4, $5, $6)"
            ),
            vals![
                &journal.id.text(),
                &journal.key,
                &journal.scope.merchant.text(),
                journal.scope.environment.as_str(),
                journal.request.map(|id| id.text()),
                journal.booked_at.millis(),
            ],
        )
        .await?;
        for (ordinal, entry) in (0_i64..).zip(&journal.entries) {
            self.insert_entry(journal, ordinal, entry).await?;
            self.post(journal.scope, entry);
        }
        Ok(())
    }

    /// Moves on the accounts what was booked in this transaction, each account once and in one
    /// order, so that two transactions do not wait for each other.
    ///
    /// # Errors
    /// When another transaction moved an account meanwhile, or the database refuses.
    pub(crate) async fn post_accounts(&mut self) -> Result<(), DbError> {
        let mut moved: BTreeMap<Account, Balance> = BTreeMap::new();
        for posting in self.take_postings() {
            let sum = moved.entry(posting.account).or_default();
            *sum = added(*sum, posting.balance);
        }
        for (account, moved) in moved {
            let before = self.account(account).await?;
            let after = added(before.unwrap_or_default(), moved);
            if !self.write_account(account, before, after).await? {
                return Err(self.lost_race());
            }
        }
        Ok(())
    }

    /// What stands on an account; none where nothing was booked on it.
    ///
    /// # Errors
    /// When the database refuses or a row makes no sense.
    pub async fn account(&mut self, account: Account) -> Result<Option<Balance>, DbError> {
        self.one(
            sql!(
                "SELECT debited, credited FROM account WHERE merchant_id = $1 AND \
                 environment = $2 AND iso = $3 AND network = $4 AND kind = $5"
            ),
            vals![
                &account.scope.merchant.text(),
                account.scope.environment.as_str(),
                account.asset.iso.as_str(),
                account.asset.network.as_str(),
                account.kind.as_str(),
            ],
            |row| balance(row, 0),
        )
        .await
    }

    /// The accounts of an environment, by merchant, asset and kind.
    ///
    /// # Errors
    /// When the database refuses or a row makes no sense.
    pub async fn accounts(
        &mut self,
        environment: Environment,
    ) -> Result<Vec<StoredAccount>, DbError> {
        self.many(
            sql!(
                "SELECT merchant_id, iso, network, kind, debited, credited FROM account \
                 WHERE environment = $1 ORDER BY merchant_id, iso, network, kind"
            ),
            vals![environment.as_str()],
            |row| {
                let scope = Scope { merchant: codec::id(row, 0)?, environment };
                let account = Account { scope, kind: kind(row, 3)?, asset: codec::asset(row, 1)? };
                Ok(StoredAccount { account, balance: balance(row, 4)? })
            },
        )
        .await
    }

    fn post(&mut self, scope: Scope, entry: &Entry) {
        let account = |kind| Account { scope, kind, asset: entry.asset };
        let moved = Total::ZERO.plus(entry.units);
        let debited = Balance { debited: moved, credited: Total::ZERO };
        let credited = Balance { debited: Total::ZERO, credited: moved };
        self.keep_posting(Posting { account: account(entry.debit), balance: debited });
        self.keep_posting(Posting { account: account(entry.credit), balance: credited });
    }

    async fn write_account(
        &mut self,
        account: Account,
        before: Option<Balance>,
        after: Balance,
    ) -> Result<bool, DbError> {
        let (merchant, asset) = (account.scope.merchant.text(), account.asset);
        let environment = account.scope.environment.as_str();
        let (debited, credited) = (after.debited.to_string(), after.credited.to_string());
        let Some(before) = before else {
            let rows = self
                .exec(
                    sql!(
                        "INSERT INTO account (merchant_id, environment, iso, network, kind, \
                         debited, credited) VALUES ($1, $2, $3, $4, $5, $6, $7) \
                         ON CONFLICT DO NOTHING"
                    ),
                    vals![
                        &merchant,
                        environment,
                        asset.iso.as_str(),
                        asset.network.as_str(),
                        account.kind.as_str(),
                        &debited,
                        &credited,
                    ],
                )
                .await?;
            return Ok(rows == 1);
        };
        let rows = self
            .exec(
                sql!(
                    "UPDATE account SET debited = $1, credited = $2 WHERE merchant_id = $3 AND \
                     environment = $4 AND iso = $5 AND network = $6 AND kind = $7 AND \
                     debited = $8 AND credited = $9"
                ),
                vals![
                    &debited,
                    &credited,
                    &merchant,
                    environment,
                    asset.iso.as_str(),
                    asset.network.as_str(),
                    account.kind.as_str(),
                    &before.debited.to_string(),
                    &before.credited.to_string(),
                ],
            )
            .await?;
        Ok(rows == 1)
    }

    async fn insert_entry(
        &mut self,
        journal: &Journal,
        ordinal: i64,
        entry: &Entry,
    ) -> Result<(), DbError> {
        let reference = match &entry.cause {
            Cause::Transfer(reference) => Some(reference.to_string()),
            Cause::Surplus => None,
        };
        let arrival = self.arrival(journal.request, entry.arrival, reference.as_deref()).await?;
        self.exec(
            sql!(
                "INSERT INTO entry (journal_id, ordinal, debit, credit, iso, network, units, \
                 reference, arrival, reverses) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"
            ),
            vals![
                &journal.id.text(),
                ordinal,
                entry.debit.as_str(),
                entry.credit.as_str(),
                entry.asset.iso.as_str(),
                entry.asset.network.as_str(),
                &entry.units.get().to_string(),
                &reference,
                &arrival,
                i64::from(entry.reverses),
            ],
        )
        .await?;
        Ok(())
    }

    /// What may be booked once of an arrival: the movement, and how often it had been taken back.
    async fn arrival(
        &mut self,
        request: Option<PaymentRequestId>,
        arrival: Arrival,
        reference: Option<&str>,
    ) -> Result<Option<String>, DbError> {
        let Some(reference) = reference.filter(|_| arrival != Arrival::None) else {
            return Ok(None);
        };
        let taken_back = match (arrival, request) {
            (Arrival::Again, Some(request)) => self.taken_back(request, reference).await?,
            _ => 0,
        };
        Ok(Some(match taken_back {
            0 => reference.to_owned(),
            times => format!("{reference}#{times}"),
        }))
    }

    async fn taken_back(
        &mut self,
        request: PaymentRequestId,
        reference: &str,
    ) -> Result<u64, DbError> {
        let times = self
            .one(
                sql!(
                    "SELECT COUNT(*) FROM entry JOIN journal ON journal.id = entry.journal_id \
                     WHERE journal.request_id = $1 AND entry.reference = $2 AND \
                     entry.credit = 'treasury'"
                ),
                vals![&request.text(), reference],
                |row| codec::count(row, 0),
            )
            .await?;
        Ok(times.unwrap_or(0))
    }
}

fn added(one: Balance, other: Balance) -> Balance {
    Balance { debited: one.debited.and(other.debited), credited: one.credited.and(other.credited) }
}

fn balance(row: &Row<'_>, index: usize) -> Result<Balance, DbError> {
    Ok(Balance { debited: codec::parsed(row, index)?, credited: codec::parsed(row, index + 1)? })
}

fn kind(row: &Row<'_>, index: usize) -> Result<AccountKind, DbError> {
    let text = row.text(index)?;
    AccountKind::parse(&text).ok_or_else(|| DbError::inconsistent(row.column(index), &text))
}
