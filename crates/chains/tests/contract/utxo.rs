//! What only networks of Bitcoin's kind know: replacements, conflicts, pruned nodes, many outputs.

use coffer_domain::{
    money::Units,
    ports::{Block, Chain, Pending},
    transfer::{Address, ChainTransfer, ChainUnits, TransferReference},
};
use serde_json::json;

use crate::{
    bitcoin::{Daemon, Program},
    utxo_world::{chain, receiver},
    worlds::{everything, only},
};

pub(crate) async fn newest(chain: &dyn Chain) -> Block {
    let height = chain.tip().await.unwrap().at.height;
    chain.block(height, &everything).await.unwrap().unwrap()
}

pub(crate) fn whole(units: u128) -> ChainUnits {
    ChainUnits::Units(Units::new(units))
}

pub(crate) fn references(transfers: &[ChainTransfer]) -> Vec<TransferReference> {
    transfers.iter().map(|transfer| transfer.reference.clone()).collect()
}

/// What was pending and is lost, after `act`.
async fn lost_after(
    chain: &dyn Chain,
    ours: &[Address],
    act: impl Future<Output = ()>,
) -> Vec<TransferReference> {
    let ours = ours.to_vec();
    let mine = move |account: &[u8]| ours.iter().any(|address| address.account == account);
    let before = chain.pending(&mine).await.unwrap().transfers;
    assert!(!before.is_empty());
    act.await;
    let now = references(&chain.pending(&mine).await.unwrap().transfers);
    let missing = references(&before).into_iter().filter(|it| !now.contains(it));
    let missing = missing.collect::<Vec<_>>();
    assert!(!missing.is_empty(), "the transaction still waits");
    let tip = chain.tip().await.unwrap();
    chain.lost(&missing, &tip.at).await.unwrap()
}

#[tokio::test]
async fn a_payment_replaced_by_another_is_lost_at_once_whoever_the_other_pays() {
    for program in [Program::Bitcoin, Program::Litecoin] {
        let daemon = Daemon::start(program, &[]).await;
        let chain = chain(program, &daemon);
        let (to, elsewhere) = (receiver(program, 0), daemon.address("bech32").await);
        // Lower to us, higher to us, to somebody else; each with a higher fee.
        for (first, second, second_to) in
            [(5_000, 4_000, &to.text), (4_000, 9_000, &to.text), (7_000, 7_000, &elsewhere)]
        {
            let (input, change) = (daemon.unspent().await, daemon.address("bech32").await);
            let rest = input.sats - 10_000;
            let paid = daemon.spend(&input, &[(&to.text, first), (&change, rest - first)]).await;
            let replace = async {
                let outputs = [(second_to.as_str(), second), (&change, rest - second - 20_000)];
                daemon.spend(&input, &outputs).await;
            };
            let lost = lost_after(&chain, std::slice::from_ref(&to), replace).await;
            assert_eq!(lost.len(), 1);
            assert_eq!(
                (lost[0].transaction.as_str(), lost[0].position.as_str()),
                (paid.as_str(), "0")
            );
            let pending = chain.pending(&only([to.clone()])).await.unwrap().transfers;
            let units = pending.iter().map(|it| it.units.clone()).collect::<Vec<_>>();
            let expected = if *second_to == to.text { vec![whole(second.into())] } else { vec![] };
            assert_eq!(units, expected);
            daemon.mine(1).await;
        }
    }
}

#[tokio::test]
async fn a_payment_whose_conflict_is_mined_is_lost() {
    for program in [Program::Bitcoin, Program::Litecoin] {
        let daemon = Daemon::start(program, &[]).await;
        let chain = chain(program, &daemon);
        let to = receiver(program, 0);
        let (input, elsewhere) = (daemon.unspent().await, daemon.address("bech32").await);
        let other = daemon.signed(&input, &[(&elsewhere, input.sats - 10_000)]).await;
        daemon.spend(&input, &[(&to.text, input.sats - 10_000)]).await;
        let conflict = async {
            daemon.mine_only(&[other]).await;
        };
        assert_eq!(lost_after(&chain, &[to], conflict).await.len(), 1);
    }
}

#[tokio::test]
async fn a_payment_that_was_mined_or_only_dropped_is_not_lost() {
    for program in [Program::Bitcoin, Program::Litecoin] {
        let mut daemon = Daemon::start(program, &["-persistmempool=0"]).await;
        let chain = chain(program, &daemon);
        let to = receiver(program, 0);
        daemon.send(&to.text, 5_000).await;
        // Asked of the old tip, which has moved: nothing is known.
        let before = chain.tip().await.unwrap();
        let pending = references(&chain.pending(&only([to.clone()])).await.unwrap().transfers);
        daemon.mine(1).await;
        assert_eq!(chain.pending(&only([to.clone()])).await, Ok(Pending::default()));
        assert_eq!(chain.lost(&pending, &before.at).await, Ok(Vec::new()));

        let input = daemon.unspent().await;
        daemon.spend(&input, &[(&to.text, input.sats - 10_000)]).await;
        let forgotten = async {
            daemon.stop().await;
            daemon.start_again().await;
        };
        assert_eq!(lost_after(&chain, &[to], forgotten).await, []);
    }
}

#[tokio::test]
async fn three_hundred_outputs_of_one_transaction_are_all_found() {
    let daemon = Daemon::start(Program::Bitcoin, &[]).await;
    let chain = chain(Program::Bitcoin, &daemon);
    let receivers = (0..300).map(|index| receiver(Program::Bitcoin, index)).collect::<Vec<_>>();
    let outputs = receivers.iter().zip(1_000_u64..).map(|(to, sats)| (to.text.as_str(), sats));
    let outputs = outputs.collect::<Vec<_>>();
    let paid = daemon.spend(&daemon.unspent().await, &outputs).await;
    let ours = receivers.clone();
    let mine = move |account: &[u8]| ours.iter().any(|address| address.account == account);
    let pending = chain.pending(&mine).await.unwrap().transfers;
    daemon.mine(1).await;
    let found = newest(&chain).await.transfers;
    let found = found.into_iter().filter(|it| it.reference.transaction == paid).collect::<Vec<_>>();
    assert_eq!(found, pending);
    assert_eq!(found.len(), 300);
    for ((transfer, to), number) in found.iter().zip(&receivers).zip(0_u128..) {
        assert_eq!((&transfer.to, &transfer.units), (to, &whole(1_000 + number)));
        assert_eq!(transfer.reference.position, number.to_string());
    }
}

#[tokio::test]
async fn dust_counts_and_outputs_that_carry_data_or_nothing_do_not() {
    let daemon = Daemon::start(Program::Bitcoin, &[]).await;
    let chain = chain(Program::Bitcoin, &daemon);
    let (to, input) = (receiver(Program::Bitcoin, 0), daemon.unspent().await);
    let inputs = json!([{ "txid": input.txid, "vout": input.vout }]);
    let outputs = json!([{ "data": "00".repeat(30) }, { to.text.as_str(): "0.00000001" }]);
    let raw = daemon.rpc("createrawtransaction", json!([inputs, outputs])).await;
    let signed = daemon.rpc("signrawtransactionwithwallet", json!([raw])).await;
    daemon.rpc("sendrawtransaction", json!([signed["hex"], 0])).await;
    let pending = chain.pending(&everything).await.unwrap().transfers;
    daemon.mine(1).await;
    let found = newest(&chain).await.transfers;
    assert_eq!(found, pending);
    let [dust] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!((&dust.units, dust.reference.position.as_str()), (&whole(1), "1"));
}

#[tokio::test]
async fn what_a_miner_pays_himself_is_not_reported() {
    for program in [Program::Bitcoin, Program::Litecoin] {
        let daemon = Daemon::start(program, &[]).await;
        let chain = chain(program, &daemon);
        let to = receiver(program, 0);
        daemon.rpc("generatetoaddress", json!([1, to.text])).await;
        assert_eq!(newest(&chain).await.transfers, []);
    }
}

#[tokio::test]
async fn every_kind_of_address_is_paid_and_read() {
    for program in [Program::Bitcoin, Program::Litecoin] {
        let daemon = Daemon::start(program, &[]).await;
        let chain = chain(program, &daemon);
        let mut kinds = vec!["bech32", "legacy", "p2sh-segwit"];
        if program == Program::Bitcoin {
            kinds.push("bech32m");
        }
        for kind in kinds {
            let text = daemon.address(kind).await;
            let address = chain.parse_address(crate::utxo_world::network(), &text).unwrap();
            assert_eq!(address.text, text);
            let script = daemon.rpc("getaddressinfo", json!([text])).await["scriptPubKey"].clone();
            let hex = address.account.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
            assert_eq!(script, hex);
            daemon.send(&text, 7_000).await;
            daemon.mine(1).await;
            let found = newest(&chain).await.transfers;
            let found = found.iter().find(|it| it.to == address).expect("the payment is found");
            assert_eq!(found.units, whole(7_000));
        }
    }
}

/// What leaves Litecoin's extension blocks to an ordinary address arrives by the block's last
/// transaction.
#[tokio::test]
async fn what_leaves_extension_blocks_is_found_and_what_moves_inside_is_not() {
    let program = Program::Litecoin;
    let daemon = Daemon::start(program, &[]).await;
    let chain = chain(program, &daemon);
    daemon.mine(321).await;
    let inside = daemon.address("mweb").await;
    assert!(chain.parse_address(crate::utxo_world::network(), &inside).is_err());
    daemon.send(&inside, 700_000_000).await;
    chain.pending(&everything).await.unwrap();
    daemon.mine(1).await;
    newest(&chain).await;
    // The only coins that may pay this are those inside.
    let to = receiver(program, 0);
    let height = daemon.rpc("getblockcount", json!([])).await;
    daemon.send(&daemon.address("mweb").await, 100_000_000).await;
    daemon.mine(1).await;
    newest(&chain).await;
    let unspent = daemon.rpc("listunspent", json!([0])).await;
    let unspent = unspent.as_array().unwrap().iter().filter(|it| it.get("vout").is_some());
    let ordinary = unspent.map(|it| json!({ "txid": it["txid"], "vout": it["vout"] }));
    daemon.rpc("lockunspent", json!([false, ordinary.collect::<Vec<_>>()])).await;
    let sent = daemon.send(&to.text, 200_000_000).await;
    let mine = only([to.clone()]);
    let pending = chain.pending(&mine).await.unwrap().transfers;
    daemon.mine(1).await;
    let tip = chain.tip().await.unwrap();
    assert_eq!(Some(tip.at.height), height.as_u64().map(|height| height + 2));
    let block = chain.block(tip.at.height, &mine).await.unwrap().unwrap();
    let [arrived] = block.transfers.as_slice() else { panic!("{block:?}") };
    assert_eq!((&arrived.to, &arrived.units), (&to, &whole(200_000_000)));
    assert_ne!(arrived.reference.transaction, sent, "HogEx pays");
    assert_eq!(pending, [], "it was on its way inside");
}

#[tokio::test]
async fn a_node_with_block_filters_finds_the_blocks_that_pay_us() {
    let daemon = Daemon::start(Program::Bitcoin, &["-blockfilterindex=1"]).await;
    let chain = chain(Program::Bitcoin, &daemon);
    let to = receiver(Program::Bitcoin, 0);
    let from = chain.tip().await.unwrap().at.height + 1;
    daemon.send(&to.text, 5_000).await;
    daemon.mine(3).await;
    daemon.send(&to.text, 6_000).await;
    daemon.mine(2).await;
    let scripts = [to.account.clone(), receiver(Program::Bitcoin, 1).account];
    let top = chain.tip().await.unwrap().at.height;
    // The index is written a moment after the blocks; until then it cannot be told.
    let found = loop {
        if let Some(found) = chain.blocks_with(1, top, &scripts).await.unwrap() {
            break found;
        }
    };
    assert_eq!(found, [from, from + 3]);
    let none = chain.blocks_with(1, top, &[receiver(Program::Bitcoin, 2).account]).await;
    assert_eq!(none.unwrap(), Some(vec![]));
}

#[tokio::test]
async fn a_node_with_block_filters_that_is_asked_for_nothing_proves_nothing() {
    let daemon = Daemon::start(Program::Bitcoin, &["-blockfilterindex=1"]).await;
    let chain = chain(Program::Bitcoin, &daemon);
    let to = [receiver(Program::Bitcoin, 0).account];
    while chain.blocks_with(1, 110, &to).await.unwrap().is_none() {}
    assert_eq!(chain.blocks_with(1, 110, &[]).await.unwrap(), None);
}

#[tokio::test]
async fn a_node_without_block_filters_says_that_it_cannot_tell() {
    for program in [Program::Bitcoin, Program::Litecoin] {
        let daemon = Daemon::start(program, &[]).await;
        let chain = chain(program, &daemon);
        let scripts = [receiver(program, 0).account];
        assert_eq!(chain.blocks_with(1, 100, &scripts).await.unwrap(), None);
    }
}
