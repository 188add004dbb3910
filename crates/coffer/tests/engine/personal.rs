//! Personal data is nowhere to be read without the keys.

use coffer_engine::payment_request::Once;
use coffer_store::tx::Tx;
use serde_json::json;

use crate::{
    house::{BTC, House},
    on_both,
};

const CANARY: &str = "canary-4711@example.com";
const NAME: &str = "Canaryella";

on_both! {
    async fn no_row_holds_an_address_or_a_name_in_the_clear(house: House) {
        let once = Once { idempotency: Some(("key", b"body")), nonce: None };
        let fields = json!({
            "end_user_email": CANARY, "end_user_reference": "customer 1",
            "sender": {"type": "natural", "first_name": NAME, "last_name": "Example",
                "date_of_birth": "1990-01-01"},
        });
        let made = house.create_once(fields, once).await.unwrap();
        assert!(String::from_utf8(made.answer.clone()).unwrap().contains(CANARY));
        house.choose(&made, BTC).await.unwrap();
        house.deliver().await;
        let sent = house.world.endpoints.sent();
        let body = String::from_utf8(sent[0].0.body.clone()).unwrap();
        assert!(body.contains(CANARY), "the merchant is told: {body}");
        for path in ["coffer.db", "coffer.db-wal"] {
            let Ok(bytes) = std::fs::read(house.world.database.file(path)) else { continue };
            for secret in [CANARY, NAME, house.shop.key.secret.as_str()] {
                let found = bytes.windows(secret.len()).any(|part| part == secret.as_bytes());
                assert!(!found, "{secret} stands in {path}");
            }
        }
        let columns: Vec<Vec<u8>> = house.read(async |tx: &mut Tx<'_>| {
            let all = "SELECT personal FROM payment_request UNION ALL SELECT body FROM callback \
                       UNION ALL SELECT answer FROM idempotency UNION ALL SELECT secret FROM api_key";
            tx.many(all, &[], |row| row.bytes(0)).await
        }).await;
        assert!(columns.len() >= 4);
        for column in columns {
            let text = String::from_utf8_lossy(&column).into_owned();
            assert!(!text.contains("canary") && !text.contains(NAME));
        }
    }
}
