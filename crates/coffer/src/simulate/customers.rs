//! What merchants and customers do: create, choose, change, cancel, and pay in every way there is.

use coffer_domain::{
    money::{AssetId, Units},
    payment_request::{NewPaymentRequest, Quote},
    ports::SandboxTransfer,
};
use coffer_engine::payment_request::{CreateRefused, DecideRefused, Once, ProceedRefused};
use coffer_wire::payment_request::{CreateContext, parse_create};
use serde_json::{Value, json};

use super::{
    Trouble,
    reference::Order,
    run::{Known, Run},
    truth::{Payment, Place, Story},
};

/// The coins that are paid in, with 1, 2, 6 and 19 confirmations.
const COINS: [(&str, &str); 4] =
    [("XRP", "ripple"), ("BTC", "bitcoin"), ("LTC", "litecoin"), ("USDT", "tron")];
/// Requests of one seed at most.
const ORDERS_MAX: usize = 6;
/// Quotes of one request at most; Coffer itself allows a few more.
const QUOTES_MAX: usize = 12;

impl Run {
    /// A merchant asks for an amount.
    pub(super) async fn create(&mut self) -> Result<(), Trouble> {
        if self.known.len() >= ORDERS_MAX {
            return Ok(());
        }
        let shop = usize::try_from(self.random.below(2)).unwrap_or(0);
        let fixed = self.random.percent(30);
        let mut body = json!({
            "amount": self.random.between(20, 500).to_string(),
            "currency": {"iso": if self.random.percent(50) { "USD" } else { "EUR" }},
            "life_time_duration": self.random.between(10, 240) * 60,
            "foreign_id": format!("order {}", self.known.len()),
            "end_user_email": format!("guest-{}@example.com", self.known.len()),
        });
        if let (true, Some((iso, network))) = (fixed, self.random.one_of(&COINS)) {
            body["payment_currency"] = json!({"iso": iso, "network_name": network});
        }
        let body = body.to_string();
        if fixed && self.cursor().await?.behind_since.is_some() {
            return self.refused_behind(shop, body.as_bytes()).await;
        }
        let answer = self.created(shop, body.as_bytes()).await?;
        let (id, token) = named(&answer)
            .ok_or_else(|| Trouble::Broken("an answer without id or link".to_owned()))?;
        let stored = self.stored(id).await?;
        let request = &stored.request;
        let order = Order {
            policy: request.policy.clone(),
            valid_until: request.valid_until,
            quotes: request.quotes.clone(),
            status: request.status(),
        };
        let right = if fixed { "processing" } else { "created" };
        self.must(order.status == right, || format!("a new request is {}", order.status))?;
        self.count(if fixed { "create fixed" } else { "create" });
        self.known.push(Known { id, token, shop, order, taken: 0 });
        Ok(())
    }

    /// Asks for a coin whose network is behind, which is refused.
    async fn refused_behind(&mut self, shop: usize, body: &[u8]) -> Result<(), Trouble> {
        let caller = self.caller(shop).await?;
        let new = self.parsed(body)?;
        let answer = self.world.engine.create_request(&caller, new, Once::default()).await;
        let unavailable =
            matches!(&answer, Err(CreateRefused::Engine(error)) if error.is_unavailable());
        self.must(unavailable, || format!("a coin was taken while behind: {answer:?}"))
    }

    /// Reads the body of a request.
    fn parsed(&self, body: &[u8]) -> Result<NewPaymentRequest, Trouble> {
        let context = CreateContext {
            catalogue: self.world.engine.catalogue(),
            now: self.now(),
            allow_loopback: false,
        };
        let parsed = parse_create(body, &context);
        parsed.map_err(|_| Trouble::Broken("a body was refused".to_owned()))
    }

    /// Creates until there is an answer; the merchant repeats himself after a fault.
    async fn created(&mut self, shop: usize, body: &[u8]) -> Result<Vec<u8>, Trouble> {
        for faulty in [true, false] {
            let caller = self.caller(shop).await?;
            let new = self.parsed(body)?;
            let before = self.outbox_before().await?;
            let armed = self.ready(faulty);
            let answer = self.world.engine.create_request(&caller, new, Once::default()).await;
            let tried = self.over(answer, armed).await?;
            self.leave_outbox_behind(&tried, before).await?;
            match tried.answer {
                Ok(answer) => return Ok(answer),
                Err(refused) if tried.struck.is_none() => {
                    return self.broken(&format!("a request was refused: {refused:?}"));
                }
                Err(_) => {}
            }
        }
        self.broken("a request was refused twice")
    }

    /// A customer proceeds with a coin, changes it, or asks for a new price.
    pub(super) async fn choose(&mut self) -> Result<(), Trouble> {
        let Some(place) = self.any_order() else { return Ok(()) };
        let Some(coin) = self.random.one_of(&COINS).copied() else { return Ok(()) };
        let Some(known) = self.known.get(place) else { return Ok(()) };
        let (id, token, quotes) = (known.id, known.token, known.order.quotes.len());
        let fixed = self.stored(id).await?.payment_currency.is_some();
        if fixed || quotes >= QUOTES_MAX {
            return Ok(());
        }
        let may = known.order.may_choose(&self.payments_to(&known.order), self.now());
        let behind = self.cursor().await?.behind_since.is_some();
        let before = self.outbox_before().await?;
        let armed = self.ready(true);
        let asset = asset(coin)?;
        let answer = self.world.engine.proceed(token, asset, None).await;
        let tried = self.over(answer, armed).await?;
        self.leave_outbox_behind(&tried, before).await?;
        let done = tried.answer.is_ok() || tried.is_committed();
        match (&tried.answer, tried.struck) {
            (Ok(()), _) => self.must(may && !behind, || "a coin was taken".to_owned())?,
            (Err(_), Some(_)) => {}
            (Err(ProceedRefused::Refused(_)), None) => {
                self.must(!may, || "a coin was refused as too late".to_owned())?;
            }
            (Err(ProceedRefused::Unavailable), None) => {
                self.must(may && behind, || "a coin was refused as not readable".to_owned())?;
            }
            (Err(other), None) => return self.broken(&format!("a coin was refused: {other:?}")),
        }
        let stored = self.stored(id).await?;
        let more = stored.request.quotes.len() - quotes;
        self.must(more == usize::from(done), || {
            format!("{more} quotes more: {:?}, {:?}", tried.answer, tried.struck)
        })?;
        if let Some(known) = self.known.get_mut(place).filter(|_| done) {
            known.order.quotes.clone_from(&stored.request.quotes);
            known.order.status = "processing";
            self.count(if quotes == 0 { "proceed" } else { "change of coin or price" });
        }
        Ok(())
    }

    /// A merchant withdraws a request.
    pub(super) async fn cancel(&mut self) -> Result<(), Trouble> {
        let Some(place) = self.any_order() else { return Ok(()) };
        let Some(known) = self.known.get(place) else { return Ok(()) };
        let (id, shop) = (known.id, known.shop);
        let may = known.order.is_open() && !known.order.is_seen(&self.payments_to(&known.order));
        let caller = self.caller(shop).await?;
        let before = self.outbox_before().await?;
        let armed = self.ready(true);
        let answer = self.world.engine.cancel(&caller, id, Once::default()).await;
        let tried = self.over(answer, armed).await?;
        self.leave_outbox_behind(&tried, before).await?;
        match (&tried.answer, tried.struck) {
            (Ok(_), _) => self.must(may, || "a request was cancelled".to_owned())?,
            (Err(_), Some(_)) => {}
            (Err(DecideRefused::Refused(_)), None) => {
                self.must(!may, || "a request could not be cancelled".to_owned())?;
            }
            (Err(other), None) => return self.broken(&format!("not cancelled: {other:?}")),
        }
        let done = tried.answer.is_ok() || (may && tried.is_committed());
        if let Some(known) = self.known.get_mut(place).filter(|_| done) {
            known.order.status = "cancelled";
            self.count("cancel");
        }
        Ok(())
    }

    /// A customer pays one of his quotes, in one of the many ways.
    pub(super) async fn pay(&mut self) -> Result<(), Trouble> {
        let Some(place) = self.payable_order() else { return Ok(()) };
        let Some(known) = self.known.get(place) else { return Ok(()) };
        let (quotes, open) = (known.order.quotes.clone(), known.order.is_open());
        // Mostly what is shown; sometimes an address of before.
        let shown = self.random.percent(80);
        let quote = if shown { quotes.last() } else { self.random.one_of(&quotes) };
        let Some(quote) = quote.cloned() else { return Ok(()) };
        let expected = quote.expected.get();
        let seen: u128 = {
            let sent = self.truth.payments.values();
            let own = sent.filter(|one| one.address == quote.address && one.asset == quote.asset);
            own.filter(|one| one.place != Place::Gone).map(|one| one.units).sum()
        };
        let rest = expected.saturating_sub(seen).max(1);
        let (way, units) = self.way_to_pay(&quote, rest);
        let late = if open { "" } else { " late" };
        self.count(format!("pay {way}{late}"));
        if way == "wrong token" {
            let other = COINS.iter().map(|coin| asset(*coin)).collect::<Result<Vec<_>, _>>()?;
            let others: Vec<_> = other.into_iter().filter(|one| *one != quote.asset).collect();
            let Some(other) = self.random.one_of(&others).copied() else { return Ok(()) };
            return self.send(&quote, other, units).await;
        }
        self.send(&quote, quote.asset, units).await?;
        if way == "two parts" { self.send(&quote, quote.asset, rest / 2).await } else { Ok(()) }
    }

    /// How a customer who owes `rest` pays, and how much.
    fn way_to_pay(&mut self, quote: &Quote, rest: u128) -> (&'static str, u128) {
        match self.random.below(10) {
            0..=3 => ("exact", rest),
            4 => ("short", rest / 10 * 4 + 1),
            5 => ("nearly", rest.saturating_sub(quote.tolerance.get()).max(1)),
            6 => ("over", rest + quote.expected.get() / 5 + 1),
            7 => ("two parts", rest / 2 + 1),
            8 => ("one unit", 1),
            _ => ("wrong token", 12_345),
        }
    }

    /// Puts a payment into the pool.
    pub(super) async fn send(
        &mut self,
        quote: &Quote,
        asset: AssetId,
        units: u128,
    ) -> Result<(), Trouble> {
        if units == 0 {
            return Ok(());
        }
        let transaction = format!("{:016x}{:048x}", self.seed, self.truth.payments.len() + 1);
        let transfer = SandboxTransfer {
            transaction: transaction.clone(),
            output: 0,
            asset,
            to: quote.address.clone(),
            units: Units::new(units),
            block: None,
        };
        self.world.ledger().send(transfer).await.map_err(Trouble::outside)?;
        let needed = match quote.needed {
            coffer_domain::payment_request::Needed::Confirmations(count) => u64::from(count),
            coffer_domain::payment_request::Needed::Safe
            | coffer_domain::payment_request::Needed::Finalized => u64::MAX,
        };
        let payment = Payment {
            asset,
            address: quote.address.clone(),
            units,
            place: Place::Pool,
            needed,
            story: Story::default(),
        };
        self.truth.payments.insert(transaction, payment);
        Ok(())
    }

    /// Mostly a request that waits for a payment, otherwise any.
    fn payable_order(&mut self) -> Option<usize> {
        let waits = |place: &usize| {
            self.known.get(*place).is_some_and(|known| known.order.status == "processing")
        };
        let waiting: Vec<usize> = (0..self.known.len()).filter(waits).collect();
        if self.random.percent(75)
            && let Some(place) = self.random.one_of(&waiting)
        {
            return Some(*place);
        }
        self.any_order()
    }

    /// One of the requests, the newest more often.
    fn any_order(&mut self) -> Option<usize> {
        let count = u64::try_from(self.known.len()).ok().filter(|count| *count > 0)?;
        let newest = self.random.percent(40);
        let place = if newest { count - 1 } else { self.random.below(count) };
        usize::try_from(place).ok()
    }
}

fn asset((iso, network): (&str, &str)) -> Result<AssetId, Trouble> {
    let iso = iso.parse().map_err(Trouble::outside)?;
    Ok(AssetId { iso, network: network.parse().map_err(Trouble::outside)? })
}

/// Id and payment token of an answer.
fn named(
    answer: &[u8],
) -> Option<(coffer_domain::id::PaymentRequestId, coffer_domain::id::PaymentToken)> {
    let answer: Value = serde_json::from_slice(answer).ok()?;
    let data = answer.get("data")?;
    let link = data.get("payment_link")?.as_str()?;
    Some((data.get("id")?.as_str()?.parse().ok()?, link.rsplit('/').next()?.parse().ok()?))
}
