//! Finding a payment by whatever a person has of it.

use coffer_engine::find::{By, Found};
use serde_json::json;

use crate::{
    house::{BTC, House, PRICE, minutes},
    on_both,
};

/// By what each request was found, and its id.
fn said(found: &Found) -> Vec<(By, String)> {
    found.stories.iter().map(|story| (story.by, story.stored.request.id.text())).collect()
}

on_both! {
    async fn a_payment_is_found_by_whatever_a_person_has_of_it(house: House) {
        let names = json!({"foreign_id": "order-7", "end_user_reference": "customer-7"});
        let made = house.try_create(names).await.unwrap();
        house.choose(&made, BTC).await.unwrap();
        let other = house.chosen(BTC).await;
        let transaction = house.pay(&made, PRICE).await;
        house.blocks(6).await;
        house.deliver().await;
        let stored = house.stored(&made).await;
        let quote = house.quote(&made).await;
        let id = stored.request.id.text();
        let link = house.engine().payment_link(&stored);
        for (text, by) in [
            (id.as_str(), By::Id),
            (link.as_str(), By::Link),
            (&format!("{link}?language=de"), By::Link),
            (stored.token.as_str(), By::Link),
            ("order-7", By::ForeignId),
            (&transaction, By::Transaction),
            (&format!(" {} ", quote.address), By::Address),
            ("customer-7", By::Customer),
        ] {
            let found = house.engine().find(text).await.unwrap();
            assert_eq!(said(&found), [(by, id.clone())], "{text}");
        }
        let found = house.engine().find(&other.id.text()).await.unwrap();
        assert_eq!(said(&found), [(By::Id, other.id.text())]);
    }

    async fn a_story_tells_what_was_asked_what_came_and_who_was_told(house: House) {
        let made = house.chosen(BTC).await;
        house.pay(&made, PRICE + 10_000).await;
        house.blocks(6).await;
        house.deliver().await;
        let found = house.engine().find(&made.id.text()).await.unwrap();
        let story = &found.stories[0];
        assert_eq!(story.stored.request.stage.status(), "paid");
        let request = &story.stored.request;
        assert_eq!((request.quotes.len(), request.transfers.len()), (1, 1));
        assert!(request.transfers[0].is_final());
        assert!(!story.callbacks.is_empty() && story.callbacks.iter().all(|it| it.attempts == 1));
        assert_eq!(story.cases[0].kind, "over");
        assert!(story.events.iter().any(|event| event.kind == "paid"), "{:?}", story.events);
        assert_eq!(story.readings[0].network.as_str(), "bitcoin");
        let cursor = story.readings[0].cursor.as_ref().unwrap();
        assert_eq!(cursor.behind_reason, None);
    }

    async fn an_address_without_a_payment_is_watched_since_it_was_shown(house: House) {
        let made = house.chosen(BTC).await;
        let shown = house.engine().now();
        house.pass(minutes(3));
        let quote = house.quote(&made).await;
        let found = house.engine().find(&quote.address).await.unwrap();
        let (issued, since) = found.stories[0].address.as_ref().unwrap();
        assert_eq!((&issued.address.text, *since), (&quote.address, shown));
        assert!(found.stories[0].stored.request.transfers.is_empty());
    }

    async fn an_address_of_somebody_else_is_told_from_nothing_at_all(house: House) {
        let chain = house.engine().chains().next().unwrap();
        let (network, key) = ("bitcoin".parse().unwrap(), format!("sandbox-{}", "5a".repeat(16)));
        let address = chain.derive(network, &key, 3).unwrap();
        let found = house.engine().find(&address.text).await.unwrap();
        assert!(found.stories.is_empty());
        assert!(found.foreign_address_on.contains(&network), "{:?}", found.foreign_address_on);
        let nothing = house.engine().find("no such thing").await.unwrap();
        assert!(nothing.stories.is_empty() && nothing.foreign_address_on.is_empty());
    }
}
