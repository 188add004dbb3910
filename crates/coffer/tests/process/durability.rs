//! An answer is a promise that the disk has kept: for every one of them the log was synced after
//! its last write and before the first byte, as the calls to the kernel show.

mod trace;

use std::collections::BTreeSet;

use serde_json::json;
use tokio::{process::Command, sync::watch};

use self::trace::{Trace, Unkept};
use crate::support::{
    Ask, Database, Installation, Keys, Manner, Outcome, Server, Sink, ask_all, until,
};

const SEQUENTIAL: usize = 30;
const CONCURRENT: usize = 300;
const CONNECTIONS: usize = 16;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_answer_comes_after_a_sync_of_its_log() {
    let installation = Installation::on(Database::Sqlite).await;
    let sink = Sink::open().await;
    let keys = installation.add_merchant("Example shop", &sink.url(Manner::Take)).await;
    sink.trust(&keys);
    let file = installation.file("calls");
    let server = Server::start(traced(&installation, &file.display().to_string())).await;
    let mut acknowledged = BTreeSet::new();
    for (connections, orders) in
        [(1, 0..SEQUENTIAL), (CONNECTIONS, SEQUENTIAL..SEQUENTIAL + CONCURRENT)]
    {
        let asks = orders.map(|number| order(&keys, number)).collect();
        let outcomes = ask_all(server.address, connections, asks, &watch::Sender::new(0)).await;
        for outcome in outcomes {
            let Outcome::Answered(answer) = outcome else { panic!("{}", server.printed()) };
            acknowledged.insert(answer.data()["id"].as_str().unwrap().to_owned());
        }
    }
    server.stop().await;
    let calls = until("the end of the trace", || async {
        let calls = std::fs::read(&file).unwrap();
        let calls = String::from_utf8_lossy(&calls).into_owned();
        let last = calls.lines().last()?;
        last.contains("+++ exited with 0 +++").then_some(calls)
    })
    .await;
    let trace = Trace::read(&calls);
    let unkept: Vec<(&String, Unkept)> =
        acknowledged.iter().filter_map(|id| Some((id, trace.judge(id).err()?))).collect();
    assert!(unkept.is_empty(), "{} of {}: {unkept:?}", unkept.len(), acknowledged.len());
    assert_eq!(acknowledged.len(), SEQUENTIAL + CONCURRENT);
    // The same calls without the syncs would not have done.
    let unsynced = calls.lines().filter(|line| !line.contains("sync("));
    let unsynced = Trace::read(&unsynced.collect::<Vec<_>>().join("\n"));
    let judged = acknowledged.iter().map(|id| unsynced.judge(id));
    assert!(judged.into_iter().all(|judged| judged == Err(Unkept::NotSynced)));
    println!("{} answers, each after one of {} syncs", acknowledged.len(), trace.syncs());
    installation.remove().await;
}

/// The server under a tracer that stands beside it, so that our child is the server itself.
fn traced(installation: &Installation, file: &str) -> Command {
    let found = std::process::Command::new("strace").arg("-V").output();
    assert!(
        found.is_ok_and(|version| version.status.success()),
        "strace is missing: this test reads the server's calls to the kernel; install the package \
         strace, as `cargo xtask nodes` does"
    );
    let program = env!("CARGO_BIN_EXE_coffer");
    let calls = "trace=fsync,fdatasync,write,writev,pwrite64,pwritev,sendto,sendmsg";
    // Long enough to show a page of the log, and with it the ids in it, as a whole.
    let length = "16384";
    let options = ["-D", "-f", "-tt", "-y", "-e", calls, "-s", length, "-o", file];
    let arguments: Vec<&str> = options.into_iter().chain([program, "serve"]).collect();
    installation.command("strace", &arguments)
}

fn order(keys: &Keys, number: usize) -> Ask {
    let mut body = json!({
        "amount": "100",
        "currency": { "iso": "EUR" },
        "life_time_duration": 3600,
        "foreign_id": format!("order{number}"),
    });
    if number % 2 == 1 {
        body["payment_currency"] = json!({ "iso": "BTC", "network_name": "bitcoin" });
    }
    keys.create(&body.to_string())
}
