//! Whether the books are right: every account is the sum of its entries, every asset sums to zero,
//! and the entries of each request say what its state says.

use std::collections::BTreeMap;

use coffer_domain::{
    books::{Account, Balance, Held, Total, entries},
    id::PaymentRequestId,
    merchant::{Environment, Scope},
    money::AssetId,
};
use coffer_store::{books::BookedEntry, error::DbError, tx::Tx};

use crate::{alarms::Alarm, engine::Engine, error::EngineError};

/// Entries, and requests, read at once.
const PAGE: u32 = 1_000;
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
    /// What is wrong, a sentence each; at most a hundred.
    pub findings: Vec<String>,
}

impl BooksReport {
    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_right(&self) -> bool {
        self.findings.is_empty()
    }

    fn find(&mut self, finding: String) {
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
                compare_requests(tx, &mut report).await?;
                Ok(report)
            })
            .await
            .map_err(|error: DbError| error)?;
        Ok(report)
    }

    /// Checks the books and raises an alarm where something is wrong.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn watch_books(&self) -> Result<(), EngineError> {
        let report = self.check_books().await?;
        let Some(first) = report.findings.first().cloned() else { return Ok(()) };
        let (engine, now, count) = (self.clone(), self.now(), report.findings.len());
        let raised: Result<(), DbError> = self
            .store()
            .write(async move |tx: &mut Tx<'_>| {
                let detail = format_args!("{count} findings, the first: {first}");
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
    let debited = sums.entry(account(entry.debit)).or_default();
    debited.debited = debited.debited.and(entry.units);
    let credited = sums.entry(account(entry.credit)).or_default();
    credited.credited = credited.credited.and(entry.units);
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

/// The entries of every request say what its state says.
async fn compare_requests(tx: &mut Tx<'_>, report: &mut BooksReport) -> Result<(), DbError> {
    let mut last = None;
    loop {
        let page = tx.requests_with_transfers(last, PAGE).await?;
        let Some(newest) = page.last() else { return Ok(()) };
        last = Some(*newest);
        for request in page {
            compare_request(tx, request, report).await?;
        }
    }
}

async fn compare_request(
    tx: &mut Tx<'_>,
    id: PaymentRequestId,
    report: &mut BooksReport,
) -> Result<(), DbError> {
    let Some(stored) = tx.request(id).await? else {
        report.find(format!("transfers of payment request {id} that is not there"));
        return Ok(());
    };
    if !stored.booked {
        report.unopened += 1;
        return Ok(());
    }
    report.requests += 1;
    let mut booked = Balances::new();
    for entry in tx.entries_of(id).await? {
        take_in(&mut booked, &entry);
    }
    let mut expected = Balances::new();
    for entry in entries(None, &stored.request) {
        let units = Total::ZERO.plus(entry.units);
        let scope = stored.request.scope;
        let account = |kind| Account { scope, kind, asset: entry.asset };
        let debited = expected.entry(account(entry.debit)).or_default();
        debited.debited = debited.debited.and(units);
        let credited = expected.entry(account(entry.credit)).or_default();
        credited.credited = credited.credited.and(units);
    }
    let touched = booked.keys().chain(expected.keys()).copied();
    let touched: std::collections::BTreeSet<Account> = touched.collect();
    for account in touched {
        let of = |sums: &Balances| sums.get(&account).copied().unwrap_or_default();
        let (is, should) = (of(&booked).held(account.kind), of(&expected).held(account.kind));
        if is != should {
            let name = named(&account);
            report.find(format!("payment request {id}: {name} is {is} and should be {should}"));
        }
    }
    Ok(())
}

fn named(account: &Account) -> String {
    let Scope { merchant, environment } = account.scope;
    let (kind, asset) = (account.kind.as_str(), account.asset);
    format!("{kind} of {asset}, merchant {merchant}, {}", environment.as_str())
}
