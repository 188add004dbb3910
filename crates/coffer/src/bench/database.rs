//! A database for each server, gone after the round.

use tempfile::TempDir;

use super::{
    Failed,
    options::{Stored, Subject},
};

/// A file, or a schema on the PostgreSQL server that `cargo xtask bench` started.
pub(super) struct Database {
    /// As settings name it.
    pub(super) url: String,
    schema: Option<Schema>,
    /// Its files, and the master keys of its server.
    pub(super) folder: TempDir,
}

struct Schema {
    server: String,
    name: String,
}

/// `/tmp` may be memory; `/var/tmp` outlives a restart of the machine, so it is a disk.
const PARENT: &str = "/var/tmp";

impl Database {
    /// An empty one.
    pub(super) fn make(subject: Subject) -> Result<Self, Failed> {
        let name = format!("coffer_bench_{}_{}", std::process::id(), subject.order.name());
        let folder = tempfile::Builder::new().prefix("coffer-bench-").tempdir_in(PARENT);
        let folder =
            folder.map_err(|error| Failed::because("a folder for the database")(&error))?;
        let mut made = Self { url: String::new(), schema: None, folder };
        if subject.stored == Stored::Postgres {
            let server = server()?;
            run(&server, &format!("CREATE SCHEMA {name}"))?;
            let joint = if server.contains('?') { '&' } else { '?' };
            made.url = format!("{server}{joint}options=-csearch_path%3D{name}");
            made.schema = Some(Schema { server, name });
        } else {
            made.url = format!("sqlite://{}", made.folder.path().join("coffer.db").display());
        }
        Ok(made)
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if let Some(Schema { server, name }) = &self.schema {
            // Left behind, it does no harm; the next run takes another name.
            let _ = run(server, &format!("DROP SCHEMA {name} CASCADE"));
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "what `cargo xtask bench` hands over, not a setting")]
fn server() -> Result<String, Failed> {
    std::env::var("COFFER_BENCH_POSTGRES").map_err(|_| {
        let text = "COFFER_BENCH_POSTGRES names no server; start the bench by `cargo xtask bench`, \
                    or leave PostgreSQL out with --store";
        Failed(text.to_owned())
    })
}

fn run(server: &str, sql: &str) -> Result<(), Failed> {
    let failed = Failed::because("PostgreSQL");
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| failed(&error))?;
    runtime.block_on(async {
        let connected = tokio_postgres::connect(server, tokio_postgres::NoTls).await;
        let (client, connection) = connected.map_err(|error| failed(&error))?;
        tokio::select! {
            done = client.batch_execute(sql) => done.map_err(|error| failed(&error)),
            ended = connection => Err(failed(&format!("the connection ended: {ended:?}"))),
        }
    })
}
