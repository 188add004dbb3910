//! What the bench is asked on its command line.

use std::{path::PathBuf, time::Duration};

use clap::{Args, Parser, Subcommand, ValueEnum};

use super::Failed;

/// Measures Coffer.
#[derive(Parser)]
#[command(name = "cargo xtask bench")]
pub(super) struct Options {
    #[command(subcommand)]
    pub(super) command: Command,
}

#[derive(Subcommand)]
pub(super) enum Command {
    /// How many payment requests are created each second, and how long each takes.
    Create(Create),
    /// How long it takes from the broadcast of a payment until its page says that it was seen.
    Seen(Seen),
    /// How long a block takes however many addresses are watched, and what they cost.
    Watch(Watch),
    /// A server to be measured; ends with its standard input.
    #[command(hide = true)]
    Serve(Serve),
}

/// What answers the requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Stored {
    /// The whole server on SQLite, every commit synced.
    Sqlite,
    /// The whole server on PostgreSQL, every commit synced.
    Postgres,
    /// The whole server without the write.
    Ceiling,
    /// An axum route that verifies the signature and parses the body.
    Bare,
}

/// In which order the merchant's own ids come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Order {
    /// Each greater than the last, as order numbers are.
    Rising,
    /// Without any order, as UUIDs of version 4 are.
    Random,
}

#[derive(Args)]
pub(super) struct Create {
    /// Rows of JSON instead of a table.
    #[arg(long)]
    pub(super) json: bool,
    /// Half a second of 64 connections each: that it runs, not how fast.
    #[arg(long, conflicts_with_all = ["connections", "seconds", "rounds"])]
    quick: bool,
    /// What to measure; everything if not given.
    #[arg(long = "store", value_delimiter = ',')]
    stores: Vec<Stored>,
    /// Connections at the same time.
    #[arg(long, value_delimiter = ',', default_values_t = [1, 16, 64, 256],
          value_parser = clap::value_parser!(u16).range(1..=1024))]
    connections: Vec<u16>,
    /// Orders of `foreign_id`; both if not given.
    #[arg(long = "foreign-id", value_delimiter = ',')]
    orders: Vec<Order>,
    /// Seconds measured at a time, after one second to warm up.
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u64).range(1..=60))]
    seconds: u64,
    /// How often everything is measured.
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u16).range(1..=20))]
    rounds: u16,
}

#[derive(Args)]
pub(super) struct Seen {
    /// Rows of JSON instead of a table.
    #[arg(long)]
    pub(super) json: bool,
    /// Ten payments each: that it runs, not how fast.
    #[arg(long, conflicts_with = "payments")]
    quick: bool,
    /// Payments of each kind of node.
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u16).range(1..=400))]
    payments: u16,
}

impl Seen {
    /// Payments of each kind of node.
    pub(super) const fn payments(&self) -> u16 {
        if self.quick { 10 } else { self.payments }
    }
}

#[derive(Args)]
pub(super) struct Watch {
    /// Rows of JSON instead of a table.
    #[arg(long)]
    pub(super) json: bool,
    /// Ten thousand and a million addresses, fewer blocks.
    #[arg(long, conflicts_with = "addresses")]
    quick: bool,
    /// How many addresses are watched.
    #[arg(long, value_delimiter = ',', default_values_t = [10_000, 1_000_000, 10_000_000],
          value_parser = clap::value_parser!(u32).range(1_000..=100_000_000))]
    addresses: Vec<u32>,
    /// Load from SQLite alone.
    #[arg(long)]
    without_postgres: bool,
}

#[derive(Args)]
pub(super) struct Serve {
    #[arg(long)]
    pub(super) stored: Stored,
    /// Where the database is.
    #[arg(long)]
    pub(super) url: String,
    /// Where the file of the master keys is made.
    #[arg(long)]
    pub(super) folder: PathBuf,
}

/// How long a measurement takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Times {
    pub(super) warm_up: Duration,
    pub(super) measured: Duration,
}

/// What one server is measured with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Subject {
    pub(super) stored: Stored,
    pub(super) order: Order,
}

impl Stored {
    /// As rows name it.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgres",
            Self::Ceiling => "ceiling",
            Self::Bare => "bare",
        }
    }

    /// Whether what is created is kept.
    const fn keeps(self) -> bool {
        matches!(self, Self::Sqlite | Self::Postgres)
    }

    /// More requests a second than it can answer, so that enough are signed beforehand.
    pub(super) const fn most_per_second(self) -> usize {
        match self {
            Self::Sqlite => 60_000,
            Self::Postgres => 15_000,
            Self::Ceiling | Self::Bare => 120_000,
        }
    }
}

impl Order {
    /// As rows name it.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Rising => "rising",
            Self::Random => "random",
        }
    }
}

impl Watch {
    pub(super) fn addresses(&self) -> Vec<u32> {
        if self.quick { vec![10_000, 1_000_000] } else { self.addresses.clone() }
    }

    /// Blocks of each family.
    pub(super) const fn blocks(&self) -> u32 {
        if self.quick { 30 } else { 200 }
    }

    pub(super) const fn asks_postgres(&self) -> bool {
        !self.without_postgres
    }
}

impl Create {
    /// What is measured, in turn. Where nothing is kept, the order of ids changes nothing.
    pub(super) fn subjects(&self) -> Vec<Subject> {
        let stores = if self.stores.is_empty() { Stored::value_variants() } else { &self.stores };
        let orders = if self.orders.is_empty() { Order::value_variants() } else { &self.orders };
        let both =
            |stored: Stored| orders.iter().map(move |order| Subject { stored, order: *order });
        let all = stores.iter().flat_map(|stored| both(*stored));
        all.filter(|subject| subject.stored.keeps() || subject.order == Order::Rising).collect()
    }

    pub(super) fn connections(&self) -> Vec<usize> {
        if self.quick {
            vec![64]
        } else {
            self.connections.iter().map(|n| usize::from(*n)).collect()
        }
    }

    pub(super) fn rounds(&self) -> u16 {
        if self.quick { 1 } else { self.rounds }
    }

    pub(super) fn times(&self) -> Times {
        let (warm_up, measured) =
            if self.quick { (100, 500) } else { (1_000, self.seconds * 1_000) };
        Times { warm_up: Duration::from_millis(warm_up), measured: Duration::from_millis(measured) }
    }

    /// Whether every row was measured.
    pub(super) fn check(&self, rows: usize) -> Result<(), Failed> {
        let wanted = self.subjects().len() * self.connections().len();
        if rows == wanted { Ok(()) } else { Err(Failed(format!("{rows} rows of {wanted}"))) }
    }
}
