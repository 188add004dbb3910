//! From arguments to an exit status.

use std::{env, ffi::OsString, process::ExitCode};

use clap::Parser as _;
use coffer_engine::engine::Engine;
use coffer_store::{
    error::OpenError,
    store::{Role, Store},
};
use serde_json::json;

use super::{
    Cli, Command, WalletCommand, alarm, books, callback, chain, config, doctor, find, generate,
    health, init, key, merchant, migrate, wallet,
};
use crate::{
    demo,
    failure::Failure,
    serve::{self, logging},
    settings::{Environment, LogSettings, Settings, Sources},
    terminal::{self, Terminal},
    wiring,
};

/// Runs the program with these arguments, the first of which is its name.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(error) => {
            // It goes to standard error with status 2, or to standard output with 0 for --help.
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    if rustls::crypto::ring::default_provider().install_default().is_err() {
        terminal::complain(&"another provider of cryptography was installed already");
        return ExitCode::FAILURE;
    }
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            terminal::complain(&format!("no threads can be started: {error}"));
            return ExitCode::FAILURE;
        }
    };
    match runtime.block_on(execute(&cli)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            terminal::complain(&failure);
            ExitCode::FAILURE
        }
    }
}

async fn execute(cli: &Cli) -> Result<(), Failure> {
    let terminal = Terminal { json: cli.json };
    let sources = sources(cli)?;
    match &cli.command {
        Command::Init => init::run(&sources, terminal).await,
        Command::Serve => {
            let settings = Settings::load(&sources)?;
            logging::start(&settings.log);
            say_what_is_used(&settings);
            serve(&settings, terminal).await
        }
        Command::Demo(args) => demo::run(args, &sources.environment, terminal).await,
        Command::Migrate { check } => migrate::run(&load(&sources)?, *check, terminal).await,
        Command::Config(command) => config::run(command, &sources, terminal),
        Command::Merchant(command) => {
            let settings = load(&sources)?;
            let engine = open(&settings).await?;
            closed(&engine, merchant::run(&engine, &settings, command, terminal).await).await
        }
        Command::Key(command) => {
            let settings = load(&sources)?;
            let engine = open(&settings).await?;
            let folder = &sources.working_directory;
            closed(&engine, key::run(&engine, &settings, command, folder, terminal).await).await
        }
        Command::Wallet(WalletCommand::New(args)) => wallet::new(args, terminal),
        Command::Wallet(command) => {
            let engine = open(&load(&sources)?).await?;
            closed(&engine, wallet::run(&engine, command, terminal).await).await
        }
        Command::Callback(command) => {
            let engine = open(&load(&sources)?).await?;
            closed(&engine, callback::run(&engine, command, terminal).await).await
        }
        Command::Chain(command) => {
            let engine = open(&load(&sources)?).await?;
            closed(&engine, chain::run(&engine, command, terminal).await).await
        }
        Command::Books(command) => {
            let engine = open(&load(&sources)?).await?;
            closed(&engine, books::run(&engine, command, terminal).await).await
        }
        Command::Alarm(command) => {
            let engine = open(&load(&sources)?).await?;
            closed(&engine, alarm::run(&engine, command, terminal).await).await
        }
        Command::Doctor => {
            let settings = Settings::load(&sources)?;
            // What fails is what it tells.
            logging::start(&LogSettings { level: "error".to_owned(), ..settings.log.clone() });
            let engine = open(&settings).await?;
            closed(&engine, doctor::run(&engine, &settings, terminal).await).await
        }
        Command::Find { text } => {
            let engine = open(&load(&sources)?).await?;
            closed(&engine, find::run(&engine, text, terminal).await).await
        }
        Command::Health { url } => health::run(&load(&sources)?, url.as_deref(), terminal).await,
        Command::Generate { what } => generate::run(*what, &sources).await,
    }
}

async fn serve(settings: &Settings, terminal: Terminal) -> Result<(), Failure> {
    serve::run(settings, |server| {
        let (listening, public) = (format!("http://{}", server.address), &server.public_url);
        terminal.answer(
            || json!({"listening": listening, "public_url": public}),
            || match *public == listening {
                true => format!("listening on {listening}\n"),
                false => format!("listening on {listening}, reached under {public}\n"),
            },
        )
    })
    .await
}

fn sources(cli: &Cli) -> Result<Sources<'_>, Failure> {
    let working_directory = env::current_dir()
        .map_err(|error| Failure::new(format!("there is no working directory: {error}")))?;
    Ok(Sources {
        file: cli.config.as_deref(),
        working_directory,
        environment: Environment::of_process(),
        instead_of_file: None,
    })
}

/// The settings of a command beside the server, whose log shows what goes wrong only.
fn load(sources: &Sources<'_>) -> Result<Settings, Failure> {
    let settings = Settings::load(sources)?;
    logging::start(&LogSettings { level: "warn".to_owned(), ..settings.log.clone() });
    Ok(settings)
}

/// Opens what is there. A command that makes a database, or changes its tables, would hide that
/// it looked in the wrong place.
async fn open(settings: &Settings) -> Result<Engine, Failure> {
    let url = &settings.store.url;
    let mut options = wiring::store_options(settings, Role::Cli);
    options.migrate = false;
    let first = options.migrations.first().map(|migration| migration.number);
    let opened = Store::open(url, &options).await.map_err(|error| match error {
        OpenError::Behind(number) if Some(number) == first => {
            Failure::new(format!("there is no database at {url}; coffer init makes one"))
        }
        error => Failure::of_database(url, &error),
    });
    let (store, own_url) = (opened?, settings.server.own_url(settings.server.listen));
    match wiring::assemble(settings, store.clone(), &own_url).await {
        Ok(engine) => Ok(engine),
        Err(failure) => {
            store.close().await;
            Err(failure)
        }
    }
}

/// Which settings, database and keys a server works with, and what is hardly meant about them.
fn say_what_is_used(settings: &Settings) {
    let none = || "none, so defaults hold".to_owned();
    let file = settings.file.as_ref().map_or_else(none, |file| file.display().to_string());
    let (database, keys) = (&settings.store.url, settings.key_file.display());
    tracing::info!("settings file: {file}; database: {database}; key file: {keys}");
    for warning in settings.warnings() {
        tracing::warn!("{warning}");
    }
}

/// Closes the database, whatever the command said.
async fn closed(engine: &Engine, said: Result<(), Failure>) -> Result<(), Failure> {
    engine.store().close().await;
    said
}
