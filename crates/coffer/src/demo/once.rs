//! `coffer demo --once`: the whole path over real HTTP, each exchange printed, everything that the
//! documentation says about it checked.

use std::{net::SocketAddr, time::Duration};

use axum::http::StatusCode;
use serde::de::IgnoredAny;
use serde_json::{Value, json};

use super::{
    exchange::{Answer, Question},
    shop::{Order, PRODUCTS, Received, Shop},
};
use crate::{
    failure::Failure,
    terminal::{self, Terminal},
};

/// How long a callback may be awaited.
const PATIENCE: Duration = Duration::from_secs(8);
/// What the customer leaves with the shop.
const EMAIL: &str = "guest@example.com";
/// What the customer pays with.
const COIN: (&str, &str) = ("BTC", "bitcoin");

/// The walk: what it prints and what it found.
pub(super) struct Walk {
    pub(super) shop: Shop,
    pub(super) server: SocketAddr,
    pub(super) public_url: String,
    pub(super) terminal: Terminal,
    checks: u32,
    wrong: Vec<String>,
    /// Callbacks that were shown already.
    shown: usize,
}

impl Walk {
    pub(super) fn new(
        shop: Shop,
        server: SocketAddr,
        public_url: String,
        terminal: Terminal,
    ) -> Self {
        Self { shop, server, public_url, terminal, checks: 0, wrong: Vec::new(), shown: 0 }
    }

    /// Walks the path.
    ///
    /// # Errors
    /// Everything that was not as documented.
    pub(super) async fn run(mut self) -> Result<(), Failure> {
        let order = self.create().await?;
        self.choose(&order).await?;
        let address = self.rate_fixed(&order).await?;
        self.pay(&order, &address).await?;
        self.paid(&order).await?;
        if self.wrong.is_empty() {
            let checks = self.checks;
            return self.terminal.answer(
                || json!({"checks": checks, "wrong": []}),
                || format!("\nPaid, and all {checks} checks hold.\n"),
            );
        }
        let count = self.wrong.len();
        Err(Failure::new(format!("{count} not as documented:\n  {}", self.wrong.join("\n  "))))
    }

    /// The shop asks for a payment.
    async fn create(&mut self) -> Result<Order, Failure> {
        self.title("The shop asks for a payment")?;
        let [product, ..] = &PRODUCTS;
        let (question, number) = self.shop.question(product, Some(EMAIL));
        let answer = self.ask(&question).await?;
        let data = data(&answer);
        let link = format!("{}/payment/", self.public_url);
        let token = data["payment_link"].as_str().and_then(|text| text.strip_prefix(&link));
        let token = token.unwrap_or_default();
        self.check("create answers 200", answer.status == StatusCode::OK);
        self.check("the id is a UUIDv7", data["id"].as_str().is_some_and(is_uuid_v7));
        self.check("the status is created", data["status"] == "created");
        self.check("the amount is echoed", data["amount"] == "24.90");
        self.check("the currency is echoed", data["currency"] == json!({"iso": product.iso}));
        self.check("foreign_id is echoed", data["foreign_id"] == number.as_str());
        self.check("end_user_email is echoed", data["end_user_email"] == EMAIL);
        self.check("life_time is absolute", data["life_time"].as_i64().is_some());
        self.check("the link ends with 22 letters and digits", is_token(token));
        let order = self.shop.ordered(product, &number, &answer)?;
        let twin = self.shop.ask(&question).await?;
        self.check("the same question is answered with the same id", data_id(&twin) == data["id"]);
        Ok(order)
    }

    /// The customer opens the page and chooses a coin.
    async fn choose(&mut self, order: &Order) -> Result<(), Failure> {
        self.title("The customer opens the payment page and chooses Bitcoin")?;
        let path = self.path_of(&order.link);
        let page = self.ask(&Question::page(&path)).await?;
        let (iso, network) = COIN;
        let coin = format!("{iso}:{network}");
        self.check("the page answers 200", page.status == StatusCode::OK);
        self.check("it names the shop", page.body.contains(super::MERCHANT));
        self.check("it offers the coin", page.body.contains(&coin));
        let policy = page.headers.get("content-security-policy");
        self.check("it has a content security policy", policy.is_some());
        let form = format!("coin={iso}%3A{network}");
        let chosen = self.ask(&Question::form(&format!("{path}/proceed"), &form)).await?;
        self.check("choosing answers 303", chosen.status == StatusCode::SEE_OTHER);
        Ok(())
    }

    /// The shop is told the address and the amount; the address.
    async fn rate_fixed(&mut self, order: &Order) -> Result<String, Failure> {
        self.title("The shop is told that the rate is fixed")?;
        let said = self.callback(order, |said| said["status"] == "processing").await?;
        let (address, sent) = (&said["payment_request_address"], &said["currency_sent"]);
        let (iso, network) = COIN;
        let coin = json!({"iso": iso, "network_name": network});
        self.check("type is payment_request", said["type"] == "payment_request");
        self.check("it tells of the request", said["payment_request_id"] == order.request.as_str());
        self.check("it tells of the coin", address["currency"] == coin);
        self.check("tag is null", address["tag"].is_null());
        self.check("nothing has arrived", sent["received_amount"] == "0");
        let all = sent["remaining_amount"] == sent["expected_amount"];
        self.check("all of it is missing", all && sent["expected_amount"].is_string());
        let ordered = said["fixed_at"].as_i64() < said["expires_at"].as_i64()
            && said["expires_at"].as_i64() <= said["valid_until"].as_i64();
        self.check("fixed_at < expires_at <= valid_until", ordered);
        let address = address["address"].as_str().unwrap_or_default().to_owned();
        let page = self.ask(&Question::page(&self.path_of(&order.link))).await?;
        let bare = without_tags(&page.body);
        self.check("the page shows the address", !address.is_empty() && bare.contains(&address));
        Ok(address)
    }

    /// The customer pays.
    async fn pay(&mut self, order: &Order, address: &str) -> Result<(), Failure> {
        self.title("The customer pays exactly what is asked for (simulated)")?;
        let answer = self.ask(&self.shop.simulate(&order.request, "exact")).await?;
        self.check("simulate answers 200", answer.status == StatusCode::OK);
        self.check("with the request", data_id(&answer) == order.request.as_str());
        let said = self.callback(order, |said| said["status"] == "paid").await?;
        let sent = &said["currency_sent"];
        self.check("nothing is missing", sent["remaining_amount"] == "0");
        self.check("all has arrived", sent["received_amount"] == sent["expected_amount"]);
        let transaction = &said["transactions"][0];
        self.check("the transaction went to the address", transaction["address"] == address);
        self.check("its amount is all", transaction["amount"] == sent["expected_amount"]);
        Ok(())
    }

    /// Everybody agrees that it is paid.
    async fn paid(&mut self, order: &Order) -> Result<(), Failure> {
        self.title("Everybody agrees that it is paid")?;
        let answer = self.ask(&self.shop.look(&order.request)).await?;
        self.check("the API says paid", data(&answer)["status"] == "paid");
        let page = self.ask(&Question::page(&self.path_of(&order.link))).await?;
        self.check("the page answers 200", page.status == StatusCode::OK);
        let back = format!("/demo/shop/order/{}", order.number);
        self.check("the page leads back to the shop", page.body.contains(&back));
        let shop = self.ask(&Question::page(&back)).await?;
        self.check("the shop says paid", shop.body.contains("Paid: on its way to you"));
        let received = self.shop.received().borrow().clone();
        let refused = received.iter().filter_map(|received| received.refused).next();
        self.check("every callback was signed right", refused.is_none());
        let order = self.shop.order(&order.number);
        let ids = order.map(|order| order.callbacks.iter().map(callback_id).collect::<Vec<_>>());
        let ids = ids.unwrap_or_default();
        let rising = ids.iter().zip(ids.iter().skip(1)).all(|(one, next)| one < next);
        self.check("callbacks came once each and in order", rising && ids.len() >= 3);
        Ok(())
    }

    /// Waits for a callback about an order, showing each that comes.
    async fn callback(
        &mut self,
        order: &Order,
        fits: impl Fn(&Value) -> bool,
    ) -> Result<Value, Failure> {
        let mut all = self.shop.received();
        let awaited = async {
            loop {
                let now: Vec<Received> = all.borrow_and_update().clone();
                while let Some(received) = now.get(self.shown) {
                    self.shown += 1;
                    let said: Value = serde_json::from_str(&received.body).unwrap_or_default();
                    if said["foreign_id"] != order.number.as_str() {
                        continue;
                    }
                    self.show_callback(received, &said)?;
                    if let Some(reason) = received.refused {
                        let text = format!("a callback cannot be believed: {reason}");
                        return Err(Failure::new(text));
                    }
                    if fits(&said) {
                        return Ok(said);
                    }
                }
                if all.changed().await.is_err() {
                    return Err(Failure::new("the shop has closed"));
                }
            }
        };
        tokio::time::timeout(PATIENCE, awaited).await.unwrap_or_else(|_| {
            let seconds = PATIENCE.as_secs();
            Err(Failure::new(format!("no such callback came within {seconds} s")))
        })
    }

    async fn ask(&self, question: &Question) -> Result<Answer, Failure> {
        let answer = question.ask(self.server).await?;
        let (status, said) = (answer.status, show_body(&answer.body));
        self.terminal.answer(
            || {
                json!({
                    "method": question.method.as_str(), "target": question.target,
                    "headers": headers_object(&question.headers), "body": question.body,
                    "status": status.as_u16(), "answer": answer.body,
                })
            },
            || {
                let mut text = format!("→ {} {}\n", question.method, question.target);
                for (name, value) in &question.headers {
                    text += &format!("  {name}: {value}\n");
                }
                text += &indented(&show_body(&question.body));
                text += &format!("← {status}\n");
                if let Some(place) = answer.headers.get("location") {
                    text += &format!("  location: {}\n", place.to_str().unwrap_or("?"));
                }
                text + &indented(&said)
            },
        )?;
        Ok(answer)
    }

    fn show_callback(&self, received: &Received, said: &Value) -> Result<(), Failure> {
        const SHOWN: [&str; 5] = [
            "x-processing-key",
            "x-processing-signature",
            "webhook-id",
            "webhook-timestamp",
            "webhook-signature",
        ];
        let value = |name| received.headers.get(name).and_then(|value| value.to_str().ok());
        let headers = SHOWN.map(|name| (name, value(name).unwrap_or("missing").to_owned()));
        self.terminal.answer(
            || json!({"callback": said, "headers": headers_object(&headers)}),
            || {
                let mut text = format!("→ POST {} (from Coffer)\n", super::shop::CALLBACK_PATH);
                for (name, value) in &headers {
                    text += &format!("  {name}: {value}\n");
                }
                text += &indented(&show_body(&received.body));
                text + "← 200 OK, after checking both signatures\n"
            },
        )
    }

    fn title(&self, title: &str) -> Result<(), Failure> {
        if self.terminal.json { Ok(()) } else { terminal::print(&format!("\n━━ {title}\n")) }
    }

    fn check(&mut self, rule: &str, holds: bool) {
        self.checks = self.checks.saturating_add(1);
        if !holds {
            self.wrong.push(rule.to_owned());
        }
    }

    fn path_of(&self, link: &str) -> String {
        link.strip_prefix(&self.public_url).unwrap_or(link).to_owned()
    }
}

fn data(answer: &Answer) -> Value {
    let said: Value = serde_json::from_str(&answer.body).unwrap_or_default();
    said["data"].clone()
}

fn data_id(answer: &Answer) -> Value {
    data(answer)["id"].clone()
}

fn callback_id(received: &Received) -> String {
    let said: Value = serde_json::from_str(&received.body).unwrap_or_default();
    said["id"].to_string()
}

fn is_uuid_v7(text: &str) -> bool {
    text.len() == 36 && text.as_bytes().get(14) == Some(&b'7')
}

fn is_token(text: &str) -> bool {
    text.len() == 22 && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

fn headers_object(headers: &[(&'static str, String)]) -> Value {
    let member =
        |(name, value): &(&'static str, String)| ((*name).to_owned(), Value::String(value.clone()));
    headers.iter().map(member).collect()
}

/// JSON with an indent and its members in their order; of a page its title.
fn show_body(body: &str) -> String {
    if serde_json::from_str::<IgnoredAny>(body).is_ok() {
        return spread(body);
    }
    let title = body.split_once("<title>").and_then(|(_, rest)| rest.split_once("</title>"));
    match title {
        Some((title, _)) => format!("a page: {}", title.trim()),
        None => body.to_owned(),
    }
}

/// Compact JSON over several lines.
fn spread(json: &str) -> String {
    let (mut text, mut depth, mut quoted, mut escaped) = (String::new(), 0_usize, false, false);
    let mut letters = json.chars().peekable();
    while let Some(letter) = letters.next() {
        if !quoted && matches!(letter, '}' | ']') && !text.ends_with(['{', '[']) {
            depth = depth.saturating_sub(1);
            text.push('\n');
            text.push_str(&"  ".repeat(depth));
        }
        text.push(letter);
        if quoted {
            quoted = escaped || letter != '"';
            escaped = !escaped && letter == '\\';
            continue;
        }
        let empty = letters.peek().is_some_and(|next| matches!(next, '}' | ']'));
        match letter {
            '"' => quoted = true,
            '{' | '[' if empty => continue,
            '{' | '[' => depth = depth.saturating_add(1),
            ':' => text.push(' '),
            _ => {}
        }
        if matches!(letter, '{' | '[' | ',') {
            text.push('\n');
            text.push_str(&"  ".repeat(depth));
        }
    }
    text
}

fn indented(text: &str) -> String {
    text.lines().map(|line| format!("  {line}\n")).collect()
}

/// The text of a page; an address may be shown in groups of letters.
fn without_tags(html: &str) -> String {
    let mut text = String::new();
    for part in html.split('<') {
        text.push_str(part.split_once('>').map_or(part, |(_, rest)| rest));
    }
    text.split_whitespace().collect()
}

#[cfg(test)]
mod tests {
    use super::spread;

    #[test]
    fn json_keeps_its_order_and_its_texts() {
        let shown = spread(r#"{"b":[1,2],"c":[],"a":"x,\"{:}"}"#);
        let lines = [
            "{",
            "  \"b\": [",
            "    1,",
            "    2",
            "  ],",
            "  \"c\": [],",
            r#"  "a": "x,\"{:}""#,
            "}",
        ];
        assert_eq!(shown, lines.join("\n"));
    }
}
