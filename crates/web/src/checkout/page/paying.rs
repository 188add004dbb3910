//! What to send, where and until when, and how far it has come.

use super::Page;
use crate::{
    checkout::{
        qr,
        view::{Counts, Needed, Pay, Seen},
    },
    text::Html,
};

/// Confirmations up to which each is a dot; more are said in words alone.
const MOST_DOTS: u32 = 12;

/// Schemes of links that open a wallet; anything else is not made a link.
const WALLET_SCHEMES: [&str; 7] =
    ["bitcoin", "bitcoincash", "dogecoin", "ethereum", "litecoin", "solana", "tron"];

impl Page<'_> {
    /// Whether the address is no longer to be used, though the network has not yet said that
    /// nothing came in time. Never while the clock stands still.
    pub(super) fn is_over(&self, pay: &Pay) -> bool {
        pay.until <= self.view.now && !self.view.network_behind
    }

    pub(super) fn qr_to_pay(&self, pay: &Pay) -> Option<Html> {
        let label = self.t.pay_qr_label.with("amount", self.full(&pay.amount, &pay.coin));
        qr::svg(&pay.qr, &label.with("address", &pay.address).plain())
    }

    pub(super) fn qr_to_page(&self, pay: &Pay) -> Option<Html> {
        qr::svg(&pay.page_url, self.t.pay_phone_label.raw())
    }

    pub(super) fn wallet_link<'v>(&self, pay: &'v Pay) -> Option<&'v str> {
        let link = pay.wallet_link.as_deref()?;
        let (scheme, _) = link.split_once(':')?;
        WALLET_SCHEMES.contains(&scheme.to_ascii_lowercase().as_str()).then_some(link)
    }

    pub(super) fn in_time(&self, pay: &Pay) -> Html {
        let until = self.time(&pay.until);
        Html::trusted(match pay.counts {
            Counts::WhenSeen => self.t.pay_counts_seen.html("time", until).to_string(),
            Counts::WhenConfirmed => {
                let wait = self.wait(&pay.usual_wait_seconds);
                self.t.pay_counts_confirmed.html("time", until).with("wait", wait).to_string()
            }
        })
    }

    pub(super) fn confirmations(&self, seen: &Seen) -> String {
        match seen.needed {
            Needed::Confirmations { have, need } => {
                self.t.seen_confirmations.with("have", have.min(need)).with("need", need).plain()
            }
            Needed::Safe => self.t.seen_safe.with("network", &seen.coin.network).plain(),
            Needed::Finalized => self.t.seen_finalized.with("network", &seen.coin.network).plain(),
        }
    }

    /// One for each confirmation, true where it is there; none where there are too many.
    pub(super) fn dots(&self, seen: &Seen) -> Vec<bool> {
        match seen.needed {
            Needed::Confirmations { have, need } if need <= MOST_DOTS => {
                (0..need).map(|dot| dot < have).collect()
            }
            _ => Vec::new(),
        }
    }
}
