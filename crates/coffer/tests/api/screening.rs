//! The hosts of a request's URLs: a blocklist, a verdict known before, and what nobody knows.

use std::{fs, sync::Arc};

use async_trait::async_trait;
use coffer_domain::{
    merchant_url::{MerchantUrl, Screening},
    ports::UrlScreen,
};
use coffer_engine::settings::EngineSettings;
use coffer_outside::url_screen::BlocklistFile;
use coffer_store::{error::DbError, tx::Tx};

use crate::support::{Ask, NOW, Setup, World};

const URL: &str = "/api/payments/v1/requests";

/// A screen that asks elsewhere and has no answer yet.
struct NoAnswerYet;

#[async_trait]
impl UrlScreen for NoAnswerYet {
    async fn screen(&self, _: &MerchantUrl) -> Screening {
        Screening::Unknown
    }
}

fn with_store_at(host: &str) -> String {
    format!(
        r#"{{"amount":"1","currency":{{"iso":"EUR"}},"life_time_duration":3600,
        "url_store":"https://{host}/store","url_failed":"https://shop.example/failed"}}"#
    )
}

#[tokio::test]
async fn a_host_on_the_blocklist_is_refused_and_every_other_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let list = folder.path().join("blocklist.txt");
    fs::write(&list, "# known for fraud\nevil.example\n").unwrap();
    let screen = Arc::new(BlocklistFile::open(&list).unwrap());
    let engine = EngineSettings { unknown_urls_allowed: false, ..EngineSettings::default() };
    let setup = Setup { url_screen: Some(screen), engine, ..Setup::default() };
    let world = World::with(setup).await;
    for host in ["evil.example", "pay.evil.example"] {
        let answer = Ask::post(URL, with_store_at(host)).signed(&world.sandbox).of(&world).await;
        assert_eq!(answer.status, 400, "{}", answer.text());
        let sentence = format!(
            "{host} is refused by screening: evil.example is on the blocklist of this installation."
        );
        assert_eq!(answer.json()["errors"]["url_store"], sentence.as_str());
        assert_eq!(answer.json()["errors"].as_object().unwrap().len(), 1);
    }
    let other = with_store_at("notevil.example");
    let answer = Ask::post(URL, other).signed(&world.sandbox).of(&world).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    world.remove().await;
}

#[tokio::test]
async fn of_a_host_without_an_answer_the_verdict_known_before_counts() {
    for allowed in [true, false] {
        let engine = EngineSettings { unknown_urls_allowed: allowed, ..EngineSettings::default() };
        let setup = Setup { url_screen: Some(Arc::new(NoAnswerYet)), engine, ..Setup::default() };
        let world = World::with(setup).await;
        let verdicts = [
            ("shop.example", Screening::Clean),
            ("clean.example", Screening::Clean),
            ("listed.example", Screening::Listed("phishing".to_owned())),
        ];
        let kept = world.store.write(async move |tx: &mut Tx<'_>| {
            for (host, verdict) in &verdicts {
                tx.keep_screening(host, verdict, NOW).await?;
            }
            Ok::<_, DbError>(())
        });
        kept.await.unwrap();
        let unknown = if allowed { 200 } else { 400 };
        for (host, status) in
            [("clean.example", 200), ("listed.example", 400), ("new.example", unknown)]
        {
            let ask = Ask::post(URL, with_store_at(host)).signed(&world.sandbox);
            let answer = ask.of(&world).await;
            assert_eq!(answer.status, status, "{host}: {}", answer.text());
        }
        world.remove().await;
    }
}
