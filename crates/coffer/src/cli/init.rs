//! `coffer init`: an installation from nothing, and what is left to do.

use std::{fs, io, io::Write as _, path::Path};

use coffer_engine::engine::Engine;
use coffer_store::store::{Role, Store};
use serde_json::json;

use super::{
    callback_url::Doubt,
    payable::{Payable, payable},
};
use crate::{
    failure::Failure,
    serve::logging,
    settings::{self, DEFAULT, FILE, LogSettings, Settings, Sources},
    terminal::Terminal,
    wiring,
};

/// What an installation has and lacks.
struct Findings {
    works: Vec<String>,
    /// What the settings say, and nobody has tried.
    configured: Vec<String>,
    missing: Vec<String>,
    next: String,
}

pub(super) async fn run(sources: &Sources<'_>, terminal: Terminal) -> Result<(), Failure> {
    let wanted = sources.file.map(|file| sources.working_directory.join(file));
    let found = match &wanted {
        Some(file) => file.is_file().then(|| file.clone()),
        None => settings::find_file(&sources.working_directory, &sources.environment),
    };
    let file = wanted.unwrap_or_else(|| sources.working_directory.join(FILE));
    let written = found.is_none() && write_settings(&file)?;
    let settings = Settings::load(sources)?;
    logging::start(&LogSettings { level: "warn".to_owned(), ..settings.log.clone() });
    let before = Before::of(&settings).await?;
    let url = settings.server.own_url(settings.server.listen);
    let engine = wiring::open(&settings, Role::Cli, &url).await?;
    let findings = look(&engine, &settings).await;
    engine.store().close().await;
    let findings = findings?;
    let file = found.unwrap_or(file).display().to_string();
    let (key_file, store) =
        (settings.key_file.display().to_string(), settings.store.url.to_string());
    terminal.answer(
        || {
            json!({
                "settings": file, "settings_written": written, "database": store,
                "database_made": before.database == MADE, "key_file": key_file,
                "key_file_made": before.key_file == MADE, "works": findings.works,
                "configured": findings.configured, "missing": findings.missing,
                "next": findings.next,
            })
        },
        || {
            let settings = if written { "written, every line is a comment" } else { "found" };
            let bullets = |lines: &[String]| -> String {
                lines.iter().map(|line| format!("  - {line}\n")).collect()
            };
            let configured = match findings.configured.as_slice() {
                [] => String::new(),
                lines => format!("Configured, not asked yet:\n{}\n", bullets(lines)),
            };
            let missing = match findings.missing.as_slice() {
                [] => "  nothing\n".to_owned(),
                lines => bullets(lines),
            };
            format!(
                "Settings  {file} ({settings})\nDatabase  {store} ({})\nKeys      \
                 {key_file} ({}) — keep a copy of this file apart from the database's \
                 backups\n\nWorks now:\n{}\n\
                 {configured}Missing:\n{missing}\nNext:\n    {}\n",
                before.database,
                before.key_file,
                bullets(&findings.works),
                findings.next
            )
        },
    )
}

const MADE: &str = "made";
const FOUND: &str = "found";

/// What of an installation was there before.
struct Before {
    database: &'static str,
    key_file: &'static str,
}

impl Before {
    async fn of(settings: &Settings) -> Result<Self, Failure> {
        let url = &settings.store.url;
        let pending = Store::pending(url, &wiring::store_options(settings, Role::Cli)).await;
        let pending = pending.map_err(|error| Failure::of_database(url, &error))?;
        let database = match pending.exists {
            true if pending.migrations.is_empty() => FOUND,
            true => "found, brought up to date",
            false => MADE,
        };
        let key_file = if settings.key_file.exists() { FOUND } else { MADE };
        Ok(Self { database, key_file })
    }
}

/// Writes the defaults as comments, unless the file is there; whether it did.
fn write_settings(file: &Path) -> Result<bool, Failure> {
    let failed = |error: io::Error| {
        Failure::new(format!("the settings {} cannot be written: {error}", file.display()))
    };
    wiring::make_folder_of(file)?;
    let opened = fs::OpenOptions::new().write(true).create_new(true).open(file);
    match opened {
        Ok(mut opened) => {
            opened.write_all(commented(DEFAULT).as_bytes()).map_err(failed)?;
            Ok(true)
        }
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(failed(error)),
    }
}

/// The defaults with every value as a comment, so that later defaults are not kept out. Sections
/// stay, ready to be filled.
pub(super) fn commented(text: &str) -> String {
    let line = |line: &str| match line {
        "" => "\n".to_owned(),
        line if line.starts_with(['#', '[']) => format!("{line}\n"),
        line => format!("# {line}\n"),
    };
    text.lines().map(line).collect()
}

async fn look(engine: &Engine, settings: &Settings) -> Result<Findings, Failure> {
    engine.ensure_sandbox_wallet().await?;
    let merchants = engine.merchants().await?;
    let works = vec!["the sandbox: payments with made-up money on every network".to_owned()];
    let mut missing = Vec::new();
    let mut next = "coffer serve".to_owned();
    let payable = payable(engine, None).await?;
    missing.extend(payable.lacks());
    missing.extend(settings.warnings());
    let mut configured = Vec::new();
    if let Payable::On(networks) = payable {
        let asked = "coffer serve asks its node, coffer doctor says how far it is read";
        configured.push(format!("real payments on {} ({asked})", networks.join(", ")));
    }
    if settings.server.public_url.is_none() {
        missing.push(
            "the URL customers reach this server under, for any but this machine: \
             server.public_url"
                .to_owned(),
        );
    }
    let mut without_key = None;
    for merchant in &merchants {
        let doubt = Doubt::of(merchant, settings).filter(|doubt| doubt.refused);
        missing.extend(doubt.map(|doubt| doubt.sentence(merchant)));
        if engine.keys_of(merchant.id).await?.iter().all(|key| key.disabled_at.is_some()) {
            without_key.get_or_insert(merchant);
        }
    }
    if let Some(merchant) = without_key {
        missing.push(format!("an API key for {}", merchant.name));
        next = format!("coffer key add --merchant {} --sandbox", merchant.id.text());
    }
    if merchants.is_empty() {
        missing.push("a merchant".to_owned());
        next = "coffer merchant add \"My Shop\" --callback-url https://shop.example/callback"
            .to_owned();
    }
    Ok(Findings { works, configured, missing, next })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_written_file_changes_nothing() {
        let text = commented(DEFAULT);
        let table: toml::Table = text.parse().unwrap();
        let empty = |value: &toml::Value| value.as_table().is_some_and(toml::Table::is_empty);
        assert!(table.values().all(empty), "{table}");
        assert!(table.contains_key("server") && text.contains("# listen = "));
    }
}
