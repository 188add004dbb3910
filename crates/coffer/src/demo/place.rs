//! Where a demonstration keeps its data: never in somebody else's database.

use std::env;

use coffer_store::{
    error::OpenError,
    store::{Role, Store, StoreUrl},
    tx::Tx,
};
use tempfile::TempDir;

use crate::{
    failure::Failure,
    settings::{Environment, Settings, Sources},
    wiring,
};

/// The schema on PostgreSQL.
const SCHEMA: &str = "coffer_demo";
/// The counter whose row marks a database as a demonstration's.
const MARK: &str = "coffer demo";

/// Settings that make everything work on one machine with made-up money.
const SETTINGS: &str = "\
[callbacks]
allow_private_networks = true
[rates]
source = \"fixed\"
[urls]
allow_loopback = true
[sandbox]
block_seconds = 1
[log]
level = \"warn\"
";

/// A folder that is gone when this is dropped, and that nobody else can look into.
pub(crate) fn temporary_folder() -> Result<TempDir, Failure> {
    tempfile::Builder::new()
        .prefix("coffer-")
        .tempdir()
        .map_err(|error| Failure::new(format!("no temporary folder can be made: {error}")))
}

/// The demonstration's settings: its own, under the environment's. No file is read.
pub(super) async fn settings(
    environment: &Environment,
    temporary: Option<&TempDir>,
) -> Result<Settings, Failure> {
    let lasting = environment.data_home().unwrap_or_else(env::temp_dir).join("coffer-demo");
    let folder = temporary.map_or_else(|| lasting.clone(), |folder| folder.path().to_owned());
    let file = toml::Value::from(format!("sqlite://{}", folder.join("coffer.db").display()));
    let mut settings = Settings::load(&Sources {
        file: None,
        working_directory: folder,
        environment: environment.clone(),
        instead_of_file: Some(&format!("{SETTINGS}[store]\nurl = {file}\n")),
    })?;
    // What is sealed in a server's schema outlives a walk, so its keys must, too; and they are not
    // those of an installation.
    if matches!(settings.store.url, StoreUrl::Postgres(_)) && !settings.names("secrets.key_file") {
        settings.key_file = lasting.join("coffer.key");
    }
    settings.store.url = settings.store.url.in_schema(SCHEMA).await?;
    claim(&settings).await?;
    Ok(settings)
}

/// Marks a new database as the demonstration's, and refuses one that is not.
async fn claim(settings: &Settings) -> Result<(), Failure> {
    let options = wiring::store_options(settings, Role::Cli);
    let existed = match &settings.store.url {
        StoreUrl::Sqlite(path) if !path.exists() => false,
        url => Store::pending(url, &options).await?.exists,
    };
    let store = if existed {
        let mut careful = options.clone();
        careful.migrate = false;
        match Store::open(&settings.store.url, &careful).await {
            Err(OpenError::Behind(_)) => Store::open(&settings.store.url, &options).await?,
            opened => opened?,
        }
    } else {
        wiring::open_store(settings, Role::Cli).await?
    };
    let url = settings.store.url.to_string();
    let claimed = store
        .write(async move |tx: &mut Tx<'_>| {
            let starts = tx.next_number(MARK).await?;
            if existed && starts == 1 {
                let refused = format!("the demo did not make the database {url}, and leaves it be");
                return Err(Failure::new(refused));
            }
            Ok(())
        })
        .await;
    store.close().await;
    claimed
}
