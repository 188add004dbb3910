//! The page as a template, and the words and pieces its parts ask for.

mod choosing;
mod links;
mod paying;

use askama::Template;

use super::{
    assets, clock, mark,
    view::{CheckoutState, CheckoutView, Choose, Coin, FailReason, Price},
};
use crate::text::{Html, Language, Text};
use coffer_domain::time::Timestamp;

/// The whole page.
#[derive(Template)]
#[template(path = "checkout/page.html")]
pub(super) struct Page<'a> {
    pub(super) view: &'a CheckoutView,
    pub(super) t: &'static Text,
}

impl Page<'_> {
    fn asset(&self, index: usize) -> &'static str {
        assets::URLS.get(index).map_or("", String::as_str)
    }

    /// A path of this payment, with the language the customer chose.
    fn path(&self, route: &str) -> String {
        let language = if self.view.language_asked {
            format!("?language={}", self.view.language.tag())
        } else {
            String::new()
        };
        format!("/payment/{}{route}{language}", self.view.token)
    }

    /// The query by which the script asks for this very page again.
    fn query(&self) -> String {
        let language = self.view.language_asked.then(|| self.view.language.tag());
        let language = language.map(|tag| format!("language={tag}"));
        let changing = matches!(
            &self.view.state,
            CheckoutState::Choose(Choose { changing_from: Some(_), .. })
        );
        let choose = changing.then(|| "choose=1".to_owned());
        language.into_iter().chain(choose).collect::<Vec<_>>().join("&")
    }

    /// The same page with the list of coins, where the address was shown already.
    fn change_path(&self) -> String {
        let page = self.path("");
        let mark = if page.contains('?') { '&' } else { '?' };
        format!("{page}{mark}choose=1")
    }

    fn other_languages(&self) -> impl Iterator<Item = Language> {
        let ours = self.view.language;
        Language::ALL.into_iter().filter(move |language| *language != ours)
    }

    fn title(&self) -> String {
        let state = match &self.view.state {
            CheckoutState::Choose(_) => self.t.choose_title,
            CheckoutState::Pay(pay) => {
                let amount = sum(&pay.amount, &pay.coin);
                return self.t.pay_title.with("amount", amount).plain();
            }
            CheckoutState::PartPaid(part) => {
                let missing = sum(&part.rest.amount, &part.rest.coin);
                return self.t.part_title.with("missing", missing).plain();
            }
            CheckoutState::Seen(_) => self.t.seen_title,
            CheckoutState::Paid(_) => self.t.paid_title,
            CheckoutState::Expired(_) => self.t.expired_title,
            CheckoutState::Failed(_) => self.t.failed_title,
            CheckoutState::Cancelled(_) => self.t.cancelled_title,
            CheckoutState::Restricted => self.t.restricted_title,
            CheckoutState::NoRates => self.t.no_rates_title,
            CheckoutState::NoCoins => self.t.no_coins_title,
            CheckoutState::NotFound => self.t.not_found_title,
            CheckoutState::Unavailable => self.t.unavailable_title,
        };
        state.to_string()
    }

    /// What the live region says when the page has become this one.
    fn headline(&self) -> String {
        match &self.view.state {
            CheckoutState::Seen(seen) => {
                format!("{} {}", self.t.seen_heading, self.confirmations(seen))
            }
            CheckoutState::Paid(_) => {
                self.t.paid_heading.with("shop", &self.view.shop.name).plain()
            }
            CheckoutState::Expired(_) => self.t.expired_heading.to_string(),
            CheckoutState::Failed(_) => self.t.failed_heading.to_string(),
            _ => self.title(),
        }
    }

    fn initial(&self) -> String {
        self.view.shop.name.chars().take(1).flat_map(char::to_uppercase).collect()
    }

    fn price(&self) -> String {
        self.money(&self.view.price)
    }

    fn money(&self, price: &Price) -> String {
        format!("{}\u{a0}{}", self.view.language.number(&price.amount), price.currency)
    }

    /// "USDC on Polygon".
    fn coin(&self, coin: &Coin) -> String {
        let text = self.t.coin_on_network;
        text.with("coin", &coin.code).with("network", &coin.network).plain()
    }

    /// "108.42 USDC on Polygon".
    fn full(&self, amount: &str, coin: &Coin) -> String {
        let text = self.t.coin_on_network;
        text.with("coin", sum(amount, coin)).with("network", &coin.network).plain()
    }

    fn sum(&self, amount: &str, coin: &Coin) -> String {
        sum(amount, coin)
    }

    fn strong(&self, text: &str) -> Html {
        Html::trusted(format!("<strong>{}</strong>", Html::text(text)))
    }

    fn mark(&self, coin: &Coin) -> Html {
        mark::svg(&coin.code)
    }

    fn rate(&self, rate: &str, coin: &Coin) -> String {
        let rate = self.view.language.number(rate);
        format!("1\u{a0}{} = {rate}\u{a0}{}", coin.code, self.view.price.currency)
    }

    /// Whether the script loads the page anew after a while, since nothing will announce news.
    fn tries_again(&self) -> bool {
        use CheckoutState as State;
        matches!(self.view.state, State::NoRates | State::NoCoins | State::Unavailable)
    }

    /// Whether the price is the page's heading, since no sentence is.
    fn price_is_heading(&self) -> bool {
        matches!(self.view.state, CheckoutState::Choose(_) | CheckoutState::Pay(_))
    }

    fn time(&self, at: &Timestamp) -> Html {
        clock::time(*at, self.view.now)
    }

    fn date_time(&self, at: &Timestamp) -> Html {
        clock::date_time(*at)
    }

    fn left(&self, until: &Timestamp) -> String {
        clock::span(until.since(self.view.now).seconds(), self.t)
    }

    fn seconds(&self, from: &Timestamp, until: &Timestamp) -> i64 {
        until.since(*from).seconds().max(0)
    }

    /// A span inside a sentence, which the script keeps up to date.
    fn live_left(&self, until: &Timestamp) -> Html {
        Html::trusted(format!("<span data-left>{}</span>", Html::text(self.left(until))))
    }

    fn wait(&self, seconds: &u32) -> String {
        clock::wait(*seconds, self.t)
    }

    fn grouped(&self, text: &str) -> Html {
        grouped(text)
    }

    fn transaction_id(&self, index: &usize) -> String {
        format!("transaction-{index}")
    }

    fn too_little(&self, reason: &FailReason) -> bool {
        *reason == FailReason::TooLittle
    }
}

/// "108.42 USDC", kept on one line.
fn sum(amount: &str, coin: &Coin) -> String {
    format!("{amount}\u{a0}{}", coin.code)
}

/// An address or hash whole, in groups of four for the eye. The gaps are no characters: what is
/// selected and copied is exactly `text`.
fn grouped(text: &str) -> Html {
    let prefix = if text.starts_with("0x") { 2 } else { 0 };
    let (prefix, rest) = text.split_at_checked(prefix).unwrap_or(("", text));
    let mut markup = String::with_capacity(text.len().saturating_mul(9));
    let mut push = |group: &str| {
        let group = Html::text(group);
        markup.push_str("<span>");
        markup.push_str(group.as_str());
        markup.push_str("</span><wbr>");
    };
    if !prefix.is_empty() {
        push(prefix);
    }
    let letters: Vec<char> = rest.chars().collect();
    letters.chunks(4).for_each(|group| push(&group.iter().collect::<String>()));
    Html::trusted(markup)
}

#[cfg(test)]
mod tests {
    use super::grouped;

    #[test]
    fn a_grouped_address_is_the_address_when_its_markup_is_taken_away() {
        for address in ["0x71C7656EC7ab88b098defB751B7401B5f6d8976F", "bc1q42lja79elem0anu", "é"] {
            let markup = grouped(address);
            let plain = markup.as_str().replace("<span>", "").replace("</span><wbr>", "");
            assert_eq!(plain, address);
        }
        assert!(grouped("0x71C7656E").as_str().starts_with("<span>0x</span><wbr><span>71C7<"));
    }
}
