//! `coffer books …`

mod export;
mod journal;
mod prove;

use std::collections::BTreeMap;

use clap::{Args, Subcommand};
use coffer_domain::{
    books::{AccountKind, Balance, Held},
    id::MerchantId,
    merchant::Environment,
    money::AssetId,
};
use coffer_engine::{books::BooksReport, engine::Engine};
use coffer_store::{books::StoredAccount, error::DbError, tx::Tx};
use serde_json::{Value, json};

use super::merchant;
use crate::{
    failure::Failure,
    terminal::{Terminal, columns},
};

/// `coffer books …`
#[derive(Debug, Subcommand)]
pub enum BooksCommand {
    /// Add up all entries and hold them against accounts and payment requests
    ///
    /// Reads everything at one moment, beside a running server. Its status is 1 if anything is
    /// wrong.
    Check,
    /// What every account holds
    Balance {
        /// Whose books
        #[command(flatten)]
        whose: Whose,
    },
    /// The newest entries, or all of a payment request
    Journal {
        /// Those of one payment request, oldest first
        #[arg(long, value_name = "ID")]
        request: Option<String>,
        /// How many of the newest
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=1000))]
        limit: u32,
    },
    /// Hold what is booked against what a network says that our addresses hold
    ///
    /// It asks the network's endpoints. What is not there any more was moved away with the keys of
    /// the wallet, which Coffer does not have; an Esplora server cannot be asked, as it is told no
    /// address. Its status is 1 if accounts and payment requests differ.
    Prove {
        /// The network
        network: String,
    },
    /// Write what came in and went out as CSV: opening, in, out, closing, and its value
    ///
    /// A row is a merchant, an asset and the currency its requests were priced in. The value is
    /// that of what came in, by the rate of the quote it was paid to.
    Export {
        /// Whose books
        #[command(flatten)]
        whose: Whose,
        /// The first day, in UTC, as 2026-01-31 [default: the first there is]
        #[arg(long, value_name = "DAY")]
        from: Option<String>,
        /// The day behind the last, in UTC [default: up to now]
        #[arg(long, value_name = "DAY")]
        to: Option<String>,
    },
}

/// Whose books.
#[derive(Debug, Args)]
pub struct Whose {
    /// Those of one merchant
    #[arg(long, value_name = "ID")]
    pub merchant: Option<String>,
    /// Those of the sandbox instead of real money
    #[arg(long)]
    pub sandbox: bool,
}

impl Whose {
    const fn environment(&self) -> Environment {
        if self.sandbox { Environment::Sandbox } else { Environment::Live }
    }

    async fn merchant(&self, engine: &Engine) -> Result<Option<MerchantId>, Failure> {
        match &self.merchant {
            Some(id) => Ok(Some(merchant::find(engine, id).await?.id)),
            None => Ok(None),
        }
    }
}

pub(super) async fn run(
    engine: &Engine,
    command: &BooksCommand,
    terminal: Terminal,
) -> Result<(), Failure> {
    match command {
        BooksCommand::Check => check(&engine.check_books().await?, terminal),
        BooksCommand::Balance { whose } => balance(engine, whose, terminal).await,
        BooksCommand::Journal { request, limit } => {
            journal::run(engine, request.as_deref(), *limit, terminal).await
        }
        BooksCommand::Prove { network } => prove::run(engine, network, terminal).await,
        BooksCommand::Export { whose, from, to } => {
            export::run(engine, whose, from.as_deref(), to.as_deref(), terminal).await
        }
    }
}

fn check(report: &BooksReport, terminal: Terminal) -> Result<(), Failure> {
    terminal.answer(
        || {
            json!({
                "entries": report.entries,
                "accounts": report.accounts,
                "requests": report.requests,
                "unopened": report.unopened,
                "wrong": report.wrong,
                "findings": report.findings,
            })
        },
        || {
            let BooksReport { entries, accounts, requests, unopened, findings, .. } = report;
            let mut text = format!(
                "{entries} entries on {accounts} accounts, {requests} payment requests compared.\n"
            );
            if *unopened > 0 {
                text += &format!(
                    "{unopened} payment requests are from before the books; a running server \
                     books them.\n"
                );
            }
            for finding in findings {
                text += &format!("wrong: {finding}\n");
            }
            if report.is_right() {
                text += "Every account is the sum of its entries, every asset sums to zero, and \
                         every request says what is booked for it.\n";
            }
            text
        },
    )?;
    match report.wrong {
        0 => Ok(()),
        wrong => Err(Failure::new(format!("the books are wrong in {wrong} places"))),
    }
}

/// The accounts of a merchant in an asset.
type Accounts = BTreeMap<(MerchantId, AssetId), BTreeMap<AccountKind, Balance>>;

async fn balance(engine: &Engine, whose: &Whose, terminal: Terminal) -> Result<(), Failure> {
    let (environment, merchant) = (whose.environment(), whose.merchant(engine).await?);
    let accounts: Result<Vec<StoredAccount>, DbError> =
        engine.store().read(async move |tx: &mut Tx<'_>| tx.accounts(environment).await).await;
    let mut held = Accounts::new();
    for StoredAccount { account, balance } in accounts? {
        if merchant.is_none_or(|merchant| account.scope.merchant == merchant) {
            let key = (account.scope.merchant, account.asset);
            held.entry(key).or_default().insert(account.kind, balance);
        }
    }
    terminal.answer(|| objects(engine, &held), || lines(engine, &held, whose))
}

/// An amount as a decimal; in base units, and saying so, where the settings do not name the asset
/// any more, so that nobody takes it for one.
fn amount(engine: &Engine, asset: AssetId, held: Held) -> String {
    match engine.catalogue().asset(asset) {
        Some(known) => held.decimal(known.decimals),
        None => format!("{held} base units"),
    }
}

fn of_kind(
    engine: &Engine,
    asset: AssetId,
    accounts: &BTreeMap<AccountKind, Balance>,
    kind: AccountKind,
) -> String {
    let balance = accounts.get(&kind).copied().unwrap_or_default();
    amount(engine, asset, balance.held(kind))
}

fn objects(engine: &Engine, held: &Accounts) -> Value {
    let balance = |((merchant, asset), accounts): (&(MerchantId, AssetId), _)| {
        let mut object = json!({
            "merchant": merchant.text(),
            "iso": asset.iso.as_str(),
            "network": asset.network.as_str(),
        });
        for kind in AccountKind::ALL {
            object[kind.as_str()] = of_kind(engine, *asset, accounts, kind).into();
        }
        object
    };
    json!({"balances": held.iter().map(balance).collect::<Vec<_>>()})
}

fn lines(engine: &Engine, held: &Accounts, whose: &Whose) -> String {
    if held.is_empty() {
        let other = if whose.sandbox { "" } else { "; --sandbox shows those of the sandbox" };
        return format!("Nothing is booked yet{other}.\n");
    }
    let mut head = vec!["merchant".to_owned(), "asset".to_owned()];
    head.extend(AccountKind::ALL.map(|kind| kind.as_str().replace('_', " ")));
    let row = |((merchant, asset), accounts): (&(MerchantId, AssetId), _)| {
        let mut row = vec![merchant.text(), asset.to_string()];
        row.extend(AccountKind::ALL.map(|kind| of_kind(engine, *asset, accounts, kind)));
        row
    };
    columns(&std::iter::once(head).chain(held.iter().map(row)).collect::<Vec<_>>())
}
