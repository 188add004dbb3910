//! The routes that are Coffer's own: list, show, cancel, simulate, events.

use coffer_domain::time::{Span, Timestamp};
use serde_json::json;

use crate::{
    on_both,
    support::{Answer, Ask, NOW, World},
};

const URL: &str = "/api/payments/v1/requests";

async fn created(world: &World, fields: &str) -> String {
    let body = format!(
        r#"{{"amount":"10","currency":{{"iso":"EUR"}},"life_time_duration":3600{fields}}}"#
    );
    Ask::post(URL, body).signed(&world.sandbox).of(world).await.id()
}

async fn fixed(world: &World) -> String {
    created(world, r#","payment_currency":{"iso":"USDC","network_name":"polygon"}"#).await
}

async fn get(world: &World, target: &str) -> Answer {
    Ask::get(target).signed(&world.sandbox).of(world).await
}

async fn post(world: &World, target: &str, body: &str) -> Answer {
    Ask::post(target, body.to_owned()).signed(&world.sandbox).of(world).await
}

#[track_caller]
fn is_problem(answer: &Answer, status: u16, code: &str) {
    assert_eq!(
        (answer.status, answer.header("content-type")),
        (status, "application/problem+json")
    );
    let problem = answer.json();
    assert_eq!(problem["code"], code);
    assert_eq!(problem["status"], status);
    assert_eq!(problem["type"], format!("urn:coffer:error:{code}"));
    assert_eq!(problem["request_id"], answer.header("request-id"));
    assert!(problem["detail"].as_str().unwrap().ends_with('.'), "{problem}");
}

on_both! {
    async fn a_request_is_shown_with_its_details(world: &World) {
        let fields = r#","description":"Tea","end_user_email":"guest@example.com""#;
        let id = created(world, fields).await;
        let data = get(world, &format!("{URL}/{id}")).await.json()["data"].clone();
        assert_eq!(data["id"], id);
        assert_eq!(data["status"], "created");
        assert_eq!(data["end_user_email"], "guest@example.com");
        assert_eq!(data["environment"], "sandbox");
        assert_eq!(data["created_at"], NOW.seconds());
        assert_eq!(data["transactions"], json!([]));
        assert_eq!(data["ended_at"], json!(null));
    }

    async fn what_a_payment_waits_for_is_told_once_a_coin_is_chosen(world: &World) {
        let open = created(world, "").await;
        let shown = get(world, &format!("{URL}/{open}")).await.json();
        assert_eq!(shown["data"].get("finality"), Some(&json!(null)), "{shown}");
        let body = r#"{"amount":"10","currency":{"iso":"EUR"},"life_time_duration":3600,
            "payment_currency":{"iso":"USDC","network_name":"polygon"}}"#;
        let made = Ask::post(URL, body).signed(&world.sandbox).of(world).await;
        assert_eq!(made.json()["data"].get("finality"), None, "that answer is documented");
        // Polygon's word or 127 confirmations, a block every two seconds; the sandbox has no word.
        let finality = json!({ "confirmations": 127, "called": null, "usual_seconds": 254 });
        let shown = get(world, &format!("{URL}/{}", made.id())).await.json();
        assert_eq!(shown["data"]["finality"], finality);
        let listed = get(world, &format!("{URL}?limit=1")).await.json();
        assert_eq!(listed["data"][0]["finality"], finality);
    }

    async fn what_belongs_to_others_is_not_there(world: &World) {
        let id = created(world, "").await;
        for target in [format!("{URL}/{id}"), format!("{URL}/{id}/events")] {
            let theirs = Ask::get(target).signed(&world.other).of(world).await;
            is_problem(&theirs, 404, "not_found");
        }
        let cancel = Ask::post(format!("{URL}/{id}/cancel"), "{}").signed(&world.other);
        is_problem(&cancel.of(world).await, 404, "not_found");
        let live = Ask::get(format!("{URL}/{id}")).bound(&world.live, NOW, "nonce-0001");
        is_problem(&live.of(world).await, 404, "not_found");
        let list = Ask::get(URL).signed(&world.other).of(world).await;
        list.is(200, r#"{"data":[],"next":null}"#);
        is_problem(&get(world, &format!("{URL}/17")).await, 404, "not_found");
    }

    async fn lists_go_back_in_pages_without_gap_or_repetition(world: &World) {
        let mut all = Vec::new();
        for number in 0..5 {
            world.pass(10);
            all.push(created(world, &format!(r#","foreign_id":"o{number}""#)).await);
        }
        all.reverse();
        let (mut seen, mut target) = (Vec::new(), format!("{URL}?limit=2"));
        loop {
            let page = get(world, &target).await.json();
            let rows = page["data"].as_array().unwrap();
            seen.extend(rows.iter().map(|row| row["id"].as_str().unwrap().to_owned()));
            let Some(next) = page["next"].as_str() else { break };
            target = format!("{URL}?limit=2&before={next}");
        }
        assert_eq!(seen, all);
        let one = get(world, &format!("{URL}?foreign_id=o3")).await.json();
        assert_eq!(one["data"][0]["id"], all[1]);
        assert_eq!(one["data"].as_array().unwrap().len(), 1);
        let none = get(world, &format!("{URL}?status=paid")).await;
        none.is(200, r#"{"data":[],"next":null}"#);
    }

    async fn a_request_is_cancelled_while_nothing_was_seen(world: &World) {
        let id = created(world, "").await;
        let cancelled = post(world, &format!("{URL}/{id}/cancel"), "{}").await;
        assert_eq!(cancelled.json()["data"]["status"], "cancelled", "{}", cancelled.text());
        let again = post(world, &format!("{URL}/{id}/cancel"), "").await;
        is_problem(&again, 409, "payment_request_ended");
    }

    async fn every_kind_of_payment_is_simulated(world: &World) {
        for (payment, status, case) in [
            ("exact", "paid", None),
            ("over", "paid", Some("over")),
            ("under", "failed", Some("under")),
            ("late", "expired", Some("late")),
            ("double_spend", "expired", None),
            ("reorg", "paid", None),
            ("wrong_token", "expired", Some("wrong_token")),
        ] {
            world.pass(60_000);
            let id = fixed(world).await;
            let body = json!({ "payment": payment }).to_string();
            let answer = post(world, &format!("{URL}/{id}/simulate"), &body).await;
            assert_eq!(answer.status, 200, "{payment}: {}", answer.text());
            world.work(5).await;
            let data = &get(world, &format!("{URL}/{id}")).await.json()["data"];
            assert_eq!(data["status"], status, "{payment}: {data}");
            let cases: Vec<_> =
                data["cases"].as_array().unwrap().iter().map(|case| &case["type"]).collect();
            assert_eq!(cases, case.iter().collect::<Vec<_>>(), "{payment}: {data}");
        }
    }

    async fn events_tell_what_happened_in_order(world: &World) {
        let id = fixed(world).await;
        post(world, &format!("{URL}/{id}/simulate"), r#"{"payment":"exact"}"#).await;
        world.work(1).await;
        let of_one = get(world, &format!("{URL}/{id}/events")).await.json();
        let kinds: Vec<_> =
            of_one["data"].as_array().unwrap().iter().map(|event| event["type"].clone()).collect();
        assert_eq!(kinds.first().unwrap(), "created");
        assert_eq!(kinds.last().unwrap(), "paid", "{kinds:?}");
        let feed = get(world, "/api/payments/v1/events?limit=1").await.json();
        let next = feed["next"].as_u64().unwrap();
        assert_eq!(feed["data"][0]["number"], next);
        let rest = get(world, &format!("/api/payments/v1/events?after={next}")).await.json();
        assert!(rest["data"].as_array().unwrap().iter().all(|event| {
            event["number"].as_u64().unwrap() > next && event["payment_request_id"] == id
        }));
        let end = rest["next"].as_u64().unwrap();
        let none = get(world, &format!("/api/payments/v1/events?after={end}")).await;
        none.is(200, &format!(r#"{{"data":[],"next":{end}}}"#));
    }

    async fn a_bound_signature_changes_something_once(world: &World) {
        let id = created(world, "").await;
        let target = format!("{URL}/{id}/cancel");
        let cancel =
            Ask::post(target.clone(), "{}").bound(&world.sandbox, NOW, "nonce-0001");
        let first = cancel.clone().of(world).await;
        assert_eq!(first.status, 200, "{}", first.text());
        let again = cancel.of(world).await;
        let text = "The nonce of X-Coffer-Signature was used before; each request needs a new one";
        again.is(403, &format!(r#"{{"error":"{text}", "code":"bad_header_signature"}}"#));
        let show = Ask::get(format!("{URL}/{id}")).bound(&world.sandbox, NOW, "nonce-0001");
        assert_eq!(show.clone().of(world).await.status, 200);
        assert_eq!(show.of(world).await.status, 200, "reading may be repeated");
    }
}

#[tokio::test]
async fn a_coin_must_be_chosen_before_a_payment_is_simulated() {
    let world = World::sqlite().await;
    let id = created(&world, "").await;
    let target = format!("{URL}/{id}/simulate");
    let answer = post(&world, &target, r#"{"payment":"exact"}"#).await;
    is_problem(&answer, 400, "invalid_fields");
    assert_eq!(answer.json()["errors"][0]["pointer"], "#/payment_currency");
    let unknown = post(&world, &target, r#"{"payment":"all"}"#).await;
    is_problem(&unknown, 400, "invalid_fields");
    assert_eq!(unknown.json()["errors"][0]["pointer"], "#/payment");
    is_problem(&post(&world, &target, "payment=exact").await, 400, "bad_content_format");
}

#[tokio::test]
async fn live_keys_need_a_bound_signature() {
    let world = World::sqlite().await;
    let text = "No X-Coffer-Signature header; with a live key this route needs it";
    let body = format!(r#"{{"error":"{text}", "code":"required_header_signature"}}"#);
    Ask::get(URL).signed(&world.live).of(&world).await.is(403, &body);
    let bound = Ask::get(URL).bound(&world.live, NOW, "nonce-0001").of(&world).await;
    bound.is(200, r#"{"data":[],"next":null}"#);
    let id = "0196f6a1-cab2-76fb-84c7-7e9ee9ddf6b4";
    let simulate = Ask::post(format!("{URL}/{id}/simulate"), r#"{"payment":"exact"}"#);
    let simulate = simulate.bound(&world.live, NOW, "nonce-0002").of(&world).await;
    is_problem(&simulate, 403, "sandbox_only");
}

#[tokio::test]
async fn a_bound_signature_holds_for_that_request_alone() {
    let world = World::sqlite().await;
    let code = |answer: &Answer| (answer.status, answer.json()["code"].clone());
    let refused = (403, json!("bad_header_signature"));
    let bound = |at: Timestamp| Ask::get(URL).bound(&world.live, at, "nonce-0001");
    let five = Span::from_minutes(5);
    for (at, taken) in [
        (NOW.minus(five).plus(Span::from_seconds(1)), true),
        (NOW.minus(five).minus(Span::from_seconds(1)), false),
        (NOW.plus(five), true),
        (NOW.plus(five).plus(Span::from_seconds(2)), false),
    ] {
        let answer = bound(at).of(&world).await;
        assert_eq!(answer.status == 200, taken, "{at:?}: {}", answer.text());
    }
    let other_query = bound(NOW).target(format!("{URL}?limit=1"));
    assert_eq!(code(&other_query.of(&world).await), refused);
    let other_method = bound(NOW).method("HEAD");
    assert_eq!(other_method.of(&world).await.status, 403);
    let other_key = bound(NOW).header("x-processing-key", &world.sandbox.key);
    assert_eq!(code(&other_key.of(&world).await), refused);
    let form = Ask::get(URL).signed(&world.live).header("x-coffer-signature", "t=1");
    let form = form.of(&world).await;
    assert_eq!(code(&form), refused);
    assert!(form.text().contains("t=<unix seconds>"), "{}", form.text());
}

#[tokio::test]
async fn wrong_parameters_are_named() {
    let world = World::sqlite().await;
    let answer = get(&world, &format!("{URL}?limit=0&stat=paid")).await;
    is_problem(&answer, 400, "invalid_query");
    let parameters: Vec<_> = answer.json()["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|error| error["parameter"].clone())
        .collect();
    assert_eq!(parameters, ["limit", "stat"]);
    is_problem(&get(&world, "/api/payments/v1/events?after=x").await, 400, "invalid_query");
}

#[tokio::test]
async fn without_the_store_own_routes_say_it_as_a_problem() {
    let world = World::sqlite().await;
    assert_eq!(get(&world, URL).await.status, 200);
    world.store.close().await;
    is_problem(&get(&world, URL).await, 503, "temporarily_unavailable");
}
