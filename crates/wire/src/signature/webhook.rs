//! Standard Webhooks 1.0: `webhook-signature: v1,<base64 HMAC-SHA256 of id.timestamp.body>`.

use base64::{Engine, engine::general_purpose::STANDARD};
use coffer_domain::time::Timestamp;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;

use super::FRESH_FOR;

/// Bytes of an HMAC-SHA256.
const TAG: usize = 32;

/// The secret of a webhook, `whsec_<base64>`, with its HMAC key schedule already run.
#[derive(Clone)]
pub struct WebhookSecret(Hmac<Sha256>);

/// A text that is no webhook secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a webhook secret: whsec_ and the base64 of 24 to 64 bytes are expected")]
pub struct WebhookSecretRefused;

/// Why a webhook's signature is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WebhookSignatureRefused {
    /// Too old, or from the future.
    #[error("webhook-timestamp is more than five minutes away from the time here")]
    Stale,
    /// None of the signatures was made with this secret over this message.
    #[error("webhook-signature does not match")]
    Mismatch,
}

impl WebhookSecret {
    /// Writes 24 to 64 random bytes as a secret's text.
    #[must_use]
    pub fn text(random: &[u8]) -> String {
        format!("whsec_{}", STANDARD.encode(random))
    }

    /// Reads a secret's text.
    ///
    /// # Errors
    /// When it is not `whsec_` and the base64 of 24 to 64 bytes.
    pub fn parse(text: &str) -> Result<Self, WebhookSecretRefused> {
        let encoded = text.strip_prefix("whsec_").ok_or(WebhookSecretRefused)?;
        let key = STANDARD.decode(encoded).map_err(|_| WebhookSecretRefused)?;
        if !(24..=64).contains(&key.len()) {
            return Err(WebhookSecretRefused);
        }
        Hmac::new_from_slice(&key).map(Self).map_err(|_| WebhookSecretRefused)
    }

    /// The value of `webhook-signature` for a message: its id, the time of this attempt, its body.
    #[must_use]
    pub fn sign(&self, id: &str, at: Timestamp, body: &[u8]) -> String {
        let time = at.seconds().to_string();
        format!("v1,{}", STANDARD.encode(self.tag(id, &time, body)))
    }

    /// Checks a received message as a merchant does: `time` and `signatures` are the values of the
    /// headers; one matching `v1` signature among several is enough.
    ///
    /// # Errors
    /// [`WebhookSignatureRefused`].
    pub fn verify(
        &self,
        now: Timestamp,
        id: &str,
        time: &str,
        body: &[u8],
        signatures: &str,
    ) -> Result<(), WebhookSignatureRefused> {
        let seconds: i64 = time.parse().map_err(|_| WebhookSignatureRefused::Stale)?;
        let age = now.since(Timestamp::from_seconds(seconds)).millis();
        if age.unsigned_abs() > FRESH_FOR.millis().unsigned_abs() {
            return Err(WebhookSignatureRefused::Stale);
        }
        let expected = self.tag(id, time, body);
        let matches = |signature: &str| {
            let claimed = signature.strip_prefix("v1,").and_then(|text| STANDARD.decode(text).ok());
            claimed.is_some_and(|claimed| bool::from(expected.ct_eq(&claimed)))
        };
        let matched = signatures.split(' ').any(matches);
        if matched { Ok(()) } else { Err(WebhookSignatureRefused::Mismatch) }
    }

    fn tag(&self, id: &str, time: &str, body: &[u8]) -> [u8; TAG] {
        let mut mac = self.0.clone();
        for part in [id.as_bytes(), b".", time.as_bytes(), b".", body] {
            mac.update(part);
        }
        mac.finalize().into_bytes().into()
    }
}

impl std::fmt::Debug for WebhookSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("WebhookSecret(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the Standard Webhooks reference libraries.
    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    const ID: &str = "msg_p5jXN8AQM9LWM0D4loKWxJek";
    const TIME: &str = "1614265330";
    const NOW: Timestamp = Timestamp::from_seconds(1_614_265_330);
    const BODY: &[u8] = br#"{"test": 2432232314}"#;
    const SIGNATURE: &str = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";

    #[test]
    fn the_reference_example_is_made_and_verified() {
        let secret = WebhookSecret::parse(SECRET).unwrap();
        assert_eq!(secret.sign(ID, NOW, BODY), SIGNATURE);
        assert_eq!(secret.verify(NOW, ID, TIME, BODY, SIGNATURE), Ok(()));
    }

    #[test]
    fn one_signature_of_several_is_enough_and_every_part_is_bound() {
        let secret = WebhookSecret::parse(SECRET).unwrap();
        let several = format!("v1a,AAAA v1,AAAA v1,!!! {SIGNATURE}");
        assert_eq!(secret.verify(NOW, ID, TIME, BODY, &several), Ok(()));
        let refused = Err(WebhookSignatureRefused::Mismatch);
        assert_eq!(secret.verify(NOW, "msg_other", TIME, BODY, SIGNATURE), refused);
        assert_eq!(secret.verify(NOW, ID, "1614265331", BODY, SIGNATURE), refused);
        assert_eq!(secret.verify(NOW, ID, TIME, b"{}", SIGNATURE), refused);
        assert_eq!(secret.verify(NOW, ID, TIME, BODY, ""), refused);
    }

    #[test]
    fn an_old_message_is_stale() {
        let secret = WebhookSecret::parse(SECRET).unwrap();
        let stale = Err(WebhookSignatureRefused::Stale);
        let late = Timestamp::from_seconds(1_614_265_631);
        assert_eq!(secret.verify(late, ID, TIME, BODY, SIGNATURE), stale);
        assert_eq!(secret.verify(NOW, ID, "soon", BODY, SIGNATURE), stale);
        let far = i64::MIN.to_string();
        assert_eq!(secret.verify(NOW, ID, &far, BODY, SIGNATURE), stale);
    }

    #[test]
    fn a_secret_is_whsec_and_base64_of_24_to_64_bytes() {
        assert!(WebhookSecret::parse(&WebhookSecret::text(&[7; 24])).is_ok());
        assert!(WebhookSecret::parse(&WebhookSecret::text(&[7; 64])).is_ok());
        for text in ["", "whsec_", "whsec_AAAA", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_%"] {
            assert_eq!(WebhookSecret::parse(text).err(), Some(WebhookSecretRefused), "{text}");
        }
        assert!(WebhookSecret::parse(&WebhookSecret::text(&[7; 65])).is_err());
    }
}
