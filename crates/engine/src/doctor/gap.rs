//! The gap meter. An ordinary wallet that is restored from its words looks for addresses until it
//! has seen a number of them in a row, its gap limit, that nobody paid. Whoever asks for payments
//! that are never made leaves longer gaps.

use coffer_store::{error::DbError, tx::Tx, wallet::Wallet};

use crate::{engine::Engine, error::EngineError};

/// How many addresses in a row ordinary wallets look at in vain.
pub(super) const USUAL_LIMIT: u32 = 20;
/// How many of a key's newest addresses are looked at.
const LOOKED_AT: u32 = 100_000;
/// Paid addresses are read in pages of so many.
const PAGE: u32 = 10_000;

/// How many addresses of a key in a row were given out and not paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Gap {
    /// Addresses given out.
    pub issued: u32,
    /// Those since the last paid one.
    pub unpaid: u32,
    /// The longest row of unpaid ones, that at the end included, among the newest hundred thousand.
    pub longest: u32,
}

impl Gap {
    /// From the numbers of the paid addresses, rising, of those from `from` on; the first address
    /// and the next have these numbers.
    fn of(paid: &[u32], from: u32, (first, end): (u32, u32)) -> Self {
        let (mut next, mut longest) = (from, 0);
        for number in paid {
            longest = longest.max(number.saturating_sub(next));
            next = number.saturating_add(1);
        }
        let unpaid = end.saturating_sub(next);
        Self { issued: end.saturating_sub(first), unpaid, longest: longest.max(unpaid) }
    }

    /// The gap limit that a restored wallet needs, where the usual one is too small: a round number
    /// with room for more.
    #[must_use]
    pub fn limit_needed(self) -> Option<u32> {
        limit_for(self.longest)
    }
}

/// The gap limit by which a restored wallet finds what lies behind so many unused addresses in a
/// row, where the usual one is too small: a round number with room for more.
#[must_use]
pub fn limit_for(unused: u32) -> Option<u32> {
    let needed = unused.saturating_add(USUAL_LIMIT).div_ceil(100).saturating_mul(100);
    (unused >= USUAL_LIMIT).then_some(needed)
}

impl Engine {
    /// Measures a key by its newest hundred thousand addresses.
    pub(crate) async fn gap_of(&self, wallet: &Wallet) -> Result<Gap, EngineError> {
        let (id, first, end) = (wallet.id, wallet.first_number, wallet.next_number);
        let lowest = first.max(end.saturating_sub(LOOKED_AT));
        let (mut from, mut paid) = (lowest, Vec::new());
        loop {
            let page = self
                .store()
                .read(async move |tx: &mut Tx<'_>| tx.paid_numbers_from(id, from, PAGE).await)
                .await
                .map_err(|error: DbError| error)?;
            let Some(last) = page.last() else { break };
            from = last.saturating_add(1);
            paid.extend(page);
        }
        Ok(Gap::of(&paid, lowest, (first, end)))
    }
}

#[cfg(test)]
mod tests {
    use super::Gap;

    #[test]
    fn a_gap_is_counted_between_payments_and_at_the_end() {
        let gap = |paid: &[u32], end| Gap::of(paid, 0, (0, end));
        assert_eq!(gap(&[], 0), Gap { issued: 0, unpaid: 0, longest: 0 });
        assert_eq!(gap(&[], 7), Gap { issued: 7, unpaid: 7, longest: 7 });
        assert_eq!(gap(&[0, 1, 2], 3), Gap { issued: 3, unpaid: 0, longest: 0 });
        assert_eq!(gap(&[0, 30, 31], 40), Gap { issued: 40, unpaid: 8, longest: 29 });
        assert_eq!(gap(&[4], 40), Gap { issued: 40, unpaid: 35, longest: 35 });
        // Of a very long list only the end is looked at.
        assert_eq!(Gap::of(&[105], 100, (0, 110)), Gap { issued: 110, unpaid: 4, longest: 5 });
        // What lies below the first address was not given out.
        assert_eq!(Gap::of(&[50], 50, (50, 52)), Gap { issued: 2, unpaid: 1, longest: 1 });
    }

    #[test]
    fn a_gap_that_ordinary_wallets_give_up_in_asks_for_a_larger_limit() {
        let needed = |longest| Gap { issued: 1_000, unpaid: 0, longest }.limit_needed();
        assert_eq!([needed(0), needed(19)], [None, None]);
        assert_eq!([needed(20), needed(80), needed(81)], [Some(100), Some(100), Some(200)]);
    }
}
