//! One merchant's Coffer, and what he, his customer and the chain do.

use std::sync::Arc;

use coffer::simulate::{
    database::Kind,
    world::{Shop, World},
};
use coffer_domain::{
    books::{Account, AccountKind},
    id::{PaymentRequestId, PaymentToken},
    money::{AssetId, Units},
    payment_request::{NewPaymentRequest, Policy, Quote},
    ports::SandboxTransfer,
    time::Span,
};
use coffer_engine::{
    api_key::Caller,
    engine::Engine,
    follow::Progress,
    payment_request::{CreateRefused, Once, ProceedRefused},
};
use coffer_store::{
    callback::{StoredCallback, kind_word},
    error::DbError,
    event::Event,
    payment_request::StoredRequest,
    tx::Tx,
    wrong_payment::Case,
};
use coffer_wire::payment_request::{CreateContext, parse_create};
use serde_json::{Value, json};

/// Bitcoin: final with two confirmations.
pub const BTC: (&str, &str) = ("BTC", "bitcoin");
/// Litecoin: final with six from 50 EUR on, below with two.
pub const LTC: (&str, &str) = ("LTC", "litecoin");
/// The half percent that may be missing of [`PRICE`].
pub const TOLERANCE: u128 = 1_000;
/// 100 USD at the fixed price of 50,000, in units of a hundred-millionth.
pub const PRICE: u128 = 200_000;

/// A Coffer with one merchant.
pub struct House {
    pub world: World,
    pub shop: Shop,
    pub caller: Arc<Caller>,
}

/// A request as its creator got it.
#[derive(Clone, Debug)]
pub struct Made {
    pub id: PaymentRequestId,
    pub token: PaymentToken,
    pub answer: Vec<u8>,
}

impl House {
    pub async fn on(kind: Kind) -> Self {
        Self::with(kind, Policy::DEFAULT).await
    }

    pub async fn with(kind: Kind, policy: Policy) -> Self {
        let world = World::new(kind, server().as_deref(), 7).await.unwrap();
        let shop = world.open_shop("shop", policy).await.unwrap();
        let caller = world.caller(&shop).await.unwrap();
        let house = Self { world, shop, caller };
        house.follow().await;
        house
    }

    pub fn engine(&self) -> &Engine {
        &self.world.engine
    }

    pub fn pass(&self, span: Span) {
        self.world.clock.pass(span);
    }

    /// The fields of a request for 100 USD and four hours, changed as told.
    pub fn fields(&self, changes: &Value) -> NewPaymentRequest {
        let mut body = json!({
            "amount": "100", "currency": {"iso": "USD"}, "life_time_duration": 14_400,
        });
        for (name, value) in changes.as_object().unwrap() {
            body[name] = value.clone();
        }
        let context = CreateContext {
            catalogue: self.engine().catalogue(),
            now: self.engine().now(),
            allow_loopback: false,
        };
        parse_create(body.to_string().as_bytes(), &context)
            .unwrap_or_else(|refused| panic!("{refused:?} in {body}"))
    }

    pub async fn try_create(&self, changes: Value) -> Result<Made, CreateRefused> {
        self.create_once(changes, Once::default()).await
    }

    pub async fn create_once(&self, changes: Value, once: Once<'_>) -> Result<Made, CreateRefused> {
        let new = self.fields(&changes);
        let answer = self.engine().create_request(&self.caller, new, once).await?;
        Ok(made(answer))
    }

    /// A request whose coin the customer chooses.
    pub async fn create(&self) -> Made {
        self.try_create(json!({})).await.unwrap()
    }

    /// A request in fixed mode.
    pub async fn fixed(&self, coin: (&str, &str)) -> Made {
        let coin = json!({"iso": coin.0, "network_name": coin.1});
        self.try_create(json!({"payment_currency": coin})).await.unwrap()
    }

    /// A request whose customer has chosen a coin.
    pub async fn chosen(&self, coin: (&str, &str)) -> Made {
        let made = self.create().await;
        self.choose(&made, coin).await.unwrap();
        made
    }

    pub async fn choose(&self, made: &Made, coin: (&str, &str)) -> Result<(), ProceedRefused> {
        self.engine().proceed(made.token, asset(coin), None).await
    }

    pub async fn stored(&self, made: &Made) -> StoredRequest {
        let id = made.id;
        self.read(async move |tx| tx.request(id).await).await.unwrap()
    }

    pub async fn status(&self, made: &Made) -> &'static str {
        self.stored(made).await.request.status()
    }

    /// The quote shown to the customer.
    pub async fn quote(&self, made: &Made) -> Quote {
        self.stored(made).await.request.current_quote().unwrap().clone()
    }

    pub async fn callbacks(&self, made: &Made) -> Vec<StoredCallback> {
        self.engine().callbacks_of(made.id).await.unwrap()
    }

    /// What the merchant was told of a request, in order.
    pub async fn told(&self, made: &Made) -> Vec<&'static str> {
        let callbacks = self.callbacks(made).await;
        let ordinals = callbacks.iter().map(|callback| callback.ordinal);
        assert!(ordinals.eq(1..=u32::try_from(callbacks.len()).unwrap()));
        callbacks.iter().map(|callback| kind_word(callback.kind)).collect()
    }

    pub async fn cases(&self, made: &Made) -> Vec<(String, String)> {
        let id = made.id;
        let cases: Vec<Case> = self.read(async move |tx| tx.cases_of(id).await).await;
        cases.into_iter().map(|case| (case.kind, case.units)).collect()
    }

    pub async fn events(&self, made: &Made) -> Vec<Event> {
        let id = made.id;
        self.read(async move |tx| tx.events_of(id).await).await
    }

    /// The alarms that stand, the newest first, and how often each was raised.
    pub async fn alarms(&self) -> Vec<(String, u32)> {
        let told = self.engine().alarms(false, 100).await.unwrap();
        told.into_iter().map(|told| (told.alarm.name, told.alarm.times)).collect()
    }

    pub async fn read<T: Send + 'static>(
        &self,
        body: impl AsyncFn(&mut Tx<'_>) -> Result<T, DbError> + Send + 'static,
    ) -> T {
        self.engine().store().read(body).await.unwrap()
    }

    /// One number that a statement answers with.
    pub async fn count(&self, sql: &'static str) -> i64 {
        self.read(async move |tx| tx.one(sql, &[], |row| row.int(0)).await).await.unwrap()
    }

    /// Reads the chain to its tip and ends what is over.
    pub async fn follow(&self) {
        follow(&self.world, self.engine()).await;
    }

    /// Pays so much of a request's own coin; the transaction.
    pub async fn pay(&self, made: &Made, units: u128) -> String {
        let quote = self.quote(made).await;
        self.send(quote.asset, &quote.address, units).await
    }

    pub async fn send(&self, asset: AssetId, to: &str, units: u128) -> String {
        let transaction = format!("{:064x}", self.count(SENT).await + 1);
        let transfer = SandboxTransfer {
            transaction: transaction.clone(),
            output: 0,
            asset,
            to: to.to_owned(),
            units: Units::new(units),
            block: None,
        };
        self.world.ledger().send(transfer).await.unwrap();
        transaction
    }

    pub async fn mine(&self, count: u32) {
        self.world.ledger().mine(count, self.engine().now()).await.unwrap();
    }

    /// Mines and reads.
    pub async fn blocks(&self, count: u32) {
        self.mine(count).await;
        self.follow().await;
    }

    /// Takes blocks off the chain and mines one more in their place.
    pub async fn reorganise(&self, depth: u32, dropped: &[&str]) {
        self.world.ledger().unwind(depth).await.unwrap();
        for transaction in dropped {
            self.world.ledger().replace(transaction).await.unwrap();
        }
        self.mine(depth + 1).await;
    }

    /// Sends every callback that is due, until none is.
    pub async fn deliver(&self) {
        while self.engine().deliver_callbacks().await.unwrap() > 0 {}
    }

    /// What an account of the merchant holds.
    pub async fn held(&self, kind: AccountKind, coin: (&str, &str)) -> String {
        let scope = self.caller.scope;
        let account = Account { scope, kind, asset: asset(coin) };
        let balance = self.read(async move |tx| tx.account(account).await).await;
        balance.unwrap_or_default().held(kind).to_string()
    }

    /// The books must be right, whatever a rule has done.
    pub async fn end(self) {
        let report = self.engine().check_books().await.unwrap();
        assert_eq!((report.findings, report.unopened), (Vec::new(), 0));
        self.world.remove().await.unwrap();
    }
}

const SENT: &str = "SELECT COUNT(*) FROM sandbox_transfer";

/// Reads the chain to its tip with that engine, and ends what is over.
pub async fn follow(world: &World, engine: &Engine) {
    let done = |progress| matches!(progress, Progress::AtTip | Progress::Stopped);
    while !done(engine.follow_once(&world.chain()).await.unwrap()) {}
    while engine.end_windows().await.unwrap() {}
}

pub fn asset((iso, network): (&str, &str)) -> AssetId {
    AssetId { iso: iso.parse().unwrap(), network: network.parse().unwrap() }
}

pub fn minutes(minutes: i64) -> Span {
    Span::from_minutes(minutes)
}

pub fn case(kind: &str, units: u128) -> (String, String) {
    (kind.to_owned(), units.to_string())
}

fn made(answer: Vec<u8>) -> Made {
    let parsed: Value = serde_json::from_slice(&answer).unwrap();
    let data = &parsed["data"];
    let link = data["payment_link"].as_str().unwrap();
    Made {
        id: data["id"].as_str().unwrap().parse().unwrap(),
        token: link.rsplit('/').next().unwrap().parse().unwrap(),
        answer,
    }
}

#[expect(clippy::disallowed_methods, reason = "tests are told of their server by the environment")]
pub fn server() -> Option<String> {
    std::env::var("COFFER_TEST_POSTGRES").ok()
}

/// Writes each rule as a test per database.
#[macro_export]
macro_rules! on_both {
    ($($(#[$about:meta])* async fn $rule:ident($house:ident: $kind:ty) $body:block)*) => {$(
        mod $rule {
            #[expect(clippy::allow_attributes, reason = "not every rule needs all of them")]
            #[allow(unused_imports, reason = "not every rule needs all of them")]
            use super::*;

            $(#[$about])*
            async fn rule($house: &$kind) $body

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_sqlite() {
                let kind = coffer::simulate::database::Kind::Sqlite;
                let house = $crate::house::House::on(kind).await;
                rule(&house).await;
                house.end().await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_postgres() {
                let kind = coffer::simulate::database::Kind::Postgres;
                let house = $crate::house::House::on(kind).await;
                rule(&house).await;
                house.end().await;
            }
        }
    )*};
}
