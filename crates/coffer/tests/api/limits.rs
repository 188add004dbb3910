//! How much a key may ask for.

use std::num::NonZeroU32;

use coffer_web::{rate_limit::RateLimit, server_state::WebSettings};

use crate::support::{Ask, Setup, World};

const CREATE: &str = "/api/payments/v1/requests";

/// Two requests a second, four at once.
async fn slow() -> World {
    let limit = |number| NonZeroU32::new(number).unwrap();
    let rate_limit = RateLimit { per_second: limit(2), burst: limit(4) };
    let web = WebSettings { rate_limit, ..WebSettings::default() };
    World::with(Setup { web, ..Setup::default() }).await
}

#[tokio::test]
async fn a_key_that_asks_too_often_is_told_when_to_come_again() {
    let world = slow().await;
    let ask = || Ask::post(CREATE, "{}").signed(&world.sandbox);
    for _ in 0..4 {
        assert_eq!(ask().of(&world).await.status, 400);
    }
    let limited = ask().of(&world).await;
    limited.is(429, r#"{"error":"Too many requests", "code":"too_many_requests"}"#);
    assert_eq!(limited.header("retry-after"), "1");
    assert_eq!(limited.header("ratelimit"), "\"key\";r=0;t=1");
    assert_eq!(limited.header("ratelimit-policy"), "\"key\";q=4;w=2");
    let own = Ask::get(CREATE).signed(&world.sandbox).of(&world).await;
    assert_eq!((own.status, own.header("content-type")), (429, "application/problem+json"));
    assert_eq!(own.json()["code"], "too_many_requests");
    let other = Ask::post(CREATE, "{}").signed(&world.other).of(&world).await;
    assert_eq!(other.status, 400, "another key has a budget of its own");
    world.pass(500);
    assert_eq!(ask().of(&world).await.status, 400);
    assert_eq!(ask().of(&world).await.status, 429);
}

#[tokio::test]
async fn nobody_without_the_secret_uses_up_a_budget() {
    let world = slow().await;
    for _ in 0..20 {
        let forged = Ask::post(CREATE, "{}").signed(&world.sandbox);
        let forged = forged.header("x-processing-signature", &"0".repeat(128));
        assert_eq!(forged.of(&world).await.status, 403);
    }
    for _ in 0..4 {
        assert_eq!(Ask::post(CREATE, "{}").signed(&world.sandbox).of(&world).await.status, 400);
    }
}
