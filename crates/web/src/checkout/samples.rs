//! One view for every state in every language: for tests, for screenshots, for the eye.

mod states;

use coffer_domain::time::{Span, Timestamp};

use super::view::{CheckoutState, CheckoutView, Price, ReturnUrls, Shop};
use crate::text::Language;

/// The time at which every sample is shown: 13:34 UTC on 22 November 2026.
const NOW: Timestamp = Timestamp::from_seconds(1_795_354_440);

/// Every sample with its name, `en-pay` and so on; the names are unique.
#[must_use]
pub fn samples() -> Vec<(String, CheckoutView)> {
    Language::ALL.into_iter().flat_map(in_language).collect()
}

fn in_language(language: Language) -> Vec<(String, CheckoutView)> {
    let named = |(name, view): (&str, CheckoutView)| (format!("{}-{name}", language.tag()), view);
    let with = |state| view(language, state);
    let behind = |state| CheckoutView { network_behind: true, ..with(state) };
    let sandbox = |state| CheckoutView { sandbox: true, ..with(state) };
    let bare = |state| CheckoutView {
        shop: Shop { name: "Kiosk".to_owned(), ..Shop::default() },
        order: None,
        urls: ReturnUrls::default(),
        ..with(state)
    };
    [
        ("choose", with(states::choose())),
        ("choose-short", sandbox(states::choose_short())),
        ("choose-changing", with(states::choose_changing())),
        ("choose-problem", with(states::choose_problem())),
        ("choose-often", with(states::choose_often())),
        ("choose-email-problem", with(states::choose_email_problem())),
        ("pay", with(states::pay())),
        ("pay-bitcoin", sandbox(states::pay_bitcoin())),
        ("pay-soon", with(states::pay_soon())),
        ("pay-over", with(states::pay_over())),
        ("pay-behind", behind(states::pay())),
        ("pay-uncounted", CheckoutView { uncounted: states::uncounted(), ..with(states::pay()) }),
        ("seen", with(states::seen())),
        ("seen-safe", with(states::seen_safe())),
        ("seen-finalized", with(states::seen_finalized())),
        ("seen-behind", behind(states::seen())),
        ("part-paid", with(states::part_paid())),
        ("part-paid-over", with(states::part_paid_over())),
        ("part-paid-behind", behind(states::part_paid())),
        ("paid", with(states::paid())),
        ("paid-surplus", with(states::paid_surplus())),
        ("expired", with(states::expired())),
        ("expired-late", with(states::expired_late())),
        ("expired-no-coin", with(states::expired_no_coin())),
        ("failed", with(states::failed())),
        ("failed-not-confirmed", bare(states::failed_not_confirmed())),
        ("cancelled", with(states::cancelled())),
        ("cancelled-late", with(states::cancelled_late())),
        ("cancelled-unseen", bare(states::cancelled_unseen())),
        ("restricted", with(CheckoutState::Restricted)),
        ("no-rates", with(CheckoutState::NoRates)),
        ("no-coins", with(CheckoutState::NoCoins)),
        ("hostile", hostile(language)),
        ("not-found", CheckoutView::not_found(language, NOW)),
        ("unavailable", CheckoutView::unavailable(language, NOW)),
    ]
    .map(named)
    .into()
}

fn view(language: Language, state: CheckoutState) -> CheckoutView {
    let order = match language {
        Language::English => "Order #1042: two mountain cheeses",
        Language::German => "Bestellung 1042: zwei Bergkäse",
        Language::Arabic => "طلب 1042: قرصا جبن جبلي",
    };
    CheckoutView {
        shop: Shop {
            name: "Alpine Dairy".to_owned(),
            logo: None,
            support: Some("help@dairy.example".to_owned()),
            terms_url: Some("https://dairy.example/terms".to_owned()),
            privacy_url: Some("https://dairy.example/privacy".to_owned()),
            accent: None,
        },
        order: Some(order.to_owned()),
        reference: "order-1042".to_owned(),
        price: Price { amount: "100.00".to_owned(), currency: "EUR".to_owned() },
        state,
        uncounted: Vec::new(),
        language,
        language_asked: false,
        now: NOW,
        token: "0dR7kQ2mVb5XtYw9LpA3Zc".to_owned(),
        urls: ReturnUrls {
            store: Some("https://dairy.example/basket".to_owned()),
            success: Some("https://dairy.example/thanks".to_owned()),
            failed: Some("https://dairy.example/again".to_owned()),
        },
        sandbox: false,
        network_behind: false,
    }
}

/// Texts from outside that try to be markup; they stay text.
fn hostile(language: Language) -> CheckoutView {
    const SCRIPT: &str = "<script>alert(1)</script>";
    CheckoutView {
        shop: Shop {
            name: format!("\"{SCRIPT}"),
            support: Some("javascript:alert(1)".to_owned()),
            terms_url: Some("javascript:alert(1)".to_owned()),
            privacy_url: Some("data:text/html,x".to_owned()),
            ..Shop::default()
        },
        order: Some(format!("' onclick=x {SCRIPT} {{amount}}")),
        urls: ReturnUrls { store: Some("javascript:alert(1)".to_owned()), ..ReturnUrls::default() },
        ..view(language, states::pay_hostile())
    }
}

fn minutes(from_now: i64) -> Timestamp {
    NOW.plus(Span::from_minutes(from_now))
}
