//! `coffer chain …`

use std::{fmt::Write as _, io::IsTerminal as _, sync::Arc};

use clap::Subcommand;
use coffer_domain::{code::NetworkName, ports::Chain};
use coffer_engine::{
    engine::Engine,
    follow::{ChainState, Rescanned},
};
use coffer_store::chain_stop::ChainStop;
use serde_json::{Value, json};

use super::moment;
use crate::{
    failure::Failure,
    network_name::unknown,
    terminal::{Conversation, ProgressLine, Terminal, columns, print},
};

mod blind;

/// `coffer chain …`
#[derive(Debug, Subcommand)]
pub enum ChainCommand {
    /// List the chains that are read: how far, and what stands in the way
    List,
    /// Let a stopped network go on, once you know what happened to it
    ///
    /// A network is stopped when a payment that had been final has left the chain, or when the
    /// chain was reorganised below all that is remembered of it. Nothing on it is credited then,
    /// and its coins are not offered. It goes on from where both histories part; a running server
    /// does so within a second.
    Clear {
        /// The network
        network: String,
        /// Do not ask
        #[arg(long)]
        yes: bool,
        /// Read on from this block; by itself from where both histories part, or from the lowest
        /// block that is remembered
        #[arg(long, value_name = "HEIGHT")]
        from: Option<u64>,
    },
    /// Read blocks again for every address ever given out, and take in what was missed
    ///
    /// Works beside a running server, and may be repeated: what is known is left as it is.
    Rescan {
        /// The network
        network: String,
        /// The first block to read again
        #[arg(long, value_name = "HEIGHT")]
        from: u64,
    },
    /// List when chains could not be read, newest first, and what was found afterwards
    Blind {
        /// Of one network
        #[arg(long, value_name = "NETWORK")]
        network: Option<String>,
        /// How many
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=1000))]
        limit: u32,
    },
}

pub(super) async fn run(
    engine: &Engine,
    command: &ChainCommand,
    terminal: Terminal,
) -> Result<(), Failure> {
    match command {
        ChainCommand::List => {
            let states = engine.chain_states().await?;
            terminal.answer(
                || json!({"chains": states.iter().map(object).collect::<Vec<_>>()}),
                || table(&states),
            )
        }
        ChainCommand::Clear { network, yes, from } => {
            let chain = find(engine, network)?;
            let states = engine.chain_states().await?;
            let state = states.into_iter().find(|state| state.name == chain.name());
            if let Some(stop) = state.and_then(|state| state.stop).filter(|_| !yes) {
                confirm(&stop, terminal)?;
            }
            let cleared = engine.clear_chain(&chain, *from).await;
            let stop = cleared.map_err(|refused| Failure::new(refused.to_string()))?;
            terminal.answer(
                || json!({"chain": network, "cleared": stop_object(&stop)}),
                || format!("{network} goes on; a running server reads it within a second.\n"),
            )
        }
        ChainCommand::Rescan { network, from } => {
            let chain = find(engine, network)?;
            let states = engine.chain_states().await?;
            let state = states.iter().find(|state| state.name == chain.name());
            let to = state.and_then(|state| state.cursor.as_ref()).map(|cursor| cursor.at.height);
            let line = ProgressLine::new("block", *from, to.unwrap_or(*from));
            let rescanned = engine.rescan(&chain, *from, &|height| line.at(height)).await;
            line.end();
            let rescanned = rescanned.map_err(|refused| Failure::new(refused.to_string()))?;
            terminal.answer(|| rescan_object(network, &rescanned), || said(network, &rescanned))
        }
        ChainCommand::Blind { network, limit } => {
            blind::run(engine, network.as_deref(), *limit, terminal).await
        }
    }
}

pub(super) fn find(engine: &Engine, name: &str) -> Result<Arc<dyn Chain>, Failure> {
    let chain = engine.chains().find(|chain| chain.name().as_str() == name);
    chain.cloned().ok_or_else(|| unread(engine, name))
}

/// No chain of that name is read here.
fn unread(engine: &Engine, name: &str) -> Failure {
    let read: Vec<NetworkName> = engine.chains().map(|chain| chain.name()).collect();
    let catalogue = engine.catalogue();
    match NetworkName::new(name).ok().filter(|name| catalogue.network(*name).is_some()) {
        Some(known) => {
            Failure::new(format!("no network {known} is read here; see coffer chain list"))
        }
        None => Failure::new(unknown(name, catalogue, &read, &read)),
    }
}

/// Says what happened, and asks whether to go on all the same.
fn confirm(stop: &ChainStop, terminal: Terminal) -> Result<(), Failure> {
    let network = stop.chain;
    if terminal.json || !std::io::stdin().is_terminal() {
        return Err(Failure::new(format!(
            "{network} is stopped: {}; add --yes to let it go on without being asked",
            stop.reason
        )));
    }
    print(&format!(
        "{network} was stopped on {} at block {}:\n  {}\n\nFind out first what became of the \
         network and of your node (compare its newest blocks\nwith those of an explorer). Once it \
         goes on, new payments are credited again.\n",
        moment::text(stop.since),
        stop.height,
        stop.reason
    ))?;
    let answer = Conversation::of_process().ask(&format!("Type {network} to let it go on: "))?;
    if *answer == network.to_string() {
        return Ok(());
    }
    Err(Failure::new(format!("{network} stays stopped")))
}

fn stop_object(stop: &ChainStop) -> Value {
    json!({
        "kind": stop.kind.as_str(),
        "since": stop.since.seconds(),
        "height": stop.height,
        "reason": stop.reason,
    })
}

fn object(state: &ChainState) -> Value {
    let cursor = state.cursor.as_ref();
    json!({
        "name": state.name.as_str(),
        "height": cursor.map(|cursor| cursor.at.height),
        "hash": cursor.map(|cursor| cursor.at.hash.as_str()),
        "read_through": cursor.map(|cursor| cursor.watermark.seconds()),
        "behind_since": cursor.and_then(|cursor| cursor.behind_since).map(|at| at.seconds()),
        "behind": cursor.and_then(|cursor| cursor.behind_reason.as_deref()),
        "stopped": state.stop.as_ref().map(stop_object),
    })
}

fn table(states: &[ChainState]) -> String {
    let head = ["name", "height", "read through", "state"].map(str::to_owned).to_vec();
    let row = |state: &ChainState| {
        let none = || "-".to_owned();
        let cursor = state.cursor.as_ref();
        let standing = match (&state.stop, cursor) {
            (Some(stop), _) => {
                format!("stopped since {}: {}", moment::text(stop.since), stop.reason)
            }
            (None, None) => "not read yet".to_owned(),
            (None, Some(cursor)) => match &cursor.behind_reason {
                Some(reason) => format!("behind: {reason}"),
                None => "read to its tip".to_owned(),
            },
        };
        vec![
            state.name.to_string(),
            cursor.map_or_else(none, |cursor| cursor.at.height.to_string()),
            cursor.map_or_else(none, |cursor| moment::text(cursor.watermark)),
            standing,
        ]
    };
    let mut text =
        columns(&std::iter::once(head).chain(states.iter().map(row)).collect::<Vec<_>>());
    for stop in states.iter().filter_map(|state| state.stop.as_ref()) {
        text += &format!(
            "\nOnce you know what happened to {0}, let it go on:\n    coffer chain clear {0}\n",
            stop.chain
        );
    }
    text
}

fn rescan_object(network: &str, rescanned: &Rescanned) -> Value {
    json!({
        "chain": network,
        "from": rescanned.from,
        "to": rescanned.to,
        "seen": rescanned.seen,
        "missed": rescanned.missed,
        "early": rescanned.early,
    })
}

fn said(network: &str, rescanned: &Rescanned) -> String {
    let Rescanned { from, to, seen, missed, early } = rescanned;
    let what = match missed {
        0 => "none had been missed".to_owned(),
        1 => "one had been missed, and is taken in".to_owned(),
        _ => format!("{missed} had been missed, and are taken in"),
    };
    let read = format!("Read blocks {from} to {to} of {network}");
    let mut said = format!("{read}: {seen} transfers to us, of which {what}.\n");
    if *early > 0 {
        let told = "came before their address was shown, and pay nothing";
        let _ = writeln!(said, "{early} {told}; coffer alarm list names each.");
    }
    said
}
