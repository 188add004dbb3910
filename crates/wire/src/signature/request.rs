//! `X-Coffer-Signature`: binds method, path, query, time and a nonce to the body, so that a
//! captured request is of no use to anybody.

use coffer_domain::time::{Span, Timestamp};
use subtle::ConstantTimeEq;

use super::{PreparedSecret, TAG, read_tag};

/// How far a signature's time may lie from ours, either way.
pub const FRESH_FOR: Span = Span::from_minutes(5);

/// Shortest and longest nonce, in characters.
const NONCE: std::ops::RangeInclusive<usize> = 8..=64;

/// A parsed `X-Coffer-Signature: t=<unix>,n=<nonce>,v1=<hex>`, not yet verified.
#[derive(Clone, PartialEq, Eq)]
pub struct RequestSignature<'a> {
    /// When it was made, by the client's clock; whole seconds.
    pub at: Timestamp,
    /// 8 to 64 letters, digits, `-` and `_`; good for one use on methods that change something.
    pub nonce: &'a str,
    /// The time as the client spelled it, which is what it signed.
    time_text: &'a str,
    tag: [u8; TAG],
}

/// Why a signature of our own kind is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignatureRefused {
    /// Not of the form.
    #[error("X-Coffer-Signature must be t=<unix seconds>,n=<8 to 64 of A-Z a-z 0-9 - _>,v1=<hex>")]
    Form,
    /// Too old, or from the future.
    #[error("X-Coffer-Signature is more than five minutes away from the time here")]
    Stale,
    /// Not made with this secret over this request.
    #[error(
        "X-Coffer-Signature does not match; it is the HMAC-SHA512 of t.n.METHOD.path?query.body"
    )]
    Mismatch,
}

impl<'a> RequestSignature<'a> {
    /// Reads the header's value: the three parts once each, in this order, nothing else.
    ///
    /// # Errors
    /// [`SignatureRefused::Form`].
    pub fn parse(header: &'a str) -> Result<Self, SignatureRefused> {
        Self::read(header).ok_or(SignatureRefused::Form)
    }

    fn read(header: &'a str) -> Option<Self> {
        let mut parts = header.split(',').map(str::trim_ascii);
        let time_text = parts.next()?.strip_prefix("t=")?;
        let nonce = parts.next()?.strip_prefix("n=")?;
        let tag = read_tag(parts.next()?.strip_prefix("v1=")?.as_bytes())?;
        let digits = time_text.bytes().all(|byte| byte.is_ascii_digit());
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        let known = NONCE.contains(&nonce.len()) && nonce.bytes().all(plain);
        if parts.next().is_some() || !digits || !known {
            return None;
        }
        Some(Self { at: Timestamp::from_seconds(time_text.parse().ok()?), nonce, time_text, tag })
    }

    /// Checks the time, then the signature in constant time. `target` is path and query as they
    /// stood in the request line. Using the nonce once is the caller's to see to.
    ///
    /// # Errors
    /// [`SignatureRefused::Stale`] or [`SignatureRefused::Mismatch`].
    pub fn verify(
        &self,
        secret: &PreparedSecret,
        now: Timestamp,
        method: &str,
        target: &str,
        body: &[u8],
    ) -> Result<(), SignatureRefused> {
        let age = now.since(self.at);
        if age > FRESH_FOR || age < Span::from_millis(-FRESH_FOR.millis()) {
            return Err(SignatureRefused::Stale);
        }
        let expected = tag(secret, self.time_text, self.nonce, method, target, body);
        if bool::from(expected.ct_eq(&self.tag)) { Ok(()) } else { Err(SignatureRefused::Mismatch) }
    }

    /// The header's value for a request, as a client makes it.
    #[must_use]
    pub fn make(
        secret: &PreparedSecret,
        now: Timestamp,
        nonce: &str,
        method: &str,
        target: &str,
        body: &[u8],
    ) -> String {
        let time = now.seconds().to_string();
        let tag = tag(secret, &time, nonce, method, target, body);
        format!("t={time},n={nonce},v1={}", hex::encode(tag))
    }
}

impl std::fmt::Debug for RequestSignature<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RequestSignature").field("at", &self.at).finish_non_exhaustive()
    }
}

fn tag(
    secret: &PreparedSecret,
    time: &str,
    nonce: &str,
    method: &str,
    target: &str,
    body: &[u8],
) -> [u8; TAG] {
    let [time, nonce, method, target] = [time, nonce, method, target].map(str::as_bytes);
    secret.tag(&[time, b".", nonce, b".", method, b".", target, b".", body])
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_seconds(1_773_768_946);
    const TARGET: &str = "/api/payments/v1/requests?limit=20";
    const NONCE_TEXT: &str = "6f1e7a90c2d34b58";

    fn secret() -> PreparedSecret {
        PreparedSecret::new(b"AbCdEfG123456")
    }

    fn made() -> String {
        RequestSignature::make(&secret(), NOW, NONCE_TEXT, "GET", TARGET, b"")
    }

    /// printf '%s' '1773768946.6f1e7a90c2d34b58.GET./api/payments/v1/requests?limit=20.' |
    /// openssl dgst -sha512 -hmac AbCdEfG123456
    #[test]
    fn a_signature_is_what_openssl_makes() {
        let expected = "68314a500876b55540bb9f61231aa0b12fc86887c37a10af2807204378c44554\
             ba9da31a4be1ef16044e4bedd490d3340f7ba7ab14f5a2cdb940e82a1de83b31";
        assert_eq!(made(), format!("t=1773768946,n={NONCE_TEXT},v1={expected}"));
    }

    #[test]
    fn a_fresh_signature_passes_and_each_part_is_bound() {
        let header = made();
        let signature = RequestSignature::parse(&header).unwrap();
        assert_eq!((signature.at, signature.nonce), (NOW, NONCE_TEXT));
        assert_eq!(signature.verify(&secret(), NOW, "GET", TARGET, b""), Ok(()));
        let refused = Err(SignatureRefused::Mismatch);
        assert_eq!(signature.verify(&secret(), NOW, "POST", TARGET, b""), refused);
        let other = "/api/payments/v1/requests?limit=21";
        assert_eq!(signature.verify(&secret(), NOW, "GET", other, b""), refused);
        assert_eq!(signature.verify(&secret(), NOW, "GET", TARGET, b"{}"), refused);
        assert_eq!(signature.verify(&PreparedSecret::new(b"x"), NOW, "GET", TARGET, b""), refused);
        let moved = header.replacen(NONCE_TEXT, "6f1e7a90c2d34b59", 1);
        let moved = RequestSignature::parse(&moved).unwrap();
        assert_eq!(moved.verify(&secret(), NOW, "GET", TARGET, b""), refused);
    }

    #[test]
    fn five_minutes_either_way_and_not_more() {
        let header = made();
        let signature = RequestSignature::parse(&header).unwrap();
        for (offset, outcome) in [
            (300_000, Ok(())),
            (-300_000, Ok(())),
            (300_001, Err(SignatureRefused::Stale)),
            (-300_001, Err(SignatureRefused::Stale)),
        ] {
            let now = NOW.plus(Span::from_millis(offset));
            assert_eq!(signature.verify(&secret(), now, "GET", TARGET, b""), outcome, "{offset}");
        }
    }

    #[test]
    fn other_forms_are_refused() {
        let tag = "a".repeat(128);
        for header in [
            String::new(),
            "t=1".to_owned(),
            format!("t=1,n=12345678,v1={tag}0"),
            format!("t=1,n=1234567,v1={tag}"),
            format!("t=1,n={},v1={tag}", "n".repeat(65)),
            format!("t=1,n=1234 678,v1={tag}"),
            format!("t=-1,n=12345678,v1={tag}"),
            format!("t=+1,n=12345678,v1={tag}"),
            format!("t=,n=12345678,v1={tag}"),
            format!("t=99999999999999999999,n=12345678,v1={tag}"),
            format!("n=12345678,t=1,v1={tag}"),
            format!("t=1,n=12345678,v1={tag},v1={tag}"),
            format!("t=1,n=12345678,v2={tag}"),
        ] {
            assert!(RequestSignature::parse(&header) == Err(SignatureRefused::Form), "{header}");
        }
        assert!(RequestSignature::parse(&format!("t=1, n=12345678, v1={tag}")).is_ok());
        let far = format!("t={},n=12345678,v1={tag}", i64::MAX);
        let far = RequestSignature::parse(&far).unwrap();
        assert_eq!(far.verify(&secret(), NOW, "GET", "/", b""), Err(SignatureRefused::Stale));
    }
}
