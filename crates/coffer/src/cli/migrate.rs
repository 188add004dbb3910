//! `coffer migrate`

use coffer_store::store::{Role, Store};
use serde_json::json;

use crate::{failure::Failure, settings::Settings, terminal::Terminal, wiring};

/// Bytes a second that a migration gets through at least on a slow disk, for the estimate.
const BYTES_A_SECOND: u64 = 20 * 1024 * 1024;

pub(super) async fn run(
    settings: &Settings,
    check: bool,
    terminal: Terminal,
) -> Result<(), Failure> {
    let options = wiring::store_options(settings, Role::Cli);
    let url = &settings.store.url;
    let pending = Store::pending(url, &options).await;
    let pending = pending.map_err(|error| Failure::of_database(url, &error))?;
    if !check {
        wiring::open_store(settings, Role::Cli).await?.close().await;
    }
    let names: Vec<String> =
        pending.migrations.iter().map(|(number, name)| format!("{number:04}_{name}")).collect();
    let seconds = if pending.exists { pending.bytes.div_ceil(BYTES_A_SECOND).max(1) } else { 1 };
    terminal.answer(
        || {
            json!({
                "pending": if check { names.clone() } else { Vec::new() },
                "applied": if check { Vec::new() } else { names.clone() },
                "exists": pending.exists,
                "bytes": pending.bytes,
                "seconds_at_most": seconds,
            })
        },
        || {
            let (count, list) = (names.len(), names.join(", "));
            match (count, check) {
                (0, _) => "The database is up to date.\n".to_owned(),
                (_, false) => format!("Applied {count}: {list}.\n"),
                (_, true) if !pending.exists => {
                    format!("There is no database yet; it will be made at once: {list}.\n")
                }
                (_, true) => format!(
                    "{count} to apply: {list}. The database has {} MiB; \
                     expect up to {seconds} s.\n",
                    pending.bytes >> 20
                ),
            }
        },
    )
}
