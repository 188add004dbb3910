//! Whether the books are right: every account is the sum of its entries, every asset sums to zero,
//! and the entries of each request say what its state says.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::PoisonError,
};

use coffer_domain::{
    books::{Account, Balance, Held, Total, entries},
    id::PaymentRequestId,
    merchant::{Environment, Scope},
    money::AssetId,
    payment_request::PaymentRequest,
};
use coffer_store::{books::BookedEntry, error::DbError, tx::Tx};

use crate::{alarms::Alarm, engine::Engine, error::EngineError};

/// Entries, and requests, read at once.
const PAGE: u32 = 1_000;
/// Requests that the worker compares in one run, and entries of the newest it looks at.
const PART: u32 = 500;
/// Findings that are told one by one.
const TOLD: usize = 100;

/// What a check of the books has found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BooksReport {
    /// Entries that were added up.
    pub entries: u64,
    /// Accounts they stand on.
    pub accounts: u64,
    /// Requests whose state was compared with their entries.
    pub requests: u64,
    /// Requests from before the books that are not booked yet.
    pub unopened: u64,
    /// How much is wrong.
    pub wrong: u64,
    /// What is wrong, a sentence each; the first hundred.
    pub findings: Vec<String>,
}

impl BooksReport {
    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_right(&self) -> bool {
        self.wrong == 0
    }

    fn find(&mut self, finding: String) {
        self.wrong += 1;
        if self.findings.len() < TOLD {
            self.findings.push(finding);
        }
    }
}

type Balances = BTreeMap<Account, Balance>;

impl Engine {
    /// Checks the books as they stand at one moment. Reads all of them, a page at a time.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn check_books(&self) -> Result<BooksReport, EngineError> {
        let report = self
            .store()
            .read(async |tx: &mut Tx<'_>| {
                let mut report = BooksReport::default();
                let sums = add_up(tx, &mut report).await?;
                let accounts = accounts(tx).await?;
                compare(&sums, &accounts, &mut report);
                sum_to_zero(&accounts, &mut report);
                let mut should = Balances::new();
                let (mut last, mut more) = (None, true);
                while more {
                    let page = tx.requests_with_transfers(last, PAGE).await?;
                    (last, more) = (page.last().copied(), !page.is_empty());
                    compare_requests(tx, &page, &mut should, &mut report).await?;
                }
                compare_whole(&should, &accounts, &mut report);
                Ok(report)
            })
            .await
            .map_err(|error: DbError| error)?;
        Ok(report)
    }

    /// Checks a part of the books, another one each time, and what was booked last; raises an alarm
    /// where something is wrong. What is read is bounded, however large the books are.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn watch_books(&self) -> Result<(), EngineError> {
        let after = *self.books.compared.lock().unwrap_or_else(PoisonError::into_inner);
        let read: Result<_, DbError> = self
            .store()
            .read(async move |tx: &mut Tx<'_>| {
                let mut report = BooksReport::default();
                let accounts = accounts(tx).await?;
                sum_to_zero(&accounts, &mut report);
                let page = tx.requests_with_transfers(after, PART).await?;
                let newest = tx.newest_entries(PART).await?;
                let mut newest: Vec<_> = newest.iter().filter_map(|entry| entry.request).collect();
                newest.dedup();
                let mut should = Balances::new();
                for part in [&page, &newest] {
                    compare_requests(tx, part, &mut should, &mut report).await?;
                }
                Ok((page.last().copied(), report))
            })
            .await;
        let (last, report) = read?;
        *self.books.compared.lock().unwrap_or_else(PoisonError::into_inner) = last;
        let Some(first) = report.findings.first().cloned() else { return Ok(()) };
        let (engine, now, wrong) = (self.clone(), self.now(), report.wrong);
        let raised: Result<(), DbError> = self
            .store()
            .write(async move |tx: &mut Tx<'_>| {
                let detail = format_args!("{wrong} findings, the first: {first}");
                engine.raise(tx, Alarm::BooksWrong, "the books", detail, now).await
            })
            .await;
        Ok(raised?)
    }
}

/// The sums of all entries.
async fn add_up(tx: &mut Tx<'_>, report: &mut BooksReport) -> Result<Balances, DbError> {
    let mut sums = Balances::new();
    let mut last = None;
    loop {
        let page = tx.entries_after(last, PAGE).await?;
        let Some(newest) = page.last() else { return Ok(sums) };
        last = Some((newest.journal, newest.ordinal));
        for entry in &page {
            take_in(&mut sums, entry);
            report.entries += 1;
        }
    }
}

fn take_in(sums: &mut Balances, entry: &BookedEntry) {
    let account = |kind| Account { scope: entry.scope, kind, asset: entry.asset };
    add(sums, (account(entry.debit), account(entry.credit)), entry.units);
}

fn add(sums: &mut Balances, (debit, credit): (Account, Account), units: Total) {
    let debited = sums.entry(debit).or_default();
    debited.debited = debited.debited.and(units);
    let credited = sums.entry(credit).or_default();
    credited.credited = credited.credited.and(units);
}

async fn accounts(tx: &mut Tx<'_>) -> Result<Balances, DbError> {
    let mut accounts = Balances::new();
    for environment in [Environment::Live, Environment::Sandbox] {
        let stored = tx.accounts(environment).await?;
        accounts.extend(stored.into_iter().map(|one| (one.account, one.balance)));
    }
    Ok(accounts)
}

/// Every account is the sum of its entries, and holds something on its own side.
fn compare(sums: &Balances, accounts: &Balances, report: &mut BooksReport) {
    report.accounts = u64::try_from(accounts.len()).unwrap_or(u64::MAX);
    for account in sums.keys().filter(|account| !accounts.contains_key(account)) {
        report.find(format!("{} has entries and no account", named(account)));
    }
    for (account, balance) in accounts {
        let summed = sums.get(account).copied().unwrap_or_default();
        if summed != *balance {
            report.find(format!(
                "{} stands at {} debited and {} credited; its entries sum to {} and {}",
                named(account),
                balance.debited,
                balance.credited,
                summed.debited,
                summed.credited
            ));
        }
        if let Held::Lacks(lack) = balance.held(account.kind) {
            report.find(format!("{} lacks {lack} base units", named(account)));
        }
    }
}

/// What was debited of an asset is what was credited of it.
fn sum_to_zero(accounts: &Balances, report: &mut BooksReport) {
    let mut assets: BTreeMap<(Environment, AssetId), Balance> = BTreeMap::new();
    for (account, balance) in accounts {
        let sum = assets.entry((account.scope.environment, account.asset)).or_default();
        sum.debited = sum.debited.and(balance.debited);
        sum.credited = sum.credited.and(balance.credited);
    }
    for ((environment, asset), sum) in assets {
        if sum.debited != sum.credited {
            report.find(format!(
                "of {asset} ({}) {} was debited and {} credited",
                environment.as_str(),
                sum.debited,
                sum.credited
            ));
        }
    }
}

/// The entries of requests say what their states say. What they should be is added up.
async fn compare_requests(
    tx: &mut Tx<'_>,
    requests: &[PaymentRequestId],
    should: &mut Balances,
    report: &mut BooksReport,
) -> Result<(), DbError> {
    for id in requests {
        let Some(stored) = tx.request(*id).await? else {
            report.find(format!("transfers of payment request {id} that is not there"));
            continue;
        };
        let mut booked = Balances::new();
        for entry in tx.entries_of(*id).await? {
            take_in(&mut booked, &entry);
        }
        if stored.booked {
            report.requests += 1;
        } else {
            report.unopened += 1;
        }
        let state = stored.booked.then_some(&stored.request);
        let own = state.map(of_state).unwrap_or_default();
        differences(&own, &booked, |account, should, is| {
            let name = named(account);
            report.find(format!("payment request {id}: {name} is {is} and should be {should}"));
        });
        for (account, balance) in own {
            let sum = should.entry(account).or_default();
            sum.debited = sum.debited.and(balance.debited);
            sum.credited = sum.credited.and(balance.credited);
        }
    }
    Ok(())
}

/// Nothing stands on an account but what requests hold.
fn compare_whole(should: &Balances, accounts: &Balances, report: &mut BooksReport) {
    differences(should, accounts, |account, should, is| {
        let name = named(account);
        report.find(format!("{name} is {is}, and all requests together hold {should}"));
    });
}

/// What a request should have on its accounts.
fn of_state(request: &PaymentRequest) -> Balances {
    let mut sums = Balances::new();
    for entry in entries(None, request) {
        let units = Total::ZERO.plus(entry.units);
        let account = |kind| Account { scope: request.scope, kind, asset: entry.asset };
        add(&mut sums, (account(entry.debit), account(entry.credit)), units);
    }
    sums
}

/// Calls with every account on which two books hold different sums, and what each says.
fn differences(should: &Balances, is: &Balances, mut found: impl FnMut(&Account, Held, Held)) {
    let accounts: BTreeSet<&Account> = should.keys().chain(is.keys()).collect();
    for account in accounts {
        let of =
            |sums: &Balances| sums.get(account).copied().unwrap_or_default().held(account.kind);
        let (should, is) = (of(should), of(is));
        if should != is {
            found(account, should, is);
        }
    }
}

fn named(account: &Account) -> String {
    let Scope { merchant, environment } = account.scope;
    let (kind, asset) = (account.kind.as_str(), account.asset);
    format!("{kind} of {asset}, merchant {merchant}, {}", environment.as_str())
}
