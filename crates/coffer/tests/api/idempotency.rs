//! `Idempotency-Key` on everything that changes something.

use std::time::Duration;

use coffer_web::server_state::WebSettings;

use crate::{
    on_both,
    support::{Ask, HeldWriter, NOW, Setup, World},
};

const CREATE: &str = "/api/payments/v1/requests";
const BODY: &str = r#"{"amount":"1","currency":{"iso":"EUR"},"life_time_duration":3600}"#;
const FIXED: &str = r#"{"amount":"10","currency":{"iso":"EUR"},"life_time_duration":3600,
    "payment_currency":{"iso":"USDT","network_name":"tron"}}"#;

fn create(world: &World, key: &str, body: &str) -> Ask {
    Ask::post(CREATE, body.to_owned()).signed(&world.sandbox).header("idempotency-key", key)
}

on_both! {
    async fn the_same_key_and_body_get_the_same_bytes(world: &World) {
        for (key, body) in [("open", BODY), ("fixed", FIXED)] {
            let first = create(world, key, body).of(world).await;
            assert_eq!(first.status, 200, "{}", first.text());
            world.pass(60_000);
            create(world, key, body).of(world).await.is(200, first.text());
            let another = create(world, &format!("{key} 2"), body).of(world).await;
            assert_ne!(another.id(), first.id());
        }
    }

    async fn a_key_used_with_another_body_is_refused(world: &World) {
        let first = create(world, "k", BODY).of(world).await;
        assert_eq!(first.status, 200);
        let other = create(world, "k", &BODY.replace("\"1\"", "\"2\"")).of(world).await;
        let sentence = "This Idempotency-Key was used with another body";
        other.is(422, &format!(r#"{{"error":"{sentence}", "code":"idempotency_key_reused"}}"#));
        let theirs = create(world, "k", BODY).signed(&world.other).of(world).await;
        assert_ne!(theirs.id(), first.id(), "another key has keys of its own");
    }

    async fn what_was_refused_is_not_kept(world: &World) {
        let wrong = create(world, "k", &BODY.replace("EUR", "XXX")).of(world).await;
        assert_eq!(wrong.status, 400);
        let right = create(world, "k", BODY).of(world).await;
        assert_eq!(right.status, 200, "{}", right.text());
    }

    async fn twins_at_the_same_time_get_the_same_bytes(world: &World) {
        let asks = (0..8).map(|_| create(world, "twins", BODY).of(world));
        let answers = futures_util::future::join_all(asks).await;
        let first = answers[0].text();
        for answer in &answers {
            answer.is(200, first);
        }
    }

    async fn a_repeat_is_known_when_it_could_not_be_done_any_more(world: &World) {
        let soon = NOW.seconds() + 302;
        let body = |foreign: &str| format!(
            r#"{{"amount":"1","currency":{{"iso":"EUR"}},"life_time_datetime":{soon}{foreign}}}"#
        );
        let (foreign, plain) = (body(r#","foreign_id":"late""#), body(""));
        let ask = |body: &str| Ask::post(CREATE, body.to_owned()).signed(&world.sandbox);
        let first = ask(&foreign).of(world).await;
        let keyed = ask(&plain).header("idempotency-key", "late").of(world).await;
        assert_eq!((first.status, keyed.status), (200, 200), "{}", first.text());
        world.pass(60_000);
        ask(&foreign).of(world).await.is(200, first.text());
        ask(&plain).header("idempotency-key", "late").of(world).await.is(200, keyed.text());
        let other = foreign.replace("\"1\"", "\"2\"");
        for refused in [ask(&other).of(world).await, ask(&plain).of(world).await] {
            assert_eq!(refused.status, 400, "{}", refused.text());
            assert!(refused.json()["errors"]["life_time_datetime"].is_string());
        }
    }

    async fn a_key_is_bound_by_a_repeat_of_a_foreign_id_too(world: &World) {
        let body = BODY.replacen('{', r#"{"foreign_id":"one","#, 1);
        let first = Ask::post(CREATE, body.clone()).signed(&world.sandbox).of(world).await;
        create(world, "bound", &body).of(world).await.is(200, first.text());
        let other = create(world, "bound", BODY).of(world).await;
        assert_eq!(other.json()["code"], "idempotency_key_reused", "{}", other.text());
    }

    async fn twins_that_simulate_pay_once(world: &World) {
        let id = create(world, "paid once", FIXED).of(world).await.id();
        let twin = || {
            let url = format!("{CREATE}/{id}/simulate");
            let ask = Ask::post(url, r#"{"payment":"exact"}"#).signed(&world.sandbox);
            ask.header("idempotency-key", "s").of(world)
        };
        let answers = futures_util::future::join_all((0..8).map(|_| twin())).await;
        for answer in &answers {
            answer.is(200, answers[0].text());
        }
        let shown = Ask::get(format!("{CREATE}/{id}")).signed(&world.sandbox).of(world).await;
        let transactions = shown.json()["data"]["transactions"].as_array().unwrap().len();
        assert_eq!((transactions, &shown.json()["data"]["status"]), (1, &"paid".into()));
    }

    async fn cancelling_and_simulating_are_done_once_too(world: &World) {
        let id = create(world, "one", BODY).of(world).await.id();
        let cancel = |body: &'static str| {
            let ask = Ask::post(format!("{CREATE}/{id}/cancel"), body).signed(&world.sandbox);
            ask.header("idempotency-key", "c")
        };
        let first = cancel("{}").of(world).await;
        assert_eq!(first.status, 200, "{}", first.text());
        world.pass(60_000);
        cancel("{}").of(world).await.is(200, first.text());
        assert_eq!(cancel("[]").of(world).await.json()["code"], "idempotency_key_reused");
        let id = create(world, "two", FIXED).of(world).await.id();
        let simulate = || {
            let url = format!("{CREATE}/{id}/simulate");
            let ask = Ask::post(url, r#"{"payment":"exact"}"#).signed(&world.sandbox);
            ask.header("idempotency-key", "s")
        };
        let first = simulate().of(world).await;
        assert_eq!(first.json()["data"]["status"], "paid", "{}", first.text());
        simulate().of(world).await.is(200, first.text());
    }
}

#[tokio::test]
async fn a_key_that_cannot_be_one_is_refused() {
    let world = World::sqlite().await;
    let expected = "{\"error\":\"Idempotency-Key must be 1 to 255 printable characters\", \
                    \"code\":\"bad_idempotency_key\"}";
    create(&world, &"k".repeat(256), BODY).of(&world).await.is(400, expected);
    create(&world, "a\tb", BODY).of(&world).await.is(400, expected);
    create(&world, "a", BODY).also("idempotency-key", "b").of(&world).await.is(400, expected);
    assert_eq!(create(&world, &"k".repeat(255), BODY).of(&world).await.status, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_waits_too_long_for_a_twin_is_told_to_come_again() {
    let web = WebSettings { twin_wait: Duration::from_millis(20), ..WebSettings::default() };
    let world = World::with(Setup { web, ..Setup::default() }).await;
    let held = HeldWriter::hold(&world.store).await;
    let answer = create(&world, "k", BODY).of(&world).await;
    let sentence = "A request with this Idempotency-Key is still running";
    answer.is(409, &format!(r#"{{"error":"{sentence}", "code":"idempotency_key_in_use"}}"#));
    held.release().await;
    // The work itself goes on, for however long it takes a busy machine.
    let done = tokio::time::timeout(Duration::from_secs(30), async {
        loop {
            let again = create(&world, "k", BODY).of(&world).await;
            if again.status != 409 {
                return again;
            }
        }
    });
    assert_eq!(done.await.unwrap().status, 200);
}
