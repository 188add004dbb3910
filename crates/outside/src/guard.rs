//! Which addresses Coffer may speak to when somebody else chose the host: public ones only.
//!
//! A name can resolve to a public address when it is checked and to a private one when it is used.
//! So the check stands in the resolver itself: the connector gets only addresses that were judged.

use std::{
    error::Error,
    future::Future,
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    pin::Pin,
    sync::Arc,
};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// Says which addresses may be connected to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AddressGuard {
    allow_private_networks: bool,
}

/// A host that may not be spoken to. Names no address: what a private name resolves to is nobody's
/// business outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HostRefused {
    /// At least one of its addresses is not public.
    #[error("the host resolves to an address that is not public")]
    NotPublic,
    /// The name has no address, or the name server does not answer.
    #[error("the host name cannot be resolved")]
    Unresolved,
}

/// The future of one look-up.
pub type Found = Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send>>;

/// How a host name becomes addresses.
#[derive(Clone)]
pub enum Lookup {
    /// As the operating system does it (hosts file, name servers).
    System,
    /// By this function; for installations with a resolver of their own, and for tests.
    Custom(Arc<dyn Fn(&str) -> Found + Send + Sync>),
}

/// A resolver that hands on only addresses the guard allows.
#[derive(Clone)]
pub struct GuardedResolver {
    guard: AddressGuard,
    lookup: Lookup,
}

/// IPv4 ranges that are not the public internet (IANA special-purpose registry), prefix and length.
const FORBIDDEN_V4: [(Ipv4Addr, u32); 16] = [
    (Ipv4Addr::new(0, 0, 0, 0), 8),       // this network
    (Ipv4Addr::new(10, 0, 0, 0), 8),      // private
    (Ipv4Addr::new(100, 64, 0, 0), 10),   // shared by carriers
    (Ipv4Addr::new(127, 0, 0, 0), 8),     // loopback
    (Ipv4Addr::new(169, 254, 0, 0), 16),  // link-local, cloud metadata
    (Ipv4Addr::new(172, 16, 0, 0), 12),   // private
    (Ipv4Addr::new(192, 0, 0, 0), 24),    // protocol assignments
    (Ipv4Addr::new(192, 0, 2, 0), 24),    // documentation
    (Ipv4Addr::new(192, 88, 99, 0), 24),  // 6to4 relays
    (Ipv4Addr::new(192, 168, 0, 0), 16),  // private
    (Ipv4Addr::new(198, 18, 0, 0), 15),   // benchmarks
    (Ipv4Addr::new(198, 51, 100, 0), 24), // documentation
    (Ipv4Addr::new(203, 0, 113, 0), 24),  // documentation
    (Ipv4Addr::new(224, 0, 0, 0), 4),     // multicast
    (Ipv4Addr::new(240, 0, 0, 0), 4),     // reserved
    (Ipv4Addr::BROADCAST, 32),            // broadcast
];

/// IPv6 ranges that are not the public internet or that carry an IPv4 address inside.
const FORBIDDEN_V6: [(Ipv6Addr, u32); 14] = [
    (Ipv6Addr::UNSPECIFIED, 96), // unspecified, loopback, v4-compatible
    (Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, 0, 0), 96), // NAT64
    (Ipv6Addr::new(0x64, 0xff9b, 1, 0, 0, 0, 0, 0), 48), // local NAT64
    (Ipv6Addr::new(0x100, 0, 0, 0, 0, 0, 0, 0), 64), // discard
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23), // protocol assignments, Teredo
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32), // documentation
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16), // 6to4
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20), // documentation
    (Ipv6Addr::new(0x5f00, 0, 0, 0, 0, 0, 0, 0), 16), // segment routing
    (Ipv6Addr::new(0xfc00, 0, 0, 0, 0, 0, 0, 0), 7), // unique local
    (Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0), 10), // link-local
    (Ipv6Addr::new(0xfec0, 0, 0, 0, 0, 0, 0, 0), 10), // site-local
    (Ipv6Addr::new(0xff00, 0, 0, 0, 0, 0, 0, 0), 8), // multicast
    (Ipv6Addr::new(0, 0, 0, 0, 0xffff, 0, 0, 0), 96), // translated v4 (SIIT)
];

impl AddressGuard {
    /// Lets through public addresses only.
    pub const PUBLIC_ONLY: Self = Self { allow_private_networks: false };

    /// Lets through public addresses only, or all where private networks are allowed.
    #[must_use]
    pub const fn new(allow_private_networks: bool) -> Self {
        Self { allow_private_networks }
    }

    /// Whether plain http, literal addresses and private networks are let through.
    #[must_use]
    pub const fn allows_private_networks(self) -> bool {
        self.allow_private_networks
    }

    /// Whether this address may be connected to. An IPv4 address mapped into IPv6 counts as itself.
    #[must_use]
    pub fn is_allowed(self, address: IpAddr) -> bool {
        self.allow_private_networks
            || match address.to_canonical() {
                IpAddr::V4(v4) => !FORBIDDEN_V4.iter().any(|range| holds_v4(*range, v4)),
                IpAddr::V6(v6) => !FORBIDDEN_V6.iter().any(|range| holds_v6(*range, v6)),
            }
    }
}

impl GuardedResolver {
    /// A resolver that asks `lookup` and refuses what the guard does not allow.
    #[must_use]
    pub const fn new(guard: AddressGuard, lookup: Lookup) -> Self {
        Self { guard, lookup }
    }

    /// The addresses of a host, all of them allowed.
    ///
    /// # Errors
    /// When there is none, or when a single one of them is not allowed: a name that mixes public
    /// and private addresses is a trick or a mistake, and picking among them would hide it.
    pub async fn addresses(&self, host: &str) -> Result<Vec<IpAddr>, HostRefused> {
        let found = self.lookup.addresses(host).await.map_err(|_| HostRefused::Unresolved)?;
        if found.is_empty() {
            return Err(HostRefused::Unresolved);
        }
        if !found.iter().all(|address| self.guard.is_allowed(*address)) {
            return Err(HostRefused::NotPublic);
        }
        Ok(found)
    }
}

impl Resolve for GuardedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let resolver = self.clone();
        Box::pin(async move {
            let found = resolver.addresses(name.as_str()).await;
            let found =
                found.map_err(|refused| -> Box<dyn Error + Send + Sync> { Box::new(refused) })?;
            // Port 0 is replaced by the URL's port or the scheme's own.
            let addresses: Addrs =
                Box::new(found.into_iter().map(|address| SocketAddr::new(address, 0)));
            Ok(addresses)
        })
    }
}

impl Lookup {
    async fn addresses(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        match self {
            Self::System => {
                Ok(tokio::net::lookup_host((host, 0)).await?.map(|found| found.ip()).collect())
            }
            Self::Custom(lookup) => lookup(host).await,
        }
    }
}

fn holds_v4((prefix, length): (Ipv4Addr, u32), address: Ipv4Addr) -> bool {
    let mask = u32::MAX << (32 - length);
    address.to_bits() & mask == prefix.to_bits()
}

fn holds_v6((prefix, length): (Ipv6Addr, u32), address: Ipv6Addr) -> bool {
    let mask = u128::MAX << (128 - length);
    address.to_bits() & mask == prefix.to_bits()
}

#[cfg(test)]
mod tests;
