//! A token that whoever asks must send as `Authorization: Bearer TOKEN` (RFC 6750).

use sha2::{Digest as _, Sha512};
use subtle::ConstantTimeEq as _;

/// The fewest characters of a token.
const FEWEST: usize = 32;

/// A token, which is shown to nobody.
#[derive(Clone)]
pub struct AccessToken(String);

/// A text that is no token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AccessTokenRefused {
    /// It could be guessed.
    #[error("has {0} characters, {FEWEST} are the fewest: `openssl rand -hex 32` makes a good one")]
    Short(usize),
    /// A header cannot carry it as it stands.
    #[error("has spaces or letters beyond ASCII: `openssl rand -hex 32` makes a good one")]
    Unsendable,
}

impl AccessToken {
    /// Reads a token's text.
    ///
    /// # Errors
    /// When it is shorter than 32 characters, or is not all visible ASCII.
    pub fn parse(text: &str) -> Result<Self, AccessTokenRefused> {
        if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(AccessTokenRefused::Unsendable);
        }
        if text.len() < FEWEST {
            return Err(AccessTokenRefused::Short(text.len()));
        }
        Ok(Self(text.to_owned()))
    }

    /// The value of `Authorization` that sends it.
    #[must_use]
    pub fn header(&self) -> String {
        format!("Bearer {}", self.0)
    }

    /// Whether a value of `Authorization` sends exactly this token. The comparison takes the same
    /// time wherever the two differ, and however long what was sent is like it.
    #[must_use]
    pub fn is_sent_by(&self, header: &[u8]) -> bool {
        let Some((scheme, token)) = header.split_at_checked("Bearer ".len()) else { return false };
        let (own, sent) = (Sha512::digest(self.0.as_bytes()), Sha512::digest(token));
        scheme.eq_ignore_ascii_case(b"Bearer ") && bool::from(own.as_slice().ct_eq(&sent))
    }
}

impl std::fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("AccessToken(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::{AccessToken, AccessTokenRefused};

    const TEXT: &str = "0123456789abcdef0123456789ABCDEF";

    #[test]
    fn only_the_whole_token_behind_bearer_is_it() {
        let token = AccessToken::parse(TEXT).unwrap();
        assert!(token.is_sent_by(token.header().as_bytes()));
        assert!(token.is_sent_by(format!("bearer {TEXT}").as_bytes()));
        let shorter = &TEXT[..31];
        for other in [
            String::new(),
            TEXT.to_owned(),
            "Bearer ".to_owned(),
            format!("Basic  {TEXT}"),
            format!("Bearer {shorter}"),
            format!("Bearer {TEXT}0"),
            format!("Bearer {}", TEXT.to_lowercase()),
        ] {
            assert!(!token.is_sent_by(other.as_bytes()), "{other}");
        }
        assert!(!format!("{token:?}").contains("0123"));
    }

    #[test]
    fn a_token_that_could_be_guessed_or_not_be_sent_is_none() {
        let refused = |text: &str| AccessToken::parse(text).unwrap_err();
        assert_eq!(refused(&TEXT[..31]), AccessTokenRefused::Short(31));
        assert_eq!(refused(""), AccessTokenRefused::Short(0));
        for text in ["0123456789abcdef 0123456789abcdef", "0123456789abcdef0123456789abcdéf\n"] {
            assert_eq!(refused(text), AccessTokenRefused::Unsendable);
        }
    }
}
