//! What a checkout page shows, apart from how: filled by whoever knows the payment request,
//! written by [`render`](super::render). Amounts are plain decimals (`108.42`), rounded already.

mod ended;
mod quoted;

pub use ended::{Cancelled, Expired, FailReason, Failed, Paid};
pub use quoted::{Coin, Counts, Needed, PartPaid, Pay, Seen, Transaction};

use coffer_domain::time::Timestamp;

use crate::text::Language;

/// Everything one page shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckoutView {
    /// Whose page it is; nameless where that is not known.
    pub shop: Shop,
    /// What is paid for, in the merchant's words: the description, or else the `foreign_id`.
    pub order: Option<String>,
    /// What the customer names when he writes to the shop: `foreign_id` or the request's id.
    pub reference: String,
    /// What the merchant asks for.
    pub price: Price,
    /// Where the payment stands, with what that state shows.
    pub state: CheckoutState,
    /// What arrived and does not count for this payment, each with its ticker: another token, or
    /// an address that was replaced.
    pub uncounted: Vec<String>,
    /// The language of the page.
    pub language: Language,
    /// Whether the customer chose that language on the page; links then keep it.
    pub language_asked: bool,
    /// The server's time of rendering; all countdowns run against it.
    pub now: Timestamp,
    /// The token of the payment link.
    pub token: String,
    /// Ways back to the shop.
    pub urls: ReturnUrls,
    /// Whether no real money moves; said on every page.
    pub sandbox: bool,
    /// Whether the network of the chosen coin is read with delay, so that the clock stands still.
    /// Shown while something is awaited.
    pub network_behind: bool,
}

/// The merchant as customers see it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Default)]
pub struct Shop {
    /// Its name.
    pub name: String,
    /// Path of its logo on this server; a letter stands in.
    pub logo: Option<String>,
    /// How it is reached: an e-mail address or an https URL.
    pub support: Option<String>,
    /// Terms the customer accepts by proceeding.
    pub terms_url: Option<String>,
    /// Its privacy page.
    pub privacy_url: Option<String>,
    /// Its colour as `#rrggbb`; see [`accent_css`](super::accent_css).
    pub accent: Option<String>,
}

/// What the merchant asks for.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Default)]
pub struct Price {
    /// How much.
    pub amount: String,
    /// In what: an ISO 4217 code or a coin's ticker.
    pub currency: String,
}

/// The URLs given when the request was created.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Default)]
pub struct ReturnUrls {
    /// The page of the shop the customer came from.
    pub store: Option<String>,
    /// Where he goes once paid.
    pub success: Option<String>,
    /// Where he goes when it failed.
    pub failed: Option<String>,
}

/// Where the payment stands, as the customer sees it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum CheckoutState {
    /// A coin is to be chosen.
    Choose(Choose),
    /// A coin is chosen and nothing was seen yet.
    Pay(Pay),
    /// Enough was seen and confirms.
    Seen(Seen),
    /// Something arrived in time, but not enough.
    PartPaid(PartPaid),
    /// Paid.
    Paid(Paid),
    /// The time is over and nothing was seen.
    Expired(Expired),
    /// The time is over and what arrived does not pay.
    Failed(Failed),
    /// The merchant withdrew it.
    Cancelled(Cancelled),
    /// A check refused the payer's funds.
    Restricted,
    /// No coin has a price now.
    NoRates,
    /// No coin can be taken now, for another reason, such as networks read with delay.
    NoCoins,
    /// There is no such payment.
    NotFound,
    /// The server cannot show the payment now.
    Unavailable,
}

/// A coin is to be chosen.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Choose {
    /// The coins, in the order they are shown; those that can be taken first.
    pub coins: Vec<CoinChoice>,
    /// The e-mail field.
    pub email: EmailField,
    /// Until when the request stays open.
    pub open_until: Timestamp,
    /// For how many seconds a rate will hold.
    pub lock_seconds: u32,
    /// The coin chosen before, when this is a change of coin.
    pub changing_from: Option<Coin>,
    /// Why the last try did not go through.
    pub problem: Option<ChooseProblem>,
}

/// A coin that may be chosen.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CoinChoice {
    /// What the form sends, such as `USDC:polygon`.
    pub value: String,
    /// The coin.
    pub coin: Coin,
    /// Whether it claims to hold the value of a currency; such coins are listed apart.
    pub stable: bool,
    /// How much of it is to arrive; none while it cannot be taken.
    pub total: Option<String>,
    /// Seconds from sending to final, usually.
    pub usual_wait_seconds: u32,
    /// What the network takes from the payer, usually, where that is known.
    pub network_fee: Option<Price>,
    /// Whether its network fee is the least of the list.
    pub cheapest: bool,
    /// Whether it is final soonest of the list.
    pub fastest: bool,
    /// Whether it is chosen already.
    pub selected: bool,
    /// Why it cannot be taken now.
    pub unavailable: Option<Unavailable>,
}

/// Why a coin cannot be taken now.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Unavailable {
    /// Its network cannot be read now.
    NetworkBehind,
    /// It has no price now.
    NoRate,
    /// The price is below the smallest payment worth taking in it.
    TooSmall,
}

/// The optional e-mail field of the first page.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum EmailField {
    /// The merchant gave an address already; nothing is asked.
    Known,
    /// Asked for; with what was typed on the last try.
    Ask(String),
}

/// Why proceeding did not go through.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ChooseProblem {
    /// No coin was chosen.
    NoCoin,
    /// The coin can no longer be taken.
    CoinGone,
    /// The e-mail address is not one.
    Email,
    /// Too many tries from here.
    TooManyTries,
    /// The coin of this payment was changed as often as it may be.
    ChangedTooOften,
}

impl CheckoutView {
    /// The page for a link that leads nowhere; it tells nothing about any shop.
    #[must_use]
    pub fn not_found(language: Language, now: Timestamp) -> Self {
        Self::nameless(CheckoutState::NotFound, language, now)
    }

    /// The page for a payment that cannot be read now, such as when the database is away.
    #[must_use]
    pub fn unavailable(language: Language, now: Timestamp) -> Self {
        Self::nameless(CheckoutState::Unavailable, language, now)
    }

    /// What distinguishes this page from an earlier one of the same payment: the entity tag of
    /// the state route and the id of live events. Changes with anything shown
    /// but the time, and when the time is over. A list of coins keeps its version while prices
    /// move, since nobody is to be disturbed who reads it.
    #[must_use]
    pub fn version(&self) -> String {
        super::version::of(self)
    }

    fn nameless(state: CheckoutState, language: Language, now: Timestamp) -> Self {
        Self {
            shop: Shop::default(),
            order: None,
            reference: String::new(),
            price: Price::default(),
            state,
            uncounted: Vec::new(),
            language,
            language_asked: false,
            now,
            token: String::new(),
            urls: ReturnUrls::default(),
            sandbox: false,
            network_behind: false,
        }
    }
}

impl CheckoutState {
    /// The word for this state in the page's markup and the state route.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Choose(_) => "choose",
            Self::Pay(_) => "pay",
            Self::Seen(_) => "seen",
            Self::PartPaid(_) => "part-paid",
            Self::Paid(_) => "paid",
            Self::Expired(_) => "expired",
            Self::Failed(_) => "failed",
            Self::Cancelled(_) => "cancelled",
            Self::Restricted => "restricted",
            Self::NoRates => "no-rates",
            Self::NoCoins => "no-coins",
            Self::NotFound => "not-found",
            Self::Unavailable => "unavailable",
        }
    }

    /// The HTTP status of the page.
    #[must_use]
    pub const fn status(&self) -> u16 {
        match self {
            Self::NotFound => 404,
            Self::NoRates | Self::NoCoins | Self::Unavailable => 503,
            Self::Choose(choose) => match choose.problem {
                Some(ChooseProblem::TooManyTries) => 429,
                Some(_) => 422,
                None => 200,
            },
            _ => 200,
        }
    }

    /// Whether the page keeps looking for news by itself.
    #[must_use]
    pub const fn is_live(&self) -> bool {
        !matches!(self, Self::NotFound)
    }

    /// Whether the page reloads itself where there is no script: where something is awaited and
    /// nothing is being typed.
    #[must_use]
    pub const fn reloads(&self) -> bool {
        matches!(
            self,
            Self::Pay(_)
                | Self::Seen(_)
                | Self::PartPaid(_)
                | Self::NoRates
                | Self::NoCoins
                | Self::Unavailable
        )
    }
}
