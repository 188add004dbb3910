//! The demonstration's shop: a merchant's program that knows Coffer by its API and callbacks only.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
};

use axum::http::{HeaderMap, Method, StatusCode};
use coffer_domain::{
    ports::{Clock as _, Entropy as _},
    time::Timestamp,
};
use serde::Serialize;
use serde_json::{Value, json};
use tokio::sync::watch;

use super::exchange::{Answer, Question, Secrets};
use crate::{
    failure::Failure,
    system::{SystemClock, SystemEntropy},
};

/// Where the shop takes callbacks.
pub(super) const CALLBACK_PATH: &str = "/demo/shop/callback";

/// Orders remembered; older ones are forgotten.
const ORDERS_MAX: usize = 1_000;

/// Something to buy.
pub(super) struct Product {
    pub(super) id: &'static str,
    pub(super) title: &'static str,
    pub(super) words: &'static str,
    pub(super) amount: &'static str,
    pub(super) iso: &'static str,
}

/// What the shop sells.
pub(super) const PRODUCTS: [Product; 3] = [
    Product {
        id: "beans",
        title: "Coffee beans",
        words: "One kilogram, medium roast.",
        amount: "24.90",
        iso: "EUR",
    },
    Product {
        id: "grinder",
        title: "Hand grinder",
        words: "Steel burrs, for a lifetime.",
        amount: "129.00",
        iso: "EUR",
    },
    Product {
        id: "machine",
        title: "Espresso machine",
        words: "Two boilers, one lever.",
        amount: "1890.00",
        iso: "USD",
    },
];

/// The body of "create a payment request", as the documentation orders it.
#[derive(Serialize)]
struct Create<'a> {
    amount: &'a str,
    currency: Iso,
    life_time_duration: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    end_user_email: Option<&'a str>,
    description: String,
    foreign_id: &'a str,
    url_store: String,
    url_success: &'a str,
    url_failed: &'a str,
}

#[derive(Serialize)]
struct Iso {
    iso: &'static str,
}

/// An order, as the shop knows it.
#[derive(Clone, Debug)]
pub(super) struct Order {
    pub(super) number: String,
    pub(super) title: &'static str,
    pub(super) price: String,
    /// The payment request's id and link, once it is made.
    pub(super) request: String,
    pub(super) link: String,
    /// What the last callback said; before the first, what the answer did.
    pub(super) status: String,
    pub(super) callbacks: Vec<Received>,
}

/// A callback as it came.
#[derive(Clone, Debug)]
pub(super) struct Received {
    pub(super) headers: HeaderMap,
    pub(super) body: String,
    pub(super) at: Timestamp,
    /// What is wrong with it, if anything is.
    pub(super) refused: Option<&'static str>,
}

/// The shop. Cheap to clone.
#[derive(Clone)]
pub(super) struct Shop(Arc<Inside>);

struct Inside {
    server: SocketAddr,
    public_url: String,
    secrets: Secrets,
    /// Makes order numbers of this start different from those of others.
    series: String,
    /// The number of the next order, within the series.
    count: AtomicU32,
    orders: Mutex<BTreeMap<String, Order>>,
    /// Callbacks received so far, for those who wait for one.
    received: watch::Sender<Vec<Received>>,
}

impl Shop {
    pub(super) fn new(server: SocketAddr, public_url: String, secrets: Secrets) -> Self {
        let mut random = [0; 3];
        SystemEntropy.fill(&mut random);
        Self(Arc::new(Inside {
            server,
            public_url,
            secrets,
            series: hex::encode_upper(random),
            count: AtomicU32::new(1),
            orders: Mutex::default(),
            received: watch::Sender::default(),
        }))
    }

    /// Takes an order: the question to the API and the number of the order.
    pub(super) fn question(&self, product: &Product, email: Option<&str>) -> (Question, String) {
        let number =
            format!("{}-{:05}", self.0.series, self.0.count.fetch_add(1, Ordering::Relaxed));
        let back = format!("{}/demo/shop/order/{number}", self.0.public_url);
        let body = Create {
            amount: product.amount,
            currency: Iso { iso: product.iso },
            life_time_duration: 86_400,
            end_user_email: email,
            description: format!("{} ({number})", product.title),
            foreign_id: &number,
            url_store: format!("{}/demo/shop", self.0.public_url),
            url_success: &back,
            url_failed: &back,
        };
        let body = serde_json::to_string(&body).unwrap_or_default();
        let target = "/api/payments/v1/requests";
        (Question::signed(Method::POST, target, body, &self.0.secrets), number)
    }

    /// Remembers an order from what the API answered.
    pub(super) fn ordered(
        &self,
        product: &Product,
        number: &str,
        answer: &Answer,
    ) -> Result<Order, Failure> {
        let said: Value = serde_json::from_str(&answer.body).unwrap_or_default();
        let text = |key: &str| said["data"][key].as_str().map(str::to_owned);
        let (Some(request), Some(link)) = (text("id"), text("payment_link")) else {
            let (status, body) = (answer.status, &answer.body);
            return Err(Failure::new(format!("no payment could be made: {status} {body}")));
        };
        let order = Order {
            number: number.to_owned(),
            title: product.title,
            price: format!("{} {}", product.amount, product.iso),
            request,
            link,
            status: text("status").unwrap_or_default(),
            callbacks: Vec::new(),
        };
        let mut orders = self.orders();
        orders.insert(number.to_owned(), order.clone());
        if orders.len() > ORDERS_MAX {
            orders.pop_first();
        }
        Ok(order)
    }

    /// Sends a question to the API.
    pub(super) async fn ask(&self, question: &Question) -> Result<Answer, Failure> {
        question.ask(self.0.server).await
    }

    /// The question what became of a payment request.
    pub(super) fn look(&self, request: &str) -> Question {
        let target = format!("/api/payments/v1/requests/{request}");
        Question::signed(Method::GET, &target, String::new(), &self.0.secrets)
    }

    /// The question to pay a request in the sandbox.
    pub(super) fn simulate(&self, request: &str, payment: &str) -> Question {
        let target = format!("/api/payments/v1/requests/{request}/simulate");
        let body = json!({"payment": payment}).to_string();
        Question::signed(Method::POST, &target, body, &self.0.secrets)
    }

    /// Takes a callback: believes it only if it is signed, then does what it says.
    pub(super) fn take_callback(&self, headers: HeaderMap, body: String) -> StatusCode {
        let at = SystemClock.now();
        let verified = self.0.secrets.verify(&headers, body.as_bytes(), at.seconds());
        let received = Received { headers, body, at, refused: verified.err() };
        if received.refused.is_none() {
            self.follow(&received);
        }
        let status =
            if received.refused.is_none() { StatusCode::OK } else { StatusCode::UNAUTHORIZED };
        self.0.received.send_modify(|all| all.push(received));
        status
    }

    /// Callbacks received from now on and before.
    pub(super) fn received(&self) -> watch::Receiver<Vec<Received>> {
        self.0.received.subscribe()
    }

    pub(super) fn order(&self, number: &str) -> Option<Order> {
        self.orders().get(number).cloned()
    }

    /// The newest first.
    pub(super) fn newest(&self) -> Vec<Order> {
        self.orders().values().rev().cloned().collect()
    }

    /// Changes the order a callback tells of. A callback may come twice: its `id` says so.
    fn follow(&self, received: &Received) {
        let said: Value = serde_json::from_str(&received.body).unwrap_or_default();
        let mut orders = self.orders();
        let Some(order) = said["foreign_id"].as_str().and_then(|number| orders.get_mut(number))
        else {
            return;
        };
        let id = |received: &Received| {
            let said: Value = serde_json::from_str(&received.body).unwrap_or_default();
            said["id"].clone()
        };
        if order.callbacks.iter().any(|known| id(known) == said["id"]) {
            return;
        }
        said["status"].as_str().unwrap_or_default().clone_into(&mut order.status);
        order.callbacks.push(received.clone());
    }

    fn orders(&self) -> MutexGuard<'_, BTreeMap<String, Order>> {
        self.0.orders.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
