//! `GET /health`: what is told to whom.

use coffer_web::server_state::WebSettings;
use coffer_wire::access_token::AccessToken;
use serde_json::{Value, json};

use crate::support::{Ask, Setup, World};

const TOKEN: &str = "0123456789abcdef0123456789abcdef";

/// What who sends this as `Authorization` is told; an empty text sends none.
async fn told(world: &World, authorization: &str) -> Value {
    let answer = Ask::get("/health").header("authorization", authorization).of(world).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

async fn world(token: Option<&str>) -> World {
    let health_token = token.map(|token| AccessToken::parse(token).unwrap());
    let web = WebSettings { health_token, ..WebSettings::default() };
    World::with(Setup { live_polygon: true, web, ..Setup::default() }).await
}

#[tokio::test]
async fn who_sends_the_token_is_told_all_and_everybody_else_whether_all_is_well() {
    let world = world(Some(TOKEN)).await;
    let health = told(&world, &format!("Bearer {TOKEN}")).await;
    let chains = health["chains"].as_array().unwrap();
    let polygon = chains.iter().find(|chain| chain["name"] == "polygon").unwrap();
    assert!(polygon["endpoints"].is_array() && health["keys"].is_array(), "{health}");
    assert_eq!((&health["status"], &health["keys_left_out"]), (&json!("ok"), &json!(0)));
    let wrong = format!("Bearer {}", TOKEN.to_uppercase());
    for other in ["", "Bearer", "Bearer ", TOKEN, "Basic Y29mZmVyOmNvZmZlcg==", &wrong] {
        assert_eq!(told(&world, other).await, json!({ "status": "ok" }), "{other:?}");
    }
    world.remove().await;
}

#[tokio::test]
async fn who_asks_from_this_machine_is_told_no_more_than_others() {
    for token in [None, Some(TOKEN)] {
        let world = world(token).await;
        for client in ["127.0.0.1", "::1", "::ffff:127.0.0.1", "198.51.100.7"] {
            let answer = Ask::get("/health").from(client.parse().unwrap()).of(&world).await;
            assert_eq!(answer.json(), json!({ "status": "ok" }), "{client}, {token:?}");
        }
        world.remove().await;
    }
}

#[tokio::test]
async fn without_a_token_in_the_settings_none_opens_it() {
    let world = world(None).await;
    for sent in ["Bearer ", &format!("Bearer {TOKEN}")] {
        assert_eq!(told(&world, sent).await, json!({ "status": "ok" }), "{sent:?}");
    }
    world.remove().await;
}

#[tokio::test]
async fn a_load_balancer_is_told_of_a_server_that_is_unwell_by_the_status_alone() {
    let world = world(Some(TOKEN)).await;
    world.store.close().await;
    world.pass(2_000);
    let answer = Ask::get("/health").of(&world).await;
    assert_eq!((answer.status, answer.json()), (503, json!({ "status": "unwell" })));
    world.remove().await;
}

#[tokio::test]
async fn every_coin_of_a_network_says_whether_it_can_be_taken_and_why_not() {
    let world = world(Some(TOKEN)).await;
    let health = told(&world, &format!("Bearer {TOKEN}")).await;
    let coins = health["coins"].as_array().unwrap();
    assert!(coins.len() > 1, "{health}");
    for coin in coins {
        assert_eq!((&coin["network"], &coin["environment"]), (&"polygon".into(), &"live".into()));
        assert_eq!(
            (&coin["taken"], &coin["reason"]),
            (&false.into(), &"no wallet receives it".into())
        );
    }
    world.remove().await;
}
