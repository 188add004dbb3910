//! `coffer wallet …`

mod new;

pub use new::NewArgs;
pub(super) use new::run as new;

use clap::Args;
use coffer_domain::{code::NetworkName, merchant::Environment};
use coffer_engine::{address::FIRST_MAX, doctor::limit_for, engine::Engine};
use coffer_store::{
    error::DbError,
    tx::Tx,
    wallet::{IssuedAddress, Wallet},
};
use serde_json::{Value, json};

use super::{WalletCommand, merchant, moment};
use crate::{
    failure::Failure,
    network_name::unknown,
    terminal::{self, Terminal, columns},
};

/// Arguments of `coffer wallet add`.
#[derive(Debug, Args)]
pub struct AddArgs {
    /// The network; one key serves all EVM networks, and one of Bitcoin's kind only itself
    #[arg(long, value_name = "NETWORK")]
    network: String,
    /// The extended public key or descriptor; never a private one
    public_key: String,
    /// For one merchant alone
    #[arg(long, value_name = "ID")]
    merchant: Option<String>,
    /// The number of the first address to give out [default: 0]; those below are left to others
    ///
    /// Until an address was given out, the same command with another number changes it.
    /// Wallets that are restored from their words look at 20 unused addresses in a row: behind a
    /// longer row, set their gap limit.
    #[arg(long, value_name = "NUMBER", 
          value_parser = clap::value_parser!(u32).range(..=i64::from(FIRST_MAX)))]
    first: Option<u32>,
    /// For sandbox keys on test networks
    #[arg(long)]
    sandbox: bool,
}

/// Addresses read at a time.
const PAGE: u32 = 1_000;

pub(super) async fn run(
    engine: &Engine,
    command: &WalletCommand,
    terminal: Terminal,
) -> Result<(), Failure> {
    match command {
        WalletCommand::Add(args) => {
            let AddArgs { network, public_key, merchant, first, sandbox } = args;
            let environment = if *sandbox { Environment::Sandbox } else { Environment::Live };
            let merchant = merchant.as_deref();
            add(engine, network, (public_key, *first), merchant, environment, terminal).await
        }
        // Needs no engine, so it is seldom asked of one.
        WalletCommand::New(args) => new(args, terminal),
        WalletCommand::List => {
            let wallets = wallets(engine).await?;
            terminal.answer(
                || json!({"wallets": wallets.iter().map(object).collect::<Vec<_>>()}),
                || table(&wallets),
            )
        }
        WalletCommand::Export { id } => export(engine, id, terminal).await,
    }
}

async fn add(
    engine: &Engine,
    network: &str,
    (public_key, first): (&str, Option<u32>),
    merchant: Option<&str>,
    environment: Environment,
    terminal: Terminal,
) -> Result<(), Failure> {
    let public_key = public_key.trim();
    refuse_private(public_key)?;
    let name = NetworkName::new(network)
        .ok()
        .and_then(|name| engine.catalogue().network(name))
        .ok_or_else(|| no_network(engine, network))?;
    let (name, test) = (name.name, name.test);
    if environment == Environment::Sandbox && !test {
        let text = format!("{network} is no test network; the sandbox has a wallet of its own");
        return Err(Failure::new(text));
    }
    let merchant = match merchant {
        Some(id) => Some(merchant::find(engine, id).await?.id),
        None => None,
    };
    let added = engine.add_wallet(merchant, environment, name, public_key, first).await?;
    let (id, number) = (added.id.text(), added.first);
    let addresses: Vec<&str> = added.addresses.iter().map(|it| it.text.as_str()).collect();
    terminal.answer(
        || {
            json!({
                "id": id,
                "network": network,
                "first_number": number,
                "first_number_before": added.before,
                "first_addresses": addresses,
            })
        },
        || {
            let what = match added.before {
                None => format!("Added {id}"),
                Some(before) => format!("{id} began with number {before} and begins elsewhere now"),
            };
            format!(
                "{what}. These are its first addresses, from number {number} on:\n  {}\n\
                 Compare them with the receiving addresses your wallet shows. If they differ, do \
                 not take money: this key is not the account's.\n{}",
                addresses.join("\n  "),
                advice(number)
            )
        },
    )
}

/// Wallets are kept for networks that are set up; one that is not yet may have been meant.
fn no_network(engine: &Engine, text: &str) -> Failure {
    let catalogue = engine.catalogue();
    let all: Vec<NetworkName> = catalogue.networks().iter().map(|network| network.name).collect();
    let read = engine.chains().map(|chain| chain.name());
    let read: Vec<NetworkName> = read.filter(|name| all.contains(name)).collect();
    Failure::new(unknown(text, catalogue, &all, if read.is_empty() { &all } else { &read }))
}

/// What to bear in mind of an account whose addresses are given out from that number on.
fn advice(number: u32) -> String {
    match (number, limit_for(number)) {
        (0, _) => "If anything else has used this account, others know these addresses, and what \
                   they send there pays whoever is shown them: add another account, or begin \
                   further on in one (--first), which can be changed until one is given out.\n"
            .to_owned(),
        (_, None) => String::new(),
        (_, Some(limit)) => format!(
            "An ordinary wallet that is restored looks at 20 unused addresses in a row: set its \
             gap limit to {limit} or more, unless those below are in use.\n"
        ),
    }
}

/// Before anything else is looked at: a private key has no business here, and must not be repeated.
fn refuse_private(key: &str) -> Result<(), Failure> {
    let words = key.split_whitespace().count();
    let prefix: String = key.chars().take(4).collect::<String>().to_ascii_lowercase();
    let digits = key.trim_start_matches("0x");
    let raw = digits.len() == 64 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    if words >= 12 || raw || prefix.ends_with("prv") {
        return Err(Failure::new(
            "this is a private key, which can spend, and Coffer never takes one: give the \
             account's extended public key (xpub…); and as this one stood on a command line, \
             consider moving its money to a new wallet",
        ));
    }
    Ok(())
}

async fn wallets(engine: &Engine) -> Result<Vec<Wallet>, Failure> {
    let found = engine.store().read(async |tx: &mut Tx<'_>| tx.wallets().await).await;
    Ok(found.map_err(|error: DbError| error)?)
}

async fn export(engine: &Engine, id: &str, terminal: Terminal) -> Result<(), Failure> {
    let wallet = wallets(engine).await?.into_iter().find(|wallet| wallet.id.text() == id);
    let wallet = wallet.ok_or_else(|| Failure::new(format!("there is no wallet {id}")))?;
    let mut from = 0;
    if !terminal.json {
        terminal::print("number,network,address,request\n")?;
    }
    loop {
        let id = wallet.id;
        let page = engine
            .store()
            .read(async move |tx: &mut Tx<'_>| tx.addresses_from(id, from, PAGE).await)
            .await
            .map_err(|error: DbError| error)?;
        for issued in &page {
            terminal.answer(|| address_object(issued), || address_line(issued))?;
        }
        match page.last() {
            Some(last) if page.len() >= usize::try_from(PAGE).unwrap_or(usize::MAX) => {
                from = last.number.saturating_add(1);
            }
            _ => return Ok(()),
        }
    }
}

fn address_object(issued: &IssuedAddress) -> Value {
    json!({
        "number": issued.number,
        "network": issued.network.as_str(),
        "address": issued.address.text,
        "request": issued.request.text(),
    })
}

fn address_line(issued: &IssuedAddress) -> String {
    let (number, network) = (issued.number, issued.network);
    format!("{number},{network},{},{}\n", issued.address.text, issued.request.text())
}

fn object(wallet: &Wallet) -> Value {
    json!({
        "id": wallet.id.text(),
        "merchant": wallet.merchant.map(|id| id.text()),
        "environment": wallet.environment.as_str(),
        "family": wallet.family,
        "public_key": wallet.public_key,
        "first_number": wallet.first_number,
        "addresses_given_out": wallet.issued(),
        "created_at": wallet.created_at.seconds(),
    })
}

fn table(wallets: &[Wallet]) -> String {
    if wallets.is_empty() {
        return "There is no wallet yet; the sandbox gets its own when the server starts.\n"
            .to_owned();
    }
    let head = ["id", "family", "environment", "merchant", "addresses", "added", "public key"];
    let row = |wallet: &Wallet| {
        vec![
            wallet.id.text(),
            wallet.family.clone(),
            wallet.environment.as_str().to_owned(),
            wallet.merchant.map_or_else(|| "all".to_owned(), |id| id.text()),
            wallet.issued().to_string(),
            moment::text(wallet.created_at),
            wallet.public_key.clone(),
        ]
    };
    let head = head.map(str::to_owned).to_vec();
    columns(&std::iter::once(head).chain(wallets.iter().map(row)).collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use super::{advice, refuse_private};

    #[test]
    fn whoever_adds_an_account_is_told_what_its_first_number_means() {
        assert!(advice(0).contains("--first"));
        assert_eq!(advice(19), "");
        assert!(advice(20).contains("gap limit to 100 or more"));
        assert!(advice(1_000).contains("gap limit to 1100 or more"));
    }

    #[test]
    fn anything_that_can_spend_is_refused_and_not_repeated() {
        let seed = "abandon ".repeat(11) + "about";
        let raw = "ab".repeat(32);
        for key in ["xprv9s21ZrQH143K", "zprvAWgYBBk7JR8Gj", "tprv8Zgx", &seed, &raw] {
            let refused = refuse_private(key).unwrap_err().to_string();
            assert!(refused.contains("private key") && !refused.contains(key), "{refused}");
        }
        assert!(refuse_private("xpub6CUGRUonZSQ4TWtTMmzXdrXDtypWKiK").is_ok());
    }
}
