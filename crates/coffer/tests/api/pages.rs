//! The hosted page's routes: what they answer, with which headers, and what they put up with.

use std::net::{IpAddr, SocketAddr};

use axum::{
    body::{Body, BodyDataStream},
    extract::ConnectInfo,
    http::{HeaderMap, HeaderName, HeaderValue, Request},
};
use futures_util::{FutureExt as _, StreamExt as _};
use http_body_util::BodyExt as _;
use tower::ServiceExt as _;

use crate::support::{Ask, World};

const URL: &str = "/api/payments/v1/requests";
const FORM: &str = "application/x-www-form-urlencoded";
const USDC: &str = "coin=USDC%3Apolygon";
const POL: &str = "coin=POL%3Apolygon";

/// What came back.
struct Answer {
    status: u16,
    headers: HeaderMap,
    text: String,
}

impl Answer {
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    fn version(&self) -> &str {
        let (_, rest) = self.text.split_once("data-version=\"").unwrap();
        rest.split('"').next().unwrap()
    }

    #[track_caller]
    fn shows(&self, status: u16, state: &str) {
        let found = self.text.split("data-state=\"").nth(1).and_then(|rest| rest.split('"').next());
        assert_eq!((self.status, found), (status, Some(state)), "{}", self.text);
    }

    #[track_caller]
    fn leads_to(&self, place: &str) {
        assert_eq!((self.status, self.header("location")), (303, place), "{}", self.text);
        assert_eq!(self.header("cache-control"), "no-store");
    }
}

/// A stream of news.
struct Events(BodyDataStream);

impl Events {
    async fn next(&mut self) -> String {
        let piece = self.0.next().await.unwrap().unwrap();
        String::from_utf8(piece.to_vec()).unwrap()
    }
}

/// A customer at a payment page.
struct Customer<'w> {
    world: &'w World,
    id: String,
    page: String,
    client: IpAddr,
}

impl<'w> Customer<'w> {
    /// Of a new sandbox request.
    async fn of(world: &'w World) -> Self {
        world.work(1).await;
        let body = r#"{"amount":"100","currency":{"iso":"EUR"},"life_time_duration":3600}"#;
        let created = Ask::post(URL, body).signed(&world.sandbox).of(world).await;
        let data = created.json()["data"].clone();
        let link = data["payment_link"].as_str().unwrap();
        let page = link.split_once("/payment/").map(|(_, token)| format!("/payment/{token}"));
        let id = data["id"].as_str().unwrap().to_owned();
        Self { world, id, page: page.unwrap(), client: IpAddr::from([192, 0, 2, 1]) }
    }

    /// One with a link that leads elsewhere.
    fn at(&self, page: &str) -> Self {
        Self { page: page.to_owned(), id: String::new(), ..*self }
    }

    async fn get(&self, below: &str) -> Answer {
        self.ask("GET", below, &[], "").await
    }

    async fn post(&self, below: &str, form: &str) -> Answer {
        self.ask("POST", below, &[("content-type", FORM)], form).await
    }

    async fn ask(&self, method: &str, below: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let target = format!("{}{below}", self.page);
        let request = self.request(method, &target, headers, body);
        let response = self.world.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        let text = String::from_utf8(body.to_vec()).unwrap();
        Answer { status: parts.status.as_u16(), headers: parts.headers, text }
    }

    async fn events(&self, below: &str, headers: &[(&str, &str)]) -> Events {
        let target = format!("{}/events{below}", self.page);
        let request = self.request("GET", &target, headers, "");
        let response = self.world.router.clone().oneshot(request).await.unwrap();
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        assert_eq!(response.headers()["x-accel-buffering"], "no");
        Events(response.into_body().into_data_stream())
    }

    fn request(
        &self,
        method: &str,
        target: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Request<Body> {
        let mut request = Request::new(Body::from(body.to_owned()));
        *request.method_mut() = method.parse().unwrap();
        *request.uri_mut() = target.parse().unwrap();
        for (name, value) in headers {
            let name = HeaderName::try_from(*name).unwrap();
            request.headers_mut().append(name, HeaderValue::try_from(*value).unwrap());
        }
        request.extensions_mut().insert(ConnectInfo(SocketAddr::new(self.client, 4711)));
        request
    }

    async fn pays(&self) {
        let simulate = Ask::post(format!("{URL}/{}/simulate", self.id), r#"{"payment":"exact"}"#);
        let answer = simulate.signed(&self.world.sandbox).of(self.world).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
    }
}

#[tokio::test]
async fn a_page_is_kept_nowhere_and_loads_nothing_but_its_own_files() {
    let world = World::sqlite().await;
    let customer = Customer::of(&world).await;
    let page = customer.get("").await;
    page.shows(200, "choose");
    for (name, value) in [
        ("content-type", "text/html; charset=utf-8"),
        ("cache-control", "no-store"),
        ("vary", "Accept-Language"),
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
    ] {
        assert_eq!(page.header(name), value, "{name}");
    }
    let policy = page.header("content-security-policy");
    assert!(policy.starts_with("default-src 'none'; script-src 'self'; style-src 'self';"));
    assert!(policy.ends_with("frame-ancestors 'none'"), "{policy}");
    assert!(!policy.contains("unsafe"), "{policy}");
    let head = customer.ask("HEAD", "", &[], "").await;
    assert_eq!((head.status, head.text.as_str()), (200, ""));
    assert_eq!(head.header("content-security-policy"), policy);
    for quoted in page.text.split('"').filter(|quoted| quoted.starts_with("/static/")) {
        let file = world.router.clone().oneshot(customer.request("GET", quoted, &[], ""));
        let file = file.await.unwrap();
        assert_eq!(file.status(), 200, "{quoted}");
        assert!(file.headers()["cache-control"].to_str().unwrap().contains("immutable"));
    }
    world.remove().await;
}

#[tokio::test]
async fn only_the_shops_own_pages_may_frame_it_and_its_colour_is_a_file() {
    let world = World::sqlite().await;
    let customer = Customer::of(&world).await;
    assert_eq!(customer.get("/accent.css").await.status, 404);
    let mut merchant = world.merchant.clone();
    merchant.frame_ancestors = vec!["https://shop.example".to_owned(), "x; y".to_owned()];
    merchant.accent = Some("#1a6b4f".to_owned());
    assert!(world.engine.set_merchant(merchant).await.unwrap());
    let page = customer.get("").await;
    let policy = page.header("content-security-policy");
    assert!(policy.ends_with("frame-ancestors https://shop.example"), "{policy}");
    assert!(page.text.contains(&format!("href=\"{}/accent.css\"", customer.page)));
    let css = customer.get("/accent.css").await;
    assert_eq!((css.status, css.header("content-type")), (200, "text/css; charset=utf-8"));
    assert!(css.text.contains("--accent:#1a6b4f"), "{}", css.text);
    world.remove().await;
}

#[tokio::test]
async fn a_form_leads_back_to_the_page_in_the_language_chosen() {
    let world = World::sqlite().await;
    let customer = Customer::of(&world).await;
    let german = format!("{}?language=de", customer.page);
    customer.get("/proceed").await.leads_to(&customer.page);
    customer.get("/new-price?language=de").await.leads_to(&german);
    customer.post("/new-price", "").await.leads_to(&customer.page);
    customer.post("/proceed?language=de", USDC).await.leads_to(&german);
    let page = customer.get("?language=de").await;
    page.shows(200, "pay");
    assert!(page.text.contains("Senden Sie nur"), "{}", page.text);
    customer.post("/new-price?language=de", "").await.leads_to(&german);
    customer.pays().await;
    customer.get("").await.shows(200, "paid");
    // What has ended says so itself, whatever an old page sends.
    customer.post("/proceed", POL).await.leads_to(&customer.page);
    customer.post("/new-price", "").await.leads_to(&customer.page);
    world.remove().await;
}

#[tokio::test]
async fn the_language_is_the_one_chosen_else_the_browsers() {
    let world = World::sqlite().await;
    let customer = Customer::of(&world).await;
    let german = [("accept-language", "de-AT,de;q=0.9,en;q=0.5")];
    let of = async |below: &str| {
        let page = customer.ask("GET", below, &german, "").await;
        if page.text.contains("<html lang=\"de\"") { "de" } else { "en" }
    };
    assert_eq!(of("").await, "de");
    assert_eq!(of("?language=en").await, "en");
    assert_eq!(of("?language=xx").await, "de");
    assert_eq!(of("?language=en&language=de&x=%ff&&=").await, "en");
    world.remove().await;
}

#[tokio::test]
async fn a_form_that_says_nonsense_gets_the_list_and_what_was_wrong() {
    let world = World::sqlite().await;
    let customer = Customer::of(&world).await;
    let none = "No coin is chosen.";
    for (kind, body, says) in [
        (FORM, "", none),
        (FORM, "coin=", none),
        (FORM, "coin=USDC", none),
        (FORM, "coin=%ff%fe:%00", none),
        (FORM, "coin=USDC%3Amoon", "That coin cannot be taken right now."),
        (FORM, "coin=USDC%3Apolygon&email=anna%40", "That is not an e-mail address."),
        ("application/json", r#"{"coin":"USDC:polygon"}"#, none),
        ("", "", none),
    ] {
        let answer = customer.ask("POST", "/proceed", &[("content-type", kind)], body).await;
        answer.shows(422, "choose");
        assert!(answer.text.contains(says), "{body}: {}", answer.text);
        assert!(answer.header("content-type").starts_with("text/html"), "{body}");
    }
    let long = format!("{USDC}&email={}", "x".repeat(20_000));
    customer.post("/proceed", &long).await.shows(422, "choose");
    let typed = customer.post("/proceed", &format!("{USDC}&email=%22%3Canna")).await;
    assert!(typed.text.contains("value=\"&#34;&#60;anna\""), "what was typed is kept, as text");
    assert_eq!(typed.text.matches(" checked>").count(), 1, "and what was chosen");
    customer.get("").await.shows(200, "choose");
    world.remove().await;
}

#[tokio::test]
async fn one_client_cannot_use_up_addresses_and_disturbs_nobody_else() {
    let world = World::sqlite().await;
    let mut customer = Customer::of(&world).await;
    for number in 0..20 {
        let coin = if number % 2 == 0 { USDC } else { POL };
        customer.post("/proceed", coin).await.leads_to(&customer.page);
    }
    let limited = customer.post("/proceed", USDC).await;
    limited.shows(429, "choose");
    assert_eq!(limited.header("retry-after"), "30");
    assert!(limited.text.contains("Too many tries in a short time."));
    customer.post("/new-price", "").await.shows(429, "choose");
    // The request has had its share, too, whoever asks.
    customer.client = IpAddr::from([192, 0, 2, 2]);
    let often = customer.post("/proceed", USDC).await;
    often.shows(422, "choose");
    assert!(often.text.contains("changed too often"), "{}", often.text);
    let other = Customer { client: customer.client, ..Customer::of(&world).await };
    other.post("/proceed", USDC).await.leads_to(&other.page);
    world.pass(15_000);
    customer.client = IpAddr::from([192, 0, 2, 1]);
    assert_eq!(customer.post("/proceed", USDC).await.status, 422, "the client may try again");
    world.remove().await;
}

#[tokio::test]
async fn an_equal_version_has_no_body_and_a_change_has_another() {
    let world = World::sqlite().await;
    let customer = Customer::of(&world).await;
    let page = customer.get("").await;
    let state = customer.get("/state").await;
    let version = page.version();
    assert_eq!(state.text, format!(r#"{{"state":"choose","version":"{version}"}}"#));
    assert_eq!(state.header("etag"), format!("\"{version}\""));
    let known = [("if-none-match", state.header("etag"))];
    let same = customer.ask("GET", "/state", &known, "").await;
    assert_eq!((same.status, same.text.as_str()), (304, ""));
    world.pass(5_000);
    assert_eq!(customer.ask("GET", "/state", &known, "").await.status, 304, "time is no news");
    customer.post("/proceed", USDC).await.leads_to(&customer.page);
    assert_eq!(customer.ask("GET", "/state", &known, "").await.status, 200);
    // The list over a chosen coin is a page of its own.
    let list = customer.get("?choose=1").await;
    list.shows(200, "choose");
    let of_list = customer.get("/state?choose=1").await;
    assert!(of_list.text.contains(list.version()), "{}", of_list.text);
    assert!(list.text.contains("data-query=\"choose=1\""));
    assert!(!customer.get("/state").await.text.contains(list.version()));
    world.remove().await;
}

#[tokio::test]
async fn a_stream_tells_of_what_its_reader_does_not_know() {
    let world = World::sqlite().await;
    let customer = Customer::of(&world).await;
    let old = customer.get("").await.version().to_owned();
    let change = |version: &str| format!("event: change\nid: {version}\ndata: {{}}\n\n");
    // The version is the page's own; nothing is said until there is another.
    let mut waiting = customer.events(&format!("?after={old}"), &[]).await;
    assert!(waiting.next().now_or_never().is_none());
    customer.post("/proceed", USDC).await.leads_to(&customer.page);
    let new = customer.get("").await.version().to_owned();
    assert_ne!(old, new);
    assert_eq!(waiting.next().await, change(&new));
    // Who comes back with the version of an earlier stream has that one, not the page's.
    let mut again = customer.events(&format!("?after={new}"), &[("last-event-id", &old)]).await;
    assert_eq!(again.next().await, change(&new));
    assert_eq!(customer.events("", &[]).await.next().await, change(&new));
    let mut told = customer.events("?after=x", &[("last-event-id", &new)]).await;
    customer.pays().await;
    for mut stream in [waiting, again] {
        assert_ne!(stream.next().await, change(&new), "each stream goes on");
    }
    assert_ne!(told.next().await, change(&new));
    world.remove().await;
}

#[tokio::test]
async fn a_link_that_leads_nowhere_tells_nothing_of_any_shop() {
    let world = World::sqlite().await;
    let customer = Customer::of(&world).await;
    let deep = format!("{}/x/y", customer.page);
    let nobodys = "/payment/0000000000000000000000";
    for page in [nobodys, "/payment/x", "/payment/%ff", "/payment/", &deep] {
        let answer = customer.at(page).get("").await;
        answer.shows(404, "not-found");
        assert!(!answer.text.contains("Example shop"), "{page}");
        assert!(answer.header("content-security-policy").contains("frame-ancestors 'none'"));
    }
    let lost = customer.at(nobodys);
    for below in ["/state", "/events", "/accent.css"] {
        assert_eq!(lost.get(below).await.status, 404, "{below}");
    }
    lost.post("/proceed", USDC).await.shows(404, "not-found");
    lost.post("/new-price", "").await.shows(404, "not-found");
    customer.get("/").await.shows(200, "choose");
    world.remove().await;
}

#[tokio::test]
async fn a_page_that_cannot_be_read_says_that_the_money_is_safe() {
    let world = World::sqlite().await;
    let customer = Customer::of(&world).await;
    world.store.close().await;
    let page = customer.get("").await;
    page.shows(503, "unavailable");
    assert_eq!(page.header("retry-after"), "30");
    assert!(page.text.contains("What you sent is safe"), "{}", page.text);
    customer.post("/proceed", USDC).await.shows(503, "unavailable");
    for below in ["/state", "/events", "/accent.css"] {
        assert_eq!(customer.get(below).await.status, 503, "{below}");
    }
    world.remove().await;
}
