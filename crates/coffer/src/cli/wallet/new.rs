//! `coffer wallet new`: the words of a new wallet, once, and its public keys.

use std::collections::BTreeSet;

use clap::{Args, ValueEnum};
use coffer_chains::seed::{AccountKeys, Seed, SeedRefused, Words};
use coffer_domain::ports::Entropy;
use serde_json::json;
use zeroize::Zeroizing;

use crate::{
    failure::Failure,
    system::SystemEntropy,
    terminal::{self, Conversation, Terminal},
};

/// How many words are asked back.
const ASKED: usize = 3;
/// Words side by side.
const COLUMNS: usize = 4;

/// Arguments of `coffer wallet new`.
#[derive(Debug, Args)]
pub struct NewArgs {
    /// How many words
    #[arg(long, value_enum, default_value_t = WordCount::TwentyFour)]
    pub words: WordCount,
    /// Ask for a passphrase, which is needed beside the words for ever
    #[arg(long)]
    pub passphrase: bool,
    /// Print the words even where standard output is no screen
    #[arg(long)]
    pub print: bool,
    /// Do not ask words back
    #[arg(long)]
    pub no_quiz: bool,
}

/// How many words a seed has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum WordCount {
    /// Enough for today
    #[value(name = "12")]
    Twelve,
    /// As many as a key has bits
    #[value(name = "24")]
    TwentyFour,
}

/// Makes a wallet, shows its words and forgets them.
///
/// # Errors
/// When there is no screen to show them on, or nobody who answers.
pub(in crate::cli) fn run(args: &NewArgs, terminal: Terminal) -> Result<(), Failure> {
    let mut talk = Conversation::of_process();
    refuse_to_leak(args, &talk, terminal)?;
    let words = match args.words {
        WordCount::Twelve => Words::Twelve,
        WordCount::TwentyFour => Words::TwentyFour,
    };
    let passphrase = match args.passphrase {
        true => ask_passphrase(&mut talk)?,
        false => Zeroizing::default(),
    };
    let seed = Seed::new(words, &SystemEntropy)?;
    let accounts = seed.accounts(&passphrase)?;
    if terminal.json {
        let words: Vec<&str> = seed.words().collect();
        let keys: Vec<_> = accounts.iter().map(object).collect();
        return terminal::print(&format!("{}\n", json!({"words": words, "keys": keys})));
    }
    show(&seed, args.passphrase)?;
    if !args.no_quiz {
        quiz(&mut talk, &seed, args.passphrase)?;
    }
    terminal::print(&public_keys(&accounts))
}

/// Words that go into a file or a pipe stay there; whoever wants that says so.
fn refuse_to_leak(args: &NewArgs, talk: &Conversation, terminal: Terminal) -> Result<(), Failure> {
    if !args.print && (terminal.json || !talk.has_screen()) {
        return Err(Failure::new(
            "this prints the words of a wallet, and standard output is no screen that forgets \
             them; run it in a terminal, or say --print if they may stay where they go (and \
             --no-quiz where nobody answers)",
        ));
    }
    if terminal.json && !args.no_quiz {
        return Err(Failure::new("--json leaves no room for questions: say --no-quiz as well"));
    }
    Ok(())
}

fn ask_passphrase(talk: &mut Conversation) -> Result<Zeroizing<String>, Failure> {
    terminal::print(
        "A passphrase is part of the seed: with another one, or none, the same words are another \
         wallet. Whoever loses it loses the money.\n",
    )?;
    loop {
        let first = talk.ask_hidden("Passphrase: ")?;
        if first.is_empty() {
            terminal::print("An empty passphrase is none. Leave --passphrase out for that.\n")?;
            continue;
        }
        if *talk.ask_hidden("Once more: ")? == *first {
            return Ok(first);
        }
        terminal::print("The two differ.\n")?;
    }
}

fn show(seed: &Seed, passphrase: bool) -> Result<(), Failure> {
    let words: Vec<&str> = seed.words().collect();
    let head = format!(
        "These are the {} words of a new wallet. Whoever has them{} can spend everything it \
         receives, and without them nobody can.\n\n",
        words.len(),
        if passphrase { " and the passphrase" } else { "" },
    );
    let mut text = Zeroizing::new(String::with_capacity(2_048));
    text.push_str(&head);
    for (row, line) in words.chunks(COLUMNS).enumerate() {
        for (column, word) in line.iter().enumerate() {
            let number = row.saturating_mul(COLUMNS).saturating_add(column).saturating_add(1);
            text.push_str(&format!("  {number:>2} {word:<9}"));
        }
        text.push('\n');
    }
    text.push_str("\nWrite them on paper, in this order. They are not shown again.\n");
    terminal::print(&text)
}

/// Asks some words back, so that they are known to be on paper. A wrong one shows them all again.
fn quiz(talk: &mut Conversation, seed: &Seed, passphrase: bool) -> Result<(), Failure> {
    loop {
        talk.ask("Press Enter when you have them. ")?;
        talk.clear()?;
        if answered(talk, seed)? {
            return terminal::print("These are the words. Coffer has kept none of them.\n\n");
        }
        show(seed, passphrase)?;
    }
}

fn answered(talk: &mut Conversation, seed: &Seed) -> Result<bool, Failure> {
    let words: Vec<&str> = seed.words().collect();
    for place in places(words.len()) {
        let number = place.saturating_add(1);
        let said = talk.ask(&format!("Word {number}: "))?;
        if words.get(place).is_none_or(|word| !word.eq_ignore_ascii_case(&said)) {
            terminal::print(&format!("That is not word {number}. Look once more:\n\n"))?;
            return Ok(false);
        }
    }
    Ok(true)
}

/// Random places, each once, in order.
fn places(words: usize) -> BTreeSet<usize> {
    let mut places = BTreeSet::new();
    while places.len() < ASKED.min(words) {
        let mut byte = [0];
        SystemEntropy.fill(&mut byte);
        places.insert(usize::from(byte[0]) % words);
    }
    places
}

/// The command that adds the key, quoted for a shell.
fn add(account: &AccountKeys) -> String {
    let quote = if account.key.contains('(') { "'" } else { "" };
    format!("coffer wallet add --network {} {quote}{}{quote}", account.network, account.key)
}

fn object(account: &AccountKeys) -> serde_json::Value {
    json!({
        "network": account.network.as_str(),
        "path": account.path,
        "key": account.key,
        "extended_public_key": account.extended,
        "first_address": account.first_address,
        "add": add(account),
    })
}

fn public_keys(accounts: &[AccountKeys]) -> String {
    let mut text = "The public keys. They can receive, and spend nothing:\n".to_owned();
    for account in accounts {
        let kin = if account.network.as_str() == "ethereum" { " and its kin" } else { "" };
        text += &format!("\n  {}{kin}, {}\n    {}\n", account.network, account.path, account.key);
        if account.extended != account.key {
            text += &format!("    {}\n", account.extended);
        }
        text += &format!("    first address {}\n", account.first_address);
    }
    text += "\nTake payments with them, where their networks are set up:\n";
    for account in accounts {
        text += &format!("  {}\n", add(account));
    }
    text
}

impl From<SeedRefused> for Failure {
    fn from(refused: SeedRefused) -> Self {
        Self::new(refused.to_string())
    }
}
