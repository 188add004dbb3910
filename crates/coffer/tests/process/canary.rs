//! Personal data that must show nowhere but where it is meant: in answers to the merchant and in
//! his callbacks. Not in a log, however talkative, not in a metric, not in the database.

mod needle;

use std::{collections::BTreeMap, fs, net::SocketAddr, path::Path};

use serde_json::{Value, json};

use self::needle::Needle;
use crate::{
    on_both,
    support::{
        Answer, Ask, Database, Installation, Keys, Manner, Server, Sink, ask_once, pg_program, soon,
    },
};

const EMAIL: &str = "canary.bird+cage@nowhere-else.example";
/// What a customer types on the page.
const TYPED_EMAIL: &str = "second.canary@nowhere-else.example";
const BORN: &str = "1937-03-19";
const FIRST_NAME: &str = "Kanarienvogline";
const LAST_NAME: &str = "Zwitscherhuber";
/// No secret; it must be found, or the search is none.
const MARKER: &str = "order-that-is-no-secret";

on_both! {
    async fn personal_data_shows_in_no_log_no_metric_and_no_database(database: Database) {
        let mut installation = Installation::on(database).await;
        let metrics = free_address();
        installation.set("COFFER_LOG__LEVEL", "trace");
        installation.set("COFFER_METRICS__LISTEN", &metrics.to_string());
        let sink = Sink::open().await;
        let keys = installation.add_merchant("Example shop", &sink.url(Manner::Take)).await;
        let echo = installation.add_merchant("Echo shop", &sink.url(Manner::Echo)).await;
        sink.trust(&keys);
        sink.trust(&echo);
        let server = installation.serve().await;
        live_through_everything(&server, &keys, &echo, &sink).await;

        let mut places: BTreeMap<String, Vec<u8>> = BTreeMap::new();
        let shown = ask_once(metrics, &Ask::open("/metrics")).await;
        places.insert("metrics".into(), shown.body.to_vec());
        read_database(&installation, database, "running", &mut places).await;
        places.insert("what it printed".into(), server.stop().await.into_bytes());
        read_database(&installation, database, "stopped", &mut places).await;
        let mut leaks = Vec::new();
        for secret in [EMAIL, TYPED_EMAIL, BORN, FIRST_NAME, LAST_NAME] {
            let needle = Needle::of(secret);
            let found = places.iter().filter_map(|(place, bytes)| {
                let found = needle.find(bytes)?;
                Some(format!("{secret} is in {place}: {found}"))
            });
            leaks.extend(found);
        }
        assert!(leaks.is_empty(), "{}", leaks.join("\n"));
        // The same search finds what is no secret, in each of these places.
        let shows = |place: &str, what: &str| Needle::of(what).find(&places[place]).is_some();
        for state in ["running", "stopped"] {
            let found = places.iter().any(|(place, bytes)| {
                place.starts_with(state) && Needle::of(MARKER).find(bytes).is_some()
            });
            assert!(found, "the search does not work on the {state} database");
        }
        assert!(shows("what it printed", "TRACE"), "the log is not at trace level");
        assert!(shows("metrics", "coffer_http_requests_total"), "there are no metrics");
        installation.remove().await;
    }
}

/// Personal data on every way it can take.
async fn live_through_everything(server: &Server, keys: &Keys, echo: &Keys, sink: &Sink) {
    let address = server.address;
    // Fixed mode, with a kept answer that is given again.
    let fixed = keys.create(&body("fixed", true).to_string()).header("Idempotency-Key", "canary");
    let first = ask_once(address, &fixed).await;
    assert_eq!(first.data()["end_user_email"], EMAIL, "the merchant sees it");
    assert_eq!(ask_once(address, &fixed).await.body, first.body, "the answer is given again");
    let fixed = id(&first);
    let simulate = keys.post(&format!("/{fixed}/simulate"), r#"{"payment":"exact"}"#);
    ask_once(address, &simulate.header("Idempotency-Key", "paying")).await.data();

    // The customer chooses, leaves an address of his own, and pays too much.
    let mut without_email = body("chosen", false);
    without_email.as_object_mut().unwrap().remove("end_user_email");
    let chosen = ask_once(address, &keys.create(&without_email.to_string())).await;
    proceed(address, &chosen).await;
    let chosen = id(&chosen);
    let simulate = keys.post(&format!("/{chosen}/simulate"), r#"{"payment":"over"}"#);
    ask_once(address, &simulate).await.data();

    // An endpoint that fails and repeats what it was sent. What it said is kept before a server
    // that is told to stop has ended.
    let echoed = ask_once(address, &echo.create(&body("echoed", true).to_string())).await;
    let echoed = id(&echoed);

    refusals(address, keys).await;
    for below in [format!("/{fixed}"), format!("/{fixed}/events"), "?limit=100".to_owned()] {
        assert_eq!(ask_once(address, &keys.get(&below)).await.status, 200, "{below}");
    }
    sink.until("callbacks of both payments, and one that failed", move |taken| {
        let told = |id: &str, status: &str| {
            taken.iter().any(|callback| callback.request == id && callback.status == status)
        };
        told(&fixed, "paid") && told(&chosen, "paid") && told(&echoed, "processing")
    })
    .await;
    let told = sink.taken();
    let shown = |email: &str| told.iter().any(|c| Needle::of(email).find(&c.body).is_some());
    assert!(shown(EMAIL) && shown(TYPED_EMAIL), "callbacks carry the customer's address");
}

/// Bodies and requests that are refused, with personal data in them.
async fn refusals(address: SocketAddr, keys: &Keys) {
    let mut wrong = body("wrong", false);
    wrong["amount"] = json!("-1");
    wrong["sender_data"]["date_of_birth"] = json!(format!("{BORN} {BORN}"));
    let broken = format!(r#"{{"end_user_email":"{EMAIL}","date_of_birth":"{BORN}"#);
    let taken = {
        let mut taken = body("fixed", true);
        taken["amount"] = json!("7");
        taken
    };
    for body in [wrong.to_string(), broken, taken.to_string()] {
        assert_eq!(ask_once(address, &keys.create(&body)).await.status, 400, "{body}");
    }
    let mut forged = keys.create(&body("forged", false).to_string());
    forged.headers[1].1 = "00".repeat(64);
    assert_eq!(ask_once(address, &forged).await.status, 403);
    let mut in_query = keys.get("?limit=1");
    in_query.target = format!("{}&end_user_email={EMAIL}", in_query.target);
    assert_eq!(ask_once(address, &in_query).await.status, 400);
}

/// Chooses Bitcoin on the hosted page, as its form does.
async fn proceed(address: SocketAddr, created: &Answer) {
    let created = created.data();
    let link = created["payment_link"].as_str().unwrap();
    let (_, token) = link.rsplit_once('/').unwrap();
    let page = Ask::open(&format!("/payment/{token}"));
    let shown = ask_once(address, &page).await;
    assert_eq!(shown.status, 200, "{}", shown.text());
    let text = shown.text();
    let coins = text.split("name=\"coin\"").skip(1).map(value);
    let bitcoin = coins.into_iter().find(|coin| coin.to_lowercase().contains("btc"));
    let form = format!(
        "coin={}&email={}",
        encoded(bitcoin.expect("Bitcoin is offered")),
        encoded(TYPED_EMAIL)
    );
    let chosen = Ask {
        method: "POST",
        target: format!("/payment/{token}/proceed"),
        headers: vec![("content-type", "application/x-www-form-urlencoded".to_owned())],
        body: form.into(),
    };
    let answer = ask_once(address, &chosen).await;
    assert_eq!(answer.status, 303, "{}", answer.text());
    assert_eq!(ask_once(address, &page).await.status, 200);
}

/// The value of the attribute `value` that comes next.
fn value(html: &str) -> &str {
    let (_, rest) = html.split_once("value=\"").unwrap();
    rest.split('"').next().unwrap()
}

fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

fn body(order: &str, fixed: bool) -> Value {
    let mut body = json!({
        "amount": "100",
        "currency": { "iso": "EUR" },
        "life_time_duration": 3600,
        "end_user_email": EMAIL,
        "end_user_reference": format!("guest_{order}"),
        "sender_type": "natural",
        "sender_data": {
            "first_name": FIRST_NAME,
            "last_name": LAST_NAME,
            "date_of_birth": BORN,
        },
        "foreign_id": format!("{MARKER}-{order}"),
    });
    if fixed {
        body["payment_currency"] = json!({ "iso": "BTC", "network_name": "bitcoin" });
    }
    body
}

fn id(answer: &Answer) -> String {
    answer.data()["id"].as_str().unwrap().to_owned()
}

/// Everything that is stored: the files of SQLite and all others of the installation, or a dump of
/// the PostgreSQL database.
async fn read_database(
    installation: &Installation,
    database: Database,
    state: &str,
    places: &mut BTreeMap<String, Vec<u8>>,
) {
    read_folder(&installation.file(""), state, places);
    if database == Database::Postgres {
        let program = pg_program("pg_dump");
        let mut dump = installation.command(&program.display().to_string(), &[installation.url()]);
        let dump = soon("the dump", dump.output()).await.unwrap();
        let errors = String::from_utf8_lossy(&dump.stderr);
        assert!(dump.status.success(), "pg_dump: {errors}");
        places.insert(format!("{state} pg_dump"), dump.stdout);
    }
}

fn read_folder(folder: &Path, state: &str, places: &mut BTreeMap<String, Vec<u8>>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            read_folder(&path, state, places);
        } else {
            places.insert(format!("{state} {}", path.display()), fs::read(&path).unwrap());
        }
    }
}

fn free_address() -> SocketAddr {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}
