//! The command line: every command there is, and what `--help` says of it.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

pub use self::{
    alarm::AlarmCommand, books::BooksCommand, chain::ChainCommand,
    generate::keys as documented_keys, run::run,
};

mod alarm;
mod books;
mod callback;
mod callback_url;
mod chain;
mod config;
mod doctor;
mod find;
mod generate;
mod health;
mod init;
mod key;
mod merchant;
mod migrate;
mod moment;
mod payable;
mod run;
mod wallet;

/// The command line.
#[derive(Debug, Parser)]
#[command(
    name = "coffer",
    version,
    about = "Coffer takes crypto payments for merchants: your nodes, your keys, your database.",
    long_about = LONG,
    after_long_help = AFTER,
    max_term_width = 100,
    arg_required_else_help = true,
    propagate_version = true
)]
pub struct Cli {
    /// Read the settings from FILE instead of looking for coffer.toml
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Answer in JSON, for scripts
    #[arg(long, global = true)]
    pub json: bool,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

const LONG: &str = "\
Coffer takes crypto payments for merchants: your nodes, your keys, your database.

A merchant asks for an amount with one signed HTTP request. The customer pays on a hosted page with
any supported coin. Coffer watches the chains itself and tells the merchant by a signed callback.
Money goes straight to addresses of your own wallets: Coffer holds extended public keys only and
cannot spend.";

const AFTER: &str = "\
\x1b[1;4mExamples:\x1b[0m
  See the whole path on this machine, with made-up money:
      coffer demo
  Set up an installation, and serve it:
      coffer init
      coffer merchant add \"My Shop\" --callback-url https://shop.example/callback
      coffer key add --merchant ID --sandbox
      coffer serve
  Take real money on Ethereum (after [[networks.evm]] in coffer.toml):
      coffer wallet add --network ethereum xpub6C…
      coffer key add --merchant ID

\x1b[1;4mEnvironment:\x1b[0m
  COFFER_SECTION__KEY   any setting, over the file: COFFER_SERVER__LISTEN=127.0.0.1:9000,
                        COFFER_SERVER__PUBLIC_URL, COFFER_STORE__URL, COFFER_SECRETS__KEY_FILE …
                        (`coffer config default` names them all)
  SSL_CERT_FILE         the certificates to trust, instead of the system's

\x1b[1;4mFiles:\x1b[0m
  coffer.toml           settings: in the working directory, else in $XDG_CONFIG_HOME/coffer
                        (~/.config/coffer), else in /etc/coffer
  coffer.db             the database, unless it is PostgreSQL: in $XDG_DATA_HOME/coffer
                        (~/.local/share/coffer)
  coffer.key            the master keys, beside the database: keep a copy of it apart

\x1b[1;4mExit status:\x1b[0m
  0 done · 1 not done, the reason is on standard error · 2 the command line is wrong";

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Set up an installation here: settings, keys, database; safe to repeat
    Init,
    /// Serve the API, the checkout and all workers until told to stop
    ///
    /// Prints one line with its address when it is ready; the log says which settings, database and
    /// key file are used. SIGTERM or Ctrl-C lets requests under way
    /// finish; a second one does not.
    Serve,
    /// Serve a demonstration: a shop, its checkout, and a wallet with made-up money
    ///
    /// It reads no settings file; COFFER_… variables hold. Its database is its own, in
    /// $XDG_DATA_HOME/coffer-demo (~/.local/share/coffer-demo), or the schema coffer_demo of the
    /// PostgreSQL that COFFER_STORE__URL names. The shop forgets its orders when it ends; --once
    /// works in a temporary folder and leaves nothing there.
    Demo(DemoArgs),
    /// Bring the database up to date (serve does it by itself)
    Migrate {
        /// Only say what would be done
        #[arg(long)]
        check: bool,
    },
    /// Look at the settings
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Keep merchants
    #[command(subcommand)]
    Merchant(MerchantCommand),
    /// Keep API keys
    #[command(subcommand)]
    Key(KeyCommand),
    /// Keep the wallets that payments go to
    #[command(subcommand)]
    Wallet(WalletCommand),
    /// Look at callbacks and send them again
    #[command(subcommand)]
    Callback(CallbackCommand),
    /// Look at the chains that are read, let a stopped one go on, read blocks again
    #[command(subcommand)]
    Chain(ChainCommand),
    /// Look into the books: balances, entries, what came in; and check them
    #[command(subcommand)]
    Books(BooksCommand),
    /// Look at alarms, say that they are known, and try the ways they are told
    #[command(subcommand)]
    Alarm(AlarmCommand),
    /// Find a payment and tell its story: by id, link, foreign id, address, transaction, customer
    ///
    /// What was asked, the quotes with their addresses, what arrived and where it stands, callbacks
    /// with their attempts, cases, events, and how far the network was read. Of an address it says
    /// whether it was given out here, and since when it is watched. Its status is 1 if nothing is
    /// found.
    Find {
        /// What you have of it
        text: String,
    },
    /// Look at everything a payment needs: endpoints, chains, coins, prices, keys
    ///
    /// It asks the endpoints and the markets itself and reads the database, so it works while the
    /// server runs and while it does not, and changes nothing. It says what is wrong and what to
    /// do; its status is 1 if anything is.
    Doctor,
    /// Ask a running server whether it can do its work
    ///
    /// Where the settings have a token (health.token) it is sent, and the server tells of its
    /// networks, endpoints, coins and keys.
    Health {
        /// The server, if not the one of the settings
        #[arg(long, value_name = "URL")]
        url: Option<String>,
    },
    /// Write a generated file of the project to standard output
    #[command(hide = true)]
    Generate {
        /// Which
        what: GeneratedFile,
    },
}

/// Arguments of `coffer demo`.
#[derive(Debug, Args)]
pub struct DemoArgs {
    /// Where to listen; port 0 takes any [default: 127.0.0.1:8080, with --once any port]
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub listen: Option<std::net::SocketAddr>,
    /// Walk the whole path once over HTTP, print each exchange, and end
    #[arg(long)]
    pub once: bool,
}

/// `coffer config …`
#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Check all settings and show what is in force, without secrets
    Check,
    /// Print every setting with its default and what it means
    Default,
}

/// `coffer merchant …`
#[derive(Debug, Subcommand)]
pub enum MerchantCommand {
    /// Add a merchant
    Add {
        /// The name customers see
        name: String,
        /// Where callbacks go
        #[arg(long, value_name = "URL")]
        callback_url: Option<String>,
        /// Policies: Coffer's own, or those of CryptoProcessing
        #[arg(long, value_enum, default_value_t = Profile::Coffer)]
        profile: Profile,
        /// What makes a payment final
        #[command(flatten)]
        confirmations: MerchantConfirmations,
        /// What customers see
        #[command(flatten)]
        look: MerchantLook,
    },
    /// List merchants, oldest first
    List,
    /// Show a merchant
    Show {
        /// Its id
        id: String,
    },
    /// Change a merchant; an empty text takes a value away
    Set {
        /// Its id
        id: String,
        /// The name customers see
        #[arg(long)]
        name: Option<String>,
        /// Where callbacks go
        #[arg(long, value_name = "URL")]
        callback_url: Option<String>,
        /// Policies for new requests: Coffer's own, or those of CryptoProcessing
        #[arg(long, value_enum)]
        profile: Option<Profile>,
        /// What makes a payment of new requests final
        #[command(flatten)]
        confirmations: MerchantConfirmations,
        /// What customers see
        #[command(flatten)]
        look: MerchantLook,
    },
}

/// What makes a payment final for a merchant.
#[derive(Debug, Args)]
pub struct MerchantConfirmations {
    /// Confirmations that a payment needs on a network, instead of those of the settings: a number,
    /// or steps by the request's total in euros, such as "bitcoin=1<1000,3<50000,6"; may be
    /// repeated, and an empty text behind = takes them away
    #[arg(long = "confirmations", value_name = "NETWORK=STEPS")]
    pub own: Vec<String>,
}

/// What customers see of a merchant.
#[derive(Debug, Args)]
pub struct MerchantLook {
    /// How customers reach the shop: an e-mail address or an https URL
    #[arg(long, value_name = "CONTACT")]
    pub support: Option<String>,
    /// Terms that customers accept by paying
    #[arg(long, value_name = "URL")]
    pub terms_url: Option<String>,
    /// The shop's privacy page
    #[arg(long, value_name = "URL")]
    pub privacy_url: Option<String>,
    /// A colour for the checkout, as #rrggbb
    #[arg(long, value_name = "COLOUR")]
    pub accent: Option<String>,
    /// An origin that may show the checkout in a frame, as `https://shop.example`; may be repeated
    #[arg(long = "frame-ancestor", value_name = "ORIGIN")]
    pub frame_ancestors: Option<Vec<String>>,
}

/// A merchant's policies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Profile {
    /// What is seen in the window is in time, and is paid once it is final; shortfalls up to 0.5 %,
    /// at most 1 EUR, are forgiven
    Coffer,
    /// Only what is final within the window is in time; nothing is forgiven
    Cryptoprocessing,
}

/// `coffer key …`
#[derive(Debug, Subcommand)]
pub enum KeyCommand {
    /// Make an API key; its secrets are shown this once
    Add {
        /// Whose
        #[arg(long, value_name = "ID")]
        merchant: String,
        /// For the sandbox: nothing of value moves
        #[arg(long)]
        sandbox: bool,
        /// Write key and secrets as JSON into a new file that only you can read, and show none
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// List a merchant's keys, newest first
    List {
        /// Whose
        #[arg(long, value_name = "ID")]
        merchant: String,
    },
    /// Refuse a key from now on
    Disable {
        /// Its id, or the key itself
        key: String,
    },
}

/// `coffer wallet …`
#[derive(Debug, Subcommand)]
pub enum WalletCommand {
    /// Make a new wallet: words to write down, and the public keys of every network
    ///
    /// It shows the words on this screen alone, asks a few of them back, and prints the public keys
    /// with the commands that add them. Nothing is kept, and neither settings, database nor network
    /// are needed: run it on a machine without a network, and carry the public keys over. The words
    /// restore the wallet in any wallet program that knows BIP 39, 44 and 84.
    New(wallet::NewArgs),
    /// Add an extended public key; payments go to addresses of it
    ///
    /// Export the account's extended public key from your wallet: for Ethereum and its kin the one
    /// of m/44'/60'/0', which begins with xpub; for Bitcoin or Litecoin the one that begins with
    /// zpub, or an output descriptor, in quotes. The first addresses are shown: compare them with
    /// those your wallet shows before you take money.
    ///
    /// Take an account that nothing else uses: the first address of an account in use has been
    /// shown to others, and what they send there pays whoever is shown it by Coffer. If it was used
    /// before, begin behind what was used with --first.
    Add(wallet::AddArgs),
    /// List wallets, oldest first
    List,
    /// Print every address given out, with the request it was shown to
    Export {
        /// The wallet's id
        id: String,
    },
}

/// `coffer callback …`
#[derive(Debug, Subcommand)]
pub enum CallbackCommand {
    /// List callbacks, newest first
    List {
        /// Of one payment request
        #[arg(long, value_name = "ID")]
        request: Option<String>,
        /// Of one merchant
        #[arg(long, value_name = "ID", conflicts_with = "request")]
        merchant: Option<String>,
        /// In this state
        #[arg(long, value_enum, conflicts_with = "request")]
        state: Option<CallbackStateArg>,
        /// How many
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=1000))]
        limit: u32,
    },
    /// Show a callback, and the beginning of what its endpoint said at the last attempt
    ///
    /// What an endpoint says may hold personal data of the customer.
    Show {
        /// Its id
        id: String,
    },
    /// Send a callback again, with the same bytes, as soon as the server gets to it
    Resend {
        /// Its id
        id: String,
    },
}

/// Where a callback stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum CallbackStateArg {
    /// To be sent, again perhaps
    Due,
    /// Taken by the endpoint
    Delivered,
    /// Given up after the whole schedule
    Abandoned,
    /// Not sent any more, as a newer one was taken
    Superseded,
}

/// A generated file of the project.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum GeneratedFile {
    /// The API's description
    Openapi,
    /// The tables on SQLite
    SchemaSqlite,
    /// The tables on PostgreSQL; needs COFFER_STORE__URL
    SchemaPostgres,
    /// docs/configuration.md
    Config,
    /// docs/cli.md
    CliHelp,
}
