//! How often one client may take an address: each costs the wallet a step of its gap.

use std::{net::IpAddr, num::NonZeroU32, sync::Arc, time::Duration};

use governor::{Quota, RateLimiter, middleware::NoOpMiddleware, nanos::Nanos};

use crate::rate_limit::{LimitClock, Monotonic};

/// Choices of a coin one client may make at once.
const BURST: NonZeroU32 = NonZeroU32::new(20).expect("not zero");
/// One more choice each so many seconds.
const EVERY: Duration = Duration::from_secs(15);

/// Clients remembered before those whose budget is full again are forgotten.
const REMEMBERED_MAX: usize = 10_000;

type Limiter = RateLimiter<
    IpAddr,
    governor::state::keyed::DefaultKeyedStateStore<IpAddr>,
    LimitClock,
    NoOpMiddleware<Nanos>,
>;

/// Counts choices of coins by client.
#[derive(Clone)]
pub(super) struct Tries(Arc<Limiter>);

impl Tries {
    pub(super) fn new(monotonic: Monotonic) -> Self {
        let quota = Quota::with_period(EVERY).unwrap_or(Quota::per_second(NonZeroU32::MIN));
        let store = governor::state::keyed::DefaultKeyedStateStore::default();
        let clock = LimitClock::new(monotonic);
        Self(Arc::new(RateLimiter::new(quota.allow_burst(BURST), store, clock)))
    }

    /// Counts one try; whether it may be made. Without an address nobody is counted.
    pub(super) fn may(&self, client: Option<IpAddr>) -> bool {
        client.is_none_or(|address| {
            if self.0.len() > REMEMBERED_MAX {
                self.0.retain_recent();
            }
            self.0.check_key(&network_of(address)).is_ok()
        })
    }
}

/// What counts as one client: an IPv4 address, or a /64 of IPv6, which one customer owns whole.
pub(super) fn network_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => {
            let bits = u128::from(address) & !u128::from(u64::MAX);
            IpAddr::V6(bits.into())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_that_takes_too_many_addresses_is_held_back_and_nobody_else() {
        let tries = Tries::new(Arc::new(|| Duration::from_secs(1)));
        let one = Some("192.0.2.1".parse().unwrap());
        let other = Some("192.0.2.2".parse().unwrap());
        assert!((0..20).all(|_| tries.may(one)));
        assert!(!tries.may(one));
        assert!(tries.may(other));
    }

    #[test]
    fn a_whole_ipv6_network_is_one_client() {
        let tries = Tries::new(Arc::new(|| Duration::from_secs(1)));
        let of = |text: &str| Some(text.parse().unwrap());
        assert!((0..20).all(|_| tries.may(of("2001:db8::1"))));
        assert!(!tries.may(of("2001:db8::ffff")));
        assert!(tries.may(of("2001:db8:0:1::1")));
    }
}
