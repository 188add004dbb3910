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
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| Failed::because("no runtime")(&error))?;
        runtime.block_on(Self::make_for(subject.stored, subject.order.name()))
    }

    /// An empty one, whose name on a server ends so.
    pub(super) async fn make_for(stored: Stored, what: &str) -> Result<Self, Failed> {
        let name = format!("coffer_bench_{}_{what}", std::process::id());
        let folder = tempfile::Builder::new().prefix("coffer-bench-").tempdir_in(PARENT);
        let folder =
            folder.map_err(|error| Failed::because("a folder for the database")(&error))?;
        let mut made = Self { url: String::new(), schema: None, folder };
        if stored == Stored::Postgres {
            let server = server()?;
            run(&server, &format!("CREATE SCHEMA {name}")).await?;
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
        let Some(Schema { server, name }) = self.schema.take() else { return };
        // On a thread of its own, as this may be dropped within a runtime. A schema that is left
        // behind does no harm; the next run takes another name.
        let dropping = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let sql = format!("DROP SCHEMA {name} CASCADE");
            runtime.map(|runtime| runtime.block_on(run(&server, &sql)))
        });
        let _ = dropping.join();
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

async fn run(server: &str, sql: &str) -> Result<(), Failed> {
    let failed = Failed::because("PostgreSQL");
    let connected = tokio_postgres::connect(server, tokio_postgres::NoTls).await;
    let (client, connection) = connected.map_err(|error| failed(&error))?;
    tokio::select! {
        done = client.batch_execute(sql) => done.map_err(|error| failed(&error)),
        ended = connection => Err(failed(&format!("the connection ended: {ended:?}"))),
    }
}
