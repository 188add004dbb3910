//! The rules for URLs that a merchant gives, and what screening may say of them.

use url::{Host, ParseError, Url};

/// A URL that passed the rules of spec 4.1: https, a domain name, no user info, no IP address in
/// any spelling, no internal name. (Or http on loopback where the installation allows it.)
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MerchantUrl {
    /// The URL exactly as given.
    pub text: String,
    /// Its host in lower-case ASCII (IDNA).
    pub host: String,
}

/// What screening says of a URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Screening {
    /// Known to be clean.
    Clean,
    /// Known to be bad; the reason is shown to the merchant.
    Listed(String),
    /// Nothing is known yet.
    Unknown,
}

/// The longest URL that is taken, in bytes.
pub const MAX_URL: usize = 2_048;

/// Why a URL is not taken. Each text goes on after the name of the field: "url_store must …".
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UrlRefused {
    /// Longer than [`MAX_URL`].
    #[error("must not be longer than {MAX_URL} bytes")]
    TooLong,
    /// White space, a control or invisible character, or a backslash.
    #[error("must not contain spaces, control characters, invisible characters or backslashes")]
    BadCharacter,
    /// Another scheme, or none.
    #[error("must start with https://")]
    NotHttps,
    /// A name or password before the host.
    #[error("must not contain a user name or password before the host")]
    UserInfo,
    /// No host, or one that no certificate could name.
    #[error("must name a host by a valid domain name")]
    BadHost,
    /// An IP address, however it is spelled.
    #[error("must name the host by its domain name, not by an IP address")]
    IpAddress,
    /// A name that only has a meaning inside a network.
    #[error("must name a public host, not an internal one")]
    Internal,
    /// A port that is empty, zero, above 65535 or not a number.
    #[error("must have a port from 1 to 65535 if it has one")]
    BadPort,
    /// Not a URL in some other way.
    #[error("is not a valid URL")]
    NotUrl,
}

impl MerchantUrl {
    /// Reads a URL to which a customer is sent. With `allow_loopback`, http and https on
    /// `localhost`, `127.0.0.1` and `[::1]` are taken as well.
    ///
    /// # Errors
    /// When it breaks a rule of spec 4.1; the text says which.
    pub fn parse(text: &str, allow_loopback: bool) -> Result<Self, UrlRefused> {
        let parts = Parts::of(text)?;
        let host = parts.raw_host.to_ascii_lowercase();
        if allow_loopback && matches!(host.as_str(), "localhost" | "127.0.0.1" | "[::1]") {
            return Ok(Self { text: text.to_owned(), host });
        }
        parts.public()
    }
}

/// Reads a URL to which callbacks are sent: the same rules, or with `allow_private_networks` http
/// as well, and any host, by name or address.
///
/// # Errors
/// When it breaks a rule; the text says which.
pub fn parse_callback_url(
    text: &str,
    allow_private_networks: bool,
) -> Result<MerchantUrl, UrlRefused> {
    let parts = Parts::of(text)?;
    if !allow_private_networks {
        return parts.public();
    }
    let host = match &parts.host {
        Host::Domain(name) => name.strip_suffix('.').unwrap_or(name).to_owned(),
        address => address.to_string(),
    };
    Ok(MerchantUrl { text: text.to_owned(), host })
}

/// A URL that is well formed, before it is asked where it leads.
struct Parts<'a> {
    text: &'a str,
    https: bool,
    /// The host as it was typed.
    raw_host: &'a str,
    host: Host<String>,
}

impl<'a> Parts<'a> {
    fn of(text: &'a str) -> Result<Self, UrlRefused> {
        if text.len() > MAX_URL {
            return Err(UrlRefused::TooLong);
        }
        if text.chars().any(bad_character) {
            return Err(UrlRefused::BadCharacter);
        }
        let scheme = |scheme: &str| {
            text.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme))
        };
        let https = scheme("https://");
        if !https && !scheme("http://") {
            return Err(UrlRefused::NotHttps);
        }
        let (_, rest) = text.split_once("//").ok_or(UrlRefused::NotUrl)?;
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        // Checked on the typed text, since the parser drops an empty user name and an empty port
        // and decodes percent signs without a word.
        if authority.contains('@') {
            return Err(UrlRefused::UserInfo);
        }
        let raw_host = host_of(authority)?;
        let url = Url::parse(text).map_err(refusal)?;
        let host = url.host().ok_or(UrlRefused::BadHost)?.to_owned();
        Ok(Self { text, https, raw_host, host })
    }

    fn public(self) -> Result<MerchantUrl, UrlRefused> {
        if !self.https {
            return Err(UrlRefused::NotHttps);
        }
        let Host::Domain(name) = self.host else { return Err(UrlRefused::IpAddress) };
        let host = name.strip_suffix('.').unwrap_or(&name).to_owned();
        check_name(&host)?;
        Ok(MerchantUrl { text: self.text.to_owned(), host })
    }
}

/// The host in the typed authority, when what follows it is a port.
fn host_of(authority: &str) -> Result<&str, UrlRefused> {
    let after_address = authority.rfind(']').map_or(0, |end| end.saturating_add(1));
    let colon = authority.get(after_address..).and_then(|tail| tail.find(':'));
    let (host, port) = match colon {
        Some(colon) => authority.split_at(after_address.saturating_add(colon)),
        None => (authority, ""),
    };
    if host.is_empty() || host.contains('%') {
        return Err(UrlRefused::BadHost);
    }
    match port.strip_prefix(':') {
        None => Ok(host),
        Some(port) if good_port(port) => Ok(host),
        Some(_) => Err(UrlRefused::BadPort),
    }
}

fn good_port(port: &str) -> bool {
    let digits = port.bytes().all(|byte| byte.is_ascii_digit());
    digits && port.parse::<u16>().is_ok_and(|port| port > 0)
}

fn refusal(error: ParseError) -> UrlRefused {
    match error {
        ParseError::InvalidPort => UrlRefused::BadPort,
        ParseError::InvalidIpv4Address | ParseError::InvalidIpv6Address => UrlRefused::IpAddress,
        ParseError::EmptyHost | ParseError::IdnaError | ParseError::InvalidDomainCharacter => {
            UrlRefused::BadHost
        }
        _ => UrlRefused::NotUrl,
    }
}

/// Characters that browsers drop, that hide, or that turn text around.
fn bad_character(character: char) -> bool {
    character.is_control()
        || character.is_whitespace()
        || matches!(
            character,
            '\\' | '\u{ad}'
                | '\u{61c}'
                | '\u{200b}'..='\u{200f}'
                | '\u{202a}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
        )
}

/// Last labels that no public host has: reserved (RFC 2606, 6761, 6762, 7686, 8375, 9476), kept
/// out of the root for private use, or common in private networks. `.example` stays allowed: it
/// leads nowhere, and documentation uses it.
const INTERNAL: [&str; 14] = [
    "alt",
    "arpa",
    "corp",
    "home",
    "internal",
    "intranet",
    "invalid",
    "lan",
    "local",
    "localdomain",
    "localhost",
    "onion",
    "private",
    "test",
];

/// Whether the name (lower-case ASCII, no final dot) is one of a public host.
fn check_name(name: &str) -> Result<(), UrlRefused> {
    if name.len() > 253 || !name.split('.').all(good_label) {
        return Err(UrlRefused::BadHost);
    }
    let last = name.rsplit('.').next().unwrap_or_default();
    if !name.contains('.') || INTERNAL.contains(&last) {
        return Err(UrlRefused::Internal);
    }
    let letters = last.bytes().all(|byte| byte.is_ascii_lowercase());
    if letters || last.starts_with("xn--") { Ok(()) } else { Err(UrlRefused::BadHost) }
}

fn good_label(label: &str) -> bool {
    let known = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let hyphens = label.starts_with('-') || label.ends_with('-');
    (1..=63).contains(&label.len()) && label.bytes().all(known) && !hyphens
}

#[cfg(test)]
mod tests;
