//! What a watermark brings: the stage, what the merchant is told, and the cases. Everything that
//! was told or opened is remembered in the request, so that it happens once.

use std::collections::BTreeMap;

use super::{
    CaseKind, Effect, OpenedCase, PaymentRequest, Settled, Stage, Told, TrackedTransfer,
    tally::{Share, Tally, sum},
};
use crate::{
    callback::CallbackKind,
    money::{AssetId, Units},
};

/// A transfer of less than this part of what was expected gets no callback of its own. It counts
/// like any other and is listed in the next callback; but anybody can send a thousand of them.
const TOLD_PART: u128 = 1_000;

/// What the merchant is to be told of transfers; each at most once a watermark, because a callback
/// lists all transfers.
#[derive(Default)]
struct News {
    transaction: bool,
    late: bool,
    reversal: bool,
}

impl PaymentRequest {
    /// Decides on everything that was noted. The stage's own callback comes first, then what is
    /// told of transfers, then the cases.
    pub(super) fn settle(&mut self) -> Vec<Effect> {
        let tally = Tally::of(self);
        let mut effects = Vec::new();
        let was_open = self.is_open();
        let ending = if self.stage == Stage::Processing { tally.ending(self) } else { None };
        if let Some(ending) = ending {
            self.stage = ending.stage;
            self.paid_quote = ending.paid_quote;
            effects.extend(told_at_the_end(&self.stage).map(Effect::Callback));
        }
        let mut news = self.tell(&tally, was_open);
        let mut cases = self.open_cases(&tally, &mut news);
        cases.extend(self.reverse(&tally, was_open, &mut news));
        let callbacks = [
            (news.transaction, CallbackKind::Transaction),
            (news.late, CallbackKind::LatePayment),
            (news.reversal, CallbackKind::Reversal),
        ];
        let told = callbacks.into_iter().filter(|(due, _)| *due);
        effects.extend(told.map(|(_, kind)| Effect::Callback(kind)));
        effects.extend(cases.into_iter().map(Effect::OpenCase));
        effects
    }

    /// A decision is about to end the request: what is there is known, what is not has gone, and
    /// only what comes later is a late payment.
    pub(super) fn know_what_is_there(&mut self) {
        let tally = Tally::of(self);
        for (transfer, share) in self.transfers.iter_mut().zip(tally.shares) {
            match transfer.told {
                _ if share.is_none() => {}
                _ if transfer.is_live() => transfer.told = Told::Seen,
                Told::Seen => transfer.told = Told::Gone,
                Told::Nothing | Told::Gone | Told::Late => {}
            }
        }
    }

    /// Finds out what the merchant does not know of the transfers. While the request is open he is
    /// told of those in the window, when they come and when they go; a change of stage tells of
    /// them too. Afterwards he is told of whatever comes, as a late payment.
    fn tell(&mut self, tally: &Tally, was_open: bool) -> News {
        let is_open = self.is_open();
        let mut news = News::default();
        for (transfer, share) in self.transfers.iter_mut().zip(&tally.shares) {
            let Some(share) = share else { continue };
            let known = transfer.told;
            let expected = self.quotes.get(share.quote).map_or(Units::ZERO, |one| one.expected);
            let worth_telling = transfer.units.get().saturating_mul(TOLD_PART) >= expected.get();
            if was_open && known == Told::Seen && !transfer.is_live() {
                transfer.told = Told::Gone;
                // A reversal is told as such.
                news.transaction |= worth_telling && is_open && !transfer.is_reversed();
            } else if was_open && matches!(known, Told::Nothing | Told::Gone) && share.in_window {
                transfer.told = Told::Seen;
                news.transaction |= worth_telling && is_open;
            } else if !is_open && matches!(known, Told::Nothing | Told::Gone) && transfer.is_live()
            {
                transfer.told = Told::Late;
                news.late |= worth_telling;
            }
        }
        news
    }

    /// Settles the money of every final transfer that can be settled, and opens the cases it makes.
    fn open_cases(&mut self, tally: &Tally, news: &mut News) -> Vec<OpenedCase> {
        let mut cases = Vec::new();
        let mut under: BTreeMap<AssetId, Units> = BTreeMap::new();
        let paid = self.quotes.iter().find(|quote| Some(quote.id) == self.paid_quote);
        let paid = paid.map(|quote| (quote.asset, quote.address.clone()));
        for (transfer, share) in self.transfers.iter_mut().zip(&tally.shares) {
            if transfer.settled.is_some() || !transfer.is_final() {
                continue;
            }
            let to_paid = paid.as_ref().is_some_and(|(asset, address)| {
                transfer.asset == *asset && transfer.address == *address
            });
            transfer.settled = settled(&self.stage, transfer, share.as_ref(), to_paid);
            match transfer.settled {
                None | Some(Settled::Payment) => {}
                Some(Settled::Case(CaseKind::Under)) => {
                    let total = under.entry(transfer.asset).or_default();
                    *total = sum(*total, transfer.units);
                }
                Some(Settled::Case(kind)) => {
                    news.late |= kind == CaseKind::Late && transfer.told != Told::Late;
                    if kind == CaseKind::Late {
                        transfer.told = Told::Late;
                    }
                    cases.push(case_of(kind, transfer));
                }
            }
        }
        let kind = CaseKind::Under;
        cases.extend(under.into_iter().map(|(asset, units)| OpenedCase {
            kind,
            asset,
            units,
            transfer: None,
        }));
        cases.extend(self.open_surplus());
        cases
    }

    /// The part of the surplus for which no case was opened yet.
    fn open_surplus(&mut self) -> Option<OpenedCase> {
        let paid = self.quotes.iter().find(|quote| Some(quote.id) == self.paid_quote)?;
        let asset = paid.asset;
        let surplus = self.surplus();
        let units = surplus.saturating_sub(self.over_opened);
        self.over_opened = self.over_opened.max(surplus);
        let kind = CaseKind::Over;
        (units > Units::ZERO).then_some(OpenedCase { kind, asset, units, transfer: None })
    }

    /// Transfers that were final and have gone, as far as that is news; and those that are final
    /// again, which the merchant of an ended request is told of like a late payment. He is not told
    /// of another token than the quoted, which was never part of the payment; its case is enough.
    fn reverse(&mut self, tally: &Tally, was_open: bool, news: &mut News) -> Vec<OpenedCase> {
        let mut cases = Vec::new();
        for (transfer, share) in self.transfers.iter_mut().zip(&tally.shares) {
            if transfer.is_reversed() && !transfer.reversal_told {
                transfer.reversal_told = true;
                news.reversal |= share.is_some();
                cases.push(case_of(CaseKind::Reversed, transfer));
            } else if transfer.is_final() && transfer.reversal_told {
                transfer.reversal_told = false;
                news.late |= share.is_some() && !was_open;
            }
        }
        cases
    }
}

/// What a final transfer's money is, at this stage; none while that cannot be said.
fn settled(
    stage: &Stage,
    transfer: &TrackedTransfer,
    share: Option<&Share>,
    to_paid: bool,
) -> Option<Settled> {
    let Some(share) = share else { return Some(Settled::Case(CaseKind::WrongToken)) };
    let kind = match stage {
        Stage::Created | Stage::Processing => return None,
        Stage::Paid { .. } if share.pays && to_paid => return Some(Settled::Payment),
        Stage::Paid { .. } if share.pays => CaseKind::SecondAddress,
        Stage::Failed { .. } if share.pays => CaseKind::Under,
        // What was there when screening refused is held; only what came later goes back.
        Stage::Restricted { .. } if transfer.told != Told::Late => return None,
        _ => CaseKind::Late,
    };
    Some(Settled::Case(kind))
}

fn case_of(kind: CaseKind, transfer: &TrackedTransfer) -> OpenedCase {
    let reference = Some(transfer.reference.clone());
    OpenedCase { kind, asset: transfer.asset, units: transfer.units, transfer: reference }
}

const fn told_at_the_end(stage: &Stage) -> Option<CallbackKind> {
    match stage {
        Stage::Created | Stage::Processing => None,
        Stage::Paid { .. } => Some(CallbackKind::Paid),
        Stage::Failed { .. } => Some(CallbackKind::Failed),
        Stage::Expired { with_rate: true, .. } => Some(CallbackKind::ExpiredWithRate),
        Stage::Expired { with_rate: false, .. } => Some(CallbackKind::ExpiredWithoutRate),
        Stage::Cancelled { .. } => Some(CallbackKind::Cancelled),
        Stage::Restricted { .. } => Some(CallbackKind::Restricted),
    }
}
