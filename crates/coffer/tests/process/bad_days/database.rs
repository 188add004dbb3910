//! The database cannot write, or is not there.

use serde_json::Value;

use super::{answers, id, order, recovered};
use crate::support::{
    Answer, Ask, Database, Installation, Keys, Manner, OwnPostgres, Server, Sink, ask_once,
    list_all, until,
};

/// Blocks of 512 bytes that a file may have: half of what the orders need.
const BLOCKS: &str = "4096";
/// Most orders until the limit must have been reached.
const ORDERS_MAX: usize = 4_000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_is_told_as_not_now_and_loses_nothing() {
    let installation = Installation::on(Database::Sqlite).await;
    let sink = Sink::open().await;
    let keys = installation.add_merchant("Example shop", &sink.url(Manner::Take)).await;
    sink.trust(&keys);
    // Ignored, the signal becomes an error of the write, as with a disk that is full.
    let limited = format!("trap '' XFSZ; ulimit -f {BLOCKS}; exec \"$0\" serve");
    let program = env!("CARGO_BIN_EXE_coffer");
    let server = Server::start(installation.command("sh", &["-c", &limited, program])).await;

    let mut acknowledged = Vec::new();
    let mut refused = Vec::new();
    while refused.is_empty() {
        let from = acknowledged.len();
        assert!(from < ORDERS_MAX, "the limit was not reached");
        let orders: Vec<String> = (from..from + 200).map(|n| format!("order{n}")).collect();
        let asks =
            orders.iter().enumerate().map(|(n, order_id)| order(&keys, order_id, n % 2 == 1));
        for (order, answer) in orders.iter().zip(answers(server.address, asks.collect()).await) {
            if answer.status == 200 {
                acknowledged.push((order.clone(), answer));
            } else {
                answer.is_not_now();
                refused.push(order.clone());
            }
        }
    }
    assert!(!acknowledged.is_empty(), "the limit was reached before anything was stored");
    let (_, first) = &acknowledged[0];
    let read = ask_once(server.address, &keys.get(&format!("/{}", id(first)))).await;
    assert_eq!(read.status, 200, "what is stored can be read: {}", read.text());
    server.kill().await;

    let server = installation.serve().await;
    all_there(&server, &keys, &acknowledged).await;
    let stored = list_all(server.address, &keys).await;
    assert_eq!(stored.len(), acknowledged.len(), "what was refused is not there");
    for order_id in &refused {
        ask_once(server.address, &order(&keys, order_id, true)).await.data();
    }
    server.stop().await;
    installation.remove().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_locked_database_is_told_as_not_now_until_it_is_free() {
    let installation = Installation::on(Database::Sqlite).await;
    let sink = Sink::open().await;
    let keys = installation.add_merchant("Example shop", &sink.url(Manner::Take)).await;
    let server = installation.serve().await;
    let before = ask_once(server.address, &order(&keys, "before", false)).await;

    let other = rusqlite::Connection::open(installation.file("coffer.db")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let asks = (0..8).map(|number| order(&keys, &format!("locked{number}"), number % 2 == 1));
    for answer in answers(server.address, asks.collect()).await {
        answer.is_not_now();
    }
    let read = keys.get(&format!("/{}", id(&before)));
    assert_eq!(ask_once(server.address, &read).await.status, 200, "reading needs no lock");
    other.execute_batch("ROLLBACK").unwrap();

    recovered(server.address, &order(&keys, "after", true)).await;
    let stored = list_all(server.address, &keys).await;
    let orders: Vec<&Value> = stored.iter().map(|request| &request["foreign_id"]).collect();
    assert_eq!(orders, ["after", "before"], "what was refused is not there");
    server.stop().await;
    installation.remove().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_postgres_that_stops_and_starts_again_needs_no_restart_of_ours() {
    let mut postgres = OwnPostgres::make().await;
    let installation = Installation::on_url(&postgres.url());
    let sink = Sink::open().await;
    let keys = installation.add_merchant("Example shop", &sink.url(Manner::Take)).await;
    sink.trust(&keys);
    let mut server = installation.serve().await;
    let mut acknowledged = Vec::new();
    for number in 0..20 {
        let order_id = format!("order{number}");
        let answer = ask_once(server.address, &order(&keys, &order_id, number % 2 == 1)).await;
        answer.data();
        acknowledged.push((order_id, answer));
    }
    for round in 0..2 {
        postgres.stop();
        let asks = (0..4).map(|n| order(&keys, &format!("gone{round}.{n}"), n % 2 == 1));
        for answer in answers(server.address, asks.collect()).await {
            answer.is_not_now();
        }
        let read = keys.get(&format!("/{}", id(&acknowledged[0].1)));
        assert_eq!(ask_once(server.address, &read).await.status, 503, "it cannot be read, either");
        assert!(server.runs(), "it ended:\n{}", server.printed());
        postgres.start().await;
        let order_id = format!("after{round}");
        let answer = recovered(server.address, &order(&keys, &order_id, true)).await;
        acknowledged.push((order_id, answer));
    }
    all_there(&server, &keys, &acknowledged).await;
    assert_eq!(list_all(server.address, &keys).await.len(), acknowledged.len());
    let last = id(&acknowledged.last().unwrap().1);
    let told = "the callback of an order after the stop";
    sink.until(told, move |taken| taken.iter().any(|callback| callback.request == last)).await;
    until("health", || async {
        let health = ask_once(server.address, &Ask::open("/health")).await;
        (health.status == 200).then_some(())
    })
    .await;
    server.stop().await;
    installation.remove().await;
}

async fn all_there(server: &Server, keys: &Keys, acknowledged: &[(String, Answer)]) {
    let asks = acknowledged.iter().map(|(_, answer)| keys.get(&format!("/{}", id(answer))));
    let shown = answers(server.address, asks.collect()).await;
    for ((order_id, answer), shown) in acknowledged.iter().zip(shown) {
        let shown = shown.data();
        assert_eq!(shown["foreign_id"], order_id.as_str());
        for (name, value) in answer.data().as_object().unwrap() {
            assert_eq!(&shown[name], value, "{name} of {order_id}");
        }
    }
}
