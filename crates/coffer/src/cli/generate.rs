//! `coffer generate`: files of the project that the program writes about itself.

use std::fmt::Write as _;

use clap::CommandFactory as _;
use coffer_store::{
    dialect::Dialect,
    error::DbError,
    store::{Role, Store, StoreOptions, StoreUrl},
    tx::Tx,
};

use super::{Cli, GeneratedFile};
use crate::{
    demo,
    failure::Failure,
    settings::{DEFAULT, Settings, Sources},
    terminal,
};

/// Removes the schema that was made for reading its tables.
const DROP: &str = "DROP SCHEMA coffer_generated CASCADE";

pub(super) async fn run(what: GeneratedFile, sources: &Sources<'_>) -> Result<(), Failure> {
    let text = match what {
        GeneratedFile::Openapi => coffer_web::openapi::openapi_json(),
        GeneratedFile::SchemaSqlite => schema_sqlite().await?,
        GeneratedFile::SchemaPostgres => schema_postgres(sources).await?,
        GeneratedFile::Config => configuration(),
        GeneratedFile::CliHelp => command_line(),
    };
    terminal::print(&text)
}

async fn schema_sqlite() -> Result<String, Failure> {
    let folder = demo::temporary_folder()?;
    let url = StoreUrl::Sqlite(folder.path().join("schema.db"));
    schema(&url).await
}

/// In a schema of its own, which is gone afterwards.
async fn schema_postgres(sources: &Sources<'_>) -> Result<String, Failure> {
    let settings = Settings::load(sources)?;
    if matches!(settings.store.url, StoreUrl::Sqlite(_)) {
        return Err(Failure::new("COFFER_STORE__URL must name a PostgreSQL"));
    }
    let url = settings.store.url.in_schema("coffer_generated").await?;
    schema(&url).await
}

async fn schema(url: &StoreUrl) -> Result<String, Failure> {
    let store = Store::open(url, &StoreOptions::new(Role::Cli)).await?;
    let text = store.schema_text().await;
    if store.dialect() == Dialect::Postgres {
        let dropped = async |tx: &mut Tx<'_>| tx.exec(DROP, &[]).await;
        store.write(dropped).await.map_err(|error: DbError| error)?;
    }
    store.close().await;
    Ok(text?)
}

fn configuration() -> String {
    let mut text = "# Settings\n\n\
         <!-- Written by `cargo xtask generate` from crates/coffer/coffer.default.toml. -->\n\n\
         Every setting with its default and what it means, as `coffer config default` prints it.\n\
         `coffer config check` shows what is in force and where it comes from; all mistakes are \
         told at once.\n\n"
        .to_owned();
    let _ = write!(text, "```toml\n{DEFAULT}```\n\n## Variables\n\n");
    text += "A variable stands over the file. A list is written with commas between, a list of \
             tables as one line of TOML.\n\n| variable | setting |\n| --- | --- |\n";
    for (section, key) in keys() {
        let variable = format!("COFFER_{}__{}", section.to_uppercase(), key.to_uppercase());
        let _ = writeln!(text, "| `{variable}` | `{section}.{key}` |");
    }
    text
}

/// Sections and keys in the order of the file, those in comments too. Tables of lists are left out.
#[must_use]
pub fn keys() -> Vec<(&'static str, &'static str)> {
    let mut found = Vec::new();
    let mut section = "";
    for line in DEFAULT.lines() {
        if let Some(name) = line.strip_prefix('[') {
            section = name.trim_end_matches(']');
            continue;
        }
        if line.starts_with("# [[") {
            section = "";
        }
        let Some((key, _)) = line.trim_start_matches("# ").split_once(" = ") else { continue };
        let plain = key.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
        if plain && !section.is_empty() {
            found.push((section, key));
        }
    }
    found
}

fn command_line() -> String {
    let mut text = "# The command line\n\n\
         <!-- Written by `cargo xtask generate` from what `coffer --help` says. -->\n"
        .to_owned();
    let command = Cli::command().term_width(100).color(clap::ColorChoice::Never);
    describe(&mut text, command, "coffer");
    text
}

fn describe(text: &mut String, mut command: clap::Command, name: &str) {
    command = command.bin_name(name).display_name(name);
    let help = without_colours(&command.render_long_help().to_string());
    let lines: Vec<&str> = help.lines().map(str::trim_end).collect();
    let _ = write!(text, "\n## `{name}`\n\n```text\n{}\n```\n", lines.join("\n").trim_end());
    // `help` says what stands here.
    let told = |below: &&clap::Command| !below.is_hide_set() && below.get_name() != "help";
    let below: Vec<clap::Command> = command.get_subcommands().filter(told).cloned().collect();
    for below in below {
        let name = format!("{name} {}", below.get_name());
        let below = below.term_width(100);
        describe(text, below, &name);
    }
}

fn without_colours(text: &str) -> String {
    let mut plain = String::new();
    let mut parts = text.split('\u{1b}');
    plain.extend(parts.next());
    for part in parts {
        plain.push_str(part.split_once('m').map_or("", |(_, rest)| rest));
    }
    plain
}
