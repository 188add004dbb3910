//! From what the engine knows of a payment to what its page shows.

use coffer_domain::{
    catalogue::{Asset, Catalogue, Network},
    merchant::Environment,
    money::{Units, format_decimal},
    payment_request::{self as domain, PaidWhen, PaymentRequest, Quote, Stage, TrackedTransfer},
};
use coffer_engine::{
    engine::Engine,
    payment_request::{CheckoutFacts, CoinOffer},
    quote::LOCK_MAX,
};

use crate::{
    checkout::{
        Cancelled, CheckoutState, CheckoutView, Choose, Coin, CoinChoice, Counts, EmailField,
        Expired, FailReason, Failed, Needed, Paid, PartPaid, Pay, Price, ReturnUrls, Seen, Shop,
        Transaction,
    },
    text::Language,
};

/// How a page was asked for.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    /// The language it is shown in.
    pub(super) language: Language,
    /// The language the customer chose on the page.
    pub(super) chosen: Option<Language>,
    /// Whether he wants to see the list of coins again.
    pub(super) choosing: bool,
}

/// The view of a payment.
pub(super) fn view_of(engine: &Engine, facts: &CheckoutFacts, asked: &Asked) -> CheckoutView {
    let stored = &facts.stored;
    let merchant = &facts.merchant;
    let page = Showing { engine, facts, request: &stored.request };
    CheckoutView {
        shop: Shop {
            name: merchant.name.clone(),
            logo: None,
            support: merchant.support.clone(),
            terms_url: merchant.terms_url.clone(),
            privacy_url: merchant.privacy_url.clone(),
            accent: merchant.accent.clone(),
        },
        order: stored.description.clone().or_else(|| stored.foreign_id.clone()),
        reference: stored.foreign_id.clone().unwrap_or_else(|| stored.request.id.text()),
        price: Price {
            amount: stored.price_text.clone(),
            currency: stored.request.price.currency.iso().to_string(),
        },
        state: page.state(asked),
        language: asked.language,
        language_asked: asked.chosen.is_some(),
        now: facts.now,
        token: stored.token.to_string(),
        urls: ReturnUrls {
            store: stored.url_store.clone(),
            success: stored.url_success.clone().or_else(|| stored.url_store.clone()),
            failed: stored.url_failed.clone().or_else(|| stored.url_store.clone()),
        },
        sandbox: stored.request.scope.environment == Environment::Sandbox,
        network_behind: facts.behind.is_some(),
    }
}

struct Showing<'a> {
    engine: &'a Engine,
    facts: &'a CheckoutFacts,
    request: &'a PaymentRequest,
}

impl Showing<'_> {
    fn state(&self, asked: &Asked) -> CheckoutState {
        match &self.request.stage {
            Stage::Created if self.facts.now >= self.request.window_end() => {
                let at = self.request.window_end();
                CheckoutState::Expired(Expired { at, coin: None, arrived_late: None })
            }
            Stage::Created => self.choose(),
            Stage::Processing => self.processing(asked),
            Stage::Paid { at, by } => self.paid(*at, by),
            Stage::Expired { at, .. } => CheckoutState::Expired(Expired {
                at: *at,
                coin: self.request.current_quote().and_then(|quote| self.coin(quote)),
                arrived_late: self.arrived_late(),
            }),
            Stage::Failed { at } => self.failed(*at),
            Stage::Cancelled { at, .. } => CheckoutState::Cancelled(Cancelled {
                at: *at,
                address_shown: !self.request.quotes.is_empty(),
                arrived_late: self.arrived_late(),
            }),
            Stage::Restricted { .. } => CheckoutState::Restricted,
        }
    }

    fn choose(&self) -> CheckoutState {
        if self.facts.offers.is_empty() {
            return CheckoutState::NoRates;
        }
        let soonest = self.facts.offers.iter().map(|offer| offer.usual_wait).min();
        let chosen = self.request.current_quote();
        let mut coins: Vec<CoinChoice> = self
            .facts
            .offers
            .iter()
            .map(|offer| choice(offer, soonest == Some(offer.usual_wait), chosen))
            .collect();
        let several = coins.iter().any(|coin| !coin.fastest);
        coins.iter_mut().for_each(|coin| coin.fastest &= several);
        let open_until = self.request.valid_until;
        let lock = open_until.since(self.facts.now).min(LOCK_MAX);
        CheckoutState::Choose(Choose {
            coins,
            email: if self.facts.email_known {
                EmailField::Known
            } else {
                EmailField::Ask(String::new())
            },
            open_until,
            lock_seconds: u32::try_from(lock.seconds()).unwrap_or(0),
            changing_from: chosen.and_then(|quote| self.coin(quote)),
            problem: None,
        })
    }

    fn processing(&self, asked: &Asked) -> CheckoutState {
        let can_change = self.request.may_change_coin(self.facts.now);
        if asked.choosing && can_change && !self.facts.offers.is_empty() {
            return self.choose();
        }
        let Some(quote) = self.request.paying_quote() else { return CheckoutState::NoRates };
        let Some(coin) = self.coin(quote) else { return CheckoutState::NoRates };
        let seen = self.request.seen(quote);
        if self.request.full_amount_seen() {
            return CheckoutState::Seen(Seen {
                coin,
                received: self.amount(quote, seen),
                needed: self.needed(quote),
                usual_wait_seconds: self.usual_wait(quote),
                will_mail: false,
                transactions: self.transactions(quote),
            });
        }
        let pay = self.pay(quote, coin, can_change);
        if seen == Units::ZERO {
            return CheckoutState::Pay(pay);
        }
        CheckoutState::PartPaid(PartPaid {
            expected: self.amount(quote, quote.expected),
            received: self.amount(quote, seen),
            received_per_mille: per_mille(seen, quote.expected),
            rest: pay,
        })
    }

    fn pay(&self, quote: &Quote, coin: Coin, can_change: bool) -> Pay {
        Pay {
            coin,
            amount: self.amount(quote, quote.expected.saturating_sub(self.request.seen(quote))),
            address: quote.address.clone(),
            qr: quote.address.clone(),
            wallet_link: self.facts.wallet_link.clone(),
            rate: self.rate(quote),
            from: quote.locked_at,
            until: self.request.window_end_of(quote),
            counts: match self.request.policy.paid_when {
                PaidWhen::SeenInWindow => Counts::WhenSeen,
                PaidWhen::ConfirmedInWindow => Counts::WhenConfirmed,
            },
            usual_wait_seconds: self.usual_wait(quote),
            can_change,
            page_url: self.engine.payment_link(&self.facts.stored),
        }
    }

    fn paid(
        &self,
        at: coffer_domain::time::Timestamp,
        by: &[coffer_domain::transfer::TransferReference],
    ) -> CheckoutState {
        let Some(quote) = self.request.paying_quote() else { return CheckoutState::NotFound };
        let Some(coin) = self.coin(quote) else { return CheckoutState::NotFound };
        let surplus = self.request.surplus();
        let paid_by = by.iter().filter_map(|reference| self.request.transfer(reference));
        CheckoutState::Paid(Paid {
            coin,
            expected: self.amount(quote, quote.expected),
            received: self.amount(quote, self.request.seen(quote)),
            surplus: (surplus != Units::ZERO).then(|| self.amount(quote, surplus)),
            rate: self.rate(quote),
            at,
            transactions: paid_by.map(|transfer| self.transaction(transfer)).collect(),
        })
    }

    fn failed(&self, at: coffer_domain::time::Timestamp) -> CheckoutState {
        let Some(quote) = self.request.paying_quote() else { return CheckoutState::NotFound };
        let Some(coin) = self.coin(quote) else { return CheckoutState::NotFound };
        CheckoutState::Failed(Failed {
            at,
            coin,
            expected: self.amount(quote, quote.expected),
            received: self.amount(quote, self.request.seen(quote)),
            reason: if self.request.full_amount_seen() {
                FailReason::NotConfirmed
            } else {
                FailReason::TooLittle
            },
        })
    }

    /// What arrived after the end, with its ticker; the first of several coins.
    fn arrived_late(&self) -> Option<String> {
        let live = self.request.transfers.iter().filter(|transfer| transfer.is_live());
        let first = live.clone().next()?;
        let units = live
            .filter(|transfer| transfer.asset == first.asset)
            .fold(0_u128, |sum, transfer| sum.saturating_add(transfer.units.get()));
        let asset = self.catalogue().asset(first.asset)?;
        Some(format!("{} {}", format_decimal(Units::new(units), asset.decimals), asset.id.iso))
    }

    fn coin(&self, quote: &Quote) -> Option<Coin> {
        let asset = self.catalogue().asset(quote.asset)?;
        let network = self.catalogue().network(quote.asset.network)?;
        Some(coin(asset, network))
    }

    fn amount(&self, quote: &Quote, units: Units) -> String {
        let decimals = self.catalogue().asset(quote.asset).map_or(0, |asset| asset.decimals);
        format_decimal(units, decimals)
    }

    /// What one coin is worth; none where the price is in that very coin.
    fn rate(&self, quote: &Quote) -> Option<String> {
        if self.request.price.currency.iso() == quote.asset.iso {
            return None;
        }
        let place = self.request.quotes.iter().position(|other| other.id == quote.id)?;
        self.facts.stored.rates.get(place).map(|rate| rounded(&rate.rate))
    }

    fn needed(&self, quote: &Quote) -> Needed {
        match quote.needed {
            domain::Needed::Finalized => Needed::Finalized,
            domain::Needed::Confirmations(need) => {
                let have = self.counted(quote).map(TrackedTransfer::confirmations).min();
                Needed::Confirmations { have: have.unwrap_or(0).min(need), need }
            }
        }
    }

    fn counted<'a>(&'a self, quote: &'a Quote) -> impl Iterator<Item = &'a TrackedTransfer> {
        let counts = move |transfer: &&TrackedTransfer| {
            transfer.is_live()
                && self.request.quote_of(transfer).is_some_and(|other| other.id == quote.id)
        };
        self.request.transfers.iter().filter(counts)
    }

    fn transactions(&self, quote: &Quote) -> Vec<Transaction> {
        self.counted(quote).map(|transfer| self.transaction(transfer)).collect()
    }

    fn transaction(&self, transfer: &TrackedTransfer) -> Transaction {
        let decimals = self.catalogue().asset(transfer.asset).map_or(0, |asset| asset.decimals);
        Transaction {
            hash: transfer.reference.transaction.clone(),
            amount: format_decimal(transfer.units, decimals),
        }
    }

    fn usual_wait(&self, quote: &Quote) -> u32 {
        let block = self.catalogue().network(quote.asset.network).map_or(0, |n| n.block_seconds);
        match quote.needed {
            domain::Needed::Confirmations(count) => block.saturating_mul(count),
            domain::Needed::Finalized => block,
        }
    }

    fn catalogue(&self) -> &Catalogue {
        self.engine.catalogue()
    }
}

fn choice(offer: &CoinOffer, fastest: bool, chosen: Option<&Quote>) -> CoinChoice {
    let id = offer.asset.id;
    CoinChoice {
        value: format!("{}:{}", id.iso, id.network),
        coin: coin(&offer.asset, &offer.network),
        stable: offer.asset.pegged_to.is_some(),
        total: Some(format_decimal(offer.expected, offer.asset.decimals)),
        usual_wait_seconds: u32::try_from(offer.usual_wait.seconds()).unwrap_or(u32::MAX),
        network_fee: None,
        cheapest: false,
        fastest,
        selected: chosen.is_some_and(|quote| quote.asset == id),
        unavailable: None,
    }
}

fn coin(asset: &Asset, network: &Network) -> Coin {
    Coin {
        code: asset.id.iso.to_string(),
        name: asset.title.clone(),
        network: network.title.clone(),
        contract: asset.contract.clone(),
    }
}

fn per_mille(part: Units, whole: Units) -> u32 {
    let parts = part.get().saturating_mul(1_000).checked_div(whole.get().max(1));
    u32::try_from(parts.unwrap_or(1_000).min(1_000)).unwrap_or(1_000)
}

/// A rate as people read it: two decimals above one, else eight, cut off.
fn rounded(rate: &str) -> String {
    let (whole, fraction) = rate.split_once('.').unwrap_or((rate, ""));
    let digits = if whole == "0" { 8 } else { 2 };
    let kept = fraction.get(..digits).unwrap_or(fraction).trim_end_matches('0');
    if kept.is_empty() { whole.to_owned() } else { format!("{whole}.{kept}") }
}
