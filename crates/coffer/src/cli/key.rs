//! `coffer key …`

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write as _},
    path::Path,
};

use coffer_domain::{
    id::KeyId,
    merchant::{Environment, Scope},
};
use coffer_engine::{api_key::NewKey, engine::Engine};
use coffer_store::{api_key::StoredKey, error::DbError, tx::Tx};
use serde_json::{Value, json};

use super::{KeyCommand, callback_url::Doubt, merchant, moment, payable::payable};
use crate::{
    failure::Failure,
    settings::Settings,
    terminal::{self, Terminal, columns},
};

pub(super) async fn run(
    engine: &Engine,
    settings: &Settings,
    command: &KeyCommand,
    folder: &Path,
    terminal: Terminal,
) -> Result<(), Failure> {
    match command {
        KeyCommand::Add { merchant, sandbox, out } => {
            let owner = merchant::find(engine, merchant).await?;
            let merchant = owner.id;
            let environment = if *sandbox { Environment::Sandbox } else { Environment::Live };
            if environment == Environment::Live
                && let Some(missing) = payable(engine, Some(merchant)).await?.lacks()
            {
                let told =
                    "requests can be made with a live key, but nobody can pay them; missing:";
                terminal::warn(&format!("{told} {missing}"));
            }
            let doubt = Doubt::of(&owner, settings);
            if let Some(doubt) = doubt.filter(|it| it.refused || environment == Environment::Live) {
                terminal::warn(&doubt.sentence(&owner));
            }
            let scope = Scope { merchant, environment };
            match out {
                None => {
                    let key = engine.add_key(scope).await?;
                    terminal.answer(|| made_object(&key, environment), || made(&key, environment))
                }
                Some(file) => add_into(engine, scope, &folder.join(file), terminal).await,
            }
        }
        KeyCommand::List { merchant } => {
            let merchant = merchant::find(engine, merchant).await?;
            let keys = engine.keys_of(merchant.id).await?;
            terminal.answer(
                || json!({"keys": keys.iter().map(object).collect::<Vec<_>>()}),
                || table(&keys),
            )
        }
        KeyCommand::Disable { key } => {
            let id = find(engine, key).await?;
            let changed = engine.disable_key(id).await?;
            terminal.answer(
                || json!({"id": id.text(), "disabled": true, "changed": changed}),
                || {
                    match changed {
                        true => {
                            "The key is refused from now on; a server notices within a second.\n"
                        }
                        false => "The key was disabled already.\n",
                    }
                    .to_owned()
                },
            )
        }
    }
}

/// Makes a key and writes it into a new file, which is there before the key is: a secret that
/// cannot be kept is not made.
async fn add_into(
    engine: &Engine,
    scope: Scope,
    path: &Path,
    terminal: Terminal,
) -> Result<(), Failure> {
    let file = new_private(path)?;
    let key = match engine.add_key(scope).await {
        Ok(key) => key,
        Err(error) => {
            // It is empty; that it cannot be removed changes nothing about the error.
            let _ = fs::remove_file(path);
            return Err(error.into());
        }
    };
    write_key(file, &key, scope.environment).map_err(|error| {
        Failure::new(format!(
            "{} cannot be written: {error}; take the key back: coffer key disable {}",
            path.display(),
            key.key
        ))
    })?;
    let (environment, path) = (scope.environment.as_str(), path.display().to_string());
    terminal.answer(
        || json!({"id": key.id.text(), "key": key.key, "environment": environment, "file": path}),
        || format!("Made the {environment} key {}. Its secrets stand in {path} alone.\n", key.key),
    )
}

/// A new file that only its owner may read.
fn new_private(path: &Path) -> Result<File, Failure> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map_err(|error| {
        let path = path.display();
        Failure::new(match error.kind() {
            io::ErrorKind::AlreadyExists => {
                format!("{path} exists already and is left as it is; no key was made")
            }
            _ => format!("{path} cannot be written, so no key was made: {error}"),
        })
    })
}

fn write_key(mut file: File, key: &NewKey, environment: Environment) -> io::Result<()> {
    file.write_all(format!("{}\n", made_object(key, environment)).as_bytes())?;
    file.sync_all()
}

/// A key by its id or by its public part.
async fn find(engine: &Engine, text: &str) -> Result<KeyId, Failure> {
    let unknown = || Failure::new(format!("there is no key {text}; see coffer key list"));
    let public = text.to_owned();
    let found = engine.store().read(async move |tx: &mut Tx<'_>| tx.key_by_public(&public).await);
    let found: Option<StoredKey> = found.await.map_err(|error: DbError| error)?;
    if let Some(key) = found {
        return Ok(key.id);
    }
    let id: KeyId = text.parse().map_err(|_| unknown())?;
    for merchant in engine.merchants().await? {
        if engine.keys_of(merchant.id).await?.iter().any(|key| key.id == id) {
            return Ok(id);
        }
    }
    Err(unknown())
}

fn made_object(key: &NewKey, environment: Environment) -> Value {
    json!({
        "key": key.key,
        "secret": key.secret,
        "webhook_secret": key.webhook_secret,
        "id": key.id.text(),
        "environment": environment.as_str(),
    })
}

fn made(key: &NewKey, environment: Environment) -> String {
    let rows = [
        ("key", key.key.clone()),
        ("secret", key.secret.clone()),
        ("webhook secret", key.webhook_secret.clone()),
    ];
    let rows = rows.map(|(name, value)| vec![format!("  {name}"), value]);
    format!(
        "Made a {} key. Its secrets are not shown again:\n{}\
         The secret signs requests (X-Processing-Signature) and verifies callbacks; the webhook \
         secret verifies their Standard Webhooks signature.\n",
        environment.as_str(),
        columns(&rows)
    )
}

fn object(key: &StoredKey) -> Value {
    json!({
        "id": key.id.text(),
        "key": key.public_key,
        "environment": key.scope.environment.as_str(),
        "created_at": key.created_at.seconds(),
        "disabled_at": key.disabled_at.map(|at| at.seconds()),
    })
}

fn table(keys: &[StoredKey]) -> String {
    if keys.is_empty() {
        return "The merchant has no key yet.\n".to_owned();
    }
    let head = ["id", "key", "environment", "made", "state"].map(str::to_owned).to_vec();
    let row = |key: &StoredKey| {
        let state = key.disabled_at.map(|at| format!("disabled {}", moment::text(at)));
        vec![
            key.id.text(),
            key.public_key.clone(),
            key.scope.environment.as_str().to_owned(),
            moment::text(key.created_at),
            state.unwrap_or_else(|| "active".to_owned()),
        ]
    };
    columns(&std::iter::once(head).chain(keys.iter().map(row)).collect::<Vec<_>>())
}
