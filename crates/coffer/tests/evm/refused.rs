//! Networks and assets that are not what the settings say.

use serde_json::json;

use crate::support::{PLAIN, Request, Setup, Token, World, ether};

/// The v2 codes of the currencies that are offered.
async fn offered(world: &World) -> Vec<String> {
    let asked = json!({ "visible": true });
    let (status, answer) = world.post("/api/v2/currencies/list", &asked).await;
    assert_eq!(status, 200, "{answer}");
    let currencies = answer["data"].as_array().unwrap().iter();
    currencies.map(|it| it["currency"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_token_with_other_decimals_on_chain_is_not_taken_and_its_network_is() {
    let odd = Token { pinned: 8, ..Token::new("ODD", PLAIN) };
    let world = Setup::new().token(odd).token(Token::new("USDX", PLAIN)).start().await;
    let offered = offered(&world).await;
    assert!(!offered.iter().any(|code| code == "ODD"), "{offered:?}");
    assert!(offered.iter().any(|code| code == "USDX"), "{offered:?}");
    let (status, answer) = Request::ask(&world, "ODD", ("25", "USD")).await;
    assert_eq!(status, 400, "{answer}");
    let sentence = "ODD on anvil cannot be taken here.";
    assert_eq!(answer["errors"]["payment_currency.network_name"], sentence);
    let (status, told) = world.get("/health").await;
    assert_eq!((status, told), (200, json!({ "status": "ok" })));
    let health = world.engine.health().await;
    let anvil = health.chains.iter().find(|chain| chain.name.as_str() == "anvil").unwrap();
    let [(asset, reason)] = anvil.refused_assets.as_slice() else { panic!("one is refused") };
    assert_eq!(asset.to_string(), "ODD/anvil");
    assert!(reason.ends_with("has 6 decimals on chain, the catalogue says 8"), "{reason}");
    let told = world.engine.alarms(false, 10).await.unwrap().remove(0).alarm;
    assert_eq!((told.name.as_str(), told.about.as_str()), ("asset_refused", "ODD/anvil"));
    let request = Request::of(&world, "USDX").await;
    world.node.pay_token(&world.contracts[1], &request.address, 25_000_000).await;
    world.mine(3).await;
    request.is("paid", &[]).await;
    world.remove().await;
}

#[tokio::test]
async fn a_network_whose_node_is_on_another_chain_is_not_read_and_the_rest_runs() {
    let world = Setup::new().on_another_chain().unread().start().await;
    let reason = world.settle_blind().await;
    let expected = "anvil is on another chain: expected chain id 1, found chain id 31338";
    assert!(reason.starts_with(expected), "{reason}");
    let (status, answer) = Request::ask(&world, "ETH", ("25", "USD")).await;
    assert_eq!(status, 503, "{answer}");
    let health = world.engine.health().await;
    let chain = |name: &str| health.chains.iter().find(|it| it.name.as_str() == name).unwrap();
    assert_eq!(chain("anvil").height, None);
    let behind = chain("anvil").behind.as_deref().unwrap();
    assert!(behind.contains(expected), "{behind}");
    assert_eq!(chain("sandbox").behind, None, "the sandbox goes on");
    let body = json!({
        "amount": "25", "currency": { "iso": "USD" }, "life_time_duration": 3_600,
        "payment_currency": { "iso": "BTC", "network_name": "bitcoin" },
        "url_success": "https://shop.example.com/thanks",
        "url_failed": "https://shop.example.com/sorry",
    });
    let (status, answer) = world.post("/api/payments/v1/requests", &body).await;
    assert_eq!(status, 200, "{answer}");
    world.remove().await;
}

#[tokio::test]
async fn a_node_that_changes_to_another_chain_stops_the_window() {
    let world = Setup::new().start().await;
    let request = Request::of(&world, "ETH").await;
    world.node.rpc("anvil_setChainId", json!([31_338])).await;
    world.gate.shut();
    world.settle_blind().await;
    world.gate.open();
    let reason = world.settle_blind().await;
    assert!(reason.contains("is on another chain"), "{reason}");
    world.node.rpc("anvil_setChainId", json!([1])).await;
    world.settle().await;
    world.node.pay(&request.address, ether(10)).await;
    world.mine(3).await;
    request.is("paid", &[]).await;
    world.remove().await;
}
