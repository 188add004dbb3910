//! Killed among the blocks that hold payments, again and again: no payment is missed, and none is
//! booked twice.

mod tap;

use std::{
    collections::{HashMap, HashSet},
    path::Path,
};

use coffer::nodes::{
    networks::{self, UTXO_ACCOUNT},
    utxo::{Kind, UtxoNode},
};
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::{
    on_both,
    support::{
        Chance, Database, Installation, Keys, Manner, Server, Sink, Taken, ask_once, soon, until,
    },
};
use tap::Tap;

const ROUNDS: u64 = 30;
/// Payments of a round, half of them in its first block and half in its second.
const PAYMENTS: usize = 10;
/// What each pays, in base units: 60 EUR.
const PRICE: u64 = 110_000;

on_both! {
    async fn a_kill_among_blocks_misses_no_payment_and_books_none_twice(database: Database) {
        let mut shop = Shop::open(database).await;
        for number in 0..ROUNDS {
            shop.round(number).await;
        }
        shop.every_request_was_paid_once();
        println!("{ROUNDS} rounds, {} payments", shop.paid.len());
        shop.installation.remove().await;
    }
}

/// When the process is killed.
#[derive(Debug, Clone, Copy)]
enum Blow {
    /// While it reads the so-manieth block of the round.
    InBlock(usize),
    /// As soon as so many payments of the round are sent; blocks come all the while.
    AfterPayments(usize),
    /// When the merchant has heard of so many payments of the round.
    AfterCallbacks(usize),
}

/// A merchant who is paid in bitcoin.
struct Shop {
    installation: Installation,
    sink: Sink,
    keys: Keys,
    node: UtxoNode,
    tap: Tap,
    /// The transaction that paid each request.
    paid: HashMap<String, String>,
}

impl Shop {
    async fn open(database: Database) -> Self {
        let templates = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let node = UtxoNode::start(Kind::Bitcoin, templates, &[]).await.unwrap();
        node.mine(1).await.unwrap();
        let installation = Installation::on(database).await;
        let tap = Tap::before(node.address().to_owned()).await;
        let networks = networks::utxo(Kind::Bitcoin, &[&tap.address], node.zmq().as_deref(), 2);
        std::fs::write(installation.file("coffer.toml"), networks).unwrap();
        let sink = Sink::open().await;
        let keys = installation.add_merchant("Example shop", &sink.url(Manner::Take)).await;
        sink.trust(&keys);
        let add =
            ["wallet", "add", "--network", "bitcoin_regtest", "--sandbox", UTXO_ACCOUNT, "--json"];
        installation.run(&add).await;
        Self { installation, sink, keys, node, tap, paid: HashMap::new() }
    }

    /// Requests, payments, a blow, and a start after which everything is paid.
    async fn round(&mut self, number: u64) {
        let server = self.installation.serve().await;
        let mut requests = Vec::new();
        for index in 0..PAYMENTS {
            requests.push(self.create(&server, &format!("round{number}-order{index}")).await);
        }
        let blow = blow(number);
        self.pay_under(server, blow, &requests).await;
        let server = self.installation.serve().await;
        self.node.mine(2).await.unwrap();
        for (id, _) in &requests {
            self.until_paid(&server, id).await;
        }
        println!("round {number}: {blow:?}");
        // Another end at an unlucky moment: callbacks are being recorded.
        server.kill().await;
    }

    /// Sends the payments and makes their blocks while the blow falls.
    async fn pay_under(&mut self, server: Server, blow: Blow, requests: &[(String, String)]) {
        let mut blocks = self.tap.blocks.clone();
        let before = *blocks.borrow_and_update();
        let sent = watch::Sender::new(0);
        let mut watched = sent.subscribe();
        let striking = async {
            match blow {
                Blow::InBlock(count) => {
                    let read = blocks.wait_for(|blocks| *blocks >= before + count);
                    drop(soon("the reading of a block", read).await.unwrap());
                }
                Blow::AfterPayments(count) => {
                    drop(soon("payments", watched.wait_for(|sent| *sent >= count)).await.unwrap());
                }
                Blow::AfterCallbacks(count) => self.heard_of(requests, count).await,
            }
            server.kill().await;
        };
        let paying = async {
            let mut paid = Vec::new();
            for (index, (id, address)) in requests.iter().enumerate() {
                let payment = self.node.pay(&[(address, PRICE)]).await.unwrap();
                paid.push((id.clone(), payment.transaction));
                sent.send_replace(index + 1);
                if (index + 1).is_multiple_of(PAYMENTS / 2) {
                    self.node.mine(1).await.unwrap();
                }
            }
            paid
        };
        let (paid, ()) = tokio::join!(paying, striking);
        self.paid.extend(paid);
    }

    /// Waits until the merchant has heard of so many payments for these requests.
    async fn heard_of(&self, requests: &[(String, String)], count: usize) {
        let own: HashSet<String> = requests.iter().map(|(id, _)| id.clone()).collect();
        // The first callback of each says that its rate is fixed.
        let heard = move |taken: &[Taken]| {
            taken.iter().filter(|callback| own.contains(&callback.request)).count()
                >= PAYMENTS + count
        };
        self.sink.until("callbacks of the round", heard).await;
    }

    /// Creates a request; its id and where to pay.
    async fn create(&self, server: &Server, foreign_id: &str) -> (String, String) {
        let body = json!({
            "amount": "60",
            "currency": { "iso": "EUR" },
            "payment_currency": { "iso": "BTC", "network_name": "bitcoin_regtest" },
            "foreign_id": foreign_id,
            "life_time_duration": 86_400,
        });
        let ask = self.keys.create(&body.to_string());
        let data = until("a request", || async {
            let answer = ask_once(server.address, &ask).await;
            // Until the network was read for the first time since the start.
            (answer.status != 503).then(|| answer.data())
        })
        .await;
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        (text(&data["id"]), text(&data["payment_request_address"]["address"]))
    }

    /// Waits until the request is paid, by its own transaction and by no other.
    async fn until_paid(&self, server: &Server, id: &str) {
        let ask = self.keys.get(&format!("/{id}"));
        let shown = until("a paid request", || async {
            let shown = ask_once(server.address, &ask).await.data();
            (shown["status"] == "paid").then_some(shown)
        })
        .await;
        let transactions = shown["transactions"].as_array().unwrap();
        assert_eq!(transactions.len(), 1, "{shown}");
        assert_eq!(transactions[0]["txid"], self.paid[id].as_str(), "{shown}");
        assert_eq!(shown["currency_sent"]["received_amount"], "0.0011", "{shown}");
        assert_eq!(shown["cases"], json!([]), "{shown}");
    }

    /// Each request was called back as paid once.
    fn every_request_was_paid_once(&self) {
        self.sink.nothing_was_wrong();
        let mut told: HashMap<&str, HashSet<&str>> = HashMap::new();
        let taken = self.sink.taken();
        for callback in taken.iter().filter(|callback| callback.status == "paid") {
            told.entry(&callback.request).or_default().insert(&callback.id);
        }
        for (request, ids) in &told {
            assert_eq!(ids.len(), 1, "{request} was called back as paid under several ids");
        }
    }
}

fn blow(number: u64) -> Blow {
    let mut chance = Chance::new(number);
    let mut up_to = |most: usize| usize::try_from(chance.between(1, most as u64)).unwrap();
    match number % 3 {
        0 => Blow::InBlock(up_to(2)),
        1 => Blow::AfterPayments(up_to(PAYMENTS)),
        _ => Blow::AfterCallbacks(up_to(PAYMENTS)),
    }
}
