//! `coffer key …`

use coffer_domain::{
    id::KeyId,
    merchant::{Environment, Scope},
};
use coffer_engine::{api_key::NewKey, engine::Engine};
use coffer_store::{api_key::StoredKey, error::DbError, tx::Tx};
use serde_json::{Value, json};

use super::{KeyCommand, merchant, moment};
use crate::{
    failure::Failure,
    terminal::{Terminal, columns},
};

pub(super) async fn run(
    engine: &Engine,
    command: &KeyCommand,
    terminal: Terminal,
) -> Result<(), Failure> {
    match command {
        KeyCommand::Add { merchant, sandbox } => {
            let merchant = merchant::find(engine, merchant).await?;
            let environment = if *sandbox { Environment::Sandbox } else { Environment::Live };
            let key = engine.add_key(Scope { merchant: merchant.id, environment }).await?;
            terminal.answer(|| made_object(&key, environment), || made(&key, environment))
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
