//! Tokens that are not what the standard says: credited by what arrived, or not at all.

use alloy::primitives::U256;
use coffer_domain::{
    money::Units,
    ports::Chain,
    transfer::{Address, ChainUnits},
};
use serde_json::json;

use crate::{
    anvil::{Anvil, DEPLOYER},
    evm::{chain, newest, receiver},
    setup::token,
    tokens::{FALSE, PAUSABLE, REBASING, account_word, call_input, transfer_input},
    worlds::{everything, only},
};

const SUPPLY: U256 = U256::from_limbs([1_000_000_000_000, 0, 0, 0]);

async fn transfer(anvil: &Anvil, contract: &str, to: &Address, units: u64) -> String {
    let input = transfer_input(&to.text, U256::from(units));
    anvil.send_as(DEPLOYER, contract, 0, &input).await
}

async fn call(anvil: &Anvil, contract: &str, signature: &str, arguments: &[U256]) {
    anvil.send_as(DEPLOYER, contract, 0, &call_input(signature, arguments)).await;
}

#[tokio::test]
async fn a_token_that_returns_false_with_a_log_credits_nothing() {
    let anvil = Anvil::start(&[]).await;
    let contract = anvil.deploy(FALSE, 6, SUPPLY).await;
    let chain = chain(&anvil, vec![token("NO", 6, &contract)]);
    let transaction = transfer(&anvil, &contract, &receiver(0), 1_000).await;
    anvil.mine().await;
    let receipt = anvil.rpc("eth_getTransactionReceipt", json!([transaction])).await;
    assert_eq!(receipt["status"], "0x1");
    assert_eq!(receipt["logs"].as_array().unwrap().len(), 1);
    assert_eq!(newest(&chain).await.transfers, []);
}

#[tokio::test]
async fn a_token_that_rebases_is_credited_by_what_arrived() {
    let anvil = Anvil::start(&[]).await;
    let contract = anvil.deploy(REBASING, 6, SUPPLY).await;
    let chain = chain(&anvil, vec![token("REB", 6, &contract)]);
    let to = receiver(0);
    let found = async || {
        anvil.mine().await;
        let mut found = newest(&chain).await.transfers;
        found.pop().map(|transfer| transfer.units)
    };
    let holds = |units: u64| [account_word(&to.text), U256::from(units)];
    let units = |units| Some(ChainUnits::Units(Units::new(units)));
    transfer(&anvil, &contract, &to, 1_000).await;
    assert_eq!(found().await, units(1_000));
    // What a rebase gives was paid by nobody.
    call(&anvil, &contract, "rebase(address,uint256)", &holds(5_000)).await;
    assert_eq!(found().await, None);
    transfer(&anvil, &contract, &to, 1_000).await;
    call(&anvil, &contract, "rebase(address,uint256)", &holds(50_000)).await;
    assert_eq!(found().await, units(1_000));
    // What a rebase takes in the block of a payment is not there.
    transfer(&anvil, &contract, &to, 1_000).await;
    call(&anvil, &contract, "rebase(address,uint256)", &holds(50_400)).await;
    assert_eq!(found().await, units(400));
    transfer(&anvil, &contract, &to, 1_000).await;
    call(&anvil, &contract, "rebase(address,uint256)", &holds(0)).await;
    assert_eq!(found().await, None);
}

#[tokio::test]
async fn a_token_that_is_paused_or_shuts_out_a_holder_credits_nothing() {
    let anvil = Anvil::start(&[]).await;
    let contract = anvil.deploy(PAUSABLE, 6, SUPPLY).await;
    let chain = chain(&anvil, vec![token("STOP", 6, &contract)]);
    let to = receiver(0);
    call(&anvil, &contract, "pause(bool)", &[U256::from(1)]).await;
    transfer(&anvil, &contract, &to, 10).await;
    anvil.mine().await;
    assert_eq!(newest(&chain).await.transfers, []);
    call(&anvil, &contract, "pause(bool)", &[U256::ZERO]).await;
    let out = [account_word(&to.text), U256::from(1)];
    call(&anvil, &contract, "shut(address,bool)", &out).await;
    transfer(&anvil, &contract, &to, 10).await;
    anvil.mine().await;
    assert_eq!(newest(&chain).await.transfers, []);
    // Others are paid all the same.
    transfer(&anvil, &contract, &receiver(1), 10).await;
    assert_eq!(chain.pending(&only([receiver(1)])).await.unwrap().transfers.len(), 1);
    anvil.mine().await;
    let height = chain.tip().await.unwrap().at.height;
    let found = chain.block(height, &everything).await.unwrap().unwrap().transfers;
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].to, receiver(1));
}
