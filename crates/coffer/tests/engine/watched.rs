//! Addresses are learned from whichever process issued them, before a block is believed.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicI64, Ordering},
};

use async_trait::async_trait;
use coffer::simulate::ports::HandClock;
use coffer_domain::{
    code::NetworkName,
    inner_transfers::InnerTransfers,
    money::{AssetId, Units},
    ports::{
        Block, Chain, ChainError, ChainProbe, KeyRefused, Pending, SandboxLedger, SandboxTransfer,
        Tip, Watched,
    },
    time::{Span, Timestamp},
    transfer::{Address, BlockRef, ChainTransfer, ChainUnits, TransferReference},
};
use coffer_engine::{engine::Engine, follow::Progress, payment_request::Once};
use coffer_store::tx::Tx;
use serde_json::json;

use crate::{
    house::{BTC, House, PRICE},
    on_both,
};

/// A chain that does something else while it is asked for a block.
pub struct Meddling {
    inner: Arc<dyn Chain>,
    name: &'static str,
    done: AtomicBool,
    how: How,
}

#[expect(clippy::large_enum_variant, reason = "one of each in a whole test")]
pub enum How {
    /// Another process issues an address, whose payment is in the block that is asked for.
    IssueAndPay { other: Engine, caller: Arc<coffer_engine::api_key::Caller>, new: Fields },
    /// Amounts are beyond anything that can be booked.
    Beyond,
    /// What is in blocks is still listed as pending.
    LaggingPool,
    /// All that is pending was told at that time last, in milliseconds; 0: just now.
    OldPool(Arc<AtomicI64>),
    /// What is sent may be told later.
    LatePool,
    /// How coin is found that contracts move.
    Found(InnerTransfers),
    /// How many blocks are asked for.
    Counted(Arc<AtomicI64>),
    /// While that is so, nothing is told of what is pending; what is sent may be told later.
    Unseen(Arc<AtomicBool>),
    /// What is pending is told now and then.
    ForgetfulPool(Arc<AtomicBool>),
    /// Another server takes over, once that is wanted: this one is as if stopped for a while.
    TakenOver { by: Engine, clock: Arc<HandClock>, wanted: Arc<AtomicBool> },
    /// The tip is told to be far higher than it is.
    HighTip,
    /// What is paid to us is not told.
    Hiding,
    /// While that is so, what is in blocks waits for one.
    Waiting(Arc<AtomicBool>),
    /// The chain goes on by more than is remembered, and another process reads it.
    GoesOn { by: Engine },
    /// What is pending is told no more, and another transaction has taken its place.
    Replaced(Arc<AtomicBool>),
    /// Nothing is told of what is pending.
    BlocksAlone,
    /// One endpoint is believed for so much, and a second one has blocks up to that height.
    Capped { above: u128, second: Arc<AtomicI64> },
    /// One endpoint is believed for nothing and calls its tip final; a second one names what it is
    /// asked for, which is noted.
    Finalizing(Arc<AtomicI64>),
    /// Nothing is told of what is above that height.
    Unsettled(Arc<AtomicI64>),
    /// After so many questions, another endpoint answers for the block of that height, which is on
    /// another branch.
    Replacing { at: BlockRef, after: AtomicI64 },
    /// Nothing.
    Honest,
}

type Fields = std::sync::Mutex<Option<coffer_domain::payment_request::NewPaymentRequest>>;

impl Meddling {
    pub fn before(inner: Arc<dyn Chain>, how: How) -> Arc<dyn Chain> {
        Self::named("sandbox", inner, how)
    }

    /// As if it were the chain of a real network, of which less can be believed.
    pub fn named(name: &'static str, inner: Arc<dyn Chain>, how: How) -> Arc<dyn Chain> {
        Arc::new(Self { inner, name, done: AtomicBool::new(false), how })
    }

    /// Pays the new address in a block that takes the place of the tip.
    async fn meddle(&self) {
        if let How::TakenOver { by, clock, wanted } = &self.how
            && wanted.swap(false, Ordering::SeqCst)
        {
            for _ in 0..7 {
                clock.pass(Span::from_seconds(1));
                by.tend_leases().await.unwrap();
            }
        }
        if let How::GoesOn { by } = &self.how
            && !self.done.swap(true, Ordering::SeqCst)
        {
            let (ledger, chain): (&dyn SandboxLedger, _) =
                (by.store(), by.chains().next().unwrap());
            for _ in 0..26 {
                ledger.mine(10, by.now()).await.unwrap();
                while by.follow_once(chain).await.unwrap() != Progress::AtTip {}
            }
        }
        let How::IssueAndPay { other, caller, new } = &self.how else { return };
        if self.done.swap(true, Ordering::SeqCst) {
            return;
        }
        let fields = new.lock().unwrap().take().unwrap();
        let answer = other.create_request(caller, fields, Once::default()).await.unwrap();
        let answer: serde_json::Value = serde_json::from_slice(&answer).unwrap();
        let id = answer["data"]["id"].as_str().unwrap().parse().unwrap();
        let stored = other.store().read(async move |tx: &mut Tx<'_>| tx.request(id).await).await;
        let quote = stored.unwrap().unwrap().request.current_quote().unwrap().clone();
        let ledger: &dyn SandboxLedger = other.store();
        ledger.unwind(1).await.unwrap();
        let transfer = SandboxTransfer {
            transaction: "7".repeat(64),
            output: 0,
            asset: quote.asset,
            to: quote.address,
            units: quote.expected,
            block: None,
        };
        ledger.send(transfer).await.unwrap();
        ledger.mine(1, other.now()).await.unwrap();
    }

    fn waits(&self) -> bool {
        matches!(&self.how, How::Waiting(waits) if waits.load(Ordering::SeqCst))
    }

    fn changed(&self, mut transfer: ChainTransfer) -> ChainTransfer {
        if matches!(self.how, How::Beyond) {
            transfer.units = ChainUnits::Beyond(u128::MAX.to_string() + "0");
        }
        transfer
    }
}

#[async_trait]
impl Chain for Meddling {
    fn name(&self) -> NetworkName {
        self.name.parse().unwrap()
    }

    async fn probe(&self) -> Result<ChainProbe, ChainError> {
        self.inner.probe().await
    }

    async fn tip(&self) -> Result<Tip, ChainError> {
        let mut tip = self.inner.tip().await?;
        if matches!(self.how, How::HighTip) {
            tip.at.height += 1_000;
        }
        if matches!(self.how, How::Finalizing(_)) {
            tip.final_height = Some(tip.at.height);
        }
        Ok(tip)
    }

    async fn block(&self, height: u64, watched: &Watched<'_>) -> Result<Option<Block>, ChainError> {
        self.meddle().await;
        if let How::Unsettled(settled) = &self.how
            && i64::try_from(height).unwrap() > settled.load(Ordering::SeqCst)
        {
            return Ok(None);
        }
        if let How::Counted(asked) = &self.how {
            asked.fetch_add(1, Ordering::SeqCst);
        }
        let mut block = self.inner.block(height, watched).await?;
        if let How::Replacing { at, after } = &self.how
            && at.height == height
            && after.fetch_sub(1, Ordering::SeqCst) <= 0
            && let Some(block) = &mut block
        {
            block.at = at.clone();
            block.transfers.clear();
        }
        Ok(block.map(|mut block| {
            let mut transfers = std::mem::take(&mut block.transfers);
            transfers.retain(|_| !matches!(self.how, How::Hiding) && !self.waits());
            block.transfers = transfers.into_iter().map(|one| self.changed(one)).collect();
            block
        }))
    }

    async fn pending(&self, watched: &Watched<'_>) -> Result<Pending, ChainError> {
        let mut pending = self.inner.pending(watched).await?;
        match &self.how {
            How::ForgetfulPool(forgets) | How::Replaced(forgets)
                if forgets.load(Ordering::SeqCst) =>
            {
                return Ok(Pending::default());
            }
            How::Unseen(unseen) if !unseen.load(Ordering::SeqCst) => {}
            How::BlocksAlone | How::Unseen(_) => {
                return Err(ChainError::PendingUnseen { network: self.name() });
            }
            _ => {}
        }
        if matches!(self.how, How::LaggingPool) || self.waits() {
            let tip = self.inner.tip().await?.at.height;
            for height in 0..=tip {
                let block = self.inner.block(height, watched).await?;
                pending.transfers.extend(block.into_iter().flat_map(|block| block.transfers));
            }
        }
        if let How::OldPool(since) = &self.how {
            let millis = since.load(Ordering::SeqCst);
            pending.through = (millis > 0).then(|| Timestamp::from_millis(millis));
        }
        let transfers = std::mem::take(&mut pending.transfers);
        pending.transfers = transfers.into_iter().map(|one| self.changed(one)).collect();
        Ok(pending)
    }

    async fn inner_transfers(
        &self,
        so_far: Option<InnerTransfers>,
    ) -> Result<Option<InnerTransfers>, ChainError> {
        match &self.how {
            How::Found(how) => Ok(Some(*how)),
            _ => self.inner.inner_transfers(so_far).await,
        }
    }

    fn tells_at_once(&self) -> bool {
        let late = matches!(self.how, How::LatePool | How::Unseen(_) | How::Capped { .. });
        !late && self.inner.tells_at_once()
    }

    async fn lost(
        &self,
        missing: &[TransferReference],
        _tip: &BlockRef,
    ) -> Result<Vec<TransferReference>, ChainError> {
        let replaced = matches!(self.how, How::Replaced(_));
        Ok(if replaced { missing.to_vec() } else { Vec::new() })
    }

    fn one_suffices(&self, _asset: AssetId, units: Units) -> bool {
        match &self.how {
            How::Capped { above, .. } => units.get() <= *above,
            How::Finalizing(_) => false,
            _ => true,
        }
    }

    async fn named_by_two(&self, block: &BlockRef) -> Result<(), ChainError> {
        if let How::Finalizing(asked) = &self.how {
            let height = i64::try_from(block.height).unwrap();
            assert_ne!(asked.swap(height, Ordering::SeqCst), height, "it was answered");
        }
        let How::Capped { second, .. } = &self.how else { return Ok(()) };
        if i64::try_from(block.height).unwrap() <= second.load(Ordering::SeqCst) {
            return Ok(());
        }
        let reason = format!("block {}", block.height);
        Err(ChainError::Unconfirmed { network: self.name(), reason })
    }

    fn derive(&self, network: NetworkName, key: &str, index: u32) -> Result<Address, KeyRefused> {
        self.inner.derive(network, key, index)
    }

    fn parse_address(&self, network: NetworkName, text: &str) -> Result<Address, KeyRefused> {
        self.inner.parse_address(network, text)
    }

    fn payment_link(&self, asset: AssetId, address: &str, units: Units) -> Option<String> {
        self.inner.payment_link(asset, address, units)
    }
}

pub async fn to_the_tip(house: &House, chain: &Arc<dyn Chain>) {
    while house.engine().follow_once(chain).await.unwrap() != Progress::AtTip {}
}

/// The sandbox's key once more, for the live environment.
const LIVE_WALLET: &str = "INSERT INTO wallet (id, environment, family, public_key, next_number, \
    created_at) SELECT '00000000-0000-7000-8000-000000000000', 'live', family, public_key, 1, \
    created_at FROM wallet";
/// An address of the sandbox once more, shown to another request.
const LIVE_ADDRESS: &str = "INSERT INTO address (wallet_id, number, network, text, account, \
    request_id, created_at) SELECT '00000000-0000-7000-8000-000000000000', 0, network, text, \
    account, '00000000-0000-7000-8000-000000000001', created_at FROM address";

/// Runs a statement on what is stored.
pub async fn change(house: &House, sql: &'static str) {
    let write = async move |tx: &mut Tx<'_>| tx.exec(sql, &[]).await;
    house.engine().store().write(write).await.unwrap();
}

on_both! {
    async fn an_address_of_another_process_is_known_before_its_block_is_read(house: House) {
        let other = house.world.another_engine(house.engine().store());
        let new = house.fields(&json!({
            "payment_currency": {"iso": "BTC", "network_name": "bitcoin"},
        }));
        let answer = other.create_request(&house.caller, new, Once::default()).await.unwrap();
        let answer: serde_json::Value = serde_json::from_slice(&answer).unwrap();
        assert_eq!(answer["data"]["status"], "processing", "{answer}");
        house.follow().await;
        assert_eq!(house.engine().addresses_watched(), 1);
    }

    async fn an_address_issued_while_a_block_is_fetched_is_matched_in_it(house: House) {
        house.mine(1).await;
        let other = house.world.another_engine(house.engine().store());
        let new = house.fields(&json!({
            "payment_currency": {"iso": "BTC", "network_name": "bitcoin"},
        }));
        let how = How::IssueAndPay {
            other,
            caller: house.caller.clone(),
            new: Fields::new(Some(new)),
        };
        let chain = Meddling::before(house.world.chain(), how);
        to_the_tip(house, &chain).await;
        let seen = "SELECT COUNT(*) FROM transfer WHERE position = 'block'";
        assert_eq!(house.count(seen).await, 1);
    }

    async fn an_amount_beyond_128_bits_is_parked_once_with_its_text(house: House) {
        let made = house.chosen(BTC).await;
        let chain = Meddling::before(house.world.chain(), How::Beyond);
        house.pay(&made, PRICE).await;
        to_the_tip(house, &chain).await;
        assert_eq!(house.cases(&made).await, [], "what is not in a block is nothing yet");
        house.mine(1).await;
        to_the_tip(house, &chain).await;
        house.world.ledger().unwind(1).await.unwrap();
        house.mine(2).await;
        to_the_tip(house, &chain).await;
        let raw = u128::MAX.to_string() + "0";
        assert_eq!(house.cases(&made).await, [("beyond".to_owned(), raw)]);
        assert_eq!(house.status(&made).await, "processing");
    }

    async fn a_pool_that_lags_takes_nothing_out_of_its_block(house: House) {
        let made = house.chosen(BTC).await;
        let chain = Meddling::before(house.world.chain(), How::LaggingPool);
        house.pay(&made, PRICE).await;
        for _ in 0..3 {
            house.mine(1).await;
            for _ in 0..2 {
                to_the_tip(house, &chain).await;
            }
        }
        house.follow().await;
        assert_eq!(house.told(&made).await, ["rate_fixed", "transaction", "paid"]);
        assert_eq!(house.cases(&made).await, []);
    }

    async fn a_tip_that_is_only_said_to_be_high_makes_no_payment_deeper(house: House) {
        let chain = Meddling::before(house.world.chain(), How::HighTip);
        let made = house.chosen(BTC).await;
        house.pay(&made, PRICE).await;
        house.mine(1).await;
        house.follow().await;
        for passed in [0, 1, 5] {
            house.pass(crate::house::minutes(passed));
            let progress = house.engine().follow_once(&chain).await.unwrap();
            assert_eq!(progress, Progress::Unsettled);
            house.engine().end_windows().await.unwrap();
            assert_eq!(house.status(&made).await, "processing");
        }
        assert_eq!(house.told(&made).await, ["rate_fixed", "transaction"]);
        house.mine(1).await;
        house.follow().await;
        assert_eq!(house.status(&made).await, "paid");
    }

    async fn what_is_a_minute_old_is_read_below_blocks_that_are_not_settled(house: House) {
        let settled = Arc::new(AtomicI64::new(0));
        let chain = Meddling::before(house.world.chain(), How::Unsettled(Arc::clone(&settled)));
        let look = async || house.engine().follow_once(&chain).await.unwrap();
        let height = async || house.count("SELECT height FROM chain_cursor").await;
        to_the_tip(house, &chain).await;
        let (made, unpaid) = (house.chosen(BTC).await, house.chosen(BTC).await);
        to_the_tip(house, &chain).await;
        house.pay(&made, PRICE).await;
        house.mine(3).await;
        settled.store(2, Ordering::SeqCst);
        house.pass(Span::from_seconds(59));
        assert_eq!((look().await, height().await), (Progress::Unsettled, 0));
        house.pass(Span::from_seconds(1));
        let before = house.count("SELECT watermark FROM chain_cursor").await;
        assert_eq!((look().await, height().await), (Progress::More, 2));
        assert_eq!((look().await, height().await), (Progress::Unsettled, 2));
        // No window closes by it that was open at the last look at the tip.
        assert_eq!(house.count("SELECT watermark FROM chain_cursor").await, before);
        let behind = "SELECT COUNT(*) FROM chain_cursor WHERE behind_since IS NOT NULL";
        assert_eq!(house.count(behind).await, 1);
        house.engine().end_windows().await.unwrap();
        assert_eq!(house.status(&made).await, "paid");
        house.pass(crate::house::minutes(65));
        house.mine(1).await;
        look().await;
        house.engine().end_windows().await.unwrap();
        assert_eq!(house.status(&unpaid).await, "processing");
        // A reorganisation is taken in as a whole.
        house.reorganise(3, &[]).await;
        settled.store(4, Ordering::SeqCst);
        house.pass(crate::house::minutes(5));
        assert_eq!((look().await, height().await), (Progress::Unsettled, 2));
        settled.store(i64::MAX, Ordering::SeqCst);
        to_the_tip(house, &chain).await;
        house.engine().end_windows().await.unwrap();
        assert_eq!(house.count(behind).await, 0);
        assert_eq!(house.status(&unpaid).await, "expired");
        assert_eq!(house.status(&made).await, "paid");
    }

    async fn a_window_closes_once_all_that_was_sent_in_it_was_told(house: House) {
        let told_at = Arc::new(AtomicI64::new(0));
        let chain = Meddling::before(house.world.chain(), How::OldPool(Arc::clone(&told_at)));
        let made = house.chosen(BTC).await;
        house.pass(crate::house::minutes(59));
        to_the_tip(house, &chain).await;
        told_at.store(house.engine().now().millis(), Ordering::SeqCst);
        house.pass(crate::house::minutes(1));
        to_the_tip(house, &chain).await;
        house.engine().end_windows().await.unwrap();
        assert_eq!(house.status(&made).await, "processing", "what was sent last may be missing");
        let behind = "SELECT COUNT(*) FROM chain_cursor WHERE behind_since IS NOT NULL";
        assert_eq!(house.count(behind).await, 0);
        told_at.store(0, Ordering::SeqCst);
        to_the_tip(house, &chain).await;
        house.engine().end_windows().await.unwrap();
        assert_eq!(house.status(&made).await, "expired");
    }

    async fn what_may_have_been_sent_in_its_window_is_not_late(house: House) {
        let chain = Meddling::before(house.world.chain(), How::LatePool);
        let look = async || {
            to_the_tip(house, &chain).await;
            while house.engine().end_windows().await.unwrap() {}
        };
        // When the look before was, in seconds before the end of the window, and the next after it.
        for (last, next, in_a_block, status) in [
            (10, 10, false, "paid"),
            (10, 10, true, "paid"),
            (55, 10, false, "paid"),
            (55, 600, false, "paid"),
            (55, 601, false, "expired"),
            (-1, 10, false, "expired"),
            (-1, 10, true, "expired"),
        ] {
            let made = house.chosen(BTC).await;
            house.pass(Span::from_seconds(3_600 - last));
            look().await;
            house.pass(Span::from_seconds(last + next));
            house.pay(&made, PRICE).await;
            house.mine(u32::from(in_a_block)).await;
            look().await;
            house.mine(2).await;
            look().await;
            assert_eq!(house.status(&made).await, status, "{last} s, {next} s, {in_a_block}");
        }
    }

    async fn what_is_still_pending_when_a_view_returns_counts_from_before(house: House) {
        let unseen = Arc::new(AtomicBool::new(false));
        let chain = Meddling::before(house.world.chain(), How::Unseen(Arc::clone(&unseen)));
        let look = async || {
            to_the_tip(house, &chain).await;
            while house.engine().end_windows().await.unwrap() {}
        };
        let made = house.chosen(BTC).await;
        look().await;
        unseen.store(true, Ordering::SeqCst);
        house.pass(crate::house::minutes(55));
        house.mine(1).await;
        look().await;
        house.pass(crate::house::minutes(4));
        house.pay(&made, PRICE).await;
        look().await;
        house.pass(crate::house::minutes(4));
        look().await;
        unseen.store(false, Ordering::SeqCst);
        look().await;
        house.mine(2).await;
        look().await;
        assert_eq!(house.status(&made).await, "paid");
    }

    async fn a_node_that_has_not_got_as_far_as_we_have_takes_nothing_back(house: House) {
        let chain = Meddling::named("ethereum", house.world.chain(), How::Honest);
        let made = house.chosen(BTC).await;
        house.pay(&made, PRICE).await;
        house.mine(10).await;
        to_the_tip(house, &chain).await;
        house.world.weather.set_lag(3);
        house.pass(crate::house::minutes(5));
        to_the_tip(house, &chain).await;
        let of = "SELECT height FROM chain_cursor WHERE chain = 'ethereum'";
        assert_eq!(house.count(of).await, 10);
        let behind = "SELECT COUNT(*) FROM chain_cursor WHERE behind_since IS NOT NULL";
        assert_eq!(house.count(behind).await, 1);
        let there = "SELECT COUNT(*) FROM transfer WHERE position = 'block'";
        assert_eq!(house.count(there).await, 1);
        house.world.weather.set_lag(0);
        to_the_tip(house, &chain).await;
        assert_eq!(house.count(behind).await, 0);
    }

    async fn a_node_below_all_that_is_remembered_is_behind_and_stops_nothing(house: House) {
        let chain = Meddling::named("ethereum", house.world.chain(), How::Honest);
        for _ in 0..26 {
            house.mine(10).await;
            to_the_tip(house, &chain).await;
        }
        house.world.weather.set_lag(230);
        to_the_tip(house, &chain).await;
        let behind = "SELECT COUNT(*) FROM chain_cursor WHERE behind_since IS NOT NULL";
        assert_eq!(house.count(behind).await, 1);
        house.world.weather.set_lag(0);
        to_the_tip(house, &chain).await;
        assert_eq!(house.count(behind).await, 0);
        let of = "SELECT height FROM chain_cursor WHERE chain = 'ethereum'";
        assert_eq!(house.count(of).await, 260);
    }

    async fn a_node_that_forgets_what_is_pending_for_a_while_changes_nothing(house: House) {
        let forgets = Arc::new(AtomicBool::new(false));
        let how = How::ForgetfulPool(Arc::clone(&forgets));
        let chain = Meddling::named("ethereum", house.world.chain(), how);
        let made = house.chosen(BTC).await;
        house.pay(&made, PRICE).await;
        to_the_tip(house, &chain).await;
        let pending = "SELECT COUNT(*) FROM transfer WHERE position = 'pending'";
        assert_eq!(house.count(pending).await, 1);
        for forgotten in [true, false, true] {
            forgets.store(forgotten, Ordering::SeqCst);
            to_the_tip(house, &chain).await;
            house.pass(crate::house::minutes(9));
            to_the_tip(house, &chain).await;
            assert_eq!(house.count(pending).await, 1);
        }
        house.pass(crate::house::minutes(1));
        to_the_tip(house, &chain).await;
        assert_eq!(house.count(pending).await, 0, "missed for ten minutes, it has gone");
    }

    async fn a_payment_is_missed_only_while_what_is_pending_is_shown(house: House) {
        let forgets = Arc::new(AtomicBool::new(false));
        let named = |how| Meddling::named("ethereum", house.world.chain(), how);
        let shown = named(How::ForgetfulPool(Arc::clone(&forgets)));
        let unshown = named(How::BlocksAlone);
        let made = house.chosen(BTC).await;
        house.pay(&made, PRICE).await;
        to_the_tip(house, &shown).await;
        forgets.store(true, Ordering::SeqCst);
        let pending = "SELECT COUNT(*) FROM transfer WHERE position = 'pending'";
        for (minutes, chain, count) in [
            (0, &unshown, 1),
            (20, &unshown, 1),
            (0, &shown, 1),
            (9, &shown, 1),
            (0, &unshown, 1),
            (30, &shown, 1),
            (1, &shown, 0),
        ] {
            house.pass(crate::house::minutes(minutes));
            to_the_tip(house, chain).await;
            assert_eq!(house.count(pending).await, count);
        }
    }

    async fn a_payment_whose_place_another_took_is_gone_at_once(house: House) {
        let replaced = Arc::new(AtomicBool::new(false));
        let how = How::Replaced(Arc::clone(&replaced));
        let chain = Meddling::named("ethereum", house.world.chain(), how);
        let made = house.chosen(BTC).await;
        house.pay(&made, PRICE).await;
        to_the_tip(house, &chain).await;
        let pending = "SELECT COUNT(*) FROM transfer WHERE position = 'pending'";
        let gone = "SELECT COUNT(*) FROM transfer WHERE position = 'gone'";
        // Whoever sends it again all the same is seen again.
        for taken in [false, true, false] {
            replaced.store(taken, Ordering::SeqCst);
            to_the_tip(house, &chain).await;
            let counted = (house.count(pending).await, house.count(gone).await);
            assert_eq!(counted, if taken { (0, 1) } else { (1, 0) });
        }
    }

    async fn the_windows_of_a_chain_read_by_its_blocks_alone_wait_for_blocks(house: House) {
        let chain = Meddling::before(house.world.chain(), How::BlocksAlone);
        let made = house.chosen(BTC).await;
        to_the_tip(house, &chain).await;
        house.pass(crate::house::minutes(65));
        to_the_tip(house, &chain).await;
        let behind = "SELECT COUNT(*) FROM chain_cursor WHERE behind_since IS NOT NULL";
        assert_eq!(house.count(behind).await, 0, "it is read to its tip");
        for (pass, status) in [(0, "processing"), (10, "expired")] {
            house.pass(crate::house::minutes(pass));
            house.mine(1).await;
            to_the_tip(house, &chain).await;
            house.engine().end_windows().await.unwrap();
            assert_eq!(house.status(&made).await, status, "{pass}");
        }
    }

    async fn a_chain_read_by_its_blocks_alone_is_not_called_blind_between_them(house: House) {
        let chain = Meddling::named("ethereum", house.world.chain(), How::BlocksAlone);
        for _ in 0..4 {
            house.pass(crate::house::minutes(10));
            house.mine(1).await;
            to_the_tip(house, &chain).await;
        }
        assert_eq!(house.count("SELECT COUNT(*) FROM blind_span").await, 0);
        assert_eq!(house.alarms().await, []);
    }

    async fn a_final_payment_in_no_block_any_more_stops_a_chain_read_by_blocks(house: House) {
        let chain = Meddling::before(house.world.chain(), How::BlocksAlone);
        let made = house.chosen(BTC).await;
        let transaction = house.pay(&made, PRICE).await;
        house.mine(3).await;
        to_the_tip(house, &chain).await;
        house.engine().end_windows().await.unwrap();
        assert_eq!(house.status(&made).await, "paid");
        house.reorganise(3, &[&transaction]).await;
        house.engine().follow_once(&chain).await.unwrap();
        assert_eq!(house.engine().follow_once(&chain).await.unwrap(), Progress::Stopped);
        assert_eq!(house.told(&made).await.last(), Some(&"reversal"));
        assert_eq!(house.cases(&made).await, [crate::house::case("reversed", PRICE)]);
    }

    async fn a_payment_in_no_block_for_a_day_is_gone_on_a_chain_read_by_blocks(house: House) {
        let chain = Meddling::before(house.world.chain(), How::BlocksAlone);
        let made = house.chosen(BTC).await;
        let transaction = house.pay(&made, PRICE).await;
        house.mine(1).await;
        to_the_tip(house, &chain).await;
        house.reorganise(1, &[&transaction]).await;
        let gone = "SELECT COUNT(*) FROM transfer WHERE position = 'gone'";
        for (pass, count) in [(0, 0), (60 * 23, 0), (60, 1)] {
            house.pass(crate::house::minutes(pass));
            house.mine(1).await;
            to_the_tip(house, &chain).await;
            assert_eq!(house.count(gone).await, count, "{pass}");
        }
    }

    async fn a_payment_first_seen_in_its_block_counts_from_before_it(house: House) {
        let chain = Meddling::before(house.world.chain(), How::BlocksAlone);
        let made = house.chosen(BTC).await;
        to_the_tip(house, &chain).await;
        house.pass(crate::house::minutes(58));
        house.pay(&made, PRICE).await;
        house.pass(crate::house::minutes(7));
        house.mine(1).await;
        to_the_tip(house, &chain).await;
        house.mine(1).await;
        to_the_tip(house, &chain).await;
        house.engine().end_windows().await.unwrap();
        assert_eq!(house.status(&made).await, "paid");
    }

    async fn a_payment_to_a_request_that_has_ended_is_still_seen(house: House) {
        let made = house.chosen(BTC).await;
        house.pass(crate::house::minutes(60 * 24 * 30));
        house.follow().await;
        assert_eq!(house.status(&made).await, "expired");
        house.pay(&made, PRICE).await;
        house.blocks(2).await;
        assert_eq!(house.cases(&made).await, [crate::house::case("late", PRICE)]);
    }

    async fn an_account_whose_row_is_another_credits_nobody(house: House) {
        let made = house.chosen(BTC).await;
        house.follow().await;
        assert!(house.engine().addresses_watched() == 1 && house.engine().watches_all());
        // As if only the fingerprints agreed.
        let other = "UPDATE address SET account = (SELECT fingerprint FROM payment_request)";
        change(house, other).await;
        house.pay(&made, PRICE).await;
        house.blocks(2).await;
        assert_eq!(house.count("SELECT COUNT(*) FROM transfer").await, 0);
        assert_eq!(house.status(&made).await, "processing");
    }

    async fn an_address_of_both_environments_belongs_to_the_one_that_was_paid(house: House) {
        let made = house.chosen(BTC).await;
        change(house, LIVE_WALLET).await;
        change(house, LIVE_ADDRESS).await;
        house.pay(&made, PRICE).await;
        house.blocks(2).await;
        assert_eq!(house.engine().addresses_watched(), 2);
        assert_eq!(house.status(&made).await, "paid");
    }

    async fn a_server_that_was_taken_over_from_while_it_read_moves_nothing(house: House) {
        let ethereum = |how| Meddling::named("ethereum", house.world.chain(), how);
        let honest = ethereum(How::Honest);
        let second = house.world.sharing_engine(vec![Arc::clone(&honest)]);
        let (clock, wanted) = (Arc::clone(&house.world.clock), Arc::new(AtomicBool::new(false)));
        let how = How::TakenOver { by: second.clone(), clock, wanted: Arc::clone(&wanted) };
        let chain = ethereum(how);
        let first = house.world.sharing_engine(vec![Arc::clone(&chain)]);
        first.tend_leases().await.unwrap();
        while first.follow_in_turn(&chain).await.unwrap() != Progress::AtTip {}
        second.tend_leases().await.unwrap();
        let made = house.chosen(BTC).await;
        house.pay(&made, PRICE).await;
        house.mine(1).await;
        let at = "SELECT height FROM chain_cursor WHERE chain = 'ethereum'";
        let before = house.count(at).await;
        assert_eq!(second.follow_in_turn(&honest).await.unwrap(), Progress::AtTip);
        assert_eq!(house.count(at).await, before, "the second stands by");
        wanted.store(true, Ordering::SeqCst);
        assert_eq!(first.follow_in_turn(&chain).await.unwrap(), Progress::More);
        assert_eq!(house.count(at).await, before, "the first has lost its lease");
        assert_eq!(house.count("SELECT COUNT(*) FROM transfer").await, 0);
        while second.follow_in_turn(&honest).await.unwrap() != Progress::AtTip {}
        assert_eq!(house.count(at).await, before + 1);
        assert_eq!(house.count("SELECT COUNT(*) FROM transfer").await, 1);
        house.mine(1).await;
        first.tend_leases().await.unwrap();
        assert_eq!(first.follow_in_turn(&chain).await.unwrap(), Progress::AtTip);
        assert_eq!(house.count(at).await, before + 1, "now the first stands by");
    }

    async fn a_server_that_ends_hands_over_at_once(house: House) {
        let ethereum = || Meddling::named("ethereum", house.world.chain(), How::Honest);
        let (one, other) = (ethereum(), ethereum());
        let first = house.world.sharing_engine(vec![Arc::clone(&one)]);
        let second = house.world.sharing_engine(vec![Arc::clone(&other)]);
        first.tend_leases().await.unwrap();
        while first.follow_in_turn(&one).await.unwrap() != Progress::AtTip {}
        second.tend_leases().await.unwrap();
        first.give_back_leases().await.unwrap();
        house.mine(1).await;
        let at = "SELECT height FROM chain_cursor WHERE chain = 'ethereum'";
        let before = house.count(at).await;
        second.tend_leases().await.unwrap();
        while second.follow_in_turn(&other).await.unwrap() != Progress::AtTip {}
        assert_eq!(house.count(at).await, before + 1);
        assert_eq!(house.count("SELECT COUNT(*) FROM server").await, 1);
    }
}
