//! Every example of the description, run against the server: documented is what is answered.

use std::{num::NonZeroU32, time::Duration};

use coffer_web::{
    openapi::{Example, Given, Signing, document, examples},
    problem::Face,
    rate_limit::RateLimit,
    router::{Access, Operation, ROUTES, Route, Verb},
    server_state::WebSettings,
};
use coffer_wire::access_token::AccessToken;
use serde_json::Value;

use crate::support::{Answer, Ask, HeldWriter, NOW, Setup, World};

/// What `/health` is asked with.
const TOKEN: &str = "0123456789abcdef0123456789abcdef";
/// Members whose values are another day's; their kind is compared.
const OF_ANOTHER_DAY: [&str; 20] = [
    "id",
    "payment_request_id",
    "payment_link",
    "life_time",
    "address",
    "txid",
    "created_at",
    "ended_at",
    "fixed_at",
    "expires_at",
    "valid_until",
    "confirmations",
    "number",
    "next",
    "height",
    "read_through",
    "lag_seconds",
    "addresses_watched",
    "addresses_issued",
    "request_id",
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_example_is_answered_as_documented() {
    let examples = examples();
    assert!(examples.len() > 80, "{} examples", examples.len());
    let mut wrong = Vec::new();
    for example in examples {
        let route = route_of(&example);
        let told = format!("{} {}: {}", route.verb.as_str(), route.path, example.name);
        let answer = run(route, &example).await;
        if answer.status != example.status {
            wrong.push(format!("{told}: {}: {}", answer.status, answer.text()));
            continue;
        }
        let body = if answer.header("content-type").contains("json") {
            answer.json()
        } else {
            Value::String(answer.text().to_owned())
        };
        if example.operation == Operation::OpenApi {
            assert_eq!(body, document());
        } else {
            let mut told = Told { told, wrong: &mut wrong };
            told.same("", &body, &example.answer);
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn route_of(example: &Example) -> &'static Route {
    ROUTES.iter().find(|route| route.operation == example.operation).unwrap()
}

async fn run(route: &Route, example: &Example) -> Answer {
    let limit = |number| NonZeroU32::new(number).unwrap();
    let rate_limit = RateLimit { per_second: limit(1), burst: limit(6) };
    let twin_wait = if example.given.contains(&Given::TwinAtWork) { 20 } else { 5_000 };
    let twin_wait = Duration::from_millis(twin_wait);
    let health_token = Some(AccessToken::parse(TOKEN).unwrap());
    let web = WebSettings { rate_limit, twin_wait, health_token, ..WebSettings::default() };
    let live_polygon = example.given.contains(&Given::NoRates);
    let world = World::with(Setup { web, live_polygon, ..Setup::default() }).await;
    let mut id = "019d511c-9fd2-7e71-b534-74e8abd855f1".to_owned();
    let mut held = None;
    for given in &example.given {
        let act = |what: &str, body: &'static str| {
            Ask::post(format!("/api/payments/v1/requests{what}"), body).signed(&world.sandbox)
        };
        match given {
            Given::Created(body) => id = act("", body).of(&world).await.id(),
            Given::Cancelled => {
                act(&format!("/{id}/cancel"), "{}").of(&world).await.id();
            }
            Given::Paid => {
                let pay = act(&format!("/{id}/simulate"), r#"{"payment":"exact"}"#);
                pay.of(&world).await.id();
            }
            Given::Asked(body) => {
                let first = Example { body: body.as_bytes().to_vec(), ..example.clone() };
                ask(route, &first, &id, &world).of(&world).await.id();
            }
            Given::TwinAtWork => held = Some(HeldWriter::hold(&world.store).await),
            Given::LimitReached => {
                while ask(route, example, &id, &world).of(&world).await.status != 429 {}
            }
            Given::StoreAway => {
                world.store.close().await;
                world.pass(2_000);
            }
            Given::NoRates => {}
        }
    }
    let answer = ask(route, example, &id, &world).of(&world).await;
    if let Some(held) = held {
        held.release().await;
    }
    answer
}

fn ask(route: &Route, example: &Example, id: &str, world: &World) -> Ask {
    let mut target = route.path.replace("{id}", id);
    if !example.query.is_empty() {
        target = format!("{target}?{}", example.query);
    }
    let ask = match route.verb {
        Verb::Get => Ask::get(target),
        Verb::Post => Ask::post(target, example.body.clone()),
    };
    let ask = ask.header("idempotency-key", example.idempotency_key);
    let live = example.given.contains(&Given::NoRates) || example.signing == Signing::Live;
    match (example.signing, route.access) {
        (Signing::NoKey, _) => ask,
        (_, Access::Open) => ask.header("authorization", &format!("Bearer {TOKEN}")),
        (_, Access::Key(Face::Own)) if live => ask.bound(&world.live, NOW, "nonce-0001"),
        _ if live => ask.signed(&world.live),
        (Signing::UnknownKey, _) => ask.signed(&world.sandbox).header("x-processing-key", "none"),
        (Signing::NoSignature, _) => {
            ask.signed(&world.sandbox).header("x-processing-signature", "")
        }
        (Signing::WrongSignature, _) => {
            ask.signed(&world.sandbox).header("x-processing-signature", "00")
        }
        (Signing::Right | Signing::Live, _) => ask.signed(&world.sandbox),
    }
}

/// What is wrong with an answer.
struct Told<'w> {
    told: String,
    wrong: &'w mut Vec<String>,
}

impl Told<'_> {
    /// The answer must be what the example shows, another day.
    fn same(&mut self, name: &str, answer: &Value, example: &Value) {
        match (answer, example) {
            (Value::Object(answer), Value::Object(example)) => {
                let names = |members: &serde_json::Map<String, Value>| {
                    let mut names: Vec<_> = members.keys().cloned().collect();
                    names.sort();
                    names
                };
                self.check(names(answer) == names(example), name, || format!("{answer:?}"));
                for (name, example) in example {
                    self.same(name, answer.get(name).unwrap_or(&Value::Null), example);
                }
            }
            (Value::Array(answer), Value::Array(example)) => {
                let long_enough = answer.is_empty() == example.is_empty();
                self.check(long_enough, name, || format!("{answer:?}"));
                for (answer, example) in answer.iter().zip(example) {
                    self.same(name, answer, example);
                }
            }
            _ if OF_ANOTHER_DAY.contains(&name) => {
                let kinds = [answer, example].map(std::mem::discriminant);
                self.check(kinds[0] == kinds[1], name, || format!("{answer} for {example}"));
            }
            _ => self.check(answer == example, name, || format!("{answer} for {example}")),
        }
    }

    fn check(&mut self, right: bool, name: &str, found: impl FnOnce() -> String) {
        if !right {
            self.wrong.push(format!("{}: {name}: {}", self.told, found()));
        }
    }
}
