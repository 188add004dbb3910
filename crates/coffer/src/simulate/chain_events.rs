//! What happens on the chain, to its endpoint, and to the merchants' endpoints.

use coffer_domain::callback::DeliveryOutcome;

use super::{Trouble, ports::answered, random::mixed, run::Run};

/// Blocks mined between two looks at most, so that one look reads them all.
const UNREAD_MAX: u64 = 40;

impl Run {
    /// Blocks are mined.
    pub(super) async fn mine(&mut self, count: u64) -> Result<(), Trouble> {
        let unread = self.truth.tip().saturating_sub(self.cursor().await?.at.height);
        for _ in 0..count.min(UNREAD_MAX.saturating_sub(unread)) {
            let block = self.world.ledger().mine(1, self.now()).await.map_err(Trouble::outside)?;
            self.truth.mined(block.at.hash, block.time);
            self.count("block");
        }
        Ok(())
    }

    /// The chain is reorganised; what was in the blocks comes back, or is lost.
    pub(super) async fn reorganise(&mut self) -> Result<(), Trouble> {
        let depth = self.random.between(1, 4).min(self.truth.tip());
        if depth == 0 {
            return Ok(());
        }
        let unwound = u32::try_from(depth).unwrap_or(1);
        self.world.ledger().unwind(unwound).await.map_err(Trouble::outside)?;
        self.count(format!("reorganisation of {depth}"));
        for transaction in self.truth.unwound(depth) {
            if self.random.percent(40) {
                self.replace(&transaction).await?;
                self.count("payment lost in a reorganisation");
            } else {
                self.count("payment back in the pool");
            }
        }
        if self.random.percent(80) {
            let more = self.random.below(3);
            self.mine(depth + more).await?;
        }
        Ok(())
    }

    /// A pending transaction is dropped, or replaced by another that pays the same.
    pub(super) async fn drop_one(&mut self) -> Result<(), Trouble> {
        let pool = self.truth.pool();
        let Some(transaction) = self.random.one_of(&pool).cloned() else { return Ok(()) };
        self.replace(&transaction).await?;
        if self.random.percent(50) {
            self.count("payment dropped");
            return Ok(());
        }
        self.count("payment replaced");
        let Some(payment) = self.truth.payments.get(&transaction).cloned() else { return Ok(()) };
        let quotes = self.known.iter().flat_map(|known| &known.order.quotes);
        let quote = quotes.into_iter().find(|quote| quote.address == payment.address).cloned();
        match quote {
            Some(quote) => self.send(&quote, payment.asset, payment.units).await,
            None => self.broken("a payment to nobody"),
        }
    }

    async fn replace(&mut self, transaction: &str) -> Result<(), Trouble> {
        self.world.ledger().replace(transaction).await.map_err(Trouble::outside)?;
        self.truth.replaced(transaction);
        Ok(())
    }

    /// The chain's endpoint comes, goes or lags.
    pub(super) fn change_weather(&mut self) {
        let (down, lag) = match self.random.below(4) {
            0 => (true, 0),
            1 => (false, self.random.between(1, 3).min(self.truth.tip())),
            _ => (false, 0),
        };
        if (down, lag) != (self.down, self.lag) {
            self.count(match (down, lag) {
                (true, _) => "chain out of reach",
                (false, 0) => "chain in reach again",
                (false, _) => "chain lags",
            });
        }
        self.set_weather(down, lag);
    }

    /// The chain's endpoint is so.
    pub(super) fn set_weather(&mut self, down: bool, lag: u64) {
        (self.down, self.lag) = (down, lag);
        self.world.weather.set_down(down);
        self.world.weather.set_lag(lag);
    }

    /// The merchants' endpoints change their manners.
    pub(super) fn change_manners(&mut self) {
        let seed = self.random.number();
        match self.random.below(3) {
            0 => self.healthy_endpoints(),
            1 => {
                self.count("endpoints fail");
                self.world.endpoints.behave(|_| answered(500));
            }
            _ => {
                self.count("endpoints are flaky");
                // By what is sent and when, not by turns: attempts may run side by side.
                self.world.endpoints.behave(move |delivery| {
                    let id = delivery.id.bytes();
                    let at = u64::try_from(delivery.at.millis()).unwrap_or(0);
                    let chance =
                        id.iter().fold(seed ^ at, |all, byte| mixed(all ^ u64::from(*byte)));
                    match chance % 4 {
                        0 | 1 => answered(200),
                        2 => answered(503),
                        _ => DeliveryOutcome::NotSent { reason: "too slow".to_owned() },
                    }
                });
            }
        }
    }

    /// The merchants' endpoints take everything.
    pub(super) fn healthy_endpoints(&mut self) {
        self.world.endpoints.behave(|_| answered(200));
    }
}
