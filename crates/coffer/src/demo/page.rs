//! The demonstration's pages: the shop, an order, and the wallet.

use std::fmt;

use axum::{
    Form, Router,
    extract::{Path, State},
    http::{HeaderMap, StatusCode, header},
    response::{Html, IntoResponse, Redirect, Response},
    routing::{get, post},
};
use serde::Deserialize;
use serde_json::Value;

use super::shop::{CALLBACK_PATH, Order, PRODUCTS, Shop};
use crate::failure::Failure;

const STYLE: &str = include_str!("shop.css");
const POLICY: &str = "default-src 'none'; style-src 'self'; form-action *; base-uri 'none'; \
                      frame-ancestors 'none'";

/// How the wallet can pay, and what it means.
const PAYMENTS: [(&str, &str, &str); 7] = [
    ("exact", "Pay exactly", "what is asked for"),
    ("over", "Pay too much", "the surplus becomes a case"),
    ("under", "Pay too little", "and let the window end"),
    ("late", "Pay too late", "after the window has ended"),
    ("double_spend", "Take it back", "before it is in a block"),
    ("reorg", "Be reorganised", "out of the chain and back"),
    ("wrong_token", "Send another token", "to the right address"),
];

#[derive(Deserialize)]
struct Buy {
    product: String,
    #[serde(default)]
    email: String,
}

#[derive(Deserialize)]
struct Pay {
    order: String,
    payment: String,
}

/// The routes of the demonstration.
pub(super) fn router(shop: Shop) -> Router {
    Router::new()
        .route("/", get(async || Redirect::to("/demo/shop")))
        .route("/demo", get(async || Redirect::to("/demo/shop")))
        .route("/demo/shop", get(shelf))
        .route("/demo/shop/buy", post(buy))
        .route("/demo/shop/order/{number}", get(order))
        .route(CALLBACK_PATH, post(callback))
        .route("/demo/wallet", get(wallet))
        .route("/demo/wallet/pay", post(pay))
        .route("/demo/wallet/sent/{number}", get(sent))
        .route("/demo/shop.css", get(style))
        .with_state(shop)
}

async fn style() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/css; charset=utf-8")], STYLE)
}

async fn callback(State(shop): State<Shop>, headers: HeaderMap, body: String) -> StatusCode {
    shop.take_callback(headers, body)
}

async fn shelf(State(shop): State<Shop>) -> Response {
    let mut products = String::new();
    for product in &PRODUCTS {
        products += &format!(
            "<li class=\"card\"><h2>{}</h2><p>{}</p><form method=\"post\" \
             action=\"/demo/shop/buy\"><input type=\"hidden\" name=\"product\" value=\"{}\">\
             <button>Buy for {} {}</button></form></li>",
            product.title, product.words, product.id, product.amount, product.iso,
        );
    }
    let orders: String = shop.newest().iter().map(order_row).collect();
    let orders = if orders.is_empty() {
        String::new()
    } else {
        format!("<h2>Orders</h2><table>{orders}</table>")
    };
    page(
        "Demo shop",
        &format!(
            "<p>Buy something, choose a coin on the payment page, and pay with the \
             <a href=\"/demo/wallet\" target=\"_blank\">demo wallet</a>, in a tab of its own. Only \
             the money is made up: each request and each callback is signed and sent over HTTP as \
             a merchant's would be.</p><ul class=\"cards\">{products}</ul>{orders}"
        ),
    )
}

async fn buy(State(shop): State<Shop>, Form(form): Form<Buy>) -> Response {
    let Some(product) = PRODUCTS.iter().find(|product| product.id == form.product) else {
        return (StatusCode::NOT_FOUND, "no such product").into_response();
    };
    let email = Some(form.email.trim()).filter(|email| !email.is_empty());
    let (question, number) = shop.question(product, email);
    let order = match shop.ask(&question).await {
        Ok(answer) => shop.ordered(product, &number, &answer),
        Err(failure) => Err(failure),
    };
    match order {
        Ok(order) => Redirect::to(&order.link).into_response(),
        Err(failure) => trouble(&failure),
    }
}

async fn order(State(shop): State<Shop>, Path(number): Path<String>) -> Response {
    let Some(order) = shop.order(&number) else {
        return (StatusCode::NOT_FOUND, "no such order since the demo was started").into_response();
    };
    let mut callbacks = String::new();
    for received in &order.callbacks {
        let said: Value = serde_json::from_str(&received.body).unwrap_or_default();
        let signature = received.headers.get("x-processing-signature");
        callbacks += &format!(
            "<details><summary>{} · {}</summary><pre>X-Processing-Signature: {}\n\n{}</pre>\
             </details>",
            Escaped(&crate::demo::clock_time(received.at)),
            Escaped(said["status"].as_str().unwrap_or("?")),
            Escaped(signature.and_then(|value| value.to_str().ok()).unwrap_or("none")),
            Escaped(&received.body)
        );
    }
    if callbacks.is_empty() {
        callbacks = "<p>None yet. Choose a coin on the payment page first.</p>".to_owned();
    }
    let body = format!(
        "<p class=\"state {status}\">{words}</p>\
         <p>{title}, {price}. <a href=\"{link}\">Payment page</a> · \
         <a href=\"/demo/wallet\" target=\"_blank\">Demo wallet</a> · \
         <a href=\"\">Look again</a></p>\
         <h2>Callbacks</h2><p>Each was believed because both its signatures fit. Below the \
         signature stand the signed bytes as they came.</p>{callbacks}\
         <p><a href=\"/demo/shop\">Back to the shop</a></p>",
        status = Escaped(&order.status),
        words = status_words(&order.status),
        title = order.title,
        price = order.price,
        link = Escaped(&order.link),
    );
    page(&format!("Order {}", order.number), &body)
}

async fn wallet(State(shop): State<Shop>) -> Response {
    let mut open = String::new();
    for order in shop.newest().iter().filter(|order| is_open(order)).take(10) {
        open += &payable(&shop, order).await;
    }
    if open.is_empty() {
        open = "<p>Nothing waits to be paid. <a href=\"/demo/shop\">Buy something</a>.</p>".into();
    }
    page("Demo wallet", &format!("<p>A wallet full of made-up money, for the sandbox.</p>{open}"))
}

/// One order as the wallet shows it, from what the API says of it.
async fn payable(shop: &Shop, order: &Order) -> String {
    let said: Value = match shop.ask(&shop.look(&order.request)).await {
        Ok(answer) => serde_json::from_str(&answer.body).unwrap_or_default(),
        Err(failure) => return format!("<p class=\"state failed\">{}</p>", Escaped(&failure.0)),
    };
    let data = &said["data"];
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let head = format!("<h2>{} · {}</h2>", Escaped(order.title), Escaped(&order.price));
    let (address, sent) = (&data["payment_request_address"], &data["currency_sent"]);
    if address["address"].is_null() {
        return format!(
            "<section class=\"card\">{head}<p>No coin is chosen yet: go to the \
             <a href=\"{}\">payment page</a>.</p></section>",
            Escaped(&order.link)
        );
    }
    let mut buttons = String::new();
    for (payment, title, words) in PAYMENTS {
        buttons += &format!(
            "<button name=\"payment\" value=\"{payment}\" title=\"{words}\">{title}</button>"
        );
    }
    format!(
        "<section class=\"card\">{head}<p>{} {} on {} to<br><code>{}</code></p>\
         <form method=\"post\" action=\"/demo/wallet/pay\">\
         <input type=\"hidden\" name=\"order\" value=\"{}\">{buttons}</form></section>",
        Escaped(&text(&sent["remaining_amount"])),
        Escaped(&text(&address["currency"]["iso"])),
        Escaped(&text(&address["currency"]["network_name"])),
        Escaped(&text(&address["address"])),
        Escaped(&order.number),
    )
}

async fn pay(State(shop): State<Shop>, Form(form): Form<Pay>) -> Response {
    let Some(order) = shop.order(&form.order) else {
        return (StatusCode::NOT_FOUND, "no such order since the demo was started").into_response();
    };
    match shop.ask(&shop.simulate(&order.request, &form.payment)).await {
        // Elsewhere, so that looking at the page again does not pay again.
        Ok(answer) if answer.status == StatusCode::OK => {
            Redirect::to(&format!("/demo/wallet/sent/{}", order.number)).into_response()
        }
        Ok(answer) => trouble(&Failure::new(format!("{} {}", answer.status, answer.body))),
        Err(failure) => trouble(&failure),
    }
}

async fn sent(State(shop): State<Shop>, Path(number): Path<String>) -> Response {
    let Some(order) = shop.order(&number) else {
        return (StatusCode::NOT_FOUND, "no such order since the demo was started").into_response();
    };
    let body = format!(
        "<p class=\"state paid\">Sent.</p><p>Now see what the <a href=\"{}\">payment page</a> \
         and the <a href=\"/demo/shop/order/{}\">shop</a> say.</p>",
        Escaped(&order.link),
        Escaped(&order.number)
    );
    page("Demo wallet", &body)
}

fn order_row(order: &Order) -> String {
    format!(
        "<tr><td><a href=\"/demo/shop/order/{number}\">{number}</a></td><td>{}</td><td>{}</td>\
         <td>{}</td></tr>",
        order.title,
        order.price,
        status_words(&order.status),
        number = Escaped(&order.number)
    )
}

fn is_open(order: &Order) -> bool {
    matches!(order.status.as_str(), "created" | "processing")
}

fn status_words(status: &str) -> &'static str {
    match status {
        "created" => "Waiting for a coin to be chosen",
        "processing" => "Waiting for the payment",
        "paid" => "Paid: on its way to you",
        "failed" => "Not paid: too little or too late",
        "expired" => "Not paid in time",
        "cancelled" => "Cancelled",
        _ => "Held back",
    }
}

fn trouble(failure: &Failure) -> Response {
    let body = format!("<p class=\"state failed\">{}</p>", Escaped(&failure.0));
    (StatusCode::BAD_GATEWAY, page("That did not work", &body)).into_response()
}

fn page(title: &str, body: &str) -> Response {
    let html = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\">\
         <title>{title} · Coffer demo</title><link rel=\"stylesheet\" href=\"/demo/shop.css\">\
         </head><body><main><h1>{title}</h1>{body}</main></body></html>",
        title = Escaped(title)
    );
    let headers = [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    (headers, Html(html)).into_response()
}

/// A text that means nothing in HTML.
struct Escaped<'a>(&'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.chars().try_for_each(|letter| match letter {
            '&' => f.write_str("&amp;"),
            '<' => f.write_str("&lt;"),
            '>' => f.write_str("&gt;"),
            '"' => f.write_str("&quot;"),
            '\'' => f.write_str("&#39;"),
            letter => write!(f, "{letter}"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Escaped;

    #[test]
    fn what_others_wrote_is_no_html() {
        assert_eq!(Escaped("<b a=\"x\">'&").to_string(), "&lt;b a=&quot;x&quot;&gt;&#39;&amp;");
    }
}
