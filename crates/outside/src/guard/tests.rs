use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;

#[test]
fn public_addresses_are_allowed() {
    for text in ["1.1.1.1", "93.184.216.34", "100.63.255.255", "172.32.0.1", "2606:4700::1111"] {
        assert!(AddressGuard::PUBLIC_ONLY.is_allowed(text.parse().unwrap()), "{text}");
    }
}

#[test]
fn every_special_range_is_refused_at_both_its_ends() {
    let ranges = [
        ("0.0.0.0", "0.255.255.255"),
        ("10.0.0.0", "10.255.255.255"),
        ("100.64.0.0", "100.127.255.255"),
        ("127.0.0.0", "127.255.255.255"),
        ("169.254.0.0", "169.254.169.254"),
        ("172.16.0.0", "172.31.255.255"),
        ("192.0.0.0", "192.0.0.255"),
        ("192.0.2.0", "192.0.2.255"),
        ("192.88.99.0", "192.88.99.255"),
        ("192.168.0.0", "192.168.255.255"),
        ("198.18.0.0", "198.19.255.255"),
        ("198.51.100.0", "198.51.100.255"),
        ("203.0.113.0", "203.0.113.255"),
        ("224.0.0.0", "239.255.255.255"),
        ("240.0.0.0", "255.255.255.254"),
        ("255.255.255.255", "255.255.255.255"),
        ("::", "::1"),
        ("::10.0.0.1", "::127.0.0.1"),
        ("::ffff:10.0.0.1", "::ffff:127.0.0.1"),
        ("::ffff:0:10.0.0.1", "::ffff:0:127.0.0.1"),
        ("64:ff9b::", "64:ff9b::ffff:ffff"),
        ("64:ff9b:1::", "64:ff9b:1:ffff:ffff:ffff:ffff:ffff"),
        ("100::", "100::ffff:ffff:ffff:ffff"),
        ("2001::", "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff"),
        ("2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff"),
        ("2002::", "2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
        ("3fff::", "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff"),
        ("5f00::", "5f00:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
        ("fc00::", "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
        ("fe80::", "febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
        ("fec0::", "feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
        ("ff00::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
    ];
    for (first, last) in ranges {
        for text in [first, last] {
            let address = text.parse().unwrap();
            assert!(!AddressGuard::PUBLIC_ONLY.is_allowed(address), "{text}");
            assert!(AddressGuard::new(true).is_allowed(address), "{text}");
        }
    }
}

#[test]
fn the_neighbours_of_a_special_range_are_public() {
    for text in ["9.255.255.255", "11.0.0.0", "172.15.255.255", "192.0.1.0", "198.20.0.0"] {
        assert!(AddressGuard::PUBLIC_ONLY.is_allowed(text.parse().unwrap()), "{text}");
    }
    for text in ["2001:200::", "2001:db9::", "64:ff9b:2::", "100:0:0:1::", "4000::"] {
        assert!(AddressGuard::PUBLIC_ONLY.is_allowed(text.parse().unwrap()), "{text}");
    }
}

#[tokio::test]
async fn a_name_with_one_private_address_among_public_ones_is_refused() {
    let resolver = resolver(|_| vec!["1.1.1.1", "10.0.0.1"]);
    assert_eq!(resolver.addresses("shop.example").await, Err(HostRefused::NotPublic));
}

#[tokio::test]
async fn a_name_that_turns_private_is_refused_from_then_on() {
    let resolver = resolver(|call| if call == 0 { vec!["1.1.1.1"] } else { vec!["127.0.0.1"] });
    let first = resolver.addresses("shop.example").await;
    assert_eq!(first, Ok(vec!["1.1.1.1".parse().unwrap()]));
    assert_eq!(resolver.addresses("shop.example").await, Err(HostRefused::NotPublic));
}

#[tokio::test]
async fn the_connector_gets_the_judged_addresses_and_no_others() {
    let resolver =
        resolver(|call| if call == 0 { vec!["1.1.1.1", "1.0.0.1"] } else { vec!["::1"] });
    let addresses = resolver.resolve("shop.example".parse().unwrap()).await.map(Vec::from_iter);
    assert_eq!(addresses.unwrap(), ["1.1.1.1:0".parse().unwrap(), "1.0.0.1:0".parse().unwrap()]);
    let error = resolver.resolve("shop.example".parse().unwrap()).await.err().unwrap();
    assert_eq!(error.downcast_ref::<HostRefused>(), Some(&HostRefused::NotPublic));
}

#[tokio::test]
async fn a_name_without_an_address_is_unresolved() {
    let empty = resolver(|_| vec![]);
    assert_eq!(empty.addresses("shop.example").await, Err(HostRefused::Unresolved));
    let lookup = Lookup::Custom(Arc::new(|_| Box::pin(async { Err(io::Error::other("down")) })));
    let broken = GuardedResolver::new(AddressGuard::PUBLIC_ONLY, lookup);
    assert_eq!(broken.addresses("shop.example").await, Err(HostRefused::Unresolved));
}

#[tokio::test]
async fn the_system_s_own_names_are_judged_too() {
    let system = GuardedResolver::new(AddressGuard::PUBLIC_ONLY, Lookup::System);
    assert_eq!(system.addresses("localhost").await, Err(HostRefused::NotPublic));
    let open = GuardedResolver::new(AddressGuard::new(true), Lookup::System);
    assert!(open.addresses("localhost").await.unwrap().iter().all(IpAddr::is_loopback));
}

/// A public-only resolver that answers by the number of the call.
fn resolver(answer: fn(usize) -> Vec<&'static str>) -> GuardedResolver {
    let calls = AtomicUsize::new(0);
    let lookup = move |_: &str| -> Found {
        let found = answer(calls.fetch_add(1, Ordering::SeqCst));
        let found = found.iter().map(|text| text.parse().unwrap()).collect();
        Box::pin(async move { Ok(found) })
    };
    GuardedResolver::new(AddressGuard::PUBLIC_ONLY, Lookup::Custom(Arc::new(lookup)))
}
