//! Signatures: of the compatible API (spec 2.1), of Coffer's own routes, and of Standard Webhooks.
//!
//! The compatible signature covers the body alone. It is what existing clients send, and it can be
//! replayed; routes that are Coffer's alone ask for a [`RequestSignature`].

mod request;
mod webhook;

pub use request::{FRESH_FOR, RequestSignature, SignatureRefused};
pub use webhook::{WebhookSecret, WebhookSecretRefused, WebhookSignatureRefused};

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha512;
use subtle::ConstantTimeEq;

/// Name of the header with the public API key (spelled as one plugin compares it, spec 9).
pub const KEY_HEADER: &str = "X-Processing-Key";
/// Name of the header with the compatible signature.
pub const SIGNATURE_HEADER: &str = "X-Processing-Signature";
/// Standard Webhooks: the message's id, the same on every attempt.
pub const WEBHOOK_ID_HEADER: &str = "webhook-id";
/// Standard Webhooks: Unix seconds of this attempt.
pub const WEBHOOK_TIMESTAMP_HEADER: &str = "webhook-timestamp";
/// Standard Webhooks: the signature.
pub const WEBHOOK_SIGNATURE_HEADER: &str = "webhook-signature";

/// Bytes of an HMAC-SHA512.
const TAG: usize = 64;

/// An API secret with its HMAC key schedule already run, so that a signature hashes the message
/// alone. Cloning it is a copy of two hash states.
#[derive(Clone)]
pub struct PreparedSecret(Hmac<Sha512>);

impl PreparedSecret {
    /// Runs the key schedule; the secret may have any length.
    ///
    /// # Panics
    /// Never: HMAC takes keys of every length (RFC 2104).
    #[must_use]
    pub fn new(secret: &[u8]) -> Self {
        Self(Hmac::new_from_slice(secret).expect("HMAC takes keys of every length"))
    }

    /// The value of `X-Processing-Signature`: lower-case hexadecimal HMAC-SHA512 of the raw body.
    #[must_use]
    pub fn sign(&self, body: &[u8]) -> String {
        hex::encode(self.tag(&[body]))
    }

    /// Whether a header's value is the signature of exactly these bytes. The comparison takes the
    /// same time wherever the two differ. The documented spelling is lower-case; any case is taken.
    #[must_use]
    pub fn verify(&self, body: &[u8], header: &[u8]) -> bool {
        let Some(claimed) = read_tag(header) else { return false };
        self.tag(&[body]).ct_eq(&claimed).into()
    }

    fn tag(&self, parts: &[&[u8]]) -> [u8; TAG] {
        let mut mac = self.0.clone();
        for part in parts {
            mac.update(part);
        }
        mac.finalize().into_bytes().into()
    }
}

impl std::fmt::Debug for PreparedSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PreparedSecret(…)")
    }
}

/// Reads 128 hexadecimal digits of any case; anything else is no signature.
fn read_tag(text: &[u8]) -> Option<[u8; TAG]> {
    let mut tag = [0; TAG];
    hex::decode_to_slice(text, &mut tag).ok()?;
    Some(tag)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Secret, body and signature of spec 2.2.
    const VECTORS: [(&str, &str); 5] = [
        (
            r#"{"currency":"BTC","foreign_id":"123456"}"#,
            "03c25fcf7cd35e7d995e402cd5d51edd72d48e1471e865907967809a0c189ba5\
             5b90815f20e2bb10f82c7a9e9d865546fda58989c2ae9e8e2ff7bc29195fa1ec",
        ),
        (
            "{}",
            "89ff570683bfcd9e2c8911332e07e3ff196ca50f91faef98126fb0eb76df90d7\
             ccddc4372a99ba67ec072fd3aac5d0b7eac44652e2b29ce36dbcf5ee50b6fa05",
        ),
        (
            "[]",
            "2da807ab86f47091ca3f7f45aba4c2bd3072fff6f2ef4f88c1ebece372be14ff\
             9800d1e8ffca4b2733f837bcb2ee8dfb23f56c09e4dc7a0143127820bcba88a8",
        ),
        (
            "null",
            "159aafc08d52f80b346100a25d8473217c2b0f18f060ff4a1ade2e33a6c7f3c7\
             c79867e8147b8c9b3593fdd5d426c191cd4e34aa27e0c331e11cdbb724c0c520",
        ),
        (
            "",
            "0104da715ed5bb364eba7167a71316e194f5ca21629884dca6c368cfd411d2b8\
             404d0cccf928a76ef5b8d170eae711d9a9ef4d9c74cd23693869c96fd64c335f",
        ),
    ];

    #[test]
    fn the_documented_vectors_are_made_and_verified() {
        let secret = PreparedSecret::new(b"AbCdEfG123456");
        for (body, signature) in VECTORS {
            assert_eq!(secret.sign(body.as_bytes()), signature, "{body}");
            assert!(secret.verify(body.as_bytes(), signature.as_bytes()), "{body}");
            let upper = signature.to_uppercase();
            assert!(secret.verify(body.as_bytes(), upper.as_bytes()), "any case: {body}");
        }
    }

    #[test]
    fn one_changed_bit_anywhere_is_refused() {
        let secret = PreparedSecret::new(b"AbCdEfG123456");
        let (body, signature) = VECTORS[0];
        for index in 0..signature.len() {
            let mut other = signature.as_bytes().to_vec();
            other[index] = if other[index] == b'0' { b'1' } else { b'0' };
            assert!(!secret.verify(body.as_bytes(), &other), "digit {index}");
        }
        assert!(!secret.verify(b"{\"currency\": \"BTC\",\"foreign_id\":\"123456\"}", &[]));
        assert!(!PreparedSecret::new(b"AbCdEfG123457").verify(b"{}", VECTORS[1].1.as_bytes()));
    }

    #[test]
    fn what_is_not_128_hex_digits_is_refused() {
        let secret = PreparedSecret::new(b"AbCdEfG123456");
        let right = VECTORS[1].1;
        let with_space = format!(" {right}");
        let cases: [&[u8]; 7] = [
            b"",
            b"0",
            &right.as_bytes()[..127],
            &right.as_bytes()[..126],
            with_space.as_bytes(),
            &[0xff; 128],
            &[b'g'; 128],
        ];
        for header in cases {
            assert!(!secret.verify(b"{}", header), "{header:?}");
        }
    }
}
