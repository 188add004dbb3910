//! Who holds how many connections: one client must not hold them all.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    sync::{Arc, Mutex, PoisonError},
};

use crate::settings::ServerSettings;

/// The connections of each client.
#[derive(Default)]
pub(super) struct Places(Mutex<HashMap<IpAddr, usize>>);

/// A client's place, given back when dropped.
pub(super) struct Place {
    places: Arc<Places>,
    client: IpAddr,
}

/// A client holds all the connections that one may.
#[derive(Debug)]
pub(super) struct TooMany;

impl Places {
    /// A place for one more connection of a client. Trusted proxies bring many clients, so they
    /// need none.
    pub(super) fn take(
        self: &Arc<Self>,
        peer: IpAddr,
        settings: &ServerSettings,
    ) -> Result<Option<Place>, TooMany> {
        if settings.trusted_proxies.iter().any(|range| range.contains(peer)) {
            return Ok(None);
        }
        let client = client(peer);
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = held.entry(client).or_insert(0);
        if *count >= settings.max_connections_per_client {
            return Err(TooMany);
        }
        *count += 1;
        Ok(Some(Place { places: Arc::clone(self), client }))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut held = self.places.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = held.get_mut(&self.client) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                held.remove(&self.client);
            }
        }
    }
}

/// Who an address belongs to: over IPv6 a client is given a network of 64 bits, so that he may have
/// as many addresses as he likes.
fn client(peer: IpAddr) -> IpAddr {
    match peer.to_canonical() {
        IpAddr::V4(v4) => IpAddr::V4(v4),
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & (u128::MAX << 64))),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn settings() -> ServerSettings {
        ServerSettings {
            listen: "127.0.0.1:0".parse().unwrap(),
            public_url: None,
            trusted_proxies: vec!["10.0.0.0/8".parse().unwrap()],
            max_connections: 100,
            max_connections_per_client: 2,
            header_timeout: Duration::from_secs(1),
            shutdown_timeout: Duration::from_secs(1),
        }
    }

    #[test]
    fn a_client_has_so_many_connections_and_gets_them_back() {
        let (places, settings) = (Arc::new(Places::default()), settings());
        let take = |peer: &str| places.take(peer.parse().unwrap(), &settings);
        let (first, second) = (take("203.0.113.5"), take("::ffff:203.0.113.5"));
        assert!(first.is_ok() && second.is_ok());
        assert!(take("203.0.113.5").is_err(), "he has two");
        assert!(take("203.0.113.6").is_ok(), "another has his own");
        drop(first);
        assert!(take("203.0.113.5").is_ok());
    }

    #[test]
    fn a_network_of_64_bits_is_one_client_and_a_trusted_proxy_is_many() {
        let (places, settings) = (Arc::new(Places::default()), settings());
        let take = |peer: &str| places.take(peer.parse().unwrap(), &settings);
        let _held = (take("2001:db8::1"), take("2001:db8::2"));
        assert!(take("2001:db8::3").is_err());
        assert!(take("2001:db8:0:1::1").is_ok());
        let proxied: Vec<_> = (0..5).map(|_| take("10.0.0.7")).collect();
        assert!(proxied.iter().all(Result::is_ok));
    }
}
