//! The page as a template, and the words and pieces its parts ask for.

use askama::Template;

use super::{
    assets, clock, mark, qr,
    view::{
        CheckoutState, CheckoutView, Choose, ChooseProblem, Coin, CoinChoice, Counts, EmailField,
        FailReason, Needed, Pay, Price, Seen, Unavailable,
    },
};
use crate::text::{Filled, Html, Language, Phrase, Text};
use coffer_domain::time::Timestamp;

/// Rows from which the list of coins gets a search field.
const SEARCH_ABOVE: usize = 8;

/// Confirmations up to which each is a dot; more are said in words alone.
const MOST_DOTS: u32 = 12;

/// Schemes of links that open a wallet; anything else is not made a link.
const WALLET_SCHEMES: [&str; 7] =
    ["bitcoin", "bitcoincash", "dogecoin", "ethereum", "litecoin", "solana", "tron"];

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

    /// The shop's contact as a link; its bare text where it is neither a mail address nor a URL.
    fn support(&self) -> Option<Html> {
        let support = self.view.shop.support.as_deref()?;
        let shown = support.strip_prefix("https://").unwrap_or(support);
        let target = match web_link(support) {
            Some(url) => url.to_owned(),
            None if support.contains('@') => format!("mailto:{support}"),
            None => return Some(Html::text(support)),
        };
        Some(anchor(&target, shown))
    }

    fn help(&self) -> Option<Filled> {
        let help = self.t.help.with("shop", &self.view.shop.name);
        self.support().map(|support| help.html("support", support))
    }

    /// What to do about money that went wrong.
    fn ask_shop(&self) -> Html {
        let asked = match self.support() {
            Some(support) => self.t.ask_shop.html("support", support),
            None => self.t.ask_shop_plain.with("shop", &self.view.shop.name),
        };
        Html::trusted(asked.to_string())
    }

    fn consent(&self) -> Option<Html> {
        let shop = &self.view.shop;
        let link = |url: &Option<String>, text: Phrase| {
            url.as_deref().and_then(web_link).map(|url| anchor(url, text.raw()))
        };
        let terms = link(&shop.terms_url, self.t.terms);
        let privacy = link(&shop.privacy_url, self.t.privacy);
        let terms = terms.map(|terms| {
            self.t.consent_terms.html("terms", terms).with("shop", &shop.name).to_string()
        });
        let privacy = privacy.map(|link| self.t.consent_privacy.html("privacy", link).to_string());
        let sentences: Vec<_> = terms.into_iter().chain(privacy).collect();
        (!sentences.is_empty()).then(|| Html::trusted(sentences.join(" ")))
    }

    /// The way back to the shop that fits the state.
    fn way_back(&self) -> Option<&str> {
        let urls = &self.view.urls;
        let first = match self.view.state {
            CheckoutState::Paid(_) => &urls.success,
            CheckoutState::Failed(_) | CheckoutState::Expired(_) | CheckoutState::Restricted => {
                &urls.failed
            }
            _ => &urls.store,
        };
        first.as_deref().or(urls.store.as_deref()).and_then(web_link)
    }

    /// Whether going back is the one thing to do, so that it gets the button.
    fn back_is_first(&self) -> bool {
        use CheckoutState as State;
        !matches!(
            self.view.state,
            State::Choose(_) | State::Pay(_) | State::PartPaid(_) | State::NotFound
        )
    }

    /// Whether the script loads the page anew after a while, since nothing will announce news.
    fn tries_again(&self) -> bool {
        matches!(self.view.state, CheckoutState::NoRates | CheckoutState::Unavailable)
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

    /// Whether the address is no longer to be used, though the network has not yet said that
    /// nothing came in time. Never while the clock stands still.
    fn is_over(&self, pay: &Pay) -> bool {
        pay.until <= self.view.now && !self.view.network_behind
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

    fn lock(&self, choose: &Choose) -> String {
        clock::span(i64::from(choose.lock_seconds), self.t)
    }

    fn qr_to_pay(&self, pay: &Pay) -> Option<Html> {
        let label = self.t.pay_qr_label.with("amount", self.full(&pay.amount, &pay.coin));
        qr::svg(&pay.qr, &label.with("address", &pay.address).plain())
    }

    fn qr_to_page(&self, pay: &Pay) -> Option<Html> {
        qr::svg(&pay.page_url, self.t.pay_phone_label.raw())
    }

    fn grouped(&self, text: &str) -> Html {
        grouped(text)
    }

    fn transaction_id(&self, index: &usize) -> String {
        format!("transaction-{index}")
    }

    fn wallet_link<'v>(&self, pay: &'v Pay) -> Option<&'v str> {
        let link = pay.wallet_link.as_deref()?;
        let (scheme, _) = link.split_once(':')?;
        WALLET_SCHEMES.contains(&scheme.to_ascii_lowercase().as_str()).then_some(link)
    }

    fn in_time(&self, pay: &Pay) -> Html {
        let until = self.time(&pay.until);
        Html::trusted(match pay.counts {
            Counts::WhenSeen => self.t.pay_counts_seen.html("time", until).to_string(),
            Counts::WhenConfirmed => {
                let wait = self.wait(&pay.usual_wait_seconds);
                self.t.pay_counts_confirmed.html("time", until).with("wait", wait).to_string()
            }
        })
    }

    fn confirmations(&self, seen: &Seen) -> String {
        match seen.needed {
            Needed::Confirmations { have, need } => {
                self.t.seen_confirmations.with("have", have.min(need)).with("need", need).plain()
            }
            Needed::Finalized => self.t.seen_finalized.with("network", &seen.coin.network).plain(),
        }
    }

    /// One for each confirmation, true where it is there; none where there are too many.
    fn dots(&self, seen: &Seen) -> Vec<bool> {
        match seen.needed {
            Needed::Confirmations { have, need } if need <= MOST_DOTS => {
                (0..need).map(|dot| dot < have).collect()
            }
            _ => Vec::new(),
        }
    }

    fn has_search(&self, choose: &Choose) -> bool {
        choose.coins.len() > SEARCH_ABOVE
    }

    /// The list in its parts: those that hold the value of a currency, then the others. One part
    /// without a heading while the list is short.
    fn groups<'c>(&self, choose: &'c Choose) -> Vec<Group<'c>> {
        let rows = || choose.coins.iter().enumerate();
        let part = |stable| rows().filter(|(_, row)| row.stable == stable).collect::<Vec<_>>();
        let (stable, others) = (part(true), part(false));
        if stable.is_empty() || others.is_empty() || choose.coins.len() < 4 {
            return vec![Group { title: None, rows: rows().collect() }];
        }
        vec![
            Group { title: Some(self.t.choose_stable), rows: stable },
            Group { title: Some(self.t.choose_coins), rows: others },
        ]
    }

    fn why_not(&self, reason: &Unavailable) -> Phrase {
        match reason {
            Unavailable::NetworkBehind => self.t.unavailable_network,
            Unavailable::NoRate => self.t.unavailable_rate,
            Unavailable::TooSmall => self.t.unavailable_small,
        }
    }

    fn fee(&self, row: &CoinChoice) -> String {
        match &row.network_fee {
            Some(fee) => self.t.choose_fee.with("fee", self.money(fee)).plain(),
            None => self.t.choose_fee_unknown.to_string(),
        }
    }

    fn problem(&self, problem: &ChooseProblem) -> Phrase {
        match problem {
            ChooseProblem::NoCoin => self.t.problem_no_coin,
            ChooseProblem::CoinGone => self.t.problem_coin_gone,
            ChooseProblem::Email => self.t.problem_email,
            ChooseProblem::TooManyTries => self.t.problem_too_many,
        }
    }

    fn is_about_email(&self, choose: &Choose) -> bool {
        choose.problem == Some(ChooseProblem::Email)
    }

    fn typed_email<'c>(&self, choose: &'c Choose) -> Option<&'c str> {
        match &choose.email {
            EmailField::Ask(typed) => Some(typed),
            EmailField::Known => None,
        }
    }

    fn too_little(&self, reason: &FailReason) -> bool {
        *reason == FailReason::TooLittle
    }
}

/// A part of the list of coins, each row with its number in the whole list.
struct Group<'a> {
    title: Option<Phrase>,
    rows: Vec<(usize, &'a CoinChoice)>,
}

/// "108.42 USDC", kept on one line.
fn sum(amount: &str, coin: &Coin) -> String {
    format!("{amount}\u{a0}{}", coin.code)
}

/// The URL, if a browser would leave for a web page by it.
fn web_link(url: &str) -> Option<&str> {
    (url.starts_with("https://") || url.starts_with("http://")).then_some(url)
}

fn anchor(target: &str, shown: &str) -> Html {
    let (target, shown) = (Html::text(target), Html::text(shown));
    Html::trusted(format!("<a href=\"{target}\" rel=\"noreferrer\">{shown}</a>"))
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
    use super::{anchor, grouped, web_link};

    #[test]
    fn a_grouped_address_is_the_address_when_its_markup_is_taken_away() {
        for address in ["0x71C7656EC7ab88b098defB751B7401B5f6d8976F", "bc1q42lja79elem0anu", "é"] {
            let markup = grouped(address);
            let plain = markup.as_str().replace("<span>", "").replace("</span><wbr>", "");
            assert_eq!(plain, address);
        }
        assert!(grouped("0x71C7656E").as_str().starts_with("<span>0x</span><wbr><span>71C7<"));
    }

    #[test]
    fn only_web_addresses_become_links() {
        assert_eq!(web_link("javascript:alert(1)"), None);
        assert_eq!(web_link("https://shop.example"), Some("https://shop.example"));
        assert!(!anchor("https://x/\"><b>", "<i>").as_str().contains("<b>"));
    }
}
