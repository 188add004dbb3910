//! Who calls, and that he meant these bytes.
//!
//! The order is that of every answer: key, signature. The body is authenticated as it came, before
//! anything in it is read. An unknown key costs the same hash as a known one.

use std::sync::{Arc, LazyLock};

use axum::http::{HeaderMap, HeaderName, HeaderValue, Method};
use coffer_engine::{api_key::Caller, engine::Engine};
use coffer_wire::{
    error::RequestError,
    signature::{PreparedSecret, RequestSignature},
};

use crate::problem::{Face, Failure};

const KEY: HeaderName = HeaderName::from_static("x-processing-key");
const SIGNATURE: HeaderName = HeaderName::from_static("x-processing-signature");
const REQUEST_SIGNATURE: HeaderName = HeaderName::from_static("x-coffer-signature");

/// Longer than any key of ours; what is longer is not looked up.
const KEY_MAX: usize = 128;

/// Stands in for the secret of a key that does not exist.
static NO_SECRET: LazyLock<PreparedSecret> = LazyLock::new(|| PreparedSecret::new(b""));

/// Whose key a request names, and how it claims to prove that.
pub(crate) struct Claim<'h> {
    caller: Option<Arc<Caller>>,
    proof: Proof<'h>,
}

/// The signature a request carries.
enum Proof<'h> {
    /// Over the body alone.
    Body(&'h [u8]),
    /// Over the whole request.
    Request(RequestSignature<'h>),
}

/// A caller who proved to hold the secret.
pub(crate) struct Proven<'h> {
    pub(crate) caller: Arc<Caller>,
    /// To be used once, where something changes.
    pub(crate) nonce: Option<&'h str>,
}

/// What is signed.
pub(crate) struct Signed<'r> {
    pub(crate) method: &'r Method,
    /// Path and query as they stood in the request line.
    pub(crate) target: &'r str,
    pub(crate) body: &'r [u8],
}

/// The caller whose key is named, whether or not he can prove it.
pub(crate) async fn named(
    engine: &Engine,
    headers: &HeaderMap,
) -> Result<Option<Arc<Caller>>, Failure> {
    let key = match single(headers, &KEY) {
        Header::Absent => return Err(RequestError::NoKey.into()),
        Header::One(key) => key.to_str().ok().filter(|key| plausible(key)),
        Header::Several => None,
    };
    match key {
        Some(key) => Ok(engine.caller(key).await?),
        None => Ok(None),
    }
}

/// Key and signature from the head of a request; the body is not needed yet.
pub(crate) async fn claim<'h>(
    engine: &Engine,
    face: Face,
    headers: &'h HeaderMap,
) -> Result<Claim<'h>, Failure> {
    let caller = named(engine, headers).await?;
    let proof = match face {
        Face::Compatible => body_proof(headers),
        Face::Own => own_proof(headers, caller.as_deref()),
    };
    match (proof, &caller) {
        (Ok(proof), _) => Ok(Claim { caller, proof }),
        (Err(_), None) => Err(RequestError::BadKey.into()),
        (Err(failure), Some(_)) => Err(failure),
    }
}

impl<'h> Claim<'h> {
    /// Whether the key exists.
    pub(crate) const fn is_known(&self) -> bool {
        self.caller.is_some()
    }

    /// Checks the proof, in constant time.
    pub(crate) fn prove(self, engine: &Engine, signed: &Signed<'_>) -> Result<Proven<'h>, Failure> {
        let secret = self.caller.as_ref().map_or(&*NO_SECRET, |caller| &caller.secret);
        let (checked, nonce) = match &self.proof {
            Proof::Body(signature) if secret.verify(signed.body, signature) => (Ok(()), None),
            Proof::Body(_) => (Err(RequestError::BadSignature.into()), None),
            Proof::Request(signature) => {
                let Signed { method, target, body } = signed;
                let checked = signature.verify(secret, engine.now(), method.as_str(), target, body);
                let bad = |refused: coffer_wire::signature::SignatureRefused| {
                    Failure::Signature(RequestError::BadSignature, refused.to_string())
                };
                (checked.map_err(bad), Some(signature.nonce))
            }
        };
        let caller = self.caller.ok_or(RequestError::BadKey)?;
        checked.map(|()| Proven { caller, nonce })
    }
}

fn body_proof(headers: &HeaderMap) -> Result<Proof<'_>, Failure> {
    match single(headers, &SIGNATURE) {
        Header::One(signature) => Ok(Proof::Body(signature.as_bytes())),
        Header::Absent => Err(RequestError::NoSignature.into()),
        Header::Several => Err(RequestError::BadSignature.into()),
    }
}

/// On Coffer's own routes a signature that cannot be replayed, or with a sandbox key the plain one.
fn own_proof<'h>(headers: &'h HeaderMap, caller: Option<&Caller>) -> Result<Proof<'h>, Failure> {
    let bad = |text: String| Failure::Signature(RequestError::BadSignature, text);
    match single(headers, &REQUEST_SIGNATURE) {
        Header::One(value) => {
            let text = value.to_str().unwrap_or_default();
            RequestSignature::parse(text)
                .map(Proof::Request)
                .map_err(|refused| bad(refused.to_string()))
        }
        Header::Several => Err(bad("X-Coffer-Signature is given more than once".to_owned())),
        Header::Absent if caller.is_some_and(|caller| !caller.is_sandbox()) => {
            let text = "No X-Coffer-Signature header; with a live key this route needs it";
            Err(Failure::Signature(RequestError::NoSignature, text.to_owned()))
        }
        Header::Absent => body_proof(headers),
    }
}

enum Header<'h> {
    Absent,
    One(&'h HeaderValue),
    /// Which one counts would be a guess.
    Several,
}

fn single<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Header<'h> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (None, _) => Header::Absent,
        (Some(value), None) => Header::One(value),
        (Some(_), Some(_)) => Header::Several,
    }
}

/// Whether a text could be a key, so that the database need not be asked about others.
fn plausible(key: &str) -> bool {
    !key.is_empty() && key.len() <= KEY_MAX && key.bytes().all(|byte| byte.is_ascii_graphic())
}

/// The value of a header that may be given once; the error is that it is given more often.
pub(crate) fn at_most_one<'h>(
    headers: &'h HeaderMap,
    name: &HeaderName,
) -> Result<Option<&'h HeaderValue>, ()> {
    match single(headers, name) {
        Header::Absent => Ok(None),
        Header::One(value) => Ok(Some(value)),
        Header::Several => Err(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_given_twice_is_not_guessed_at() {
        let mut headers = HeaderMap::new();
        assert!(matches!(single(&headers, &KEY), Header::Absent));
        headers.append("X-PROCESSING-KEY", HeaderValue::from_static("a"));
        assert!(matches!(single(&headers, &KEY), Header::One(_)));
        headers.append("x-processing-key", HeaderValue::from_static("b"));
        assert!(matches!(single(&headers, &KEY), Header::Several));
    }

    #[test]
    fn what_cannot_be_a_key_is_not_looked_up() {
        assert!(plausible("AbC123"));
        for key in ["", "a b", "a\0", "ключ", &"a".repeat(129)] {
            assert!(!plausible(key), "{key}");
        }
    }
}
