//! Putting the rooms together: the one place where adapters meet the engine.

use std::{fs, path::Path, sync::Arc};

use coffer_chains::{
    registry::{self, ChainSettings},
    sandbox::SandboxChain,
};
use coffer_domain::{
    catalogue::Catalogue,
    ports::{AlarmHook, Clock, Heartbeat, Mailer, RateSource, UrlScreen},
};
use coffer_engine::{
    alarms::Channels,
    engine::{Engine, Parts},
    settings::EngineSettings,
};
use coffer_outside::{
    callback_transport::GuardedTransport,
    client::{GuardedClient, Limits},
    guard::{AddressGuard, Lookup},
    mailer::SmtpMailer,
    operator::{SignedAlarmHook, UrlHeartbeat},
    rate_source::{Binance, Bitfinex, Bitstamp, CoinGecko, Coinbase, Ecb, FixedSource, Kraken},
    url_screen::BlocklistFile,
};
use coffer_store::{
    dialect::Dialect,
    store::{Role, Store, StoreOptions, StoreUrl},
};

use crate::{
    failure::Failure,
    settings::{Rates, Settings},
    system::{SystemClock, SystemEntropy},
};

/// Opens the database and the keys, and puts the engine together. Makes both at the first start.
///
/// # Errors
/// When the database or the key file cannot be used, or a network's settings cannot.
pub async fn open(settings: &Settings, role: Role, public_url: &str) -> Result<Engine, Failure> {
    let store = open_store(settings, role).await?;
    match assemble(settings, store.clone(), public_url).await {
        Ok(engine) => Ok(engine),
        Err(failure) => {
            store.close().await;
            Err(failure)
        }
    }
}

/// The options of the store in these settings.
#[must_use]
pub fn store_options(settings: &Settings, role: Role) -> StoreOptions {
    let mut options = StoreOptions::new(role);
    options.postgres_connections = settings.store.postgres_connections;
    options.failpoint.clone_from(&settings.failpoint);
    options
}

/// Opens the database alone.
///
/// # Errors
/// When it cannot be used.
pub async fn open_store(settings: &Settings, role: Role) -> Result<Store, Failure> {
    if let StoreUrl::Sqlite(path) = &settings.store.url {
        make_folder_of(path)?;
    }
    let url = &settings.store.url;
    let opened = Store::open(url, &store_options(settings, role)).await;
    opened.map_err(|error| Failure::of_database(url, &error))
}

/// Puts the engine together over an open database.
///
/// # Errors
/// When the key file or a network's settings cannot be used.
pub async fn assemble(
    settings: &Settings,
    store: Store,
    public_url: &str,
) -> Result<Engine, Failure> {
    make_folder_of(&settings.key_file)?;
    let keys = store.master_keys(&settings.key_file, &SystemEntropy).await?;
    let catalogue = Arc::new(settings.networks.catalogue.clone());
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let networks = &settings.networks;
    let chain_settings = ChainSettings { evm: networks.evm.clone(), utxo: networks.utxo.clone() };
    let chains = registry::build(chain_settings, &clock)
        .map_err(|refused| Failure::new(refused.to_string()))?;
    // A SQLite file is served by one process alone; the store refuses a second.
    let shared = store.dialect() == Dialect::Postgres;
    let ledger = Arc::new(store.clone());
    let guard = AddressGuard::new(settings.allow_private_callbacks);
    Ok(Engine::new(Parts {
        store,
        keys: Arc::new(keys),
        sandbox_chain: Arc::new(SandboxChain::new(ledger.clone())),
        sandbox_ledger: ledger,
        chains,
        rate_sources: rate_sources(settings.rates, &catalogue)?,
        catalogue,
        transport: Arc::new(GuardedTransport::new(client(guard)?)),
        url_screen: url_screen(settings)?,
        channels: channels(settings, public_url)?,
        clock,
        entropy: Arc::new(SystemEntropy),
        settings: engine_settings(settings, public_url, shared),
    }))
}

fn engine_settings(settings: &Settings, public_url: &str, shared: bool) -> EngineSettings {
    EngineSettings {
        public_url: public_url.to_owned(),
        allow_test_networks: settings.networks.allow_test,
        allow_loopback_urls: settings.urls.allow_loopback,
        unknown_urls_allowed: settings.urls.unknown_allowed,
        fixed_rates: settings.rates == Rates::Fixed,
        sandbox_block_every: settings.sandbox_block,
        shared_database: shared,
        alarms: settings.alarms.rules,
    }
}

fn rate_sources(
    rates: Rates,
    catalogue: &Arc<Catalogue>,
) -> Result<Vec<Arc<dyn RateSource>>, Failure> {
    if rates == Rates::Fixed {
        return Ok(vec![Arc::new(FixedSource::new(Arc::clone(catalogue)))]);
    }
    let client = client(AddressGuard::PUBLIC_ONLY)?;
    Ok(vec![
        Arc::new(Kraken::new(Kraken::BASE_URL, client.clone())),
        Arc::new(Coinbase::new(Coinbase::BASE_URL, client.clone())),
        Arc::new(Binance::new(Binance::BASE_URL, client.clone())),
        Arc::new(Bitstamp::new(Bitstamp::BASE_URL, client.clone())),
        Arc::new(Bitfinex::new(Bitfinex::BASE_URL, client.clone())),
        Arc::new(CoinGecko::new(CoinGecko::BASE_URL, client.clone())),
        Arc::new(Ecb::new(Ecb::BASE_URL, client)),
    ])
}

fn url_screen(settings: &Settings) -> Result<Option<Arc<dyn UrlScreen>>, Failure> {
    let Some(path) = &settings.urls.blocklist else { return Ok(None) };
    let list = BlocklistFile::open(path).map_err(|refused| Failure::new(refused.to_string()))?;
    Ok(Some(Arc::new(list)))
}

/// How the operator is reached.
fn channels(settings: &Settings, public_url: &str) -> Result<Channels, Failure> {
    let alarms = &settings.alarms;
    let client = client(AddressGuard::new(alarms.allow_private_networks))?;
    let mailer = mailer(settings, public_url)?;
    let hook = alarms.webhook.clone().map(|hook| -> Arc<dyn AlarmHook> {
        Arc::new(SignedAlarmHook::new(client.clone(), hook.url, hook.secret))
    });
    let heartbeat = alarms
        .heartbeat_url
        .clone()
        .map(|url| -> Arc<dyn Heartbeat> { Arc::new(UrlHeartbeat::new(client.clone(), url)) });
    Ok(Channels { mailer, mail_to: alarms.mail_to.clone(), hook, heartbeat })
}

fn mailer(settings: &Settings, public_url: &str) -> Result<Option<Arc<dyn Mailer>>, Failure> {
    let Some(mail) = &settings.mail else { return Ok(None) };
    let roots = match &mail.ca_file {
        Some(file) => Some(fs::read(file).map_err(|error| {
            Failure::new(format!("mail.ca_file {} cannot be read: {error}", file.display()))
        })?),
        None => None,
    };
    let uri: axum::http::Uri = public_url.parse().unwrap_or_default();
    let name = uri.host().unwrap_or("localhost");
    let mailer = SmtpMailer::new(&mail.server, mail.from.clone(), name, roots.as_deref())
        .map_err(|refused| Failure::new(refused.to_string()))?;
    Ok(Some(Arc::new(mailer)))
}

fn client(guard: AddressGuard) -> Result<GuardedClient, Failure> {
    GuardedClient::new(guard, Lookup::System, Limits::DEFAULT)
        .map_err(|refused| Failure::new(refused.to_string()))
}

/// Makes the folder of a file, for its owner only: it will hold keys or payments.
pub(crate) fn make_folder_of(file: &Path) -> Result<(), Failure> {
    let Some(folder) = file.parent().filter(|folder| !folder.as_os_str().is_empty()) else {
        return Ok(());
    };
    if folder.is_dir() {
        return Ok(());
    }
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder).map_err(|error| {
        Failure::new(format!("the folder {} cannot be made: {error}", folder.display()))
    })
}
