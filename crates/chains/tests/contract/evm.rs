//! What only EVM networks know: tokens that lie, failed transactions, chain ids, final blocks.

use std::sync::Arc;

use alloy::primitives::U256;
use coffer_chains::evm::{EvmChain, EvmSettings};
use coffer_domain::{
    catalogue::Asset,
    confirmations::NamedBlocks,
    money::Units,
    ports::{Block, Chain, ChainError, Pending},
    time::{Span, Timestamp},
    transfer::{Address, ChainTransfer, ChainUnits},
};
use serde_json::json;

use crate::{
    anvil::{Anvil, DEPLOYER, DEVELOPER, OTHER_DEVELOPER},
    setup::{
        ACCOUNT_KEY, CHAIN_ID, StandingClock, asset_id, clock, coin, network, settings, token,
    },
    tokens::{FEE, LYING, PLAIN, transfer_input, transfer_twice_input},
    worlds::{everything, only},
};

const SUPPLY: U256 = U256::from_limbs([1_000_000_000_000, 0, 0, 0]);

pub(crate) fn chain(anvil: &Anvil, assets: Vec<Asset>) -> EvmChain {
    EvmChain::new(&settings(&[&anvil.url], assets), clock()).unwrap()
}

pub(crate) fn receiver(index: u32) -> Address {
    let any = settings(&["http://127.0.0.1"], vec![coin("ETH")]);
    let chain = EvmChain::new(&any, clock()).unwrap();
    chain.derive(network(), ACCOUNT_KEY, index).unwrap()
}

pub(crate) async fn newest(chain: &EvmChain) -> Block {
    let height = chain.tip().await.unwrap().at.height;
    chain.block(height, &everything).await.unwrap().unwrap()
}

fn units(transfers: &[ChainTransfer]) -> Vec<ChainUnits> {
    transfers.iter().map(|transfer| transfer.units.clone()).collect()
}

fn whole(units: u128) -> ChainUnits {
    ChainUnits::Units(Units::new(units))
}

async fn transfer(anvil: &Anvil, contract: &str, to: &Address, units: u64) -> String {
    let input = transfer_input(&to.text, U256::from(units));
    anvil.send_as(DEPLOYER, contract, 0, &input).await
}

#[tokio::test]
async fn coin_and_token_of_one_block_come_in_its_order() {
    let anvil = Anvil::start(&[]).await;
    let contract = anvil.deploy(PLAIN, 6, SUPPLY).await;
    let chain = chain(&anvil, vec![coin("ETH"), token("USDT", 6, &contract)]);
    let to = receiver(3);
    let later = transfer(&anvil, &contract, &to, 250).await;
    let first = anvil.send_as(OTHER_DEVELOPER, &to.text, 10_u128.pow(19), "0x").await;
    anvil.mine().await;
    let found = newest(&chain).await.transfers;
    assert_eq!(units(&found), [whole(10_u128.pow(19)), whole(250)]);
    assert_eq!((found[0].asset, found[1].asset), (asset_id("ETH"), asset_id("USDT")));
    assert_eq!(found[0].reference.transaction, first);
    assert_eq!(found[0].reference.position, "coin");
    assert_eq!(found[1].reference.transaction, later);
    assert_eq!(found[1].reference.position, format!("{contract}/0"));
    assert_eq!((&found[0].to, &found[1].to), (&to, &to));
}

#[tokio::test]
async fn many_coin_payments_of_one_block_are_all_found() {
    let anvil = Anvil::start(&[]).await;
    let chain = chain(&anvil, vec![coin("ETH")]);
    for index in 0..9 {
        anvil.send_as(DEVELOPER, &receiver(index).text, u128::from(index) + 1, "0x").await;
    }
    anvil.mine().await;
    let found = newest(&chain).await.transfers;
    assert_eq!(units(&found), (1..10).map(whole).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_token_that_keeps_a_fee_is_credited_by_what_arrived() {
    let anvil = Anvil::start(&[]).await;
    let contract = anvil.deploy(FEE, 6, SUPPLY).await;
    let chain = chain(&anvil, vec![token("FEE", 6, &contract)]);
    let to = receiver(0);
    transfer(&anvil, &contract, &to, 1_000).await;
    anvil.mine().await;
    assert_eq!(units(&newest(&chain).await.transfers), [whole(900)]);
    transfer(&anvil, &contract, &to, 1_000).await;
    transfer(&anvil, &contract, &to, 500).await;
    anvil.mine().await;
    assert_eq!(units(&newest(&chain).await.transfers), [whole(1_000), whole(350)]);
}

#[tokio::test]
async fn a_token_that_logs_what_it_did_not_move_credits_nothing() {
    let anvil = Anvil::start(&[]).await;
    let contract = anvil.deploy(LYING, 6, SUPPLY).await;
    let chain = chain(&anvil, vec![token("LIE", 6, &contract)]);
    transfer(&anvil, &contract, &receiver(0), 1_000).await;
    anvil.mine().await;
    assert_eq!(newest(&chain).await.transfers, []);
}

#[tokio::test]
async fn a_token_with_the_same_symbol_is_another_token() {
    let anvil = Anvil::start(&[]).await;
    let pinned = anvil.deploy(PLAIN, 6, SUPPLY).await;
    let other = anvil.deploy(PLAIN, 6, SUPPLY).await;
    assert_ne!(pinned, other);
    let chain = chain(&anvil, vec![token("USDT", 6, &pinned)]);
    transfer(&anvil, &other, &receiver(0), 1_000).await;
    assert_eq!(chain.pending(&everything).await, Ok(Pending::default()));
    anvil.mine().await;
    assert_eq!(newest(&chain).await.transfers, []);
}

#[tokio::test]
async fn a_failed_transaction_pays_nothing() {
    let anvil = Anvil::start(&[]).await;
    let contract = anvil.deploy(PLAIN, 6, SUPPLY).await;
    let chain = chain(&anvil, vec![coin("ETH"), token("USDT", 6, &contract)]);
    // The developer has no tokens, and the contract takes no coin.
    let input = transfer_input(&receiver(0).text, U256::from(5));
    let one = anvil.send_as(DEVELOPER, &contract, 0, &input).await;
    let other = anvil.send_as(DEVELOPER, &contract, 1_000, "0x").await;
    anvil.mine().await;
    for transaction in [one, other] {
        let receipt = anvil.rpc("eth_getTransactionReceipt", json!([transaction])).await;
        assert_eq!(receipt["status"], "0x0");
    }
    assert_eq!(newest(&chain).await.transfers, []);
}

#[tokio::test]
async fn coin_sent_to_oneself_pays_nothing() {
    let anvil = Anvil::start(&[]).await;
    let chain = chain(&anvil, vec![coin("ETH")]);
    anvil.send_as(DEVELOPER, DEVELOPER, 1_000, "0x").await;
    anvil.mine().await;
    assert_eq!(newest(&chain).await.transfers, []);
}

#[tokio::test]
async fn a_token_payment_whose_state_the_node_dropped_is_held() {
    let anvil = Anvil::start(&["--prune-history", "2"]).await;
    let contract = anvil.deploy(PLAIN, 6, SUPPLY).await;
    let chain = chain(&anvil, vec![coin("ETH"), token("USDT", 6, &contract)]);
    transfer(&anvil, &contract, &receiver(0), 5).await;
    anvil.mine().await;
    let height = chain.tip().await.unwrap().at.height;
    assert_eq!(newest(&chain).await.transfers.len(), 1);
    for _ in 0..8 {
        anvil.mine().await;
    }
    assert!(chain.block(height, &everything).await.is_err());
    assert!(chain.block(height, &only([receiver(1)])).await.is_ok());
}

#[tokio::test]
async fn two_transfers_of_one_transaction_are_told_apart() {
    let anvil = Anvil::start(&[]).await;
    let contract = anvil.deploy(PLAIN, 6, SUPPLY).await;
    let chain = chain(&anvil, vec![token("USDT", 6, &contract)]);
    let input = transfer_twice_input(&receiver(0).text, 30, 12);
    anvil.send_as(DEPLOYER, &contract, 0, &input).await;
    anvil.mine().await;
    let found = newest(&chain).await.transfers;
    assert_eq!(units(&found), [whole(30), whole(12)]);
    assert_eq!(found[0].reference.transaction, found[1].reference.transaction);
    let positions = found.iter().map(|it| it.reference.position.clone()).collect::<Vec<_>>();
    assert_eq!(positions, [format!("{contract}/0"), format!("{contract}/1")]);
}

#[tokio::test]
async fn an_amount_beyond_128_bits_is_told_as_text() {
    let anvil = Anvil::start(&[]).await;
    let contract = anvil.deploy(PLAIN, 18, U256::MAX).await;
    let chain = chain(&anvil, vec![token("HUGE", 18, &contract)]);
    let to = receiver(0);
    anvil.send_as(DEPLOYER, &contract, 0, &transfer_input(&to.text, U256::MAX)).await;
    let most = "115792089237316195423570985008687907853269984665640564039457584007913129639935";
    let beyond = [ChainUnits::Beyond(most.to_owned())];
    assert_eq!(units(&chain.pending(&everything).await.unwrap().transfers), beyond);
    anvil.mine().await;
    assert_eq!(units(&newest(&chain).await.transfers), beyond);
}

#[tokio::test]
async fn a_transfer_keeps_its_reference_when_its_log_gets_another_number() {
    let anvil = Anvil::start(&[]).await;
    let contract = anvil.deploy(PLAIN, 6, SUPPLY).await;
    let chain = chain(&anvil, vec![token("USDT", 6, &contract)]);
    let to = receiver(0);
    let input = transfer_input(OTHER_DEVELOPER, U256::from(50));
    anvil.send_as(DEPLOYER, &contract, 0, &input).await;
    anvil.mine().await;
    let transaction = transfer(&anvil, &contract, &to, 7).await;
    anvil.mine().await;
    let raw = anvil.rpc("eth_getRawTransactionByHash", json!([transaction])).await;
    let mine = only([to.clone()]);
    let tip = chain.tip().await.unwrap().at;
    let first = chain.block(tip.height, &mine).await.unwrap().unwrap();
    let number = async || {
        let receipt = anvil.rpc("eth_getTransactionReceipt", json!([transaction])).await;
        receipt["logs"][0]["logIndex"].as_str().unwrap().to_owned()
    };
    assert_eq!(number().await, "0x0");

    // Somebody else's transfer takes the first place of the block that replaces it.
    let ahead = transfer_input(DEVELOPER, U256::from(1));
    let ahead = json!({ "from": OTHER_DEVELOPER, "to": contract, "input": ahead, "gas": "0x30000",
        "maxFeePerGas": "0x4a817c800", "maxPriorityFeePerGas": "0x12a05f200" });
    anvil.rpc("anvil_reorg", json!([1, [[ahead, 0], [raw, 0]]])).await;
    assert_eq!(number().await, "0x1");
    let again = chain.block(tip.height, &mine).await.unwrap().unwrap();
    assert_ne!(again.at, first.at);
    assert_eq!(again.transfers, first.transfers);
}

#[tokio::test]
async fn another_chain_is_never_used() {
    let anvil = Anvil::start(&["--chain-id", "99"]).await;
    let chain = chain(&anvil, vec![coin("ETH")]);
    let other = |error: ChainError| match error {
        ChainError::OtherChain { found, .. } => found.contains("99"),
        _ => false,
    };
    assert!(other(chain.probe().await.unwrap_err()));
    assert!(other(chain.tip().await.unwrap_err()));
    assert!(other(chain.block(0, &everything).await.unwrap_err()));
    assert!(other(chain.pending(&everything).await.unwrap_err()));
}

#[tokio::test]
async fn another_genesis_is_another_chain() {
    let anvil = Anvil::start(&[]).await;
    let genesis = anvil.rpc("eth_getBlockByNumber", json!(["0x0", false])).await["hash"].clone();
    let with = |genesis: String| {
        let settings = settings(&[&anvil.url], vec![coin("ETH")]);
        EvmChain::new(&EvmSettings { genesis: Some(genesis), ..settings }, clock()).unwrap()
    };
    assert!(with(genesis.as_str().unwrap().to_owned()).probe().await.is_ok());
    let error = with(format!("0x{}", "1".repeat(64))).probe().await.unwrap_err();
    assert!(matches!(error, ChainError::OtherChain { .. }), "{error}");
}

#[tokio::test]
async fn a_token_that_is_not_as_pinned_is_refused() {
    let anvil = Anvil::start(&[]).await;
    let contract = anvil.deploy(PLAIN, 18, SUPPLY).await;
    let nobody = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed";
    let good = token("GOOD", 18, &anvil.deploy(PLAIN, 18, SUPPLY).await);
    let assets = vec![coin("ETH"), token("USDT", 6, &contract), token("NONE", 6, nobody), good];
    let probe = chain(&anvil, assets).probe().await.unwrap();
    let reason = |iso: &str| {
        let refused = probe.refused_assets.iter().find(|(asset, _)| *asset == asset_id(iso));
        refused.map(|(_, reason)| reason.as_str())
    };
    assert!(reason("USDT").unwrap().contains("has 18 decimals on chain, the catalogue says 6"));
    assert!(reason("NONE").unwrap().contains("no contract"));
    assert_eq!(probe.refused_assets.len(), 2);
}

#[tokio::test]
async fn safe_and_final_blocks_are_named_where_the_settings_ask_for_them() {
    let anvil = Anvil::start(&["--slots-in-an-epoch", "1"]).await;
    let asking = |safe, finalized| {
        let named = NamedBlocks { safe, finalized };
        let settings = EvmSettings { named, ..settings(&[&anvil.url], vec![coin("ETH")]) };
        EvmChain::new(&settings, clock()).unwrap()
    };
    for _ in 0..5 {
        anvil.mine().await;
    }
    let probe = asking(false, false).probe().await.unwrap();
    assert_eq!(probe.named, NamedBlocks { safe: true, finalized: true });
    for (safe, finalized, heights) in [
        (false, false, (None, None)),
        (true, false, (Some(4), None)),
        (false, true, (None, Some(3))),
        (true, true, (Some(4), Some(3))),
    ] {
        let tip = asking(safe, finalized).tip().await.unwrap();
        assert_eq!((tip.safe_height, tip.final_height), heights);
    }
}

#[tokio::test]
async fn a_node_with_an_old_tip_is_not_live() {
    let anvil = Anvil::start(&[]).await;
    let tip = chain(&anvil, vec![coin("ETH")]).tip().await.unwrap();
    assert!(tip.live);
    let after = async |seconds: i64| {
        let clock = StandingClock(Timestamp::from_seconds(tip.time.seconds() + seconds));
        let stale_after = Some(Span::from_seconds(60));
        let settings = settings(&[&anvil.url], vec![coin("ETH")]);
        let chain = EvmChain::new(&EvmSettings { stale_after, ..settings }, Arc::new(clock));
        chain.unwrap().tip().await.unwrap().live
    };
    assert!(after(60).await);
    assert!(!after(61).await);
}

#[tokio::test]
async fn the_next_endpoint_takes_over() {
    let anvil = Anvil::start(&[]).await;
    let elsewhere = Anvil::start(&["--chain-id", "99"]).await;
    let urls = ["http://127.0.0.1:1/key-in-the-path", &elsewhere.url, &anvil.url];
    let chain = EvmChain::new(&settings(&urls, vec![coin("ETH")]), clock()).unwrap();
    assert!(chain.tip().await.is_ok());
    // A wrong one is a mistake in the settings, even behind a right one.
    assert!(matches!(chain.probe().await, Err(ChainError::OtherChain { .. })));
}

#[tokio::test]
async fn an_error_names_no_key_of_an_endpoint() {
    let urls = ["http://user:hunter2hunter2@127.0.0.1:1/v3/0123456789abcdef?key=fedcba9876543210"];
    let chain = EvmChain::new(&settings(&urls, vec![coin("ETH")]), clock()).unwrap();
    let error = chain.tip().await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "development cannot be reached: endpoint 1 (127.0.0.1:1): no connection"
    );
}

#[tokio::test]
async fn a_link_names_chain_token_receiver_and_units() {
    let anvil = Anvil::start(&[]).await;
    let contract = anvil.deploy(PLAIN, 6, SUPPLY).await;
    let chain = chain(&anvil, vec![coin("ETH"), token("USDT", 6, &contract)]);
    let to = receiver(0);
    let link = |iso: &str| chain.payment_link(asset_id(iso), &to.text, Units::new(12));
    let token_link = link("USDT").unwrap();
    let expected =
        format!("ethereum:{contract}@{CHAIN_ID}/transfer?address={}&uint256=12", to.text);
    assert_eq!(token_link.to_lowercase(), expected.to_lowercase());
    let expected = format!("ethereum:{}@{CHAIN_ID}?value=12", to.text);
    assert_eq!(link("ETH"), Some(expected));
    assert_eq!(link("DOGE"), None);
    let refused = chain.parse_address(network(), &contract).unwrap_err();
    assert!(refused.0.contains("contract of USDT"));
}

#[tokio::test]
async fn settings_that_cannot_work_are_refused() {
    let said = |settings: EvmSettings| {
        let refused = EvmChain::new(&settings, clock()).err().unwrap();
        refused.to_string()
    };
    let url = "http://127.0.0.1:1";
    let usdt = || token("USDT", 6, "0xdAC17F958D2ee523a2206206994597C13D831ec7");
    assert!(said(settings(&[], vec![])).contains("no endpoints"));
    assert!(said(settings(&[url, "file:///key"], vec![])).contains("endpoint 2 is not"));
    assert!(!said(settings(&["secret-key"], vec![])).contains("secret"));
    assert!(said(settings(&[url], vec![coin("ETH"), coin("BNB")])).contains("both ETH and BNB"));
    assert!(said(settings(&[url], vec![usdt(), usdt()])).contains("same contract"));
    let mistyped = token("USDT", 6, "0xdAC17F958D2ee523a2206206994597C13D831eC7");
    assert!(said(settings(&[url], vec![mistyped])).contains("checksum"));
    let genesis = Some("0x12".to_owned());
    let shown = format!("{:?}", settings(&["http://node.example/secret-key"], vec![]));
    assert!(!shown.contains("secret"));
    assert!(said(EvmSettings { genesis, ..settings(&[url], vec![]) }).contains("genesis"));
}
