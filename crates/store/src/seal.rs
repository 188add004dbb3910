//! Secrets at rest: what is stored sealed, and the keys that seal it.
//!
//! AES-256-GCM-SIV (RFC 8452) with random nonces: repeating one by accident shows only that two
//! texts are equal. The master keys live in a file beside the database, never in it. Personal data
//! is sealed with a key per customer, which is stored wrapped under a master key: forgetting the
//! wrapped key forgets the customer, in every backup too.

use std::fmt;

use aes_gcm_siv::{
    Aes256GcmSiv, Nonce,
    aead::{Aead as _, KeyInit as _, Payload},
};
use coffer_domain::ports::Entropy;
use hmac::{Hmac, Mac as _};
use sha2::Sha256;
use zeroize::Zeroizing;

pub use file::KeyFileError;

mod file;

/// The format of a sealed text: this byte, the length of the key's id, the id, the nonce, and the
/// ciphertext with its tag. A customer's ciphertext has an empty id.
const FORMAT: u8 = 1;
/// Bytes of a nonce.
const NONCE: usize = 12;
/// Letters of a key's id at most.
const LONGEST_ID: usize = 32;

/// A sealed text that does not open.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// It is sealed with a key that the key file does not hold.
    #[error("sealed with the key {0:?}, which the key file does not hold")]
    UnknownKey(String),
    /// It was changed, belongs elsewhere, or the key is another one of that name.
    #[error("a sealed text does not open: changed, moved, or sealed with another key")]
    Broken,
}

/// A key of 32 bytes that shows itself to nobody and is wiped when dropped.
#[derive(Clone)]
struct Key(Zeroizing<[u8; 32]>);

/// The keys of an installation: new texts are sealed with the last one of the file, old ones open
/// with the key they name. Fingerprints are made with the first, so that they stay comparable when
/// keys are added; it must therefore never be removed.
#[derive(Clone)]
pub struct MasterKeys {
    keys: Vec<(String, Key)>,
    fingerprints: Key,
}

/// The key to one customer's personal data.
#[derive(Clone)]
pub struct CustomerKey(Key);

impl MasterKeys {
    /// Seals a text. `context` says what it is and whose; the same must be given to open it, so
    /// that a sealed text cannot be moved to another row.
    #[must_use]
    pub fn seal(&self, text: &[u8], context: &[u8], entropy: &dyn Entropy) -> Vec<u8> {
        // There is at least one key: no other value of this type is made.
        self.keys.last().map_or_else(Vec::new, |(id, key)| key.seal(id, text, context, entropy))
    }

    /// Opens a sealed text.
    ///
    /// # Errors
    /// When its key is unknown, or it was sealed as something else or changed.
    pub fn open(&self, sealed: &[u8], context: &[u8]) -> Result<Zeroizing<Vec<u8>>, SealError> {
        let id = key_id(sealed)?;
        let known = self.keys.iter().find(|(known, _)| known == id);
        let (id, key) = known.ok_or_else(|| SealError::UnknownKey(id.to_owned()))?;
        key.open(id, sealed, context)
    }

    /// A key for a new customer.
    #[must_use]
    pub fn new_customer_key(&self, entropy: &dyn Entropy) -> CustomerKey {
        CustomerKey(Key::random(entropy))
    }

    /// A customer's key as it is stored. `customer` is the customer's id.
    #[must_use]
    pub fn wrap(&self, key: &CustomerKey, customer: &[u8], entropy: &dyn Entropy) -> Vec<u8> {
        self.seal(&*key.0.0, &wrapped(customer), entropy)
    }

    /// A customer's key from what is stored.
    ///
    /// # Errors
    /// When it is another customer's, or does not open.
    pub fn unwrap(&self, stored: &[u8], customer: &[u8]) -> Result<CustomerKey, SealError> {
        let bytes = self.open(stored, &wrapped(customer))?;
        let bytes: [u8; 32] = bytes.as_slice().try_into().map_err(|_| SealError::Broken)?;
        Ok(CustomerKey(Key(Zeroizing::new(bytes))))
    }

    /// A value by which equal texts of one domain ("e-mail", "foreign id", …) are found without
    /// storing them, and which without the key tells nothing: HMAC-SHA-256.
    #[must_use]
    pub fn fingerprint(&self, domain: &str, text: &[u8]) -> [u8; 32] {
        let length = u64::try_from(domain.len()).unwrap_or(u64::MAX).to_be_bytes();
        self.fingerprints.hmac(&[&length, domain.as_bytes(), text])
    }

    /// The id of each key with a value that tells whether another file holds the same key, and
    /// nothing of the key itself: HMAC-SHA-256.
    #[must_use]
    pub fn checks(&self) -> Vec<(String, [u8; 32])> {
        let check =
            |(id, key): &(String, Key)| (id.clone(), key.hmac(&[b"coffer: check of a key"]));
        self.keys.iter().map(check).collect()
    }

    fn new(keys: Vec<(String, Key)>) -> Option<Self> {
        let (_, first) = keys.first()?;
        let fingerprints = Key(Zeroizing::new(first.hmac(&[b"coffer: key of fingerprints"])));
        Some(Self { keys, fingerprints })
    }
}

impl CustomerKey {
    /// Seals a text of this customer; see [`MasterKeys::seal`] for `context`.
    #[must_use]
    pub fn seal(&self, text: &[u8], context: &[u8], entropy: &dyn Entropy) -> Vec<u8> {
        self.0.seal("", text, context, entropy)
    }

    /// Opens a text of this customer.
    ///
    /// # Errors
    /// When it is another customer's, was sealed as something else, or changed.
    pub fn open(&self, sealed: &[u8], context: &[u8]) -> Result<Zeroizing<Vec<u8>>, SealError> {
        match key_id(sealed)? {
            "" => self.0.open("", sealed, context),
            _ => Err(SealError::Broken),
        }
    }
}

impl Key {
    fn random(entropy: &dyn Entropy) -> Self {
        let mut bytes = Zeroizing::new([0; 32]);
        entropy.fill(&mut *bytes);
        Self(bytes)
    }

    fn seal(&self, id: &str, text: &[u8], context: &[u8], entropy: &dyn Entropy) -> Vec<u8> {
        let mut nonce = [0; NONCE];
        entropy.fill(&mut nonce);
        let mut sealed = vec![FORMAT, u8::try_from(id.len()).unwrap_or(u8::MAX)];
        sealed.extend_from_slice(id.as_bytes());
        let context = bound(&sealed, context);
        let body = self
            .cipher()
            .encrypt(&Nonce::from(nonce), Payload { msg: text, aad: &context })
            .expect("texts are shorter than the 64 GiB that the cipher takes");
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(&body);
        sealed
    }

    fn open(
        &self,
        id: &str,
        sealed: &[u8],
        context: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, SealError> {
        let (head, rest) = sealed.split_at_checked(2 + id.len()).ok_or(SealError::Broken)?;
        let (nonce, body) = rest.split_first_chunk::<NONCE>().ok_or(SealError::Broken)?;
        let context = bound(head, context);
        self.cipher()
            .decrypt(&Nonce::from(*nonce), Payload { msg: body, aad: &context })
            .map(Zeroizing::new)
            .map_err(|_| SealError::Broken)
    }

    fn cipher(&self) -> Aes256GcmSiv {
        Aes256GcmSiv::new((&*self.0).into())
    }

    fn hmac(&self, parts: &[&[u8]]) -> [u8; 32] {
        let mut mac = Hmac::<Sha256>::new((&pad(&self.0)).into());
        for part in parts {
            mac.update(part);
        }
        mac.finalize().into_bytes().into()
    }
}

impl fmt::Debug for MasterKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ids = self.keys.iter().map(|(id, _)| id);
        f.write_str("MasterKeys")?;
        f.debug_list().entries(ids).finish()
    }
}

impl fmt::Debug for CustomerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CustomerKey(…)")
    }
}

/// HMAC-SHA-256 takes a key of one block; a shorter key is padded with zeros (RFC 2104).
fn pad(key: &[u8; 32]) -> [u8; 64] {
    let mut block = [0; 64];
    let (half, _) = block.split_at_mut(32);
    half.copy_from_slice(key);
    block
}

/// The id of the key a text is sealed with.
fn key_id(sealed: &[u8]) -> Result<&str, SealError> {
    let [FORMAT, length, rest @ ..] = sealed else { return Err(SealError::Broken) };
    let id = rest.get(..usize::from(*length)).ok_or(SealError::Broken)?;
    std::str::from_utf8(id).map_err(|_| SealError::Broken)
}

/// The caller's context together with the head of the sealed text, so that neither can be changed.
fn bound(head: &[u8], context: &[u8]) -> Vec<u8> {
    [head, context].concat()
}

fn wrapped(customer: &[u8]) -> Vec<u8> {
    [b"key of customer ".as_slice(), customer].concat()
}

#[cfg(test)]
mod tests;
