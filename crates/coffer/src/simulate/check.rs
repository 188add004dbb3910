//! What must hold after every round of the workers, whatever has happened.

use std::collections::{BTreeMap, BTreeSet};

use coffer_domain::{
    payment_request::{Settled, Stage, TrackedTransfer},
    transfer::Position,
};
use coffer_store::{
    callback::{StoredCallback, kind_word},
    event::Event,
    payment_request::StoredRequest,
    tx::Tx,
    wrong_payment::Case,
};

use super::{
    Trouble,
    run::{Known, Run},
    truth::Payment,
};

/// Everything stored of a request.
pub(super) struct Rows {
    pub(super) stored: StoredRequest,
    pub(super) callbacks: Vec<StoredCallback>,
    pub(super) events: Vec<Event>,
    pub(super) cases: Vec<Case>,
}

impl Run {
    /// Holds what is stored against what truly happened.
    pub(super) async fn check(&mut self) -> Result<(), Trouble> {
        self.check_cursor().await?;
        let mut addresses = BTreeMap::new();
        for place in 0..self.known.len() {
            let Some(known) = self.known.get(place) else { continue };
            let rows = self.rows(known).await?;
            for quote in &rows.stored.request.quotes {
                let other = addresses.insert(quote.address.clone(), known.id);
                let own = other.is_none_or(|other| other == known.id);
                self.must(own, || format!("{} was shown to two requests", quote.address))?;
            }
            self.check_stage(known, &rows)?;
            self.check_transfers(known, &rows)?;
            self.check_outbox(known, &rows)?;
            self.check_cases(known, &rows)?;
        }
        self.check_books().await?;
        self.check_deliveries().await
    }

    /// The books are right after every round, and say of each request what its state says.
    async fn check_books(&self) -> Result<(), Trouble> {
        let report = self.world.engine.check_books().await.map_err(Trouble::outside)?;
        self.must(report.is_right(), || format!("the books are wrong: {:?}", report.findings))
    }

    /// Everything stored of a request.
    pub(super) async fn rows(&self, known: &Known) -> Result<Rows, Trouble> {
        let id = known.id;
        let rows = self.read(async move |tx: &mut Tx<'_>| {
            let Some(stored) = tx.request(id).await? else { return Ok(None) };
            let callbacks = tx.callbacks_of(id).await?;
            let (events, cases) = (tx.events_of(id).await?, tx.cases_of(id).await?);
            Ok(Some(Rows { stored, callbacks, events, cases }))
        });
        match rows.await? {
            Some(rows) => Ok(rows),
            None => self.broken(&format!("request {id} has gone")),
        }
    }

    /// The cursor is on the chain, or can be walked back to it; and it says no more than was seen.
    async fn check_cursor(&self) -> Result<(), Trouble> {
        let cursor = self.cursor().await?;
        let ahead = cursor.watermark > self.through;
        self.must(!ahead, || "the chain counts as read further than it was".to_owned())?;
        let name = cursor.chain;
        let remembered =
            self.read(async move |tx: &mut Tx<'_>| tx.remembered_blocks(name, 300).await);
        let remembered = remembered.await?;
        let newest = remembered.first().map(|(at, _)| at);
        self.must(newest == Some(&cursor.at), || "the cursor is not remembered".to_owned())?;
        let known = remembered
            .iter()
            .any(|(at, _)| self.truth.block(at.height).is_some_and(|(hash, _)| *hash == at.hash));
        self.must(known, || "no remembered block is on the chain".to_owned())
    }

    fn check_stage(&self, known: &Known, rows: &Rows) -> Result<(), Trouble> {
        let (is, right) = (rows.stored.request.status(), known.order.status);
        self.must(is == right, || format!("request {} is {is}, not {right}", known.id))?;
        let Stage::Paid { by, .. } = &rows.stored.request.stage else { return Ok(()) };
        let paid = rows.stored.request.paid_quote;
        let quote = known.order.quotes.iter().find(|quote| Some(quote.id) == paid);
        let Some(quote) = quote else { return self.broken("paid without a quote") };
        let payments = by.iter().filter_map(|by| self.truth.payments.get(&by.transaction));
        let total: u128 = payments
            .filter(|one| one.story.final_in.is_some() && one.asset == quote.asset)
            .map(|one| one.units)
            .sum();
        let enough = quote.expected.get() - quote.tolerance.get();
        self.must(total >= enough, || format!("paid with {total} of {enough}"))
    }

    /// The transfers of a request are what was shown of the chain, each once.
    fn check_transfers(&self, known: &Known, rows: &Rows) -> Result<(), Trouble> {
        let request = &rows.stored.request;
        let mut met = BTreeSet::new();
        for transfer in &request.transfers {
            let transaction = &transfer.reference.transaction;
            self.must(met.insert(transaction), || format!("{transaction} counts twice"))?;
            let Some(payment) = self.truth.payments.get(transaction) else {
                return self.broken(&format!("{transaction} was never sent"));
            };
            let same = agrees(transfer, payment);
            self.must(same, || {
                format!("of {} it is said {transfer:?}, and shown was {payment:?}", known.id)
            })?;
        }
        let seen = self.payments_to(&known.order).len();
        let unseen =
            self.payments_to(&known.order).into_iter().filter(|one| one.story.first.is_none());
        let (told, shown) = (request.transfers.len(), seen - unseen.count());
        self.must(told == shown, || format!("{} has {told} transfers of {shown}", known.id))
    }

    /// Every change of stage and every quote is in the outbox and among the events, once.
    fn check_outbox(&self, known: &Known, rows: &Rows) -> Result<(), Trouble> {
        let ordinals: Vec<u32> = rows.callbacks.iter().map(|callback| callback.ordinal).collect();
        let mut right = 1..;
        let gapless = ordinals.iter().all(|ordinal| Some(*ordinal) == right.next());
        self.must(gapless, || format!("callbacks of {} are numbered {ordinals:?}", known.id))?;
        let told: Vec<&str> = rows.callbacks.iter().map(|one| kind_word(one.kind)).collect();
        let changes = rows.events.iter().filter(|event| event.kind != "case_opened");
        let changes: Vec<&str> = changes.map(|event| event.kind.as_str()).collect();
        self.must(told == changes, || format!("told {told:?}, happened {changes:?}"))?;
        let fixed = told.iter().filter(|kind| **kind == "rate_fixed").count();
        let quotes = known.order.quotes.len();
        self.must(fixed == quotes, || format!("{quotes} quotes, told of {fixed}"))?;
        let ends: Vec<&str> = told.iter().copied().filter(|kind| ends(kind)).collect();
        let right: &[&str] = match (known.order.status, quotes) {
            ("created" | "processing", _) => &[],
            ("expired", 0) => &["expired_without_rate"],
            ("expired", _) => &["expired_with_rate"],
            ("paid", _) => &["paid"],
            ("failed", _) => &["failed"],
            _ => &["cancelled"],
        };
        self.must(ends == right, || format!("a {} request told {ends:?}", known.order.status))
    }

    /// No unit of money is in two cases, and none is forgotten.
    fn check_cases(&self, known: &Known, rows: &Rows) -> Result<(), Trouble> {
        let request = &rows.stored.request;
        let total = |kinds: &[&str]| -> u128 {
            let of = rows.cases.iter().filter(|case| kinds.contains(&case.kind.as_str()));
            of.filter_map(|case| case.units.parse::<u128>().ok()).sum()
        };
        let settled = |which: fn(Settled) -> bool| -> u128 {
            let of = request.transfers.iter().filter(|one| one.settled.is_some_and(which));
            of.map(|one| one.units.get()).sum()
        };
        let whole = ["late", "under", "wrong_token", "second_address"];
        let (cases, money) = (total(&whole), settled(|one| one != Settled::Payment));
        self.must(cases == money, || format!("{} has cases of {cases} for {money}", known.id))?;
        let over = total(&["over"]);
        self.must(over == request.over_opened.get(), || format!("{over} is too much"))?;
        let paid = settled(|one| one == Settled::Payment);
        let quote = known.order.quotes.iter().find(|quote| Some(quote.id) == request.paid_quote);
        let expected = quote.map_or(0, |quote| quote.expected.get());
        let right = over <= paid.saturating_sub(expected);
        self.must(right, || format!("{over} over, of {paid} for {expected}"))?;
        for transfer in &request.transfers {
            let payment = self.truth.payments.get(&transfer.reference.transaction);
            let (now, ever) = payment
                .map_or((false, 0), |payment| (payment.story.reversed, payment.story.reversals));
            let name = transfer.reference.to_string();
            let reversed = rows.cases.iter().filter(|case| case.kind == "reversed");
            let told = reversed.filter(|case| case.transfer.as_ref() == Some(&name)).count();
            let right = told == ever && transfer.reversal_told == now;
            self.must(right, || format!("told {told} reversals of {ever}: {transfer:?}"))?;
            let waits = request.stage == Stage::Processing || !transfer.is_final();
            let wrong = known.order.quotes.iter().all(|quote| quote.asset != transfer.asset);
            let open = transfer.settled.is_none() && !(waits && !(wrong && transfer.is_final()));
            self.must(!open, || format!("nothing became of {transfer:?}"))?;
        }
        Ok(())
    }

    /// What was sent is what is stored, and a merchant never hears of an older state after a newer.
    async fn check_deliveries(&mut self) -> Result<(), Trouble> {
        for (delivery, taken) in self.world.endpoints.sent() {
            self.count(if taken { "callback taken" } else { "callback not taken" });
            let Some(place) = self.known.iter().position(|known| known.id == delivery.request)
            else {
                return self.broken("a callback for nobody");
            };
            let Some(known) = self.known.get(place) else { continue };
            let rows = self.rows(known).await?;
            let Some(stored) = rows.callbacks.iter().find(|one| one.id == delivery.id) else {
                return self.broken("a callback was sent that is not in the outbox");
            };
            let body = self.body_of(stored).await?;
            self.must(body == delivery.body, || "other bytes were sent".to_owned())?;
            let newer = stored.ordinal >= known.taken;
            self.must(newer || self.forgetful, || "an older state after a newer".to_owned())?;
            if let Some(known) = self.known.get_mut(place).filter(|_| taken) {
                known.taken = known.taken.max(stored.ordinal);
            }
        }
        Ok(())
    }
}

fn ends(kind: &str) -> bool {
    !matches!(kind, "rate_fixed" | "transaction" | "late_payment" | "reversal")
}

/// Whether a stored transfer is what was shown of a payment.
fn agrees(transfer: &TrackedTransfer, payment: &Payment) -> bool {
    let story = &payment.story;
    let place = match &transfer.position {
        Position::Block { at, .. } => {
            story.live && story.block.is_some_and(|(height, _)| height == at.height)
        }
        Position::Pending => story.live && story.block.is_none(),
        Position::Gone => !story.live,
    };
    place
        && transfer.asset == payment.asset
        && transfer.address == payment.address
        && transfer.units.get() == payment.units
        && transfer.is_final() == story.is_final()
        && transfer.is_reversed() == story.reversed
        && Some(transfer.first_time) == story.first
        && Some(transfer.earliest_time) == story.earliest
}
