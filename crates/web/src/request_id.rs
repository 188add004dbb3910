//! `Request-Id`: names one exchange, in the answer and in the logs.
//!
//! Always our own: an id taken from a client could be somebody else's, or carry data that does not
//! belong into logs.

use std::sync::atomic::{AtomicU64, Ordering};

use axum::http::HeaderValue;

/// Characters of an id.
const LENGTH: usize = 24;

/// Gives out ids: 8 digits of this process, 16 that never repeat in it. A counter stands behind
/// them, so they cost no random bytes; mixed, so that they do not tell how much is going on.
#[derive(Debug)]
pub(crate) struct RequestIds {
    process: u32,
    mask: u64,
    next: AtomicU64,
}

/// The id of one exchange: 24 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct RequestId([u8; LENGTH]);

impl RequestIds {
    /// Ids that differ from those of other processes by random bytes.
    pub(crate) const fn new(random: [u8; 12]) -> Self {
        let [p0, p1, p2, p3, m0, m1, m2, m3, m4, m5, m6, m7] = random;
        Self {
            process: u32::from_be_bytes([p0, p1, p2, p3]),
            mask: u64::from_be_bytes([m0, m1, m2, m3, m4, m5, m6, m7]),
            next: AtomicU64::new(0),
        }
    }

    /// The next one.
    pub(crate) fn next(&self) -> RequestId {
        let number = mixed(self.next.fetch_add(1, Ordering::Relaxed) ^ self.mask);
        let mut text = [0; LENGTH];
        let (head, tail) = text.split_at_mut(8);
        write_hex(head, u64::from(self.process));
        write_hex(tail, number);
        RequestId(text)
    }
}

impl RequestId {
    /// The text.
    pub(crate) fn as_str(&self) -> &str {
        str::from_utf8(&self.0).unwrap_or_default()
    }

    /// The value of the header.
    pub(crate) fn header(&self) -> HeaderValue {
        HeaderValue::from_bytes(&self.0).unwrap_or(HeaderValue::from_static("none"))
    }
}

/// A one-to-one mixing of 64 bits (the finish of `SplitMix64`).
const fn mixed(number: u64) -> u64 {
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}

fn write_hex(slots: &mut [u8], mut number: u64) {
    for slot in slots.iter_mut().rev() {
        let digit = u8::try_from(number & 15).unwrap_or_default();
        *slot = if digit < 10 { b'0' + digit } else { b'a' + digit - 10 };
        number >>= 4;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_differ_and_do_not_count() {
        let ids = RequestIds::new([7; 12]);
        let (first, second) = (ids.next(), ids.next());
        assert_ne!(first.as_str(), second.as_str());
        assert!(first.as_str().starts_with("07070707"));
        assert_eq!(first.as_str().len(), 24);
        let same = first.0.iter().zip(&second.0).filter(|(a, b)| a == b).count();
        assert!(same < 18, "{} and {} look like a counter", first.as_str(), second.as_str());
        assert_eq!(first.header(), first.as_str());
        let other = RequestIds::new([8; 12]);
        assert_ne!(first.as_str(), other.next().as_str());
    }
}
