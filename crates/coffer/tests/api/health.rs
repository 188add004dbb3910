//! `GET /health`: what is told to whom.

use std::net::IpAddr;

use serde_json::Value;

use crate::support::{Ask, Setup, World};

/// What who asks from there is told of Polygon, and of all.
async fn told(world: &World, client: Option<&str>) -> (Value, Value) {
    let ask = Ask::get("/health");
    let ask = match client {
        Some(client) => ask.from(client.parse::<IpAddr>().unwrap()),
        None => ask,
    };
    let answer = ask.of(world).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let health = answer.json();
    let chains = health["chains"].as_array().unwrap();
    let polygon = chains.iter().find(|chain| chain["name"] == "polygon").unwrap().clone();
    (polygon, health)
}

async fn world() -> World {
    World::with(Setup { live_polygon: true, ..Setup::default() }).await
}

#[tokio::test]
async fn endpoints_and_keys_are_told_to_who_asks_from_this_machine_alone() {
    let world = world().await;
    for near in ["127.0.0.1", "::1", "::ffff:127.0.0.1"] {
        let (polygon, health) = told(&world, Some(near)).await;
        assert!(polygon["endpoints"].is_array() && health["keys"].is_array(), "{near}: {health}");
        assert_eq!(health["keys_left_out"], 0);
    }
    for elsewhere in [Some("198.51.100.7"), Some("10.0.0.7"), Some("2001:db8::7"), None] {
        let (polygon, health) = told(&world, elsewhere).await;
        assert_eq!(polygon.get("endpoints"), None, "{elsewhere:?}");
        assert_eq!((health.get("keys"), health.get("keys_left_out")), (None, None));
        assert_eq!(health["status"], "ok");
    }
    for (header, value) in
        [("x-forwarded-for", "127.0.0.1"), ("x-real-ip", "::1"), ("via", "1.1 a")]
    {
        let near = Ask::get("/health").from("127.0.0.1".parse().unwrap()).header(header, value);
        assert_eq!(near.of(&world).await.json().get("keys"), None, "{header}: a proxy asks");
    }
    world.remove().await;
}

#[tokio::test]
async fn every_coin_of_a_network_says_whether_it_can_be_taken_and_why_not() {
    let world = world().await;
    let (_, health) = told(&world, None).await;
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
