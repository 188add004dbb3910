//! The payment page as a customer meets it: the program itself, in a real browser.
//!
//! With `COFFER_WRITE_IMAGES` set, the pictures under `docs/images` are made anew.
#![expect(clippy::unwrap_used, reason = "tests")]
#![expect(
    clippy::disallowed_methods,
    reason = "tests are told by environment where the browser is, and speak plain HTTP"
)]

mod support;

use serde_json::json;

use support::{Chain, Shop, Sight, browse};

/// 100 EUR in the token's base units, at fixed rates; some of it; and something more.
const WHOLE: u64 = 110_000_000;
const PART: u64 = 68_430_000;
const TOO_MUCH: u64 = 125_000_000;
const POLYGON: &str = "USDC:polygon";

/// What the page of an open payment says beside its own words.
const SEND: [&str; 3] = ["Send only USDC on Polygon to this address.", "Amount", "Address"];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_state_of_a_payment_on_a_real_network_reads_well() {
    let chain = Chain::start().await;
    let shop = Shop::open(Some(&chain), false).await;
    let fresh = shop.create(&shop.live, &json!({})).await;
    until_offered(&shop, &fresh).await;
    let pay = shop.choose(&shop.live, POLYGON).await;
    let changed = shop.choose(&shop.live, "POL:polygon").await;
    shop.proceed(&changed, POLYGON).await;
    let seen = shop.choose(&shop.live, POLYGON).await;
    let part = shop.choose(&shop.live, POLYGON).await;
    let paid = shop.choose(&shop.live, POLYGON).await;
    let over = shop.choose(&shop.live, POLYGON).await;
    for (payment, units) in [(&paid, WHOLE), (&over, TOO_MUCH)] {
        chain.pay(&shop.address(payment).await, units).await;
    }
    chain.mine(5).await;
    shop.shows(&paid, "paid").await;
    shop.shows(&over, "paid").await;
    for (payment, units) in [(&seen, WHOLE), (&part, PART)] {
        chain.pay(&shop.address(payment).await, units).await;
    }
    chain.mine(2).await;
    shop.shows(&part, "part-paid").await;
    shop.says(&seen, "2 of 5 confirmations").await;
    let choose = ["Choose what to pay with", "USDC on Polygon", "POL on Polygon", "Proceed"];
    let part_words = ["is still missing", "Received", "68.43"];
    shop.look(&[
        Sight::new("choose", "choose", &fresh).says(&choose),
        Sight::new("pay", "pay", &pay).says(&SEND).says(&["Open in wallet", "Token contract"]),
        Sight::new("already-paid", "pay", &pay)
            .says(&["You may close this page", "Do not send again."])
            .unfolded("Already paid?"),
        Sight::new("pay-in-german", "pay", &pay).query("language=de").says(&[
            "Senden Sie nur USDC auf Polygon an diese Adresse.",
            "Betrag",
            "Adresse",
        ]),
        Sight::new("change", "choose", &pay)
            .query("choose=1")
            .says(&["You are changing from USDC on Polygon", "Keep USDC on Polygon"]),
        Sight::new("changed", "pay", &changed).says(&SEND).unpictured(),
        Sight::new("seen", "seen", &seen).says(&[
            "We see your payment.",
            "You may close this page.",
            "2 of 5 confirmations",
        ]),
        Sight::new("part-paid", "part-paid", &part).says(&SEND).says(&part_words),
        Sight::new("paid", "paid", &paid).says(&[
            "Paid. Alpine Dairy has been told.",
            "Receipt",
            "Back to Alpine Dairy",
        ]),
        Sight::new("paid-too-much", "paid", &over).says(&["more than needed arrived"]),
    ])
    .await;
    shop.look(&in_arabic([&fresh, &pay, &seen, &part, &paid])).await;
    drop(chain);
    let late = ["Polygon is read with delay.", "the clock is stopped"];
    shop.says(&pay, late[0]).await;
    shop.look(&[
        Sight::new("network-behind", "pay", &pay).says(&SEND).says(&late),
        Sight::new("network-behind-in-arabic", "pay", &pay)
            .query("language=ar")
            .says(&["الساعة متوقفة"]),
        Sight::new("seen-behind", "seen", &seen).says(&late).unpictured(),
        Sight::new("part-paid-behind", "part-paid", &part).says(&late).unpictured(),
        Sight::new("no-coins", "no-coins", &fresh)
            .status(503)
            .says(&["No coin can be taken right now."]),
    ])
    .await;
}

/// The main states from right to left.
fn in_arabic([fresh, pay, seen, part, paid]: [&support::Payment; 5]) -> [Sight; 6] {
    let sight = |name, state, payment| Sight::new(name, state, payment).query("language=ar");
    [
        sight("choose-in-arabic", "choose", fresh).says(&["اختر العملة التي ستدفع بها", "متابعة"]),
        sight("pay-in-arabic", "pay", pay).says(&["فقط إلى هذا العنوان.", "المبلغ", "العنوان"]),
        sight("already-paid-in-arabic", "pay", pay)
            .says(&["لا ترسل مرة أخرى."])
            .unfolded("هل دفعت بالفعل؟"),
        sight("seen-in-arabic", "seen", seen).says(&["نرى دفعتك.", "التأكيدات"]).unpictured(),
        sight("part-paid-in-arabic", "part-paid", part).says(&["ما زال ينقص"]).unpictured(),
        sight("paid-in-arabic", "paid", paid).says(&["تم الدفع، وأُبلغ", "الإيصال"]),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_end_of_a_payment_reads_well() {
    let shop = Shop::open(None, false).await;
    let made = async || shop.choose(&shop.sandbox, POLYGON).await;
    let choose = shop.create(&shop.sandbox, &json!({})).await;
    let (pay, seen, part, wrong) = (made().await, made().await, made().await, made().await);
    let failed = made().await;
    shop.simulate(&failed, "under").await;
    let expired = made().await;
    shop.simulate(&expired, "double_spend").await;
    let late = made().await;
    shop.simulate(&late, "late").await;
    shop.simulate(&wrong, "wrong_token").await;
    let unchosen = shop.create(&shop.sandbox, &json!({})).await;
    shop.end_lifespan(&unchosen);
    let (cancelled, withdrawn) = (made().await, shop.create(&shop.sandbox, &json!({})).await);
    shop.cancel(&cancelled).await;
    shop.cancel(&withdrawn).await;
    let restricted = made().await;
    shop.restrict(&restricted);
    for (payment, state) in [(&failed, "failed"), (&expired, "expired"), (&late, "expired")] {
        shop.shows(payment, state).await;
    }
    // Last, as every simulation makes blocks.
    shop.send(&seen, 1, ("USDC", "polygon"), WHOLE).await;
    shop.send(&part, 2, ("USDC", "polygon"), PART).await;
    shop.shows(&seen, "seen").await;
    shop.shows(&part, "part-paid").await;
    let poor = shop.create(&shop.poor, &json!({})).await;
    let over = "The time for this payment is over.";
    shop.look(&[
        Sight::new("sandbox-choose", "choose", &choose)
            .says(&["Sandbox: no real money", "Search coins and networks"])
            .unpictured(),
        Sight::new("sandbox-choose-in-german", "choose", &choose)
            .query("language=de")
            .says(&["Testumgebung: kein echtes Geld", "Weiter"])
            .unpictured(),
        Sight::new("sandbox-pay", "pay", &pay).says(&SEND).says(&["sandbox1"]).unpictured(),
        Sight::new("sandbox-seen", "seen", &seen).says(&["0 of"]).unpictured(),
        Sight::new("sandbox-part-paid", "part-paid", &part).says(&["missing"]).unpictured(),
        Sight::new("failed", "failed", &failed)
            .says(&["This payment did not go through.", "Your money is not lost."]),
        Sight::new("expired", "expired", &expired).says(&[over, "The address is withdrawn."]),
        Sight::new("expired-late", "expired", &late).says(&[over, "arrived after the end"]),
        Sight::new("wrong-coin", "expired", &wrong)
            .says(&[over, "arrived that does not count for this payment"]),
        Sight::new("expired-unchosen", "expired", &unchosen).says(&[over, "You owe nothing here"]),
        Sight::new("cancelled", "cancelled", &cancelled)
            .says(&["Alpine Dairy cancelled this payment.", "The address is withdrawn."]),
        Sight::new("cancelled-unchosen", "cancelled", &withdrawn).says(&["Nothing was taken"]),
        Sight::new("restricted", "restricted", &restricted)
            .says(&["This payment cannot be accepted.", "Do not send again."]),
        Sight::new("kiosk", "no-coins", &poor)
            .status(503)
            .says(&["No coin can be taken right now.", "Corner Kiosk"])
            .unpictured(),
        Sight::new("not-found", "not-found", &pay.mistyped())
            .status(404)
            .says(&["There is no payment at this address."]),
    ])
    .await;
    shop.break_database();
    let safe = ["This page cannot be shown right now.", "What you sent is safe"];
    shop.look(&[Sight::new("unavailable", "unavailable", &pay).status(503).says(&safe)]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_customer_without_a_script_chooses_and_pays_and_sees_it() {
    let shop = Shop::open(None, false).await;
    let payment = shop.create(&shop.sandbox, &json!({})).await;
    browse(&shop, "without_script", json!({ "url": payment.url, "id": payment.id })).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_open_page_follows_its_payment() {
    let shop = Shop::open(None, false).await;
    let streamed = shop.choose(&shop.sandbox, POLYGON).await;
    let polled = shop.choose(&shop.sandbox, POLYGON).await;
    let chosen = shop.create(&shop.sandbox, &json!({})).await;
    let copied = shop.choose(&shop.sandbox, POLYGON).await;
    let ending = shop.choose(&shop.sandbox, POLYGON).await;
    shop.end_window_in(&ending, 20);
    let plan = json!({
        "streamed": { "url": streamed.url, "id": streamed.id },
        "polled": { "url": polled.url, "id": polled.id },
        "chosen": { "url": chosen.url, "id": chosen.id },
        "copied": { "url": copied.url },
        "ending": { "url": ending.url },
    });
    browse(&shop, "follow", plan).await;
}

/// Waits until the network has been read, so that its coins are offered.
async fn until_offered(shop: &Shop, payment: &support::Payment) {
    shop.says(payment, "value=\"USDC:polygon\"").await;
}
