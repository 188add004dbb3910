//! Identities: UUIDv7 (RFC 9562 §5.7) with a kind, and the payment token of the hosted page.

use std::{fmt, hash, marker::PhantomData, str};

use crate::time::Timestamp;

/// A UUIDv7 of one kind; ordered by creation time.
pub struct Id<K> {
    bytes: [u8; 16],
    kind: PhantomData<fn() -> K>,
}

macro_rules! kinds {
    ($($kind:ident, $alias:ident, $doc:literal;)*) => {$(
        #[doc = concat!("Marks the identity of ", $doc, ".")]
        #[derive(Debug)]
        pub enum $kind {}
        #[doc = concat!("The identity of ", $doc, ".")]
        pub type $alias = Id<$kind>;
    )*};
}

kinds! {
    MerchantKind, MerchantId, "a merchant";
    KeyKind, KeyId, "an API key";
    CustomerKind, CustomerId, "a merchant's customer, who owns the key to his personal data";
    PaymentRequestKind, PaymentRequestId, "a payment request";
    QuoteKind, QuoteId, "a quote: one coin, address, amount and lock of a payment request";
    WalletKind, WalletId, "an extended public key";
    CallbackKind, CallbackId, "a callback in the outbox";
    CaseKind, CaseId, "a wrong payment";
    JournalKind, JournalId, "a journal of the books";
    EventKind, EventId, "an event of a payment request";
    TransferKind, TransferId, "a stored transfer on a chain";
    AlarmKind, AlarmId, "an alarm";
    AlarmMessageKind, AlarmMessageId, "a message about an alarm in the outbox";
}

/// A text that is not a UUID in its usual form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an id: 36 characters of lower-case hexadecimal with hyphens are expected")]
pub struct IdRefused;

impl<K> Id<K> {
    /// A new identity from the time of creation and ten random bytes (74 bits are used).
    #[must_use]
    pub fn new(at: Timestamp, random: [u8; 10]) -> Self {
        let millis = u64::try_from(at.millis()).unwrap_or_default().to_be_bytes();
        let [_, _, t0, t1, t2, t3, t4, t5] = millis;
        let [r0, r1, r2, r3, r4, r5, r6, r7, r8, r9] = random;
        let bytes = [
            t0,
            t1,
            t2,
            t3,
            t4,
            t5,
            (r0 & 0x0f) | 0x70,
            r1, //
            (r2 & 0x3f) | 0x80,
            r3,
            r4,
            r5,
            r6,
            r7,
            r8,
            r9,
        ];
        Self::from_bytes(bytes)
    }

    /// From the 16 bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self { bytes, kind: PhantomData }
    }

    /// The 16 bytes.
    #[must_use]
    pub const fn bytes(&self) -> [u8; 16] {
        self.bytes
    }

    /// The hyphenated text.
    #[must_use]
    pub fn text(&self) -> String {
        const HEX: &[u8; 16] = b"0123456789abcdef";
        let mut text = [b'-'; 36];
        let mut slots = text.iter_mut();
        for (index, byte) in self.bytes.iter().enumerate() {
            if matches!(index, 4 | 6 | 8 | 10) {
                slots.next();
            }
            for digit in [byte >> 4, byte & 0x0f] {
                if let Some(slot) = slots.next() {
                    *slot = HEX[usize::from(digit)];
                }
            }
        }
        str::from_utf8(&text).map(str::to_owned).unwrap_or_default()
    }
}

impl<K> str::FromStr for Id<K> {
    type Err = IdRefused;

    fn from_str(text: &str) -> Result<Self, IdRefused> {
        let mut nibbles = [0_u8; 32];
        let mut slots = nibbles.iter_mut();
        if text.len() != 36 {
            return Err(IdRefused);
        }
        for (index, byte) in text.bytes().enumerate() {
            match (matches!(index, 8 | 13 | 18 | 23), byte) {
                (true, b'-') => {}
                (false, b'0'..=b'9') => *slots.next().ok_or(IdRefused)? = byte.wrapping_sub(b'0'),
                (false, b'a'..=b'f') => *slots.next().ok_or(IdRefused)? = byte.wrapping_sub(87),
                _ => return Err(IdRefused),
            }
        }
        let mut bytes = [0_u8; 16];
        for (slot, pair) in bytes.iter_mut().zip(nibbles.as_chunks::<2>().0) {
            *slot = (pair[0] << 4) | pair[1];
        }
        Ok(Self::from_bytes(bytes))
    }
}

impl<K> Clone for Id<K> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<K> Copy for Id<K> {}
impl<K> PartialEq for Id<K> {
    fn eq(&self, other: &Self) -> bool {
        self.bytes == other.bytes
    }
}
impl<K> Eq for Id<K> {}
impl<K> PartialOrd for Id<K> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl<K> Ord for Id<K> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.bytes.cmp(&other.bytes)
    }
}
impl<K> hash::Hash for Id<K> {
    fn hash<H: hash::Hasher>(&self, state: &mut H) {
        self.bytes.hash(state);
    }
}
impl<K> fmt::Display for Id<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text())
    }
}
impl<K> fmt::Debug for Id<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text())
    }
}

/// The secret part of a payment link: 22 base62 characters, of which the first 7 are the creation
/// time in milliseconds (so that its unique index grows at one end) and 15 are random (89 bits).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PaymentToken([u8; 22]);

/// A text that is not 22 base62 characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a payment token: 22 letters and digits are expected")]
pub struct TokenRefused;

const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

impl PaymentToken {
    /// A new token from the time of creation and 16 random bytes.
    #[must_use]
    pub fn new(at: Timestamp, random: [u8; 16]) -> Self {
        let mut text = [b'0'; 22];
        let time = u128::try_from(at.millis()).unwrap_or_default();
        write_base62(&mut text[..7], time);
        write_base62(&mut text[7..], u128::from_be_bytes(random));
        Self(text)
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        str::from_utf8(&self.0).unwrap_or_default()
    }
}

fn write_base62(slots: &mut [u8], mut value: u128) {
    for slot in slots.iter_mut().rev() {
        let digit = usize::try_from(value % 62).unwrap_or_default();
        *slot = BASE62.get(digit).copied().unwrap_or(b'0');
        value /= 62;
    }
}

impl str::FromStr for PaymentToken {
    type Err = TokenRefused;

    fn from_str(text: &str) -> Result<Self, TokenRefused> {
        let bytes: [u8; 22] = text.as_bytes().try_into().map_err(|_| TokenRefused)?;
        let known = bytes.iter().all(u8::is_ascii_alphanumeric);
        if known { Ok(Self(bytes)) } else { Err(TokenRefused) }
    }
}

impl fmt::Display for PaymentToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for PaymentToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PaymentToken(…)")
    }
}

#[cfg(test)]
mod tests;
