//! The browser, driven by a script that fails where a page is not as it should be.

use std::{path::Path, process::Stdio};

use serde_json::{Value, json};
use tokio::{io::AsyncWriteExt as _, process::Command};

use super::shop::{Payment, Shop};

/// A page to be looked at, and what it must be.
#[derive(Clone, Debug)]
pub struct Sight {
    name: &'static str,
    url: String,
    state: &'static str,
    status: u16,
    words: Vec<&'static str>,
    unfolded: Option<&'static str>,
    image: bool,
}

impl Sight {
    pub fn new(name: &'static str, state: &'static str, payment: &Payment) -> Self {
        let (url, words) = (payment.url.clone(), vec![]);
        Self { name, url, state, status: 200, words, unfolded: None, image: true }
    }

    /// What the page must say.
    pub fn says(mut self, words: &[&'static str]) -> Self {
        self.words.extend(words);
        self
    }

    pub fn query(mut self, query: &str) -> Self {
        self.url = format!("{}?{query}", self.url);
        self
    }

    pub fn status(self, status: u16) -> Self {
        Self { status, ..self }
    }

    /// What is opened for its picture, by its heading.
    pub fn unfolded(self, heading: &'static str) -> Self {
        Self { unfolded: Some(heading), ..self }
    }

    /// Without a picture in the documents.
    pub fn unpictured(self) -> Self {
        Self { image: false, ..self }
    }

    fn json(&self) -> Value {
        json!({
            "name": self.name, "url": self.url, "state": self.state, "status": self.status,
            "words": self.words, "unfolded": self.unfolded, "image": self.image,
        })
    }
}

impl Shop {
    /// Looks at pages in both themes and at every width.
    pub async fn look(&self, sights: &[Sight]) {
        let sights: Vec<Value> = sights.iter().map(Sight::json).collect();
        browse(self, "look", json!({ "sights": sights })).await;
    }
}

/// Runs a scenario, `scenarios/NAME.mjs`, against the server.
pub async fn browse(shop: &Shop, scenario: &str, mut plan: Value) {
    let variable = |name: &str| {
        std::env::var(name).unwrap_or_else(|_| panic!("{name} is needed: see `cargo xtask nodes`"))
    };
    plan["scenario"] = scenario.into();
    plan["base"] = shop.base.clone().into();
    plan["keys"] = json!({ "key": shop.sandbox.key, "secret": shop.sandbox.secret });
    plan["chromium"] = variable("COFFER_TEST_CHROMIUM").into();
    plan["modules"] = variable("COFFER_TEST_NODE_MODULES").into();
    let place = Path::new(env!("CARGO_MANIFEST_DIR"));
    if std::env::var_os("COFFER_WRITE_IMAGES").is_some() {
        plan["images"] = place.join("../../docs/images").display().to_string().into();
    }
    let mut node = Command::new("node")
        .arg(place.join("tests/browser/run.mjs"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("node must be there");
    let mut told = node.stdin.take().unwrap();
    told.write_all(plan.to_string().as_bytes()).await.unwrap();
    drop(told);
    let output = node.wait_with_output().await.unwrap();
    let (out, errors) = (output.stdout, output.stderr);
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(
        output.status.success(),
        "{scenario}:\n{}{}\nthe server:\n{}",
        text(&out),
        text(&errors),
        shop.said()
    );
}
