//! Two servers on one PostgreSQL: one follows a node, the other goes on when it is gone.

mod turnstile;

use std::time::Duration;

use coffer::nodes::anvil::Anvil;
use serde_json::json;

use self::turnstile::Turnstile;
use crate::support::{
    Database, Installation, Keys, Manner, Server, Sink, Taken, ask_once, soon, until,
};

/// Within this another server goes on.
const TAKEN_OVER_WITHIN: Duration = Duration::from_secs(15);
/// What the log says of who follows.
const FOLLOWS: &str = "lease=\"follow anvil\"";
/// The account of anvil's mnemonic.
const ACCOUNT_KEY: &str = "xpub6Ce9NcJvTk36xtLSrJLZqE7wtgA5deCeYs7rSQtreh4cj6ByPtrg9s\
                           D7V2FNFLPnf8heNP3FGkeV9qwfzvZNSd54JoNXVsXFYSYwHsnJxqP";
/// 25 USD in wei.
const PRICE: u128 = 10_000_000_000_000_000;

/// Two servers, the node they share, and a merchant.
struct Pair {
    installation: Installation,
    node: Anvil,
    turnstile: Turnstile,
    sink: Sink,
    keys: Keys,
    /// Follows the node.
    first: Server,
    /// Stands by.
    second: Server,
}

impl Pair {
    async fn start() -> Self {
        let node = Anvil::start(31_337, &[]).await.unwrap();
        node.mine(1).await.unwrap();
        let turnstile = Turnstile::before(node.address()).await;
        let installation = Installation::on(Database::Postgres).await;
        let networks = format!(
            "[[networks.evm]]\nname = \"anvil\"\nchain_id = 31337\ntest = true\n\
             confirmations = 3\nendpoints = [\"http://{}\"]\n\
             [[networks.evm.assets]]\niso = \"ETH\"\ncode = \"ETHANVIL\"\nnumber = 90001\n\
             decimals = 18\nfixed_usd = \"2500\"\n",
            turnstile.address
        );
        std::fs::write(installation.file("coffer.toml"), networks).unwrap();
        let sink = Sink::open().await;
        let keys = installation.add_merchant("Example shop", &sink.url(Manner::Take)).await;
        sink.trust(&keys);
        installation.run(&["wallet", "add", "--network", "anvil", "--sandbox", ACCOUNT_KEY]).await;
        let first = installation.serve().await;
        says(&first, "taken over").await;
        let second = installation.serve().await;
        Self { installation, node, turnstile, sink, keys, first, second }
    }

    /// A request made at the server that stands by: its id, and where to pay.
    async fn create(&self) -> (String, String) {
        let body = json!({
            "amount": "25",
            "currency": { "iso": "USD" },
            "payment_currency": { "iso": "ETH", "network_name": "anvil" },
            "life_time_duration": 3_600,
        });
        let ask = self.keys.create(&body.to_string());
        let made = until("a request", || async {
            let answer = ask_once(self.second.address, &ask).await;
            if answer.status == 200 {
                return Some(answer.data());
            }
            answer.is_not_now();
            None
        })
        .await;
        let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
        (text(&made["id"]), text(&made["payment_request_address"]["address"]))
    }

    /// Waits until so much was told of a request.
    async fn told(&self, request: &str, count: usize) {
        let request = request.to_owned();
        let enough = move |taken: &[Taken]| statuses(taken, &request).len() == count;
        self.sink.until("a callback", enough).await;
    }
}

/// Waits until the merchant was told, once, that a request is paid.
async fn paid_in_time(sink: &Sink, request: &str, server: &Server) {
    let id = request.to_owned();
    let paid = sink.until("the payment", move |taken| {
        statuses(taken, &id).last().is_some_and(|status| status == "paid")
    });
    let came = tokio::time::timeout(TAKEN_OVER_WITHIN, paid).await;
    assert!(came.is_ok(), "nobody went on:\n{}", server.printed());
    let statuses = statuses(&sink.taken(), request);
    assert_eq!(statuses.iter().filter(|status| *status == "paid").count(), 1, "{statuses:?}");
}

/// What a merchant was told of a request; a repetition tells nothing.
fn statuses(taken: &[Taken], request: &str) -> Vec<String> {
    let mut known = Vec::new();
    let mut statuses = Vec::new();
    for callback in taken.iter().filter(|callback| callback.request == request) {
        if !known.contains(&callback.id) {
            known.push(callback.id.clone());
            statuses.push(callback.status.clone());
        }
    }
    statuses
}

/// Waits until a server says something of who follows the node.
async fn says(server: &Server, what: &str) {
    until(what, || async {
        let printed = server.printed();
        printed.lines().any(|line| line.contains(what) && line.contains(FOLLOWS)).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_killed_in_the_middle_of_a_block_is_followed_by_the_other_within_fifteen_seconds()
{
    let pair = Pair::start().await;
    let (before, to) = pair.create().await;
    pair.node.pay(&to, PRICE).await.unwrap();
    pair.node.mine(3).await.unwrap();
    paid_in_time(&pair.sink, &before, &pair.first).await;
    let (id, to) = pair.create().await;
    pair.told(&id, 1).await;
    pair.node.pay(&to, PRICE).await.unwrap();
    pair.turnstile.hold();
    pair.node.mine(3).await.unwrap();
    soon("a block that is being read", pair.turnstile.reached()).await;
    pair.first.kill().await;
    pair.turnstile.let_through();
    paid_in_time(&pair.sink, &id, &pair.second).await;
    for id in [&before, &id] {
        let answer = ask_once(pair.second.address, &pair.keys.get(&format!("/{id}"))).await.data();
        assert_eq!(answer["transactions"].as_array().map(Vec::len), Some(1), "{answer}");
        assert_eq!(answer["cases"], json!([]), "{answer}");
    }
    pair.second.stop().await;
    pair.installation.remove().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_was_stopped_past_its_lease_writes_nothing_when_it_goes_on() {
    let mut pair = Pair::start().await;
    let (id, to) = pair.create().await;
    pair.told(&id, 1).await;
    pair.node.pay(&to, PRICE).await.unwrap();
    pair.turnstile.hold();
    pair.node.mine(1).await.unwrap();
    soon("a block that is being read", pair.turnstile.reached()).await;
    pair.first.signal("STOP").await;
    says(&pair.second, "taken over").await;
    pair.turnstile.let_through();
    pair.told(&id, 2).await;
    pair.first.signal("CONT").await;
    says(&pair.first, "another server has taken over").await;
    pair.node.mine(2).await.unwrap();
    paid_in_time(&pair.sink, &id, &pair.second).await;
    assert!(pair.first.runs(), "it stands by");
    // What stood by goes on at once when the other ends in good order.
    let (id, to) = pair.create().await;
    pair.second.stop().await;
    pair.node.pay(&to, PRICE).await.unwrap();
    pair.node.mine(3).await.unwrap();
    paid_in_time(&pair.sink, &id, &pair.first).await;
    pair.first.stop().await;
    pair.installation.remove().await;
}
