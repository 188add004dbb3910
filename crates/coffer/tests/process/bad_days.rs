//! Bad days of a running server: its disk full, its database locked or gone, merchants' endpoints
//! that misbehave, and being told to stop in the middle of work.

mod callbacks;
mod database;
mod stop;

use std::net::SocketAddr;

use serde_json::json;
use tokio::sync::watch;

use crate::support::{Answer, Ask, Connection, Keys, Outcome, ask_all, until};

/// A create of this order, with or without a coin fixed.
fn order(keys: &Keys, foreign_id: &str, fixed: bool) -> Ask {
    let mut body = json!({
        "amount": "100",
        "currency": { "iso": "EUR" },
        "life_time_duration": 3600,
        "foreign_id": foreign_id,
    });
    if fixed {
        body["payment_currency"] = json!({ "iso": "BTC", "network_name": "bitcoin" });
    }
    keys.create(&body.to_string())
}

fn id(answer: &Answer) -> String {
    answer.data()["id"].as_str().unwrap().to_owned()
}

/// Asks all over a few connections; every one must be answered, well or not.
async fn answers(address: SocketAddr, asks: Vec<Ask>) -> Vec<Answer> {
    let outcomes = ask_all(address, 8, asks, &watch::Sender::new(0)).await;
    let answer = |outcome| match outcome {
        Outcome::Answered(answer) => answer,
        Outcome::Unanswered | Outcome::NotSent => panic!("a request was not answered"),
    };
    outcomes.into_iter().map(answer).collect()
}

/// Asks until the answer is 200; all answers before it must say "not now".
async fn recovered(address: SocketAddr, ask: &Ask) -> Answer {
    until("the recovery", || async {
        let mut connection = Connection::open(address).await.expect("the server still runs");
        let answer = connection.ask(ask).await.expect("the server still answers");
        if answer.status == 200 {
            return Some(answer);
        }
        answer.is_not_now();
        None
    })
    .await
}
