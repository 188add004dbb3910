//! A payment request as its merchant and its customer meet it.

use coffer_domain::time::Span;
use serde_json::{Value, json};

use super::House;

/// A request in fixed mode, valid for an hour.
pub struct Request<'a> {
    world: &'a House,
    pub id: String,
    /// Where the customer pays.
    pub address: String,
}

impl<'a> Request<'a> {
    /// For that amount of a currency, priced in a coin.
    pub async fn priced(world: &'a House, iso: &str, price: (&str, &str)) -> Self {
        let (status, answer) = Self::ask(world, iso, price).await;
        assert_eq!(status, 200, "{answer}");
        let data = &answer["data"];
        let (quote, network) = (&data["payment_request_address"], world.network.as_str());
        assert_eq!(quote["currency"], json!({ "iso": iso, "network_name": network }), "{data}");
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        Self { world, id: text(&data["id"]), address: text(&quote["address"]) }
    }

    /// One that was created before.
    pub const fn again(world: &'a House, id: String, address: String) -> Self {
        Self { world, id, address }
    }

    /// The answer to creating one, whatever it is.
    pub async fn ask(world: &House, iso: &str, (amount, currency): (&str, &str)) -> (u16, Value) {
        let body = json!({
            "amount": amount,
            "currency": { "iso": currency },
            "payment_currency": { "iso": iso, "network_name": world.network.as_str() },
            "life_time_duration": Span::from_hours(1).seconds(),
            "end_user_email": "guest@example.com",
            "url_success": "https://shop.example.com/thanks",
            "url_failed": "https://shop.example.com/sorry",
        });
        world.post("/api/payments/v1/requests", &body).await
    }

    /// The request as the merchant sees it now.
    pub async fn shown(&self) -> Value {
        let (status, answer) =
            self.world.get(&format!("/api/payments/v1/requests/{}", self.id)).await;
        assert_eq!(status, 200, "{answer}");
        answer["data"].clone()
    }

    /// Its status must be this, and its wrong payments these: kind and amount.
    #[track_caller]
    pub fn is(&self, status: &str, cases: &[&str]) -> impl Future<Output = ()> {
        let caller = std::panic::Location::caller();
        let (status, cases) = (status.to_owned(), cases.iter().map(|&it| it.to_owned()));
        let cases = cases.collect::<Vec<_>>();
        async move {
            let shown = self.shown().await;
            let found = shown["cases"].as_array().unwrap().iter().map(|case| {
                let text = |name: &str| case[name].as_str().unwrap().to_owned();
                let coin = case["currency"]["iso"].as_str().unwrap();
                format!("{} {} {coin}", text("type"), text("amount"))
            });
            let found = (shown["status"].as_str().unwrap().to_owned(), found.collect::<Vec<_>>());
            assert_eq!(found, (status, cases), "{caller}: {shown}");
        }
    }

    /// What the callbacks of this request said, in order, a line each.
    pub fn told(&self) -> Vec<String> {
        let bodies = self.world.sink.bodies();
        let own = bodies.iter().filter(|body| body["payment_request_id"] == self.id.as_str());
        own.map(in_a_line).collect()
    }
}

/// `status: received of expected (each transaction with its confirmations)`.
pub fn in_a_line(body: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or("?").to_owned();
    let kind = match body["type"].as_str().unwrap() {
        "payment_request" => "",
        other => other.strip_prefix("payment_request_").unwrap(),
    };
    let sent = &body["currency_sent"];
    let (received, expected) = (text(&sent["received_amount"]), text(&sent["expected_amount"]));
    let transactions = body["transactions"].as_array().map(|transactions| {
        let one = |it: &Value| format!(" {}x{}", text(&it["amount"]), text(&it["confirmations"]));
        transactions.iter().map(one).collect::<String>()
    });
    let transactions = transactions.map(|list| format!(":{list}")).unwrap_or_default();
    let status = text(&body["status"]);
    format!("{kind} {status} {received}/{expected}{transactions}").trim().to_owned()
}
