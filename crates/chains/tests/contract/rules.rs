//! What every adapter must do, whatever its chain.

use coffer_domain::{
    money::Units,
    ports::{Block, Pending},
    transfer::{Address, ChainTransfer, ChainUnits},
};

use crate::worlds::{World, all_blocks, everything, only};

/// The one transfer in these blocks, with the height of its block.
fn single(blocks: &[Block]) -> (u64, ChainTransfer) {
    let mut found = blocks.iter().flat_map(|block| {
        block.transfers.iter().map(|transfer| (block.at.height, transfer.clone()))
    });
    let first = found.next().expect("a transfer in some block");
    assert_eq!(found.next(), None, "one transfer only");
    first
}

fn transfers(blocks: &[Block]) -> Vec<ChainTransfer> {
    blocks.iter().flat_map(|block| block.transfers.clone()).collect()
}

fn address(world: &dyn World, index: u32) -> Address {
    world.chain().derive(world.asset().network, world.key(), index).unwrap()
}

pub(crate) async fn the_chain_can_be_probed_and_is_live(world: &mut dyn World) {
    let probe = world.chain().probe().await.unwrap();
    assert_eq!(probe.refused_assets, []);
    world.mine().await;
    assert!(world.chain().tip().await.unwrap().live);
}

pub(crate) async fn each_block_names_the_one_before(world: &mut dyn World) {
    for _ in 0..3 {
        world.mine().await;
    }
    let blocks = all_blocks(world, &everything).await;
    assert!(blocks.len() >= 4);
    for pair in blocks.windows(2) {
        assert_eq!(pair[1].parent, pair[0].at.hash);
        assert_eq!(pair[1].at.height, pair[0].at.height + 1);
        assert!(pair[1].time >= pair[0].time);
    }
    let tip = world.chain().tip().await.unwrap();
    let last = blocks.last().unwrap();
    assert_eq!((&tip.at, tip.time), (&last.at, last.time));
}

pub(crate) async fn a_height_beyond_the_tip_has_no_block(world: &mut dyn World) {
    world.mine().await;
    let tip = world.chain().tip().await.unwrap().at.height;
    assert_eq!(world.chain().block(tip + 1, &everything).await, Ok(None));
    assert_eq!(world.chain().block(u64::MAX, &everything).await, Ok(None));
    assert!(world.chain().block(tip, &everything).await.unwrap().is_some());
}

pub(crate) async fn a_payment_is_pending_and_then_in_one_block(world: &mut dyn World) {
    let to = address(world, 5);
    let mine = only([to.clone()]);
    assert_eq!(world.chain().pending(&mine).await, Ok(Pending::default()));
    let transaction = world.pay(&to, 1_500).await;
    let pending = world.chain().pending(&mine).await.unwrap().transfers;
    let [pending] = pending.as_slice() else { panic!("{pending:?}") };
    assert_eq!(pending.reference.transaction, transaction);
    assert_eq!(pending.to, to);
    assert_eq!(pending.asset, world.asset());
    assert_eq!(pending.units, ChainUnits::Units(Units::new(1_500)));
    assert_eq!(transfers(&all_blocks(world, &mine).await), []);
    world.mine().await;
    world.mine().await;
    assert_eq!(world.chain().pending(&mine).await, Ok(Pending::default()));
    let (_, mined) = single(&all_blocks(world, &mine).await);
    assert_eq!(mined, *pending);
}

pub(crate) async fn two_payments_of_one_block_are_told_apart(world: &mut dyn World) {
    let (one, other) = (address(world, 1), address(world, 2));
    world.pay(&one, 10).await;
    world.pay(&one, 20).await;
    world.pay(&other, 30).await;
    world.mine().await;
    let blocks = all_blocks(world, &only([one.clone(), other.clone()])).await;
    let last = blocks.last().unwrap();
    let found = last.transfers.iter().map(|it| (&it.to, it.units.clone())).collect::<Vec<_>>();
    let units = |units| ChainUnits::Units(Units::new(units));
    assert_eq!(found, [(&one, units(10)), (&one, units(20)), (&other, units(30))]);
    let mut references = transfers(&blocks).into_iter().map(|it| it.reference).collect::<Vec<_>>();
    references.sort();
    references.dedup();
    assert_eq!(references.len(), 3);
}

pub(crate) async fn addresses_that_are_not_watched_are_not_reported(world: &mut dyn World) {
    let (ours, theirs) = (address(world, 1), address(world, 2));
    world.pay(&theirs, 10).await;
    let mine = only([ours]);
    assert_eq!(world.chain().pending(&mine).await, Ok(Pending::default()));
    world.mine().await;
    assert_eq!(transfers(&all_blocks(world, &mine).await), []);
    assert_eq!(transfers(&all_blocks(world, &only([theirs])).await).len(), 1);
}

pub(crate) async fn a_payment_of_nothing_is_ignored(world: &mut dyn World) {
    let to = address(world, 1);
    let mine = only([to.clone()]);
    world.pay(&to, 0).await;
    assert_eq!(world.chain().pending(&mine).await, Ok(Pending::default()));
    world.mine().await;
    assert_eq!(transfers(&all_blocks(world, &mine).await), []);
}

pub(crate) async fn a_payment_that_a_reorg_removes_comes_back_with_the_same_reference(
    world: &mut dyn World,
) {
    let (to, other) = (address(world, 1), address(world, 2));
    let mine = only([to.clone()]);
    world.mine().await;
    let transaction = world.pay(&to, 77).await;
    world.mine().await;
    world.mine().await;
    let before = all_blocks(world, &mine).await;
    let (height, first) = single(&before);

    world.reorg(2).await;
    let without = all_blocks(world, &mine).await;
    assert_eq!(transfers(&without), []);
    let place = usize::try_from(height).unwrap();
    assert_eq!(without[..place], before[..place], "the blocks below stay");
    assert_ne!(without.get(place).map(|block| &block.at), Some(&before[place].at));

    // Another payment goes first, so that the old one has another place in its new block.
    world.pay_from_another(&other, 5).await;
    world.resend(&transaction).await;
    world.mine().await;
    let after = all_blocks(world, &mine).await;
    let (_, again) = single(&after);
    assert_eq!(again, first);
    let block = after.iter().find(|block| !block.transfers.is_empty()).unwrap();
    assert_ne!(block.at, before[place].at);
    assert!(after.windows(2).all(|pair| pair[1].parent == pair[0].at.hash));
}

pub(crate) async fn a_block_can_be_read_again(world: &mut dyn World) {
    let to = address(world, 1);
    world.pay(&to, 9).await;
    world.mine().await;
    let mine = only([to]);
    assert_eq!(all_blocks(world, &mine).await, all_blocks(world, &mine).await);
}

pub(crate) async fn addresses_are_derived_and_read_back(world: &mut dyn World) {
    let network = world.asset().network;
    let chain = world.chain();
    for index in 0..5 {
        let address = chain.derive(network, world.key(), index).unwrap();
        assert_eq!(chain.parse_address(network, &address.text), Ok(address.clone()));
        assert_eq!(chain.derive(network, world.key(), index), Ok(address.clone()));
        let cut = &address.text[..address.text.len() - 1];
        assert!(chain.parse_address(network, cut).is_err());
    }
    assert_ne!(chain.derive(network, world.key(), 0), chain.derive(network, world.key(), 1));
    assert!(chain.parse_address(network, "").is_err());
    assert!(chain.derive(network, "", 0).is_err());
}
