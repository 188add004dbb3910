use coffer_domain::{
    code::{Iso, NetworkName},
    payment_request::Needed,
};

use super::*;

fn usdt() -> AssetId {
    AssetId { iso: Iso::new("USDT").unwrap(), network: NetworkName::new("tron").unwrap() }
}

const EUR: CurrencyView<'_> = CurrencyView { iso: "EUR", network_name: None };

/// The documented sample of spec 4.2.
fn sample() -> RequestView<'static> {
    RequestView {
        id: "019d511c-9fd2-7e71-b534-74e8abd855f1",
        amount: "100",
        currency: EUR,
        status: Status::Created,
        life_time: 1_775_542_323,
        end_user_email: Some("guest@example.com"),
        description: Some("Order 0512"),
        payment_link: "https://payments.cryptoprocessing.com/payment/lLXLZ6Q8lCwFFRbyW0C1ET",
        foreign_id: Some("test_foreign_id_0512"),
        url_store: Some("https://example.com/store"),
        url_success: None,
        url_failed: None,
        end_user_reference: Some("user_12345"),
        quote: None,
        detail: None,
    }
}

fn text(body: Vec<u8>) -> String {
    String::from_utf8(body).unwrap()
}

const SAMPLE: &str = "{\"data\":{\"id\":\"019d511c-9fd2-7e71-b534-74e8abd855f1\",\
    \"amount\":\"100\",\"currency\":{\"iso\":\"EUR\"},\"status\":\"created\",\
    \"life_time\":1775542323,\"end_user_email\":\"guest@example.com\",\
    \"description\":\"Order 0512\",\
    \"payment_link\":\"https://payments.cryptoprocessing.com/payment/lLXLZ6Q8lCwFFRbyW0C1ET\",\
    \"foreign_id\":\"test_foreign_id_0512\",\"url_store\":\"https://example.com/store\",\
    \"end_user_reference\":\"user_12345\"}}";

#[test]
fn the_answer_to_create_is_the_documented_one() {
    assert_eq!(text(render_created(&sample())), SAMPLE);
    let detail = Some(DetailView::new(Environment::Live, 1_775_542_023));
    let with_detail = RequestView { detail, ..sample() };
    assert_eq!(text(render_created(&with_detail)), SAMPLE);
}

#[test]
fn absent_inputs_are_absent_and_given_urls_are_echoed() {
    let bare = RequestView {
        end_user_email: None,
        description: None,
        foreign_id: None,
        url_store: None,
        end_user_reference: None,
        url_success: Some("https://example.com/ok?a=1"),
        url_failed: Some("https://example.com/no"),
        payment_link: "https://pay.example.com/payment/0000000aaaaaaaaaaaaaaa",
        ..sample()
    };
    assert_eq!(
        text(render_created(&bare)),
        "{\"data\":{\"id\":\"019d511c-9fd2-7e71-b534-74e8abd855f1\",\"amount\":\"100\",\
         \"currency\":{\"iso\":\"EUR\"},\"status\":\"created\",\"life_time\":1775542323,\
         \"payment_link\":\"https://pay.example.com/payment/0000000aaaaaaaaaaaaaaa\",\
         \"url_success\":\"https://example.com/ok?a=1\",\
         \"url_failed\":\"https://example.com/no\"}}"
    );
}

#[test]
fn fixed_mode_adds_address_amount_and_window() {
    let asset = usdt();
    let quote = quote(&asset);
    let fixed = RequestView { status: Status::Processing, quote: Some(quote), ..sample() };
    let expected = SAMPLE.replace("\"created\"", "\"processing\"").replace(
        "\"user_12345\"}}",
        "\"user_12345\",\"payment_request_address\":{\
         \"id\":\"019d511c-a0b1-7c22-8f0e-5d2b7c1e9a44\",\
         \"currency\":{\"iso\":\"USDT\",\"network_name\":\"tron\"},\
         \"convert_to\":{\"iso\":\"EUR\"},\
         \"address\":\"TQn9Y2khEsLJW1ChVWFMSMeRDow5KcbLSE\",\"tag\":null},\
         \"currency_sent\":{\"currency\":{\"iso\":\"USDT\",\"network_name\":\"tron\"},\
         \"expected_amount\":\"115.6\",\"received_amount\":\"0\",\"remaining_amount\":\"115.6\"},\
         \"fixed_at\":1775538723,\"expires_at\":1775542323,\"valid_until\":1775542323}}",
    );
    assert_eq!(text(render_created(&fixed)), expected);
}

#[test]
fn ours_adds_what_happened() {
    let asset = usdt();
    let transactions = [TransactionView::deposit(
        "019d511d-0001-7000-8000-000000000001",
        &asset,
        "TQn9Y2khEsLJW1ChVWFMSMeRDow5KcbLSE",
        "120",
        "f1e2",
        0,
    )];
    let cases = [CaseView {
        id: "019d511d-0002-7000-8000-000000000002",
        kind: "over",
        currency: (&asset).into(),
        amount: "4.4",
        txid: None,
        reason: "4.4 USDT more than asked for arrived.",
        created_at: 1_775_538_800,
    }];
    let detail = DetailView {
        finality: Some(FinalityView::new(Needed::Confirmations(19), Some(57))),
        full_amount_seen: true,
        transactions: &transactions,
        cases: &cases,
        behind: Some(BehindView {
            network_name: "tron",
            read_until: 1_775_538_700,
            note: "tron is read with delay; the clock is stopped.",
        }),
        ..DetailView::new(Environment::Sandbox, 1_775_538_723)
    };
    let view = RequestView { detail: Some(detail), ..sample() };
    let expected = SAMPLE.replace(
        "\"user_12345\"}}",
        "\"user_12345\",\"environment\":\"sandbox\",\"created_at\":1775538723,\"ended_at\":null,\
         \"reason\":null,\"finality\":{\"confirmations\":19,\"called\":null,\
         \"usual_seconds\":57},\"full_amount_seen\":true,\"transactions\":[{\
         \"id\":\"019d511d-0001-7000-8000-000000000001\",\
         \"currency\":{\"iso\":\"USDT\",\"network_name\":\"tron\"},\
         \"transaction_type\":\"blockchain\",\"type\":\"deposit\",\
         \"address\":\"TQn9Y2khEsLJW1ChVWFMSMeRDow5KcbLSE\",\"tag\":null,\"amount\":\"120\",\
         \"txid\":\"f1e2\",\"riskscore\":null,\"confirmations\":\"0\"}],\
         \"cases\":[{\"id\":\"019d511d-0002-7000-8000-000000000002\",\"type\":\"over\",\
         \"currency\":{\"iso\":\"USDT\",\"network_name\":\"tron\"},\"amount\":\"4.4\",\
         \"txid\":null,\"reason\":\"4.4 USDT more than asked for arrived.\",\
         \"created_at\":1775538800}],\"behind\":{\"network_name\":\"tron\",\
         \"read_until\":1775538700,\"note\":\"tron is read with delay; the clock is stopped.\"}}}",
    );
    assert_eq!(text(render_request(&view)), expected);
}

#[test]
fn a_network_that_must_say_it_itself_has_no_number() {
    for (needed, called) in [(Needed::Safe, "safe"), (Needed::Finalized, "finalized")] {
        let view = serde_json::to_value(FinalityView::new(needed, None)).unwrap();
        let told = serde_json::json!({
            "confirmations": null, "called": called, "usual_seconds": null,
        });
        assert_eq!(view, told);
    }
}

#[test]
fn words_and_statuses_are_one_to_one() {
    for status in Status::ALL {
        assert_eq!(Status::parse(status.as_str()), Some(status));
        assert_eq!(serde_json::to_value(status).unwrap(), status.as_str());
    }
    assert_eq!(Status::parse("Paid"), None);
}

fn quote(asset: &AssetId) -> QuoteView<'_> {
    QuoteView {
        payment_request_address: AddressView {
            id: "019d511c-a0b1-7c22-8f0e-5d2b7c1e9a44",
            currency: asset.into(),
            convert_to: EUR,
            address: "TQn9Y2khEsLJW1ChVWFMSMeRDow5KcbLSE",
            tag: None,
        },
        currency_sent: CurrencySentView {
            currency: asset.into(),
            expected_amount: "115.6",
            received_amount: "0",
            remaining_amount: "115.6",
        },
        fixed_at: 1_775_538_723,
        expires_at: 1_775_542_323,
        valid_until: 1_775_542_323,
    }
}
