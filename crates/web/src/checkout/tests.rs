//! Rules every page keeps, checked on every sample.

use std::{collections::BTreeSet, fs, path::Path};

use super::{ASSETS, CheckoutState, CheckoutView, colour::Colour, render, samples::samples};
use crate::text::Text;

/// The values of an attribute, in the order of the page.
fn values<'h>(html: &'h str, attribute: &str) -> Vec<&'h str> {
    let start = format!(" {attribute}=\"");
    html.split(&start).skip(1).filter_map(|rest| rest.split('"').next()).collect()
}

/// The opening tags of a page, without what stands between them.
fn tags(html: &str) -> Vec<&str> {
    html.split('<').skip(1).filter_map(|rest| rest.split_once('>')).map(|(tag, _)| tag).collect()
}

fn sample(name: &str) -> CheckoutView {
    let found = samples().into_iter().find(|(sample, _)| sample == name);
    found.unwrap_or_else(|| panic!("no sample {name}")).1
}

/// What a page must say, by the part of its name after the language.
fn own_words(name: &str, t: &Text, shop: &str) -> Vec<String> {
    let coin = t.coin_on_network.with("coin", "USDC").with("network", "Polygon").plain();
    let behind = t.behind_title.with("network", "Polygon").to_string();
    let full = |amount: &str| {
        let amount = format!("{amount}\u{a0}USDC");
        t.coin_on_network.with("coin", amount).with("network", "Polygon").plain()
    };
    let late = t.arrived_late.with("amount", "108.43\u{a0}USDC").with("shop", shop).to_string();
    let plain = match name {
        "choose" => vec![t.choose_search, t.unavailable_network, t.unavailable_rate],
        "choose-short" => vec![t.sandbox, t.choose_heading, t.unavailable_small],
        "choose-problem" => vec![t.problem_coin_gone, t.email_label],
        "choose-email-problem" => vec![t.problem_email],
        "pay" | "pay-bitcoin" | "hostile" => {
            vec![t.pay_address, t.pay_only_why, t.already_paid, t.already_close]
        }
        "seen" => vec![t.seen_heading, t.seen_close],
        "seen-finalized" => vec![t.seen_heading, t.seen_mail],
        "pay-over" => vec![t.pay_time_over, t.pay_over_why, t.pay_new_price, t.already_paid],
        "part-paid-over" => vec![t.pay_time_over, t.pay_over_why, t.already_paid],
        "paid" => vec![t.paid_receipt, t.paid_keep],
        "expired" => vec![t.expired_heading, t.expired_withdrawn],
        "failed" | "failed-not-confirmed" => vec![t.failed_heading, t.failed_do_not_send],
        "cancelled" => vec![t.cancelled_do_not_send],
        "cancelled-unseen" => vec![t.cancelled_nothing],
        "restricted" => vec![t.restricted_heading, t.restricted_next],
        "choose-often" => vec![t.problem_changed_too_often],
        "no-coins" => vec![t.no_coins_heading, t.no_coins_why],
        "no-rates" => vec![t.no_rates_heading, t.no_rates_why],
        "not-found" => vec![t.not_found_heading],
        "unavailable" => vec![t.unavailable_heading],
        _ => vec![],
    };
    let filled = match name {
        "choose-changing" => t.choose_changing.with("coin", coin).to_string(),
        "pay-soon" => t.left_short.with("left", t.unit_minutes.with("n", 4)).to_string(),
        "pay-behind" | "seen-behind" | "part-paid-behind" => behind,
        "seen-safe" => t.seen_safe.with("network", "Polygon").plain(),
        "part-paid" => t.part_heading.with("missing", full("40.00")).to_string(),
        "paid-surplus" => {
            t.paid_surplus.with("surplus", full("11.57")).with("shop", shop).to_string()
        }
        "pay-uncounted" => {
            let words = t.uncounted.with("amount", "12.00\u{a0}USDT").with("shop", shop);
            words.to_string()
        }
        "expired-late" | "cancelled-late" => late,
        "expired-no-coin" => t.expired_no_coin.raw().split('{').next().unwrap_or("").to_owned(),
        _ => String::new(),
    };
    let words = plain.iter().map(|phrase| phrase.with("", "").to_string()).chain([filled]);
    words.filter(|word| !word.is_empty()).collect()
}

#[test]
fn every_state_says_its_own_words_in_every_language() {
    for (name, view) in samples() {
        let (_, html) = render(&view);
        let (_, state) = name.split_once('-').expect("language and state");
        let words = own_words(state, view.language.text(), &view.shop.name);
        assert!(!words.is_empty(), "{name} has no words of its own");
        for word in words {
            assert!(html.contains(&word), "{name} does not say: {word}");
        }
        assert!(html.contains(&format!("<html lang=\"{}\"", view.language.tag())), "{name}");
    }
}

#[test]
fn every_state_has_a_sample_and_the_names_are_unique() {
    let names: BTreeSet<_> = samples().into_iter().map(|(name, _)| name).collect();
    assert_eq!(names.len(), samples().len());
    let words: BTreeSet<_> = samples().iter().map(|(_, view)| view.state.word()).collect();
    assert_eq!(words.len(), 13);
}

#[test]
fn no_page_needs_what_a_strict_content_policy_refuses() {
    for (name, view) in samples() {
        let (_, html) = render(&view);
        for tag in tags(&html) {
            assert!(!tag.contains(" style="), "{name}: {tag}");
            assert!(!tag.starts_with("style"), "{name}: {tag}");
            assert!(!tag.starts_with("script") || tag.contains(" src=\"/"), "{name}: {tag}");
            let handler = tag.split(' ').any(|part| part.starts_with("on") && part.contains('='));
            assert!(!handler || tag.contains("value=\""), "{name}: {tag}");
            assert!(!tag.contains("src=\"http"), "{name}: {tag}");
            assert!(!tag.starts_with("link") || tag.contains(" href=\"/"), "{name}: {tag}");
            assert!(!tag.starts_with("form") || tag.contains(" action=\"/payment/"), "{tag}");
        }
        let script = |href: &&str| href.starts_with("javascript");
        assert!(!values(&html, "href").iter().any(script), "{name}");
    }
}

#[test]
fn ids_are_unique_and_everything_referred_to_is_there() {
    for (name, view) in samples() {
        let (_, html) = render(&view);
        let ids = values(&html, "id");
        let set: BTreeSet<_> = ids.iter().copied().collect();
        assert_eq!(ids.len(), set.len(), "{name}: {ids:?}");
        let references = ["for", "aria-describedby"].map(|attribute| values(&html, attribute));
        for id in references.concat().iter().flat_map(|value| value.split(' ')) {
            assert!(set.contains(id), "{name} refers to {id}");
        }
    }
}

#[test]
fn texts_from_outside_stay_text() {
    let (_, html) = render(&sample("en-hostile"));
    assert!(html.contains("&#60;script&#62;alert(1)"), "the description is shown as text");
    assert!(!html.contains("<script>"));
    assert!(!html.contains("href=\"javascript") && !html.contains("href=\"data:"));
    assert!(html.contains("{amount}"), "a description is not searched for places");
}

#[test]
fn the_shops_contact_stands_on_every_state_of_its_payments() {
    let knows = |view: &CheckoutView| view.shop.support.is_some();
    for (name, view) in samples().into_iter().filter(|(_, view)| knows(view)) {
        let (_, html) = render(&view);
        let support = view.shop.support.unwrap_or_default();
        let footer = html.split_once("<footer>").map_or("", |(_, footer)| footer);
        assert!(footer.contains(&support), "{name}");
    }
}

#[test]
fn an_ended_payment_shows_no_address_and_no_code() {
    let payable = |state: &CheckoutState| matches!(state.word(), "pay" | "part-paid");
    let over = |name: &str| name.ends_with("-over");
    let all = samples().into_iter();
    for (name, view) in all.filter(|(name, view)| over(name) || !payable(&view.state)) {
        let (_, html) = render(&view);
        assert!(!html.contains("id=\"address\"") && !html.contains("class=\"qr\""), "{name}");
    }
}

#[test]
fn what_is_copied_is_exactly_the_address_and_the_plain_amount() {
    let (_, html) = render(&sample("de-pay-bitcoin"));
    let copied = values(&html, "data-copy");
    let address = "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4";
    assert_eq!(copied, ["0.00123457", address, "order-1042"]);
    assert_eq!(values(&html, "data-said")[0], "0.00123457\u{a0}BTC kopiert");
}

#[test]
fn the_status_says_what_the_page_says() {
    let status = |name| render(&sample(name)).0;
    assert_eq!(status("en-pay"), 200);
    assert_eq!(status("en-expired"), 200);
    assert_eq!(status("en-choose-problem"), 422);
    assert_eq!(status("en-not-found"), 404);
    assert_eq!(status("en-no-rates"), 503);
}

#[test]
fn the_version_follows_what_is_shown_and_not_the_clock() {
    let view = sample("en-seen");
    let later = CheckoutView {
        now: view.now.plus(coffer_domain::time::Span::from_hours(1)),
        ..view.clone()
    };
    assert_eq!(view.version(), later.version());
    assert_ne!(view.version(), sample("en-seen-finalized").version());
    assert_ne!(view.version(), sample("en-seen-behind").version());
    let pay = sample("en-pay");
    let over = CheckoutView { now: later.now, ..pay.clone() };
    assert_ne!(pay.version(), over.version(), "the end of the time is news");
}

#[test]
fn a_language_chosen_on_the_page_is_kept_by_its_forms() {
    let view = CheckoutView { language_asked: true, ..sample("de-pay") };
    let (_, html) = render(&view);
    let actions = values(&html, "action");
    assert!(actions.iter().all(|action| action.ends_with("?language=de")), "{actions:?}");
    assert!(html.contains("?language=de&#38;choose=1"), "changing the coin keeps it, too");
}

#[test]
fn only_pages_that_await_something_reload_without_a_script() {
    let reloads = |name| render(&sample(name)).1.contains("http-equiv=\"refresh\"");
    assert!(["en-pay", "en-seen", "en-part-paid", "en-no-rates"].iter().all(|name| reloads(name)));
    assert!(!["en-choose", "en-paid", "en-expired"].iter().any(|name| reloads(name)));
}

#[test]
fn every_direction_and_asset_is_our_own() {
    for asset in ASSETS {
        assert!(!asset.body.contains("http://") || asset.path.ends_with(".svg"), "{}", asset.path);
        assert!(!asset.body.contains("https://"), "{}", asset.path);
    }
    let css = ASSETS[0].body;
    for physical in ["left:", "right:", "-left", "-right", "text-align: left"] {
        assert!(!css.contains(physical), "the stylesheet says {physical}");
    }
    for (name, view) in samples() {
        let html = render(&view).1;
        let direction = if name.starts_with("ar-") { "rtl" } else { "ltr" };
        assert!(html.contains(&format!("dir=\"{direction}\">\n<head>")), "{name}");
    }
}

/// The tokens of one theme: the first `:root` is light, the second dark.
fn tokens(theme: usize) -> impl Fn(&str) -> Colour {
    let css = ASSETS[0].body;
    let block = css.split(":root {").nth(theme + 1).and_then(|rest| rest.split('}').next());
    let block = block.expect("two themes");
    move |name| {
        let line = format!("--{name}: ");
        let value = block.split(&line).nth(1).and_then(|rest| rest.split(';').next());
        Colour::parse(value.expect(name)).expect(name)
    }
}

#[test]
fn every_pair_of_colours_has_its_contrast_in_both_themes() {
    for token in [0, 1].map(tokens) {
        let pairs = [
            ("ink", "card"),
            ("ink", "calm-ground"),
            ("ink", "warn-ground"),
            ("ink", "bad-ground"),
            ("muted", "card"),
            ("muted", "calm-ground"),
            ("accent-ink", "accent"),
            ("accent-text", "card"),
            ("accent-text", "calm-ground"),
            ("good", "card"),
            ("good", "calm-ground"),
            ("warn", "card"),
            ("warn", "warn-ground"),
            ("bad", "card"),
            ("bad", "bad-ground"),
        ];
        for (ink, ground) in pairs {
            assert!(token(ink).contrast_is(token(ground), 450), "{ink} on {ground}");
        }
        assert!(token("control").contrast_is(token("card"), 300));
        assert!(token("control").contrast_is(token("calm-ground"), 300));
    }
}

/// Leaves every sample under `target/checkout-samples`, to be looked at in a browser.
#[test]
fn every_sample_can_be_looked_at() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/checkout-samples");
    fs::create_dir_all(folder.join("static")).expect("a folder");
    for (name, view) in samples() {
        fs::write(folder.join(format!("{name}.html")), render(&view).1).expect("written");
    }
    for asset in ASSETS {
        fs::write(folder.join(asset.path.trim_start_matches('/')), asset.body).expect("written");
    }
}
