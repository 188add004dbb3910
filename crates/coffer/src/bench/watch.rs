//! How long a block takes when ten thousand, a million and ten million addresses are watched, what
//! they take of memory, and how long they take to load.
//!
//! Every block is made anew, so that nothing of it or of what it is compared with is in a cache.
//! The numbers of addresses take turns at each block, and so does the bare parse, so that what else
//! the machine does hits all of them.

mod bitcoin_block;
mod chance;
mod evm_block;
mod fill;
mod measure;
mod report;

use std::{io::Write as _, path::Path, time::Duration};

use coffer_domain::ports::Clock as _;
use coffer_engine::engine::Engine;
use coffer_store::store::Role;

use self::report::Row;
use super::{Failed, database::Database, options::Stored, options::Watch, server};
use crate::{
    system::{SystemClock, monotonic},
    wiring,
};

/// An engine that watches so many addresses, and how long each database took to tell them.
struct Watching {
    addresses: u32,
    engine: Engine,
    load: Loads,
    /// Dropped behind the engine.
    _database: Database,
}

/// How long the addresses took to load.
#[derive(Clone, Copy)]
struct Loads {
    sqlite: Duration,
    postgres: Option<Duration>,
}

/// Runs the measurement, prints what it found, and says which lines were not met.
pub(super) fn run(options: &Watch) -> Result<(), Failed> {
    // An earlier one would do as well.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failed::because("no runtime")(&error))?;
    let mut all = Vec::new();
    for addresses in options.addresses() {
        all.push(runtime.block_on(watching(addresses, options))?);
    }
    let (bitcoin, evm) = measure::blocks(&all, options.blocks())?;
    let mut rows: Vec<Row> = Vec::new();
    for (family, times) in [("utxo", bitcoin), ("evm", evm)] {
        rows.extend(all.iter().zip(times).map(|(one, times)| Row {
            family,
            addresses: one.addresses,
            times,
            bytes: one.engine.watch_bytes(),
            load: one.load,
        }));
    }
    report::print(&rows, options.json)?;
    let broken = report::lines_not_met(&rows);
    if broken.is_empty() { Ok(()) } else { Err(Failed(broken.join("; "))) }
}

/// Loads so many addresses from each database; the engine keeps those of SQLite.
async fn watching(addresses: u32, options: &Watch) -> Result<Watching, Failed> {
    let (engine, sqlite, database) = load(Stored::Sqlite, addresses).await?;
    let mut postgres = None;
    if options.asks_postgres() {
        let (other, took, _database) = load(Stored::Postgres, addresses).await?;
        other.store().close().await;
        postgres = Some(took);
    }
    let load = Loads { sqlite, postgres };
    Ok(Watching { addresses, engine, load, _database: database })
}

async fn load(stored: Stored, addresses: u32) -> Result<(Engine, Duration, Database), Failed> {
    let failed = Failed::because("the addresses");
    let database = Database::make_for(stored, &format!("watch_{addresses}")).await?;
    let engine = open(&database.url, database.folder.path()).await?;
    progress(&format!("{}: writing {addresses} addresses", stored.name()));
    let now = SystemClock.now();
    fill::fill(engine.store(), addresses, now).await.map_err(|error| failed(&error))?;
    let clock = monotonic();
    engine.refresh_watch().await.map_err(|error| failed(&error))?;
    let took = clock();
    let watched = engine.addresses_watched();
    progress(&format!("{}: {watched} loaded in {} ms", stored.name(), took.as_millis()));
    if u32::try_from(watched) != Ok(addresses) {
        return Err(failed(&format!("{watched} of {addresses} are watched")));
    }
    Ok((engine, took, database))
}

async fn open(url: &str, folder: &Path) -> Result<Engine, Failed> {
    let failed = Failed::because("the store");
    let settings = server::settings(url, folder)?;
    let opened = wiring::open(&settings, Role::Serve, "http://127.0.0.1").await;
    opened.map_err(|error| failed(&error))
}

fn progress(line: &str) {
    // Progress that cannot be shown is not missed.
    let _ = writeln!(std::io::stderr(), "{line}");
}
