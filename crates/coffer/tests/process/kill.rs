//! Killed among a thousand creates: what was acknowledged is there, everything else is whole or
//! absent, and every due callback goes out.

use std::collections::{HashMap, HashSet};

use serde_json::{Value, json};
use tokio::sync::watch;

use crate::{
    on_both,
    support::{
        Answer, Ask, Chance, Database, Installation, Keys, Manner, Outcome, Server, Sink, ask_all,
        soon,
    },
};

const ROUNDS: u64 = 20;
/// Every so many rounds the process ends between commit and answer.
const FAILPOINT_EVERY: u64 = 3;
/// How many of these rounds must have committed what they did not answer.
const FAILPOINT_ROUNDS_MIN: usize = 5;
const CREATES: usize = 1_000;
const CONNECTIONS: usize = 64;

on_both! {
    async fn a_kill_loses_nothing_acknowledged_and_leaves_nothing_by_halves(database: Database) {
        let mut shop = Shop::open(database).await;
        let mut unanswered_commits = 0;
        for number in 0..ROUNDS {
            let named = shop.round(database, number).await;
            unanswered_commits += usize::from(named > 0);
        }
        assert!(unanswered_commits >= FAILPOINT_ROUNDS_MIN, "only {unanswered_commits} rounds");
        shop.only_stored_requests_called_back();
        shop.installation.remove().await;
    }
}

/// What a round does to the server.
#[derive(Debug, Clone, Copy)]
enum Blow {
    /// Kills it once so many creates were answered.
    KilledAfterAnswers(usize),
    /// Lets it end itself after the commit of the so-manieth batch of creates.
    EndedAfterCommit(u64),
}

/// A create, and what its client knows of it.
struct Order {
    foreign_id: String,
    fixed: bool,
    body: String,
    outcome: Outcome,
}

/// A merchant who was told of requests, over all rounds.
struct Shop {
    installation: Installation,
    sink: Sink,
    keys: Keys,
    /// The request of each address.
    addresses: HashMap<String, String>,
    /// Every stored request in fixed mode.
    fixed: HashSet<String>,
}

impl Shop {
    async fn open(database: Database) -> Self {
        let installation = Installation::on(database).await;
        let sink = Sink::open().await;
        let keys = installation.add_merchant("Example shop", &sink.url(Manner::Take)).await;
        sink.trust(&keys);
        Self { installation, sink, keys, addresses: HashMap::new(), fixed: HashSet::new() }
    }

    /// One blow and all checks; how many requests were committed and never answered, for certain.
    async fn round(&mut self, database: Database, number: u64) -> usize {
        let blow = blow(database, number);
        let orders = self.orders_under(blow, number).await;
        let log = self.log(number);
        let server = self.installation.serve().await;
        let answered = orders.iter().filter(|o| matches!(o.outcome, Outcome::Answered(_))).count();
        let unanswered: HashSet<&str> = orders
            .iter()
            .filter(|order| matches!(order.outcome, Outcome::Unanswered))
            .map(|order| order.foreign_id.as_str())
            .collect();
        let named = self.what_the_log_names_is_there(&server, &log, &unanswered).await;
        let ended_by_itself = matches!(blow, Blow::EndedAfterCommit(_));
        assert_eq!(!named.is_empty(), ended_by_itself, "the log names what was committed");
        println!(
            "round {number}: {blow:?}: {answered} answered, {} unanswered, of which {} named",
            unanswered.len(),
            named.len()
        );
        let stored = self.every_order_is_whole(&server, &orders, &named).await;
        let due = stored.clone();
        self.sink
            .until("the callback of every request in fixed mode", move |taken| {
                let told: HashSet<&str> =
                    taken.iter().map(|callback| callback.request.as_str()).collect();
                due.iter().all(|id| told.contains(id.as_str()))
            })
            .await;
        self.fixed.extend(stored);
        // Another end at an unlucky moment: attempts are being recorded.
        server.kill().await;
        named.len()
    }

    /// Sends the orders of a round while the blow falls.
    async fn orders_under(&mut self, blow: Blow, number: u64) -> Vec<Order> {
        let mut orders: Vec<Order> = (0..CREATES).map(|index| order(number, index)).collect();
        let asks = orders.iter().map(|order| self.keys.create(&order.body)).collect();
        if let Blow::EndedAfterCommit(commit) = blow {
            let log = self.log(number).display().to_string();
            self.installation.set("COFFER_TEST__FAILPOINT", &format!("after_commit:{commit}"));
            self.installation.set("COFFER_TEST__FAILPOINT_LOG", &log);
        }
        let server = self.installation.serve().await;
        self.installation.unset("COFFER_TEST__FAILPOINT");
        self.installation.unset("COFFER_TEST__FAILPOINT_LOG");
        let (answered, mut watched) = watch::channel(0);
        let sending = ask_all(server.address, CONNECTIONS, asks, &answered);
        let striking = async {
            match blow {
                Blow::KilledAfterAnswers(count) => {
                    let enough = watched.wait_for(|answered| *answered >= count);
                    drop(soon("an answer", enough).await.unwrap());
                    server.kill().await;
                }
                Blow::EndedAfterCommit(_) => {
                    let (status, printed) = server.ended().await;
                    assert!(!status.success(), "it was to end by the failpoint:\n{printed}");
                }
            }
        };
        let (outcomes, ()) = tokio::join!(sending, striking);
        for (order, outcome) in orders.iter_mut().zip(outcomes) {
            order.outcome = outcome;
        }
        orders
    }

    fn log(&self, number: u64) -> std::path::PathBuf {
        self.installation.file(&format!("committed-{number}.log"))
    }

    /// The requests that were committed and not answered, by their foreign id.
    async fn what_the_log_names_is_there(
        &self,
        server: &Server,
        log: &std::path::Path,
        unanswered: &HashSet<&str>,
    ) -> HashMap<String, String> {
        let ids = std::fs::read_to_string(log).unwrap_or_default();
        let ids: Vec<&str> = ids.lines().collect();
        let asks = ids.iter().map(|id| self.keys.get(&format!("/{id}"))).collect();
        let mut named = HashMap::new();
        for (id, answer) in ids.iter().zip(all_answers(server, asks).await) {
            let foreign_id = answer.data()["foreign_id"].as_str().unwrap().to_owned();
            assert!(unanswered.contains(foreign_id.as_str()), "{foreign_id} was answered");
            named.insert(foreign_id, (*id).to_owned());
        }
        named
    }

    /// Acknowledged orders stand as they were acknowledged. The others are given again with the
    /// same body, and then stand as if that were the first time, or as they were committed.
    /// The ids of those in fixed mode.
    async fn every_order_is_whole(
        &mut self,
        server: &Server,
        orders: &[Order],
        named: &HashMap<String, String>,
    ) -> Vec<String> {
        let sent: Vec<&Order> =
            orders.iter().filter(|order| !matches!(order.outcome, Outcome::NotSent)).collect();
        let again = sent.iter().map(|order| self.keys.create(&order.body)).collect();
        let again: Vec<Value> = all_answers(server, again).await.iter().map(Answer::data).collect();
        let shown =
            again.iter().map(|it| self.keys.get(&format!("/{}", text(&it["id"])))).collect();
        let shown: Vec<Value> = all_answers(server, shown).await.iter().map(Answer::data).collect();
        let mut fixed = Vec::new();
        for ((order, again), shown) in sent.into_iter().zip(&again).zip(&shown) {
            if let Outcome::Answered(answer) = &order.outcome {
                assert_eq!(&answer.data(), again, "an acknowledged request has changed");
            }
            if let Some(id) = named.get(&order.foreign_id) {
                assert_eq!(text(&again["id"]), id, "it was committed, and then made again");
            }
            for (name, value) in again.as_object().unwrap() {
                assert_eq!(&shown[name], value, "{name} of {again} and {shown}");
            }
            self.is_whole(order, shown);
            if order.fixed {
                fixed.push(text(&shown["id"]).to_owned());
            }
        }
        fixed
    }

    fn is_whole(&mut self, order: &Order, shown: &Value) {
        let asked: Value = serde_json::from_str(&order.body).unwrap();
        for name in ["foreign_id", "amount", "currency", "description", "end_user_email"] {
            assert_eq!(shown[name], asked[name], "{name} of {shown}");
        }
        let address = shown["payment_request_address"]["address"].as_str();
        if !order.fixed {
            assert_eq!((&shown["status"], address), (&json!("created"), None), "{shown}");
            return;
        }
        assert_eq!(shown["status"], "processing", "{shown}");
        let address = address.unwrap_or_else(|| panic!("fixed, and no address: {shown}"));
        let id = text(&shown["id"]).to_owned();
        let owner = self.addresses.entry(address.to_owned()).or_insert_with(|| id.clone());
        assert_eq!(*owner, id, "the address {address} was handed out twice");
    }

    /// Nobody was called back about what was not stored, and only of the rate that was fixed.
    fn only_stored_requests_called_back(&self) {
        self.sink.nothing_was_wrong();
        let taken = self.sink.taken();
        for callback in &taken {
            assert!(self.fixed.contains(&callback.request), "{callback:?} of nothing stored");
            assert_eq!(callback.status, "processing", "{callback:?}");
        }
        let mut ids: HashMap<&str, &str> = HashMap::new();
        for callback in &taken {
            let first = *ids.entry(&callback.request).or_insert(&callback.id);
            assert_eq!(first, callback.id, "one fact was told under two ids");
        }
        println!("{} callbacks for {} requests", taken.len(), self.fixed.len());
    }
}

fn blow(database: Database, number: u64) -> Blow {
    let mut chance = Chance::new(number);
    if !number.is_multiple_of(FAILPOINT_EVERY) {
        let latest = u64::try_from(CREATES - 2 * CONNECTIONS).unwrap();
        return Blow::KilledAfterAnswers(usize::try_from(chance.between(1, latest)).unwrap());
    }
    // A batch holds at most one create of each connection, so that many batches there are.
    let batches = match database {
        Database::Sqlite => u64::try_from(CREATES / CONNECTIONS).unwrap(),
        Database::Postgres => u64::try_from(CREATES).unwrap(),
    };
    Blow::EndedAfterCommit(chance.between(1, batches))
}

fn order(round: u64, index: usize) -> Order {
    let fixed = index % 2 == 1;
    let foreign_id = format!("round{round}-order{index}");
    let mut body = json!({
        "amount": "100",
        "currency": { "iso": "EUR" },
        "life_time_duration": 3600,
        "end_user_email": format!("guest{round}.{index}@example.com"),
        "end_user_reference": format!("guest_user_{round}_{index}"),
        "description": format!("Order #{index}"),
        "foreign_id": foreign_id,
        "url_store": "https://example.com/store",
    });
    if fixed {
        body["payment_currency"] = json!({ "iso": "BTC", "network_name": "bitcoin" });
    }
    Order { foreign_id, fixed, body: body.to_string(), outcome: Outcome::NotSent }
}

/// Asks a server that nobody kills.
async fn all_answers(server: &Server, asks: Vec<Ask>) -> Vec<Answer> {
    let outcomes = ask_all(server.address, CONNECTIONS, asks, &watch::Sender::new(0)).await;
    let answer = |outcome| match outcome {
        Outcome::Answered(answer) => answer,
        Outcome::Unanswered | Outcome::NotSent => panic!("no answer:\n{}", server.printed()),
    };
    outcomes.into_iter().map(answer).collect()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text"))
}
