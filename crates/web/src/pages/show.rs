//! From what the engine knows of a payment to what its page shows.

use coffer_domain::{
    merchant::Environment,
    money::{AssetId, Units, format_decimal},
    payment_request::{
        self as domain, CaseKind, PaidWhen, PaymentRequest, Quote, Stage, TrackedTransfer,
    },
    time::Timestamp,
    transfer::TransferReference,
};
use coffer_engine::{engine::Engine, payment_request::CheckoutFacts, quote::LOCK_MAX};

use super::{Asked, coins};
use crate::checkout::{
    Cancelled, CheckoutState, CheckoutView, Choose, Coin, Counts, EmailField, Expired, FailReason,
    Failed, Needed, Paid, PartPaid, Pay, Price, ReturnUrls, Seen, Shop, Transaction,
};

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
        uncounted: page.uncounted(),
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
            Stage::Expired { at, .. } => CheckoutState::Expired(Expired {
                at: *at,
                coin: self.request.current_quote().and_then(|quote| self.coin(quote)),
                arrived_late: self.arrived_late(),
            }),
            Stage::Cancelled { at, .. } => CheckoutState::Cancelled(Cancelled {
                at: *at,
                address_shown: !self.request.quotes.is_empty(),
                arrived_late: self.arrived_late(),
            }),
            Stage::Restricted { .. } => CheckoutState::Restricted,
            Stage::Processing | Stage::Paid { .. } | Stage::Failed { .. } => self.quoted(asked),
        }
    }

    /// What needs a coin to be told. Where the settings no longer know the coin, its decimals are
    /// unknown, and a wrong amount would be worse than none.
    fn quoted(&self, asked: &Asked) -> CheckoutState {
        let known = self.request.paying_quote().and_then(|quote| Some((quote, self.coin(quote)?)));
        let Some((quote, coin)) = known else {
            tracing::error!(request = %self.request.id.text(), "the coin of a payment is unknown");
            return CheckoutState::Unavailable;
        };
        match &self.request.stage {
            Stage::Paid { at, by } => self.paid(quote, coin, *at, by),
            Stage::Failed { at } => self.failed(quote, coin, *at),
            _ => self.processing(quote, coin, asked),
        }
    }

    fn choose(&self) -> CheckoutState {
        if self.facts.offers.is_empty() {
            let rates = self.facts.rates_missing;
            return if rates { CheckoutState::NoRates } else { CheckoutState::NoCoins };
        }
        let chosen = self.request.current_quote();
        let open_until = self.request.valid_until;
        let lock = open_until.since(self.facts.now).min(LOCK_MAX);
        let email = match self.facts.email_known {
            true => EmailField::Known,
            false => EmailField::Ask(String::new()),
        };
        CheckoutState::Choose(Choose {
            coins: coins::choices(&self.facts.offers, chosen),
            email,
            open_until,
            lock_seconds: u32::try_from(lock.seconds()).unwrap_or(0),
            changing_from: chosen.and_then(|quote| self.coin(quote)),
            problem: None,
        })
    }

    fn processing(&self, quote: &Quote, coin: Coin, asked: &Asked) -> CheckoutState {
        let can_change = self.request.may_change_coin(self.facts.now);
        if asked.choosing && can_change && !self.facts.offers.is_empty() {
            return self.choose();
        }
        let seen = self.request.seen(quote);
        if self.request.full_amount_seen() {
            return CheckoutState::Seen(Seen {
                coin,
                received: self.amount(quote, seen),
                needed: self.needed(quote),
                usual_wait_seconds: self.remaining_wait(quote),
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
            received_per_mille: coins::per_mille(seen, quote.expected),
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
        quote: &Quote,
        coin: Coin,
        at: Timestamp,
        by: &[TransferReference],
    ) -> CheckoutState {
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

    fn failed(&self, quote: &Quote, coin: Coin, at: Timestamp) -> CheckoutState {
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
        let quoted = |transfer: &&TrackedTransfer| {
            transfer.is_live() && self.request.quote_of(transfer).is_some()
        };
        let late = self.request.transfers.iter().filter(quoted);
        let first = late.clone().next()?.asset;
        let units = late
            .filter(|transfer| transfer.asset == first)
            .fold(0_u128, |sum, transfer| sum.saturating_add(transfer.units.get()));
        coins::sum(self.engine.catalogue(), first, Units::new(units))
    }

    /// What arrived and does not count, with its ticker, coin by coin: another token, another
    /// address, or too late where the state does not tell of that.
    fn uncounted(&self) -> Vec<String> {
        let late_told =
            matches!(self.request.stage, Stage::Expired { .. } | Stage::Cancelled { .. });
        let mut sums: Vec<(AssetId, u128)> = Vec::new();
        for case in &self.facts.cases {
            let tells = match CaseKind::parse(&case.kind) {
                Some(CaseKind::WrongToken | CaseKind::SecondAddress) => true,
                Some(CaseKind::Late) => !late_told,
                _ => false,
            };
            let Some(units) = case.units.parse::<u128>().ok().filter(|_| tells) else { continue };
            match sums.iter_mut().find(|(asset, _)| *asset == case.asset) {
                Some((_, sum)) => *sum = sum.saturating_add(units),
                None => sums.push((case.asset, units)),
            }
        }
        let catalogue = self.engine.catalogue();
        let text = |(asset, units)| coins::sum(catalogue, asset, Units::new(units));
        sums.into_iter().filter_map(text).collect()
    }

    fn coin(&self, quote: &Quote) -> Option<Coin> {
        coins::coin(self.engine.catalogue(), quote.asset)
    }

    fn amount(&self, quote: &Quote, units: Units) -> String {
        let decimals = self.engine.catalogue().asset(quote.asset).map_or(0, |asset| asset.decimals);
        format_decimal(units, decimals)
    }

    /// What one coin is worth; none where the price is in that very coin.
    fn rate(&self, quote: &Quote) -> Option<String> {
        if self.request.price.currency.iso() == quote.asset.iso {
            return None;
        }
        let place = self.request.quotes.iter().position(|other| other.id == quote.id)?;
        self.facts.stored.rates.get(place).map(|rate| coins::rounded(&rate.rate))
    }

    fn needed(&self, quote: &Quote) -> Needed {
        match quote.needed {
            domain::Needed::Safe => Needed::Safe,
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
        let decimals =
            self.engine.catalogue().asset(transfer.asset).map_or(0, |asset| asset.decimals);
        Transaction {
            hash: transfer.reference.transaction.clone(),
            amount: format_decimal(transfer.units, decimals),
        }
    }

    fn usual_wait(&self, quote: &Quote) -> u32 {
        self.engine.usual_seconds(quote).unwrap_or(0)
    }

    /// How long it still takes, usually: by the blocks that are missing where they are counted.
    fn remaining_wait(&self, quote: &Quote) -> u32 {
        let network = self.engine.catalogue().network(quote.asset.network);
        match (self.needed(quote), network) {
            (Needed::Confirmations { have, need }, Some(network)) => {
                network.block_seconds.saturating_mul(need.saturating_sub(have).max(1))
            }
            _ => self.usual_wait(quote),
        }
    }
}
